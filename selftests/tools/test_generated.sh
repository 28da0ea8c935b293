#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Man pages and completions, which the build writes from the command's tables. Arguments: the
# program kvm-exit-stats, fake-host, make_recording (not used), and the folder that has them.

set -u
# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. "$(dirname "$0")/../lib/shell.sh"

program=$1
doc=$4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export LC_ALL=C.UTF-8

# ---- man pages

wrong=
for page in "$doc"/*.8; do
	[ "$(sed -n '/^.SH EXIT/,/^.SH SEE/s/^.B \([0-9]*\)$/\1/p' "$page")" = "$(seq 0 15)" ] ||
		wrong="$wrong $(basename "$page")"
done
[ -z "$wrong" ]
ok $? "each man page has all exit statuses, in order${wrong:+, but not$wrong}"
"$program" --help | sed -n '/^Exit status/,$s/^ *\([0-9]*\)  \(.*\)/\1 \2/p' >"$dir/help"
sed -n '/^.SH EXIT/,$ { /^.B/ { N; s/^.B \([0-9]*\)\n/\1 /; s/[.]$//; p } }' "$doc/kvm-exit-stats.8" |
	cmp -s - "$dir/help" && [ "$(wc -l <"$dir/help")" -eq 16 ]
ok $? "--help has them in the same words"
wrong=
for command in list show drill report diff log guest; do
	for option in "" --time; do
		"$program" $command $option --list-columns 2>/dev/null
	done | sed 's/ .*//' | sort -u >"$dir/taken"
	sed -n '/^.SH COLUMNS/,/^.SH EXIT/ { s/\\-/-/g; s/^.B //p; }' "$doc/kvm-exit-stats-$command.8" |
		sort -u >"$dir/page"
	[ -s "$dir/page" ] && cmp -s "$dir/page" "$dir/taken" || wrong="$wrong $command"
done
[ -z "$wrong" ]
ok $? "each man page has the columns that its command takes${wrong:+, but not that of$wrong}"
done_testing
