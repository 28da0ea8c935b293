# SPDX-License-Identifier: GPL-2.0-only
#
# What load and unload share: who this host is, which KVM is loaded, who uses
# it, and how modules go out and in. Sourced from the same folder, never run.
#
# POSIX sh with either kmod and coreutils or busybox: the very same files run
# on a real host and in the emulated one. Nothing is changed by anything above
# "Changing".
# shellcheck shell=sh
# shellcheck disable=SC2034 # variables are for those that source this

PROGRAM=${0##*/}
RELEASE=$(uname -r)

say() {
	printf '%s\n' "$*"
}

# refuse REASON WAY-OUT: before anything was changed
refuse() {
	printf '%s: refused, nothing was changed: %s\n' "$PROGRAM" "$1" >&2
	printf '%s: the way out: %s\n' "$PROGRAM" "$2" >&2
	exit 1
}

# give_up REASON: after something was changed
give_up() {
	printf '%s: failed: %s\n' "$PROGRAM" "$1" >&2
	exit 1
}

# ---- The host

need_root() {
	[ "$(id -u)" -eq 0 ] ||
		refuse "this needs root" "run it as root: sudo make $PROGRAM"
}

# find_vendor: sets $vendor to the module that this CPU takes
find_vendor() {
	if grep -q '^flags.* vmx\( \|$\)' /proc/cpuinfo; then
		vendor=kvm_intel
	elif grep -q '^flags.* svm\( \|$\)' /proc/cpuinfo; then
		vendor=kvm_amd
	else
		refuse "this CPU has neither VT-x (vmx) nor AMD-V (svm) in /proc/cpuinfo" \
			"switch it on in the firmware's set-up, or use the emulated host: make demo"
	fi
}

# A kernel that wants signatures says so in one of two places.
signature_wanted_by() {
	if grep -qs '\[\(integrity\|confidentiality\)\]' /sys/kernel/security/lockdown; then
		say "the kernel is locked down (Secure Boot, or lockdown= at boot)"
	elif grep -qs '^[Y1]' /sys/module/module/parameters/sig_enforce; then
		say "the kernel runs with module.sig_enforce"
	fi
}

# ---- What is loaded

loaded() {
	[ -d "/sys/module/$1" ]
}

# Only our kvm has this parameter.
ours_loaded() {
	[ -e /sys/module/kvm/parameters/exit_stats ]
}

# A vendor module with our hooks makes the host's files.
hooks_loaded() {
	[ -e /sys/kernel/debug/kvm/exit_stats ] || ! [ -d /sys/kernel/debug/kvm ]
}

loaded_vendors() {
	for module in kvm_intel kvm_amd; do
		! loaded "$module" || say "$module"
	done
}

need_loadable() {
	for module in kvm kvm_intel kvm_amd; do
		if loaded "$module" && ! [ -e "/sys/module/$module/refcnt" ]; then
			refuse "$module is built into this kernel" \
				"boot a kernel that has it as a module"
		fi
	done
}

# ---- Who uses it

# name_of PID: its program, and the guest's name where QEMU was given one
name_of() {
	program=$(cat "/proc/$1/comm" 2>/dev/null) || program="already gone"
	guest=$(tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null |
		sed -n '/^-name$/ { n; s/^guest=//; s/,.*//; p; q; }')
	say "$program${guest:+, guest $guest}"
}

# A line: pid, fd, what it is open on. One ls for all, as a host may have very
# many open files.
kvm_files() {
	# shellcheck disable=SC2012 # only names that KVM gave are looked at
	ls -l /proc/[0-9]*/fd 2>/dev/null | awk '
		/^\/proc\/[0-9]+\/fd:$/ { split($0, path, "/"); pid = path[3] }
		NF > 3 && $(NF - 1) == "->" && $NF ~ /^(\/dev\/kvm$|anon_inode:.?kvm-|\/sys\/kernel\/debug\/kvm\/)/ {
			print pid, $(NF - 2), $NF
		}'
}

refuse_running_vm() {
	refuse "a VM runs: process $1 ($(name_of "$1")), known by $2" \
		"shut it down or migrate it, then try again"
}

# Tells who holds the modules, VMs before all else; called when someone does.
refuse_user() {
	files=$(kvm_files)
	vm=$(say "$files" | grep 'anon_inode:.\{0,1\}kvm-v' | head -n 1)
	if [ -n "$vm" ]; then
		# shellcheck disable=SC2086 # three words
		set -- $vm
		refuse_running_vm "$1" "its file descriptor $2, $3"
	fi
	# A VM's file descriptors can be closed while its memory maps keep it.
	mapping=$(grep -ls 'anon_inode:.\{0,1\}kvm-v' /proc/[0-9]*/maps | head -n 1)
	if [ -n "$mapping" ]; then
		mapping=${mapping#/proc/}
		refuse_running_vm "${mapping%/maps}" "a mapping of a vCPU"
	fi
	for folder in /sys/kernel/debug/kvm/[0-9]*-[0-9]*; do
		[ -d "$folder" ] || continue
		creator=${folder##*/}
		refuse_running_vm "${creator%-*}" "$folder"
	done
	if [ -n "$files" ]; then
		# shellcheck disable=SC2046 # three words
		set -- $(say "$files" | head -n 1)
		refuse "process $1 ($(name_of "$1")) has $3 open" \
			"end that process, then try again"
	fi
	refuse "$module is in use ($users references) by something in the kernel" \
		"lsmod and dmesg may tell by what; a reboot frees it"
}

# need_idle: refuses while anything but KVM's own modules uses them
need_idle() {
	for module in kvm_intel kvm_amd kvm; do
		loaded "$module" || continue
		users=$(cat "/sys/module/$module/refcnt")
		for holder in "/sys/module/$module/holders"/*; do
			[ -e "$holder" ] || continue
			holder=${holder##*/}
			users=$((users - 1))
			case $holder in
			kvm_intel | kvm_amd) continue ;;
			esac
			refuse "the module $holder uses $module" \
				"take it out first: modprobe -r $holder"
		done
		[ "$users" -le 0 ] || refuse_user
	done
}

# ---- Changing

# run COMMAND...: keeps what it says, and the kernel's last words, in $words
run() {
	if words=$("$@" 2>&1); then
		return 0
	fi
	words="${words:-$1 failed}; last in the kernel log: $(dmesg | tail -n 1)"
	return 1
}

# take_out: the vendor's module, then kvm. Fails with $words where one of them
# stays.
take_out() {
	for module in $(loaded_vendors) kvm; do
		! loaded "$module" || run rmmod "$module" || return 1
	done
}

# put_in MODULE...: the distribution's, configured as it configures them
put_in() {
	for module in "$@"; do
		run modprobe "$module" || return 1
	done
}
