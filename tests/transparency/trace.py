"""The system calls of a command, and of all processes that it started, as strace records them; each is the shim's, the
loader's or the program's.

A call is the shim's if its instruction is in libringtail.so.  It is the loader's, on behalf of the shim, if it opens,
maps or protects that file.  Else it is the program's.  So nothing has to be guessed from the call's name.
"""

import collections
import glob
import os
import re
import subprocess

LINE = re.compile(r"^(\d+\.\d+) \[([0-9a-f?]+)\] (.*)$")
CALL = re.compile(r"^(\w+)\((.*)\)\s+= (\?|0x[0-9a-f]+|-?\d+)(?: (E[A-Z0-9_]+))?")
UNFINISHED = re.compile(r"^(\w+)\(.*<unfinished \.\.\.>|^(\w+)\(.*\)\s+= \?$")
SIGNAL = re.compile(r"^--- (SIG\w+) \{.*?(?:si_code=(\w+))?[,}].* ---$")
END = re.compile(r"^\+\+\+ (exited with \d+|killed by \w+)")
MAPPED = re.compile(r"^NULL, (\d+), .*, \d+<.*>, 0$")
STREAM = re.compile(r"^\d+<(?:pipe|socket|UNIX|TCP|UDP|char|NETLINK)[:\w-]*[\[ 1-9]")
MAKE_PROCESSES = {"clone", "clone3", "fork", "vfork"}

LOADER_HEAP = "mmap (the loader's heap)"
READS_MAPS = "read (of /proc/self/maps)"
READ_CALLS = {"read", "lseek", "mmap", "munmap", "brk"}
READS_STREAM = "read (of a pipe or socket)"

STRACE = ["strace", "-ff", "-i", "-ttt", "-s", "0", "-y"]


class Image:
    """The state of a process by which its calls are attributed.  A child begins with a copy."""

    def __init__(self, name="", shim=range(0), ours=False):
        self.name = name
        self.shim = shim  # addresses of libringtail.so
        self.opened = None  # the descriptor by which the loader opened libringtail.so
        self.starting = True  # the loader is still at work, with a heap of its own
        self.maps = None  # the descriptor by which the program reads /proc/self/maps
        self.ours = ours  # a process that the shim started: ringtail-scan, or the child that starts it

    def child(self, ours):
        child = Image(self.name, self.shim, self.ours or ours)
        child.starting = self.starting
        return child


class Trace:
    def __init__(self):
        self.program = collections.Counter()  # (call, error)
        self.loader = collections.Counter()  # (call, error)
        self.places = collections.Counter()  # (address in libringtail.so, call, error)
        self.signals = collections.Counter()  # (signal, code)
        self.ends = []  # (time, name, how)
        self.images = 0  # programs executed with the shim
        self.processes = 1
        self.threads = 0
        self.helpers = 0  # processes that the shim started

    def exits(self):
        return [(name, how) for _, name, how in sorted(self.ends)]


class Reader:
    def __init__(self, prefix, shim):
        self.prefix = prefix
        self.shim = shim
        self.trace = Trace()
        self.waiting = []  # (pid, image, whether a thread)

    def read(self):
        logs = {int(path.rsplit(".", 1)[1]) for path in glob.glob(self.prefix + ".*")}
        if not logs:
            raise FileNotFoundError("strace has written nothing")
        first = min(logs, key=self.first_time)
        self.waiting.append((first, Image(), False))
        while self.waiting:
            pid, image, thread = self.waiting.pop()
            if pid in logs:
                logs.remove(pid)
                self.read_log(pid, image, thread)
        return self.trace

    def first_time(self, pid):
        with open(f"{self.prefix}.{pid}", errors="replace") as log:
            return float(log.readline().split(" ", 1)[0] or "inf")

    def read_log(self, pid, image, thread):
        with open(f"{self.prefix}.{pid}", errors="replace") as log:
            for line in log:
                found = LINE.match(line)
                if found:
                    self.take(image, thread, float(found[1]), found[2], found[3])

    def take(self, image, thread, time, address, text):
        call = CALL.match(text)
        if call:
            # rt_sigreturn returns the result of the call that the signal interrupted
            error = "" if call[1] == "rt_sigreturn" else call[4] or ""
            return self.take_call(image, address, call[1], call[2], call[3], error)
        if image.ours:
            return None
        if signal := SIGNAL.match(text):
            self.trace.signals[signal[1], signal[2] or ""] += 1
        elif end := END.match(text):
            if not thread:
                self.trace.ends.append((time, image.name, end[1]))
        elif unfinished := UNFINISHED.match(text):
            self.count(image, address, unfinished[1] or unfinished[2], "")
        return None

    def take_call(self, image, address, call, arguments, result, error):
        if call == "execve" and not error:
            self.begin_image(image, arguments)
        counter = self.count(image, address, call, error, arguments)
        if call in MAKE_PROCESSES and not error and result.isdigit():
            self.make_process(image, int(result), counter, "CLONE_THREAD" in arguments)
        if counter is self.trace.loader and not error:
            self.follow_loader(image, call, arguments, result)
        if counter is self.trace.program and not error:
            self.follow_program(image, call, arguments, result)

    @staticmethod
    def begin_image(image, arguments):
        path = arguments.split('"')[1] if '"' in arguments else "?"
        image.name = os.path.basename(path)
        image.shim = range(0)
        image.opened = image.maps = None
        image.starting = True

    def make_process(self, image, pid, counter, thread):
        child = image.child(counter is self.trace.places)
        self.trace.helpers += child.ours and not thread
        self.trace.threads += thread and not child.ours
        self.trace.processes += not thread and not child.ours
        self.waiting.append((pid, child, thread))

    # ---- whose is it?

    def count(self, image, address, call, error, arguments=""):
        if image.ours:
            return None
        counter = self.counter(image, address, call, arguments)
        if counter is self.trace.places:
            counter[int(address, 16) - image.shim.start, call, error] += 1
        else:
            counter[self.kind(image, call, arguments), error] += 1
        return counter

    @staticmethod
    def kind(image, call, arguments):
        """The name under which the call is counted.  Calls that one more library adds to have names of their own."""
        if image.starting and call == "mmap" and arguments.endswith("MAP_PRIVATE|MAP_ANONYMOUS, -1, 0"):
            return LOADER_HEAP
        if image.maps is not None and call in READ_CALLS:
            return READS_MAPS
        return READS_STREAM if call == "read" and STREAM.match(arguments) else call

    def counter(self, image, address, call, arguments):
        if "?" not in address and int(address, 16) in image.shim:
            return self.trace.places
        if self.loads_shim(image, call, arguments):
            return self.trace.loader
        return self.trace.program

    def loads_shim(self, image, call, arguments):
        """True for all calls between the loader's open and close of the file, and for mprotect of its data later."""
        if image.opened is not None:
            return True
        if call == "openat" and f'"{self.shim}"' in arguments and "O_CLOEXEC" in arguments:
            return True
        return call == "mprotect" and int(arguments.split(",")[0], 16) in image.shim

    @staticmethod
    def follow_program(image, call, arguments, result):
        if call == "prlimit64" and "RLIMIT_STACK" in arguments:  # libc calls this when the loader is done
            image.starting = False
        elif call == "openat" and '"/proc/self/maps"' in arguments:
            image.maps = result
        elif call == "close" and arguments.split("<")[0] == image.maps:
            image.maps = None

    def follow_loader(self, image, call, arguments, result):
        if call == "openat":
            image.opened = result
            self.trace.images += 1
        elif call == "close":
            image.opened = None
        elif call == "mmap" and not image.shim and (mapped := MAPPED.match(arguments)):
            base = int(result, 16)
            image.shim = range(base, base + int(mapped[1]))


def read(prefix, shim):
    return Reader(prefix, shim).read()


def name_places(shim, places):
    """Counter of (source file, function, call, error), by the innermost frame that is not a wrapper of system calls."""
    addresses = sorted({address for address, _, _ in places})
    named = {}
    if addresses:
        # each address is the one behind the call's instruction
        output = subprocess.run(["addr2line", "-a", "-i", "-f", "-e", shim], text=True, check=True, capture_output=True,
                                input="\n".join(hex(address - 1) for address in addresses)).stdout
        for block in re.split(r"^0x(?=[0-9a-f]{16}$)", output, flags=re.M)[1:]:
            address, *frames = block.split("\n")
            named[int(address, 16) + 1] = innermost(frames)
    counts = collections.Counter()
    for (address, call, error), count in places.items():
        counts[(*named[address], call, error)] += count
    return counts


def innermost(frames):
    for function, place in zip(frames[0::2], frames[1::2]):
        name = os.path.basename(place.split(":")[0])
        if name != "sys.h":
            return name, function
    return "sys.h", frames[0]
