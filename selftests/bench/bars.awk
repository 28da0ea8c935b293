# SPDX-License-Identifier: GPL-2.0-only
#
# Draws a table (table -t) as a picture in SVG, with a bar, or bars, for each row:
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
}

NR == 1 {
	for (i = 2; i <= NF; i++)
		name[i] = $i
	columns = NF
	next
}

{
	label[++rows] = $1
	for (i = 2; i <= NF; i++) {
		value[rows, i] = $i
		sum[rows] += $i
		most = $i > most ? $i : most
	}
	highest = sum[rows] > highest ? sum[rows] : highest
}

# Logarithmic: what is not above 1 has no bar.
function length_of(v) {
	if (shape == "stacked")
		return WIDTH * v / highest
	return v > 1 ? WIDTH * log(v) / log(most) : 0
}

function text(x, y, what, more) {
	printf "<text x=\"%d\" y=\"%d\"%s>%s</text>\n", x, y, more, what
}

function bar(x, y, length_, c) {
	if (length_ >= 0.5)
		printf "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n", \
			x, y, length_ + 0.5, BAR, colour[c]
}

END {
	step = (shape == "stacked" ? BAR : BAR * (columns - 1)) + 8
	height = TOP + rows * step
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 %d\" font-family=\"sans-serif\" font-size=\"12\">\n", height
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<rect width=\"760\" height=\"" height "\" fill=\"#fff\"/>"
	text(LEFT, 15, title)
	x = LEFT
	for (i = 2; i <= columns; i++) {
		bar(x, 25, BAR, i - 1)
		text(x + 15, 35, name[i], " font-size=\"10\"")
		x += 30 + 6.5 * length(name[i])
	}
	for (r = 1; r <= rows; r++) {
		y = TOP + (r - 1) * step
		text(LEFT - 6, y + (step - 8) / 2 + 4, label[r], " text-anchor=\"end\"")
		x = LEFT
		for (i = 2; i <= columns; i++) {
			l = length_of(value[r, i])
			bar(x, y, l, i - 1)
			if (shape == "stacked") {
				x += l
				continue
			}
			text(x + l + 4, y + BAR - 1, value[r, i], " font-size=\"10\"")
			y += BAR
		}
		if (shape == "stacked")
			text(x + 4, y + BAR - 1, sprintf("%.0f", sum[r]), " font-size=\"10\"")
	}
	print "</svg>"
}
