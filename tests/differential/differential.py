#!/usr/bin/python3
"""Compares stacks with two other unwinders in whole programs, and prints a table (make differential).

usage: differential.py BUILD [STACKS [NAME...]]

Each PROGRAM row of tests/e2e/tables/stacks.def is run until so many of its stacks (100,000) were compared with the full
engine's and with libunwind's.  Fails where a program does, where fewer were compared, where one stack by the memo
is not the full engine's, or where more than one in 10,000 is not libunwind's.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROW = re.compile(
    r'^PROGRAM\((\w+), ([^,]+), \d+, \d+, "[^"]*",\s+(\d+), "([^"]*)"\)', re.MULTILINE
)
COUNTS = re.compile(r"^pid \d+ exe (\S+) checked (\d+) (.*)$")
CLASSES = ["memo_differs", "ours_shorter", "peer_shorter", "other_frames"]
MOST_RUNS = 50
TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e")


def rows():
    with open(os.path.join(TESTS, "tables", "stacks.def")) as file:
        text = file.read()
    found = ROW.findall(text)
    if len(found) != len(re.findall(r"^PROGRAM\(", text, re.MULTILINE)):
        sys.exit("stacks.def: a PROGRAM row is not understood")
    return found


def read_counts(path, process, sums):
    """Adds what the processes of that name counted; returns the differences that they described."""
    described, ours = [], False
    with open(path) as file:
        for line in file:
            counts = COUNTS.match(line)
            if not counts:
                if ours:
                    described.append(line.rstrip())
                continue
            ours = counts[1] == process
            if ours:
                words = counts[3].split()
                numbers = dict(zip(words[::2], map(int, words[1::2])))
                sums["checked"] += int(counts[2])
                for name in CLASSES:
                    sums[name] += numbers[name]
    return described


def run_once(build, line, every, process, sums):
    work = tempfile.mkdtemp(prefix="ringtail-differential.")
    out = os.path.join(work, "stacks.txt")
    words = shlex.split(line)
    if os.access(os.path.join(build, "programs", words[0]), os.X_OK):
        words[0] = os.path.join(build, "programs", words[0])
    os.symlink(os.path.realpath(os.path.join(TESTS, "data")), os.path.join(work, "data"))
    checks = {
        "LD_PRELOAD": os.path.join(build, "libringtail-check.so"),
        "RINGTAIL": f"scan=no:run={work}/run:max=64M",
        "STACK_CHECK_EVERY": every,
        "STACK_CHECK_OUT": out,
    }
    try:
        done = subprocess.run(
            ["env"] + [f"{name}={value}" for name, value in checks.items()] + words,
            cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )
        if done.returncode:
            print(f"{line}: status {done.returncode}: {done.stdout[-2000:].decode(errors='replace')}")
            return None
        return read_counts(out, process, sums)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def measure(build, row, wanted):
    """One line of the table; whether all is well."""
    name, process, every, line = row
    sums = dict.fromkeys(["checked"] + CLASSES, 0)
    described = []
    for _ in range(MOST_RUNS):
        more = run_once(build, line, every, process, sums)
        if more is None:
            return False
        described += more
        if sums["checked"] >= wanted:
            break
    differ = sums["ours_shorter"] + sums["peer_shorter"] + sums["other_frames"]
    identical = 100 * (1 - differ / sums["checked"]) if sums["checked"] else 0
    print(
        f"{name:<11}{sums['checked']:>9}{identical:>11.4f} %"
        + "".join(f"{sums[key]:>14}" for key in CLASSES), flush=True,
    )
    for text in described[:10]:
        print("    " + text[:600])
    return sums["checked"] >= wanted and sums["memo_differs"] == 0 and differ * 10000 <= sums["checked"]


def main():
    build = os.path.realpath(sys.argv[1])
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    chosen = [row for row in rows() if len(sys.argv) <= 3 or row[0] in sys.argv[3:]]
    print(f"{'program':<11}{'stacks':>9}{'identical':>13}" + "".join(f"{key:>14}" for key in CLASSES))
    bad = [row[0] for row in chosen if not measure(build, row, wanted)]
    if bad or not chosen:
        sys.exit("differential: " + (", ".join(bad) or "no such program"))


main()
