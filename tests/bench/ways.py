"""The ways to run a program: bare, under ringtail, and under each peer that is installed.

A way has a name, says what it records (heap, locks), why it cannot be used here (missing), and makes of a command
the command and environment that are to be run (watching).  What must be set up before and taken down after a run
is done outside of the time that is measured; what a recorder does within the run, its start-up and its work at
exit included, is inside.
"""

import contextlib
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

from measure import Failure, run

CONTEXT = 128  # frames: the limit of ringtail's own stacks


def clean_environment():
    foreign = ("LD_PRELOAD", "RINGTAIL", "LSAN_OPTIONS")
    return {k: v for k, v in os.environ.items() if k not in foreign}


class Way:
    """The bare program, and what all others share."""

    name = "bare"
    heap = locks = True
    ours = False
    rounds = None  # all of them
    program_rounds = None
    servers = True  # whether it can take part there
    discarded = 0  # events that it was given and did not keep

    def missing(self):
        return None

    def begin(self):
        """Before the first run."""

    def end(self):
        """After the last."""

    @contextlib.contextmanager
    def watching(self, command, directory):
        yield command, clean_environment()


class Preload(Way):
    """LD_PRELOAD alone: what is recorded stays in the ring file, up to `max`.  The search for leaks at exit is another
    way, as it is a reader's work and not a recorder's: lsan's is a part of it as well, heaptrack has none."""

    ours = True

    def __init__(self, build, maximum=None, scan=False):
        self.build = build
        self.options = (f":max={maximum}" if maximum else "") + ("" if scan else ":scan=no")
        self.name = "preload" + (f" {maximum}" if maximum else "") + (" scan" if scan else "")

    @contextlib.contextmanager
    def watching(self, command, directory):
        yield command, clean_environment() | {"LD_PRELOAD": f"{self.build}/libringtail.so",
                                              "RINGTAIL": f"run={directory}/run{self.options}"}


class Run(Way):
    """`ringtail run`: read while the program runs, analysed and stored before it returns."""

    name = "run"
    ours = True

    def __init__(self, build):
        self.build = build

    @contextlib.contextmanager
    def watching(self, command, directory):
        yield [f"{self.build}/ringtail", "run", "-o", f"{directory}/run", "--", *command], clean_environment()


class Heaptrack(Way):
    """Recording only: without --raw the interpreter would take the other processor meanwhile."""

    name = "heaptrack"
    locks = False
    rounds = 1

    def missing(self):
        return None if shutil.which("heaptrack") else "heaptrack is not installed"

    @contextlib.contextmanager
    def watching(self, command, directory):
        yield ["heaptrack", "--raw", "-o", f"{directory}/heaptrack", *command], clean_environment()


class Lttng(Way):
    """LTTng-UST's wrappers with a session that writes a trace: every event, with the address of its caller."""

    name = "lttng"
    rounds = 1
    EVENTS = "lttng_ust_libc:*,lttng_ust_pthread:*"

    def __init__(self):
        self.libraries = sorted(glob.glob("/usr/lib/*/liblttng-ust-libc-wrapper.so") +
                                glob.glob("/usr/lib/*/liblttng-ust-pthread-wrapper.so") +
                                glob.glob("/usr/lib64/liblttng-ust-*-wrapper.so"))
        self.home = None

    def missing(self):
        if not shutil.which("lttng") or not shutil.which("lttng-sessiond"):
            return "lttng-tools is not installed"
        return None if len(self.libraries) >= 2 else "liblttng-ust's libc and pthread wrappers are not installed"

    def begin(self):
        """A session daemon that runs already is used, and left running."""
        if subprocess.run(["pgrep", "-x", "lttng-sessiond"], stdout=subprocess.DEVNULL, check=False).returncode == 0:
            return
        self.home = tempfile.mkdtemp(prefix="ringtail-bench-lttng.")
        os.environ["LTTNG_HOME"] = self.home  # its commands keep a file there, and a user's daemon its sockets
        run(["lttng-sessiond", "--daemonize", "--no-kernel", f"--pidfile={self.home}/pid"])

    def end(self):
        if not self.home:
            return
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            with open(f"{self.home}/pid", encoding="ascii") as file:
                pid = int(file.read())
            os.kill(pid, signal.SIGTERM)
            for _ in range(100):
                os.kill(pid, 0)  # raises once it is gone
                time.sleep(0.1)
        shutil.rmtree(self.home, ignore_errors=True)
        self.home = None

    @contextlib.contextmanager
    def watching(self, command, directory):
        session = f"ringtail-bench-{os.getpid()}"
        lttng = ["lttng", "--no-sessiond"]
        run([*lttng, "create", session, f"--output={directory}/trace"])
        try:
            run([*lttng, "enable-channel", "-u", "-s", session, "channel", "--subbuf-size=1M", "--num-subbuf=8"])
            run([*lttng, "enable-event", "-u", "-s", session, "-c", "channel", self.EVENTS])
            run([*lttng, "add-context", "-u", "-s", session, "-c", "channel", "-t", "ip"])
            run([*lttng, "start", session])
            yield command, clean_environment() | {"LD_PRELOAD": ":".join(self.libraries)}
            run([*lttng, "stop", session])
            self.count_discarded(run([*lttng, "list", session])[1])
            self.must_have_recorded(directory)
        finally:
            run([*lttng, "destroy", session])

    def count_discarded(self, listing):
        for line in listing.splitlines():
            if "Discarded events:" in line:
                self.discarded += int(line.split(":")[1])

    @staticmethod
    def must_have_recorded(directory):
        """A session that recorded nothing would be compared as if it cost nothing."""
        streams = [file for root, _, files in os.walk(f"{directory}/trace") for file in
                   (os.path.join(root, name) for name in files if name.startswith("channel_"))]
        if not any(os.path.getsize(stream) for stream in streams):
            raise Failure("the lttng session recorded nothing")


class Lsan(Way):
    """gcc's LeakSanitizer preloaded, with complete stacks; its search for leaks at exit is part of it.
    Once, like memcheck: it takes many times as long as the others."""

    name = "lsan"
    locks = False
    rounds = program_rounds = 1

    def __init__(self):
        try:
            self.library = run(["gcc", "-print-file-name=liblsan.so"])[1].strip()
        except Failure:
            self.library = ""

    def missing(self):
        return None if os.path.isfile(self.library) else "gcc's liblsan.so is not installed"

    @contextlib.contextmanager
    def watching(self, command, directory):
        options = f"fast_unwind_on_malloc=0:malloc_context_size={CONTEXT}:exitcode=0:log_path={directory}/lsan"
        yield command, clean_environment() | {"LD_PRELOAD": self.library, "LSAN_OPTIONS": options}


class Memcheck(Way):
    """Once: it takes twenty times as long as the bare program and more.  Not for servers, which would be minutes."""

    name = "memcheck"
    locks = servers = False
    rounds = program_rounds = 1

    def missing(self):
        return None if shutil.which("valgrind") else "valgrind is not installed"

    @contextlib.contextmanager
    def watching(self, command, directory):
        yield ["valgrind", "-q", f"--log-file={directory}/valgrind", *command], clean_environment()


def all_ways(build):
    return [Way(), Preload(build), Preload(build, "16M"), Preload(build, scan=True), Run(build), Heaptrack(), Lttng(), Lsan(), Memcheck()]


@contextlib.contextmanager
def scratch():
    """A directory for one run, gone afterwards."""
    directory = tempfile.mkdtemp(prefix="ringtail-bench.")
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
