# SPDX-License-Identifier: GPL-2.0-only
#
# Functions for the tests of tools that read KVM's statistics: a VM whose exits are known,
# VMs that start and end, the change between our modules and the distribution's, what a
# command has to end with, and the command's own metrics.
# Sourced after shell.sh; POSIX sh for busybox.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # variables for and of others

scripts=/exit-stats/tools/modules

# start_guest: starts a VM that makes exits on request; its process is $guest
start_guest() {
	rm -f /tmp/requests /tmp/made
	mkfifo /tmp/requests
	/tests/exits_on_request </tmp/requests >/tmp/made &
	guest=$!
	exec 9>/tmp/requests
	until ls -d "$kvm/$guest"-*/vcpu0 >/dev/null 2>&1; do
		kill -0 "$guest" || return
		sleep 0.1
	done
}

# make_exits: sets $io_exits and $halt_exits to what the VM has made since it started
make_exits() {
	requests=$(wc -l </tmp/made)
	echo >&9
	until [ "$(wc -l </tmp/made)" -gt "$requests" ]; do
		kill -0 "$guest" || return
		sleep 0.1
	done
	made=$(tail -n 1 /tmp/made)
	io_exits=${made% *} halt_exits=${made#* }
}

end_guest() {
	exec 9>&-
	kill "$guest"
	wait "$guest" 2>/dev/null
}

# start_churn: VMs start and end until stop_churn, two at a time
start_churn() {
	: >/tmp/churn
	: >/tmp/ended
	churn=
	for loop in 1 2; do
		while [ -e /tmp/churn ]; do
			/tests/known_exits >/dev/null && echo "$loop" >>/tmp/ended
		done &
		churn="$churn $!"
	done
}

stop_churn() {
	rm /tmp/churn
	# shellcheck disable=SC2086 # two processes
	wait $churn
}

# change load|unload: our modules, or the distribution's
change() {
	"$scripts/$1" >/tmp/output 2>&1 && return
	sed 's/^/# /' /tmp/output
	echo "not ok - $1"
	exit 1
}

# ends STATUS TEXT COMMAND...: the command ends with this status, and TEXT is in its output
ends() {
	wanted=$1 text=$2
	shift 2
	"$@" >/tmp/output 2>&1
	result=$?
	[ $result -eq "$wanted" ] && grep -q -- "$text" /tmp/output && return
	echo "# status $result, and not $wanted with '$text':"
	sed 's/^/# /' /tmp/output
	return 1
}

# await COMMAND...: until the command succeeds, for 10 s
await() {
	tries=100
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return
		sleep 0.1
	done
}

# start_export SOURCE: counts into /tmp/metrics until stop_export
start_export() {
	rm -f /tmp/metrics
	kvm-exit-stats export --source "$1" --vcpus --hist --interval 0.2 --output /tmp/metrics \
		2>/tmp/errors &
	exporter=$!
	until [ -e /tmp/metrics ]; do
		kill -0 "$exporter" 2>/dev/null || {
			sed 's/^/# /' /tmp/errors
			return 1
		}
		sleep 0.1
	done
}

# fresh: waits until the metrics are newer than what happened before. False: nobody writes them.
fresh() {
	for _ in 1 2; do
		rm -f /tmp/metrics
		until [ -e /tmp/metrics ]; do
			kill -0 "$exporter" 2>/dev/null || return 1
			sleep 0.1
		done
	done
}

stop_export() {
	kill -KILL "$exporter"
	wait "$exporter" 2>/dev/null
}

# host_counts: the host's exits by reason in /tmp/metrics; each "CPUID 300"
host_counts() {
	grep '^kvm_host_exits_total{' /tmp/metrics | sed 's/.*reason="\([^"]*\)".* /\1 /' | sort
}
