#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Are cycles what they say? With a CPUID handler that is slower by exactly 1000
# instructions, a cycle each in Bochs, min, max and total rise by that number an
# exit. Loads those modules for it (variants/slow-cpuid.patch), then ours again.

scripts=/exit-stats/scripts
# shellcheck source-path=SCRIPTDIR source=lib/shell.sh
. /tests/shell.sh

[ $vendor = vmx ] || skip_all "in QEMU's TCG a tick is no instruction"
[ -d "/exit-stats/slow/$(uname -r)" ] || skip_all "the matrix builds no slower KVM"

# change ARGUMENTS-OF-LOAD...
change() {
	$scripts/unload >/tmp/output 2>&1 && $scripts/load "$@" >/tmp/output 2>&1 && return
	sed 's/^/# /' /tmp/output
	echo "not ok - load $*"
	exit 1
}

base=$(/tests/exit_cost)
change -d "/exit-stats/slow/$(uname -r)"
# shellcheck disable=SC2086 # three numbers
/tests/exit_cost $base 1000
status=$?
change
exit $status
