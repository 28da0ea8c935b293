# SPDX-License-Identifier: GPL-2.0-only
#
# Follows the common path through one of our hooks:
#
#	awk -v piece=NAME -v sources=DIR -f path.awk purposes lines objdump
#
# purposes: lines of purpose and pattern, see there. lines: each address of our code with
# our function and source line. objdump: "objdump -drw" of the
# hooked function.
#
# An instruction is ours if debug information has a line of exit_stats/ for it. The
# path begins at the first of them and follows these rules:
#
#   - a conditional jump over the code of one source line is taken: that line is
#     the body of an if that is rarely true (a new min, a new max);
#   - no other conditional jump is taken: gcc moves what likely() and unlikely()
#     call rare out of the way;
#   - a conditional jump out of our code ends the path if it only skips a call, after
#     which the path continues at the same place;
#   - KVM's own instructions, which gcc mixed with ours, are skipped;
#   - a call is an error.
#
# Prints for each instruction of ours, tab separated: piece, number, instruction,
# purpose, file:line, the line's text.

BEGIN { OFS = "\t" }

function fail(what) {
	print "path.awk: " piece ": " what >"/dev/stderr"
	exit failed = 1
}

function source_line(where,	part, file, n, text) {
	split(where, part, ":")
	file = sources "/" part[1]
	for (n = 1; n <= part[2]; n++)
		if ((getline text <file) <= 0)
			fail(file " has no line " part[2])
	close(file)
	gsub(/^[ \t]+|[ \t]+$/, "", text)
	return text
}

# The text that the patterns of purposes are matched with.
function what_for(i) {
	return piece " | " func_of[addr[i]] ": " source_line(place[addr[i]]) " | " insn[i] " " target[i]
}

function ours(i) {
	return addr[i] in place
}

function is_call(i) {
	return insn[i] ~ /^call/ || (insn[i] ~ /^jmp/ && target[i] != "")
}

function is_jump(i) {
	return insn[i] ~ /^j/
}

function jump_target(i,	word) {
	split(insn[i], word, " ")
	return word[2] in at ? at[word[2]] : 0
}

# Does the code from here on come back to ours without a jump?
function ours_again(i) {
	while (i <= n && !ours(i) && !is_jump(i) && !is_call(i) && insn[i] !~ /^ret/)
		i++
	return ours(i) && !is_jump(i) && !is_call(i)
}

# Does the jump at i skip only code of one source line, without another jump?
function skips_a_line(i, to,	j) {
	for (j = i + 1; j < to; j++)
		if (!ours(j) || place[addr[j]] != place[addr[i + 1]] || is_jump(j) || is_call(j))
			return 0
	return to > i + 1
}

# Does the jump at i leave our code, and skip a call that continues at the same place?
function leaves_past_call(i) {
	return is_call(i + 1) && insn[i + 2] ~ /^jmp/ && jump_target(i) &&
	       jump_target(i) == jump_target(i + 2) && !ours(jump_target(i))
}

function emit(i,	key, p) {
	key = what_for(i)
	for (p = 1; p <= purposes && key !~ pattern[p]; p++)
		;
	if (p > purposes)
		fail("no purpose for this instruction: " key)
	if (insn[i] ~ /^(lock|xchg .*\()/)
		fail("a locked instruction: " key)
	print piece, ++emitted, insn[i] (target[i] == "" ? "" : " [" target[i] "]"), purpose[p], \
		place[addr[i]], source_line(place[addr[i]])
}

function walk(i) {
	while (i <= n && (ours(i) || ours_again(i))) {
		if (!ours(i)) {
			i++
			continue
		}
		# The key is built as off: a jump, which is a NOP while recording is on.
		if (insn[i] ~ /^jmp/ && what_for(i) ~ /static_branch_likely/) {
			insn[i] = "nop (5 bytes)"
			emit(i++)
			continue
		}
		# The jump back to KVM's own code is no part of the path.
		if (insn[i] ~ /^jmp/ && target[i] == "" && !ours(jump_target(i)))
			return
		emit(i)
		if (is_call(i))
			fail("a call of " target[i])
		if (is_jump(i) && leaves_past_call(i))
			return
		if (insn[i] ~ /^jmp/ || (is_jump(i) && skips_a_line(i, jump_target(i))))
			i = jump_target(i)
		else
			i++
	}
}

FNR == 1 { files++ }

files == 1 && !/^#/ {
	split($0, column, "\t")
	purpose[++purposes] = column[1]
	pattern[purposes] = column[2]
}

files == 2 {
	func_of[$1] = $2
	place[$1] = $3
}

files == 3 && /^ *[0-9a-f]+:\t/ {
	split($0, column, "\t")
	addr[++n] = column[1]
	gsub(/[ :]/, "", addr[n])
	at[addr[n]] = n
	# A relocation says what it calls or refers to.
	target[n] = column[5]
	sub(/[-+]0x[0-9a-f]+$/, "", target[n])
	insn[n] = column[3]
	sub(/ *#.*/, "", insn[n])
	gsub(/ +/, " ", insn[n])
	sub(/ <[^>]*>$/, "", insn[n])
	sub(/ $/, "", insn[n])
	if (insn[n] ~ /^(nop|xchg %ax,%ax)/)
		insn[n] = "nop (" split(column[2], unused, " ") " bytes)"
}

END {
	if (failed)
		exit 1
	for (first = 1; first <= n && !ours(first); first++)
		;
	walk(first)
	exit failed || !emitted
}
