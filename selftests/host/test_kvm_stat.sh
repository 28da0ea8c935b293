#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's own kvm_stat shows with our modules what it shows with the distribution's,
# also while VMs start and end; and "grep -r" of KVM's folder in debugfs works.
#
# For kvm_stat each file at the top of that folder is a field, and the file of the same name
# in a VM's folder has its value. If that file is missing, the value is 0; if it has no
# number, kvm_stat ends with an error. So kvm_stat shows two more fields with our modules,
# exit_stats and exit_stats_hist, which are always 0.

# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. /tests/shell.sh
command -v kvm_stat >/dev/null || skip_all "this host was made without kvm_stat.list"
# shellcheck source-path=SCRIPTDIR source=helpers/monitors.sh
. /tests/monitors.sh

export PYTHONUNBUFFERED=1
ours="exit_stats exit_stats_hist"

# value FIELD FILE: the total that "kvm_stat -1" shows
value() {
	awk -v field="$1" '$1 == field { print $2 }' "$2"
}

# logged FIELD FILE: the sum of the differences that "kvm_stat -l" shows, with or without -c
logged() {
	sed 's/timestamp/date time/; s/,/ /g' "$2" | awk -v field="$1" '
		/^[a-z]/ {
			for (i = 1; i <= NF; i++)
				if ($i == field)
					column = i + ($1 == "date" ? 0 : 2)
			fields = NF + ($1 == "date" ? 0 : 2)
			next
		}
		NF == fields { sum += $column }
		END { print column ? sum + 0 : "no field" }'
}

# quiet COMMAND...: succeeds and has nothing on stderr
quiet() {
	"$@" 2>/tmp/errors
	result=$?
	sed 's/^/# /' /tmp/errors >&3
	[ $result -eq 0 ] && [ ! -s /tmp/errors ]
}
exec 3>&1

# log FILE OPTION...: runs kvm_stat until it has shown the exits of one request
log() {
	file=$1
	shift
	: >"$file" # remove the output of an earlier run
	kvm_stat -d -s 0.2 "$@" >>"$file" 2>/tmp/errors &
	tool=$!
	# The first line comes after the first reading.
	until [ -s "$file" ]; do
		kill -0 $tool || return
		sleep 0.1
	done
	make_exits
	# The next line may have been read before the exits were made.
	lines=$(($(wc -l <"$file") + 2))
	until [ "$(wc -l <"$file")" -ge $lines ]; do
		kill -0 $tool || return
		sleep 0.1
	done
	kill $tool
	wait $tool 2>/dev/null
	sed 's/^/# /' /tmp/errors
	[ ! -s /tmp/errors ]
}

# own_values VMS FIELD...: of each field the sum of KVM's own files
own_values() {
	vms=$1
	shift
	for field in "$@"; do
		# shellcheck disable=SC2086 # a pattern
		echo "$field $(cat $vms/"$field" 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }')"
	done
}

# values FILE: field and total a line, in order, without our two fields
values() {
	awk -v ours=" $ours " 'index(ours, " " $1 " ") == 0 { print $1, $2 }' "$1" | sort
}

# observe WHOSE: what kvm_stat shows of two VMs, into /tmp/WHOSE.*
observe() {
	start_guest
	/tests/hold_vm 9>&- &
	other=$!
	until ls -d $kvm/$other-*/vcpu0 >/dev/null 2>&1; do
		kill -0 $other || break
		sleep 0.1
	done
	make_exits
	make_exits

	quiet kvm_stat -1 -d -i >"/tmp/$1.all"
	ok $? "$1: kvm_stat -1 -d -i"
	values "/tmp/$1.all" >/tmp/shown
	# shellcheck disable=SC2046 # words
	own_values "$kvm/[0-9]*" $(cut -d ' ' -f 1 /tmp/shown) >/tmp/own
	[ "$(wc -l </tmp/own)" -ge 20 ] && same /tmp/own /tmp/shown
	ok $? "$1: each of its $(wc -l </tmp/own) values is the sum of KVM's own files"
	[ "$(value io_exits "/tmp/$1.all")" -eq "$io_exits" ]
	ok $? "$1: io_exits are those made: $io_exits"

	quiet kvm_stat -1 -d -i -p $guest >"/tmp/$1.one"
	ok $? "$1: kvm_stat -1 -d -i -p PID"
	values "/tmp/$1.one" >/tmp/shown
	# shellcheck disable=SC2046 # words
	own_values "$kvm/$guest-*" $(cut -d ' ' -f 1 /tmp/shown) >/tmp/own
	[ "$(wc -l </tmp/own)" -ge 20 ] && same /tmp/own /tmp/shown
	ok $? "$1: each value is that of this VM's file"
	[ "$(value io_exits "/tmp/$1.one") $(value halt_exits "/tmp/$1.one")" = "$io_exits $halt_exits" ]
	ok $? "$1: io_exits and halt_exits are those made: $io_exits, $halt_exits"

	for options in "-l" "-l -c" "-l -p $guest" "-l -c -p $guest"; do
		io_before=$io_exits halt_before=$halt_exits
		# shellcheck disable=SC2086 # words
		log "/tmp/$1.log" $options
		ok $? "$1: kvm_stat -d $options"
		wanted="$((io_exits - io_before)) $((halt_exits - halt_before))"
		shown="$(logged io_exits "/tmp/$1.log") $(logged halt_exits "/tmp/$1.log")"
		[ "$shown" = "$wanted" ]
		ok $? "$1: its differences add up to the exits made meanwhile: $shown"
	done

	quiet kvm_stat -t -f help >"/tmp/$1.events"
	ok $? "$1: kvm_stat -t -f help: $(wc -l <"/tmp/$1.events") events"
	kill $other
	wait $other 2>/dev/null
	end_guest
}

# quiet_in_churn NAME COMMAND...: as quiet, while VMs start and end; shows into /tmp/shown
quiet_in_churn() {
	name=$1
	shift
	start_churn
	quiet "$@" >/tmp/shown
	result=$?
	stop_churn
	[ $result -eq 0 ] && [ "$(wc -l </tmp/ended)" -ge 2 ]
	ok $? "$name while $(wc -l </tmp/ended) VMs started and ended"
}

echo 0 >$params/exit_stats_dump_interval
observe ours
awk '{ print $1 }' /tmp/ours.all | sort >/tmp/ours.fields
for field in $ours; do
	[ "$(value "$field" /tmp/ours.all) $(value "$field" /tmp/ours.one)" = "0 0" ] &&
		[ "$(logged "$field" /tmp/ours.log)" = 0 ]
	ok $? "ours: $field is a field, always 0"
done

start_guest
make_exits
quiet_in_churn "kvm_stat -1 -d" kvm_stat -1 -d
awk '{ print $1 }' /tmp/shown | sort >/tmp/fields
same /tmp/ours.fields /tmp/fields
ok $? "kvm_stat -1 -d shows the same fields while VMs start and end"
quiet_in_churn "kvm_stat -1 -d -i -p PID" kvm_stat -1 -d -i -p $guest
[ "$(value io_exits /tmp/shown)" -eq "$io_exits" ]
ok $? "kvm_stat -p shows the exits of this VM alone: $io_exits"
quiet_in_churn "kvm_stat -1 -t" kvm_stat -1 -t
[ "$(value kvm_exit /tmp/shown)" -gt 0 ]
ok $? "kvm_stat -t shows exits while VMs start and end"
for options in "-l" "-l -c"; do
	start_churn
	# shellcheck disable=SC2086 # words
	log /tmp/log $options
	result=$?
	stop_churn
	ok $result "kvm_stat -d $options while $(wc -l </tmp/ended) VMs started and ended"
	[ "$(logged exit_stats /tmp/log)" = 0 ]
	ok $? "exit_stats is 0 in each line of kvm_stat -d $options"
done

# A file of a VM that has ended cannot be opened or read; a VM's resets can only be written.
vanished="No such file or directory|No such device|Input/output error"
for grep in "busybox grep" /usr/bin/grep; do
	start_churn
	{
		$grep -r . $kvm
		$grep -r . $kvm
		$grep -r . $kvm
	} >/tmp/shown 2>/tmp/errors
	stop_churn
	grep -q "^$kvm/exit_stats:# kvm exit_stats" /tmp/shown &&
		grep -q "^$kvm/$guest-[0-9]*/vm_exit_stats:# kvm exit_stats" /tmp/shown &&
		grep -q "^$kvm/$guest-[0-9]*/io_exits:$io_exits$" /tmp/shown
	ok $? "$grep -r prints our files and KVM's while $(wc -l </tmp/ended) VMs started and ended"
	sed 's/.*: //' /tmp/errors | sort | uniq -c | sed 's/^/#/'
	! grep -vE "$vanished|exit_stats_reset: Permission denied" /tmp/errors
	ok $? "$grep -r has errors only for files that vanished and files that can only be written"
done
end_guest

change unload
[ ! -e $kvm/exit_stats ]
ok $? "the distribution's modules are loaded"
observe stock
{
	awk '{ print $1 }' /tmp/stock.all
	echo "$ours" | tr ' ' '\n'
} | sort >/tmp/fields
same /tmp/fields /tmp/ours.fields
ok $? "kvm_stat -d has the same fields with ours, and $ours"
same /tmp/stock.events /tmp/ours.events
ok $? "kvm_stat -t has the same events"
for field in io_exits halt_exits hypercalls nested_run; do
	[ "$(value $field /tmp/stock.one)" = "$(value $field /tmp/ours.one)" ]
	ok $? "$field is the same: $(value $field /tmp/ours.one)"
done

change load
done_testing
