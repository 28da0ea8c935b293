# SPDX-License-Identifier: GPL-2.0-only
#
# Compares figures (first file) with goals (second file). Prints one line for each goal:
#
#	awk -v parts="PART ..." -f judge.awk figures.tsv goals
#
# A verdict is met, MISSED, MISSING (these parts should have measured more figures), or
# unmeasured (no part measures any).

BEGIN {
	FS = OFS = "\t"
	print "verdict", "bound", "worst", "figure", "figures", "goal"
}

function regex(pattern) {
	gsub(/[.+()|^$]/, "\\\\&", pattern)
	gsub(/\*/, ".*", pattern)
	return "^" pattern "$"
}

function all_measured(some,	n, part, i) {
	n = split(some, part, "+")
	for (i = 1; i <= n; i++)
		if (!index(" " parts " ", " " part[i] " "))
			return 0
	return 1
}

# How many figures the measured parts have, of "PARTS:N PARTS:N ..."
function expected(measured_by,	n, each, i, of, sum) {
	n = split(measured_by, each, " ")
	for (i = 1; i <= n; i++) {
		split(each[i], of, ":")
		if (all_measured(of[1]))
			sum += of[2]
	}
	return sum + 0
}

NR == FNR { value[$1] = $2; next }
/^#/ || NF < 5 { next }

{
	bound = $2
	either_way = gsub(/[|]/, "", bound)
	limit = bound + $3
	found = 0
	worst = at = "-"
	for (name in value) {
		if (name !~ regex($1))
			continue
		found++
		v = either_way && value[name] < 0 ? -value[name] : value[name] + 0
		if (at == "-" || v > worst || (v == worst && name < at)) {
			worst = v
			at = name
		}
	}
	wanted = expected($4)
	verdict = !wanted ? "unmeasured" : found && worst > limit ? "MISSED" : \
		found < wanted ? "MISSING" : "met"
	print verdict, either_way ? limit : bound, worst, at, found " of " wanted, $5
}
