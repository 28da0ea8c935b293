# SPDX-License-Identifier: GPL-2.0-only
#
# From the figures as measured to those of selftests/bench/cost/goals: name and value a line.
# Fields by tabs; the first is the mitigations= of that host, "off" without a
# prefix in the names.

BEGIN { FS = "\t" }

function say(name, value) {
	printf "%s%s\t%.2f\n", $1 == "off" || $1 == "-" ? "" : $1 ":", name, value
}

$2 == "listing" { listing[$3] = $4 }

# Ours, and the control, against stock: instructions more an exit. How far from exact
# the worst of them is, is two batches' business: ours and stock's.
$2 == "exit" && $3 == "stock" { stock[$1, $4] = $5 }
$2 == "exit" && $3 ~ /^(control|off|on)$/ { say($3 "/" $4, $5 - stock[$1, $4]) }
$2 == "exit" && $3 ~ /^(stock|control|off|on)$/ {
	ours[$1, $3, $4] = $5
	if ($6 > inexact[$1])
		inexact[$1] = $6
}

# What the switch turns on is the listing, less a jump for each of its two NOPs.
$2 == "exit" && $3 ~ /^(off|on)$/ && ($1, "on", $4) in ours && ($1, "off", $4) in ours && "instructions" in listing {
	of = $4 == "deadline" ? listing["reentry"] : listing["instructions"] + listing["rdtsc"]
	say("switch/" $4, ours[$1, "on", $4] - ours[$1, "off", $4] - (of - 2))
}

$2 == "dump" { say("dump-" $4 ($5 == 0 ? "" : "-held") "/" $3 "/" $6, $7) }

# Of a number of vCPUs there are two readings, the second with more rows in use.
# What a vCPU costs by itself is among its rows that are not in use.
$2 == "table" && !(($3, $4) in few) {
	few[$3, $4] = $7
	used[$3, $4] = $5
	unused[$3, $4] = $6
	next
}
$2 == "table" {
	row = ($7 - few[$3, $4]) / ($5 - used[$3, $4])
	say($3 "-used/" $4, row)
	more = few[$3, $4] - few[$3, 1] - row * (used[$3, $4] - used[$3, 1])
	if ($4 > 1)
		say($3 "-unused/" $4, more / (unused[$3, $4] - unused[$3, 1]))
}

# The dearest leaf.
$2 == "leaf" {
	what = $3 "/" $5
	if (!(what in leaf))
		leaf_names[++leaves] = what
	if (!(what in leaf) || $6 > leaf[what])
		leaf[what] = $6
}

# Bytes a vCPU: the slope of what is charged, less stock's.
$2 == "memory" {
	for (i = 5; i <= 7; i++) {
		slope[$3, i] = ($i - bytes[$3, i]) / ($4 - vcpus[$3])
		bytes[$3, i] = $i
	}
	vcpus[$3] = $4
}

$2 == "baselines" {
	say("baselines/bytes", 4 * $4)	# of 50 VMs, for 200
	say("baselines/charged", $5)
}

$2 == "listing" || $2 == "threads" { say($2 "/" $3, $4) }

END {
	$1 = "off"
	for (i = 1; i <= leaves; i++)
		say("leaf-" leaf_names[i], leaf[leaf_names[i]])
	if ("ours" in vcpus && "stock" in vcpus) {
		record = slope["ours", 5] - slope["stock", 5]
		slab = slope["ours", 6] - slope["stock", 6]
		say("memory/record", record)
		say("memory/slab", slab)
		say("memory/rest", slope["ours", 7] - slope["stock", 7] - record - slab)
	}
	for (mitigations in inexact) {
		$1 = mitigations
		say("inexact", inexact[mitigations])
	}
}
