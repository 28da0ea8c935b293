# SPDX-License-Identifier: GPL-2.0-only
#
# Functions that the scripts of scripts/ and selftests/ share. Those for messages, steps
# and kernels are in tools/modules/. Sourced, never run:
#
#	TOP=$(cd "$(dirname "$0")/.." && pwd)
#	. "$TOP/scripts/lib.sh"
#
# shellcheck shell=sh
# shellcheck disable=SC2034 # variables are for those that source this

. "$TOP/tools/modules/lib.sh"
. "$TOP/tools/modules/kernels.sh"

# emulated_host: sets VENDOR to $HOST, vmx or svm; EMULATOR to the emulator that has it;
# HOST_IS to a description; SUFFIX to the end of the names of the results
emulated_host() {
	VENDOR=${HOST:-vmx}
	case $VENDOR in
	vmx) EMULATOR=bochs HOST_IS="VT-x in Bochs" SUFFIX= ;;
	svm) EMULATOR=qemu HOST_IS="AMD-V in QEMU's TCG" SUFFIX=-svm ;;
	*) die "HOST=$VENDOR is unknown; HOST is vmx or svm" ;;
	esac
}

# package_version: that of the changelog, with the commit's time: a host with modules of another
# commit builds them again
package_version() {
	say "$(dpkg-parsechangelog -l "$TOP/tools/packaging/debian/changelog" -S Version)$(
		git -C "$TOP" -c safe.directory="$TOP" log -1 --date=format:%Y%m%d%H%M \
			--format=+%cd 2>/dev/null)"
}

# commit: prints the commit that is measured, and whether files outside Documentation/ differ
commit() {
	if ! head=$(git -C "$TOP" -c safe.directory="$TOP" describe --always 2>/dev/null); then
		say "no commit"
	elif git -C "$TOP" -c safe.directory="$TOP" diff --quiet HEAD -- . ':!Documentation'; then
		say "$head"
	else
		say "$head with changes"
	fi
}
