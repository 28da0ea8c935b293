# SPDX-License-Identifier: GPL-2.0-only
#
# Joins the rows of instructions.awk: consecutive instructions of one event, place and purpose become
# one row, or several if the instructions are many. Prints, tab separated: way, event, the
# numbers of the instructions, place, purpose, instructions.

BEGIN { FS = OFS = "\t" }

function flush() {
	if (all)
		print way, event, first == last ? first : first "-" last, place, purpose, all
	all = ""
}

$2 != event || $7 != place || $6 != purpose || length(all) + length($8) > 90 { flush() }
!all {
	way = $1
	event = $2
	first = $3
	purpose = $6
	place = $7
}
{
	last = $3
	all = all (all ? "; " : "") $8
}

END { flush() }
