"""Throughput of servers: redis-server under redis-benchmark, mariadbd under sysbench.

The client always runs bare, and loads the server twice in a row: "start" is the first load of a new server, "warm" the
same load once more.  Ratios are times per request over those of the bare server in the same round, so that 2.0
means half the throughput, and they compare with the ratios of programs.
"""

import csv
import io
import os
import re
import shutil
import subprocess
import time

from measure import Failure, kill_group, progress, run, summary
from ways import clean_environment, scratch

PHASES = ("start", "warm")
SECONDS_TO_START = 60
SECONDS_TO_END = 300    # recorders may have work to do at the end


class Redis:
    """Twice: requests one at a time, as most clients send them and where much of the time is the kernel's; and 16
    at a time, where nearly all of it is the server's own."""

    threads = 1
    needs = ("redis-server", "redis-cli", "redis-benchmark")

    def __init__(self, pipelined, requests):
        self.pipelined, self.requests = pipelined, requests
        self.name = f"redis-server -P {pipelined}" if pipelined > 1 else "redis-server"

    def prepare(self, directory):
        """Nothing is kept from run to run."""

    def command(self, directory):
        return ["redis-server", "--port", "0", "--unixsocket", f"{directory}/redis", "--save", "", "--dir", directory]

    def ask(self, directory, *words):
        return run(["redis-cli", "-s", f"{directory}/redis", *words], clean_environment())[1]

    def answers(self, directory):
        return "PONG" in self.ask(directory, "ping")

    def shut_down(self, directory):
        self.ask(directory, "shutdown", "nosave")

    def load(self, directory):
        """Seconds per request, over all kinds of request."""
        kinds = "set,get,lpush,hset"
        _, output = run(["redis-benchmark", "-s", f"{directory}/redis", "-t", kinds, "-n", str(self.requests),
                         "-r", "100000", "-c", "20", "-P", str(self.pipelined), "--csv"], clean_environment())
        rates = [float(row["rps"]) for row in csv.DictReader(io.StringIO(output))]
        if len(rates) != 4:
            raise Failure("redis-benchmark printed something else than four rates")
        return sum(1 / rate for rate in rates) / len(rates)


class Mariadb:
    """Point selects by two clients on a table of 10,000 rows; the data directory is made once."""

    name = "mariadbd"
    threads = 2
    needs = ("mariadbd", "mariadb-install-db", "mariadb-admin", "sysbench")
    SECONDS = 2

    def __init__(self):
        self.data = None

    def prepare(self, directory):
        self.data = f"{directory}/mariadb"
        run(["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", *self.as_root(), "--skip-test-db",
             "--auth-root-authentication-method=normal"], clean_environment())
        with running(self, self.command(directory), clean_environment(), directory):
            self.admin(directory, "create", "sbtest")
            self.sysbench(directory, "prepare")

    @staticmethod
    def as_root():
        return ["--user=root"] if os.getuid() == 0 else []

    def command(self, directory):
        return [shutil.which("mariadbd"), "--no-defaults", f"--datadir={self.data}", f"--socket={directory}/socket",
                *self.as_root(), "--skip-networking", f"--pid-file={directory}/pid", "--innodb-log-file-size=16M",
                "--innodb-buffer-pool-size=64M", f"--log-error={directory}/log"]

    def admin(self, directory, *words):
        return run(["mariadb-admin", "--no-defaults", f"--socket={directory}/socket", "--user=root", *words],
                   clean_environment())[1]

    def answers(self, directory):
        return "alive" in self.admin(directory, "ping")

    def shut_down(self, directory):
        self.admin(directory, "shutdown")

    def sysbench(self, directory, what):
        return run(["sysbench", "oltp_point_select", "--db-driver=mysql", f"--mysql-socket={directory}/socket",
                    "--mysql-user=root", "--mysql-db=sbtest", "--tables=1", "--table-size=10000", "--threads=2",
                    f"--time={self.SECONDS}", what], clean_environment())[1]

    def load(self, directory):
        """Seconds per query."""
        rate = re.search(r"queries: .*\(([0-9.]+) per sec", self.sysbench(directory, "run"))
        if not rate:
            raise Failure("sysbench printed no rate")
        return 1 / float(rate.group(1))


class running:
    """A server, from its first answer to the end of its process and of the recorder in front of it."""

    def __init__(self, server, arguments, env, directory):
        self.server, self.directory = server, directory
        self.process = subprocess.Popen(arguments, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)

    def __enter__(self):
        try:
            self.wait_for_answer()
        except BaseException:
            kill_group(self.process)
            raise

    def wait_for_answer(self):
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failure(f"{self.server.name} ended at once with {self.process.returncode}")
            try:
                if self.server.answers(self.directory):
                    return
            except Failure:
                pass
            time.sleep(0.1)
        raise Failure(f"{self.server.name}: no answer in {SECONDS_TO_START} s")

    def __exit__(self, kind, value, traceback):
        try:
            self.server.shut_down(self.directory)
            self.process.wait(timeout=SECONDS_TO_END)
        except (Failure, subprocess.TimeoutExpired) as error:
            if kind is None:
                raise Failure(f"{self.server.name} did not shut down: {error}") from error
        finally:
            kill_group(self.process)
        if kind is None and self.process.returncode != 0:
            raise Failure(f"{self.server.name} ended with {self.process.returncode}")


def measure(way, server):
    """Seconds per request in the two phases."""
    with scratch() as directory:
        with way.watching(server.command(directory), directory) as (arguments, env):
            with running(server, arguments, env, directory):
                return {phase: server.load(directory) for phase in PHASES}


def one_round(ways, server, number, rows):
    for way in ways:
        if way.name in rows[0]["failed"] or way.name == "memcheck":  # its load would take minutes
            continue
        if way.program_rounds is not None and number >= way.program_rounds:
            continue
        progress(f"servers, round {number + 1}: {server.name}: {way.name}")
        try:
            seconds = measure(way, server)
        except Failure as failure:
            for row in rows:
                row["failed"][way.name] = str(failure)
            continue
        for row in rows:
            row["seconds"].setdefault(way.name, []).append(seconds[row["phase"]])


def new_rows(server):
    return [{"program": f"{server.name}, {phase}", "threads": server.threads, "phase": phase, "seconds": {},
             "failed": {}, "ring": None} for phase in PHASES]


def summarize(row):
    bare = row["seconds"].get("bare", [])
    row["ratio"] = {way: summary([s / b for s, b in zip(values, bare)])
                    for way, values in row["seconds"].items() if way != "bare" and bare}
    row["throughput"] = {way: summary([1 / s for s in values]) for way, values in row.pop("seconds").items()}
    return row


def bench(ways, rounds):
    """A row for each server and phase, like those of programs."""
    rows, ways = [], [way for way in ways if way.servers]
    with scratch() as directory:
        for server in (Redis(1, 10000), Redis(16, 50000), Mariadb()):
            absent = [need for need in server.needs if not shutil.which(need)]
            if absent:
                print(f"{server.name}: {absent[0]} is not installed, left out")
                continue
            mine = new_rows(server)
            server.prepare(directory)
            for number in range(rounds):
                one_round(ways, server, number, mine)
            rows += map(summarize, mine)
    progress("")
    return rows
