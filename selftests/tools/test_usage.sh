#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The command line of kvm-exit-stats: help, wrong usage, errors and their statuses, formats.
# It needs no KVM. Arguments: the program kvm-exit-stats, and fake-host.

set -u
# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. "$(dirname "$0")/../lib/shell.sh"

program=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
root=$dir/root
export LC_ALL=C.UTF-8
fake_host=$2
"$fake_host" "$root" || exit 1
# Those that read tables and print them.
tables="list show log"

# run ARGUMENT...: $status, and what it prints in $dir/out and $dir/err
run() {
	status=0
	"$program" "$@" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
}

# is STATUS WORDS WHAT: the last run ended with it, and said so on stderr
is() {
	[ "$status" -eq "$1" ] && grep -qF -e "$2" "$dir/err"
	good=$?
	ok $good "$3: status $1, '$2'"
	[ $good -eq 0 ] || {
		echo "# status $status"
		sed 's/^/# /' "$dir/err"
	}
}

# ---- help

run --help
commands=$(sed -n 's/^  \([a-z]*\)  *.*/\1/p' "$dir/out")
[ "$status" -eq 0 ] && [ "$(echo "$commands" | wc -l)" -ge 10 ] && [ ! -s "$dir/err" ]
ok $? "--help lists the commands on stdout"
missing=
for command in $commands; do
	run "$command" --help
	[ "$status" -eq 0 ] && grep -q "^Usage: kvm-exit-stats $command" "$dir/out" &&
		grep -q EXAMPLES "$dir/out" || missing="$missing $command"
done
[ -z "$missing" ]
ok $? "each command answers --help with EXAMPLES and status 0${missing:+, but not$missing}"
run --version
[ "$status" -eq 0 ] && grep -q '^kvm-exit-stats ' "$dir/out"
ok $? "--version"

# ---- wrong usage

missing=
for command in $commands; do
	run "$command" --nonsense
	[ "$status" -eq 2 ] && grep -q nonsense "$dir/err" && [ ! -s "$dir/out" ] ||
		missing="$missing $command"
done
[ -z "$missing" ]
ok $? "a wrong option has status 2 in each command${missing:+, but not in$missing}"
run shwo
is 2 "no command 'shwo'" "a command that there is not"
run show --format yaml
is 2 "text, csv, json" "a format that there is not: those that there are"
run export --format csv
is 2 "prometheus, openmetrics" "one that has no metrics"
run show --root "$root" --sort speed
is 2 "name, exits" "a column to sort by"
run list --root "$root" -o vm,p99
is 2 "vm, uuid" "a column of another table"
run list --root "$root" -o -vm,-uuid,-process,-pid,-folder,-vcpus,-exits,-time,-top,-top%
is 2 "no column" "a table without columns"
run show 0
is 2 "0.01" "an interval of 0"
run show 1 x
is 2 "whole number" "a count that is no number"
run show --vcpu 0
is 2 "--vm" "a vCPU of no VM"
run show --vm web --vcpu -1
is 2 "a vCPU is a number from 0" "a vCPU that is no number"
run show --root "$root" -f prometheus 1 2
is 2 "no rates" "rates as metrics"
run list --root "$root" -f table
is 2 "by reason" "a list of VMs in the kernel's form"
run top --size big
is 2 80x24 "a size of the screen"

# is_json WORDS: the last run was wrong usage, which one object on stderr says in these words
is_json() {
	[ "$status" -eq 2 ] && [ ! -s "$dir/out" ] &&
		jq -es --arg words "$1" 'length == 1 and .[0].error == "wrong-usage" and
			(.[0].text | contains($words) and (contains("\n") | not))' "$dir/err" >/dev/null
}

missing=
for command in $commands shwo; do
	run "$command" --nonsense -f json
	is_json "$(echo "$command" | sed '/shwo/!s/.*/--nonsense/')" || missing="$missing $command"
done
[ -z "$missing" ]
ok $? "a wrong option is told as JSON where the output is${missing:+, but not in$missing}"
while read -r words arguments; do
	# shellcheck disable=SC2086 # words
	run $arguments
	is_json "$words"
	ok $? "wrong usage is told as JSON: $arguments"
done <<-END
	price show --root $root -o price --format=json
	--sort list -f json --sort
	0.01 show -fjson 0
	--top show --top x -f jsonl
	recording report -f json
	reason list --root $root -f csv -f json -s reason
	leaves list --root $root -o -vm,-uuid,-process,-pid,-folder,-vcpus,-exits,-time,-top,-top% -f json
	shwo shwo -f json
END
run show -f json -f csv --nonsense
is 2 "unrecognized option" "the last format counts"

# ---- errors and their statuses

run show --root "$dir/none"
is 1 "No such file" "a folder that is not there"
mkdir "$dir/empty"
run show --root "$dir/empty"
is 1 "the host" "a folder without tables"
run show --root "$root" --vm vm0001
is 10 "nearest name is 'vm000'" "a VM that there is not"
run show --root "$root" --vm vm000 --vcpu 7
is 10 "no vCPU 7" "a vCPU that there is not"
echo '{"x":1}' >"$dir/file"
run show --root "$dir/file"
is 11 "line 1" "a file that is no recording"
run log --file "$dir"
is 1 "Is a directory" "a log that cannot be read"
run top --root "$root"
is 12 "no terminal" "top without a terminal"
"$program" record --root "$root" --interval 0.1 --duration 0.1 -q -O "$dir/recording"
while read -r arguments; do
	[ -c /dev/full ] || break
	# shellcheck disable=SC2086 # words
	"$program" $arguments >/dev/full 2>"$dir/err"
	status=$?
	is 1 "No space left" "a disk that is full: ${arguments%% /*}"
	[ "$(wc -l <"$dir/err")" -eq 1 ] || ok 1 "it is told once: $(paste -sd ';' "$dir/err")"
done <<-END
	--help
	--version
	explain --help
	status
	guest --leaf 0
	list --list-columns
	show --root $root
	list --root $root
	export --root $root
	export --series --root $root
	top --batch 1 --interval 0.1 --root $root
	record -q --interval 0.1 --duration 0.1 -O - --root $root
	report $dir/recording
	report --html - $dir/recording
	diff $root $root
END
run show --root "$root" --vm x -f json
jq -e '.error == "no-such-vm" and .hint and .text' "$dir/err" >/dev/null
ok $? "errors are JSON where the output is"

# ---- output

missing=
for command in $tables; do
	run "$command" --list-columns
	names=$(sed 's/ .*//' "$dir/out" | paste -sd,)
	[ -n "$names" ] || missing="$missing $command"
	[ "$command" != log ] || continue
	run "$command" --list-columns
	titles=$(cut -c14-29 "$dir/out" | tr -d ' \n')
	run "$command" --root "$root" -o "$names"
	[ "$(sed -n 2p "$dir/out" | tr -d ' ')" = "$titles" ] || missing="$missing $command"
done
[ -z "$missing" ]
ok $? "--list-columns are the heads of a table with all columns${missing:+, but not$missing}"
run show --root "$root" --vm vm002 -o name,exits,avg --sort time -n 1 -f csv
[ "$(tail -n 1 "$dir/out" | tr -d '\r' | cut -d, -f3-)" = '"VMCALL",12,8000.0' ]
ok $? "a table's columns, order and length are those asked for"
run show --root "$root" -o name,exits --sort p99 -n 1 -f csv
grep -q '"CR_ACCESS",12' "$dir/out"
ok $? "a table is sorted by a percentile that it does not show"
run list --root "$root" -f csv
grep -q '^[^"]*"vm002",.*,2,126,360000' "$dir/out"
ok $? "list of saved files has the totals"
run show --root "$root" --vm vm000 -f table
mkdir "$dir/again"
cp "$dir/out" "$dir/again/exit_stats"
run show --root "$dir/again" -f table
cmp -s "$dir/out" "$dir/again/exit_stats"
ok $? "what -f table prints --root reads again"
bad=0
for command in list show; do
	for format in json jsonl; do
		run "$command" --root "$root" -f $format
		jq -e . "$dir/out" >/dev/null && [ "$status" -eq 0 ] || bad=1
	done
done
ok $bad "JSON of list and show parses"
"$program" show --root "$root" 0.1 2>"$dir/err" | head -n 1 >"$dir/out"
[ -s "$dir/out" ] && [ ! -s "$dir/err" ]
ok $? "a reader that leaves is no error"
run top --batch 1 --interval 0.1 --root "$root" --size 100x20
[ "$status" -eq 0 ] && [ "$(wc -l <"$dir/out")" -eq 20 ] && grep -q vm002 "$dir/out"
ok $? "top --batch prints a screen of its size"
run top --batch 1 --interval 0.1 --root "$root" --keys '~'
grep -q CR_ACCESS "$dir/out" && ! grep -q vm001 "$dir/out"
ok $? "--keys opens the costliest VM"
# P99 is the 17th column of the menu.
run top --batch 1 --interval 0.1 --root "$root" --keys "oacjjjjjjjjjjjjjjjj~c" --size 120x20
grep -q ' P99$' "$dir/out" && grep -q '^vm002 .* 8\.[0-9] us$' "$dir/out"
ok $? "top: a reason in all VMs has percentiles"
run export --root "$root"
[ "$status" -eq 0 ] && grep -q '^kvm_exits_total{vm="vm000",reason="CPUID"} 8$' "$dir/out"
ok $? "export prints metrics"
run export --root "$root" --output "$dir/metrics.prom"
[ "$(echo "$dir"/*prom*)" = "$dir/metrics.prom" ] && cmp -s "$dir/out" /dev/null &&
	grep -q kvm_exits "$dir/metrics.prom"
ok $? "--output leaves one file"
# A file may have 512 bytes; without SIGXFSZ a write behind them fails as on a disk that is full.
status=0
(
	trap '' XFSZ
	ulimit -f 1
	"$program" export --root "$root" --output "$dir/metrics.prom" >/dev/null 2>"$dir/err"
) || status=$?
is 1 "metrics.prom cannot be written" "export --output FILE that cannot be written"
[ "$(echo "$dir"/*prom*)" = "$dir/metrics.prom" ] && grep -q vm002 "$dir/metrics.prom"
ok $? "it leaves the old file alone"
# Two steps more of 2 VMs with 2 vCPUs: of VMCALL, the fifth of six reasons, each vCPU of VM
# n makes 2 * (n + 1) in a step.
"$fake_host" "$dir/a" --vms 2 --steps 1
"$fake_host" "$dir/b" --vms 2 --steps 3 --interval 0.01
run diff "$dir/a" "$dir/b" -f csv -o vm,name,exits
grep -q '"host","VMCALL",24' "$dir/out" && grep -q '"vm001","VMCALL",16' "$dir/out"
ok $? "diff of two snapshots has the exits between them"
run diff "$dir/a" "$dir/a"
[ "$status" -eq 0 ] && grep -q "nothing happened" "$dir/out"
ok $? "diff of a snapshot with itself has none"
run record --root "$dir/a" --interval 0.1 --duration 0.3 --quiet --output "$dir/rec"
run report "$dir/rec" --html "$dir/page"
[ "$status" -eq 0 ] && grep -q "</html>" "$dir/page" && ! grep -qE 'src=|href=|url\(|@import|<script' "$dir/page"
ok $? "report writes a page that loads nothing"
run report "$dir/rec" --time -f csv
[ "$status" -eq 0 ] && grep -q '^time,seconds,vm,exits_percent,user_percent' "$dir/out" && grep -q '"vm001",' "$dir/out"
ok $? "report --time has a line for each VM"
run report "$dir/rec" --time --html "$dir/page"
is 2 "always includes this" "report --time with a page"
status=0
timeout 20 "$program" record --root "$dir/a" -i 60 -d 0.3 -q -O "$dir/short" 2>"$dir/err" || status=$?
[ $status -eq 0 ] && [ "$(grep -c '"seconds":0\.[3-9]' "$dir/short")" -eq 1 ]
ok $? "record --duration ends within the interval, with a last sample"
sed 's/,"halted":[^]]*]//g' "$dir/rec" >"$dir/old"
run report "$dir/old"
[ "$status" -eq 0 ] && grep -q "not in this recording" "$dir/out"
ok $? "report of an older recording: it says that it does not tell where the time went"
run report "$dir/old" --time
is 1 "not in this recording" "report --time of an older recording"
# script(1) gives it a terminal.
if command -v script >/dev/null; then
	NO_COLOR=1 TERM=xterm timeout 20 script -qec "$program top --root $root" /dev/null \
		</dev/null >"$dir/plain" 2>&1 &
	sleep 2
	TERM=xterm timeout 3 script -qec "$program top --root $root" /dev/null \
		</dev/null >"$dir/colour" 2>&1
	kill %1 2>/dev/null
	wait
	escape=$(printf '\033')
	grep -q "$escape\[[0-9;]*3[0-9]m" "$dir/colour" &&
		! grep -q "$escape\[[0-9;]*3[0-9]m" "$dir/plain" && grep -q vm002 "$dir/plain"
	ok $? "NO_COLOR: the live view has no colours"
fi
done_testing
