#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# kvm-exit-stats selftest finds the numbers right on our KVM and, by BPF, on the distribution's,
# measures the cost, and fails where nothing is counted.

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh
command -v kvm-exit-stats >/dev/null || skip_all "this host was made without command.list"
# shellcheck source-path=SCRIPTDIR source=helpers/monitors.sh
. /tests/monitors.sh

right="the numbers are right on this machine"

passes() { # [OPTION...]
	ends 0 "$right" kvm-exit-stats selftest "$@"
	result=$?
	sed 's/^/# /' /tmp/output
	return $result
}

passes
ok $? "our KVM: the numbers are right"
[ "$(grep -c '^ok' /tmp/output)" -eq 20 ] && ! grep -q FAILED /tmp/output
ok $? "each of 20 checks was made, the tracepoint's and KVM's among them"
grep -q '^cost: *a CPUID exit takes [1-9][0-9]* ns, [1-9][0-9]* ns with recording off' /tmp/output
ok $? "the cost was measured"
[ "$(cat $params/exit_stats)" = Y ]
ok $? "recording is on again"
start_guest
passes && grep -q "not measured: 1 other VMs run" /tmp/output
ok $? "another VM runs: the cost is not measured"
passes --force && grep -q "with recording off" /tmp/output
ok $? "but with --force it is"
end_guest
passes --source bpf && grep -q "without BPF" /tmp/output
ok $? "our KVM, by BPF: the numbers are right"
echo N >$params/exit_stats
ends 1 "checks FAILED" kvm-exit-stats selftest
ok $? "recording is off: the checks fail, and so does the verdict"
[ "$(cat $params/exit_stats)" = N ]
ok $? "and it stays off"
echo Y >$params/exit_stats
change unload
passes && grep -q "without BPF" /tmp/output
ok $? "the distribution's KVM, by BPF: the numbers are right"
ends 2 "takes no name" kvm-exit-stats selftest web
ok $? "wrong usage: status 2"
change load
done_testing
