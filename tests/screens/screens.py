#!/usr/bin/env python3
"""The first screen of the report on each program of programs.txt, compared with expected/NAME.txt.

usage: screens.py BUILD [--update] [--keep DIRECTORY] [NAME...]
       screens.py --packages

A screen is 24 lines of 100 columns.  Numbers are left out, since they differ from run to run; so are the directories, and where a
sentence breaks.  A line that is wider than the screen is a failure, since it pushes others below the fold.
--update writes expected/; --keep puts the screens with their numbers, and the whole reports, into DIRECTORY.
"""
import argparse
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LINES, COLUMNS = 24, 100
LIMIT = 120  # seconds for one program


class Row:
    """A row of programs.txt.  chance: what lines have that differ from run to run; None: no lines do."""

    def __init__(self, line):
        name, packages, command, *chance = (field.strip() for field in line.split("|"))
        self.name, self.packages, self.command = name, packages.split(), command
        self.chance = chance[0] if chance else None


def rows():
    lines = (HERE / "programs.txt").read_text().splitlines()
    return [Row(line) for line in lines if line.strip() and not line.startswith("#")]


# What differs from run to run, and the sign for it.  The order matters: what has a unit goes before the number alone.
NUMBER = r"\d[\d,]*(?:\.\d+)?"
LEFT_OUT = [
    (r"\[[0-9a-f]{16}\]", "[ID]"),
    (r"0x[0-9a-f]+", "0x#"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "DATE"),
    (NUMBER + r" (?:B|[KMGT]iB)\b", "SIZE"),
    (NUMBER + r" (?:ns|us|ms|s|min|h)\b", "TIME"),
    (r"(?<![\w.:+])" + NUMBER + r"%", "#%"),
    (r"(?<![\w.:])\d[\d,]*(?:\.\d+)?(?![\w.]|:\d)", "#"),
    (r"(?<=\S) +", " "),  # columns are as wide as their numbers
    (r"^ +(?=(?:#|SIZE|TIME)\b)", "  "),
]


def without_numbers(line):
    for pattern, sign in LEFT_OUT:
        line = re.sub(pattern, sign, line)
    return line.rstrip()


# The lines that sentences begin with: the one after the number of a finding, and these.
NUMBERED = re.compile(r"^ ?\d+\. ")
SENTENCE = re.compile(r"^ *(not freed:|no names in )")
# What may stand before or below a finding's sentence, as wide as that is.
OTHER = re.compile(r"^ *((the (largest|first) of|in [\d,]+ of|in \S+, pid|thread \d).*|.*:)$")


def sentences(lines):
    """Sentences that were broken at the screen's width become one line: where they break depends on their numbers."""
    out, before, inside = [], "", False
    for line in lines:
        word = line.split()[0] if line.strip() else ""
        if OTHER.match(line) and NUMBERED.match(before):  # of which of several the sentence after it is about
            out.append(line)
            continue
        begins = bool(NUMBERED.match(before) or SENTENCE.match(line))
        goes_on = inside and word and not begins and len(before) + 1 + len(word) > COLUMNS and not OTHER.match(line)
        if goes_on:
            out[-1] += " " + line.strip()
        else:
            out.append(line)
        before, inside = line, begins or goes_on
    return out


def without_chance(lines, chance):
    """The lines that have `chance` become one, wherever there are some in a row."""
    out = []
    for line in lines:
        kept = "(by chance)" if chance in line else line
        if kept != "(by chance)" or out[-1:] != [kept]:
            out.append(kept)
    return out


def run(command, build, work):
    """The report on a program that ran in the directory `work`."""
    (work / "data").symlink_to(ROOT / "tests/e2e/data")
    tool = build / "ringtail"
    watched = f"{tool} run -o {work / 'run'} --"
    line = command.replace("PROGRAMS/", f"{build}/programs/")
    environment = dict(os.environ, WATCHED=watched, SCREENS=str(HERE), LC_ALL="C.UTF-8")
    for variable in ("RINGTAIL", "LD_PRELOAD", "COLUMNS"):
        environment.pop(variable, None)
    done = subprocess.run(["sh", "-c", line], cwd=work, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", timeout=LIMIT)
    if not (work / "run").is_dir():
        raise RuntimeError(f"ended with {done.returncode}, without a run\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    report = subprocess.run([tool, "report", "run"], cwd=work, env=dict(environment, COLUMNS=str(COLUMNS)),
                            capture_output=True, text=True, timeout=LIMIT)
    if report.returncode:
        raise RuntimeError(f"ringtail report ended with {report.returncode}\n{report.stderr}")
    return report.stdout


class Screens:
    def __init__(self, build, update, keep):
        self.build, self.update, self.keep, self.failed = build, update, keep, 0

    def report(self, row):
        work = pathlib.Path(tempfile.mkdtemp(prefix="ringtail-screens."))
        try:
            work.chmod(0o755)  # servers that refuse to run as root must reach it
            text = run(row.command, self.build, work)
            return text, {str(work): "WORK", str(self.build): "BUILD", str(ROOT): "ROOT"}
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def fail(self, name, why):
        self.failed += 1
        print(f"{name}: {why}", flush=True)

    def check(self, row):
        name = row.name
        try:
            text, places = self.report(row)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            return self.fail(name, error)
        lines = text.splitlines()[:LINES]
        if self.keep:
            (self.keep / f"{name}.report").write_text(text)
            (self.keep / f"{name}.screen").write_text("\n".join(lines) + "\n")
        for place, sign in places.items():
            lines = [line.replace(place, sign) for line in lines]
        wide = [line for line in lines if len(line) > COLUMNS]
        if wide:
            self.fail(name, f"wider than {COLUMNS} columns: {wide[0]}")
        lines = [without_numbers(line) for line in sentences(lines)]
        return self.compare(row, without_chance(lines, row.chance) if row.chance else lines)

    def compare(self, row, lines):
        name = row.name
        path = HERE / "expected" / f"{name}.txt"
        if self.update:
            path.write_text("\n".join(lines) + "\n")
        expected = path.read_text().splitlines() if path.exists() else []
        # Of lines by chance, and of those that a sentence takes, there may be more or fewer, so that others are below the fold.
        common = max(min(len(lines), len(expected)), LINES // 2)
        lines, expected = lines[:common], expected[:common]
        if lines != expected:
            diff = difflib.unified_diff(expected, lines, str(path.relative_to(ROOT)), "now", lineterm="")
            return self.fail(name, "another screen\n" + "\n".join(diff))
        print(f"{name}: as expected", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", action="store_true")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("build", nargs="?", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_intermixed_args()
    if arguments.packages:
        print(*sorted({package for row in rows() for package in row.packages}))
        return 0
    if not arguments.build:
        parser.error("BUILD is missing")
    known = {row.name: row for row in rows()}
    unknown = set(arguments.names) - set(known)
    if unknown:
        parser.error(f"no such row: {' '.join(sorted(unknown))}")
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    screens = Screens(arguments.build.resolve(), arguments.update, arguments.keep)
    for name in arguments.names or known:
        screens.check(known[name])
    return 1 if screens.failed else 0


if __name__ == "__main__":
    sys.exit(main())
