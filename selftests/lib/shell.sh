# SPDX-License-Identifier: GPL-2.0-only
#
# What the tests in shell share: TAP, the host's table, and tracepoints counted
# by ftrace as a witness. Sourced; POSIX sh for busybox.
# shellcheck shell=sh
# shellcheck disable=SC2034 # variables are for those that source this

kvm=/sys/kernel/debug/kvm
events=/sys/kernel/tracing/events/kvm
params=/sys/module/kvm/parameters
scripts=/exit-stats/tools/modules
# The vendor of the host's processor, and its module.
vendor=vmx module=kvm_intel
[ ! -d /sys/module/kvm_amd ] || vendor=svm module=kvm_amd
# For a guest's kernel: not to ask 20,000 times for a clock that the machine lacks, and
# no warning in the middle of what is read from its console.
quick_guest="initcall_blacklist=cmos_init loglevel=4"
tests=0
failures=0

# ok STATUS WHAT
ok() {
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $2"
	fi
}

# skip_all WHY: on this host there is nothing to test
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# reload ARGUMENT...: unloads our modules and loads them with these arguments
reload() {
	$scripts/unload >/tmp/output 2>&1 && $scripts/load "$@" >/tmp/output 2>&1 && return
	sed 's/^/# /' /tmp/output
	echo "not ok - load $*"
	exit 1
}

# Prints the plan. Has to be the last command, for its status.
done_testing() {
	echo "1..$tests"
	[ $failures -eq 0 ]
}

# watch EVENT: count its exits by vCPU and reason from now on
watch() {
	echo hist:keys=vcpu_id,exit_reason:size=1024 >"$events/$1/trigger"
}

unwatch() {
	echo '!hist:keys=vcpu_id,exit_reason:size=1024' >"$events/$1/trigger"
}

# witness EVENT [VCPU]: reason and count a line, of all vCPUs or of one. Of VMX's reason
# the low 16 bits; SVM's in hex. What the histogram had no room for is one more line, which
# no table has.
witness() {
	case $vendor in
	vmx) modulus=65536 format=%d ;;
	svm) modulus=4294967296 format=0x%x ;;
	esac
	awk -v modulus="$modulus" -v vcpu="${2:-all}" '
		/^[{] vcpu_id:/ {
			gsub(/[{},:]/, " ")
			if (vcpu == "all" || vcpu == $2)
				count[$4 % modulus] += $6
		}
		/Dropped: [1-9]/ { count["dropped"] = $2 }
		END { for (reason in count) print reason, count[reason] }' \
		"$events/$1/hist" | sort -n |
		awk -v format="$format" '$1 == "dropped" { print; next }
			{ printf format " %d\n", $1, $2 }'
}

# table COLUMN [FILE]: reason and number a line of FILE, or the host's table; no zeros
table() {
	awk -v column="$1" '!/^#/ && $column { print $1, $column }' "${2:-$kvm/exit_stats}"
}

sum() {
	awk '{ sum += $2 } END { print sum + 0 }' "$1"
}

# header KEY [FILE]: of FILE, or the host's table
header() {
	sed -n "1s/.* $1=\([0-9]*\).*/\1/p" "${2:-$kvm/exit_stats}"
}

# same WITNESS TABLE: two lists of reason and count; the difference is shown
same() {
	diff "$1" "$2" >/tmp/diff
	result=$?
	sed 's/^/# /' /tmp/diff
	return $result
}
