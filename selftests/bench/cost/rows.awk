# SPDX-License-Identifier: GPL-2.0-only
#
# Splits what cost/host printed into the parts' files: "@ PART" begins a part.
#
#	awk -v out=FOLDER -v origin=LINE -v mitigations=off|auto -f rows.awk job.log
#
# Appends to a file that another host began. The column "more" of an exit's row is the
# difference to the same load on stock KVM in this host.

BEGIN {
	FS = OFS = "\t"
	exit_columns = "mitigations\tway\tload\tticks\tmore\tinexact\tlong"
	columns["quick"] = columns["exits"] = columns["peers"] = columns["auto"] = exit_columns
	columns["by_bpf"] = exit_columns
	columns["boots"] = "mitigations\tway\tseconds\texits"
	columns["dumps"] = "load\tinterval\tper_min\texits\tmore\tdumps\tworker\thost_ticks"
	columns["tables"] = "file\tvcpus\tused\tunused\tticks"
	columns["leaves"] = "scope\tleaf\tvcpus\tmore"
	columns["reader"] = "leaf\tticks"
	columns["memory"] = "kvm\tvcpus\tvmalloc\tslab\tall"
	columns["baselines"] = "reasons\tbytes\tcharged"
}

/^@ / {
	part = substr($0, 3)
	file = out "/" part ".tsv"
	if (!(part in begun)) {
		begun[part]
		is_new = (getline line <file) <= 0
		close(file)
		print origin >>file
		if (is_new)
			print columns[part] >>file
	}
	next
}

/^#/ { print >>file; next }

columns[part] == exit_columns {
	if ($1 == "stock")
		stock[$2] = $3
	print mitigations, $1, $2, $3, $2 in stock ? sprintf("%.2f", $3 - stock[$2]) : "-", $4, $5 >>file
	next
}

part == "boots" { print mitigations, $0 >>file; next }

{ print >>file }
