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

file == 1 { verdicts[++nr_verdicts] = $0; tally[$1]++; next }
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
$2 == "boot" { seconds[$3] = $4; exits[$3] = $5 }
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

function goals(	i, f, n) {
	row("figure", "goal, at most", "measured", "verdict")
	row("---", "---", "---", "---")
	for (i = 1; i <= nr_verdicts; i++) {
		split(verdicts[i], f, FS)
		row(f[6], f[4], plain(f[3]), f[1] == "floor" ? "more; see below" : f[1])
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

function boots_table(	i, way) {
	if (!measured("stock" in seconds))
		return
	row("way", "seconds of processor time", "exits")
	row("---", "---", "---")
	for (i = 1; i <= nr_ways; i++) {
		way = ways[i]
		if (way in seconds)
			row(label[way], sprintf("%.2f (%+.2f)", seconds[way], seconds[way] - seconds["stock"]),
				exits[way] ? exits[way] : "-")
	}
	print ""
}

function dumps_table(	i, f) {
	if (!measured(nr_dumps))
		return
	row("interval", "limit a minute", "exits in the batch", "dumps in the log", "instructions an exit more, in the thread", "worker and the rest, a dump")
	row("---", "---", "---", "---", "---", "---")
	for (i = 1; i <= nr_dumps; i++) {
		split(dumps[i], f, FS)
		row(f[3], f[4] == 0 ? "none" : f[4], f[5], f[7], sprintf("%+.2f", f[6]), f[7] ? f[8] : "-")
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
		row(f[3] == "hist" ? "`exit_stats_hist`" : "`exit_stats`", f[4], f[5], f[6], f[7])
	}
	print ""
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
	row("KVM", "vCPUs", "bytes of vmalloc", "bytes of all kernel memory")
	row("---", "---", "---", "---")
	for (i = 1; i <= nr_memory; i++) {
		split(memory[i], f, FS)
		row(f[3], f[4], f[5], f[6])
	}
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
				printf "\t%.2f", (more > 1 ? more : 1)
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
			worst = 0
			for (l in leaves)
				if (leaf["vm", l, f[4]] > worst)
					worst = leaf["vm", l, f[4]]
			print f[4], table, f[7], leaf["vm", "0x4fffffff", f[4]], worst, 300 + 40 * f[4]
		}
	}
}

function text(	verdict) {
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<!-- Written by make bench; do not edit. -->"
	print "# What it costs to know a VM exit\n"
	print "Written by `make bench` for " about ". Words are those of"
	print "[counting.md](counting.md). Figures are instructions unless another unit is named, and all but those of a long run"
	print "and of a Linux guest are exact: in the emulated host an instruction is a tick of the TSC.\n"
	printf "**%d goals are met", tally["met"]
	if (tally["floor"])
		printf ", %d figures are more than their goal and say why", tally["floor"]
	if (tally["MISSED"])
		printf ", %d are missed", tally["MISSED"]
	if (tally["WORSE"])
		printf ", %d are worse than they were", tally["WORSE"]
	print ".**\n"
	print "## The goals\n"
	goals()
	print "\nThe goals are in `bench/goals`; `make bench-check` holds each run against them, and against what was measured"
	print "before: one instruction more fails.\n"
	print "## An exit, by every way to know it\n"
	print "In brackets: more than stock. An exit is the whole way from the guest and back, as the guest's loop sees it. The"
	print "loads:\n"
	for (i = split(substr(loads["off"], 2), name, " "); i > 0; i--)
		list = "- `" name[i] "`: " what[name[i]] "\n" list
	print list
	print "With `mitigations=off`:\n"
	exits_table("off", exact)
	print "With `mitigations=auto`:\n"
	exits_table("auto", exact)
	print "![instructions an exit more than stock](performance-ways.svg)\n"
	print "A long run has all in it, also the host's timer, what happens once in many exits and what a tool's own process"
	print "does meanwhile (`mitigations=off`):\n"
	exits_table("off", long)
	print "The counters for all vCPUs are what first attempts have: count and total by reason and of all, no min, no max, no"
	print "histogram, no VM, nothing of what the fast path answers. Their instructions are few and locked: what those"
	print "cost is in [native-cost.md](native-cost.md), and not here. BPF and ftrace know an exit's time up to the next"
	print "entry; BPF's programs are ours, `bench/kvmexit.bpf.c`.\n"
	print "### A Linux guest's boot\n"
	print "QEMU from start to end, the guest's kernel and one program. A boot's exits differ from run to run; how much the time"
	print "does, tells the control.\n"
	boots_table()
	print "## Dumps\n"
	print "A batch is CPUID exits of one vCPU; against the same batch with the dump off.\n"
	dumps_table()
	print "## Reading\n"
	print "Open, read and close of the host's table and histogram, with one VM:\n"
	tables_table()
	print "A leaf, more than the same CPUID costs with the leaves off, the VM with so many vCPUs:\n"
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
	print "## Threads\n"
	if (measured("threads/ours" in figure)) {
		printf "On this machine's own cores, 1 to 64 threads: ours costs at most %.0f %% of what it costs one thread, an exit and\n", figure["threads/ours"]
		printf "core; four counters for all at most %.0f %%. All of it is in [native-cost.md](native-cost.md).\n\n", figure["threads/atomics"]
	}
	print "## Memory\n"
	print "What a VM's memory cgroup is charged for, by the number of its vCPUs. A vCPU's record with its histograms is the"
	print "slope of vmalloc, less that of stock:\n"
	memory_table()
	print "## How it was measured\n"
	print "- One boot of an emulated host with VT-x for each setting of `mitigations`; KVM's modules are exchanged in it."
	print "- A figure is the slope between the smallest times of batches of three sizes, each of 30 batches. So no tick of the"
	print "  host's timer is in it, and nothing that a batch costs by itself. If the slopes between the sizes agree, the figure is"
	print "  exact."
	print "- For readers and memory the host is told that its processor has 3000 MIPS: then no tick of its timer falls into a"
	print "  read. For exits 400 MIPS: at more, KVM does without the VMX preemption timer, and the fast path is not taken."
	print "- A dump is printed at the next tick of the host's timer, so how many fall into a batch depends on the ticks: for"
	print "  dumps the host has 1000 MIPS, where one tick falls into 5,000 exits and two into 10,000. (On silicon at 3 GHz, with an"
	print "  exit of 1,500 cycles, it is one in 8,000 exits.) The batches without dumps have the same ticks."
	print "- A dump's cost is of the vCPU's thread, by its CPU clock, with what the tick does for it; the worker's time, and"
	print "  that of switching between the two, is told apart. Without a limit a minute only batches count that have a dump"
	print "  in the log before they end."
	print "- The instructions of ours alone, one by one, are in [hot-path.md](hot-path.md). What is more here is what our code"
	print "  makes of KVM's own around it: registers that had to be kept elsewhere.\n"
	print "## What these figures do not show\n"
	print "- Time. An instruction takes one tick here, also a locked one, RDTSC, a division, a cache miss and the VM exit itself,"
	print "  which on silicon takes a thousand cycles or more. On a real processor: [native-cost.md](native-cost.md)."
	print "- Contention. Locks and shared cache lines cost nothing in an emulator that runs one processor at a time."
	print "- AMD-V."
	print "- Mitigations that the emulated processor, a Haswell, does not let Linux choose. `auto` chose:"
	printf "%s", mitigations
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
