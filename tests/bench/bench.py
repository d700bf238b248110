#!/usr/bin/env python3
"""What ringtail costs, beside the bare program and its peers, all measured in one run.

Each round runs every way of each case, one after the other, so that what the machine does meanwhile meets
all of them.  Medians over the rounds are printed; the JSON file has every round, and the minimum.

  workloads   bench_pairs.c (pairs of calls), programs.py, servers.py, and the tools' own: bench_reader.c,
              page.py, commands.py, sites.py ...
  ways.py     bare, ringtail's ways, and the peers
  pairs.py    measuring pairs; the others measure themselves
  bars.py     what must be reached, held against what was measured
  tables.py   the results as text
"""

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile

import bars
import commands
import machine
import page
import pairs
import programs
import reader
import scan
import servers
import sites
import tables
import ways

PARTS = ("pairs", "programs", "servers", "reader", "scan", "page", "commands", "sites")
QUIET = 0.05  # above this share of the processors, others disturb


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", help="directory with libringtail.so, ringtail and bench/")
    parser.add_argument("--rounds", type=int, default=3, help="of each case (default 3; some peers take part in one)")
    parser.add_argument("--only", default="", help=f"comma-separated: {' '.join(PARTS)}; programs is servers too")
    parser.add_argument("--ways", default="", help="comma-separated names of ways; bare is always one")
    parser.add_argument("--out", help="JSON file (default BUILD/bench.json)")
    chosen = parser.parse_args()
    chosen.build = os.path.abspath(chosen.build)
    chosen.only = set(chosen.only.split(",")) if chosen.only else set(PARTS)
    if not chosen.only <= set(PARTS) or chosen.rounds < 1:
        parser.error(f"--only takes {', '.join(PARTS)}; --rounds 1 or more")
    if "programs" in chosen.only:
        chosen.only.add("servers")
    chosen.out = os.path.abspath(chosen.out or f"{chosen.build}/bench.json")
    return chosen


def usable(build, names):
    """The ways asked for that can be used here; says which cannot, and why."""
    known = ways.all_ways(build)
    wanted = set(names.split(",")) if names else {way.name for way in known}
    if not wanted <= {way.name for way in known}:
        sys.exit(f"ways are {', '.join(way.name for way in known)}")
    found = []
    for way in known:
        if way.name != "bare" and way.name not in wanted:
            continue
        if way.missing():
            print(f"{way.name}: {way.missing()}, left out (make bench-deps)")
        else:
            found.append(way)
    return found


def measure(chosen, used):
    """{part: rows}; what was measured is printed at once, as the whole takes minutes."""
    results = {}
    if "pairs" in chosen.only:
        results["pairs"] = pairs.bench(chosen.build, used, chosen.rounds)
        tables.pairs(results["pairs"])
    if "servers" in chosen.only:
        rows = programs.bench(chosen.build, used, chosen.rounds) if "programs" in chosen.only else []
        results["programs"] = rows + servers.bench(used, chosen.rounds)
        tables.programs(results["programs"])
    if "reader" in chosen.only:
        results["reader"] = reader.bench(chosen.build)
        tables.reader(results["reader"])
    if "scan" in chosen.only:
        results["scan"] = scan.bench(chosen.build)
        tables.scan(results["scan"])
    if "page" in chosen.only:
        results["page"] = page.bench(chosen.build, chosen.rounds)
        tables.page(results["page"])
    if "commands" in chosen.only:
        results["commands"] = commands.bench(chosen.build, chosen.rounds)
        tables.commands(results["commands"])
    if "sites" in chosen.only:
        results["sites"] = sites.bench(chosen.build)
        tables.sites(results["sites"])
    return results


def print_bars(results):
    results["bars"] = {"pairs": bars.pairs(results.get("pairs")), "programs": bars.programs(results.get("programs")),
                       "scan": bars.scan(results.get("scan")), "page": bars.page(results.get("page")),
                       "commands": bars.commands(results.get("commands")), "sites": bars.sites(results.get("sites"))}
    for rows in results["bars"].values():
        tables.bars(rows)


def say_discarded(used):
    """A peer that throws events away does less than one that keeps them."""
    for way in used:
        if way.discarded:
            print(f"\n{way.name} discarded {way.discarded:,} events for want of room in its buffers")
    return {way.name: way.discarded for way in used if way.discarded}


def say_meanwhile(others):
    """Noise is told, not hidden."""
    warning = ": too much, measure again on a quiet machine" if others > QUIET else ""
    print(f"\nprocessor time that others took meanwhile: {others:.0%}{warning}")
    return others


def ours_failed(results):
    """A peer may fail; the bare program and ringtail may not."""
    rows = results.get("pairs", []) + results.get("programs", [])
    if any("failed" in results.get(part, {}) for part in ("scan", "page", "commands", "sites")):
        return True
    return any(name in ("bare", "run") or name.startswith("preload") for row in rows for name in row["failed"])


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    sys.stdout.reconfigure(line_buffering=True)
    chosen = arguments()
    results = {"machine": machine.describe(tempfile.gettempdir()), "rounds": chosen.rounds}
    print(machine.line(results["machine"]))
    used = usable(chosen.build, chosen.ways)
    meanwhile = machine.Meanwhile()
    with contextlib.ExitStack() as ends:
        for way in used:
            ends.callback(way.end)
            way.begin()
        results |= measure(chosen, used)
    print_bars(results)
    results["discarded_events"] = say_discarded(used)
    results["others"] = say_meanwhile(meanwhile.others())
    with open(chosen.out, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    print(f"all rounds: {chosen.out}")
    return 1 if ours_failed(results) else 0


if __name__ == "__main__":
    sys.exit(main())
