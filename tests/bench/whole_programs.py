#!/usr/bin/env python3
"""Wall time of real programs: bare, with LD_PRELOAD alone, and under `ringtail run`, in turn in each round.

usage: tests/bench/whole_programs.py BUILD [ROUNDS]      prints medians of the ratios to the bare run of the same round
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SQL = """create table t(a, b);
with recursive c(x) as (select 1 union all select x + 1 from c where x < 300000)
insert into t select x, hex(x) from c; select count(*), sum(length(b)) from t;"""
PYTHON = "d = {}\nfor i in range(300000): d[i] = [str(i)]\nprint(len(d))"
PERL = 'my %h; for (1..300000) { $h{$_} = [$_, "x$_"] } print scalar keys %h'


def source():
    """A C file that keeps the compiler busy for a few seconds."""
    functions = "".join(
        f"static int f{i}(int a, int b) {{ int s = 0; for (int i = 0; i < a; i++) {{ if (i % {i + 2} == b) s += i * b; "
        f"else s ^= a; switch (i % 5) {{ case 0: s += 1; break; case 1: s -= {i}; break; default: s *= 3; }} }} return s; }}\n"
        for i in range(400))
    calls = "".join(f"s += f{i}(c, {i});" for i in range(400))
    return functions + f"int main(int c, char **v) {{ int s = 0; {calls} return s; }}\n"


def programs(directory):
    with open(f"{directory}/busy.i", "w", encoding="ascii") as file:
        file.write(source())
    compiler = subprocess.run(["gcc", "-print-prog-name=cc1"], capture_output=True, text=True, check=True).stdout.strip()
    return {
        "sqlite3": ["sqlite3", ":memory:", SQL],
        "jq": ["jq", "-n", "[range(200000) | {a: ., b: tostring}] | map(.a) | add"],
        "cc1": [compiler, "-quiet", "-O2", f"{directory}/busy.i", "-o", f"{directory}/busy.s"],
        "python3 (PYTHONMALLOC=malloc)": ["env", "PYTHONMALLOC=malloc", "/usr/bin/python3", "-S", "-c", PYTHON],
        "perl": ["perl", "-e", PERL],
        "xz -T2": ["xz", "-T2", "-k", "-c", compiler],
    }


def seconds(command, environment=None):
    start = time.monotonic()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.monotonic() - start


def one_round(build, directory, command):
    run = f"{directory}/run"
    bare = seconds(command)
    preload = seconds(command, dict(os.environ, LD_PRELOAD=f"{build}/libringtail.so", RINGTAIL=f"run={run}"))
    shutil.rmtree(run)
    live = seconds([f"{build}/ringtail", "run", "-o", run, "--", *command])
    events = subprocess.run([f"{build}/ringtail", "sql", run, "--format", "csv",
                             "select sum(events_recorded), sum(events_lost) from process"],
                            capture_output=True, text=True, check=True).stdout.split()[-1]
    shutil.rmtree(run)
    return bare, preload / bare, live / bare, events


def main():
    build = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    print(f"{'wall time':30} {'bare':>8} {'LD_PRELOAD':>11} {'ringtail run':>13}   events, lost")
    with tempfile.TemporaryDirectory() as directory:
        for name, command in programs(directory).items():
            results = [one_round(build, directory, command) for _ in range(rounds)]
            bare, preload, live = (statistics.median(r[i] for r in results) for i in range(3))
            print(f"{name:30} {bare:7.3f}s {preload:10.2f}x {live:12.2f}x   {results[-1][3]}", flush=True)


main()
