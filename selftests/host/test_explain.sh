#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# kvm-exit-stats explain names the problem of each of several slow guests first, and finds
# nothing in a guest that has none; on our KVM and, by BPF, on the distribution's.

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh
command -v kvm-exit-stats >/dev/null || skip_all "this host was made without command.list"
# shellcheck source-path=SCRIPTDIR source=helpers/monitors.sh
. /tests/monitors.sh
# shellcheck source-path=SCRIPTDIR source=helpers/slow_guests.sh
. /tests/slow_guests.sh

# first_rule: of the findings in /tmp/shown
first_rule() {
	sed -n 's/.*"findings":\[{"rule":"\([^"]*\)".*/\1/p' /tmp/shown
}

# names RULE KIND: the guest's first finding is this rule
names() {
	start_slow "$2"
	kvm-exit-stats explain --vm "$guest" --least 10 1.5 -f json >/tmp/shown 2>/tmp/errors
	end_slow
	sed 's/, *"means.*//; s/^/# /' /tmp/shown | cut -c 1-900
	sed 's/^/# /' /tmp/errors
	[ "$(first_rule)" = "$1" ]
	ok $? "$which: $2: the first finding is ${1:-none}"
}

top_shows_the_time() {
	start_slow port
	kvm-exit-stats top --keys w --interval 2 --batch 1 --size 120x12 >/tmp/shown 2>/tmp/errors
	sed 's/^/# /' /tmp/shown /tmp/errors
	grep -q "^slow_guest.* UUUUUUUUUUUUU" /tmp/shown
	ok $? "top: w shows where the time goes, with a bar"
	end_slow
}

slow_guests_are_explained() {
	names "" busy
	names port port
	names clock-by-port clock
	names clock-by-hpet hpet
	names cpuid cpuid
	names timer timer
	names halt-polling poll
	names waiting waiting
	[ "$vendor" = svm ] || names pause-loop pause
	[ -z "$swap" ] || {
		group=/sys/fs/cgroup/small/cgroup.procs
		names swapped-out swap
		group=
	}
}

# A cgroup with less memory than its guest touches.
small_cgroup() {
	[ -e /sys/fs/cgroup/cgroup.procs ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir /sys/fs/cgroup/small
	echo 2M >/sys/fs/cgroup/small/memory.max
}

swap_on_zram() {
	swap=
	small_cgroup || return
	# 6.1 compresses with lzo. Debian 13's 6.12 needs lz4 before zram can be loaded.
	for module_file in crypto/lzo crypto/lzo-rle lib/lz4/lz4_compress lib/lz4/lz4hc_compress \
		mm/zsmalloc drivers/block/zram/zram; do
		insmod "/lib/modules/$(uname -r)/kernel/$module_file.ko" 2>/dev/null
	done
	echo 32M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && swapon /dev/zram0 &&
		swap=y
}

# By BPF it takes a while until the measurement begins.
a_vm_ends() {
	start_slow cpuid
	kvm-exit-stats explain --vm "$guest" 10 >/tmp/shown 2>/tmp/errors 9>&- &
	tool=$!
	sleep 5
	end_slow
	wait $tool
	result=$?
	sed 's/^/# /' /tmp/shown /tmp/errors
	[ $result -eq 10 ]
	ok $? "$which: the VM ends meanwhile: status 10"
}

# The thread of a vCPU is not known.
a_wait_is_not_known() {
	start_slow cpuid
	: >/tmp/empty
	thread=$(echo "$kvm/$guest"-*/vcpu0/pid)
	mount -o bind /tmp/empty "$thread"
	ends 0 "waiting for a CPU -, guest" kvm-exit-stats explain --vm "$guest" --least 100 1
	ok $? "no time for a wait that is not known"
	ends 0 '"guest_percent"' kvm-exit-stats explain --vm "$guest" --least 100 1 -f json &&
		! grep -q waiting_percent /tmp/output
	ok $? "nor in JSON"
	umount "$thread"
	end_slow
}

errors_name_the_cause() {
	ends 10 "no VM runs" kvm-exit-stats explain
	ok $? "no VM: status 10"
	start_slow cpuid
	ends 2 "no number from 0 to 100" kvm-exit-stats explain --least many
	ok $? "a wrong --least: status 2"
	ends 0 "1. the guest executes CPUID.*%" kvm-exit-stats explain --vm "$guest" 1
	ok $? "text: the finding, its share"
	grep -q "evidence:" /tmp/output && grep -q "change:" /tmp/output && grep -q "source:" /tmp/output
	ok $? "text: by which numbers, what to change, where that is from"
	sed 's/^/# /' /tmp/output
	ends 0 "1. the guest executes CPUID.*%" /usr/bin/setpriv \
		--bounding-set=-sys_admin,-bpf,-perfmon kvm-exit-stats explain --vm "$guest" 1
	ok $? "BPF is refused: the finding is there"
	grep -q "Details of exits are missing: ." /tmp/output
	ok $? "and why details are not"
	ends 0 "Nothing here costs more than 100 %" kvm-exit-stats explain --vm "$guest" --least 100 1
	ok $? "nothing that costs enough: it says so"
	ends 1 "saved files" kvm-exit-stats show --time --root /tmp
	ok $? "show --time of saved files: status 1"
	end_slow
}

swap_on_zram
ok $? "memory can be swapped to zram"
echo 10000000 >/sys/module/kvm/parameters/halt_poll_ns
which="our KVM"
slow_guests_are_explained
top_shows_the_time
errors_name_the_cause
a_vm_ends
a_wait_is_not_known
change unload
echo 10000000 >/sys/module/kvm/parameters/halt_poll_ns
which="the distribution's KVM"
# Bochs is slow, and what BPF measures does not depend on the vendor.
if [ "$vendor" = svm ]; then
		slow_guests_are_explained
else
	names port port
	names pause-loop pause
fi
a_vm_ends
change load
done_testing
