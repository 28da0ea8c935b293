# SPDX-License-Identifier: GPL-2.0-only
#
# Messages, and long steps with progress, for scripts that build and fetch. POSIX sh.
# Sourced, never run, by a script that has set TOP to the top of the project. All that is
# fetched or built goes below $BUILD, which a package sets.
# shellcheck shell=sh
# shellcheck disable=SC2034 # variables are for those that source this

BUILD=${KVM_EXIT_STATS_BUILD:-$TOP/build}
LOGS=$BUILD/log
PROGRAM=${0##*/}

# The scripts parse the output of commands, so it must not be translated. A make that a
# script starts must not be a sub-make of the make that started the script.
export LC_ALL=C
unset MAKEFLAGS MFLAGS MAKELEVEL

say() {
	printf '%s\n' "$*"
}

warn() {
	printf '%s: %s\n' "$PROGRAM" "$*" >&2
}

# die REASON [LOG]: ends the program; the last lines are the reason and the log's name.
die() {
	warn "$1"
	if [ -n "${2:-}" ]; then
		warn "the log is ${2#"$TOP/"}"
	fi
	exit 1
}

# Checked here, because make would fail only after everything was fetched.
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

# If sudo asks for a password, it does so here, before output goes to a log.
need_root() {
	as_root true ||
		die "$1 needs root: run this as root, or install sudo"
}

# running_version: as in kvm-modules.sh
running_version() {
	uname -v | sed -n 's/.* Debian \([^ ]*\).*/\1/p'
}

# newer FILE THAN: FILE is there and changed after THAN
newer() {
	[ -n "$(find "$1" -newer "$2" 2>/dev/null)" ]
}

# Shows the progress of a step: on a terminal it rewrites one line, elsewhere it prints a
# line every 15 s. Ends with the script, also if the script is killed.
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

# step NAME LOG COMMAND...: runs the command with its output in the log. If it fails, shows
# the errors in the log and ends the script. The command runs in the foreground, so that an
# interrupt reaches it.
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
		# The first errors, or the end of the log if there are none.
		grep -E '(error:|warning:|undefined|\*\*\*|ERROR|FAILED|^E: )' \
			"$step_log" | head -n 20 | grep . >&2 ||
			tail -n 10 "$step_log" >&2
		die "$step_name: failed (exit $step_rc)" "$step_log"
	fi
	say "  $step_name: $(($(date +%s) - step_start)) s"
}
