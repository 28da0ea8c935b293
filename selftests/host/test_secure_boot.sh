#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A host with Secure Boot: modules without a signature are refused, with the reason; signed with
# a key that the firmware trusts they load and count; what lockdown refuses says why.

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh
echo # ends the line with the firmware's escape sequences
mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
dmesg | grep -q "secureboot: Secure boot enabled" ||
	skip_all "this host has no Secure Boot"
modprobe kvm_amd
# shellcheck source-path=SCRIPTDIR source=helpers/monitors.sh
. /tests/monitors.sh

grep -q '\[integrity\]' /sys/kernel/security/lockdown
ok $? "Secure Boot is on, and the kernel is locked down: $(cat /sys/kernel/security/lockdown)"
! $scripts/load >/tmp/output 2>&1 && grep -q "accepts only signed modules" /tmp/output
ok $? "load refuses modules without a signature: $(grep refused /tmp/output)"
grep -q "mokutil --import" /tmp/output
ok $? "it says how to sign them"
[ -d /sys/module/kvm_amd ] && [ ! -e $params/exit_stats ]
ok $? "Debian's modules stay loaded"
$scripts/load -d /tests/signed >/tmp/output 2>&1
ok $? "modules that are signed with a key of the firmware's load: $(tail -n 1 /tmp/output)"
start_guest
before=$(header exits)
make_exits
[ "$(header exits)" -ge $((before + io_exits + halt_exits)) ]
ok $? "they count a guest's exits: $before, $(header exits)"
ends 0 "IOIO" kvm-exit-stats show --vm "$guest"
ok $? "the command shows them"
ends 8 "locked down" kvm-exit-stats reset --vm "$guest"
ok $? "a reset of a VM is refused: $(head -n 1 /tmp/output)"
ends 0 "by BPF" kvm-exit-stats show --source bpf 0.5 1
ok $? "BPF can count"
end_guest
$scripts/unload >/tmp/output 2>&1
ok $? "unload loads Debian's modules again: $(cat /tmp/output)"
done_testing
