"""What a leak scan costs: bench_scan.c for the scan alone, and `ringtail leaks --now` as it is typed."""

import json
import re
import shutil
import subprocess
import tempfile
import time

from measure import Failure, kill_group, run

LINE = re.compile(r"(\d+) blocks of +(\d+): stopped +([\d.]+) s \( *([\d.]+) s processor\), "
                  r"in all +([\d.]+) s \( *([\d.]+) s\), peak +([\d.]+) MiB, +([\d.]+) before")
FIELDS = ("blocks", "bytes", "stopped_s", "stopped_cpu_s", "whole_s", "whole_cpu_s", "peak_mib", "before_mib")
NOW_BLOCKS, NOW_BYTES = 1_000_000, 1056  # 1 GiB of heap


def scans(build):
    """A row for each heap."""
    lines = run([f"{build}/bench/bench_scan", f"{build}/libringtail.so"])[1].splitlines()
    found = [match for match in map(LINE.search, lines) if match]
    return [{name: float(value) for name, value in zip(FIELDS, match.groups())} for match in found]


def look(build, directory):
    """One `ringtail leaks --now`, and what it says of itself."""
    took, output = run([f"{build}/ringtail", "leaks", "--now", directory, "--format", "json"])
    scan = json.loads(output)["processes"][0]["leak_scan"]
    return {"blocks": NOW_BLOCKS, "bytes": NOW_BYTES, "stopped_s": scan["pause"], "command_s": took}


def now(build):
    """The command, of a program under `ringtail run`."""
    directory = tempfile.mkdtemp(prefix="ringtail-bench-")
    program = subprocess.Popen(
        [f"{build}/ringtail", "run", "-o", f"{directory}/run", f"{build}/bench/bench_scan", "program",
         str(NOW_BLOCKS), str(NOW_BYTES)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        if program.stdout.readline() != b"ready\n":
            raise Failure("bench_scan program: it did not start")
        time.sleep(1)  # what it has recorded is read
        return look(build, f"{directory}/run")
    finally:
        kill_group(program)
        shutil.rmtree(directory)


def bench(build):
    try:
        return {"scans": scans(build), "now": now(build)}
    except Failure as failure:
        return {"scans": [], "failed": str(failure)}
