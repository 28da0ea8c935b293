# SPDX-License-Identifier: GPL-2.0-only
#
# Writes the paper from what path.awk printed of each piece:
#
#	awk -v release=R -v compiler=C -f paper.awk purposes start end reenter

BEGIN { FS = "\t+" }

FNR == 1 { n_files++ }

n_files == 1 {
	if (NF && $0 !~ /^#/ && !($1 in why)) {
		order[++n_groups] = $1
		why[$1] = $3
	}
	next
}

{
	piece = FILENAME
	sub(/.*\//, "", piece)
	text[piece] = text[piece] sprintf("%3d  %-38s  %-32s  %-23s  %s\n", \
		++rows[piece], $2, $3, $4, substr($5, 1, 60))
	if ($2 ~ /^rdtsc/)
		rdtsc[piece]++
	else
		n[piece, $3]++
}

function sum(piece) {
	return rows[piece] - rdtsc[piece]
}

function listing(piece, title) {
	print "\n## " title "\n\n```"
	printf "%s", text[piece]
	print "```"
}

function dash(x) {
	return x ? x : "-"
}

END {
	all = sum("start") + sum("end")
	tscs = rdtsc["start"] + rdtsc["end"]
	if (rdtsc["start"] != 1 || rdtsc["end"] != 1 || rdtsc["reenter"] != 1) {
		print "a piece does not read the time once"
		exit 1
	}
	verdict = sprintf("An exit executes %d instructions and %d RDTSC of ours (start %d, end %d); " \
		"none is locked, none is a call.", all, tscs, sum("start"), sum("end"))
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<!-- Written by make listing; do not edit. -->"
	print "<!-- verdict: " verdict " -->"
	print "# The hot path, instruction by instruction\n"
	print "Written by `make listing` from the modules for " release ", as " compiler " made them. Words are those of"
	print "[counting.md](counting.md).\n"
	print "**" verdict "** For an exit that the fast path answers by entering again it is " \
		sum("start") + sum("reenter") " (start " sum("start") ", end " sum("reenter") ")."
	print "\nHow it is counted: the way begins at the first instruction that debug information gives to a line of ours. A"
	print "conditional jump over the code of one source line is taken (a new min or max is seldom), no other is (gcc puts"
	print "what `likely()` and `unlikely()` call seldom out of the way). A lock prefix, a call and an instruction that has"
	print "no purpose in `selftests/bench/listing/purposes` fail the target. Not seen here is what our code makes of KVM's own"
	print "around it (registers that had to be kept elsewhere): that is for a measurement."
	print "\n## What they are for\n"
	print "| group | start | end | an exit | re-entry | why it is the least |"
	print "| --- | --- | --- | --- | --- | --- |"
	for (i = 1; i <= n_groups; i++) {
		g = order[i]
		both = n["start", g] + n["end", g]
		if (both + n["reenter", g] == 0) {
			print "nothing is in the group " g
			exit 1
		}
		printf "| %s | %s | %s | %s | %s | %s |\n", g, dash(n["start", g]), dash(n["end", g]), \
			dash(both), dash(n["reenter", g]), why[g]
	}
	printf "| RDTSC | %d | %d | %d | %d | %s |\n", rdtsc["start"], rdtsc["end"], tscs, rdtsc["reenter"], \
		"The start and the end; total and histogram use the same two."
	printf "| **sum without RDTSC** | %d | %d | **%d** | %d | |\n", sum("start"), sum("end"), all, sum("reenter")
	print "\nThe column \"re-entry\" is the end of an exit that the fast path answered, instead of \"end\"."
	listing("start", "The start, in vmx_vcpu_run()")
	listing("end", "The end, in vmx_handle_exit()")
	listing("reenter", "The end of a re-entry, from vcpu_enter_guest()")
}
