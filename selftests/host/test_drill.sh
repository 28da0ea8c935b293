#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# kvm-exit-stats drill tells the exits of a reason apart as the guest made them: by port, MSR,
# address, leaf, hypercall and instruction; on the distribution's KVM and on ours.

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh
command -v kvm-exit-stats >/dev/null || skip_all "this host was made without command.list"
# shellcheck source-path=SCRIPTDIR source=helpers/monitors.sh
. /tests/monitors.sh

if [ "$module" = kvm_amd ]; then
	vendor=svm
	cpuid=CPUID io=IOIO rdmsr=MSR wrmsr=MSR mmio=NPF fault=NPF hypercall=VMMCALL hlt=HLT
else
	vendor=vmx
	cpuid=CPUID io=IO_INSTRUCTION rdmsr=MSR_READ wrmsr=MSR_WRITE mmio=EPT_MISCONFIG \
		fault=EPT_VIOLATION hypercall=VMCALL hlt=HLT
fi

counting() {
	grep -q "^kvm-exit-stats: counting" /tmp/errors
}

made() {
	[ "$(wc -l </tmp/made)" -gt "$lines" ]
}

other=
other_made() {
	[ "$(wc -l </tmp/other_made)" -gt "$other_lines" ]
}

# drill REASON [OPTION...]: while it counts the guest makes its exits; the result is in
# /tmp/shown, as DETAIL,WHAT,EXITS,USER
drill() {
	reason=$1
	shift
	: >/tmp/errors
	kvm-exit-stats drill "$@" "$reason" 60 -f csv -o detail,what,exits,user >/tmp/shown \
		2>/tmp/errors &
	drill=$!
	await counting || sed 's/^/# /' /tmp/errors
	[ -z "$other" ] || {
		other_lines=$(wc -l </tmp/other_made)
		echo >&8
		await other_made
	}
	lines=$(wc -l </tmp/made)
	echo >&9
	await made
	kill -INT $drill
	wait $drill
	grep -h -e Bail /tmp/made
	sed -i 's/^[0-9.]*,[0-9.]*,//; s/["\r]//g' /tmp/shown
	sed 's/^/# /' /tmp/shown
}

# shows WHAT LINE...: each line is in the result
shows() {
	what=$1
	shift
	for line in "$@"; do
		grep -qx -- "$line" /tmp/shown || {
			ok 1 "$which: $what"
			return
		}
	done
	ok 0 "$which: $what"
}

# direction WORD TEXT: "WORD, TEXT" with AMD-V, whose reason MSR has both; else TEXT
direction() {
	[ $vendor = svm ] && echo "$1, $2" || echo "$2"
}

start_detailed_guest() {
	rm -f /tmp/requests /tmp/made
	mkfifo /tmp/requests
	/tests/exits_in_detail $vendor </tmp/requests >/tmp/made &
	guest=$!
	exec 9>/tmp/requests
	lines=0
	await made
	hlt_at=$(head -n 1 /tmp/made)
}

details_are_the_guests() {
	which=$1
	start_detailed_guest
	drill $cpuid --vm "$guest"
	shows "each CPUID leaf" '0x0,vendor,30,0' '0x80000000,extended,20,0'
	drill $io --vm "$guest"
	shows "each port, its direction and size, and that user space finished them" \
		'0x80,write 1 B, delay, POST codes,70,70' '0x80,read 1 B, delay, POST codes,10,10' \
		'0xd0,write 1 B,8,8'
	drill $rdmsr --vm "$guest" --vcpu 0
	shows "the MSR that is read" "0x1b,$(direction read IA32_APIC_BASE),12,0"
	drill $wrmsr --vm "$guest"
	shows "the MSR that is written" "0x277,$(direction write IA32_PAT),7,0"
	drill $mmio --vm "$guest"
	shows "the address of MMIO" '0x10000000,read MMIO,15,15' '0x100000f0,write MMIO,25,25'
	drill $fault --vm "$guest"
	[ "$(grep -c '^0x2[0-9a-f]*000,read memory, slot 0,1,0$' /tmp/shown)" -eq 16 ]
	ok $? "$which: each page that the guest reads for the first time, and its memory slot"
	drill $hypercall --vm "$guest"
	shows "the hypercall's number" '.*,-,5,0'
	drill $hlt --vm "$guest"
	shows "the address of the HLT instruction" "$hlt_at,at this instruction,8,8"
	end_guest
}

# The reason must occur whenever a key is pressed: this guest does nothing else.
top_shows_details() {
	mkfifo /tmp/hold
	/tests/slow_guest cpuid </tmp/hold >/tmp/runs &
	exec 7>/tmp/hold
	until grep -q runs /tmp/runs; do
		sleep 0.1
	done
	sleep 0.5
	# shellcheck disable=SC2088 # ~ is a key
	kvm-exit-stats top --keys "/slow~~/CPUID~d" --interval 2 --batch 1 >/tmp/shown 2>/tmp/errors
	exec 7>&-
	wait $!
	rm /tmp/hold
	sed 's/^/# /' /tmp/shown /tmp/errors
	grep -q "CPUID by CPUID leaf" /tmp/shown && grep -q "^0x0 *vendor" /tmp/shown
	ok $? "top: d shows the details of the selected reason"
}

# Somebody sets the clock one hour ahead meanwhile.
clock_is_set() {
	: >/tmp/errors
	kvm-exit-stats drill CPUID 5 -f json >/tmp/shown 2>/tmp/errors &
	drill=$!
	await counting
	date -s "@$(($(date +%s) + 3600))" >/dev/null
	wait $drill
	date -s "@$(($(date +%s) - 3600))" >/dev/null
	grep -o '"seconds":[0-9]*' /tmp/shown | sed 's/^/# /'
	grep -q '"seconds":[0-9]\{1,2\}\.' /tmp/shown
	ok $? "a clock that is set does not change the measured time"
}

others_are_left_out() {
	which="two VMs"
	start_detailed_guest
	mkfifo /tmp/other
	/tests/exits_on_request </tmp/other >/tmp/other_made &
	other=$!
	exec 8>/tmp/other
	until ls -d "$kvm/$other"-*/vcpu0 >/dev/null 2>&1; do
		sleep 0.1
	done
	drill $cpuid --vm "$guest"
	[ "$(grep -c '^0x' /tmp/shown)" -eq 2 ] && grep -qx "0x0,vendor,30,0" /tmp/shown
	ok $? "$which: one that was not asked for is left out"
	top_shows_details
	exec 8>&-
	wait $other
	other=
	rm /tmp/other
	ends 2 "VMRUN\|VMREAD" kvm-exit-stats drill vmr
	ok $? "a reason that does not exist: status 2, and those like it"
	ends 10 "no VM" kvm-exit-stats drill --vm nobody CPUID
	ok $? "no such VM: status 10"
	ends 2 "which reason" kvm-exit-stats drill
	ok $? "no reason: status 2"
	ends 0 "no exits in this time" kvm-exit-stats drill --vm "$guest" CPUID 0.2
	ok $? "a reason that does not occur: an empty table"
	end_guest
}

details_are_the_guests "our KVM"
others_are_left_out
clock_is_set
change unload
details_are_the_guests "the distribution's KVM"
change load
done_testing
