# SPDX-License-Identifier: GPL-2.0-only
#
# What the workshop's scripts share, beside messages, steps and kernels, which are
# those of tools/modules/. Sourced, never run:
#
#	TOP=$(cd "$(dirname "$0")/.." && pwd)
#	. "$TOP/scripts/lib.sh"
#
# shellcheck shell=sh
# shellcheck disable=SC2034 # variables are for those that source this

. "$TOP/tools/modules/lib.sh"
. "$TOP/tools/modules/kernels.sh"

# emulated_host: sets VENDOR to what $HOST asks for, vmx or svm; EMULATOR to what
# emulates it; HOST_IS to what that is; SUFFIX to what the names of its results end in
emulated_host() {
	VENDOR=${HOST:-vmx}
	case $VENDOR in
	vmx) EMULATOR=bochs HOST_IS="VT-x in Bochs" SUFFIX= ;;
	svm) EMULATOR=qemu HOST_IS="AMD-V in QEMU's TCG" SUFFIX=-svm ;;
	*) die "HOST=$VENDOR: there are vmx and svm" ;;
	esac
}

# commit: what is measured, for the papers, which are no part of it
commit() {
	if ! head=$(git -C "$TOP" -c safe.directory="$TOP" describe --always 2>/dev/null); then
		say "no commit"
	elif git -C "$TOP" -c safe.directory="$TOP" diff --quiet HEAD -- . ':!Documentation'; then
		say "$head"
	else
		say "$head with changes"
	fi
}
