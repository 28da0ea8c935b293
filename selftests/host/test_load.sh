#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# load and unload, as an administrator would use them. They replace our modules with
# Debian's and the other way round, refuse while a VM runs, and load the previous modules
# again if a load fails. Our modules are loaded when the test ends.

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh
file=/exit-stats/build/modules/$(uname -r)/$(echo $module | tr _ -).ko
tracing=/sys/kernel/tracing

# refuses TEXT COMMAND...: the command fails, and its output has TEXT
refuses() {
	text=$1
	shift
	! "$@" >/tmp/output 2>&1 && grep -q "$text" /tmp/output
	result=$?
	[ $result -eq 0 ] || sed 's/^/# /' /tmp/output
	return $result
}

# hold_vm: starts a VM, whose process is $holder, and waits until it and its vCPU are there
hold_vm() {
	/tests/hold_vm &
	holder=$!
	until ls -d $kvm/$holder-*/vcpu0 >/dev/null 2>&1; do
		kill -0 $holder || return
		sleep 0.1
	done
}

ours() {
	[ -e /sys/module/kvm/parameters/exit_stats ] && [ -d /sys/module/$module ]
}

# Debian's vendor module can load on our kvm.
hooked() {
	[ -e /sys/kernel/debug/kvm/exit_stats ]
}

stock() {
	[ -d /sys/module/$module ] && [ ! -e /sys/module/kvm/parameters/exit_stats ]
}

cat $params/exit_stats_dump_per_min >/tmp/per_min
refuses "already loaded" $scripts/load
ok $? "load refuses when ours are loaded"

hold_vm
refuses "process $holder (hold_vm)" $scripts/unload
ok $? "unload refuses while a VM runs, naming its process"
ours
ok $? "our modules stay loaded when unload refuses"
exits=$(head -n 1 /sys/kernel/debug/kvm/exit_stats)
ok $? "the host's table is still there: ${exits%% vendor*}"
kill $holder
wait $holder 2>/dev/null

# The kernel warns about a module that is removed with an event in use.
echo 1 >$events/kvm_exit/enable
refuses "trace events of kvm are in use" $scripts/unload
ok $? "unload refuses while a trace event of KVM is enabled"
echo 0 >$events/kvm_exit/enable
watch kvm_exit
refuses "trace events of kvm are in use" $scripts/unload
ok $? "unload refuses while a trace event of KVM has a trigger"
unwatch kvm_exit

$scripts/unload >/tmp/output 2>&1
ok $? "unload removes our modules when the VM is gone: $(cat /tmp/output)"
stock
ok $? "Debian's modules are loaded after unload"
[ ! -e /sys/kernel/debug/kvm/exit_stats ]
ok $? "our files are gone after unload"

hold_vm
refuses "process $holder (hold_vm)" $scripts/load
ok $? "load refuses while a VM runs"
kill $holder
wait $holder 2>/dev/null

refuses "no parameter 'exit_statz'" $scripts/load kvm.exit_statz=1
ok $? "load refuses a parameter that the module does not have"
other=kvm_amd
[ $module = kvm_intel ] || other=kvm_intel
refuses "$other.nested=1 is for another processor" $scripts/load $other.nested=1
ok $? "load refuses a parameter of another vendor's module"
mkdir -p /tmp/broken /tmp/other
cp "/exit-stats/build/modules/$(uname -r)"/* /tmp/broken/
cp "/exit-stats/build/modules/$(uname -r)"/kvm*.ko /tmp/other/
echo 1.2.3-4 >/tmp/other/debian-version
case $(uname -v) in
*" Debian "*)
	refuses "version 1.2.3-4, but version .* is running" $scripts/load -d /tmp/other
	ok $? "load refuses modules of another Debian version of this kernel: $(head -n 1 /tmp/output)"
	;;
*) ok 0 "load refuses modules of another Debian version # SKIP this kernel is not Debian's" ;;
esac
# The module is cut short: modinfo can read its description, but the kernel refuses it.
dd if="$file" of="/tmp/broken/${file##*/}" bs=1024 \
	count=$(($(stat -c %s "$file") / 1024 - 100)) 2>/dev/null
! $scripts/load -d /tmp/broken >/tmp/output 2>&1
ok $? "a load of a damaged module fails: $(head -n 1 /tmp/output)"
stock
ok $? "Debian's modules are loaded after a load that failed"

# udev does so at boot, at any moment.
rounds=0
between=0
while [ $rounds -lt 5 ]; do
	(for _ in 1 2 3 4 5 6 7 8; do modprobe $module; sleep 0.3; done) 2>/dev/null &
	other=$!
	$scripts/load >/tmp/output 2>&1 || break
	! grep -q "came in between" /tmp/output || between=$((between + 1))
	ours || break
	hooked || break
	wait $other
	$scripts/unload >/tmp/output 2>&1 || break
	rounds=$((rounds + 1))
	echo "# round $rounds"
done
[ $rounds -eq 5 ]
result=$?
[ $result -eq 0 ] || sed 's/^/# /' /tmp/output
ok $result "5 loads end with our modules while something else loads Debian's again and again"
echo "# Debian's modules came in between in $between of them"

$scripts/load -D kvm.exit_stats_dump_interval=7 -D kvm.exit_stats_dump_per_min=8 \
	kvm.exit_stats_dump_interval=1000 >/tmp/output 2>&1
ok $? "load with a parameter: $(cat /tmp/output)"
ours
ok $? "our modules are loaded again, without a reboot"
[ "$(cat /sys/module/kvm/parameters/exit_stats_dump_interval)" = 1000 ]
ok $? "the parameter is set, not its default"
[ "$(cat $params/exit_stats_dump_per_min)" = 8 ]
ok $? "a default that nothing overrides is set"
grep -q "scope=host vendor=$vendor .* exits=0 " /sys/kernel/debug/kvm/exit_stats
ok $? "the host's table begins at 0"
echo 500 >/sys/module/kvm/parameters/exit_stats_dump_interval
# The tests that follow find what load without defaults sets.
cat /tmp/per_min >$params/exit_stats_dump_per_min

# Replace only the vendor's module: the host's numbers begin at 0 again.
epoch=$(header epoch)
exec 3<$kvm/exit_stats
rmmod $module && insmod "$file"
ok $? "$module alone is removed and loaded while kvm stays, though a file is open"
exec 3<&-
[ -n "$epoch" ] && [ "$(header epoch)" != "$epoch" ]
ok $? "the host's epoch has changed: $epoch, $(header epoch)"
grep -q "vendor=$vendor .* exits=0 cycles=0 " /sys/kernel/debug/kvm/exit_stats
ok $? "the host's table is empty"
/tests/test_scope >/tmp/output
ok $? "test_scope passes after that: $(grep -c '^ok' /tmp/output) checks"

# Debian's vendor module loads on our kvm.ko, also after our vendor module was loaded. Its VMs
# and vCPUs have no record.
stock_vendor=/lib/modules/$(uname -r)/kernel/arch/x86/kvm/${file##*/}
rmmod $module && insmod "$stock_vendor"
ok $? "Debian's $module takes the place of ours"
hold_vm
tables=$(cat $kvm/$holder-*/vm_exit_stats $kvm/$holder-*/vcpu0/exit_stats)
[ "$(echo "$tables" | grep -c ' vendor=none .* exits=0 ')" -eq 2 ] &&
	[ "$(echo "$tables" | grep -vc '^#')" -eq 0 ]
ok $? "the tables of a VM and its vCPU are empty"
! (echo 1 >"$(echo $kvm/$holder-*/vm_exit_stats_reset)") 2>/dev/null
ok $? "the tables of that VM cannot be reset"
(echo 1 >$params/exit_stats_reset)
ok $? "a reset of the host does nothing, and is no error"
kill $holder
wait $holder 2>/dev/null
refuses "not built with it.*nothing is counted" $scripts/load
ok $? "load says that nothing is counted, and how to resolve that: $(tail -n 1 /tmp/output)"
hold_vm
kill $holder
wait $holder 2>/dev/null
[ "$(dmesg | grep -c 'kvm_exit_stats: no exits are counted: .* was not built with this kvm')" -eq 1 ]
ok $? "the kernel log says once that nothing is counted, and why"

# If our vendor module was never loaded on this kvm.ko, the fast path runs vCPUs without a
# record. VMX's fast path does. SVM's returns early without NRIPS.
exits="whose exits the fast path answers"
[ $vendor = vmx ] || exits="(slow path: no NRIPS)"
rmmod $module kvm && insmod "${file%/*}/kvm.ko" && insmod "$stock_vendor"
ok $? "Debian's $module loads on our kvm"
# An end that takes other memory for a record hardly finds a common exit there, so it calls
# one of these functions.
echo p:ends kvm:kvm_exit_stats_end_nested >>$tracing/kprobe_events
echo p:ends kvm:kvm_exit_stats_end_odd >>$tracing/kprobe_events
echo hist:keys=common_pid >$tracing/events/kprobes/ends/trigger
/tests/re_enter
ok $? "Debian's $module runs a guest $exits; our leaves answer like any others"
ends=$(sed -n 's/^ *Hits: //p' $tracing/events/kprobes/ends/hist)
[ "$ends" = 0 ]
ok $? "our kvm ends none of these exits, which have no record ($ends ended)"
echo '!hist:keys=common_pid' >$tracing/events/kprobes/ends/trigger
echo -:ends >>$tracing/kprobe_events
[ ! -e /sys/kernel/debug/kvm/exit_stats ]
ok $? "the host has no table"
$scripts/unload >/tmp/output 2>&1 && stock
ok $? "unload removes our kvm: $(cat /tmp/output)"
$scripts/load >/tmp/output 2>&1 && ours
ok $? "load then loads our modules: $(cat /tmp/output)"
! dmesg | grep "kvm_exit_stats: handler .* has no row"
ok $? "each handler of this kernel's has a row"

# Shadow paging, which load sets with a parameter of the vendor's module.
paging=kvm_intel.ept=0
[ $vendor = vmx ] || paging=kvm_amd.npt=0
$scripts/unload >/tmp/output 2>&1 && $scripts/load $paging >/tmp/output 2>&1
ok $? "load $paging: $(cat /tmp/output)"
/tests/shadow_paging >/tmp/output
result=$?
sed 's/^/# /' /tmp/output
ok $result "exits with shadow paging are exact: $(grep -c '^ok' /tmp/output) checks"
! grep -qE '^ +(48 EPT_VIOLATION|0x400 NPF)' $kvm/exit_stats
ok $? "the host counted no EPT violation and no nested page fault"
$scripts/unload >/tmp/output 2>&1 && $scripts/load >/tmp/output 2>&1
ok $? "load again without $paging: $(cat /tmp/output)"

done_testing
