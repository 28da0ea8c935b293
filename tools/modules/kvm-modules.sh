# SPDX-License-Identifier: GPL-2.0-only
#
# Functions of load and unload: questions about this host, the loaded KVM and its
# users, and the removal and insertion of modules. Sourced from the same folder,
# never run.
#
# POSIX sh with either kmod and coreutils or busybox: the same files run on a real
# host and in the emulated one. Only the functions below "Changing" change anything.
# shellcheck shell=sh
# shellcheck disable=SC2034 # variables are for those that source this

PROGRAM=${0##*/}
RELEASE=$(uname -r)

say() {
	printf '%s\n' "$*"
}

# refuse REASON RESOLUTION: ends the program before anything was changed
refuse() {
	printf '%s: refused, nothing was changed: %s\n' "$PROGRAM" "$1" >&2
	printf '%s: to resolve this: %s\n' "$PROGRAM" "$2" >&2
	exit 1
}

# give_up REASON RESOLUTION: ends the program after something was changed
give_up() {
	printf '%s: failed: %s\n' "$PROGRAM" "$1" >&2
	printf '%s: to resolve this: %s\n' "$PROGRAM" "$2" >&2
	exit 1
}

# command_for build|load|unload: what the user types, in a clone or with the package
command_for() {
	case $TOP,$1 in
	/usr/share/kvm-exit-stats,*) say "kvm-exit-stats-modules $1" ;;
	*,build) say "make modules KREL=$RELEASE" ;;
	*) say "make $1" ;;
	esac
}

# ---- The host

need_root() {
	[ "$(id -u)" -eq 0 ] ||
		refuse "this needs root" "run it as root: sudo $(command_for "$PROGRAM")"
}

# find_vendor: sets $vendor to the module that this CPU takes
find_vendor() {
	if grep -q '^flags.* vmx\( \|$\)' /proc/cpuinfo; then
		vendor=kvm_intel
	elif grep -q '^flags.* svm\( \|$\)' /proc/cpuinfo; then
		vendor=kvm_amd
	else
		refuse "/proc/cpuinfo lists neither vmx (VT-x) nor svm (AMD-V)" \
			"enable virtualization in the firmware setup, or use the emulated host: make demo"
	fi
}

# A kernel that accepts only signed modules says so in one of two places.
signature_wanted_by() {
	if grep -qs '\[\(integrity\|confidentiality\)\]' /sys/kernel/security/lockdown; then
		say "the kernel is locked down (Secure Boot, or lockdown= at boot)"
	elif grep -qs '^[Y1]' /sys/module/module/parameters/sig_enforce; then
		say "the kernel runs with module.sig_enforce"
	fi
}

# running_version: the Debian version of the running kernel, or nothing if it is no Debian kernel.
# Two versions can have the same release and other structures in KVM.
running_version() {
	uname -v | sed -n 's/.* Debian \([^ ]*\).*/\1/p'
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
				"boot a kernel that has $module as a module, as Debian's have"
		fi
	done
}

# ---- The users of the modules

# name_of PID: the process's program, and the guest's name if QEMU's arguments have one
name_of() {
	program=$(cat "/proc/$1/comm" 2>/dev/null) || program="already gone"
	guest=$(tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null |
		sed -n '/^-name$/ { n; s/^guest=//; s/,.*//; p; q; }')
	say "$program${guest:+, guest $guest}"
}

# Prints a line for each open file of KVM: pid, fd, file. Calls ls only once, because
# a host may have very many open files.
kvm_files() {
	# shellcheck disable=SC2012 # only names that KVM chose are parsed
	ls -l /proc/[0-9]*/fd 2>/dev/null | awk '
		/^\/proc\/[0-9]+\/fd:$/ { split($0, path, "/"); pid = path[3] }
		NF > 3 && $(NF - 1) == "->" && $NF ~ /^(\/dev\/kvm$|anon_inode:.?kvm-|\/sys\/kernel\/debug\/kvm\/)/ {
			print pid, $(NF - 2), $NF
		}'
}

refuse_running_vm() {
	refuse "a VM is running: process $1 ($(name_of "$1")), found by $2" \
		"shut the VM down or migrate it to another host, then try again"
}

# Called when the modules are in use: names one user, if possible a VM.
refuse_user() {
	files=$(kvm_files)
	vm=$(say "$files" | grep 'anon_inode:.\{0,1\}kvm-v' | head -n 1)
	if [ -n "$vm" ]; then
		# shellcheck disable=SC2086 # three words
		set -- $vm
		refuse_running_vm "$1" "its file descriptor $2, $3"
	fi
	# A process can close all file descriptors of its VM and keep a mapping of a vCPU.
	mapping=$(grep -ls 'anon_inode:.\{0,1\}kvm-v' /proc/[0-9]*/maps | head -n 1)
	if [ -n "$mapping" ]; then
		mapping=${mapping#/proc/}
		refuse_running_vm "${mapping%/maps}" "a mapping of a vCPU"
	fi
	for folder in /sys/kernel/debug/kvm/[0-9]*-[0-9]*; do
		[ -d "$folder" ] || continue
		creator=${folder##*/}
		refuse_running_vm "${creator%-*}" "the folder $folder"
	done
	if [ -n "$files" ]; then
		# shellcheck disable=SC2046 # three words
		set -- $(say "$files" | head -n 1)
		refuse "process $1 ($(name_of "$1")) has $3 open" \
			"stop that process, then try again"
	fi
	# A command that counts by BPF holds the module by its programs, without an open file.
	for process in /proc/[0-9]*; do
		[ "$(cat "$process/comm" 2>/dev/null)" = kvm-exit-stats ] || continue
		refuse "process ${process#/proc/} (kvm-exit-stats) counts by BPF" \
			"stop it, then try again; the service: systemctl stop kvm-exit-stats-bpf"
	done
	refuse "$module is in use ($users references), but not by a VM or an open file of KVM" \
		"stop programs that trace KVM (perf, bpftrace, PCP's pmdakvm), then try again; \
lsmod and dmesg may name another user; a reboot frees $module"
}

# An enabled trace event, or one with a trigger, holds no reference on its module. If the
# module is removed, the kernel warns, and panics with panic_on_warn.
need_no_tracing() {
	for traced in /sys/kernel/tracing/events/kvm /sys/kernel/tracing/events/kvmmmu; do
		[ -e "$traced/enable" ] || continue
		if ! grep -qx 0 "$traced/enable" || grep -qsv '^#' "$traced"/*/trigger; then
			refuse "trace events of ${traced##*/} are in use" \
				"end the tracer, then: echo 0 >$traced/enable; triggers are in $traced/*/trigger"
		fi
	done
}

# need_idle: refuses if anything other than KVM's own modules uses these modules
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
				"remove $holder first: modprobe -r $holder"
		done
		[ "$users" -le 0 ] || refuse_user
	done
	need_no_tracing
}

# ---- Changing

# run COMMAND...: if the command fails, $words has its output and the kernel log's last line
run() {
	if words=$("$@" 2>&1); then
		return 0
	fi
	words="${words:-$1 failed}; the kernel log ends with: $(dmesg | tail -n 1)"
	return 1
}

# take_out: removes the vendor's module, then kvm. Fails if one of them stays loaded;
# the reason is in $words.
take_out() {
	for module in $(loaded_vendors) kvm; do
		! loaded "$module" || run rmmod "$module" || return 1
	done
}

# put_in MODULE...: loads the distribution's modules, with modprobe's configuration
put_in() {
	for module in "$@"; do
		run modprobe "$module" || return 1
	done
}
