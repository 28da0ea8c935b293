# SPDX-License-Identifier: GPL-2.0-only
#
# A Debian in a folder: how it is made, and how commands run in it. Sourced, never run, after
# lib.sh and kernels.sh. The caller sets $LOG.
# shellcheck shell=sh
# shellcheck disable=SC2154 # LOG

# make_root ROOT SUITE OPTION...: a fresh Debian in ROOT, by debootstrap with these options
make_root() {
	root=$1 suite=$2
	shift 2
	archive=$(archive_of "$(own_suite)")
	need_root "debootstrap"
	as_root rm -rf "$root"
	mkdir -p "${root%/*}"
	# Debian 12's debootstrap does not know later suites, so sid's script makes every suite.
	step "make a Debian $suite" "$LOG" as_root debootstrap --force-check-gpg \
		--keyring="$ARCHIVE_KEYS" "$@" "$suite" "$root" "$archive" \
		/usr/share/debootstrap/scripts/sid
	# With updates and security, where new kernels arrive first.
	[ "$suite" != "$(own_suite)" ] ||
		as_root cp -R /etc/apt/sources.list /etc/apt/sources.list.d "$root/etc/apt/" 2>/dev/null || :
}

# in_root ROOT COMMAND...: the command runs there as root, and does not ask. It has /proc, which
# objtool reads.
in_root() {
	# shellcheck disable=SC2016 # for the inner shell
	as_root unshare --mount --propagation private sh -ec '
		root=$1
		shift
		mount -t proc proc "$root/proc"
		exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"' - "$@"
}
