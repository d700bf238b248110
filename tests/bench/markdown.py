#!/usr/bin/env python3
"""The tables of docs/PERFORMANCE.md, made of what `make bench` wrote.

usage: tests/bench/markdown.py FILE.json
"""

import json
import sys

from bars import bytes_per_event
from tables import names

PAIR_CASES = (("hot", 10), ("hot", 30), ("hot", 100), ("walk", 30), ("path", 10), ("path", 30), ("path", 100))


def table(heads, rows):
    print("| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def median(found, digits, unit=""):
    return f"{found['median']:.{digits}f}{unit}" if found else ""


def pairs(rows, phase):
    """One thread: a row for each case."""
    ways = names(rows, lambda row: row["added_ns"][phase])
    alone = [row for row in rows if row["threads"] == 1]
    table(["pair", "bare", *ways],
          [[f"{row['what']} {row['shape']}, depth {row['depth']}", median(row["ns"][phase].get("bare"), 1),
            *(median(row["added_ns"][phase].get(way), 0) for way in ways)] for row in alone])


def threads(rows, phase):
    """A row for each way of each case that was run with more than one thread, a column for each number of them."""
    cases = sorted({(row["what"], row["shape"], row["depth"]) for row in rows if row["threads"] > 1})
    counts = sorted({row["threads"] for row in rows})
    added = {(row["what"], row["shape"], row["depth"], row["threads"]): row["added_ns"][phase] for row in rows}
    ways = [way for way in names(rows, lambda row: row["added_ns"][phase]) if way != "memcheck"]
    table(["pair", "by", *(f"{count} threads" for count in counts)],
          [[f"{case[0]} {case[1]}, depth {case[2]}", way,
            *(median(added[(*case, count)].get(way), 0) for count in counts)]
           for case in cases for way in ways if way in added[(*case, counts[0])]])


def programs(rows):
    ways = names(rows, lambda row: row["ratio"])
    def bare(row):
        if "throughput" in row:
            return f"{row['throughput']['bare']['median']:,.0f}/s"
        return median(row["seconds"]["bare"], 2, " s")
    table(["program", "bare", *ways, "events", "bytes an event"],
          [[row["program"], bare(row), *(median(row["ratio"].get(way), 2, "x") for way in ways),
            *((f"{row['ring']['events']:,}", f"{bytes_per_event(row['ring']):.1f}") if row["ring"] else ("", ""))]
           for row in rows])


def scans(rows):
    table(["blocks", "bytes each", "stopped", "of processor", "in all", "of processor", "memory"],
          [[f"{row['blocks']:,.0f}", f"{row['bytes']:.0f}",
            *(f"{row[key]:.2f} s" for key in ("stopped_s", "stopped_cpu_s", "whole_s", "whole_cpu_s")),
            f"{row['peak_mib']:,.0f} MiB"] for row in rows])


def bars(rows):
    def verdict(column):
        return f"{column['value']:.2f} {'met' if column['met'] else '**not met**'}" + (
            f" ({column['what']})" if column["what"] else "")
    columns = names(rows, lambda row: row["columns"])
    table(["bar", "limit", *columns],
          [[row["bar"], f"{row['relation']} {row['limit']}",
            *(verdict(row["columns"][column]) if column in row["columns"] else "" for column in columns)]
           for row in rows])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        results = json.load(file)
    if results.get("pairs"):
        for phase in ("warm", "start"):
            print(f"{phase}:\n")
            pairs(results["pairs"], phase)
        print("threads, warm:\n")
        threads(results["pairs"], "warm")
    if results.get("programs"):
        programs(results["programs"])
    if results.get("scan"):
        scans(results["scan"]["scans"])
    for rows in results["bars"].values():
        if rows:
            bars(rows)


if __name__ == "__main__":
    main()
