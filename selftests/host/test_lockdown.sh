#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A locked-down kernel: with integrity the tables can be read and BPF can count, and what is
# refused says why; with confidentiality BPF cannot count. Only a reboot ends a lockdown:
# run-tests runs this test last.

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh
command -v kvm-exit-stats >/dev/null || skip_all "this host was made without command.list"
# shellcheck source-path=SCRIPTDIR source=helpers/monitors.sh
. /tests/monitors.sh
lockdown=/sys/kernel/security/lockdown
[ -e $lockdown ] || mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
[ -e $lockdown ] || skip_all "this kernel has no lockdown"

start_guest
make_exits
echo integrity >$lockdown
grep -q '\[integrity\]' $lockdown
ok $? "the kernel is locked down: $(cat $lockdown)"
vm=$(echo $kvm/"$guest"-*)
[ "$(header exits "$vm/vm_exit_stats")" -gt 300 ]
ok $? "integrity: a VM's table can be read"
ends 0 "CPUID" kvm-exit-stats show --vm "$guest"
ok $? "integrity: show shows it"
ends 8 "locked down" kvm-exit-stats reset --vm "$guest"
ok $? "integrity: a reset of a VM is refused: status 8"
grep "resolve" /tmp/output | sed 's/^/# /'
kvm-exit-stats reset --host && [ "$(header exits)" -lt 300 ]
ok $? "integrity: the host can be reset"
make_exits
ends 0 "by BPF" kvm-exit-stats show --source bpf 0.5 1
ok $? "integrity: BPF can count"
ends 0 "CPUID leaf" kvm-exit-stats drill --vm "$guest" CPUID 0.5
ok $? "integrity: and drill"
echo confidentiality >$lockdown
grep -q '\[confidentiality\]' $lockdown
ok $? "the kernel is locked down: $(cat $lockdown)"
ends 0 "HLT\|CPUID" kvm-exit-stats show --vm "$guest"
ok $? "confidentiality: a VM's table can be read"
ends 15 "locked down (confidentiality)" kvm-exit-stats show --source bpf 0.5 1
ok $? "confidentiality: BPF cannot count: status 15, and the error names the lockdown"
end_guest
done_testing
