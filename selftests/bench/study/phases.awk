# SPDX-License-Identifier: GPL-2.0-only
#
# Makes a row for each phase and reason from the samples (study/host):
#
#	awk -f phases.awk samples
#
# A sample is "@sample PHASE SECONDS WAITED", then exit_stats and exit_stats_hist as they
# were read. Counters only grow, so the exits of a phase are the difference between its first
# and its last sample. The phase "all" is the whole run. The reason "all" is the sum of all
# reasons, "others" of those that a picture does not name. Rows are in order of exits in the
# whole run. The last columns say where the vCPU's time went, in percent, while there was a vCPU:
# those of the reason "all".

BEGIN {
	OFS = "\t"
	none = "\t-\t-\t-\t-\t-\t-"
	SHOWN = 5	# reasons by name in a picture, the others together
}

function fail(what) {
	print "phases.awk: " what >"/dev/stderr"
	exit failed = 1
}

function add(s, r, exits, cycles) {
	count[s, r] += exits
	total[s, r] += cycles
}

/^@sample / {
	time[++s] = $3
	waited[s] = $4
	table = 0
	if (!($2 in first)) {
		first[$2] = s
		if ($2 != "end")
			phases[++n_phases] = $2
	}
	last[$2] = s
	end = $2 == "end"
	next
}

/^# kvm exit_stats / {
	for (i = 1; !table && i <= NF; i++)
		if (split($i, pair, "=") == 2)
			head[s, pair[1]] = pair[2]
	table++
}
/^#/ { next }

table == 1 {
	if (!($1 in name)) {
		name[$1] = $2
		reasons[++n] = $1
	}
	add(s, $1, $3, $4)
	add(s, "all", $3, $4)
	user[s] += $11
}

table == 2 {
	for (i = 4; i <= NF; i++) {
		hist[s, $1, i - 4] += $i
		hist[s, "all", i - 4] += $i
	}
}

# The lower bound of the bucket that holds the median exit of a reason.
function median(a, b, r,	k, sum) {
	for (k = 0; k < 32; k++) {
		sum += hist[b, r, k] - hist[a, r, k]
		if (2 * sum >= count[b, r] - count[a, r])
			return 2 ^ k
	}
}

# A share of the vCPU's time.
function part(ns, seconds) {
	return sprintf("%.1f", ns / seconds / 1e7)
}

# Where the vCPU's time went: exits, user space, polling, asleep, waiting, and the rest.
function split_of(a, b,	seconds, khz, ns, rest, text, i) {
	while (a < b && !head[a, "vcpus"])
		a++
	# The last sample may be from after its end.
	while (a < b && !head[b, "vcpus"])
		b--
	seconds = time[b] - time[a]
	if (seconds <= 0)
		fail("no vCPU")
	khz = head[b, "tsc_khz"]
	ns[1] = (total[b, "all"] - total[a, "all"]) / khz * 1e6
	ns[2] = (user[b] - user[a]) / khz * 1e6
	ns[3] = head[b, "halt_poll_ns"] - head[a, "halt_poll_ns"]
	ns[4] = head[b, "halt_wait_ns"] - head[a, "halt_wait_ns"]
	ns[5] = waited[b] - waited[a]
	rest = seconds * 1e9
	for (i = 1; i <= 5; i++) {
		rest -= ns[i]
		text = text OFS part(ns[i], seconds)
	}
	return text OFS part(rest, seconds)
}

function row(phase, a, b, r, rank,	i, rate, slowest, fastest, seconds, cycles) {
	seconds = time[b] - time[a]
	for (i = a + 1; i <= b; i++) {
		rate = (count[i, r] - count[i - 1, r]) / (time[i] - time[i - 1])
		if (i == a + 1 || rate < slowest)
			slowest = rate
		if (i == a + 1 || rate > fastest)
			fastest = rate
	}
	cycles = total[b, r] - total[a, r]
	print phase, r in name ? rank : r, r, r in name ? name[r] : r, sprintf("%.1f", seconds), count[b, r] - count[a, r], \
		sprintf("%.2f", (count[b, r] - count[a, r]) / seconds), \
		sprintf("%.1f", slowest), sprintf("%.1f", fastest), cycles, \
		sprintf("%.2f", 100 * cycles / (seconds * head[b, "tsc_khz"] * 1000)), \
		(r == "others" || count[b, r] == count[a, r] ? "-" : median(a, b, r)) \
		(r == "all" ? split_of(a, b) : none)
}

function check(	i, p) {
	for (i = 1; i <= s; i++) {
		if (count[i, "all"] != head[i, "exits"] || total[i, "all"] != head[i, "cycles"])
			fail("sample " i ": its rows do not add up to exits= and cycles=")
		if (i > 1 && (count[i, "all"] < count[i - 1, "all"] || time[i] <= time[i - 1]))
			fail("sample " i ": fewer exits than before, or no later")
	}
	for (i = 1; i <= n_phases; i++) {
		p = phases[i]
		if (last[p] - first[p] < 10 || count[last[p], "all"] == count[first[p], "all"])
			fail("phase " p ": fewer than 10 samples, or no exits")
	}
	if (!end)
		fail("the run ended early")
}

END {
	check()
	if (failed)
		exit 1
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && count[s, reasons[j]] - count[1, reasons[j]] > \
			count[s, reasons[j - 1]] - count[1, reasons[j - 1]]; j--) {
			r = reasons[j]
			reasons[j] = reasons[j - 1]
			reasons[j - 1] = r
		}
	for (i = 1; i <= s; i++)
		for (j = SHOWN + 1; j <= n; j++)
			add(i, "others", count[i, reasons[j]], total[i, reasons[j]])
	reasons[++n] = "others"
	reasons[++n] = "all"
	first["all"] = 1
	last["all"] = s
	phases[++n_phases] = "all"
	print "phase", "rank", "reason", "name", "seconds", "exits", "rate", "slowest", "fastest", "cycles", "host_time", "median", \
		"in_exits", "in_user_space", "polling", "asleep", "waiting", "guest"
	for (i = 1; i <= n_phases; i++)
		for (j = 1; j <= n; j++)
			row(phases[i], first[phases[i]], last[phases[i]], reasons[j], j)
}
