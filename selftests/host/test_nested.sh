#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Guests that run guests: KVM's own selftests, whose L1 executes VMX or SVM. Each exit of an
# L2 is counted once, whether KVM reflects it to L1 or not, and in the nested columns too.
# The counts are compared with kvm:kvm_exit, those of L2 with kvm:kvm_nested_vmexit.
#
# With VMX all of this runs twice: the second time KVM enters each L2 once more to check it
# (nested_early_check), which is an exit neither for the tracepoints nor for our modules.

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh

# The status of a selftest that skips.
skips=4

# Whether KVM's selftest passes does not matter here: some skip, some end early.
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
	ok $? "$1$when: the selftest makes exits, or skips (status $status)"
	same /tmp/witness /tmp/table
	ok $? "$1$when: the table counts as many exits of each reason as the tracepoint"
	same /tmp/nested_witness /tmp/nested_table
	ok $? "$1$when: the nested column counts as many exits of each reason as the nested tracepoint"
	[ "$nested" -eq "$(header nested)" ]
	ok $? "$1$when: nested= is the sum of the exits of L2"
	awk '!/^#/ && ($8 > $3 || $9 > $4 || !$8 != !$9) { bad = 1 } END { exit bad }' $kvm/exit_stats
	ok $? "$1$when: no row's nested numbers exceed its count and total; nested exits have cycles"
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
	ok $? "L2 guests run$when and make $all_nested exits"
	echo 500 >$params/exit_stats_dump_interval
}

check_all
# Neither 7.2 nor SVM has such a check.
if [ -e /sys/module/$module/parameters/nested_early_check ]; then
	reload kvm_intel.nested_early_check=1
	[ "$(cat /sys/module/$module/parameters/nested_early_check)" = Y ]
	ok $? "KVM enters each L2 once more to check it (nested_early_check)"
	check_all "early check"
	reload
fi
done_testing
