# SPDX-License-Identifier: GPL-2.0-only
#
# Holds figures ("derive.awk"; the first file) against selftests/bench/cost/goals (the second): a
# line each, fields by tabs: verdict, name, figure, goal, record, what it is, why it
# is more than the goal, row, the row's goal. With -v parts=" PART ... " what no such
# part measures is "unmeasured"; without it, all is to be there.

BEGIN { FS = OFS = "\t" }

NR == FNR { figure[$1] = $2; next }
/^#/ || NF < 2 { next }

$1 == "=" {
	part = $2
	row = $3
	if ($4 != "")
		words[row] = $4
	next
}

# Of "quick" only CPUID exits are.
function requested(name,	n, one, i) {
	if (parts == "")
		return 1
	n = split(part, one, "+")
	for (i = 1; i <= n; i++)
		if (!index(parts, " " one[i] " ") && !(one[i] == "exits" && name ~ /cpuid$/ && index(parts, " quick ")))
			return 0
	return 1
}

# Where a figure is exact, half an instruction to either side is not the same. Of
# thousands of instructions it is not that exact: a walk over 64 vCPUs is the same
# within 2, and one instruction more in it is 64.
function verdict(value, goal, record, why,	slack, same) {
	slack = record == "-" ? 0 : 0.5
	same = record > 500 ? record / 1000 : slack
	if (goal != "-" && value > goal + slack && why == "")
		return "MISSED"
	if (record != "-" && value > record + same)
		return "WORSE"
	if (record != "-" && value < record - same)
		return "BETTER"
	return goal != "-" && value > goal + slack ? "floor" : "met"
}

{
	there = $1 in figure
	print there ? verdict(figure[$1], $2, $3, $5) : requested($1) ? "MISSING" : "unmeasured", \
		$1, there ? figure[$1] : "-", $2, $3, $4, $5, row, words[row]
}
