"""Runs one command of the table, without ringtail and with it, with and without strace."""

import hashlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile

import perf
import trace

TIMEOUT = 120  # seconds for one run, which may be under strace and beside other runs
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e/data")

FIXED_ADDRESSES = ("setarch", "-R")
BARE, PRELOAD, RUN = "bare", "preload", "run"


class Outcome:
    """The visible results of a run."""

    def __init__(self, status, out, err, files):
        self.status = status
        self.out = out
        lines = err.splitlines(keepends=True)
        self.err = "".join(line for line in lines if not line.startswith("ringtail: "))
        self.said = [line.rstrip("\n") for line in lines if line.startswith("ringtail: ")]
        self.files = files

    def differences(self, bare):
        if self.status != bare.status:
            yield f"status {self.status}, without ringtail {bare.status}"
        for name in ("out", "err", "files"):
            ours, theirs = getattr(self, name).splitlines(), getattr(bare, name).splitlines()
            if ours != theirs:
                only = [line for line in ours if line not in theirs][:2]
                missing = [line for line in theirs if line not in ours][:2]
                yield f"{name}: {only} instead of {missing}" if only or missing else f"{name}: in another order"


class Runner:
    """All runs of one command use the same directory, so that all paths have the same length."""

    def __init__(self, build, command):
        self.build = os.path.abspath(build)
        self.shim = os.path.join(self.build, "libringtail.so")
        self.command = command
        self.root = tempfile.mkdtemp(prefix="ringtail-transparency.")
        os.chmod(self.root, 0o755)
        self.work = os.path.join(self.root, "work")
        self.record = os.path.join(self.root, "run")

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def outcome(self, way):
        self.fresh()
        return self.run(self.watched(way, self.shell()), self.environment(way))

    def traced(self, way, addresses=()):
        """Runs under strace, without a leak scan: strace traces the program already, so the scan could not stop it."""
        self.fresh()
        log = os.path.join(self.root, "log")
        words = [*addresses, *trace.STRACE, "-q", "-o", log]
        environment = self.environment(BARE)
        if way != RUN:
            for name, value in self.watching(way).items():
                words += ["-E", f"{name}={value}"]
        outcome = self.run(self.watched(way, words + self.shell(), ["--scan=no"]), environment)
        return outcome, trace.read(log, self.shim)

    def watched_by_kernel(self, way):
        """Runs under perf, with a leak scan: no tracer is in its way."""
        self.fresh()
        data = os.path.join(self.root, "perf.data")
        environment = [f"{name}={value}" for name, value in self.environment(way).items()]
        words = [*perf.RECORD, "-o", data, "env", "-i", *environment, *self.watched(way, self.shell())]
        outcome = self.run(words, self.environment(BARE))
        return outcome, perf.read(data, self.shim)

    # ---- surroundings

    def fresh(self):
        for name in os.listdir(self.root):
            path = os.path.join(self.root, name)
            if os.path.isdir(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)
        os.mkdir(self.work)
        os.mkdir(self.record)
        os.chmod(self.record, 0o1777)  # for programs of other users too
        os.symlink(os.path.realpath(DATA), os.path.join(self.work, "data"))

    def shell(self):
        return ["/bin/sh", "-c", f"exec > {self.root}/out 2> {self.root}/err; {self.command}"]

    def watched(self, way, words, options=()):
        return [self.build + "/ringtail", "run", "--quiet", *options, "-o", self.record, "--", *words] if way == RUN else words

    def environment(self, way):
        common = {"PATH": "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": self.work, "LC_ALL": "C.UTF-8", "TZ": "UTC",
                  "TERM": "dumb"}
        return common | (self.watching(way, scan="") if way == PRELOAD else {})

    def watching(self, way, scan=":scan=no"):
        """The variables for ringtail.  A run without it has two of the same lengths: environments are copied."""
        preload, options = ("LD_PRELOAD", "RINGTAIL") if way == PRELOAD else ("NO_PRELOAD", "NOTAWAKE")
        return {preload: self.shim, options: f"run={self.record}{scan}"}

    # ---- one run

    def run(self, words, environment):
        process = subprocess.Popen(words, cwd=self.work, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            status = process.wait(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = f"no end within {TIMEOUT} s"
        return Outcome(status, self.text("out"), self.text("err"), self.files())

    def text(self, name):
        try:
            with open(os.path.join(self.root, name), errors="backslashreplace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def files(self):
        """Names, modes and contents of the files that the run left."""
        lines = []
        for directory, _, names in os.walk(self.work):
            for name in names:
                path = os.path.join(directory, name)
                mode = os.lstat(path).st_mode
                content = ""
                if stat.S_ISREG(mode):
                    with open(path, "rb") as file:
                        content = hashlib.sha256(file.read()).hexdigest()
                lines.append(f"{os.path.relpath(path, self.work)} {oct(mode)} {content}\n")
        return "".join(sorted(lines))
