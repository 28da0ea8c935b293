#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The command counts by BPF what guests with known exits did: on our modules as many as they
# count, and on the distribution's as many as the tracepoint's histogram, for each VM, vCPU
# and reason; while VMs start and end; and nothing of it stays when the command ends. Leaves
# our modules loaded.
#
#	test_bpf.sh -l		attaches and detaches 1,000 times

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh
command -v kvm-exit-stats >/dev/null || skip_all "this host was made without command.list"
# shellcheck source-path=SCRIPTDIR source=helpers/monitors.sh
. /tests/monitors.sh
rounds=5
[ "${1:-}" != -l ] || rounds=1000

# metric NAME LABEL LABEL: the sum of the VMs' samples that have both labels
metric() {
	awk -v name="$1{" -v one="$2" -v two="$3" '
		!/,vcpu=/ && index($0, name) == 1 && index($0, one) && index($0, two) { sum += $NF }
		END { print sum + 0 }' /tmp/metrics
}

# counts VM: its exits by reason; each "CPUID 300"
counts() {
	grep "^kvm_exits_total{vm=\"$1\",reason" /tmp/metrics |
		sed 's/.*reason="\([^"]*\)".* /\1 /' | sort
}

# Names in place of the tracepoint's numbers, by the table of our modules, which are not loaded.
names() {
	while read -r reason count; do
		echo "$(awk -v reason="$reason" '$1 == reason { print $2 }' /tmp/names) $count"
	done | sort
}

# users: how many references the module kvm has
users() {
	awk '$1 == "kvm" { print $3 }' /proc/modules
}

# kernel_memory: KiB that the kernel has allocated and cannot reclaim
kernel_memory() {
	sleep 1 # what is freed after a grace period
	awk '/^(SUnreclaim|VmallocUsed|Percpu|PageTables):/ { sum += $2 } END { print sum }' /proc/meminfo
}

not_in_use() {
	[ "$(users)" = "$idle_users" ]
}

counts_on_stock() {
	source=$1
	start_export "$source" || {
		ok 1 "$source: counts on the distribution's KVM"
		return
	}
	watch kvm_exit
	start_guest
	make_exits
	make_exits
	fresh
	vm="exits_on_reques $guest"
	[ "$(counts "$vm" | grep -c -x -e 'CPUID 600' -e 'HLT 86' -e 'IO_INSTRUCTION 140' \
		-e 'IOIO 140')" -eq 3 ]
	ok $? "$source: the VM's CPUID, HLT and I/O exits are those that its guest made"
	counts "$vm" | sed 's/^/# /'
	[ "$(metric kvm_exit_user_total "vm=\"$vm\"" '"IO')" -eq 140 ]
	ok $? "$source: user space finished each I/O exit"
	[ "$(metric kvm_exit_user_total "vm=\"$vm\"" 'reason="CPUID"')" -eq 0 ]
	ok $? "$source: and no CPUID exit"
	grep -q "^kvm_exits_total{vm=\"$vm\",vcpu=\"0\",reason=\"CPUID\"} 600$" /tmp/metrics
	ok $? "$source: vCPU 0 has the VM's CPUID exits"
	name=kvm_exit_handling hist=kvm_exit_duration
	[ "$source" = bpf-handler ] || name=kvm_exit_to_entry hist=kvm_exit_to_entry_duration
	awk -v vm="{vm=\"$vm\",reason=\"CPUID\"" -v total="${name}_seconds_total" \
		-v hist="${hist}_seconds" '
		index($0, total vm) { time = $NF }
		index($0, hist "_sum" vm) { sum = $NF }
		index($0, hist "_bucket" vm) && $NF > 0 && !first { split($0, le, "\""); first = le[6] }
		index($0, hist "_count" vm) { count = $NF }
		END {
			print "# " count " in buckets, " time " s, the first bucket below " first " s"
			exit !(count == 600 && time > 0 && time == sum && first > 0 && time > 300 * first / 2)
		}' /tmp/metrics
	ok $? "$source: the histogram has each of them, and their times add up to the total"
	end_guest
	/tests/known_exits >/dev/null
	/tests/known_exits >/dev/null
	fresh
	witness kvm_exit | names >/tmp/wanted
	host_counts >/tmp/shown
	same /tmp/wanted /tmp/shown
	ok $? "$source: with all VMs gone the host has as many exits of each reason as the tracepoint"
	unwatch kvm_exit
	stop_export
}

# Our modules count too: an exit is at both at the same moment.
counts_on_ours() {
	[ -e /sys/kernel/btf/kvm ] && [ -e /sys/kernel/btf/$module ]
	ok $? "our modules have BTF"
	for source in bpf bpf-handler; do
		start_export $source || {
			ok 1 "$source: counts on our KVM"
			continue
		}
		start_guest
		make_exits
		fresh
		counts "exits_on_reques $guest" >/tmp/shown
		awk '!/^#/ { print $2, $3 }' "$kvm/$guest"-*/vm_exit_stats | sort >/tmp/wanted
		[ -s /tmp/shown ] && same /tmp/wanted /tmp/shown
		ok $? "$source: a VM has as many exits of each reason as in our modules' table"
		end_guest
		stop_export
	done
}

# The guests of test_each_reason have 1, 2 and 4 vCPUs.
counts_each_reason() {
	echo 1 >$params/exit_stats_reset
	start_export bpf
	/tests/test_each_reason >/tmp/each
	ok $? "the guests of test_each_reason run: $(grep -c '^ok' /tmp/each) checks"
	fresh
	host_counts >/tmp/shown
	awk '!/^#/ && $3 { print $2, $3 }' $kvm/exit_stats | sort >/tmp/wanted
	[ "$(wc -l <"/tmp/wanted")" -gt 12 ] && same /tmp/wanted /tmp/shown
	ok $? "each of $(wc -l <"/tmp/wanted") reasons, on up to 4 vCPUs, as often as in our table"
	grep '^kvm_host_exit_user_total{' /tmp/metrics |
		sed 's/.*reason="\([^"]*\)".* /\1 /; / 0$/d' | sort >/tmp/shown
	awk '!/^#/ && $10 { print $2, $10 }' $kvm/exit_stats | sort >/tmp/wanted
	[ "$(wc -l <"/tmp/wanted")" -gt 3 ] && same /tmp/wanted /tmp/shown
	ok $? "each of $(wc -l <"/tmp/wanted") reasons went to user space as often as in our table"
	stop_export
}

# perf pairs an exit with the next entry: of each vCPU it may miss the last exit.
perf_agrees() {
	command -v perf >/dev/null || {
		echo "# this host has no perf"
		return
	}
	start_export bpf
	perf kvm stat record -a -o /tmp/perf.data /tests/known_exits >/tmp/output 2>&1
	perf kvm -i /tmp/perf.data stat report --event vmexit >/tmp/perf 2>&1
	fresh
	awk '$2 ~ /^[0-9]+$/ && $3 ~ /%$/ { print tolower($1), $2 }' /tmp/perf | sort >/tmp/shown
	grep '%' /tmp/perf | sed 's/^/# perf: /'
	host_counts | sed 's/^/# BPF: /'
	perf=$(sed -n 's/^cpuid //p' /tmp/shown) bpf=$(host_counts | sed -n 's/^CPUID //p')
	[ "$bpf" -gt 100 ] && [ "$perf" -eq "$bpf" ]
	ok $? "perf kvm stat, which records meanwhile, counts the same CPUID exits: $perf"
	stop_export
}

verify_agrees() {
	start_guest
	while :; do
		echo >&9
		sleep 0.05
	done &
	loop=$!
	kvm-exit-stats verify 2 >/tmp/shown 2>&1
	result=$?
	sed 's/^/# /' /tmp/shown
	[ $result -eq 0 ] && grep -q "^CPUID .* [1-9]" /tmp/shown
	ok $? "verify: the modules and BPF count the same exits of a guest that makes many"
	kill $loop
	wait $loop 2>/dev/null
	end_guest
}

two_vms_at_once() {
	start_export bpf
	start_guest
	make_exits
	first=$guest
	exec 8>&9
	mkfifo /tmp/other
	: >/tmp/other_made
	/tests/exits_on_request </tmp/other >/tmp/other_made &
	second=$!
	exec 7>/tmp/other
	echo >&7
	echo >&7
	until [ "$(wc -l </tmp/other_made)" -ge 2 ]; do
		sleep 0.1
	done
	fresh
	counts "exits_on_reques $first" | grep -qx "CPUID 300" &&
		counts "exits_on_reques $second" | grep -qx "CPUID 600"
	ok $? "two VMs: each has its own exits"
	exec 7>&- 8>&-
	kill $second
	wait $second 2>/dev/null
	end_guest
	rm /tmp/other
}

# hold_vm's vCPU ran before the programs came, and never again.
vcpus_that_sleep() {
	/tests/hold_vm &
	holder=$!
	await ls -d $kvm/$holder-*/vcpu0
	sleep 0.5
	ends 0 "^[0-9.]*,[0-9.]*,$holder,1" kvm-exit-stats list --source bpf -i 0.2 -f csv -o pid,vcpus
	ok $? "a VM has the vCPU that makes no exit, too"
	kill $holder
	wait $holder 2>/dev/null
}

have_ended() { # VMS
	[ "$(wc -l </tmp/ended)" -ge "$1" ]
}

slots_are_used_again() {
	start_churn
	await have_ended 4
	stop_churn
	fresh
	have_ended 4
	ok $? "$(wc -l </tmp/ended) VMs started and ended"
	kvm-exit-stats show --source bpf -f json 0.2 1 >/tmp/shown 2>/tmp/errors
	result=$?
	[ $result -eq 0 ] && [ ! -s /tmp/errors ] && grep -q '"measured": *"entry-bpf"' /tmp/shown
	ok $? "a second command counts beside the first, and its JSON says what is measured"
	start_guest
	make_exits
	fresh
	counts "exits_on_reques $guest" | grep -qx "CPUID 300"
	ok $? "a VM in the memory of others begins at 0"
	end_guest
	stop_export
}

# Its vCPU is in KVM_RUN when the programs come. SIGSTOP ends this KVM_RUN, and user space has the
# vCPU for 3 s: no exit took so long.
no_exit_is_long() {
	mkfifo /tmp/hold
	/tests/slow_guest busy </tmp/hold >/tmp/runs &
	guest=$!
	exec 9>/tmp/hold
	await grep -q runs /tmp/runs
	sleep 0.5
	start_export bpf
	kill -STOP "$guest"
	sleep 3
	kill -CONT "$guest"
	sleep 0.5
	fresh
	# Of each reason the exits below 2^31 ns, and all.
	awk 'index($0, "kvm_host_exit_to_entry_duration_seconds_bucket{") == 1 {
			split($0, label, "\"")
			if (label[4] == "2.14748365")
				below[label[2]] = $NF
			if (label[4] == "+Inf") {
				exits += $NF
				long += $NF - below[label[2]]
			}
		}
		END { print "# " exits " exits, " long + 0 " of them long"; exit !exits || long }' /tmp/metrics
	result=$?
	end_guest
	rm /tmp/hold
	stop_export
	return $result
}

# On a busy machine the emulator itself can stand still within an exit, but not each time.
runs_before_the_programs() {
	no_exit_is_long || no_exit_is_long || no_exit_is_long
	ok $? "a KVM_RUN that runs already when the programs come: no exit has the time of user space"
}

nothing_stays() {
	start_export bpf
	[ "$(users)" -gt "$idle_users" ]
	ok $? "while it counts KVM is in use"
	ends 1 "(kvm-exit-stats) counts by BPF" "$scripts/load"
	ok $? "load refuses, and names the command"
	stop_export
	await not_in_use
	ok $? "after its SIGKILL KVM is not"
	memory=$(kernel_memory)
	i=0
	while [ $i -lt $rounds ]; do
		kvm-exit-stats show --source bpf 0.01 1 >/dev/null || break
		i=$((i + 1))
		[ $((i % 100)) -ne 0 ] || echo "# $i"
	done
	[ $i -eq $rounds ] && await not_in_use
	ok $? "nor after $rounds short measurements"
	echo "# KiB of the kernel's memory: $memory before, $(kernel_memory) after"
	[ $(($(kernel_memory) - memory)) -lt 4096 ]
	ok $? "they leave no memory behind"
}

# A user with CAP_BPF and CAP_PERFMON only.
as_user() {
	/usr/bin/setpriv --reuid=1000 --regid=1000 --clear-groups --bounding-set=-all,+bpf,+perfmon \
		--inh-caps=-all,+bpf,+perfmon --ambient-caps=-all,+bpf,+perfmon "$@"
}

# counts_as_user TRACEPOINT: such a user's program counts a guest's exits
counts_as_user() {
	start_guest
	mkfifo /tmp/until
	as_user /tests/tracepoint_program "$1" </tmp/until >/tmp/counted &
	counter=$!
	exec 8>/tmp/until
	await grep -q . /tmp/counted
	make_exits
	exec 8>&-
	wait $counter
	end_guest
	rm /tmp/until
	sed 's/^/# /' /tmp/counted
	grep -qx attached /tmp/counted && [ "$(tail -n 1 /tmp/counted)" -ge 300 ]
}

# Programs that need no BTF. The command has none; the page says what they would need.
without_sys_admin() {
	paranoid=/proc/sys/kernel/perf_event_paranoid
	counts_as_user kvm_exit
	ok $? "CAP_BPF and CAP_PERFMON are enough for a program at the raw tracepoint"
	ends 1 "Permission denied" as_user cat "$events/kvm_exit/id"
	ok $? "for one at the tracepoint's event a user cannot read the event's number"
	mount -o remount,gid=1000,mode=750 /sys/kernel/tracing
	id=$(as_user cat "$events/kvm_exit/id")
	[ "${id:-0}" -gt 0 ]
	ok $? "unless tracefs belongs to the user's group: $id"
	level=$(cat $paranoid)
	if [ "$level" -gt 2 ]; then
		ends 1 "perf_event_open: Permission denied" as_user /tests/tracepoint_program "$id"
		ok $? "perf_event_paranoid is $level, as after boot: nor open the event"
		echo 2 >$paranoid
	fi
	counts_as_user "$id"
	ok $? "with perf_event_paranoid=$(cat $paranoid) it is possible"
	mount -o remount,gid=0,mode=700 /sys/kernel/tracing
	echo "$level" >$paranoid
}

errors_name_the_cause() {
	ends 4 "does not record" kvm-exit-stats show --source files
	ok $? "--source files on the distribution's KVM: status 4"
	ends 4 "by BPF:  possible" kvm-exit-stats status
	ok $? "status says that BPF can count"
	ends 4 "does not record" kvm-exit-stats verify
	ok $? "so does verify, which needs our modules"
	ends 0 "measuring 1 second" kvm-exit-stats show
	ok $? "without --source and interval it counts by BPF, for a second, and says so"
	grep -q "by BPF, from exit to entry" /tmp/output
	ok $? "the heading says which interval"
	ends 2 "any, files, bpf" kvm-exit-stats show --source kernel
	ok $? "an unknown source: status 2"
	ends 15 "CAP_SYS_ADMIN" /usr/bin/setpriv --bounding-set=-sys_admin,-bpf,-perfmon \
		kvm-exit-stats show --source bpf
	ok $? "without the capabilities: status 15, and which are needed"
	ends 15 "CAP_SYS_ADMIN" /usr/bin/setpriv --bounding-set=-sys_admin \
		kvm-exit-stats show --source bpf
	ok $? "CAP_BPF and CAP_PERFMON are not enough: the types of a module are for CAP_SYS_ADMIN only"
	kvm-exit-stats record --source bpf -d 1 -q -O /tmp/recording 2>/dev/null
	ends 0 "by BPF, from exit to entry" kvm-exit-stats show --root /tmp/recording
	ok $? "a recording says it too"
	rmmod "$module"
	ends 5 "kvm_intel nor kvm_amd" kvm-exit-stats show --source bpf
	ok $? "without a vendor module: status 5"
	ends 4 "by BPF:  no: neither" kvm-exit-stats status
	ok $? "and status says that BPF cannot"
	modprobe "$module"
}

# The guests' reasons have their names from our modules' table.
start_guest
make_exits
end_guest
/tests/known_exits >/dev/null
awk '!/^#/ { print $1, $2 }' "$kvm/exit_stats" >/tmp/names
counts_on_ours
counts_each_reason
perf_agrees
verify_agrees
change unload
idle_users=$(users)
counts_on_stock bpf
counts_on_stock bpf-handler
two_vms_at_once
vcpus_that_sleep
slots_are_used_again
runs_before_the_programs
nothing_stays
without_sys_admin
errors_name_the_cause
change load
done_testing
