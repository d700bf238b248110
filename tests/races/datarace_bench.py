#!/usr/bin/env python3
"""What the tracer of data races catches in DataRaceBench, and what it accuses there that has no race.

    datarace_bench.py [--tries N] [--seed S] [--only TEXT] [--opt O0,O2] [--list] BUILD DIRECTORY

DIRECTORY has the sources (github.com/LLNL/dataracebench), of which nothing is a part of this project.  Each program is
built with gcc -g, and runs with four threads under BUILD/catch_races, once for each try, with a seed of its own.

Left out are programs for graphics processors, those whose only parallelism is that of SIMD lanes in one thread, and two
that hang with four threads.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

SIMD_ALONE = {"024", "025", "070", "098", "137", "138"}
HANG = {"189", "191"}
SECONDS = 20  # until a run counts as hung; some programs hang by their race


class Program:
    """One program at one level of optimization, and what its runs have shown."""

    def __init__(self, source, level):
        self.source, self.level = source, level
        self.number = source.name[3:6]
        self.racy = "-yes" in source.name
        self.caught, self.data = [], []  # for each try: whether two threads were caught, and at a race:data
        self.pairs = collections.Counter()
        self.failed = []
        self.path = None

    def left_out(self):
        return "-gpu-" in self.source.name or self.number in SIMD_ALONE | HANG

    def build(self, directory):
        self.path = directory / self.level / self.source.stem
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and self.path.stat().st_mtime > self.source.stat().st_mtime:
            return
        compiler = ["g++"] if self.source.suffix == ".cpp" else ["gcc", "-std=gnu99"]
        folder = self.source.parent
        command = compiler + ["-w", "-g", "-" + self.level, "-fopenmp", "-o", self.path, self.source]
        if "PolyBench" in self.source.read_text(errors="replace"):
            command += [folder / "utilities/polybench.c", f"-I{folder}", f"-I{folder}/utilities",
                        "-DPOLYBENCH_NO_FLUSH_CACHE", "-DPOLYBENCH_TIME"]
        subprocess.run(command + ["-lm"], check=True)

    def run(self, catch, seed):
        environment = dict(os.environ, OMP_NUM_THREADS="4")
        try:
            result = subprocess.run([*catch, "-s", str(seed), self.path], env=environment, text=True,
                                    stdout=subprocess.PIPE, timeout=SECONDS, check=False)
            lines = result.stdout.splitlines()
        except subprocess.TimeoutExpired:
            self.failed.append(f"seed {seed}: not done after {SECONDS} s")
            lines = []
        pairs = [line[5:] for line in lines if line.startswith("pair ")]
        self.caught.append(any(pair.split()[1] in ("met", "watched") for pair in pairs))
        self.data.append(any(pair.startswith("data ") for pair in pairs))
        self.pairs.update(re.sub(r" times=\d+ frames=\S+", "", pair) for pair in pairs)
        if not any(line == "status 0" for line in lines):
            self.failed.append(f"seed {seed}: {lines[-1] if lines else 'nothing was printed'}")

    def row(self):
        kind = "racy" if self.racy else "free"
        return (f"{self.source.stem[:42]:42} {self.level} {kind}  caught {sum(self.caught)}/{len(self.caught)}"
                f"  data {sum(self.data)}/{len(self.data)}")


def say_sum(programs, level):
    of_level = [program for program in programs if program.level == level]
    racy = [program for program in of_level if program.racy]
    free = [program for program in of_level if not program.racy]
    tries = len(of_level[0].caught)
    each = [sum(program.caught[i] for program in racy) for i in range(tries)]
    print(f"-{level}: racy {len(racy)}: caught in one run {'/'.join(map(str, each))}, "
          f"within {tries}: {sum(any(program.caught) for program in racy)}, "
          f"race:data within {tries}: {sum(any(program.data) for program in racy)}")
    print(f"     race-free {len(free)}: pairs in {sum(any(program.caught) for program in free)}, "
          f"race:data in {sum(any(program.data) for program in free)}; "
          f"runs that failed {sum(len(program.failed) for program in of_level)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tries", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="programs whose name contains this; several by commas")
    parser.add_argument("--opt", default="O0,O2")
    parser.add_argument("--list", action="store_true", help="a row for each program, and the pairs")
    parser.add_argument("--options", default="", help="for catch_races")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("directory", type=pathlib.Path)
    arguments = parser.parse_args()
    levels = arguments.opt.split(",")
    sources = sorted((arguments.directory / "micro-benchmarks").glob("DRB*.c*"))
    programs = [Program(source, level) for level in levels for source in sources
                if any(part in source.name for part in arguments.only.split(","))]
    programs = [program for program in programs if not program.left_out()]
    if not programs:
        sys.exit(f"no programs in {arguments.directory}/micro-benchmarks")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda program: program.build(arguments.build / "datarace_bench"), programs))
    catch = [arguments.build / "catch_races", *arguments.options.split()]
    for program in programs:
        for seed in range(arguments.seed, arguments.seed + arguments.tries):
            program.run(catch, seed)
        if arguments.list or (not program.racy and any(program.caught)):
            print(program.row())
            for pair, count in sorted(program.pairs.items()):
                print(f"    {count} {pair}")
        for failure in program.failed:
            print(f"    {program.source.stem}: {failure}")
        sys.stdout.flush()
    for level in levels:
        say_sum(programs, level)


if __name__ == "__main__":
    main()
