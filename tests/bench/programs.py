"""Wall time of real programs, from start to end: start-up and what a recorder does at exit are part of it.

Programs that end by themselves, each some tenths of a second to two seconds long: most peers cost a multiple.
"""

import os
import shutil
import subprocess

from measure import Failure, progress, run, summary
from ways import scratch

SQL = """create table t(a, b);
with recursive c(x) as (select 1 union all select x + 1 from c where x < 300000)
insert into t select x, hex(x) from c; select count(*), sum(length(b)) from t;"""
JQ = "[range(150000) | {a: ., b: tostring}] | map(.a) | add"
PYTHON = "d = {}\nfor i in range(300000): d[i] = [str(i)]\nprint(len(d))"
PERL = 'my %h; for (1..200000) { $h{$_} = [$_, "x$_"] } print scalar keys %h'
CXX = """#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>
int main() {
    std::map<std::string, std::vector<std::variant<int, double, std::string>>> values;
    std::unordered_map<std::string, std::shared_ptr<std::map<int, std::string>>> shared;
    std::function<int(int)> twice = [](int i) { return 2 * i; };
    for (int i = 0; i < 100; i++) values[std::to_string(i)].push_back(twice(i));
    for (auto &[key, list] : values) std::reverse(list.begin(), list.end());
    std::vector<std::string> keys;
    std::transform(values.begin(), values.end(), std::back_inserter(keys), [](auto &v) { return v.first; });
    std::sort(keys.begin(), keys.end(), std::greater<>());
    auto longer = [](size_t n, auto &key) { return n + key.size(); };
    return (int)std::accumulate(keys.begin(), keys.end(), shared.size(), longer);
}
"""


class Program:
    def __init__(self, name, arguments, env=None, threads=1):
        self.name = name
        self.arguments = arguments
        self.env = env or {}
        self.threads = threads


def c_source(functions=80):
    """A C file that keeps the compiler busy for two thirds of a second."""
    body = "".join(
        f"static int f{i}(int a, int b) {{ int s = 0; for (int i = 0; i < a; i++) {{ if (i % {i + 2} == b) s += i * b; "
        f"else s ^= a; switch (i % 5) {{ case 0: s += 1; break; case 1: s -= {i}; break; default: s *= 3; }} }} "
        f"return s; }}\n" for i in range(functions))
    calls = "".join(f"s += f{i}(c, {i});" for i in range(functions))
    return body + f"int main(int c, char **v) {{ int s = 0; {calls} return s; }}\n"


def gcc_program(name):
    try:
        return run(["gcc", f"-print-prog-name={name}"])[1].strip()
    except Failure:
        return name


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def to_compress(directory, compiler):
    """The first 2 MiB of the compiler's own program."""
    path = f"{directory}/input"
    with open(path, "wb") as output, open(compiler, "rb") as source:
        output.write(source.read(2 << 20))
    return path


def all_programs(directory):
    cc1 = gcc_program("cc1")
    c, cxx = write(f"{directory}/busy.i", c_source()), write(f"{directory}/stl.cc", CXX)
    return [
        Program("sqlite3", ["sqlite3", ":memory:", SQL]),
        Program("cc1", [cc1, "-quiet", "-O2", c, "-o", "/dev/null"]),
        Program("clang++", ["clang++", "-std=c++17", "-O1", "-c", cxx, "-o", f"{directory}/stl.o"]),
        Program("python3", ["/usr/bin/python3", "-S", "-c", PYTHON], {"PYTHONMALLOC": "malloc"}),
        Program("jq", ["jq", "-n", JQ]),
        Program("perl", ["perl", "-e", PERL]),
        Program("xz -T2", ["xz", "-T2", "--block-size=512KiB", "-k", "-c",
                           to_compress(directory, cc1 if os.path.isfile(cc1) else "/usr/bin/python3")], threads=2),
        Program("sysbench mutex", ["sysbench", "mutex", "--threads=2", "--mutex-num=64", "--mutex-locks=2000000",
                                   "--mutex-loops=100", "run"], threads=2),
    ]


def ring_bytes(build, directory):
    """Sums over the processes of a run that LD_PRELOAD alone recorded: events, and the bytes that they take."""
    sums = [0, 0, 0, 0]
    for name in os.listdir(f"{directory}/run"):
        if name.endswith(".ring"):
            _, output = run([f"{build}/bench/ring_bytes", f"{directory}/run/{name}"])
            sums = [total + int(field) for total, field in zip(sums, output.split())]
    return dict(zip(("events", "record_bytes", "node_bytes", "pc_bytes"), sums))


def measure(build, way, program, row):
    with scratch() as directory:
        with way.watching(program.arguments, directory) as (arguments, env):
            seconds, _ = run(arguments, env | program.env)
        if way.name == "preload" and not row["ring"]:
            row["ring"] = ring_bytes(build, directory)
    return seconds


def one_round(build, ways, program, number, row):
    for way in ways:
        if way.name in row["failed"] or (way.program_rounds is not None and number >= way.program_rounds):
            continue
        progress(f"programs, round {number + 1}: {program.name}: {way.name}")
        try:
            row["seconds"].setdefault(way.name, []).append(measure(build, way, program, row))
        except Failure as failure:
            row["failed"][way.name] = str(failure)


def summarize(row):
    """Ratios are to the bare run of the same round."""
    bare = row["seconds"].get("bare", [])
    row["ratio"] = {way: summary([s / b for s, b in zip(values, bare)])
                    for way, values in row["seconds"].items() if way != "bare" and bare and values}
    row["added_seconds"] = {way: summary([s - b for s, b in zip(values, bare)])
                            for way, values in row["seconds"].items() if way != "bare" and bare and values}
    row["seconds"] = {way: summary(values) for way, values in row["seconds"].items() if values}
    return row


def installed(program):
    found = shutil.which(program.arguments[0]) is not None
    if not found:
        print(f"{program.name}: not installed, left out")
    return found


def bench(build, ways, rounds):
    with scratch() as directory:
        programs = [program for program in all_programs(directory) if installed(program)]
        rows = [{"program": program.name, "threads": program.threads, "seconds": {}, "failed": {}, "ring": None}
                for program in programs]
        for program in programs:  # the files that it reads are in memory afterwards
            subprocess.run(program.arguments, env=os.environ | program.env, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
        for number in range(rounds):
            for program, row in zip(programs, rows):
                one_round(build, ways, program, number, row)
    progress("")
    return [summarize(row) for row in rows]
