# SPDX-License-Identifier: GPL-2.0-only
#
# Resolves which kernel is meant, for all other files. kernel/series is the table of series;
# KERNEL= names a series, KREL= a release. Sourced after lib.sh.
#
# shellcheck shell=sh
# shellcheck disable=SC2034 # variables are for those that source this

# of_series SERIES COLUMN: the field of kernel/series
of_series() {
	awk -v series="$1" -v column="$2" '
		/^# series\t/ { for (i = 2; i <= NF; i++) at[$i] = i - 1 }
		$1 == series && column in at { print $at[column]; found = 1 }
		END { exit !found }' "$TOP/kernel/series" ||
		die "kernel/series has no series $1; it has: $(all_series | paste -sd ' ')"
}

all_series() {
	sed -n '/^[0-9]/s/[[:blank:]].*//p' "$TOP/kernel/series"
}

first_series() {
	all_series | head -n 1
}

# has_quirk SERIES QUIRK
has_quirk() {
	of_series "$1" quirks | tr , '\n' | grep -qxF -e "$2"
}

# needs_chroot SERIES: a chroot of its suite has the compiler; this machine does not
needs_chroot() {
	has_quirk "$1" chroot && ! command -v "$(of_series "$1" compiler)" >/dev/null
}

# series_of RELEASE: finds the series by the release's numbers and mark, such as 6.12 for
# 6.12.9+deb12-cloud-amd64. A series in place of a release is an error: it has no headers. Kernels
# of the flavour rt-amd64 have no series: nothing was tested on them.
series_of() {
	awk -v release="$1" '
		/^# series\t/ { for (i = 2; i <= NF; i++) at[$i] = i - 1 }
		!/^[0-9]/ || release !~ /-amd64$/ || release ~ /-rt-amd64$/ { next }
		{
			version = $1
			numbers = release
			sub(/-.*/, "", version)
			sub(/[-+].*/, "", numbers)
			mark = match(release, /\+[a-z0-9]+/) ? substr(release, RSTART, RLENGTH) : "-"
		}
		index(numbers ".", version ".") == 1 && mark == $at["mark"] { print $1; found = 1; exit }
		END { exit !found }' "$TOP/kernel/series" ||
		die "kernel/series has no series for '$1': a release looks like 6.1.0-9-amd64; KERNEL= takes a series"
}

# own_suite: the suite that this machine runs
own_suite() {
	(. /etc/os-release && say "$VERSION_CODENAME")
}

# use_suite SUITE: makes apt use that suite from now on, with separate lists, so that the
# machine's lists do not change. The archive is the one that the machine is configured for. An
# expired index is accepted, because all packages of a kernel are taken in one version.
# Signatures are checked.
use_suite() {
	[ "$1" != "$(own_suite)" ] || return 0
	apt_root=$BUILD/apt/$1
	mkdir -p "$apt_root/lists/partial" "$apt_root/cache/archives/partial"
	: >"$apt_root/status"
	say "deb [signed-by=$ARCHIVE_KEYS] $(archive_of "$(own_suite)") $1 main" \
		>"$apt_root/sources.list"
	cat >"$apt_root/apt.conf" <<-END
		Dir::State "$apt_root";
		Dir::State::status "$apt_root/status";
		Dir::Cache "$apt_root/cache";
		Dir::Etc::sourcelist "$apt_root/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Acquire::Check-Valid-Until "false";
		Acquire::Languages "none";
		APT::Sandbox::User "$(id -un)";
	END
	export APT_CONFIG="$apt_root/apt.conf"
	[ -n "$(find "$apt_root/lists" -name '*Packages*')" ] || fetch_index
}

ARCHIVE_KEYS=/usr/share/keyrings/debian-archive-keyring.gpg

# archive_of SUITE: the archive that the machine's apt sources name for it
archive_of() {
	# shellcheck disable=SC2016 # apt's own names
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(CODENAME) $(COMPONENT)' \
		'Created-By: Packages' |
		awk -v suite="$1" '$4 == "main" && ($2 == suite || $3 == suite) { print $1; exit }' |
		grep . || die "apt's sources have no line for $1 main"
}

fetch_index() {
	if [ -n "${APT_CONFIG:-}" ]; then
		step "fetch the package index of ${apt_root##*/}" "$LOGS/apt-${apt_root##*/}.log" \
			apt-get update
	else
		"$TOP/scripts/setup" --index
	fi
}

# The kernel release that is meant: $KREL, else the release of series $KERNEL or of the first.
kernel_release() {
	if [ -n "${KREL:-}" ]; then
		say "$KREL"
	else
		release_of "${KERNEL:-$(first_series)}"
	fi
}

# release_of SERIES: the release that kernel/series lists as tested. If the package index no
# longer has that release: the newest one, with a warning. apt takes a second to answer, so
# the answer is kept until the index or the table changes.
release_of() (
	use_suite "$(of_series "$1" suite)" >&2
	answer=$BUILD/kernel/release-$1
	if ! newer "$answer" "${apt_root:-/var/lib/apt}/lists" || ! newer "$answer" "$TOP/kernel/series"; then
		mkdir -p "$BUILD/kernel"
		offered_release "$1" >"$answer.new" || {
			# A machine that never ran apt-get update has no index.
			fetch_index >&2
			offered_release "$1" >"$answer.new"
		} || die "the package index has no kernel of series $1; set KREL="
		mv "$answer.new" "$answer"
	fi
	cat "$answer"
)

# offered_release SERIES: like release_of(), but always asks apt
offered_release() {
	tested=$(of_series "$1" tested)
	if apt-cache pkgnames "linux-headers-$tested" | grep -qxF "linux-headers-$tested"; then
		say "$tested"
		return
	fi
	newest=$(apt-cache depends --important "linux-image-$(of_series "$1" flavour)" 2>/dev/null |
		sed -n 's/^ *Depends: linux-image-\([0-9].*\)$/\1/p' | head -n 1)
	[ -n "$newest" ] || return 1
	warn "the package index no longer has $tested, the tested release; using $newest"
	say "$newest"
}

# tree_of RELEASE [PATCH], modules_of RELEASE [PATCH]: the folder that KVM is built in, and
# the folder of its modules. Both differ with an additional PATCH, and where $STOCK is set.
tree_of() {
	say "$BUILD/kernel/$1/tree$(variant_of "${2:-}")"
}

modules_of() {
	say "$BUILD/modules/$1$(variant_of "${2:-}")"
}

variant_of() {
	say "${STOCK:++stock}${1:++$(basename "$1" .patch)}"
}
