# SPDX-License-Identifier: GPL-2.0-only
#
# What the checks share: parts with their times, and the last line. Sourced after lib.sh,
# never run. The caller sets $TAP, the file with all output, and $ENDED, the file that lists
# parts that failed as a whole.
# shellcheck shell=sh
# shellcheck disable=SC2154 # TAP and ENDED

# part NAME COMMAND...: runs the command and prints how long it took. A failure goes to a
# file, because this runs in a pipe.
part() {
	name=$1
	shift
	status=0
	start=$(date +%s)
	("$@") || status=$? # a subshell, so that die() ends only this part
	say "# $name: $(($(date +%s) - start)) s"
	[ "$status" -eq 0 ] || say "$name ended with status $status" >>"$ENDED"
}

count() {
	grep -acE "$1" "$TAP" || :
}

# sum_up BEGAN: prints the last lines; status 0 if nothing failed
sum_up() {
	skipped=$(count '^(ok .*|1\.\.0) # SKIP')
	passed=$(($(count '^ok ') - $(count '^ok .* # SKIP')))
	failed=$(count '^not ok |^Bail out!')
	if [ "$failed" -gt 0 ]; then
		say "# failed:"
		grep -aE '^not ok |^Bail out!' "$TAP" | sed 's/^/# /'
		say "# all output: ${TAP#"$TOP/"}; the host's console: ${HOST_DIR#"$TOP/"}/serial.log"
	fi
	# A part that ended with an error counts as one failed test, as does a run without tests.
	if [ "$failed" -eq 0 ] && { [ -s "$ENDED" ] || [ $((passed + skipped)) -eq 0 ]; }; then
		sed 's/^/# /' "$ENDED"
		failed=1
	fi
	say "# in all: $(($(date +%s) - $1)) s" | tee -a "$TAP"
	say "$passed passed, $failed failed, $skipped skipped" | tee -a "$TAP"
	[ "$failed" -eq 0 ]
}
