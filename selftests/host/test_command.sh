#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The command kvm-exit-stats shows what guests with known exits did, the same numbers as the
# files of debugfs, in each subcommand; and it names the cause where there is nothing to
# show. What it printed in other programs' formats goes to /out/command, for check-formats.
# Leaves our modules loaded.

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh
command -v kvm-exit-stats >/dev/null || skip_all "this host was made without command.list"
# shellcheck source-path=SCRIPTDIR source=helpers/monitors.sh
. /tests/monitors.sh

out=/out/command
mkdir -p $out
# Reasons of the guest's exits; exits_on_request makes so many of each.
cpuid=10 hlt=12 io=30
[ $vendor = vmx ] || cpuid=0x72 hlt=0x78 io=0x7b
cpuids=300 hlts=43 outs=70

# rows COLUMNS OPTION...: the rows of "show" with these columns, fields split by blanks
rows() {
	columns=$1
	shift
	kvm-exit-stats show -f csv -o "$columns" "$@" | fields
}

# fields: from CSV, without the line of keys, the time and the interval
fields() {
	tr -d '\r"' | sed '1d; s/^[^,]*,[^,]*,//; s/,/ /g'
}

# numbers FILE: reason, count, total, min and max of each row of a table of debugfs
numbers() {
	awk '!/^#/ { print $1, $3, $4, $5, $6 }' "$1"
}

# field FILE REASON N: the N-th field of the row of a reason
field() {
	awk -v reason="$2" -v n="$3" '$1 == reason { print $n }' "$1"
}

has_lines() {
	[ -e "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]
}

# hold_vm: starts a VM that does nothing; its process is $holder
hold_vm() {
	/tests/hold_vm 9>&- &
	holder=$!
	await ls -d $kvm/$holder-*/vcpu0
}

end_holder() {
	kill $holder
	wait $holder 2>/dev/null
}

list_shows_vms() {
	hold_vm
	kvm-exit-stats list -i 0.1 -f csv -o process,pid,folder,vcpus | fields >/tmp/shown
	[ "$(wc -l </tmp/shown)" -eq 2 ] && grep -q "^exits_on_reques $guest $vm 1$" /tmp/shown &&
		grep -q "^hold_vm $holder $holder-[0-9]* 1$" /tmp/shown
	ok $? "list shows both VMs with process, folder and vCPUs"
	kvm-exit-stats list -i 0.1 -f json >$out/list.json
	end_holder
	kvm-exit-stats list -i 0.1 -f csv -o pid | fields >/tmp/shown
	[ "$(cat /tmp/shown)" = "$guest" ]
	ok $? "list shows only one when the other has ended"
}

show_has_exact_counts() {
	make_exits
	make_exits
	rows reason,exits --vm $guest >/tmp/shown
	[ "$(field /tmp/shown $cpuid 2) $(field /tmp/shown $hlt 2) $(field /tmp/shown $io 2)" = \
		"$((2 * cpuids)) $((2 * hlts)) $((2 * outs))" ]
	ok $? "show --vm: CPUID, HLT and I/O as often as the guest made them"
	kvm-exit-stats show --vm $guest -f json -o reason,exits |
		grep -q "{\"reason\":\"$cpuid\",\"exits\":$((2 * cpuids))}"
	ok $? "show --vm: JSON has the same count"

	for scope in host vm vcpu; do
		case $scope in
		host) file=$kvm/exit_stats options="" ;;
		vm) file=$kvm/"$vm"/vm_exit_stats options="--vm $vm" ;;
		vcpu) file=$kvm/"$vm"/vcpu0/exit_stats options="--vm $vm --vcpu 0" ;;
		esac
		numbers "$file" >/tmp/table
		# shellcheck disable=SC2086 # words
		rows reason,exits,time,min,max --cycles --sort reason $options >/tmp/shown
		[ -s /tmp/table ] && same /tmp/table /tmp/shown
		ok $? "show --cycles, $scope: each number is that of debugfs ($(wc -l </tmp/table) rows)"
		# shellcheck disable=SC2086 # words
		kvm-exit-stats show -f table --sort reason $options >/tmp/shown
		awk '!/^#/ { $1 = $1; print }' /tmp/shown >/tmp/shown.rows
		awk '!/^#/ { $1 = $1; print }' "$file" >/tmp/table.rows
		[ "$(head -n 1 /tmp/shown)" = "$(head -n 1 "$file")" ] && same /tmp/table.rows /tmp/shown.rows
		ok $? "show -f table, $scope: the kernel's own table"
	done
}

show_sorts() {
	most=$(numbers $kvm/"$vm"/vm_exit_stats | sort -k 3 -n -r | head -n 1 | cut -d ' ' -f 1)
	least=$(numbers $kvm/"$vm"/vm_exit_stats | sort -k 3 -n | head -n 1 | cut -d ' ' -f 1)
	[ "$(rows reason --vm "$vm" --sort time --top 1)" = "$most" ]
	ok $? "show --sort time --top 1: the costliest reason, $most"
	[ "$(rows reason --vm "$vm" --sort time --reverse --top 1)" = "$least" ]
	ok $? "show --sort time --reverse --top 1: the cheapest, $least"
}

# Each percentile lies in the bucket that has the exit of that rank.
show_has_percentiles() {
	rows reason,p50,p90,p99 --vm "$vm" --cycles >/tmp/shown
	awk '
		FNR == NR { p[$1, 50] = $2; p[$1, 90] = $3; p[$1, 99] = $4; rows++; next }
		/^#/ { next }
		{
			n = split("50 90 99", percent, " ")
			for (i = 1; i <= n; i++) {
				sum = 0
				low = 0
				high = 2
				for (k = 0; k < 32; k++) {
					sum += $(4 + k)
					if (sum * 100 >= $3 * percent[i])
						break
					low = high
					high *= 2
				}
				at = p[$1, percent[i]]
				if (at < low || at > high) {
					print "# " $2 ": p" percent[i] " " at " is not in bucket " k
					wrong++
				}
			}
			rows--
		}
		END { exit wrong || rows }' /tmp/shown $kvm/"$vm"/vm_exit_stats_hist
	result=$?
	[ -s /tmp/shown ]
	ok $((result + $?)) "show: p50, p90 and p99 lie in the bucket of their rank"
}

# All tables until now: how many CPUID exits, and whether a rate is not exits by seconds.
sum_of_tables() {
	tr -d '\r"' <"$1" | awk -F , -v reason=$cpuid '
		$3 == reason { sum += $4; if ($4 < $2 * $5 * 0.99 || $4 > $2 * $5 * 1.01) wrong = " wrong" }
		END { print sum + 0 wrong }'
}

all_seen() {
	[ "$(sum_of_tables /tmp/follow)" = "$1" ]
}

show_follows() {
	kvm-exit-stats show --vm "$vm" -f csv -o reason,exits,rate 0.3 >/tmp/follow &
	tool=$!
	await has_lines /tmp/follow 1 # the line of keys: the first reading was before
	make_exits
	sleep 1
	make_exits
	await all_seen $((2 * cpuids))
	kill -INT $tool
	wait $tool
	result=$?
	[ $result -eq 0 ] && all_seen $((2 * cpuids))
	ok $? "show 0.3: the intervals add up to $(sum_of_tables /tmp/follow) CPUIDs, each rate is exits by seconds"

	hold_vm
	rm /tmp/follow # has_lines must not see the last one
	kvm-exit-stats show --vm $holder -f csv 0.2 >/tmp/follow 2>/tmp/errors &
	tool=$!
	await has_lines /tmp/follow 1
	end_holder
	wait $tool
	result=$?
	[ $result -eq 0 ] && grep -q "the VM hold_vm.* ended" /tmp/errors
	ok $? "show 0.2 ends with its VM: $(cat /tmp/errors)"
}

# metric FILE NAME REASON-NAME: the sample of our VM
metric() {
	awk -v start="$2{vm=\"$name\",reason=\"$3\"}" 'index($0, start) == 1 { print $NF }' "$1"
}

# same_metrics FILE: counts and seconds of our VM's reasons are those of debugfs
same_metrics() {
	khz=$(header tsc_khz)
	numbers $kvm/"$vm"/vm_exit_stats >/tmp/table
	while read -r reason count total rest; do
		name_of=$(awk -v reason="$reason" '$1 == reason { print $2 }' $kvm/"$vm"/vm_exit_stats)
		echo "$count $(awk -v t="$total" -v khz="$khz" 'BEGIN { printf "%.6f", t / khz / 1000 }')" >>/tmp/expected
		echo "$(metric "$1" kvm_exits_total "$name_of") $(metric "$1" kvm_exit_handling_seconds_total "$name_of" |
			awk '{ printf "%.6f", $1 }')" >>/tmp/shown
	done </tmp/table
	[ -s /tmp/shown ] && same /tmp/expected /tmp/shown
}

# The VM makes no exits meanwhile.
keep_formats() {
	cp $kvm/"$vm"/vm_exit_stats $out/table &&
		kvm-exit-stats show --vm "$vm" --hist -f json >$out/show.json &&
		kvm-exit-stats show --vm "$vm" --hist -f csv --cycles >$out/show.csv
	ok $? "show --hist -f json and csv: for check-formats"
}

export_has_metrics() {
	name=$(kvm-exit-stats list -i 0.1 -f csv -o vm,pid | fields | sed -n "s/ $guest$//p")
	for format in prometheus openmetrics; do
		rm -f /tmp/expected /tmp/shown
		kvm-exit-stats export --vcpus --hist -f $format >$out/metrics.$format
		same_metrics $out/metrics.$format
		ok $? "export -f $format: counts and seconds of each reason are those of debugfs"
		grep -q "^kvm_vm_info{vm=\"$name\",uuid=\"\",pid=\"$guest\"} 1$" $out/metrics.$format
		ok $? "export -f $format: kvm_vm_info has the process"
	done
	echo old >/tmp/exported
	before=$(stat -c %i /tmp/exported)
	kvm-exit-stats export --output /tmp/exported &&
		[ "$(stat -c %i /tmp/exported)" != "$before" ] &&
		[ "$(echo /tmp/exported*)" = /tmp/exported ] &&
		grep -q '^kvm_exits_total' /tmp/exported
	ok $? "export --output puts a new file in the place of the old one"
	kvm-exit-stats export -f openmetrics --output /tmp/metrics --interval 0.1 &
	tool=$!
	await grep -q EOF /tmp/metrics
	whole=0
	for _ in $(seq 50); do
		[ "$(tail -n 1 /tmp/metrics)" = "# EOF" ] && whole=$((whole + 1))
	done
	kill $tool
	wait $tool
	[ $whole -eq 50 ]
	ok $? "export --interval: each of 50 readers sees a whole file"
	series=$(kvm-exit-stats export | grep -vc '^#')
	kvm-exit-stats export --series >/tmp/shown
	[ "$(awk 'NR == 1 { print $1 }' /tmp/shown)" -eq "$series" ]
	ok $? "export --series says how many there are: $series"
}

record_and_read() {
	rm -f /tmp/recording # another test may have left one
	kvm-exit-stats record -q -i 0.2 -O /tmp/recording &
	tool=$!
	await grep -q '"seconds"' /tmp/recording
	make_exits
	lines=$(($(wc -l </tmp/recording) + 2))
	await has_lines /tmp/recording $lines
	kill -INT $tool
	wait $tool
	ok $? "record ends by SIGINT with status 0"
	recorded=$(awk -v reason=$((cpuid)) '/"seconds"/ {
			n = split($0, scope, "[{]\"vm\":")
			for (i = 2; i <= n; i++)
				if (match(scope[i], "\\[" reason ",[0-9]+,"))
					sum += substr(scope[i], RSTART + length(reason) + 2)
		}
		END { print sum + 0 }' /tmp/recording)
	[ "$recorded" -eq $cpuids ]
	ok $? "record: its samples have the guest's CPUIDs: $recorded"
	numbers $kvm/"$vm"/vm_exit_stats >/tmp/table
	rows reason,exits,time,min,max --cycles --sort reason --root /tmp/recording --vm "$vm" >/tmp/shown
	same /tmp/table /tmp/shown
	ok $? "record: its totals are those of debugfs, and show --root reads them"
	cp /tmp/recording $out/recording.jsonl
	head -c 1000 /tmp/recording >/tmp/cut
	kvm-exit-stats show --root /tmp/cut >/tmp/output 2>&1
	[ $? -le 11 ]
	ok $? "a recording that was cut does not crash show: $(tail -n 1 /tmp/output)"
}

# record_exits FILE TIMES: records while our VM makes its exits so many times
record_exits() {
	rm -f "$1"
	kvm-exit-stats record -q -i 0.2 -O "$1" &
	tool=$!
	await grep -q '"seconds"' "$1"
	for _ in $(seq "$2"); do
		make_exits
	done
	lines=$(($(wc -l <"$1") + 2))
	await has_lines "$1" $lines
	kill -INT $tool
	wait $tool
}

# between BEFORE AFTER: reason, count and total of what was added to a table's rows
between() {
	awk 'FNR == NR { count[$1] = $2; total[$1] = $3; next }
		$2 > count[$1] { print $1, $2 - count[$1], $3 - total[$1] }' "$1" "$2" | sort
}

# known TIMES: the exits of our VM that it makes on request, as lines of reason and count
known() {
	printf '%s %s\n' $cpuid $((cpuids * $1)) $hlt $((hlts * $1)) $io $((outs * $1))
}

# has_known FILE N TIMES: does column N of the rows have them?
has_known() {
	for reason in $cpuid $hlt $io; do
		echo "$reason $(field "$1" "$reason" "$2")"
	done >/tmp/counts
	known "$3" >/tmp/known
	same /tmp/known /tmp/counts
}

report_has_the_exits() {
	numbers $kvm/"$vm"/vm_exit_stats >/tmp/before
	record_exits /tmp/one 1
	numbers $kvm/"$vm"/vm_exit_stats >/tmp/after
	between /tmp/before /tmp/after >/tmp/expected
	kvm-exit-stats report /tmp/one -f csv -o reason,exits,time --cycles --vm "$vm" | fields |
		sort >/tmp/shown
	has_known /tmp/shown 2 1 && same /tmp/expected /tmp/shown
	ok $? "report: exits and cycles of the VM's recorded time, and none from before"
	ends 0 "{\"vm\":\"exits_on_reques $guest\",\"reason\":\"$cpuid\",\"exits\":$cpuids," \
		kvm-exit-stats report /tmp/one -f json -o vm,reason,exits
	ok $? "report: JSON has the same"
	kvm-exit-stats report /tmp/one >/tmp/shown
	awk -v vm="exits_on_reques $guest" -v exits="$(awk '{ n += $2 } END { print n }' /tmp/expected)" '
		$0 ~ "^host: .*, " exits " exits" { host = 1 }
		$0 ~ "^" vm ": .*, " exits " exits" { own = 1 }
		END { exit !host || !own }' /tmp/shown
	ok $? "report: host and VM have as many exits in all"
	hold_vm
	first=$holder
	rm -f /tmp/two
	kvm-exit-stats record -q -i 0.2 -O /tmp/two &
	tool=$!
	await grep -q '"seconds"' /tmp/two
	end_holder
	hold_vm
	short=$holder
	await has_lines /tmp/two $(($(wc -l </tmp/two) + 4))
	end_holder
	hold_vm
	sleep 0.5
	kill -INT $tool
	wait $tool
	end_holder
	ends 0 "hold_vm $first: ended at " kvm-exit-stats report /tmp/two &&
		ends 0 "hold_vm $holder: came at " kvm-exit-stats report /tmp/two
	ok $? "report says which VM ended meanwhile, and which came"
	kvm-exit-stats report /tmp/two -f csv -o reason,exits --vm "$short" | fields >/tmp/shown
	[ "$(field /tmp/shown $cpuid 2)" = 1 ]
	ok $? "report has the exits of a VM that began and ended within the recording"
	kvm-exit-stats report /tmp/one --html /tmp/page && grep -q "<bdi>exits_on_reques $guest</bdi>" /tmp/page
	ok $? "report --html: the page has the VM"
}

diff_names_the_change() {
	record_exits /tmp/two 3
	kvm-exit-stats diff /tmp/one /tmp/two -f csv -o reason,exits_a,exits_b --vm "$vm" | fields >/tmp/shown
	has_known /tmp/shown 2 1 && has_known /tmp/shown 3 3
	ok $? "diff of two recordings: the exits of each"
	rm -rf /tmp/snapshot
	cp -r $kvm /tmp/snapshot 2>/dev/null
	ends 0 "nothing happened" kvm-exit-stats diff /tmp/snapshot $kvm
	ok $? "diff of a snapshot with the files it was made of: nothing"
	make_exits
	kvm-exit-stats diff /tmp/snapshot $kvm -f csv -o reason,exits,compared --vm "$vm" | fields >/tmp/shown
	has_known /tmp/shown 2 1 && [ "$(field /tmp/shown $cpuid 3)" = since ]
	ok $? "diff of a snapshot with now: what happened since"
	kvm-exit-stats reset --vm "$vm"
	make_exits
	kvm-exit-stats diff /tmp/snapshot $kvm -f csv -o reason,exits_a,exits_b,compared --vm "$vm" | fields >/tmp/shown
	numbers /tmp/snapshot/"$vm"/vm_exit_stats >/tmp/before
	has_known /tmp/shown 3 1 && [ "$(field /tmp/shown $cpuid 4)" = totals ] &&
		[ "$(field /tmp/shown $cpuid 2)" = "$(field /tmp/before $cpuid 2)" ]
	ok $? "diff across a reset: the totals, side by side"
}

# dumps: the rows of the dumps in a log on stdin, as numbers() has them
dumps() {
	sed -n 's/.*kvm_exit_stats: [0-9]*: exit reason \([^ ]*\) [^ ]*: count \([0-9]*\) total \([0-9]*\) min \([0-9]*\) max \([0-9]*\) .*/\1 \2 \3 \4 \5/p'
}

log_shows_dumps() {
	kvm-exit-stats set dump_per_min 0 >/dev/null
	kvm-exit-stats set dump_interval 500 >/dev/null
	lines=$(dmesg | wc -l)
	kvm-exit-stats log -f csv --cycles --sort reason -o reason,exits,time,min,max >/tmp/follow &
	tool=$!
	await sh -c "ls -l /proc/$tool/fd | grep -q kmsg"
	sleep 0.2
	# New vCPUs: that of our VM is in a batch which began without dumps.
	/tests/known_exits >/dev/null
	/tests/known_exits >/dev/null
	sleep 0.5
	kvm-exit-stats set dump_interval 0 >/dev/null
	dmesg | tail -n +$((lines + 1)) >/tmp/log
	dumps </tmp/log >/tmp/expected
	await has_lines /tmp/follow $(($(wc -l </tmp/expected) + 1))
	kill $tool
	wait $tool
	fields </tmp/follow >/tmp/shown
	[ "$(grep -c ': dump ' /tmp/log)" -ge 2 ] && same /tmp/expected /tmp/shown
	ok $? "log: the $(grep -c ': dump ' /tmp/log) dumps that dmesg shows"
	kvm-exit-stats log --file /tmp/log -f csv --cycles --sort reason -o reason,exits,time,min,max |
		fields >/tmp/shown
	same /tmp/expected /tmp/shown
	ok $? "log --file reads them from a saved log"
	ends 0 "dump" kvm-exit-stats log --all --once
	ok $? "log --all --once ends where the log ends"
}

set_changes_parameters() {
	while read -r parameter value; do
		before=$(cat "$params/$parameter")
		kvm-exit-stats set "$parameter" "$value" >/tmp/shown 2>&1
		[ "$(cat /tmp/shown)" = "$parameter = $value" ] &&
			[ "$(cat "$params/$parameter")" = "$value" ]
		ok $? "set $parameter $value"
		echo "$before" >"$params/$parameter"
	done <<-END
		exit_stats N
		exit_stats_dump_interval 1000
		exit_stats_dump_per_min 5
		exit_stats_cpuid host
		exit_stats_cpuid off
		exit_stats_leaf_layout four-leaf
		exit_stats_low_first Y
		exit_stats_log_reads Y
	END
	ends 1 "it takes off, vm or host" kvm-exit-stats set cpuid guest
	ok $? "set: a bad value fails and the error says what is accepted"
	ends 1 "it takes 0 to" kvm-exit-stats set dump_interval 4294967296
	ok $? "set: so does a number out of range"
	ends 2 "exit_stats_leaf_layout" kvm-exit-stats set layout default
	ok $? "set: an unknown name fails and the error lists the parameters"
	ends 0 "exit_stats_dump_interval  *0 " kvm-exit-stats status
	ok $? "status prints the parameters' values"
	ends 0 "\"counts\":true.*\"exit_stats_cpuid\":\"vm\"" kvm-exit-stats status -f json
	ok $? "status -f json has them too"
	kvm-exit-stats status -f json >$out/status.json
}

reset_clears_scopes() {
	host=$(header exits)
	kvm-exit-stats reset --vm "$vm" --vcpu 0
	[ "$(header exits $kvm/"$vm"/vcpu0/exit_stats)" -eq 0 ] &&
		[ "$(header exits $kvm/"$vm"/vm_exit_stats)" -gt 0 ]
	ok $? "reset --vm --vcpu clears the vCPU only"
	kvm-exit-stats reset --vm "$vm"
	[ "$(header exits $kvm/"$vm"/vm_exit_stats)" -eq 0 ] && [ "$(header exits)" -eq "$host" ]
	ok $? "reset --vm clears the VM and not the host"
	kvm-exit-stats reset --host
	[ "$(header exits)" -eq 0 ]
	ok $? "reset --host clears the host"
	ends 2 "say which" kvm-exit-stats reset
	ok $? "reset needs a scope"
}

# first_vms: of each printed screen the line below the header
first_vms() {
	awk '/^ *VM .*EXITS/ { getline; print }' /tmp/screens
}

top_shows_vms() {
	hold_vm
	while :; do
		echo >&9
		sleep 0.05
	done &
	loop=$!
	kvm-exit-stats top --batch 3 -i 0.5 >/tmp/screens
	result=$?
	[ $result -eq 0 ] && [ "$(wc -l </tmp/screens)" -eq 72 ] &&
		[ "$(first_vms | grep -c exits_on_reques)" -eq 3 ]
	ok $? "top --batch 3: the VM that exits is on top of the one that does not"
	kvm-exit-stats top --batch 1 -i 0.5 --keys '~' >/tmp/screens
	grep -q CPUID /tmp/screens && grep -q exits_on_reques /tmp/screens
	ok $? "top --keys: Enter opens its reasons"
	kill $loop
	wait $loop 2>/dev/null
	end_holder
	for keys in "" "~~" oa; do
		start_churn
		kvm-exit-stats top --batch 3 -i 0.3 --keys "$keys" >/tmp/screens 2>/tmp/errors
		result=$?
		stop_churn
		sed 's/^/# /' /tmp/errors
		[ $result -eq 0 ] && [ "$(wc -l </tmp/screens)" -eq 72 ] && [ -s /tmp/ended ]
		ok $? "top --batch 3 --keys '$keys' while $(wc -l </tmp/ended) VMs started and ended"
	done
}

errors_name_the_cause() {
	ends 10 "nearest name is 'exits_on_reques" kvm-exit-stats show --vm exits_on_request
	ok $? "no such VM: status 10, and the nearest name"
	ends 10 "no vCPU 7" kvm-exit-stats show --vm "$vm" --vcpu 7
	ok $? "no such vCPU: status 10"
	ends 10 '^{"error":"no-such-vm"' kvm-exit-stats show --vm 1 -f json
	ok $? "the error is JSON where the output is"
	echo nonsense >/tmp/bad
	ends 11 "line 1" kvm-exit-stats show --root /tmp/bad
	ok $? "a file that is no recording: status 11, and the line"
	ends 12 "no terminal" kvm-exit-stats top
	ok $? "top without a terminal: status 12"
	ends 13 "no signature" kvm-exit-stats guest
	ok $? "guest where there are no leaves: status 13"
	ends 2 "no column 'price'" kvm-exit-stats show -o price
	ok $? "wrong usage: status 2"
	for command in show list "set cpuid off" "reset --host"; do
		# shellcheck disable=SC2086 # words
		ends 9 root /usr/bin/setpriv --reuid 65534 --regid 65534 --clear-groups kvm-exit-stats $command
		ok $? "$command without root's rights: status 9"
	done
	umount /sys/kernel/debug
	ends 7 "mount -t debugfs" kvm-exit-stats show
	ok $? "debugfs is not mounted: status 7"
	mount -t debugfs debugfs /sys/kernel/debug
}

# all_end STATUS TEXT: so do the subcommands that need the modules' numbers, and status
all_end() {
	files="--source files"
	for command in "show $files" "list $files" "export $files" "record -O /tmp/none $files" \
		"top --batch 1 $files" status; do
		# shellcheck disable=SC2086 # words
		ends "$1" "$2" kvm-exit-stats $command || return
	done
}

modules_that_do_not_count() {
	file=/exit-stats/build/modules/$(uname -r)/kvm.ko
	change unload
	all_end 4 "does not record exits"
	ok $? "the distribution's modules: status 4"
	ends 4 "does not record" kvm-exit-stats set cpuid off
	ok $? "set too"
	rmmod $module kvm
	all_end 3 "KVM is not loaded"
	ok $? "no KVM: status 3"
	insmod "$file"
	all_end 5 "neither kvm_intel nor kvm_amd"
	ok $? "our kvm without a vendor's module: status 5"
	ends 5 "neither kvm_intel nor kvm_amd" kvm-exit-stats reset --host
	ok $? "reset --host too"
	modprobe $module
	all_end 6 "was not built with this kvm"
	ok $? "our kvm with the distribution's $module: status 6"
	ends 6 "was not built with this kvm" kvm-exit-stats reset --host
	ok $? "reset --host too: it would reset nothing"
	rmmod $module kvm
	modprobe $module
	change load
	ends 0 "counts:  0 exits of 0 vCPUs in 0 VMs" kvm-exit-stats status
	ok $? "ours again: status 0"
}

echo 0 >$params/exit_stats_dump_interval
start_guest
vm=$(basename $kvm/$guest-*)
kvm-exit-stats reset --host
list_shows_vms
show_has_exact_counts
show_sorts
show_has_percentiles
show_follows
keep_formats
export_has_metrics
record_and_read
report_has_the_exits
diff_names_the_change
log_shows_dumps
set_changes_parameters
reset_clears_scopes
top_shows_vms
errors_name_the_cause
end_guest
modules_that_do_not_count
echo 500 >$params/exit_stats_dump_interval
done_testing
