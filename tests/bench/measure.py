"""Running things, and the few statistics that are used."""

import math
import os
import signal
import statistics
import subprocess
import sys
import time

TIMEOUT = 600  # seconds; a program that takes longer is a failure


class Failure(Exception):
    """A run that gave no number; the text says why."""


def progress(text):
    if sys.stderr.isatty():
        print(f"{text:<78}", end="\r", file=sys.stderr, flush=True)


def kill_group(process):
    """The whole group: a recorder in front of the program would leave it behind."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def run(arguments, env=None, timeout=TIMEOUT):
    """(seconds, standard output) of a command that must succeed."""
    began = time.monotonic()
    try:
        process = subprocess.Popen(arguments, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
    except OSError as error:
        raise Failure(str(error)) from error
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{arguments[0]}: no end after {timeout} s") from error
    finally:
        if process.returncode is None:  # the time is up, or the user wants to stop
            kill_group(process)
    took = time.monotonic() - began
    if process.returncode != 0:
        last = errors.decode(errors="replace").strip().splitlines()[-1:] or [""]
        raise Failure(f"{os.path.basename(arguments[0])} ended with {process.returncode}: {last[0][:200]}")
    return took, output.decode(errors="replace")


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def median(values):
    return statistics.median(values) if values else None


def summary(values):
    """Median, minimum, and every round's value, for the JSON file."""
    return {"median": median(values), "min": min(values), "rounds": values}
