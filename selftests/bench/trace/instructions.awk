# SPDX-License-Identifier: GPL-2.0-only
#
# Prints the instructions of an exit that the same exit on stock KVM does not execute:
#
#	awk -v way=NAME -f instructions.awk purposes stock.path symbols lines path
#
# stock.path, path: the two exits; a line has address, bytes, where a jump goes, instruction.
# symbols: address, kind and name, sorted. lines: address, file, line and text of the
# programs' source, sorted within each program.
#
# Prints for each instruction, tab separated: way, event, number within the event, function,
# piece, purpose, place, instruction.

BEGIN { OFS = "\t" }

function fail(what) {
	print "instructions.awk: " way ": " what >"/dev/stderr"
	exit failed = 1
}

# The last of the sorted keys that is not above the address. Addresses have 16 digits each:
# as strings they compare like numbers.
function find(keys, n, address,	low, high, middle) {
	low = 0
	high = n + 1
	while (high - low > 1) {
		middle = int((low + high) / 2)
		if (keys[middle] "" <= address "")
			low = middle
		else
			high = middle
	}
	return low
}

function function_of(address,	name) {
	name = name_of[find(symbols, nr_symbols, address)]
	sub(/^bpf_prog_[0-9a-f]+_/, "program ", name)
	return name
}

# The second column of the first line of purposes whose pattern matches.
function purpose_of(key,	p) {
	for (p = 1; p <= nr_purposes; p++)
		if (key ~ pattern[p])
			return purpose[p]
	return "-"
}

# "jne (taken)"; "call NAME".
function with_target(instruction, target, next_address,	name) {
	if (target == "-" || instruction !~ /^(j|call)/)
		return instruction
	sub(/ .*/, "", instruction)
	if (instruction ~ /^call/ || function_of(target) != name_here)
		return instruction " " function_of(target)
	return instruction == "jmp" ? instruction : instruction (next_address == target ? " (taken)" : "")
}

function emit(i,	l, place, piece, why, text) {
	name_here = function_of(address[i])
	place = name_here
	piece = why = purpose_of(name_here)
	text = with_target(instruction[i], target[i], address[i + 1])
	if (name_here ~ /^program /) {
		l = find(lines, nr_lines, address[i])
		# Code without a line belongs to the line before it.
		while (line_of[l] == 0)
			l--
		place = file_of[l] ":" line_of[l]
		why = purpose_of(name_here " | " text_of[l] " | " text)
	}
	if (why == "-")
		fail("no purpose for this instruction: " place " | " text)
	print way, event, ++number, name_here, piece, why, place, text
}

FNR == 1 { files++ }

files == 1 && !/^#/ {
	split($0, column, "\t")
	purpose[++nr_purposes] = column[1]
	pattern[nr_purposes] = column[2]
}

files == 2 { stock[$1]++ }

files == 3 {
	symbols[++nr_symbols] = $1
	name_of[nr_symbols] = $3
}

files == 4 {
	split($0, column, "\t")
	lines[++nr_lines] = column[1]
	file_of[nr_lines] = column[2]
	line_of[nr_lines] = column[3]
	text_of[nr_lines] = column[4]
}

files == 5 {
	address[++n] = $1
	target[n] = $3
	sub(/^[^ ]* [^ ]* [^ ]* /, "")
	sub(/ *[#<].*/, "")
	gsub(/ +/, " ")
	instruction[n] = $0
}

END {
	if (failed)
		exit 1
	for (i = 1; i <= n; i++) {
		if (stock[address[i]]-- > 0) {
			inside = 0
			continue
		}
		if (!inside++) {
			event = ++events == 1 ? "kvm_exit" : "kvm_entry"
			number = 0
		}
		emit(i)
	}
	for (a in stock)
		if (stock[a] > 0)
			fail("stock KVM executes an instruction that is not in the trace: " a)
	if (!failed && events != 2)
		fail(events " groups of instructions are new, and not one for each tracepoint")
	exit failed
}
