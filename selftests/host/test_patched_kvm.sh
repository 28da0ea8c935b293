#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What only a patched KVM can show (test-only.patch). Handlers that are slower by exactly 1000
# instructions, of one cycle each in Bochs, raise min, max and total by 1000 an exit. Entries
# fail because of KVM itself, and a vCPU fails for lack of memory. Loads the modules of that
# KVM and then ours again.

variant=/exit-stats/build/modules/$(uname -r)+test-only
# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh

[ -d "$variant" ] || skip_all "the matrix builds no KVM for tests only"

# AMD-V has no such checks: in QEMU's TCG a tick is not an instruction, and only VMX has
# these entries.
status=0
[ $vendor != vmx ] || cost=$(/tests/exit_cost)
reload -d "$variant"
# shellcheck disable=SC2086 # six numbers
if [ $vendor = vmx ]; then
	/tests/exit_cost 1000 $cost || status=1
	/tests/failed_entry || status=1
fi
/tests/no_memory || status=1
reload
exit $status
