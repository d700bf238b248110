#!/usr/bin/env python3
"""Each hang of tests/e2e/tables/hangs.def and each prediction of tests/e2e/tables/confirm.def, many times over.

usage: hang_check.py BUILD [RUNS] [NAME...]

A hang must be ended by --on-deadlock=kill within two seconds of its start, with status 67 and the right cycle; a program that is merely slow
must come to its end with nothing said.  What --confirm is to close must close each time, and what cannot close never.
"""
import collections
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

LIMIT = 2.0  # seconds from the program's start to its end, without what the tool does after that


def rows(path, macro):
    """The arguments of each row macro(...) of a table."""
    for line in open(path):
        found = re.match(macro + r"\((.*)\)\s*$", line)
        if found:
            yield [field.strip().strip('"') for field in re.findall(r'"[^"]*"|[^,]+', found.group(1))]


class Checker:
    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.work = tempfile.mkdtemp(prefix="ringtail-hang-check.")
        self.failures = 0

    def ringtail(self, *words, run, options=()):
        command = [self.build + "/ringtail", "run", "-o", run, *options, "--", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=300)

    def words(self, line):
        words = shlex.split(line)
        return [self.build + "/programs/" + words[0], *words[1:]]

    def load(self, run):
        """The report, and how long the program ran."""
        done = subprocess.run([self.build + "/ringtail", "report", run, "--format", "json"], capture_output=True, text=True)
        report = json.loads(done.stdout)
        return report, report["run"]["seconds"]

    @staticmethod
    def cycles(report):
        """The realised deadlocks; one over several processes is in each of them, and counts once."""
        found = {}
        for process in report["processes"]:
            for finding in process["findings"]:
                if finding["kind"] == "deadlock" and finding["class"] == "realised":
                    who = sorted((edge["pid"] or process["pid"], edge["thread"]) for edge in finding["edges"])
                    found[json.dumps(who or finding["id"])] = finding
        return list(found.values())

    def repeat(self, name, runs, once):
        """once(run) returns its seconds, or why it failed."""
        seconds, why = [], collections.Counter()
        for _ in range(runs):
            run = os.path.join(self.work, "run")
            result = once(run)
            shutil.rmtree(run, ignore_errors=True)
            if isinstance(result, str):
                why[result] += 1
            else:
                seconds.append(result)
        slow = sorted(seconds)
        times = f"median {slow[len(slow) // 2]:.2f} s, longest {slow[-1]:.2f} s" if slow else ""
        print(f"{name:28} {len(seconds)} of {runs}  {times}", *(f"\n    {count} times: {text}" for text, count in why.items()),
              flush=True)
        self.failures += sum(why.values())

    # ---- what one run must show

    def hang(self, shape, edges, objects, functions):
        def once(run):
            done = self.ringtail(*self.words("hangs " + shape), run=run, options=["--on-deadlock=kill"])
            if done.returncode != 67:
                return f"status {done.returncode}"
            report, seconds = self.load(run)
            cycles = self.cycles(report)
            if len(cycles) != 1:
                return f"{len(cycles)} realised deadlocks"
            made_of = sorted(e["held"]["what"] + ("?" if e["inferred"] else "") for e in cycles[0]["edges"])
            waits_in = sorted(e["wanted"]["stack"][0]["function"] for e in cycles[0]["edges"])
            if (len(made_of), " ".join(made_of), " ".join(waits_in)) != (int(edges), objects, functions):
                return f"another cycle: {made_of} {waits_in}"
            return seconds if seconds < LIMIT else f"it took {seconds:.1f} s"
        return once

    def no_hang(self, line):
        def once(run):
            done = self.ringtail(*self.words(line), run=run, options=["--on-deadlock=kill"])
            report, seconds = self.load(run)
            if done.returncode:
                return f"status {done.returncode}"
            return "a deadlock was said" if "deadlock in" in done.stderr or self.cycles(report) else seconds
        return once

    def confirming(self, line, outcome):
        first = os.path.join(self.work, "first")

        def once(run):
            if not os.path.exists(first):
                self.ringtail(*self.words(line), run=first)
            options = ["--confirm=" + first, *(["--confirm-hold=200"] if outcome != "confirmed" else [])]
            done = self.ringtail(*self.words(line), run=run, options=options)
            report, seconds = self.load(run)
            said = [c["outcome"] for c in report["run"]["confirmations"]]
            if said != [outcome] or done.returncode != (67 if outcome == "confirmed" else 0):
                return f"status {done.returncode}, {said}"
            return seconds
        return once

    def checks(self):
        for shape, *cycle in rows("tests/e2e/tables/hangs.def", "HANG"):
            yield "hang " + shape, self.hang(shape, *cycle)
        for (line,) in rows("tests/e2e/tables/hangs.def", "NO_HANG"):
            yield "no hang " + line, self.no_hang(line)
        for name, line, _ in rows("tests/e2e/tables/confirm.def", "CONFIRMED"):
            yield "confirmed " + name, self.confirming(line, "confirmed")
        for name, line, _ in rows("tests/e2e/tables/confirm.def", "NOT_CLOSED"):
            yield "not closed " + name, self.confirming(line, "not-closed")


def main():
    checker = Checker(sys.argv[1])
    runs, wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 100, sys.argv[3:]
    for name, once in checker.checks():
        if not wanted or any(part in name for part in wanted):
            checker.repeat(name, runs, once)
        shutil.rmtree(os.path.join(checker.work, "first"), ignore_errors=True)
    shutil.rmtree(checker.work)
    print(f"{checker.failures} failed")
    sys.exit(checker.failures > 0)


main()
