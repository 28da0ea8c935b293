# SPDX-License-Identifier: GPL-2.0-only
#
# What the checks share: parts with their times, and the line that sums up. Sourced
# after lib.sh, never run. Before: $TAP is the file for all output, $ENDED the one
# for what ended badly.
# shellcheck shell=sh
# shellcheck disable=SC2154 # those two

# part NAME COMMAND...: its output, and how long it took. How it ended goes to a file,
# as this runs in a pipe.
part() {
	name=$1
	shift
	status=0
	start=$(date +%s)
	("$@") || status=$? # not more than itself ends where it dies
	say "# $name: $(($(date +%s) - start)) s"
	[ "$status" -eq 0 ] || say "$name ended with status $status" >>"$ENDED"
}

count() {
	grep -cE "$1" "$TAP" || :
}

# sum_up BEGAN: the last lines; the status says whether all is well
sum_up() {
	skipped=$(count '^(ok .*|1\.\.0) # SKIP')
	passed=$(($(count '^ok ') - $(count '^ok .* # SKIP')))
	failed=$(count '^not ok |^Bail out!')
	if [ "$failed" -gt 0 ]; then
		say "# failed:"
		grep -E '^not ok |^Bail out!' "$TAP" | sed 's/^/# /'
		say "# all output: ${TAP#"$TOP/"}; the host's console: ${HOST_DIR#"$TOP/"}/serial.log"
	fi
	# What ended badly, or printed no test, has failed, whatever else it printed.
	if [ "$failed" -eq 0 ] && { [ -s "$ENDED" ] || [ $((passed + skipped)) -eq 0 ]; }; then
		sed 's/^/# /' "$ENDED"
		failed=1
	fi
	say "# in all: $(($(date +%s) - $1)) s" | tee -a "$TAP"
	say "$passed passed, $failed failed, $skipped skipped" | tee -a "$TAP"
	[ "$failed" -eq 0 ]
}
