#!/usr/bin/env python3
"""Runs a hundred programs without ringtail and with it: output, files and system calls must be the same.

usage: transparency.py BUILD [--strace-only] [NAME...]
"""
import collections
import concurrent.futures
import os
import signal
import sys
import time

import perf
import runs
import trace

HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = 6  # runs in each mode, at most, for numbers to come into the range of the other side
WAYS = (runs.PRELOAD, runs.RUN)
STRACE, PERF = "under strace", "by perf"

# Errors that do not come and go by chance, also in rows whose number of calls varies.
HARM = {"EINTR", "EBADF", "EFAULT", "EPERM", "EINVAL", "ENOSYS", "ENOMEM", "EMFILE", "ESRCH"}
# Calls whose number is not compared.  The number of reads of a pipe depends on time, and so does the number of SIGCHLD:
# one may stand for several children.  The number of reads of /proc/self/maps depends on its lines, and so on the shim.
FREE = {trace.READS_MAPS, trace.READS_STREAM, "rt_sigreturn", "SIGCHLD", str(int(signal.SIGCHLD))}

Row = collections.namedtuple("Row", "name packages varies command")


def read_rows(path=os.path.join(HERE, "programs.def")):
    for line in open(path):
        if line.strip() and not line.startswith("#"):
            name, packages, command = [field.strip() for field in line.split(" | ", 2)]
            varies = set()
            if command.startswith("~"):
                words, command = command.split(" | ", 1)
                varies = {word[1:] for word in words.split()}
            yield Row(name, packages.split(), varies, command)


def counts(traced):
    """The program's calls by name and error, and its signals."""
    return traced.program + collections.Counter({(f"{name} {code}", ""): n for (name, code), n in traced.signals.items()})


class Comparison:
    """Compares one row in one mode.  Where numbers differ, both sides run again: what varies without may vary with."""

    def __init__(self, row, bare):
        self.row = row
        self.bare = bare  # traces
        self.watched = []

    def differences(self):
        theirs = [counts(traced) for traced in self.bare]
        ours = [counts(traced) for traced in self.watched]
        for key in sorted(set().union(*theirs, *ours)):
            if self.row.varies & {key[0].split()[0], "*"} and key[1] not in HARM:
                continue
            bare = [counter[key] for counter in theirs]
            watched = [counter[key] for counter in ours]
            most = max(bare) + (self.watched[0].images if key[0] == trace.LOADER_HEAP else 0)
            if not FREE & {key[0], key[0].split()[0]} and (min(watched) > most or max(watched) < min(bare)):
                yield f"{' '.join(key).strip()}: {span(watched)}, without ringtail {span(bare)}"
        exits = {tuple(traced.exits()) for traced in self.bare}
        if len(exits) == 1 and not any(tuple(traced.exits()) in exits for traced in self.watched):
            yield f"ends: {self.watched[0].exits()}, without ringtail {self.bare[0].exits()}"


def span(values):
    return str(values[0]) if len(set(values)) == 1 else f"{min(values)} to {max(values)}"


Rule = collections.namedtuple("Rule", "errors most of")


def read_rules(path=os.path.join(HERE, "shim_calls.def")):
    """{(source file, call): Rule}"""
    rules = {}
    for line in open(path):
        if line.strip() and not line.startswith("#"):
            source, words, most, _ = [field.strip() for field in line.split(" | ", 3)]
            calls = [word for word in words.split() if not word.startswith("E")]
            errors = {word for word in words.split() if word.startswith("E")}
            number = most.rstrip("t")
            rule = Rule(errors, None if number == "*" else int(number), "threads" if most.endswith("t") else "processes")
            rules |= {(source, call): rule for call in calls}
    return rules


def unexplained(rules, shim, traced):
    """Yields the calls of the shim that its table of calls does not allow."""
    places = trace.name_places(shim, traced.places)
    of = {"processes": max(1, sum(n for (_, function, call, _), n in places.items() if (function, call) == ("proc_executable", "readlinkat"))),
          "threads": max(1, sum(n for (source, _, call, _), n in places.items() if (source, call) == ("thread.c", "mmap")))}
    of["threads"] += of["processes"]  # the first thread of a process needs its memory too
    sums = collections.Counter()
    for (source, function, call, error), count in places.items():
        rule = rules.get((source, call))
        sums[source, call] += count
        if not rule or error and error not in rule.errors:
            yield f"the shim calls {call} {error} in {source}, {function}: {count}; shim_calls.def has no reason"
    for key, count in sums.items():
        rule = rules.get(key)
        if rule and rule.most is not None and count > rule.most * of[rule.of]:
            yield f"the shim calls {key[1]} {count} times in {key[0]}, for {of[rule.of]} {rule.of}"


RULES = read_rules()


class Result:
    def __init__(self, name):
        self.name = name
        self.faults = []
        self.notes = []
        self.traces = {}
        self.seconds = 0


def check_outcomes(runner, result):
    bare = runner.outcome(runs.BARE)
    if "not found" in bare.err:
        result.faults.append(f"without ringtail: {bare.err}")
    for way in WAYS:
        outcome = runner.outcome(way)
        result.faults += [f"{way}: {text}" for text in outcome.differences(bare)]
        result.notes += [f"{way}: {line}" for line in outcome.said]


def addresses(number):
    """Programs that sort by address call malloc in another order each time: only the first run has fixed addresses."""
    return runs.FIXED_ADDRESSES if number == 0 else ()


def check_calls(row, result, record, how):
    """record(way, round) returns an outcome and a trace."""
    bare_outcome, first = record(runs.BARE, 0)
    bare = [first]
    for way in WAYS:
        comparison = Comparison(row, bare)
        for number in range(ROUNDS):
            outcome, traced = record(way, number)
            comparison.watched.append(traced)
            if number == 0:
                result.faults += [f"{way} {how}: {text}" for text in outcome.differences(bare_outcome)]
            if not list(comparison.differences()):
                break
            if len(bare) < number + 2:
                bare.append(record(runs.BARE, number + 1)[1])
        result.faults += [f"{way} {how}: {text}" for text in comparison.differences()]
        result.traces[way, how] = comparison.watched[0]


def check(build, row, by_perf):
    result = Result(row.name)
    began = time.monotonic()
    runner = runs.Runner(build, row.command)
    try:
        check_outcomes(runner, result)
        check_calls(row, result, lambda way, number: runner.traced(way, addresses(number)), STRACE)
        if by_perf:
            check_calls(row, result, lambda way, _: runner.watched_by_kernel(way), PERF)
        for (way, how), traced in result.traces.items():
            result.faults += [f"{way} {how}: {text}" for text in unexplained(RULES, runner.shim, traced)]
    finally:
        runner.remove()
    result.seconds = time.monotonic() - began
    return result


def report(result):
    traced = result.traces[runs.PRELOAD, STRACE]
    print(f"{result.name:14} {'FAILED' if result.faults else 'same':6} {traced.processes:3} processes, {sum(traced.program.values()):6} calls, "
          f"{sum(traced.loader.values()):4} more of the loader, {sum(traced.places.values()):5} of the shim, {result.seconds:5.1f} s")
    print(*(f"    {text}\n" for text in result.faults), *(f"      ({text})\n" for text in result.notes), sep="", end="", flush=True)


def main():
    words = [word for word in sys.argv[1:] if word != "--strace-only"]
    build, names = os.path.abspath(words[0]), words[1:]
    rows = {row.name: row for row in read_rows()}
    strace_only = len(words) < len(sys.argv[1:])
    by_perf = not strace_only and perf.works()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for result in pool.map(lambda name: check(build, rows[name], by_perf), names or rows):
            failed += bool(result.faults)
            report(result)
    if not by_perf and not strace_only:
        print("perf may not record system calls here: without strace, nothing was compared but output, files and status")
    print(f"{len(names or rows) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
