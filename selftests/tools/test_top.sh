#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The live view in a real terminal, which is tmux's: each screen is compared with the one in
# top/. Prints TAP.
#
#	test_top.sh KVM-EXIT-STATS FAKE-HOST	compares
#	test_top.sh -u KVM-EXIT-STATS FAKE-HOST	writes the screens anew; read them then
#
# The numbers are those of saved files, so they stay.

set -u
# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. "$(dirname "$0")/../lib/shell.sh"

update=
[ "${1:-}" != -u ] || { update=y && shift; }
program=$(realpath "$1") fake_host=$(realpath "$2")
here=$(cd "$(dirname "$0")" && pwd)
command -v tmux >/dev/null || skip_all "there is no tmux"
work=$(mktemp -d)
tmux=: terminals=0
trap '$tmux kill-server 2>/dev/null; rm -rf "$work"' EXIT

# terminal COLUMNS ROWS: a new terminal, with a shell in it
terminal() {
	$tmux kill-server
	# A socket of its own: the last server may still be on its way out.
	terminals=$((terminals + 1))
	tmux="tmux -u -L test-top-$$-$terminals -f /dev/null"
	$tmux new-session -d -x "$1" -y "$2" "env -i PATH=$PATH LC_ALL=C.UTF-8 TERM=screen PS1='prompt ' sh" \; \
		set -g status off \; set -g escape-time 0
	$tmux resize-window -x "$1" -y "$2"
}

keys() {
	$tmux send-keys -- "$@"
}

start_top() {
	keys "'$program' top --root '$work/saved'; echo status \$?" Enter
}

screen() {
	$tmux capture-pane -p 2>/dev/null | sed 's/ *$//'
}

# shows FILE: the screen becomes that of top/FILE within 20 s
shows() {
	if [ -n "$update" ]; then
		sleep 3
		screen >"$here/top/$1"
		return
	fi
	tries=100
	until screen >"$work/screen" && cmp -s "$work/screen" "$here/top/$1"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || break
		sleep 0.2
	done
	diff "$here/top/$1" "$work/screen" >"$work/diff"
	result=$?
	sed 's/^/# /' "$work/diff"
	return $result
}

# has TEXT: the screen has the text within 20 s
has() {
	tries=100
	until screen | grep -q -- "$1"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return
		sleep 0.2
	done
}

"$fake_host" --vms 50 --vcpus 4 --reasons 12 "$work/saved"

# vm049 makes the most exits, and of its reasons GDTR_IDTR and EPT_VIOLATION cost most: so
# fake-host counts.
for size in "80 24" "120 40" "200 60"; do
	name=$(echo "$size" | tr ' ' x)
	# shellcheck disable=SC2086 # two numbers
	terminal $size
	start_top
	shows "$name-vms.txt"
	ok $? "$name: VMs"
	has "^vm049 .* GDTR_IDTR "
	ok $? "$name: which VM and which reason cost most? vm049 and GDTR_IDTR, without a key"
	keys Enter
	shows "$name-reasons.txt"
	ok $? "$name: Enter shows the reasons of the first VM"
	keys a
	has "^kvm-exit-stats  GDTR_IDTR in all VMs"
	ok $? "$name: which VM for a reason? a"
	keys q
	has "^status 0"
	ok $? "$name: q ends it with status 0"
done

terminal 80 24
start_top
has "^vm049"
keys Enter
has "^kvm-exit-stats  vm049$"
keys a
shows 80x24-across.txt
ok $? "a: the reason in all VMs"
keys Escape
has "^kvm-exit-stats  vm049$"
keys Enter
shows 80x24-vcpus.txt
ok $? "Enter: the vCPUs"
keys '?'
shows 80x24-help.txt
ok $? "?: help"
keys Escape
has "^kvm-exit-stats  vm049: vCPUs"
keys Escape
has "^kvm-exit-stats  vm049$"
keys s
shows 80x24-sort.txt
ok $? "s: the menu of columns to sort by"
keys Escape Escape
has "^kvm-exit-stats  VMs"
keys /
keys 01 Enter
shows 80x24-filter.txt
ok $? "/: only VMs with 01 in their names"
keys Escape
has "; 50 lines"
keys Down Down End
has "^vm000 "
ok $? "End: the last VM"
keys Home
has "^vm049 "
ok $? "Home: the first VM"

$tmux resize-window -x 120 -y 40
shows 120x40-vms.txt
ok $? "a larger window: the screen of 120x40"
$tmux resize-window -x 200 -y 60
shows 200x60-vms.txt
ok $? "a larger window still: the screen of 200x60"
$tmux resize-window -x 20 -y 5
has "^kvm-exit-stats"
ok $? "a window of 20x5 ends nothing"
$tmux resize-window -x 80 -y 24
shows 80x24-vms.txt
ok $? "and back: the screen of 80x24"

keys q
has "^status 0"
[ "$($tmux display -p '#{alternate_on} #{cursor_flag}')" = "0 1" ]
ok $? "q: the terminal has its old screen and its cursor"
keys clear Enter
keys "stty -a" Enter
has " icanon.* echo "
ok $? "q: the terminal shows what is typed, line by line"

keys clear Enter
start_top
has "^vm049"
pid=$(pgrep -n -f "^$program top --root $work/saved")
kill -TERM "$pid"
has "^status 0"
[ "$($tmux display -p '#{alternate_on} #{cursor_flag}')" = "0 1" ]
ok $? "so does SIGTERM"

keys clear Enter
start_top
has "^vm049"
mv "$work/saved" "$work/moved"
has "^status 1"
screen | grep -q "^kvm-exit-stats: .*No such file"
ok $? "an error is told when the terminal has its old screen"
mv "$work/moved" "$work/saved"

keys clear Enter
keys "trap '' HUP" Enter
start_top
has "^vm049"
pid=$(pgrep -n -f "^$program top --root $work/saved")
$tmux kill-server
tries=50
while kill -0 "$pid" 2>/dev/null && [ $tries -gt 0 ]; do
	tries=$((tries - 1))
	sleep 0.2
done
[ $tries -gt 0 ]
ok $? "it ends with its terminal, also if it ignores SIGHUP"
[ $tries -gt 0 ] || kill "$pid"

script -q -e -c "timeout 10 '$program' top --root '$work/saved' </dev/null" /dev/null >"$work/output" 2>&1 </dev/null
[ $? -eq 12 ] && grep -q "standard input is no terminal" "$work/output"
ok $? "without a keyboard: status 12"
"$program" top --root "$work/saved" >"$work/output" 2>&1
[ $? -eq 12 ] && grep -q "no terminal" "$work/output"
ok $? "without a terminal: status 12"
TERM=none script -q -e -c "'$program' top --root '$work/saved'" /dev/null >"$work/output" 2>&1 </dev/null
[ $? -eq 12 ] && grep -q "the terminal 'none' is unknown" "$work/output"
ok $? "a terminal that terminfo does not know: status 12"

done_testing
