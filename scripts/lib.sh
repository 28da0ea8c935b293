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
PROGRAM=${0%/run} # of several that are called run, the folder's name
PROGRAM=${PROGRAM##*/}

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

# Said before anything is fetched, and not by make after it.
case $TOP in
*[' :']*) die "kbuild cannot build in a folder with a blank or a colon in its path: $TOP" ;;
esac

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		return 127
	fi
}

# Asks for a password, if one is needed, before output goes to the log.
need_root() {
	as_root true ||
		die "$1 needs root: run this as root, or install sudo"
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

# of_series SERIES COLUMN: what kernel/series says
of_series() {
	awk -v series="$1" -v column="$2" '
		/^# series\t/ { for (i = 2; i <= NF; i++) at[$i] = i - 1 }
		$1 == series && column in at { print $at[column]; found = 1 }
		END { exit !found }' "$TOP/kernel/series" ||
		die "kernel/series has no series $1; it has: $(all_series | paste -sd ' ')"
}

all_series() {
	sed -n '/^[0-9]/s/[[:blank:]].*//p' "$TOP/kernel/series"
}

# has_quirk SERIES QUIRK
has_quirk() {
	of_series "$1" quirks | tr , '\n' | grep -qxF -e "$2"
}

# series_of RELEASE: 6.12.9+deb12-cloud-amd64 -> 6.12, by its numbers and its mark.
# A series is no release: no folder of build/ would be that of its headers.
series_of() {
	awk -v release="$1" '
		/^# series\t/ { for (i = 2; i <= NF; i++) at[$i] = i - 1 }
		!/^[0-9]/ || release !~ /-amd64$/ { next }
		{
			version = $1
			numbers = release
			sub(/-.*/, "", version)
			sub(/[-+].*/, "", numbers)
			mark = match(release, /\+[a-z0-9]+/) ? substr(release, RSTART, RLENGTH) : "-"
		}
		index(numbers ".", version ".") == 1 && mark == $at["mark"] { print $1; found = 1; exit }
		END { exit !found }' "$TOP/kernel/series" ||
		die "kernel/series has no series for '$1': a release is such as 6.1.0-9-amd64; a series is for KERNEL="
}

# use_suite SUITE: from now on apt asks and fetches from there, with lists of its
# own, so that the machine's stay as they are. All else, where from above all, is
# as the machine is configured for its own suite. An index that has expired
# will do: all of a kernel's packages are taken in one version. Signatures are checked.
use_suite() {
	own_suite=$(. /etc/os-release && say "$VERSION_CODENAME")
	[ "$1" != "$own_suite" ] || return 0
	apt_root=$BUILD/apt/$1
	mkdir -p "$apt_root/lists/partial" "$apt_root/cache/archives/partial"
	: >"$apt_root/status"
	say "deb [signed-by=$ARCHIVE_KEYS] $(archive_of "$own_suite") $1 main" \
		>"$apt_root/sources.list"
	cat >"$apt_root/apt.conf" <<-END
		Dir::State "$apt_root";
		Dir::State::status "$apt_root/status";
		Dir::Cache "$apt_root/cache";
		Dir::Etc::sourcelist "$apt_root/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Acquire::Check-Valid-Until "false";
		Acquire::Languages "none";
		APT::Sandbox::User "$(id -un)";
	END
	export APT_CONFIG="$apt_root/apt.conf"
	[ -n "$(find "$apt_root/lists" -name '*Packages*')" ] || fetch_index
}

ARCHIVE_KEYS=/usr/share/keyrings/debian-archive-keyring.gpg

# archive_of SUITE: where the machine's configuration has it from
archive_of() {
	# shellcheck disable=SC2016 # apt's own names
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(CODENAME) $(COMPONENT)' \
		'Created-By: Packages' |
		awk -v suite="$1" '$4 == "main" && ($2 == suite || $3 == suite) { print $1; exit }' |
		grep . || die "apt's sources have no line for $1 main"
}

fetch_index() {
	if [ -n "${APT_CONFIG:-}" ]; then
		step "fetch the package index of ${apt_root##*/}" "$LOGS/apt-${apt_root##*/}.log" \
			apt-get update
	else
		"$TOP/scripts/setup" --index
	fi
}

# The kernel release that we build for: $KREL, or what the series $KERNEL has in
# the package index today. Asking takes a second, so the answer is kept until
# the index changes.
kernel_release() {
	if [ -n "${KREL:-}" ]; then
		say "$KREL"
		return
	fi
	newest_release "${KERNEL:-$(all_series | head -n 1)}"
}

# newest_release SERIES
newest_release() (
	meta=linux-image-$(of_series "$1" flavour)
	use_suite "$(of_series "$1" suite)" >&2
	release_file=$BUILD/kernel/release-$1
	if ! newer "$release_file" "${apt_root:-/var/lib/apt}/lists"; then
		mkdir -p "$BUILD/kernel"
		release_offered "$meta" >"$release_file.new" || {
			# A machine that never ran apt-get update has no index.
			fetch_index >&2
			release_offered "$meta" >"$release_file.new"
		} || die "the package index has no $meta; set KREL="
		mv "$release_file.new" "$release_file"
	fi
	cat "$release_file"
)

release_offered() {
	apt-cache depends --important "$1" 2>/dev/null |
		sed -n 's/^ *Depends: linux-image-\([0-9].*\)$/\1/p' | head -n 1 |
		grep .
}

# commit: what is measured, for the papers, which are no part of it
commit() {
	if ! head=$(git -C "$TOP" -c safe.directory="$TOP" describe --always 2>/dev/null); then
		say "no commit"
	elif git -C "$TOP" -c safe.directory="$TOP" diff --quiet HEAD -- . ':!Documentation'; then
		say "$head"
	else
		say "$head with changes"
	fi
}

# keep_picture FROM TO: what gnuplot drew, with our licence behind its first line
keep_picture() {
	sed '1a <!-- SPDX-License-Identifier: GPL-2.0-only -->' "$1" >"$2"
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
