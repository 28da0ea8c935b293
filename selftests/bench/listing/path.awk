# SPDX-License-Identifier: GPL-2.0-only
#
# Follows the common path through one of our hooks:
#
#	awk -v piece=NAME -v sources=DIR -f path.awk purposes frames objdump
#
# purposes: a purpose and a pattern a line, see there. frames: for each
# address of ours the functions and lines of ours that it comes from, innermost
# first. objdump: "objdump -drw" of the hooked function.
#
# An instruction is ours if debug information has a line of exit_stats/ for it. The
# path begins at the first of them and follows these rules:
#
#   - a conditional jump over the code of one source line is taken: that line is
#     what an if does that is seldom true (a new min, a new max);
#   - no other conditional jump is taken: gcc puts what likely() and unlikely()
#     call seldom out of the way;
#   - one that leaves ours over a call, which goes on to the same place, is the end;
#   - KVM's own instructions between ours, which gcc mixed in, are walked over;
#   - a call is an error.
#
# Prints for each instruction of ours, tab separated: address, instruction, purpose,
# file:line, the line's text.

function fail(what) {
	print "path.awk: " piece ": " what >"/dev/stderr"
	exit failed = 1
}

function source_line(place,	file, n, text, i) {
	split(place, part, ":")
	file = sources "/" part[1]
	if (!(file in loaded)) {
		loaded[file] = 1
		for (n = 1; (getline text <file) > 0; n++) {
			gsub(/^[ \t]+|[ \t]+$/, "", text)
			line[file, n] = text
		}
		close(file)
	}
	if (!((file, part[2] + 0) in line))
		fail(file " has no line " part[2])
	return line[file, part[2] + 0]
}

# What purposes go by.
function what_for(i,	f) {
	split(frames[addr[i]], f, " ")
	return piece " | " f[1] ": " source_line(f[2]) " | " insn[i] " " target[i]
}

function innermost(i,	f) {
	split(frames[addr[i]], f, " ")
	return f[2]
}

function ours(i) {
	return addr[i] in frames
}

function is_call(i) {
	return insn[i] ~ /^call/ || (insn[i] ~ /^jmp/ && target[i] != "")
}

function is_jump(i) {
	return insn[i] ~ /^j/
}

# Does the code from here on come back to ours without a jump?
function ours_again(i) {
	for (; i <= n_insn && !is_jump(i) && !is_call(i) && insn[i] !~ /^ret/; i++) {
		if (ours(i))
			return 1
	}
	return 0
}

# Does the jump at i skip the code of one source line, no jump among it?
function skips_a_line(i, to,	j) {
	if (to <= i + 1)
		return 0
	for (j = i + 1; j < to; j++) {
		if (!ours(j) || innermost(j) != innermost(i + 1) || is_jump(j) || is_call(j))
			return 0
	}
	return 1
}

# Does the jump at i leave, past a call after which the way goes to the same place?
function leaves_past_call(i) {
	return is_call(i + 1) && insn[i + 2] ~ /^jmp/ && jump_target(i) &&
	       jump_target(i) == jump_target(i + 2) && !ours(jump_target(i))
}

function jump_target(i,	word) {
	split(insn[i], word, " ")
	return word[2] in at ? at[word[2]] : 0
}

function emit(i,	key, p) {
	key = what_for(i)
	for (p = 1; p <= n_purposes; p++) {
		if (key ~ pattern[p])
			break
	}
	if (p > n_purposes)
		fail("no purpose for this instruction: " key)
	if (insn[i] ~ /^(lock|xchg .*\()/)
		fail("a locked instruction: " key)
	printf "%s\t%s%s\t%s\t%s\t%s\n", addr[i], insn[i], \
	       target[i] == "" ? "" : " [" target[i] "]", group[p], \
	       innermost(i), source_line(innermost(i))
	emitted++
}

function walk(i,	to) {
	while (i <= n_insn) {
		if (!ours(i)) {
			if (!ours_again(i))
				return
			i++
			continue
		}
		# The key is built as off: a jump, which is a NOP while recording is on.
		if (insn[i] ~ /^jmp/ && ours(i) && what_for(i) ~ /static_branch_likely/) {
			insn[i] = "nop (5 bytes)"
			emit(i++)
			continue
		}
		# The way back is no part of it.
		if (insn[i] ~ /^jmp/ && target[i] == "" && !ours(jump_target(i)))
			return
		emit(i)
		if (is_call(i))
			fail("a call of " target[i])
		if (is_jump(i)) {
			to = jump_target(i)
			if (leaves_past_call(i))
				return
			if (insn[i] ~ /^jmp/ || skips_a_line(i, to)) {
				i = to
				continue
			}
		}
		i++
	}
}

FILENAME != last_file {
	last_file = FILENAME
	files++
}

files == 1 && /^#/ { next }

files == 1 && NF {
	split($0, column, /\t+/)
	n_purposes++
	group[n_purposes] = column[1]
	pattern[n_purposes] = column[2]
	next
}

files == 2 {
	a = $1
	sub(/^[^ ]+ /, "")
	frames[a] = $0
	next
}

/^ *[0-9a-f]+:\t/ {
	split($0, column, "\t")
	n_insn++
	addr[n_insn] = column[1]
	gsub(/[ :]/, "", addr[n_insn])
	# A relocation says what it calls or refers to.
	target[n_insn] = column[5]
	sub(/[-+]0x[0-9a-f]+$/, "", target[n_insn])
	insn[n_insn] = column[3]
	sub(/ *#.*/, "", insn[n_insn])
	gsub(/ +/, " ", insn[n_insn])
	sub(/ <[^>]*>$/, "", insn[n_insn])
	sub(/ $/, "", insn[n_insn])
	at[addr[n_insn]] = n_insn
	bytes[n_insn] = split(column[2], unused, " ")
	if (insn[n_insn] ~ /^(nop|xchg %ax,%ax)/)
		insn[n_insn] = "nop (" bytes[n_insn] " bytes)"
}

END {
	if (failed)
		exit 1
	for (first = 1; first <= n_insn && !ours(first); first++)
		;
	walk(first)
	if (failed || !emitted)
		exit 1
}
