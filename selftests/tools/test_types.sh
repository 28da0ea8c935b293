#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The members of KVM's structures that the BPF programs read (kvm_types.h) exist in the BTF of
# each kernel whose modules are built here, but for those that a series is known to lack: there
# the programs read another member. Prints TAP. Modules of one kernel must be built.

set -u
# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. "$(dirname "$0")/../lib/shell.sh"

top=$(dirname "$0")/../..
build=$top/build
types=$top/tools/kvm-exit-stats/bpf/kvm_types.h
PATH=$PATH:/usr/sbin
command -v bpftool >/dev/null || skip_all "there is no bpftool"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# members FILE: "STRUCT MEMBER" for each member of a structure in C, at any depth, and
# "STRUCT MEMBER" for the constants of kvm_reg. "struct a___b" is a.
members() {
	awk '
	/^(struct|union|enum) [a-z_0-9]+ \{$/ {
		name = $2
		sub(/___.*/, "", name)
		next
	}
	/^\}/ { name = "" }
	name && /^\t/ && !/[{}]/ {
		sub(/\/\*.*/, "")
		# A pointer to a function.
		if (match($0, /\(\*[a-z_0-9]+\)/)) {
			print name, substr($0, RSTART + 2, RLENGTH - 3)
			next
		}
		sub(/ = .*/, "")
		gsub(/\[[0-9]*\]|[;,]/, "")
		gsub(/\*/, " ")
		if (NF)
			print name, $NF
	}' "$1" | sort -u
}

# lacks SERIES: what this series is known not to have
lacks() {
	case $1 in
	6.*) echo "vcpu_vmx vt
vcpu_vt exit_intr_info
vcpu_vt exit_qualification
vcpu_vt exit_reason
kvm_vcpu_arch rip
kvm_reg VCPU_REG_EXIT_INFO_1
kvm_reg VCPU_REG_EXIT_INFO_2" ;;
	*) echo "vcpu_vmx exit_intr_info
vcpu_vmx exit_qualification
vcpu_vmx exit_reason
kvm_reg VCPU_EXREG_EXIT_INFO_1
kvm_reg VCPU_EXREG_EXIT_INFO_2
kvm_reg VCPU_REGS_RIP" ;;
	esac | sort
}

members "$types" >"$work/wanted"
[ "$(wc -l <"$work/wanted")" -gt 25 ]
ok $? "the programs read $(wc -l <"$work/wanted") members"
kernels=0
for folder in "$build"/modules/*; do
	release=${folder##*/}
	vmlinux=$build/kernel/$release/vmlinux
	if [ ! -e "$vmlinux" ] || [ ! -e "$folder/kvm.ko" ]; then
		continue
	fi
	for module in kvm kvm-intel kvm-amd; do
		bpftool -B "$vmlinux" btf dump file "$folder/$module.ko" format c >"$work/$module.h" \
			2>/dev/null
		members "$work/$module.h"
	done | sort -u >"$work/there"
	comm -23 "$work/wanted" "$work/there" >"$work/lacking"
	lacks "$release" >"$work/known"
	cmp -s "$work/lacking" "$work/known"
	result=$?
	kernels=$((kernels + 1))
	ok $result "$release has all of them but those it is known to lack"
	[ $result -eq 0 ] || diff "$work/known" "$work/lacking" | sed 's/^/# /'
done
[ $kernels -gt 0 ]
ok $? "$kernels kernels were looked at"
done_testing
