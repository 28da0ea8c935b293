# SPDX-License-Identifier: GPL-2.0-only
#
# From the figures as measured to those of bench/goals: name and value a line.
# Fields by tabs; the first is the mitigations= of that host, "off" without a
# prefix in the names.

BEGIN { FS = "\t" }

function say(name, value) {
	printf "%s%s\t%.2f\n", $1 == "off" ? "" : $1 ":", name, value
}

# Ours, and the control, against stock: instructions more an exit.
$2 == "exit" && $3 == "stock" { stock[$1, $4] = $5 }
$2 == "exit" && $3 ~ /^(control|off|on)$/ { say($3 "/" $4, $5 - stock[$1, $4]) }

# A batch in which the log shows no dump tells nothing.
$2 == "dump" && $4 == 0 { say("dump-" $3 "/" $5, $7 ? $6 : 1e9) }
$2 == "dump" && $4 != 0 && $3 == 1 { say("dump-" $3 "-held/" $5, $6) }

# Of a number of vCPUs there are two readings, the second with more rows in use.
$2 == "table" && !(($3, $4) in few) {
	few[$3, $4] = $7
	used[$3, $4] = $5
	unused[$3, $4] = $6
	next
}
$2 == "table" && $4 > 1 {
	row = ($7 - few[$3, $4]) / ($5 - used[$3, $4])
	say($3 "-used/" $4, row)
	say($3 "-unused/" $4, (few[$3, $4] - few[$3, 1] - row * (used[$3, $4] - used[$3, 1])) /
		(unused[$3, $4] - unused[$3, 1]))
}

# The dearest leaf.
$2 == "leaf" && $6 > leaf[$3, $5] { leaf[$3, $5] = $6 }

# Bytes a vCPU more than stock, of what is charged.
$2 == "memory" && !($3 in bytes) { bytes[$3] = $5; all[$3] = $6; vcpus[$3] = $4; next }
$2 == "memory" {
	bytes[$3] = ($5 - bytes[$3]) / ($4 - vcpus[$3])
	all[$3] = ($6 - all[$3]) / ($4 - vcpus[$3])
}

$2 == "static" && $3 == "control" { rdtsc = $4; lock = $5 }
$2 == "static" && $3 == "ours" {
	say("static/rdtsc", $4 - rdtsc)
	say("static/lock", $5 - lock)
}

END {
	$1 = "off"
	for (what in leaf) {
		split(what, part, SUBSEP)
		say("leaf-" part[1] "/" part[2], leaf[what])
	}
	if ("ours" in bytes && "stock" in bytes) {
		say("memory/record", bytes["ours"] - bytes["stock"])
		say("memory/all", all["ours"] - all["stock"])
	}
}
