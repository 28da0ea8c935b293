#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A Linux guest with two vCPUs boots, works, reads its own exits with kvm-exit-stats-guest and
# powers off. While its QEMU is stopped, the table of each vCPU has as many exits of each
# reason as the tracepoint kvm:kvm_exit, and the table of the VM as many as KVM itself counts.
# In the end the host's table has as many exits as the tracepoint has for both vCPUs, and so has
# the command that counted by BPF meanwhile.

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh
# shellcheck source-path=SCRIPTDIR source=helpers/monitors.sh
[ ! -e /tests/monitors.sh ] || . /tests/monitors.sh

vcpus_seen() {
	awk '/^[{] vcpu_id:/ { seen[$3] = 1 } END { for (id in seen) n++; print n + 0 }' \
		$events/kvm_exit/hist
}

echo 0 >$params/exit_stats_dump_interval
watch kvm_exit
echo 1 >$params/exit_stats_reset
by_bpf=
! command -v kvm-exit-stats >/dev/null || {
	start_export bpf
	by_bpf=y
}

# check_stopped: compares the tables of each vCPU and of the VM
check_stopped() {
	vm=$(echo $kvm/"$qemu"-*)
	cat "$vm/vm_exit_stats" >/tmp/before
	for vcpu in 0 1; do
		witness kvm_exit $vcpu >/tmp/witness
		table 3 "$vm/vcpu$vcpu/exit_stats" >/tmp/table
		[ -s /tmp/table ] && same /tmp/witness /tmp/table
		ok $? "vCPU $vcpu: the tracepoint has the same count for each of $(wc -l </tmp/table) reasons"
	done
	# KVM counts all rounds of its loop, and here each round enters the guest.
	exits=$(header exits "$vm/vm_exit_stats")
	[ "$exits" -ge $halfway ] && [ "$exits" -eq "$(cat "$vm/exits")" ]
	ok $? "the VM's table has as many exits as KVM itself counts: $exits"
}

# After so many exits both vCPUs have run.
halfway=5000

guest-boot -a "$quick_guest" -c 2 -- \
	sh -c 'dd if=/dev/zero of=/tmp/file bs=1M count=8 2>/dev/null; sync; kvm-exit-stats-guest -f table;
		kvm-exit-stats-guest --leaf 0x4ffffff0; kvm-exit-stats-guest' \
	>/tmp/guest.log 2>&1 &
boot=$!
until [ "$(header exits)" -ge $halfway ] && [ "$(vcpus_seen)" -eq 2 ]; do
	kill -0 $boot 2>/dev/null || break
	sleep 0.1
done
qemu=$(pidof qemu-system-x86_64)
kill -STOP "$qemu"
# A thread stops after its vCPU's exit has ended.
while grep -qv ') [TZ] ' /proc/"$qemu"/task/*/stat; do
	sleep 0.1
done
check_stopped
kill -CONT "$qemu"
wait $boot
result=$?
ok $result "a Linux guest boots, works and powers off"
[ $result -eq 0 ] || tail -n 20 /tmp/guest.log | sed 's/^/# /'
witness kvm_exit >/tmp/witness
table 3 >/tmp/table

[ "$(vcpus_seen)" -eq 2 ] && [ "$(header vms)" -eq 0 ]
ok $? "two vCPUs made exits, and the VM is gone"
[ "$(wc -l </tmp/table)" -ge 8 ] && [ "$(header exits)" -ge 5000 ]
ok $? "the host's table has many exits ($(header exits)) of many reasons ($(wc -l </tmp/table))"
same /tmp/witness /tmp/table
ok $? "the tracepoint has the same count for each reason of the host's table"
[ -z "$by_bpf" ] || {
	fresh
	stop_export
	host_counts >/tmp/counted
	awk '!/^#/ && $3 { print $2, $3 }' $kvm/exit_stats | sort >/tmp/named
	same /tmp/named /tmp/counted
	ok $? "the command counted the same by BPF"
}
[ "$(sum /tmp/witness)" -eq "$(header exits)" ]
ok $? "exits= is the sum of the tracepoint's counts"
grep -q "^# kvm exit_stats 1 scope=vm vendor=$vendor " /tmp/guest.log
ok $? "kvm-exit-stats-guest in the guest: $(grep '^# kvm' /tmp/guest.log)"
awk 'FNR == 1 { file++ }
	file == 1 && !/^#/ { before[$1] = $3 }
	file == 2 && !/^#/ { name[$1] = $2; count[$1] = $3; total[$1] = $4 }
	file == 3 && NF == 9 && $1 ~ /^(0x)?[0-9a-f]+$/ {
		rows++
		if ($2 != name[$1] || $3 < before[$1] || $3 > count[$1] || $4 > total[$1] || $5 > $7 || $7 > $6)
			wrong = wrong " " $1
	}
	END { if (wrong) print "# wrong:" wrong; exit wrong || rows < 8 }' /tmp/before $kvm/exit_stats /tmp/guest.log
ok $? "the rows of kvm-exit-stats-guest lie between two readings of the host"
grep -q '^0x4ffffff0 0x0: eax=0x[0-9a-f]* ebx=0x454d564b ecx=0x53544958 edx=0x53544154$' /tmp/guest.log
ok $? "--leaf prints the registers: $(grep '^0x4ffffff0' /tmp/guest.log)"
grep -q '^this guest: since the last reset, [0-9]* exits$' /tmp/guest.log &&
	grep -q '^NR  *REASON  *EXITS ' /tmp/guest.log
ok $? "without options it prints a table for people: $(grep '^this guest' /tmp/guest.log)"
awk '!/^#/ { print "#", $2, $3 }' $kvm/exit_stats

unwatch kvm_exit
echo 500 >$params/exit_stats_dump_interval
done_testing
