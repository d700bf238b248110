"""Nanoseconds that each way adds to a pair of calls; bench_pairs.c tells what the cases are.

From the start: the first 400,000 pairs of a new process, with a ring that has never been written.  Warm: after
these and some more, when ringtail writes where it wrote before (its oldest events are overwritten, or the live reader
has taken them).
"""

import re

from measure import Failure, progress, run, summary
from ways import scratch

DEPTHS = (10, 30, 100)
THREADS = (1, 2, 4, 8)
PHASES = ("start", "warm")
# The default ring would take seconds to be used up: the small one is warm soon, and from the start it is the same.
WAYS = ("bare", "preload 16M", "run", "heaptrack", "lttng", "lsan", "memcheck")
RESULT = re.compile(r"^([0-9.]+) ([0-9.]+)$", re.MULTILINE)


def cases():
    """(what, shape, depth, threads)"""
    for what in ("malloc", "mutex"):
        yield from ((what, "hot", depth, threads) for depth in DEPTHS for threads in THREADS)
        yield from ((what, "walk", 30, threads) for threads in THREADS)
        yield from ((what, "path", depth, 1) for depth in DEPTHS)
    yield from (("getenv", "hot", 10, threads) for threads in THREADS)


def applies(way, case, round_number):
    what, _, _, threads = case
    if way.name not in WAYS or (way.rounds is not None and round_number >= way.rounds):
        return False
    if what == "malloc" and not way.heap or what == "mutex" and not way.locks:
        return False
    return way.name != "memcheck" or threads == 1  # it runs one thread at a time


def measure(build, way, case):
    """Nanoseconds of the two phases."""
    with scratch() as directory:
        command = [f"{build}/bench/bench_pairs", *map(str, case)]
        with way.watching(command, directory) as (arguments, env):
            _, output = run(arguments, env)
    found = RESULT.search(output)  # among what heaptrack prints
    if not found:
        raise Failure("bench_pairs printed no result")
    return dict(zip(PHASES, map(float, found.groups())))


def one_case(build, ways, case, number, row):
    for way in ways:
        if way.name in row["failed"] or not applies(way, case, number):
            continue
        progress(f"pairs, round {number + 1}: {' '.join(map(str, case))}: {way.name}")
        try:
            result = measure(build, way, case)
        except Failure as failure:
            row["failed"][way.name] = str(failure)
            continue
        for phase in PHASES:
            row["ns"][phase].setdefault(way.name, []).append(result[phase])


def summarize(row):
    """Added: the median of the differences to the bare run of the same round."""
    row["added_ns"] = {}
    for phase in PHASES:
        bare = row["ns"][phase].get("bare", [])
        row["added_ns"][phase] = {way: summary([ns - b for ns, b in zip(values, bare)])
                                  for way, values in row["ns"][phase].items() if way != "bare" and bare}
        row["ns"][phase] = {way: summary(values) for way, values in row["ns"][phase].items()}
    return row


def bench(build, ways, rounds):
    rows = [{"what": what, "shape": shape, "depth": depth, "threads": threads, "failed": {},
             "ns": {phase: {} for phase in PHASES}} for what, shape, depth, threads in cases()]
    for number in range(rounds):
        for row, case in zip(rows, cases()):
            one_case(build, ways, case, number, row)
    progress("")
    return [summarize(row) for row in rows]
