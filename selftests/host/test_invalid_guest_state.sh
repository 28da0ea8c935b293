#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs invalid_guest_state with our modules loaded without unrestricted guests.

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh

[ $vendor = vmx ] || skip_all "with SVM KVM emulates no guest state"

reload kvm_intel.unrestricted_guest=0
/tests/invalid_guest_state
status=$?
reload
exit $status
