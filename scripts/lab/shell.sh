# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Sourced by the shells of the lab's host and guests; "lab" takes the help from here.

# /init is a script, which does not answer the polite forms.
alias poweroff='poweroff -f' reboot='reboot -f'
# busybox' own cannot follow the log.
[ ! -x /usr/bin/dmesg ] || alias dmesg=/usr/bin/dmesg
# shellcheck disable=SC2034 # for who types
stats=/sys/kernel/debug/kvm/exit_stats
# shellcheck disable=SC2034
params=/sys/module/kvm/parameters

# since OLD [NEW]: what NEW ($stats) has more than OLD, its copy; most frequent first:
# reason, name, exits, cycles, cycles of one exit
since() {
	awk '/^#/ { next }
		FILENAME == ARGV[1] { count[$1] = $3; total[$1] = $4; next }
		{ n = $3 - count[$1]; t = $4 - total[$1] }
		n { printf "%5s %-20s %9d %12.0f %9.0f\n", $1, $2, n, t, int(t / n) }' "$1" "${2:-$stats}" | sort -k 3 -n -r
}

help() {
	cat <<-END
	The upper pane is the GUEST (prompt "guest#"): it reads CPUID leaves.
	The middle one is the HOST (prompt "host#"): it runs KVM, and QEMU with the guest.
	The lower one is the host's kernel log (dmesg -w).

	  guest# kvm-exit-stats-guest        all that the leaves say, as a table
	  guest# cpuid -1 -r -l 0x4fffffff   one leaf, as registers
	  host#  cat \$stats                  the host's table (\$stats is the file in debugfs)

	Next pane: click, or Ctrl-b o.  One pane only, and back: Ctrl-b z.
	Scroll: mouse wheel, or Ctrl-b [ (q ends).  This text: help
	Leave: "poweroff" at host#, or Ctrl-b d. Either ends host and guest.
	END
}
