# SPDX-License-Identifier: GPL-2.0-only
#
# Draws a table (table -t) as a picture in SVG, with one or more bars for each row:
#
#	awk -v shape=SHAPE -v title=TEXT -f bars.awk TABLE
#
# stacked: a bar of all columns, with its sum. logarithmic: a bar for each column, with
# its value, from 1 to the largest.

BEGIN {
	split("#0060ad #c03028 #2e8b57 #e0a020 #7a4f9a #999999", colour, " ")
	LEFT = 110
	WIDTH = 560
	TOP = 50
	BAR = 11
	SMALL = " font-size=\"10\""
}

{
	rows = NR - 1
	for (i = 1; i <= NF; i++)
		cell[rows, i] = $i
	for (i = 2; rows && i <= NF; i++) {
		sum[rows] += $i
		highest = $i > highest ? $i : highest
	}
	longest = sum[rows] > longest ? sum[rows] : longest
}

function text(x, y, what, more) {
	printf "<text x=\"%d\" y=\"%d\"%s>%s</text>\n", x, y, more, what
}

function bar(x, y, width, c) {
	if (width >= 0.5)
		printf "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n", \
			x, y, width + 0.5, BAR, colour[c]
}

END {
	stacked = shape == "stacked"
	step = (stacked ? BAR : BAR * (NF - 1)) + 8
	height = TOP + rows * step
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 %d\" font-family=\"sans-serif\" font-size=\"12\">\n", height
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<rect width=\"760\" height=\"" height "\" fill=\"#fff\"/>"
	text(LEFT, 15, title)
	for (i = 2; i <= NF; x += 30 + 6.5 * length(cell[0, i++])) {
		x = i == 2 ? LEFT : x
		bar(x, 25, BAR, i - 1)
		text(x + 15, 35, cell[0, i], SMALL)
	}
	for (r = 1; r <= rows; r++) {
		y = TOP + (r - 1) * step
		text(LEFT - 6, y + (step - 8) / 2 + 4, cell[r, 1], " text-anchor=\"end\"")
		x = LEFT
		for (i = 2; i <= NF; i++) {
			v = cell[r, i]
			width = WIDTH * (stacked ? v / longest : v > 1 ? log(v) / log(highest) : 0)
			bar(x, y, width, i - 1)
			if (stacked)
				x += width
			else
				text(x + width + 4, y + BAR - 1, v, SMALL)
			y += stacked ? 0 : BAR
		}
		if (stacked)
			text(x + 4, y + BAR - 1, sprintf("%.0f", sum[r]), SMALL)
	}
	print "</svg>"
}
