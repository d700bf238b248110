"""What commands cost: a listing of a large recording, and a run of many short processes."""

import os
import shutil
import tempfile

from measure import Failure, run, summary

RECORDINGS = 6  # of ten million events each
FILES = 4
MAKEFILE = """all: one.o two.o three.o four.o
%.o: %.c
\tgcc -O2 -g -c -o $@ $<
"""
FUNCTION = """
static int step_{n}(const char *text, char *out, size_t room)
{{
	char *copy = strdup(text);
	int written = snprintf(out, room, "%s {n} %zu", copy ? copy : "none", strlen(text));
	free(copy);
	return written > {n} ? written : step_{before}(text, out, room);
}}
"""


def listing(build, directory, rounds):
    """Seconds for `ringtail events | tail -1` of a recording by the library alone."""
    rings = f"{directory}/large"
    environment = dict(os.environ, LD_PRELOAD=f"{build}/libringtail.so", RINGTAIL=f"run={rings}:scan=no")
    for _ in range(RECORDINGS):
        run([f"{build}/programs/ten_million"], env=environment)
    took, lines = [], 0
    for _ in range(rounds):
        seconds, output = run(["sh", "-c", f"{build}/ringtail events {rings} | tail -1"])
        took.append(seconds)
        lines += output.count("\n")
    if lines != rounds:
        raise Failure("ringtail events listed nothing")
    events = int(run(["sh", "-c", f"{build}/ringtail events {rings} | wc -l"])[1])
    shutil.rmtree(rings)
    return {"events": events, "seconds": summary(took)}


def source(functions):
    head = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
    first = "static int step_0(const char *text, char *out, size_t room) { return !room && *text == *out; }\n"
    steps = "".join(FUNCTION.format(n=n, before=n - 1) for n in range(1, functions))
    return f"{head}{first}{steps}\nint go(char *out) {{ return step_{functions - 1}(\"go\", out, 100); }}\n"


def compiling(build, directory, rounds):
    """Seconds for `make -j2` of four files, bare and under `ringtail run`."""
    work = f"{directory}/make"
    os.mkdir(work)
    for name in ("one", "two", "three", "four"):
        with open(f"{work}/{name}.c", "w", encoding="utf-8") as file:
            file.write(source(100))
    with open(f"{work}/Makefile", "w", encoding="utf-8") as file:
        file.write(MAKEFILE)
    make = ["make", "-s", "-C", work, "-B", "-j2"]
    bare, watched = [], []
    for _ in range(rounds):
        bare.append(run(make)[0])
        watched.append(run([f"{build}/ringtail", "run", "--quiet", "-o", f"{work}/run", "--", *make])[0])
        shutil.rmtree(f"{work}/run")
    return {"files": FILES, "bare": summary(bare), "run": summary(watched)}


def bench(build, rounds):
    directory = tempfile.mkdtemp(prefix="ringtail-bench-")
    try:
        return {"listing": listing(build, directory, rounds), "make": compiling(build, directory, rounds)}
    except Failure as failure:
        return {"failed": str(failure)}
    finally:
        shutil.rmtree(directory)
