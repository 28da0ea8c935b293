# SPDX-License-Identifier: GPL-2.0-only
#
# Functions of the shell tests: TAP, the host's table, and tracepoints that ftrace counts.
# Sourced. POSIX sh for busybox.
# shellcheck shell=sh
# shellcheck disable=SC2034 # variables are for those that source this

kvm=/sys/kernel/debug/kvm
events=/sys/kernel/tracing/events/kvm
params=/sys/module/kvm/parameters
scripts=/exit-stats/tools/modules
# The vendor of the host's processor, and its module.
vendor=vmx module=kvm_intel
[ ! -d /sys/module/kvm_amd ] || vendor=svm module=kvm_amd
# Arguments for a guest's kernel: do not ask 20,000 times for a clock that the machine lacks,
# and print no warnings between the lines that are read from the console.
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

# skip_all WHY: skips the whole test
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

# watch EVENT: starts to count its exits by vCPU and reason
watch() {
	echo hist:keys=vcpu_id,exit_reason:size=1024 >"$events/$1/trigger"
}

unwatch() {
	echo '!hist:keys=vcpu_id,exit_reason:size=1024' >"$events/$1/trigger"
}

# witness EVENT [VCPU]: a line with reason and count for each reason, of all vCPUs or of one.
# VMX's reasons are the low 16 bits, SVM's are in hex. If the histogram had no room for some
# exits, there is a line "dropped", so that the comparison with a table fails.
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

# table COLUMN [FILE]: a line with reason and number for each row that is not 0, of FILE or
# of the host's table
table() {
	awk -v column="$1" '!/^#/ && $column { print $1, $column }' "${2:-$kvm/exit_stats}"
}

sum() {
	awk '{ sum += $2 } END { print sum + 0 }' "$1"
}

# header KEY [FILE]: a number of the header of FILE, or of the host's table
header() {
	sed -n "1s/.* $1=\([0-9]*\).*/\1/p" "${2:-$kvm/exit_stats}"
}

# same WITNESS TABLE: compares two lists of reason and count, and shows the difference
same() {
	diff "$1" "$2" >/tmp/diff
	result=$?
	sed 's/^/# /' /tmp/diff
	return $result
}
