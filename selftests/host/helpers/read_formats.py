# SPDX-License-Identifier: GPL-2.0-only
"""Compares what test_command.sh left in this folder with the VM's table of debugfs.

read_formats.py csv | prometheus | openmetrics
"""
import csv
import sys


def table():
    """Count and cycles of each reason, by name, and kHz of the TSC."""
    with open("table") as f:
        lines = f.read().splitlines()
    khz = int(dict(w.split("=") for w in lines[0].split() if "=" in w)["tsc_khz"])
    rows = [line.split() for line in lines if not line.startswith("#")]
    return {row[1]: (int(row[2]), int(row[3])) for row in rows}, khz


def read_csv():
    with open("show.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    return {row["name"]: (int(row["exits"]), int(row["time_cycles"])) for row in rows}


def read_metrics(families, khz):
    exits, cycles = {}, {}
    wanted = {"kvm_exits_total": exits, "kvm_exit_handling_seconds_total": cycles}
    vms = set()
    for family in families:
        for sample in family.samples:
            if sample.name in wanted and "vcpu" not in sample.labels:
                wanted[sample.name][sample.labels["reason"]] = sample.value
            if sample.name == "kvm_vm_info":
                vms.add(sample.labels["vm"])
    assert len(vms) == 1, vms
    return {name: (int(exits[name]), round(cycles[name] * khz * 1000)) for name in exits}


def same(row, other, khz):
    """Metrics have nanoseconds: so many cycles may lie between."""
    if not row or not other:
        return False
    return row[0] == other[0] and abs(row[1] - other[1]) <= 1 + khz / 1e6


def main():
    expected, khz = table()
    if sys.argv[1] == "csv":
        found = read_csv()
    elif sys.argv[1] == "prometheus":
        from prometheus_client.parser import text_string_to_metric_families as parse

        with open("metrics.prometheus") as f:
            found = read_metrics(parse(f.read()), khz)
    else:
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

        with open("metrics.openmetrics") as f:
            found = read_metrics(parse(f.read()), khz)
    for name in sorted(set(expected) | set(found)):
        if not same(expected.get(name), found.get(name), khz):
            sys.exit(f"{name}: {found.get(name)}, and {expected.get(name)} in debugfs")


main()
