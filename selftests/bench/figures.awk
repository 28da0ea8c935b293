# SPDX-License-Identifier: GPL-2.0-only
#
# Computes the figures of "goals" from the parts' rows. Prints lines of name and value. A
# name is GROUP/WHAT, or GROUP/WHAT/auto with mitigations=auto.

BEGIN {
	FS = "\t"
	print "figure\tvalue"
}

function say(name, value) {
	printf "%s\t%.2f\n", name, value
}

FNR == 1 {
	part = FILENAME
	gsub(/.*\/|\.tsv$/, "", part)
	header = 1
}
/^#/ { next }
header { header = 0; next }

part == "listing" {
	is_rdtsc = $3 ~ /^rdtsc/
	rdtsc += is_rdtsc && $1 != "reentry"
	locked += $3 ~ /^(lock|xchg .*\()/
	listed[$1]++
}

# $5 is the difference to stock KVM, $6 how far the figure is from exact.
part ~ /^(quick|exits|auto)$/ && $2 ~ /^(stock|control|off|on)$/ {
	suffix = $1 == "auto" ? "/auto" : ""
	if ($2 != "stock")
		say($2 "/" $3 suffix, $5)
	more[$2, $3 suffix] = $5
	if ($2 == "on")
		kinds[$3 suffix]
	if (!(suffix in inexact) || $6 > inexact[suffix])
		inexact[suffix] = $6
}

part == "by_bpf" && $2 != "stock" { say($2 "/" $3, $5) }

part == "dumps" { say("dump-" $2 ($3 == 0 ? "" : "-held") "/" $1 "/" $4, $5) }

# Each number of vCPUs has two readings, the second with more rows in use. The cost of a
# vCPU itself is included in the cost of its unused rows.
part == "tables" && !(($1, $2) in ticks) {
	ticks[$1, $2] = $5
	used[$1, $2] = $3
	unused[$1, $2] = $4
	next
}
part == "tables" {
	row = ($5 - ticks[$1, $2]) / ($3 - used[$1, $2])
	say($1 "-used/" $2, row)
	if ($2 > 1)
		say($1 "-unused/" $2, (ticks[$1, $2] - ticks[$1, 1] - row * (used[$1, $2] - used[$1, 1])) / \
			(unused[$1, $2] - unused[$1, 1]))
}

# The most expensive leaf.
part == "leaves" {
	leaf = $3 "/" $1
	if (!(leaf in dearest) || $4 > dearest[leaf])
		dearest[leaf] = $4
}

# Bytes per vCPU: the slope between two numbers of vCPUs, minus the same slope on stock KVM.
part == "memory" {
	for (i = 3; i <= 5; i++) {
		slope[$1, i] = ($i - bytes[$1, i]) / ($2 - vcpus[$1])
		bytes[$1, i] = $i
	}
	vcpus[$1] = $2
}

# The goal is for 200 VMs; 50 are measured.
part == "baselines" {
	say("baselines/bytes", 4 * $2)
	say("baselines/charged", $3)
}

# In percent of what an exit costs one thread.
part == "native" && $7 == "-" { incomplete = 1 }
part == "native" && $3 == 1 { one[$1, $2] = $7 }
part == "native" && $3 > 1 && 100 * $7 / one[$1, $2] > threads[$2] { threads[$2] = 100 * $7 / one[$1, $2] }

END {
	if ("start" in listed) {
		exits = listed["start"] + listed["end"] - rdtsc
		say("listing/instructions", exits)
		say("listing/rdtsc", rdtsc)
		say("listing/locked", locked)
	}
	for (suffix in inexact)
		say("inexact/exits" suffix, inexact[suffix])
	# On, an exit executes the listed instructions. Off, it executes two jumps in place
	# of the two NOPs of the static keys.
	for (kind in kinds) {
		if (!exits || !(("off", kind) in more))
			continue
		of = kind ~ /^deadline/ ? listed["start"] + listed["reentry"] : exits + rdtsc
		say("switch/" kind, more["on", kind] - more["off", kind] - (of - 2))
	}
	for (leaf in dearest)
		say("leaf/" leaf, dearest[leaf])
	if ("ours" in vcpus && "stock" in vcpus) {
		record = slope["ours", 3] - slope["stock", 3]
		slab = slope["ours", 4] - slope["stock", 4]
		say("memory/record", record)
		say("memory/slab", slab)
		say("memory/rest", slope["ours", 5] - slope["stock", 5] - record - slab)
	}
	if (!incomplete)
		for (mode in threads)
			say("threads/" mode, threads[mode])
}
