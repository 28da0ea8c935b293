# SPDX-License-Identifier: GPL-2.0-only
#
# From the samples the paper, with every sentence about the result derived from
# them, and the points for gnuplot:
#
#	awk -v dir=WHERE -v versions=TEXT -v run=TEXT -f study.awk samples >paper.md
#
# A sample is "@sample PHASE SECONDS", then exit_stats and exit_stats_hist as they
# were read. Counters only grow: what a phase did is the difference between its
# first and its last sample. Numbers are below 2^53.

function fail(what) {
	print "study.awk: " what >"/dev/stderr"
	exit failed = 1
}

/^@sample / {
	s++
	phase[s] = $2
	time[s] = $3
	table = 0
	if (!($2 in first)) {
		first[$2] = s
		if ($2 != "end")
			phases[++n_phases] = $2
	}
	last[$2] = s
	next
}

/^# kvm exit_stats / {
	table++
	if (table == 1) {
		for (i = 1; i <= NF; i++) {
			if (split($i, pair, "=") == 2)
				head[s, pair[1]] = pair[2]
		}
	}
	next
}

/^#/ { next }

table == 1 {
	if (!($1 in name)) {
		name[$1] = $2
		reasons[++n_reasons] = $1
	}
	count[s, $1] = $3
	cycles[s, $1] = $4
	rows[s] += $3
}

table == 2 {
	for (i = 4; i <= NF; i++)
		hist[s, $1, i - 4] = $i
}

# ---- what a phase did

function did(p, r) {
	return count[last[p], r] - count[first[p], r]
}

function cycles_in(p, r) {
	return cycles[last[p], r] - cycles[first[p], r]
}

function exits_in(p) {
	return head[last[p], "exits"] - head[first[p], "exits"]
}

function seconds(p) {
	return time[last[p]] - time[first[p]]
}

function rate(p) {
	return exits_in(p) / seconds(p)
}

function ticks(p) {
	return seconds(p) * head[s, "tsc_khz"] * 1000
}

# The part of the host's time that a phase's exits took, in %.
function share(p) {
	return 100 * (head[last[p], "cycles"] - head[first[p], "cycles"]) / ticks(p)
}

# How much the rates of a phase's samples differ from their mean: its share of it.
function spread(p,	i, r, sum, squares, n) {
	for (i = first[p] + 1; i <= last[p]; i++) {
		r = (head[i, "exits"] - head[i - 1, "exits"]) / (time[i] - time[i - 1])
		sum += r
		squares += r * r
		n++
		if (n == 1 || r < slowest[p])
			slowest[p] = r
		if (n == 1 || r > fastest[p])
			fastest[p] = r
	}
	mean = sum / n
	return mean ? sqrt(squares / n - mean * mean > 0 ? squares / n - mean * mean : 0) / mean : 0
}

function manner(p,	v) {
	v = spread(p)
	return v <= 0.1 ? "at a steady rate" : v <= 0.5 ? "unevenly" : "in bursts"
}

# The most (best = 1) or the least frequent reason of a phase that occurred in it.
function extreme(p, most,	i, r, c, found) {
	found = ""
	for (i = 1; i <= n_reasons; i++) {
		r = reasons[i]
		c = did(p, r)
		if (c && (found == "" || (most ? c > did(p, found) : c < did(p, found))))
			found = r
	}
	return found
}

# "X (12 %)"
function most_of(p,	r) {
	r = extreme(p, 1)
	return sprintf("%s (%.0f %%)", name[r], 100 * did(p, r) / exits_in(p))
}

# "X (3)", with all that are as seldom
function least_of(p,	r, i, text) {
	r = extreme(p, 0)
	for (i = 1; i <= n_reasons; i++) {
		if (did(p, reasons[i]) == did(p, r))
			text = text (text ? ", " : "") name[reasons[i]]
	}
	return text " (" did(p, r) ")"
}

# ---- the whole run: from the first sample to the last

function all(r) {
	return count[s, r] - count[1, r]
}

function all_cycles(r) {
	return cycles[s, r] - cycles[1, r]
}

# Reasons in order of a value that is largest first, into order[]
function sort_by(by_cycles,	i, j, r) {
	for (i = 1; i <= n_reasons; i++) {
		r = reasons[i]
		for (j = i - 1; j >= 1 && value(order[j], by_cycles) < value(r, by_cycles); j--)
			order[j + 1] = order[j]
		order[j + 1] = r
	}
}

function value(r, by_cycles) {
	return by_cycles ? all_cycles(r) : all(r)
}

# The bucket that the middle one of a reason's exits is in, as its bounds.
function middle(r,	k, n, sum) {
	for (k = 0; k < 32; k++)
		sum += hist[s, r, k] - hist[1, r, k]
	for (k = 0; k < 32; k++) {
		n += hist[s, r, k] - hist[1, r, k]
		if (2 * n >= sum)
			return sprintf("%d to %d", 2 ^ k, 2 ^ (k + 1) - 1)
	}
}

# ---- points for gnuplot

function write_rates(file, shown,	i, j, c, sum) {
	printf "time" >file
	for (j = 1; j <= shown; j++)
		printf " %s", name[order[j]] >file
	print " others" >file
	for (i = 2; i <= s; i++) {
		if (phase[i] != phase[i - 1]) {
			print "" >file
			continue
		}
		printf "%.2f", (time[i] + time[i - 1]) / 2 - time[1] >file
		sum = head[i, "exits"] - head[i - 1, "exits"]
		for (j = 1; j <= shown; j++) {
			c = count[i, order[j]] - count[i - 1, order[j]]
			sum -= c
			printf " %.2f", c / (time[i] - time[i - 1]) >file
		}
		printf " %.2f\n", sum / (time[i] - time[i - 1]) >file
	}
	close(file)
}

# Each phase's name above its time, and a shade over it, as gnuplot's commands.
function write_phases(file,	i, p, begin, end) {
	for (i = 1; i <= n_phases; i++) {
		p = phases[i]
		begin = time[first[p]] - time[1]
		end = time[last[p]] - time[1]
		printf "set object rectangle from %.2f, graph 0 to %.2f, graph 1 behind fc rgb \"#f4f4f4\" fs noborder\n", begin, end >file
		printf "set label \"%s\" at %.2f, graph 1.03 center font \"sans,10\"\n", p, (begin + end) / 2 >file
	}
	close(file)
}

function write_cycles(file, shown,	i, j, p, sum, c) {
	printf "phase" >file
	for (j = 1; j <= shown; j++)
		printf " %s", name[order[j]] >file
	print " others" >file
	for (i = 1; i <= n_phases; i++) {
		p = phases[i]
		printf "%s", p >file
		sum = share(p)
		for (j = 1; j <= shown; j++) {
			c = 100 * cycles_in(p, order[j]) / ticks(p)
			sum -= c
			printf " %.4f", c >file
		}
		printf " %.4f\n", (sum > 0 ? sum : 0) >file
	}
	close(file)
}

function write_latency(file, shown,	j, k, text, some) {
	printf "cycles" >file
	for (j = 1; j <= shown; j++)
		printf " %s", name[order[j]] >file
	print "" >file
	for (k = 0; k < 32; k++) {
		text = 2 ^ k
		some = 0
		for (j = 1; j <= shown; j++) {
			text = text " " hist[s, order[j], k]
			some += hist[s, order[j], k]
		}
		if (some)
			print text >file
	}
	close(file)
}

# ---- the paper

function answers(	i, p, low, lows, took, fast, slow, most, dear, n, steady) {
	for (i = 1; i <= n_phases; i++) {
		p = phases[i]
		if (i == 1 || rate(p) > rate(fast))
			fast = p
		if (i == 1 || rate(p) < rate(slow))
			slow = p
		if (manner(p) == "at a steady rate")
			steady = steady (steady ? ", " : "") p
		n += manner(p) == "at a steady rate"
	}
	printf "- How many exits does a boot take? %d in %.1f s of the host's time until the guest's first program runs; most are %s, the least frequent is %s.\n", \
		exits_in("boot"), seconds("boot"), most_of("boot"), least_of("boot")
	printf "- Do exits come at a steady rate? %s: from phase to phase the rate differs by a factor of %.0f (%s %.0f a second, %s %.0f), and within %d of the %d phases it is steady (%s; spread up to 10 %% of the mean).\n", \
		rate(fast) <= 1.1 * rate(slow) ? "Yes" : "No", rate(fast) / rate(slow), \
		fast, rate(fast), slow, rate(slow), n, n_phases, steady ? steady : "none"
	printf "- And during the boot? They come %s: between %.0f and %.0f a second from sample to sample%s.\n", \
		manner("boot"), slowest["boot"], fastest["boot"], \
		slowest["boot"] ? "" : " (0 while QEMU is loading: no guest runs yet)"
	for (i = 2; i <= n_phases; i++) {
		p = phases[i]
		printf "- What does \"%s\" cost in exits? %.0f a second, %s%s; most are %s, the least frequent is %s; handling them takes %.2f %% of the host's time.\n", \
			p, rate(p), manner(p), against_idle(p), most_of(p), least_of(p), share(p)
	}
	sort_by(0)
	most = order[1]
	for (i = n_reasons; i >= 1 && !all(order[i]); i--)
		;
	for (low = all(order[i]); i >= 1 && all(order[i]) == low; i--)
		lows = name[order[i]] (lows ? ", " : "") lows
	printf "- Which reasons are the most and the least frequent of the whole run? %s (%d of %d exits), %s (%d) and %s (%d) are the most; %s (%s%d) the least.\n", \
		name[most], all(most), head[s, "exits"] - head[1, "exits"], \
		name[order[2]], all(order[2]), name[order[3]], all(order[3]), lows, index(lows, ",") ? "each " : "", low
	sort_by(1)
	dear = order[1]
	printf "- Do the most frequent exits take most of the time? %s: %s takes %.0f %% of all cycles with %.0f %% of the exits%s.\n", \
		dear == most ? "Yes" : "No", name[dear], \
		100 * all_cycles(dear) / (head[s, "cycles"] - head[1, "cycles"]), \
		100 * all(dear) / (head[s, "exits"] - head[1, "exits"]), \
		dear == most ? "" : sprintf("; %s, the most frequent, takes %.0f %%", name[most], \
			100 * all_cycles(most) / (head[s, "cycles"] - head[1, "cycles"]))
	sort_by(0)
	for (i = 1; i <= n_reasons && all(order[i]); i++)
		took = took (took ? ", " : "") name[order[i]] " " middle(order[i])
	printf "- How long does an exit take? The middle one takes, in cycles: %s.\n", took
}

function against_idle(p,	f) {
	if (p == "idle")
		return ""
	f = rate(p) / rate("idle")
	return f >= 2 ? sprintf(", %.0f times as many as idle", f) : \
		f > 1.1 ? sprintf(", %.0f %% more than idle", 100 * f - 100) : \
		f < 0.9 ? sprintf(", %.0f %% fewer than idle", 100 - 100 * f) : ", about as many as idle"
}

function table_of_phases(	i, p) {
	print "| phase | samples | seconds | exits | exits a second | slowest and fastest sample | most frequent | least frequent | of the host's time |"
	print "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
	for (i = 1; i <= n_phases; i++) {
		p = phases[i]
		spread(p)
		printf "| %s | %d | %.1f | %d | %.0f | %.0f, %.0f | %s | %s | %.2f %% |\n", p, last[p] - first[p], \
			seconds(p), exits_in(p), rate(p), slowest[p], fastest[p], most_of(p), least_of(p), share(p)
	}
}

function table_of_reasons(	i, j, r, c) {
	printf "| reason | all |"
	for (i = 1; i <= n_phases; i++)
		printf " %s |", phases[i]
	printf "\n| --- | --- |"
	for (i = 1; i <= n_phases; i++)
		printf " --- |"
	print ""
	sort_by(0)
	for (j = 1; j <= n_reasons; j++) {
		r = order[j]
		if (!all(r))
			continue
		printf "| %s %s | %d |", r, name[r], all(r)
		for (i = 1; i <= n_phases; i++) {
			c = did(phases[i], r) / seconds(phases[i])
			printf " %s |", c ? sprintf(c < 10 ? "%.1f" : "%.0f", c) : "-"
		}
		print ""
	}
}

function check(	i, p) {
	for (i = 1; i <= s; i++) {
		if (rows[i] != head[i, "exits"])
			fail("sample " i ": its rows do not add up to exits=")
		if (i > 1 && head[i, "exits"] < head[i - 1, "exits"])
			fail("sample " i ": fewer exits than before")
		if (i > 1 && time[i] <= time[i - 1])
			fail("sample " i ": not later than the one before")
	}
	for (i = 1; i <= n_phases; i++) {
		p = phases[i]
		if (last[p] - first[p] < 10)
			fail("phase " p ": fewer than 10 samples")
		if (!exits_in(p))
			fail("phase " p ": no exits")
	}
	if (phase[s] != "end")
		fail("the run was cut off in " phase[s])
}

END {
	if (failed)
		exit 1
	check()
	if (failed)
		exit 1
	sort_by(0)
	write_rates(dir "/rates.dat", 6)
	write_latency(dir "/latency.dat", 6)
	sort_by(1)
	write_cycles(dir "/cycles.dat", 6)
	write_phases(dir "/phases.gp")

	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<!-- Written by make study; do not edit. -->"
	print "# What a guest's exits look like\n"
	print "Written by `make study` at " run ", which boots one emulated VT-x host with our modules, and in it a Linux guest that goes"
	print "through these phases; every sentence about the result is made from the samples by `selftests/bench/study/study.awk`."
	print "Samples are readings of `exit_stats` and `exit_stats_hist` in the host; a phase's numbers are the differences"
	print "between its first and its last sample, all taken while its load ran.\n"
	print "| phase | what the guest does |"
	print "| --- | --- |"
	print "| boot | from QEMU's start to the guest's first program |"
	print "| idle | a shell waits for input |"
	print "| cpu | a shell loop that does nothing |"
	print "| disk | `dd` reads and writes a virtio disk, 4 KiB at a time, past the page cache |"
	print "| console | a shell writes lines of 70 characters to the serial port |"
	print "| network | `ping` over virtio, each request after the answer to the last |"
	print "| processes | a shell starts one program after the other |"
	print "\n## Answers\n"
	answers()
	print "\n## Phases\n"
	table_of_phases()
	print "\n![exits a second over time, by reason](exit-study-rates.svg)"
	print "\n## Exits a second by reason\n"
	print "\"All\" is exits, not a rate, of the whole run: with those between the phases, which are in no other column.\n"
	table_of_reasons()
	print "\n![cycles by reason](exit-study-cycles.svg)"
	print "\n![latency by reason](exit-study-latency.svg)"
	print "\n## What to keep in mind\n"
	print "- The host's CPU is emulated (Bochs): an instruction takes one tick of " head[s, "tsc_khz"] / 1000 " million a second. Seconds are the"
	print "  host's. What the guest's own work causes (I/O, MMIO, CPUID) is as often for that work on a real host. What a timer"
	print "  drives, in guest or host, is not (PREEMPTION_TIMER, EXTERNAL_INTERRUPT, much of MSR_WRITE and HLT): that goes by"
	print "  time, and a slow host has more of it. Rates are those of a slow host, and cycles are instructions."
	print "- One CPU runs guest, QEMU and the reader of the tables, whose own work is in what the guest does not get."
	print "- Cycles are what KVM's handler takes. An exit that QEMU finishes takes longer than that."
	print "\n(" versions ")"
}
