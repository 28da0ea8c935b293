#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Loads our modules without unrestricted guests for "invalid_guest_state", then as before.

# shellcheck source-path=SCRIPTDIR source=lib/shell.sh
. /tests/shell.sh

[ $vendor = vmx ] || skip_all "with SVM there is no guest state that KVM has to emulate"

reload kvm_intel.unrestricted_guest=0
/tests/invalid_guest_state
status=$?
reload
exit $status
