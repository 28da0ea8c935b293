# SPDX-License-Identifier: GPL-2.0-only
#
# Holds figures ("derive.awk"; the first file) against bench/goals (the second): a
# line each of those that were measured, fields by tabs: verdict, name, figure,
# goal, before, what it is, why it is more than the goal.

BEGIN { FS = OFS = "\t" }

NR == FNR { figure[$1] = $2; next }
/^#/ || NF < 4 || !($1 in figure) { next }

# One instruction more than before is seen; of larger figures one in a hundred.
function verdict(value, goal, before, why,	slack) {
	slack = before > 1000 ? before / 100 : 0.5
	if (value > before + slack)
		return "WORSE"
	if (value <= goal + 0.5)
		return "met"
	return why == "" ? "MISSED" : "floor"
}

{ print verdict(figure[$1], $2, $3, $5), $1, figure[$1], $2, $3, $4, $5 }
