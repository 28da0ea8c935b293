# SPDX-License-Identifier: GPL-2.0-only
#
# From the measurements the page; or (-v plot=1) the points for gnuplot; or (-v
# figures=1) those of selftests/bench/cost/goals, name and value. Status 1: the goal is missed; 2:
# something was not measured.

BEGIN { goal = 1.1 }

/^# / {
	key = $2
	sub(/^# [^ ]+ */, "")
	about[key] = $0
	next
}

$5 == "-" {
	print "paper.awk: at " $3 " threads no run of " $1 ", " $2 " had all cores" >"/dev/stderr"
	exit failed = 2
}

NF == 7 {
	if (!($3 in seen)) {
		seen[$3]
		threads[++n] = $3
	}
	best[$1, $2, $3] = $5
	more[$1, $2, $3] = $7
	# The loop without us shares nothing: its best at any number of threads.
	if ($2 == "none" && (!($1 in base) || $5 < base[$1]))
		base[$1] = $5
	if (fewest == "" || $4 < fewest)
		fewest = $4
}

# In the best run, less the loop's own best; and the median of how much more than the
# loop's run next to it.
function best_cost(clock, mode, t) {
	return best[clock, mode, t] - base[clock]
}

function cost(clock, mode, t) {
	return more[clock, mode, t]
}

# Of 2 threads and more, as a multiple of one's.
function worst(clock, mode,	i, ratio, max) {
	for (i = 2; i <= n; i++) {
		ratio = cost(clock, mode, threads[i]) / cost(clock, mode, 1)
		if (ratio > max)
			max = ratio
	}
	return max
}

# With the clock that shows it more.
function worse(mode) {
	return worst("rdtsc", mode) > worst("made-up", mode) ? worst("rdtsc", mode) : worst("made-up", mode)
}

function row(clock, t,	modes, i, text) {
	split("ours ours-dump atomics", modes, " ")
	text = t
	for (i = 1; i <= 3; i++)
		text = text sprintf(" %.1f %.1f", cost(clock, modes[i], t), best_cost(clock, modes[i], t))
	return text
}

function table(clock,	i, j, c) {
	print "| threads | ours | (best) | ours, with the dump | (best) | four atomics | (best) |"
	print "| --- | --- | --- | --- | --- | --- | --- |"
	for (i = 1; i <= n; i++) {
		split(row(clock, threads[i]), c, " ")
		printf "|"
		for (j = 1; j <= 7; j++)
			printf " %s |", c[j]
		print ""
	}
}

function sentence(	a, b, t, good) {
	a = worst("rdtsc", "ours")
	b = worst("made-up", "ours")
	t = threads[n]
	good = worse("ours") <= goal
	missed = !good
	printf "**Ours costs %.1f ns an exit on one core (%.1f without the two RDTSC), and at no number of threads more than %.2f times that a core (%.2f); the goal of %.1f is %s.**\n\n", \
		cost("rdtsc", "ours", 1), cost("made-up", "ours", 1), a, b, goal, \
		good ? "reached" : "MISSED"
	printf "**Four counters that all share cost %.1f ns on one core (%.1f), and %.1f (%.1f) a core with %d threads.**\n\n", \
		cost("rdtsc", "atomics", 1), cost("made-up", "atomics", 1), \
		cost("rdtsc", "atomics", t), cost("made-up", "atomics", t), t
	printf "**With the dump at its default interval of 500, ours is at most %.2f times (%.2f) what it is on one core.**\n", \
		worst("rdtsc", "ours-dump"), worst("made-up", "ours-dump")
	if (("rdtsc", "ours-read", 1) in more)
		printf "\n**While another core reads a leaf of that VM every 1,000 cycles or so, an exit takes %.1f ns (%.1f): the record's cache lines have to come back from there.**\n", \
			cost("rdtsc", "ours-read", 1), cost("made-up", "ours-read", 1)
}

END {
	if (failed)
		exit failed
	if (n < 2)
		exit 2
	if (figures) {
		printf "ours\t%.1f\n", 100 * worse("ours")
		printf "atomics\t%.1f\n", 100 * worse("atomics")
		printf "ns-alone\t%.1f\n", cost("rdtsc", "ours", 1)
		if (("rdtsc", "ours-read", 1) in more)
			printf "ns-read\t%.1f\n", cost("rdtsc", "ours-read", 1)
		exit
	}
	if (plot) {
		for (i = 1; i <= n; i++)
			print row("rdtsc", threads[i]), row("made-up", threads[i])
		exit
	}
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<!-- Written by make bench-native; do not edit. -->"
	print "# The hot path on a real processor\n"
	print "Written by `make bench-native` at " about["commit"] ". No VM runs here: the hot path's own source (`kernel/exit_stats/`: hooks, start,"
	print "end, batches) is compiled in user space, and threads make exits, each into the record of a vCPU of its own."
	print "In place of a handler stands some arithmetic, with an LFENCE around start, handler and end, so that none of ours"
	print "hides behind anything else. What the same loop takes without us is subtracted.\n"
	sentence()
	print "\nns of CPU time an exit, the two RDTSC in it:\n"
	table("rdtsc")
	print "\nWith a clock that costs nothing (a variable of the thread):\n"
	table("made-up")
	print "\n![ns an exit by threads](native-cost.svg)\n"
	print "How it was measured:\n"
	print "- " about["cpu"] ", " about["cores"] " cores" (about["hypervisor"] == "yes" ? ", itself a virtual machine" : "") \
		"; " about["compiler"] ", -O2. Load of the machine: " about["load"] "."
	print "- Time is the threads' own CPU time, so the rows with more threads than cores show the cost a core."
	print "- The threads run at a real-time priority where that is allowed. A run counts only if all cores that could run"
	print "  did run for 90 % of its time, or nothing would contend; at least " fewest " runs of each counted. The figure"
	print "  of a run is the mean of the threads' median chunks (2000 exits), as ticks fall into some. All combinations"
	print "  take turns; a figure is the median of the differences between a run and the one beside it without us, which the"
	print "  same things disturb. Not that of the best run: there even counters that all share cost little more than one thread's,"
	print "  so it would hide what is looked for. \"Best\" is the best run, less the loop's own best."
	print "- \"Ours\" is with the dump off. With it there is no worker: after the first 500 exits a dump is due all the while,"
	print "  as it is most of the time where a limit holds dumps back."
	print "- The atomics are a count and a total by reason and of all: no min, no max, no histogram, no numbers by VM or vCPU."
	print "- Not seen here: cold caches, as a handler leaves them; the exit itself; more cores than this machine has."
	exit missed
}
