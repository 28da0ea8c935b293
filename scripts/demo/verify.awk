# SPDX-License-Identifier: GPL-2.0-only
#
# Checks the demo's tables. The name of a file tells which table it holds:
#
#	awk -f verify.awk before guest after host-before host-after ...
#
# Prints one line for each check. The status is 0 if all pass. Numbers are below 2^53.

function check(good, what) {
	print (good ? "  ok: " : "  FAILED: ") what
	failed += !good
}

function header(name,	i, pair) {
	for (i = 1; i <= NF; i++)
		if (split($i, pair, "=") == 2)
			head[name, pair[1]] = pair[2]
	names[++tables] = name
}

# A row of a host's table or of the guest's: their columns are the same.
function row(name) {
	rows[name]++
	reasons[$1] = $2
	count[name, $1] = $3
	total[name, $1] = $4
	sum_count[name] += $3
	sum_total[name] += $4
	if ($5 > $7 || $7 > $6 || $7 != int($4 / $3))
		unsound[name] = $1
}

FNR == 1 { header(FILENAME); next }
/^#/ { next }
{ row(FILENAME) }

END {
	for (i = 1; i <= tables; i++) {
		t = names[i]
		if (t == "guest")
			continue
		check(rows[t] && sum_count[t] == head[t, "exits"] && sum_total[t] == head[t, "cycles"],
		      t ": its " rows[t] " rows add up to " head[t, "exits"] " exits and " \
		      head[t, "cycles"] " cycles")
		check(!unsound[t], t ": avg = total / count and min <= avg <= max in each row")
	}
	between = 1
	for (r in reasons) {
		if (!(("guest", r) in count))
			continue
		if (count["guest", r] < count["before", r] || count["guest", r] > count["after", r] ||
		    total["guest", r] < total["before", r] || total["guest", r] > total["after", r]) {
			print "  reason " r ": " count["before", r] " " count["guest", r] " " count["after", r]
			between = 0
		}
	}
	check(rows["guest"] && between,
	      "each of the " rows["guest"] " rows that the guest read lies between the VM's table before and after")
	check(head["guest", "exits"] >= head["before", "exits"] &&
	      head["guest", "exits"] <= head["after", "exits"],
	      "so does the total that the guest read: " head["before", "exits"] " <= " head["guest", "exits"] " <= " \
	      head["after", "exits"])
	below = 0
	for (r in reasons)
		below += count["host-before", r] < count["before", r] ||
			 count["host-after", r] < count["after", r]
	check(!below, "no count in the host's table is below that in the VM's")
	check(head["host-end", "exits"] >= head["after", "exits"] && head["host-end", "vms"] == 0,
	      "after the guest's end (vms=0) the host's table still has " head["host-end", "exits"] " exits")
	check(head["host-second", "exits"] > 0, "after unload and load the table has the exits of a second guest: " \
	      head["host-second", "exits"])
	exit failed > 0
}
