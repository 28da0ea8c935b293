#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Where the time of a vCPU goes is where it was arranged, within 2 % of the time (in QEMU's TCG,
# 6 %): in show --time and in the report of a recording, on our KVM and, by BPF, on the
# distribution's. What the guest, user space and the scheduler measured themselves is compared;
# and the rest, "guest and entry", with the time that BPF measures from entry to exit (6 %).

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh
command -v kvm-exit-stats >/dev/null || skip_all "this host was made without command.list"
# shellcheck source-path=SCRIPTDIR source=helpers/monitors.sh
. /tests/monitors.sh
# shellcheck source-path=SCRIPTDIR source=helpers/slow_guests.sh
. /tests/slow_guests.sh

# QEMU's TCG runs in the machine's time: what else the machine does is in the parts.
if [ "$vendor" = svm ]; then
	[ "${1:-}" = -f ] || skip_all "QEMU's TCG runs in the machine's time; on an idle machine: test_time_split.sh -f"
	usual=60
else
	usual=20
fi
span=4 # shorter, the ends of the compared intervals matter

# tell: the guest's program prints what it knows, a line more in /tmp/runs
tell() {
	lines=$(wc -l </tmp/runs)
	echo >&9
	until [ "$(wc -l </tmp/runs)" -gt "$lines" ]; do
		kill -0 "$guest" 2>/dev/null || return
		sleep 0.1
	done
}

# arranged FIELD: what grew between the first two lines of the guest's program, in tenths of
# a percent of the time: 2 guest's own clock, 3 user space for exits, 4 for none, 5 CPU time of the
# vCPU's thread, 6 of the other process
arranged() {
	awk -v field="$1" 'NF == 6 { n++; time[n] = $1; value[n] = $field }
		END { printf "%.0f\n", 1000 * (value[2] - value[1]) / (time[2] - time[1]) }' /tmp/runs
}

# start_recording FILE OPTION...: returns when there is a sample; its process is $recorder
start_recording() {
	file=$1
	shift
	rm -f "$file"
	kvm-exit-stats record -q -i 1 -O "$file" "$@" 2>/tmp/errors &
	recorder=$!
	until grep -q '"seconds"' "$file" 2>/dev/null; do
		kill -0 $recorder 2>/dev/null || break
		sleep 0.1
	done
	sed 's/^/# /' /tmp/errors
}

# report_end FILE: where the time went in the last samples of a recording, of a second each
report_end() {
	awk -v span="$span" 'FNR == NR { n += /^[{]"time"/; next }
		!/^[{]"time"/ || ++sample > n - span' "$1" "$1" >/tmp/end
	kvm-exit-stats report /tmp/end --vm "$guest" --time -f csv | tr -d '\r"'
}

# shown N: returns when the N-th interval was shown: a line of the VM, and one of its vCPU
shown() {
	until [ "$(wc -l </tmp/output)" -gt $((2 * $1)) ]; do
		kill -0 $show 2>/dev/null || return
		sleep 0.1
	done
}

# measure KIND: of $span seconds of this guest /tmp/shown, /tmp/reported and, of what BPF measures up to the
# entry, /tmp/entry. They are of the time when all programs are loaded and none ends: both take
# time from the guest.
measure() {
	start_slow "$1"
	start_recording /tmp/recording.bpf --source bpf
	by_bpf=$recorder
	start_recording /tmp/recording
	: >/tmp/output
	kvm-exit-stats show --vm "$guest" --time $span -f csv >/tmp/output 2>/tmp/errors &
	show=$!
	shown 1
	tell
	sleep $span # to look again and again takes time from the guest
	shown 2
	tell
	kill -INT $recorder $by_bpf $show
	wait $recorder $by_bpf $show
	end_slow
	tr -d '\r"' </tmp/output | sed -n '1p; 4p' >/tmp/shown
	report_end /tmp/recording >/tmp/reported
	report_end /tmp/recording.bpf >/tmp/entry
	sed 's/^/# /' /tmp/errors /tmp/shown
	sed 1d /tmp/reported /tmp/entry | sed 's/^/# /'
	echo "# arranged: guest $(arranged 2), user space $(arranged 3), for no exit $(arranged 4)," \
		"CPU $(arranged 5), other process $(arranged 6)"
}

# is COLUMN WANTED WHAT [LESS]: within 2 % (or $within) of it, or less by LESS more, in what was
# shown and reported
within=$usual
is() {
	for file in shown reported; do
		between $(($2 - within - ${4:-0})) "$(part "$1" /tmp/$file)" $(($2 + within))
		ok $? "$which: $3: $file $(part "$1" /tmp/$file), arranged $2 (in tenths of a percent)"
	done
}

# guest_is_what_bpf_says WHAT [LESS]
# The intervals of the programs that are compared do not begin at the same moment.
guest_is_what_bpf_says() {
	before=$within within=60
	is guest_percent "$(part guest_percent /tmp/entry)" "$1: BPF's time from entry to exit" "${2:-0}"
	within=$before
}

# waited_within_exits: how much of the wait can be exit time, too, and so is missing in the guest's
# part. A preemptible kernel can take the CPU from a thread while the thread handles an exit. Other
# kernels take it only after the exit's end.
waited_within_exits() {
	if grep -q '(none)\|(voluntary)' /sys/kernel/debug/sched/preempt; then
		echo 0
	else
		part waiting_percent /tmp/shown
	fi
}

parts_are_where_they_were_arranged() {
	measure busy
	guest_is_what_bpf_says "a guest that computes"
	measure port
	is user_percent "$(arranged 3)" "a port that is answered after 1 ms"
	# The thread waits for a CPU while user space has the exit: the rest is too small by that.
	guest_is_what_bpf_says "such a port" "$(part waiting_percent /tmp/shown)"
	measure mixed
	is user_percent "$(arranged 3)" "a guest that computes, and user space after it"
	guest_is_what_bpf_says "such a guest"
	# What the emulator does not run at all, the guest's clock takes for an exit.
	[ "$vendor" = svm ] || is guest_percent "$(arranged 2)" "the guest's own clock"
	measure sleep
	for file in shown reported; do
		asleep=$(($(part asleep_percent /tmp/$file) + $(part waiting_percent /tmp/$file)))
		between $((1000 - within - $(arranged 5))) $asleep $((1000 + within - $(arranged 5)))
		ok $? "$which: a guest that halts for 20 ms at a time: $file, off the CPU $asleep"
	done
	measure waiting
	is waiting_percent $((1000 - $(arranged 5))) "a guest that shares its CPU with another process"
	guest_is_what_bpf_says "such a guest" "$(waited_within_exits)"
}

echo 10000000 >/sys/module/kvm/parameters/halt_poll_ns
which="our KVM"
parts_are_where_they_were_arranged
measure poll
polling=$(part polling_percent /tmp/shown)
between 500 "$polling" "$(($(arranged 5) + within))"
ok $? "$which: a guest that halts for 4 ms at a time: KVM polls for $polling, within the thread's CPU time"
change unload
which="the distribution's KVM"
measure mixed
is user_percent "$(arranged 3)" "a guest that computes, and user space after it"
guest_is_what_bpf_says "such a guest"
measure signals
is vmm_percent "$(arranged 4)" "user space computes when a signal ends KVM_RUN"
guest_is_what_bpf_says "such a guest"
change load
done_testing
