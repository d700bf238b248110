"""How long the sites of data races take to be found in a file: bench_sites.c, on two servers of Debian."""

import re
import shutil

from measure import Failure, run

LINE = re.compile(r"(\d+) sites of (\d+) instructions in (\d+) functions \((\d+) left out\) in ([\d.]+) ms")
FIELDS = ("sites", "instructions", "functions", "left_out", "ms")
PROGRAMS = ("redis-server", "mariadbd")


def of_program(build, name):
    path = shutil.which(name, path="/usr/bin:/usr/sbin")
    if not path:
        return {"name": name, "missing": True}
    found = LINE.search(run([f"{build}/bench/bench_sites", path])[1])
    if not found:
        raise Failure(f"bench_sites {path}: it printed no line")
    return {"name": name} | {field: float(value) for field, value in zip(FIELDS, found.groups())}


def bench(build):
    try:
        return {"programs": [of_program(build, name) for name in PROGRAMS]}
    except Failure as failure:
        return {"programs": [], "failed": str(failure)}
