#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What only a KVM that is changed for it can show (variants/test-only.patch). Are cycles
# what they say? With handlers that are slower by exactly 1000 instructions, a cycle each
# in Bochs, min, max and total rise by that number an exit. And entries that fail for what
# is KVM's alone, and a vCPU for which there is no memory. Loads those modules for it, then
# ours again.

variant=/exit-stats/build/modules/$(uname -r)+test-only
# shellcheck source-path=SCRIPTDIR source=lib/shell.sh
. /tests/shell.sh

[ -d "$variant" ] || skip_all "the matrix builds no KVM for tests only"

# In QEMU's TCG, which has AMD-V, a tick is no instruction; and the entries are VMX's.
status=0
if [ $vendor = vmx ]; then
	cpuid=$(/tests/exit_cost cpuid)
	wrmsr=$(/tests/exit_cost wrmsr)
fi
reload -d "$variant"
# shellcheck disable=SC2086 # three numbers
if [ $vendor = vmx ]; then
	/tests/exit_cost cpuid $cpuid 1000 || status=1
	/tests/exit_cost wrmsr $wrmsr 1000 || status=1
	/tests/failed_entry || status=1
fi
/tests/no_memory || status=1
reload
exit $status
