# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts share: messages, long steps with progress, and the kernel
# release in question. Sourced, never run:
#
#	TOP=$(cd "$(dirname "$0")/.." && pwd)
#	. "$TOP/scripts/lib.sh"
#
# POSIX sh. Everything that is fetched or built goes below $BUILD.
# shellcheck shell=sh
# shellcheck disable=SC2034 # variables are for those that source this

BUILD=$TOP/build
LOGS=$BUILD/log
PROGRAM=${0##*/}

# Output is parsed; and a make that a script starts is not a sub-make of the
# make that started the script.
export LC_ALL=C
unset MAKEFLAGS MFLAGS MAKELEVEL

say() {
	printf '%s\n' "$*"
}

warn() {
	printf '%s: %s\n' "$PROGRAM" "$*" >&2
}

# die REASON [LOG]: the reason, and where to read more, are the last lines.
die() {
	warn "$1"
	if [ -n "${2:-}" ]; then
		warn "the log is ${2#"$TOP/"}"
	fi
	exit 1
}

# newer FILE THAN: FILE is there and changed after THAN
newer() {
	[ -n "$(find "$1" -newer "$2" 2>/dev/null)" ]
}

# Tells once in a while that a step is alive: rewrites one line on a terminal,
# writes a line every 15 s elsewhere. Ends with the script, whatever ends that.
step_ticker() {
	ticks=0
	while sleep 1 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
		ticks=$((ticks + 1))
		last=$(tail -n 1 "$2" 2>/dev/null | tr -cd '[:print:]' |
			sed 's| /[^ ]*/| |g' | cut -c1-48)
		if [ -t 1 ]; then
			printf '\r\033[K  %s ... %d s  %s' "$1" "$ticks" "$last"
		elif [ $((ticks % 15)) -eq 0 ]; then
			printf '  %s ... %d s  %s\n' "$1" "$ticks" "$last"
		fi
	done
}

# step NAME LOG COMMAND...: runs the command with its output in the log. A
# failure shows the log's lines that matter and ends the script. The command
# runs in the foreground, so that an interrupt reaches it.
step() {
	step_name=$1
	step_log=$2
	shift 2
	mkdir -p "${step_log%/*}"
	: >"$step_log"
	step_start=$(date +%s)
	step_ticker "$step_name" "$step_log" &
	step_ticker_pid=$!
	step_rc=0
	"$@" >"$step_log" 2>&1 </dev/null || step_rc=$?
	kill "$step_ticker_pid" 2>/dev/null || :
	wait "$step_ticker_pid" 2>/dev/null || :
	if [ -t 1 ]; then
		printf '\r\033[K'
	fi
	if [ "$step_rc" -ne 0 ]; then
		# The first errors if it names some, else its end.
		grep -E '(error:|warning:|undefined|\*\*\*|ERROR|FAILED|^E: )' \
			"$step_log" | head -n 20 | grep . >&2 ||
			tail -n 10 "$step_log" >&2
		die "$step_name: failed (exit $step_rc)" "$step_log"
	fi
	say "  $step_name: $(($(date +%s) - step_start)) s"
}

# emulated_host: sets VENDOR to what $HOST asks for, vmx or svm; EMULATOR to what
# emulates it; HOST_IS to what that is; SUFFIX to what the names of its results end in
emulated_host() {
	VENDOR=${HOST:-vmx}
	case $VENDOR in
	vmx) EMULATOR=bochs HOST_IS="VT-x in Bochs" SUFFIX= ;;
	svm) EMULATOR=qemu HOST_IS="AMD-V in QEMU's TCG" SUFFIX=-svm ;;
	*) die "HOST=$VENDOR: there are vmx and svm" ;;
	esac
}

# The kernel release that we build for: $KREL, or the one that Debian's cloud
# flavour stands for today, which the emulated host boots. Asking the package
# index takes a second, so the answer is kept until the index changes.
kernel_release() {
	if [ -n "${KREL:-}" ]; then
		say "$KREL"
		return
	fi
	release_file=$BUILD/kernel/default-release
	if ! newer "$release_file" /var/lib/apt/lists; then
		mkdir -p "$BUILD/kernel"
		default_release >"$release_file.new" || {
			# A machine that never ran apt-get update has no index.
			"$TOP/scripts/setup" --index >&2
			default_release >"$release_file.new"
		} || die "the package index has no linux-image-cloud-amd64; set KREL="
		mv "$release_file.new" "$release_file"
	fi
	cat "$release_file"
}

default_release() {
	apt-cache depends --important linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/^ *Depends: linux-image-\([0-9].*\)$/\1/p' | head -n 1 |
		grep .
}

# tree_of RELEASE [PATCH], modules_of RELEASE [PATCH]: where KVM is built, and
# where its modules go; with a patch more, or without ours where $STOCK is set,
# each has a place of its own
tree_of() {
	say "$BUILD/kernel/$1/tree$(variant_of "${2:-}")"
}

modules_of() {
	say "$BUILD/modules/$1$(variant_of "${2:-}")"
}

variant_of() {
	say "${STOCK:++stock}${1:++$(basename "$1" .patch)}"
}

# kernel_series RELEASE: 6.1.0-56-amd64 -> 6.1
kernel_series() {
	say "$1" | sed -n 's/^\([0-9][0-9]*\.[0-9][0-9]*\)[.-].*$/\1/p'
}
