# SPDX-License-Identifier: GPL-2.0-only
#
# From the figures as measured to those of bench/goals: name and value a line.
# Fields by tabs; the first is the mitigations= of that host, "off" without a
# prefix in the names.

BEGIN { FS = "\t" }

function say(name, value) {
	printf "%s%s\t%.2f\n", $1 == "off" || $1 == "-" ? "" : $1 ":", name, value
}

# Ours, and the control, against stock: instructions more an exit.
$2 == "exit" && $3 == "stock" { stock[$1, $4] = $5 }
$2 == "exit" && $3 ~ /^(control|off|on)$/ { say($3 "/" $4, $5 - stock[$1, $4]) }

$2 == "dump" && $4 == 0 { say("dump-" $3 "/" $5, $6) }
$2 == "dump" && $4 != 0 { say("dump-" $3 "-held/" $5, $6) }

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

# Another vCPU's exits, while a guest does nothing but read a leaf.
$2 == "reader" { reader[$3] = $4 }

# Bytes a vCPU: the slope of what is charged.
$2 == "memory" && !($3 in vcpus) { vcpus[$3] = $4; bytes[$3] = $5; all[$3] = $6; next }
$2 == "memory" {
	bytes[$3] = ($5 - bytes[$3]) / ($4 - vcpus[$3])
	all[$3] = ($6 - all[$3]) / ($4 - vcpus[$3])
}

$2 == "listing" || $2 == "threads" { say($2 "/" $3, $4) }

END {
	$1 = "off"
	for (i = 1; i <= leaves; i++)
		say("leaf-" leaf_names[i], leaf[leaf_names[i]])
	for (what in reader)
		if (what != 0)
			say("reader/" what, reader[what] - reader[0])
	if ("ours" in bytes && "stock" in bytes) {
		say("memory/vmalloc", bytes["ours"] - bytes["stock"])
		say("memory/all", all["ours"] - all["stock"])
	}
}
