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

# ---- completion

if command -v bash >/dev/null; then
	# shellcheck disable=SC2016 # names that would run something
	hostile='$(touch %s/executed)' quoted='my "web" `touch %s/executed`'
	"$2" -n 3 "$dir/saved"
	set -- "$dir"/saved/proc/*/cmdline
	# shellcheck disable=SC2059 # formats
	{
		printf "qemu\0-name\0$hostile\0" "$dir" >"$1"
		printf "qemu\0-name\0$quoted\0" "$dir" >"$2"
		printf "$hostile\n$quoted\nvm002\n" "$dir" "$dir" | sort >"$dir/expected"
	}
	# offer WORD: what is offered behind "show --vm WORD", one in each line
	cat >"$dir/complete" <<-'END'
		kvm-exit-stats() {
			echo "$*" >>"$dir/called"
			"$program" list --root "$dir/saved" -o vm -f csv
		}
		. "$doc/kvm-exit-stats.bash"
		COMP_WORDS=(kvm-exit-stats show --vm "$1") COMP_CWORD=3
		_kvm_exit_stats
		[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
	END
	export dir doc program
	offer() {
		bash "$dir/complete" "$1" >"$dir/offered" 2>"$dir/err"
	}
	offer ""
	[ "$(wc -l <"$dir/offered")" -eq 3 ] && grep -qx vm002 "$dir/offered" &&
		[ ! -e "$dir/executed" ] && [ ! -s "$dir/err" ]
	ok $? "completion offers all names and executes nothing of them"
	sed 's/^/echo /' "$dir/offered" | bash | sort >"$dir/names"
	cmp -s "$dir/expected" "$dir/names" && [ ! -e "$dir/executed" ]
	ok $? "the shell reads what is offered as the name"
	offer 'my\ "'
	[ ! -s "$dir/offered" ] && offer 'my\ \"w' && [ "$(grep -c '^my' "$dir/offered")" -eq 1 ] &&
		[ "$(wc -l <"$dir/offered")" -eq 1 ] && offer \$\( && [ ! -s "$dir/offered" ]
	ok $? "only names that begin as what was typed are offered"
	! grep -v -- "--source files" "$dir/called"
	ok $? "completion loads no BPF programs"
fi
done_testing
