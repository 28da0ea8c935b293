#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Linux as L1: a Linux guest loads its distribution's KVM and runs a guest of its own with a
# known number of exits. Each is counted once in the nested columns, though KVM reflects it to
# L1, whose KVM makes further exits to handle it.
# The counts are compared with kvm:kvm_exit, those of L2 with kvm:kvm_nested_vmexit.

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh

echo 0 >$params/exit_stats_dump_interval
watch kvm_exit
watch kvm_nested_vmexit
echo 1 >$params/exit_stats_reset

guest-boot -a "$quick_guest" -m 256 -f /tests/l1.cpio -- sh -c "modprobe $module && known_exits" \
	>/tmp/guest.log 2>&1
result=$?
witness kvm_exit >/tmp/witness
witness kvm_nested_vmexit >/tmp/nested_witness
table 3 >/tmp/table
table 8 >/tmp/nested_table
grep -E '^(0x)?[0-9a-f]+ [0-9]+$' /tmp/guest.log >/tmp/known

[ $result -eq 0 ] && [ "$(wc -l </tmp/known)" -eq 3 ]
ok $? "a Linux guest runs a guest of its own"
[ $result -eq 0 ] || tail -n 20 /tmp/guest.log | sed 's/^/# /'
while read -r reason count; do
	counted=$(awk -v reason="$reason" '$1 == reason { print $2 }' /tmp/nested_table)
	[ "$count" = "$counted" ]
	ok $? "the nested column has the $count exits of reason $reason that L2 made ($counted)"
done </tmp/known
same /tmp/nested_witness /tmp/nested_table
ok $? "the nested column counts as many exits of each reason as the nested tracepoint"
same /tmp/witness /tmp/table
ok $? "the table counts as many exits of each reason as the tracepoint"
[ "$(sum /tmp/nested_table)" -eq "$(header nested)" ]
ok $? "nested= is the sum of the exits of L2 ($(header nested) of $(header exits) exits)"

unwatch kvm_exit
unwatch kvm_nested_vmexit
echo 500 >$params/exit_stats_dump_interval
done_testing
