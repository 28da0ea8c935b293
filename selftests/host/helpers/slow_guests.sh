# SPDX-License-Identifier: GPL-2.0-only
#
# Functions for tests with guests whose problem is known (slow_guest), and numbers of them.
# Sourced after shell.sh; POSIX sh for busybox.
# shellcheck shell=sh
# shellcheck disable=SC2154 # variables of others

# start_slow KIND: its process is $guest. It is in the cgroup whose file is $group, if that is set.
start_slow() {
	rm -f /tmp/hold
	mkfifo /tmp/hold
	sh -c 'echo $$ >'"${group:-/dev/null}"'; exec /tests/slow_guest '"$1" </tmp/hold >/tmp/runs &
	guest=$!
	exec 9>/tmp/hold
	until grep -q runs /tmp/runs && ls -d "$kvm/$guest"-*/vcpu0 >/dev/null 2>&1; do
		kill -0 $guest 2>/dev/null || break
		sleep 0.1
	done
	sleep 0.5
}

end_slow() {
	exec 9>&-
	wait "$guest" 2>/dev/null
	rm /tmp/hold
}

# part COLUMN FILE: of the first line of values in CSV, in tenths of a percent; empty: none
part() {
	awk -F , -v column="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i; next }
		NR == 2 && $at != "" { printf "%.0f\n", 10 * $at }' "$2"
}

# between LOW VALUE HIGH
between() {
	[ "${2:-none}" != none ] && [ "$2" -ge "$1" ] && [ "$2" -le "$3" ]
}
