#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Guests that run guests: KVM's own selftests, whose L1 executes VMX or SVM. Each L2
# exit is counted once, reflected to L1 or not, and again in the nested columns.
# Witnesses: kvm:kvm_exit for all exits, kvm:kvm_nested_vmexit for those of L2.
#
# With VMX all of it twice: the second time KVM itself enters each L2 once more before
# it does (nested_early_check), which is no exit to the tracepoints, nor to us.

# shellcheck source-path=SCRIPTDIR source=lib/shell.sh
. /tests/shell.sh

# A selftest's status where it skips.
skips=4

# Whether the selftest itself passes is KVM's affair: some skip, some end early.
check() {
	watch kvm_exit
	watch kvm_nested_vmexit
	echo 1 >$params/exit_stats_reset
	"/tests/nested/$1" >/tmp/output 2>&1
	status=$?
	witness kvm_exit >/tmp/witness
	witness kvm_nested_vmexit >/tmp/nested_witness
	table 3 >/tmp/table
	table 8 >/tmp/nested_table
	unwatch kvm_exit
	unwatch kvm_nested_vmexit
	nested=$(sum /tmp/nested_table)
	all_nested=$((all_nested + nested))

	echo "# $1 ended with $status: $(header exits) exits, $nested of L2"
	[ "$(header exits)" -gt 0 ] || [ $status -eq $skips ]
	ok $? "$1$when: ran, or says that it cannot here ($status)"
	same /tmp/witness /tmp/table
	ok $? "$1$when: all exits as the tracepoint has them, by reason"
	same /tmp/nested_witness /tmp/nested_table
	ok $? "$1$when: L2's exits as the nested tracepoint has them, by reason"
	[ "$nested" -eq "$(header nested)" ]
	ok $? "$1$when: nested= is their sum"
	awk '!/^#/ && ($8 > $3 || $9 > $4 || !$8 != !$9) { bad = 1 } END { exit bad }' $kvm/exit_stats
	ok $? "$1$when: no row has more nested than all, and cycles where it has exits"
}

# check_all [WHEN]
check_all() {
	when=${1:+, $1}
	all_nested=0
	echo 0 >$params/exit_stats_dump_interval
	for program in /tests/nested/*; do
		case $vendor:${program##*/} in
		vmx:svm_* | svm:vmx_*) ;;
		*) check "${program##*/}" ;;
		esac
	done
	[ $all_nested -ge 100 ]
	ok $? "L2 guests ran$when: $all_nested exits of theirs in all"
	echo 500 >$params/exit_stats_dump_interval
}

check_all
# 7.2 has no such check any more, SVM never had.
if [ -e /sys/module/$module/parameters/nested_early_check ]; then
	reload kvm_intel.nested_early_check=1
	[ "$(cat /sys/module/$module/parameters/nested_early_check)" = Y ]
	ok $? "KVM enters each L2 once more, to check it early"
	check_all "early check"
	reload
fi
done_testing
