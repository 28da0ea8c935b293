#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A Linux guest with two vCPUs boots, works and powers off. Then the host's table
# and the tracepoint kvm:kvm_exit, counted by ftrace, have the same exits, reason
# by reason. Both sum over the vCPUs: the guest's own tables go away with it.

kvm=/sys/kernel/debug/kvm
event=/sys/kernel/tracing/events/kvm/kvm_exit
params=/sys/module/kvm/parameters
trigger=hist:keys=vcpu_id,exit_reason:size=1024
tests=0
failures=0

# ok STATUS WHAT: TAP
ok() {
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $2"
	fi
}

# Reason and count a line. Of the tracepoint's reason the low 16 bits.
witness() {
	awk '/^[{] vcpu_id:/ { gsub(/[{},:]/, " "); count[$4 % 65536] += $6 }
		END { for (reason in count) print reason, count[reason] }' "$event/hist" | sort -n
}

table() {
	awk '!/^#/ { print $1, $3 }' "$kvm/exit_stats"
}

vcpus_seen() {
	awk '/^[{] vcpu_id:/ { seen[$3] = 1 } END { for (id in seen) n++; print n + 0 }' "$event/hist"
}

sum() {
	awk '{ sum += $2 } END { print sum + 0 }' "$1"
}

header() {
	sed -n "1s/.* $1=\([0-9]*\).*/\1/p" "$kvm/exit_stats"
}

echo 0 >$params/exit_stats_dump_interval
echo "$trigger" >$event/trigger
echo 1 >$kvm/exit_stats_reset

guest-boot -c 2 -- sh -c 'dd if=/dev/zero of=/tmp/file bs=1M count=8 2>/dev/null; sync' \
	>/tmp/guest.log 2>&1
result=$?
ok $result "a Linux guest boots, works and powers off"
[ $result -eq 0 ] || tail -n 20 /tmp/guest.log | sed 's/^/# /'
witness >/tmp/witness
table >/tmp/table

[ "$(vcpus_seen)" -eq 2 ] && [ "$(header vms)" -eq 0 ]
ok $? "two vCPUs made exits, and are gone"
grep -q 'Dropped: 0$' $event/hist
ok $? "the histogram of the tracepoint dropped nothing"
[ "$(wc -l </tmp/table)" -ge 8 ] && [ "$(header exits)" -ge 10000 ]
ok $? "the host's table has many exits ($(header exits)) of many reasons ($(wc -l </tmp/table))"
diff /tmp/witness /tmp/table >/tmp/diff
ok $? "the tracepoint has the same count for each reason"
sed 's/^/# /' /tmp/diff
[ "$(sum /tmp/witness)" -eq "$(header exits)" ]
ok $? "and exits= is their sum"
awk '!/^#/ { print "#", $2, $3 }' $kvm/exit_stats

echo "!$trigger" >$event/trigger
echo 500 >$params/exit_stats_dump_interval
echo "1..$tests"
[ $failures -eq 0 ]
