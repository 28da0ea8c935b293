#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# PCP's agent for KVM, pmdakvm, shows with our modules what it shows with the
# distribution's, also while VMs start and end. It runs as pmcd runs it, but under dbpmda,
# PCP's own tool that asks one agent.
#
# For each request pmdakvm opens all files at the top of KVM's folder in debugfs. It stops at
# the first file that it cannot open; the metrics of later files keep their old values. So a
# write-only file there would disturb a pmdakvm without CAP_DAC_OVERRIDE.
#
# After a request for a tracepoint pmdakvm holds kvm.ko until it ends, so unload refuses.

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh
command -v dbpmda >/dev/null || skip_all "this host was made without kvm_stat.list"
# shellcheck source-path=SCRIPTDIR source=helpers/monitors.sh
. /tests/monitors.sh

names=/var/lib/pcp/pmdas/kvm/root_kvm
agent="open pipe /var/lib/pcp/pmdas/kvm/pmdakvm -d 95"
# The metrics that are files in debugfs, and the first of the tracepoints in kvm.conf.
metrics=$(sed -n 's/^[[:space:]]*\([a-z0-9_]*\)[[:space:]]*KVM:0:[0-9]*$/\1/p' $names)
trace_exits=95.1.1
all="fetch $(for metric in $metrics; do printf 'kvm.%s ' "$metric"; done)"

# answers: lines of metric and value, from the output of dbpmda
answers() {
	awk '/^ *95[.].* numval: / { metric = $2; gsub(/[():]|kvm[.]/, "", metric) }
		/^ *value / || /^ *inst .* value / { print metric, $NF }'
}

# ask FILE [COMMAND...]: writes all metrics to FILE; the command starts dbpmda and the agent
ask() {
	file=$1
	shift
	printf '%s\n' "$agent" "$all" | "$@" dbpmda -n $names -e 2>/tmp/errors | answers >"$file"
	sed 's/^/# /' /tmp/errors
	[ -s "$file" ] && [ ! -s /tmp/errors ]
}

# own_values: of each metric what KVM's own file has; 0 where there is none
own_values() {
	for metric in $metrics; do
		echo "$metric $(cat "$kvm/$metric" 2>/dev/null || echo 0)"
	done
}

value() {
	awk -v metric="$1" '$1 == metric { print $2 }' "$2"
}

# observe WHOSE: what pmdakvm shows of a VM, into /tmp/WHOSE
observe() {
	start_guest
	make_exits
	make_exits
	ask "/tmp/$1"
	ok $? "$1: pmdakvm answers"
	own_values >/tmp/own
	[ "$(wc -l </tmp/own)" -ge 40 ] && same /tmp/own "/tmp/$1"
	ok $? "$1: each of its $(wc -l </tmp/own) metrics is what KVM's own file has"
	[ "$(value io_exits "/tmp/$1") $(value halt_exits "/tmp/$1")" = "$io_exits $halt_exits" ]
	ok $? "$1: io_exits and halt_exits are those made: $io_exits, $halt_exits"
	# shellcheck disable=SC2086 # words
	ask /tmp/without $unprivileged
	ok $? "$1: pmdakvm answers without CAP_DAC_OVERRIDE"
	own_values >/tmp/own
	same /tmp/own /tmp/without
	ok $? "$1: without CAP_DAC_OVERRIDE each metric is what KVM's own file has"
	end_guest
}

unprivileged="/usr/bin/setpriv --bounding-set=-dac_override,-dac_read_search"

# references: the reference count of kvm.ko
references() {
	cat /sys/module/kvm/refcnt
}

# tell COMMAND: sends a request to the dbpmda that runs, and waits for its answer
tell() {
	asked=$((asked + 1))
	echo "$1" >&8
	until [ "$(grep -c 'numpmid' /tmp/session)" -ge $asked ]; do
		kill -0 $session || return
		sleep 0.1
	done
}

echo 0 >$params/exit_stats_dump_interval
observe ours

# The same question where one file at the top cannot be read.
start_guest
make_exits
chmod 0200 $kvm/exit_stats
# shellcheck disable=SC2086 # words
ask /tmp/disturbed $unprivileged
[ "$(value io_exits /tmp/disturbed)" != "$io_exits" ]
ok $? "if exit_stats could not be read, pmdakvm would show other numbers: io_exits $(value io_exits /tmp/disturbed)"
chmod 0444 $kvm/exit_stats

start_churn
result=0
for round in 1 2 3 4 5; do
	ask "/tmp/round$round" || result=1
done
stop_churn
ok $result "pmdakvm answers while $(wc -l </tmp/ended) VMs started and ended"
[ "$(cut -d ' ' -f 1 /tmp/ours)" = "$(cut -d ' ' -f 1 /tmp/round5)" ]
ok $? "pmdakvm shows the same metrics while VMs start and end"

# A metric of a tracepoint: its exits, and the module references that it holds.
before=$(references)
asked=0
rm -f /tmp/commands
mkfifo /tmp/commands
dbpmda -n $names -e </tmp/commands >/tmp/session 2>&1 9>&- &
session=$!
exec 8>/tmp/commands
echo "$agent" >&8
tell "$all"
[ "$(references)" -eq "$before" ]
ok $? "pmdakvm holds no module for what it reads in debugfs"
tell "fetch $trace_exits"
held=$(($(references) - before))
[ $held -gt 0 ]
ok $? "pmdakvm holds kvm, $held times, for tracepoints"
exits=$(cat $kvm/exits)
make_exits
tell "fetch $trace_exits"
exits=$(($(cat $kvm/exits) - exits))
[ "$(answers </tmp/session | tail -n 1)" = "<noname> $exits" ]
ok $? "kvm.trace.kvm_exit has the exits made meanwhile: $exits"
end_guest
! $scripts/unload >/tmp/output 2>&1 && grep -q "^unload: refused, nothing was changed: " /tmp/output
ok $? "unload refuses: $(head -n 1 /tmp/output)"
[ -e $kvm/exit_stats ]
ok $? "our modules stay loaded when unload refuses"
exec 8>&-
wait $session
until [ "$(references)" -lt $((before + held)) ]; do # its agent ends after it
	sleep 0.1
done

change unload
observe stock
[ "$(cut -d ' ' -f 1 /tmp/stock)" = "$(cut -d ' ' -f 1 /tmp/ours)" ]
ok $? "pmdakvm has the same metrics with ours"
for metric in io_exits halt_exits hypercalls mmio_exits; do
	[ "$(value $metric /tmp/stock)" = "$(value $metric /tmp/ours)" ]
	ok $? "$metric is the same: $(value $metric /tmp/ours)"
done

change load
done_testing
