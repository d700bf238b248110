#!/usr/bin/env python3
"""What the shim adds to a pair of calls, and how fast the tools read.

usage: tests/bench/bench.py BUILD [ROUNDS [PAIRS]]

Every round runs bench_pairs bare, under LD_PRELOAD alone, and under `ringtail run`, one after the other,
so that what the machine does meanwhile meets all of them.  Medians over the rounds are printed, and all
measurements are kept in BUILD/bench.json.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

WAYS = ("bare", "preload", "run")


def command(build, way, directory, pairs):
    """Arguments and environment of bench_pairs in one of the ways."""
    program = [f"{build}/bench/bench_pairs", str(pairs)]
    env = {k: v for k, v in os.environ.items() if k not in ("LD_PRELOAD", "RINGTAIL")}
    if way == "preload":
        env |= {"LD_PRELOAD": f"{build}/libringtail.so", "RINGTAIL": f"run={directory}/run"}
    if way == "run":
        program = [f"{build}/ringtail", "run", "-o", f"{directory}/run", "--", *program]
    return program, env


def measure(build, way, pairs):
    """{(what, shape, depth, threads): nanoseconds} of one run of bench_pairs."""
    directory = tempfile.mkdtemp(prefix="ringtail-bench.")
    try:
        arguments, env = command(build, way, directory, pairs)
        done = subprocess.run(arguments, env=env, capture_output=True, text=True, timeout=170)
    finally:
        shutil.rmtree(directory)
    if done.returncode != 0:
        sys.exit(f"bench_pairs ({way}) ended with {done.returncode}: {done.stderr}")
    lines = (line.split() for line in done.stdout.splitlines())
    return {(what, shape, int(depth), int(threads)): float(ns) for what, shape, depth, threads, ns in lines}


def progress(text):
    if sys.stderr.isatty():
        print(f"{text:<40}", end="\r", file=sys.stderr, flush=True)


def all_rounds(build, rounds, pairs):
    """{way: {case: [nanoseconds of each round]}}"""
    results = {way: {} for way in WAYS}
    for number in range(rounds):
        for way in WAYS:
            progress(f"round {number + 1} of {rounds}: {way}")
            for case, ns in measure(build, way, pairs).items():
                results[way].setdefault(case, []).append(ns)
    progress("")
    return results


def table(results):
    """One row a case: medians, and what was added."""
    rows = []
    for case in results["bare"]:
        bare, preload, run = (statistics.median(results[way][case]) for way in WAYS)
        what, shape, depth, threads = case
        rows.append({"what": what, "shape": shape, "depth": depth, "threads": threads,
                     "bare_ns": bare, "preload_ns": preload, "run_ns": run,
                     "preload_added_ns": preload - bare, "run_added_ns": run - bare,
                     "rounds": {way: results[way][case] for way in WAYS}})
    return rows


def print_table(rows):
    print("nanoseconds per pair           bare    LD_PRELOAD    (added)  ringtail run    (added)")
    for row in rows:
        print(f"{row['what']:<7}{row['shape']:<5} depth {row['depth']:>3} x{row['threads']:<2}"
              f"{row['bare_ns']:>10.1f}{row['preload_ns']:>14.1f}{row['preload_added_ns']:>11.1f}"
              f"{row['run_ns']:>14.1f}{row['run_added_ns']:>11.1f}")


def tool_benches(build):
    """The tools' own benchmarks print their result lines themselves."""
    outputs = {}
    for name in ("bench_reader", "bench_analyse"):
        program = f"{build}/bench/{name}"
        if os.access(program, os.X_OK):
            done = subprocess.run([program], capture_output=True, text=True, timeout=170)
            outputs[name] = done.stdout.splitlines()
            print(f"\n{name}:\n{done.stdout}{done.stderr}", end="")
            if done.returncode != 0:
                sys.exit(f"{name} ended with {done.returncode}")
    return outputs


def main():
    build = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    pairs = int(sys.argv[3]) if len(sys.argv) > 3 else 600000
    rows = table(all_rounds(build, rounds, pairs))
    print_table(rows)
    outputs = tool_benches(build)
    with open(f"{build}/bench.json", "w", encoding="utf-8") as file:
        json.dump({"processors": os.cpu_count(), "pairs": rows, **outputs}, file, indent=1)
    print(f"\nall rounds: {build}/bench.json")


if __name__ == "__main__":
    main()
