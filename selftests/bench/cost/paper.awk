# SPDX-License-Identifier: GPL-2.0-only
#
# Documentation/performance.md, from the verdicts ("judge.awk"), the ways and the
# figures as measured, in this order. Fields by tabs. With -v plot=NAME the points
# of a plot instead: ways, or readers.

BEGIN {
	FS = "\t"
	what["cpuid"] = "CPUID: ends in `vmx_handle_exit()`"
	what["io"] = "OUT: goes to user space"
	what["deadline"] = "WRMSR of the TSC deadline: re-enters from the fast path"
	what["wrmsr"] = "WRMSR of STAR"
	what["ept"] = "EPT violation: a page is mapped"
}

FNR == 1 { file++ }
/^#/ { next }

file == 1 {
	verdicts[++nr_verdicts] = $0
	tally[$1]++
	value[$2] = $3
	if (!($8 in row_words))
		rows[++nr_rows] = $8
	row_words[$8] = $9
	row_tally[$8, $1]++
	row_all[$8]++
	if ($3 == "-" || $4 == "-")
		next
	ratio = $4 > 0 ? $3 / $4 : $3
	if (!($8 in worst) || ratio > worst[$8]) {
		worst[$8] = ratio
		worst_text[$8] = number($3) " of " number($4) ": " $6
	}
	next
}
file == 2 { label[$1] = $2; ways[++nr_ways] = $1; next }

$2 == "exit" {
	if (!(($1, $4) in load)) {
		load[$1, $4]
		loads[$1] = loads[$1] " " $4
	}
	exact[$1, $3, $4] = $5
	long[$1, $3, $4] = $7
}
$1 == "auto" && $2 == "vulnerability" && $4 !~ /^Not affected/ {
	mitigations = mitigations "  - " $3 ": " $4 "\n"
}
$2 == "run" { run[$3] = $4 }
$2 == "host" { hosts[++nr_hosts] = $0; mips[$3] = $4 }
$2 == "slab" { slab[$3] = $4 }
$2 == "boot" { seconds[$1, $3] = $4; exits[$1, $3] = $5 }
$2 == "dump" { dumps[++nr_dumps] = $0 }
$2 == "table" { tables[++nr_tables] = $0 }
$2 == "leaf" { leaf[$3, $4, $5] = $6; leaves[$4]; vcpus[$5] }
$2 == "reader" { reader[++nr_readers] = $3; reader_cost[$3] = $4 }
$2 == "memory" { memory[++nr_memory] = $0 }
$2 == "listing" || $2 == "threads" { figure[$2 "/" $3] = $4 }

function row(a, b, c, d, e, f, g) {
	printf "| %s | %s", a, b
	if (c != "") printf " | %s", c
	if (d != "") printf " | %s", d
	if (e != "") printf " | %s", e
	if (f != "") printf " | %s", f
	if (g != "") printf " | %s", g
	print " |"
}

# measured ANY: or says that it was not
function measured(any) {
	if (!any)
		print "(Not measured in this run.)\n"
	return any
}

function plain(value) {
	return sprintf("%.1f", value > -0.05 && value < 0.05 ? 0 : value)
}

function signed(value) {
	return sprintf("%+.1f", value > -0.05 && value < 0.05 ? 0 : value)
}

# As a figure is printed: large ones without a fraction, "-0.0" without its sign.
function number(value) {
	return value == "-" ? value : value == int(value) || value >= 10000 ? sprintf("%.0f", value) : plain(value)
}

# Each row of selftests/bench/cost/goals by its figure that is nearest to its goal, or past it.
function summary(	i, r) {
	row("what", "goal", "the figure nearest to its goal", "verdict")
	row("---", "---", "---", "---")
	for (i = 1; i <= nr_rows; i++) {
		r = rows[i]
		row(r, row_words[r], (r in worst_text ? worst_text[r] : "-"), \
			row_tally[r, "met"] == row_all[r] ? "met" : of_row(r))
	}
}

# "9 met, 1 MISSED"
function of_row(r,	i, n, verdict, text) {
	n = split("met floor MISSED WORSE BETTER MISSING", verdict, " ")
	for (i = 1; i <= n; i++)
		if (row_tally[r, verdict[i]])
			text = text (text ? ", " : "") row_tally[r, verdict[i]] " " verdict[i]
	return text
}

# "47.0 to 49.1": what a way costs more than stock, from load to load
function range(way,	n, name, j, more, least, most) {
	n = split(substr(loads["off"], 2), name, " ")
	for (j = 1; j <= n; j++) {
		more = exact["off", way, name[j]] - exact["off", "stock", name[j]]
		if (j == 1 || more < least) least = more
		if (j == 1 || more > most) most = more
	}
	if (way == "on")
		most_on = most
	return most - least < 0.9 ? sprintf("%.0f", most) : sprintf("%.0f to %.0f", least, most)
}

# The BPF program that adds least to a CPUID exit.
function cheapest_bpf(	i, way) {
	for (i = 1; i <= nr_ways; i++)
		if (ways[i] ~ /^bpf/ && (way == "" || exact["off", ways[i], "cpuid"] < exact["off", way, "cpuid"]))
			way = ways[i]
	return way
}

function in_short(	way) {
	if (!(("off", "on", "cpuid") in exact))
		return
	printf "**With `mitigations=off` ours adds %s instructions to an exit, min, max, histogram and all; ", range("on")
	way = cheapest_bpf()
	if (("off", way, "cpuid") in exact)
		printf "the cheapest BPF (%s) %s; ", label[way], range(way)
	if (("off", "perf", "cpuid") in exact)
		printf "%s %s; ", label["perf"], range("perf")
	print "switched off, ours adds " range("off") ".**\n"
}

function goals(	i, f, n) {
	row("figure", "goal, at most", "record", "measured", "verdict")
	row("---", "---", "---", "---", "---")
	for (i = 1; i <= nr_verdicts; i++) {
		split(verdicts[i], f, FS)
		row(f[6], f[4], f[5], number(f[3]), f[1] == "floor" ? "more; see below" : f[1])
	}
	for (i = 1; i <= nr_verdicts; i++) {
		split(verdicts[i], f, FS)
		if (f[1] != "floor")
			continue
		if (!n++)
			print "\nWhere a figure is more than its goal:\n"
		printf "- %s: %.1f, the goal is %s. %s\n", f[6], f[3], f[4], f[7]
	}
}

function cell(from, mitigations, way, name,	here) {
	if (!((mitigations, way, name) in from))
		return "-"
	here = from[mitigations, way, name]
	return sprintf("%.1f (%s)", here, signed(here - from[mitigations, "stock", name]))
}

# A row a way, a column a load; more than stock in brackets.
function exits_table(mitigations, from,	n, name, i, j, way, line) {
	n = split(substr(loads[mitigations], 2), name, " ")
	if (!measured(n))
		return
	printf "| way |"
	for (j = 1; j <= n; j++)
		printf " %s |", name[j]
	printf "\n| --- |"
	for (j = 1; j <= n; j++)
		printf " --- |"
	print ""
	for (i = 1; i <= nr_ways; i++) {
		way = ways[i]
		line = ""
		for (j = 1; j <= n; j++)
			line = line " " cell(from, mitigations, way, name[j]) " |"
		if (line ~ /[0-9]/)
			print "| " label[way] " |" line
	}
	print ""
}

function boots_table(mitigations,	i, way) {
	if (!measured((mitigations, "stock") in seconds))
		return
	row("way", "seconds of processor time", "exits")
	row("---", "---", "---")
	for (i = 1; i <= nr_ways; i++) {
		way = ways[i]
		if ((mitigations, way) in seconds)
			row(label[way], sprintf("%.2f (%+.2f)", seconds[mitigations, way], \
				seconds[mitigations, way] - seconds[mitigations, "stock"]), \
				exits[mitigations, way] ? exits[mitigations, way] : "-")
	}
	print ""
}

function dumps_table(	i, f) {
	if (!measured(nr_dumps))
		return
	row("exits", "in a batch", "interval", "limit a minute", "dumps in the log", "instructions an exit more, in the thread", "worker and the rest, a dump")
	row("---", "---", "---", "---", "---", "---", "---")
	for (i = 1; i <= nr_dumps; i++) {
		split(dumps[i], f, FS)
		row(f[3], f[6], f[4], f[5] == 0 ? "none" : f[5], f[8], sprintf("%+.2f", f[7]), f[8] ? f[9] : "-")
	}
	print ""
}

function tables_table(	i, f) {
	if (!measured(nr_tables))
		return
	row("file", "vCPUs", "rows in use, of all vCPUs", "rows not in use", "instructions a read")
	row("---", "---", "---", "---", "---")
	for (i = 1; i <= nr_tables; i++) {
		split(tables[i], f, FS)
		if (!((f[3], f[4]) in read)) {
			read[f[3], f[4]] = f[7]
			in_use[f[3], f[4]] = f[5]
			not_in_use[f[3], f[4]] = f[6]
		}
		row(f[3] == "hist" ? "`exit_stats_hist`" : "`exit_stats`", f[4], f[5], f[6], f[7])
	}
	print ""
	formula("table", "`exit_stats`")
	formula("hist", "`exit_stats_hist`")
	print "\nRows are those of all vCPUs. What is fixed is open and close, and the text. A row in use: the slope between two readings"
	print "with the same vCPUs. A row not in use: between 512 vCPUs and one; so of one vCPU alone there is no such figure."
}

# What a read costs as a sum, and the part of it that no row is to blame for.
function formula(file, name,	a, b) {
	a = value[file "-used/512"]
	b = value[file "-unused/512"]
	if (a == "" || a == "-" || !((file, 1) in read))
		return
	printf "- A read of %s takes %.0f + %.1f for a row in use + %.1f for one that is not.\n", \
		name, read[file, 1] - a * in_use[file, 1] - b * not_in_use[file, 1], a, b
}

function leaves_table(scope,	i, l) {
	if (!measured((scope, "0x4fffffff", 1) in leaf))
		return
	printf "| leaf | 1 vCPU | 64 | 512 |\n| --- | --- | --- | --- |\n"
	for (i = 0; i < 16; i++) {
		l = sprintf("0x4ffffff%x", i)
		if (l in leaves)
			row(sprintf("0x4FFFFFF%X", i), leaf[scope, l, 1], leaf[scope, l, 64], leaf[scope, l, 512])
	}
	print ""
}

function memory_table(	i, f) {
	if (!measured(nr_memory))
		return
	row("KVM", "vCPUs", "bytes of vmalloc", "of slabs that can be reclaimed", "of all kernel memory")
	row("---", "---", "---", "---", "---")
	for (i = 1; i <= nr_memory; i++) {
		split(memory[i], f, FS)
		row(f[3], f[4], f[5], f[6], f[7])
	}
	print ""
	if (!("memory/record" in value))
		return
	printf "A vCPU is charged for %.0f bytes more than with stock: %.0f for its record with histograms (vmalloc), %.0f of slabs, and\n", \
		value["memory/record"] + value["memory/slab"] + value["memory/rest"], value["memory/record"], value["memory/slab"]
	printf "%.0f of neither (a cgroup is charged by the page). The slabs are what debugfs has of a vCPU's three files: a\n", value["memory/rest"]
	if ("dentry" in slab)
		printf "directory entry of %d bytes and an inode of %d each, with a pointer of 8 to the cgroup for both: %d.\n", \
			slab["dentry"], slab["inode_cache"], 3 * (slab["dentry"] + slab["inode_cache"] + 16)
	else
		print "directory entry and an inode each."
	print ""
}

function readers_table(	i) {
	if (!measured(nr_readers))
		return
	row("the other vCPU executes CPUID of", "instructions an exit", "more")
	row("---", "---", "---")
	for (i = 1; i <= nr_readers; i++)
		row(reader[i] == 0 ? "leaf 0, which is not ours" : reader[i], reader_cost[reader[i]],
			signed(reader_cost[reader[i]] - reader_cost[reader[1]]))
	print ""
}

function plot_ways(	n, name, i, j, way, more) {
	n = split("cpuid io deadline wrmsr ept", name, " ")
	printf "way"
	for (j = 1; j <= n; j++)
		printf "\t%s", name[j]
	print ""
	for (i = 1; i <= nr_ways; i++) {
		way = ways[i]
		if (way ~ /^(stock|control)$/ || !(("off", way, name[5]) in exact))
			continue
		printf "%s", way
		for (j = 1; j <= n; j++) {
			more = exact["off", way, name[j]] - exact["off", "stock", name[j]]
			if (("off", way, name[j]) in exact)
				printf "\t%.2f", more
			else
				printf "\tNaN"
		}
		print ""
	}
}

function plot_readers(	i, f, n, l) {
	for (i = 1; i <= nr_tables; i++) {
		split(tables[i], f, FS)
		if (i % 4 == 3) # the second reading, of the table; the histogram is next
			table = f[7]
		if (i % 4 == 0) {
			dearest = 0
			for (l in leaves)
				if (leaf["vm", l, f[4]] > dearest)
					dearest = leaf["vm", l, f[4]]
			print f[4], table, f[7], leaf["vm", "0x4fffffff", f[4]], dearest, 300 + 40 * f[4]
		}
	}
}

# What the mode of a vCPU's exits costs less than two jumps, by load.
function saved(	n, name, j, less, text) {
	n = split(substr(loads["off"], 2), name, " ")
	for (j = 1; j <= n; j++) {
		less = 2 - (exact["off", "off", name[j]] - exact["off", "stock", name[j]])
		if (less >= 0.5)
			text = text (text ? ", " : "") sprintf("%.0f of `%s`", less, name[j])
	}
	return text
}

function head() {
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<!-- Written by make bench; do not edit. -->"
	print "# What it costs to know a VM exit\n"
	printf "Written by `make bench` at %s", "commit" in run ? run["commit"] : "an unknown commit"
	if ("seconds" in run)
		printf " in %.0f minutes", run["seconds"] / 60
	print ", for " about ". Words are those of"
	print "[counting.md](counting.md). Figures are instructions unless another unit is named: in the emulated host an instruction"
	print "is a tick of the TSC. For stock, rebuilt and our modules an exit's are exact: the slopes that each is made of differ by"
	printf "at most %s with `mitigations=off`, and %s with `auto`; that is judged too. Not exact are long runs and Linux guests.\n\n", \
		number(value["inexact"]), number(value["auto:inexact"])
	in_short()
	printf "**%d figures are as they have to be", tally["met"]
	if (tally["floor"])
		printf ", %d are more than their goal and say why", tally["floor"]
	if (tally["MISSED"])
		printf ", %d miss their goal", tally["MISSED"]
	if (tally["WORSE"])
		printf ", %d are worse than the record", tally["WORSE"]
	if (tally["BETTER"])
		printf ", %d are better than the record", tally["BETTER"]
	if (tally["MISSING"])
		printf ", %d were not measured", tally["MISSING"]
	print ".**\n"
	print "## The goals\n"
	summary()
	print "\nThe goal of recording is 48 instructions and two RDTSC, which make 50 here, where RDTSC is an instruction as any"
	print "other. An exit stores to two lines of its vCPU's record, to its row and to a bucket. No exit of another vCPU stores"
	print "to these; seldom something else does: a reset, or a dump that was printed, sets a byte there (`poked`), so that the vCPU"
	print "looks up at its next close; a new `exit_stats` clears what is latched; and the VM's list of records runs through them."
	print "[All figures](#all-figures) are at the end; they and their goals are in `selftests/bench/cost/goals`. `make bench-check` fails where an"
	print "exact one is more than half an instruction past its goal, or to either side of its record.\n"
}

function about_exits(	i, name, list) {
	print "## An exit, by every way to know it\n"
	print "In brackets: more than stock. An exit is the whole way from the guest and back, as the guest's loop sees it. The"
	print "loads:\n"
	for (i = split(substr(loads["off"], 2), name, " "); i > 0; i--)
		list = "- `" name[i] "`: " what[name[i]] "\n" list
	print list
	print "With `mitigations=off`:\n"
	exits_table("off", exact)
	print "![mitigations=off: instructions an exit more than stock](performance-ways.svg)\n"
	print "With `mitigations=auto`:\n"
	exits_table("auto", exact)
	print "- Recording on less recording off is, for each of these loads, our own code as [hot-path.md](hot-path.md) lists it,"
	print "  less a jump for each of the two NOPs. That is judged (\"on less off\")."
	print "- Recording off executes the two jumps. Where it costs less than 2, the compiler made KVM's own code around them"
	print "  shorter, and on is less than the listing by as much: by " saved() "."
	print "- `perf kvm stat` has two events an exit, and a third where the exit is for a port or an MSR: so its two classes."
	print "- Dumps are no row: these batches are too short to have one. See [Dumps](#dumps).\n"
	print "A long run has all in it, also the host's timer, what happens once in many exits and what a tool's own process"
	print "does meanwhile (`mitigations=off`):\n"
	exits_table("off", long)
	print "The counters for all vCPUs are what first attempts have: count and total by reason and of all, no min, no max, no"
	print "histogram, no VM, nothing of what the fast path answers. Their instructions are few and locked: what those"
	print "cost is in [native-cost.md](native-cost.md), and not here. BPF and ftrace know an exit's time up to the next"
	print "entry; BPF's programs are ours, `selftests/bench/cost/kvmexit.bpf.c`.\n"
	print "### A Linux guest's boot\n"
	print "QEMU from start to end, the guest's kernel and one program, once by each way. With `mitigations=off`:\n"
	boots_table("off")
	print "With `mitigations=auto`:\n"
	boots_table("auto")
	if (exits["off", "on"] && mips["exits"]) {
		range("on")
		printf "One boot is not like the next: differences of a few hundredths are noise, as the control shows. What ours adds to\n"
		printf "%d exits, at most %.0f instructions each, is %.3f s here: this table cannot show it, only what costs much more.\n\n", \
			exits["off", "on"], most_on, exits["off", "on"] * most_on / (mips["exits"] * 1e6)
	}
}

function about_dumps() {
	print "## Dumps\n"
	print "A batch is exits of one vCPU; against the same batch with the dump off. A limit of one a minute holds all back. The"
	print "exits are `cpuid`, which end in `vmx_handle_exit()`, `io`, which go to user space, and `deadline`, which re-enter.\n"
	dumps_table()
}

function about_readers() {
	print "## Reading\n"
	print "Open, read and close of the host's table and histogram, with one VM:\n"
	tables_table()
	print "\nA leaf, more than the same CPUID costs with the leaves off, the VM with so many vCPUs. It can be less: ours answers"
	print "where stock KVM goes on to search for the leaf that it answers instead, and that search falls away.\n"
	leaves_table("vm")
	print "With `exit_stats_cpuid=host`:\n"
	leaves_table("host")
	print "![reading, by the number of vCPUs](performance-readers.svg)\n"
	print "A CPUID exit of a vCPU, while another vCPU of its VM does nothing but read a leaf, each on a processor of its own:\n"
	readers_table()
	print "No vCPU waits for a reader, and those are instructions. The cache lines that the reader takes cost time, which"
	print "`make bench-native` measures on real cores ([native-cost.md](native-cost.md))."
	if ("threads/ns-read" in figure)
		printf "With 1,000 cycles between two reads ours takes %.1f ns an exit there, alone %.1f.\n", figure["threads/ns-read"], figure["threads/ns-alone"]
	print ""
}

function about_threads() {
	print "## Threads\n"
	if (measured("threads/ours" in figure)) {
		printf "On this machine's own cores, 2 to 64 threads: ours costs at most %.0f %% of what it costs one thread, an exit and\n", figure["threads/ours"]
		printf "core; four counters for all up to %.0f %%. Each is the worse of two clocks, RDTSC and one that costs nothing. All of it\n", figure["threads/atomics"]
		print "is in [native-cost.md](native-cost.md).\n"
	}
}

function about_memory() {
	print "## Memory\n"
	print "What a VM's memory cgroup is charged for, by the number of its vCPUs:\n"
	memory_table()
}

function about_method(	i, f) {
	print "## How it was measured\n"
	if (nr_hosts) {
		print "- Hosts with VT-x were emulated one after the other; KVM's modules are exchanged in them:"
		for (i = 1; i <= nr_hosts; i++) {
			split(hosts[i], f, FS)
			printf "  - `mitigations=%s`, %d million instructions a second, %s: %s\n", f[1], f[4], \
				f[5] == 1 ? "one processor" : f[5] " processors", f[6]
		}
	}
	print "- An exit's figure is the slope between the smallest times of batches of three sizes, each of 15 batches. So no tick of"
	print "  the host's timer is in it, and nothing that a batch costs by itself. If the slopes between the sizes agree, the figure"
	print "  is exact. A leaf's is the slope between two sizes, eight batches each; a file's the smallest of eight readings."
	print "- For readers and memory the host is told that its processor has 3000 MIPS: then no tick of its timer falls into a"
	print "  read. For exits 400 MIPS: at more, KVM does without the VMX preemption timer, and the fast path is not taken."
	print "- A dump is printed at the next tick of the host's timer, so how many fall into a batch depends on the ticks: for"
	print "  dumps the host has 1000 MIPS, where one tick falls into 5,000 CPUID exits and two into 10,000. (On silicon at 3 GHz,"
	print "  with an exit of 1,500 cycles, it is one in 8,000 exits.) Re-entries have 400 MIPS, for the reason above, and so more"
	print "  ticks and more dumps. Only batches with as many ticks as without dumps count."
	print "- A dump's cost is of the vCPU's thread, by its CPU clock, with what the tick does for it; the worker's time, and"
	print "  that of switching between the two, is told apart. Without a limit a minute only batches count that have a dump"
	print "  in the log before they end; held back, only those that have none. The settings take turns until no minimum falls.\n"
	print "## What these figures do not show\n"
	print "- Time. An instruction takes one tick here, also a locked one, RDTSC, a division, a cache miss and the VM exit itself,"
	print "  which on silicon takes a thousand cycles or more. On a real processor: [native-cost.md](native-cost.md)."
	print "- Contention. Locks and shared cache lines cost nothing in an emulator that runs one processor at a time."
	print "- AMD-V."
	print "- Left out: dumps with `mitigations=auto`, and those of MSR writes and EPT violations, which are closed in the same"
	print "  place as CPUID; a Linux guest's boot by the ways that its table has not."
	print "- Mitigations that the emulated processor, a Haswell, does not let Linux choose. `auto` chose:"
	printf "%s", mitigations
}

function text() {
	head()
	about_exits()
	about_dumps()
	about_readers()
	about_threads()
	about_memory()
	about_method()
	print "\n## All figures\n"
	goals()
}

END {
	OFS = "\t"
	if (plot == "ways")
		plot_ways()
	else if (plot == "readers")
		plot_readers()
	else
		text()
}
