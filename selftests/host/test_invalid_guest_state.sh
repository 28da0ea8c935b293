#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Loads our modules without unrestricted guests for "invalid_guest_state", then as before.

scripts=/exit-stats/tools/modules
# shellcheck source-path=SCRIPTDIR source=lib/shell.sh
. /tests/shell.sh

[ $vendor = vmx ] || skip_all "with SVM there is no guest state that KVM has to emulate"

reload() {
	$scripts/unload >/tmp/output 2>&1 && $scripts/load "$@" >/tmp/output 2>&1 && return
	sed 's/^/# /' /tmp/output
	echo "not ok - load $*"
	exit 1
}

reload kvm_intel.unrestricted_guest=0
/tests/invalid_guest_state
status=$?
reload
exit $status
