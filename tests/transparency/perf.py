"""The system calls of a command as the kernel's trace points record them (perf).  No tracer stops the program, so its
leak scan works as usual.

perf tells less than strace (trace.py): no file names.  So the calls that the loader makes are left out, and calls whose
number depends on the size of the heap or on what is mapped are counted only where they fail.
"""

import errno
import os
import re
import subprocess

import trace

EVENTS = "raw_syscalls:sys_enter,raw_syscalls:sys_exit,signal:signal_deliver,sched:sched_process_fork,sched:sched_process_exec,sched:sched_process_exit"
RECORD = ["perf", "record", "-q", "-m", "16M", "-g", "--user-callchains", "-e", EVENTS]
HEAD = re.compile(r"^(.*?)\s+(\d+)/(\d+)\s+(\d+\.\d+):\s+\w+:(\w+): (.*)$")
RESTARTS = {512: "ERESTARTSYS", 513: "ERESTARTNOINTR", 514: "ERESTARTNOHAND", 516: "ERESTART_RESTARTBLOCK"}
BROKEN_OFF = {"EINTR", *RESTARTS.values()}
NO_RESULT = {"exit", "exit_group", "execve", "execveat", "rt_sigreturn"}
TOOLS = {"ringtail", "ringtail-scan", "ringtail-races"}
LOADER = "ld-linux"  # `ringtail run` asks it what a program is linked with


def call_names():
    """{number: name}, from the kernel's header."""
    names = subprocess.run(["gcc", "-E", "-dM", "-include", "asm/unistd.h", "-x", "c", "/dev/null"], capture_output=True, text=True, check=True)
    return {int(number): name for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", names.stdout, re.M)}


def works():
    """Whether perf may record system calls on this machine."""
    done = subprocess.run([*RECORD, "-o", "/dev/null", "true"], capture_output=True)
    return done.returncode == 0


class Task:
    def __init__(self, name="", ours=True):
        self.name = name
        self.ours = ours  # a process of ringtail's; true before the first exec, when the process is perf itself
        self.call = None  # (number, object file, address in it) of the call that the task is in
        self.broken_off = None  # (call, error) of the last call, if a signal or a stop interrupted it


class Reader:
    def __init__(self, shim):
        self.shim = shim
        self.names = call_names()
        self.trace = trace.Trace()
        self.tasks = {}

    def read(self, data):
        # One frame of each stack, the innermost: perf drops a stack that has an impossible address in it, as the frame
        # pointer in the loader's code may lead to any number.
        script = subprocess.Popen(["perf", "script", "-i", data, "--show-lost-events", "--max-stack", "1",
                                   "-F", "comm,pid,tid,time,event,trace,ip,dso"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace")
        head, place = None, ""
        for line in script.stdout:
            if line.startswith("\t"):
                place = line
            elif line.strip():
                self.take(head, place)
                head, place = HEAD.match(line), ""
                if "PERF_RECORD_LOST" in line:
                    raise EOFError("perf has lost events")
        self.take(head, place)
        if script.wait() != 0:
            raise EOFError("perf script failed")
        return self.trace

    def take(self, head, place):
        if head:
            task = self.tasks.setdefault(head[3], Task())
            address, _, file = place.strip().partition(" (")
            getattr(self, head[5])(task, head, head[6], (os.path.basename(file.rstrip(")")), address))

    # ---- events

    def sys_enter(self, task, head, text, place):
        call = (int(text.split()[1]), *place)
        if task.broken_off:
            call = self.resume(task, call)
        task.call = call
        if self.names.get(call[0]) in NO_RESULT:
            self.count(task, "")

    def resume(self, task, call):
        """A call that is made again where it was broken off, by the kernel, a tracer or the program, is one call."""
        before, error = task.broken_off
        task.broken_off = None
        if self.names.get(call[0]) == "restart_syscall":
            return before
        if call != before:
            task.call = before
            self.count(task, error)
        return call

    def sys_exit(self, task, head, text, place):
        _, number, _, result = text.split()
        if task.call and self.names.get(int(number)) not in NO_RESULT:
            error = error_name(int(result))
            if error in BROKEN_OFF:
                task.broken_off = task.call, error
            else:
                self.count(task, error)
        task.call = None

    def count(self, task, error):
        number, file, address = task.call
        if task.ours or file.startswith(LOADER):
            return
        name = self.names.get(number, str(number))
        if file == os.path.basename(self.shim):
            self.trace.places[int(address, 16), name, error] += 1
        elif error or name not in trace.READ_CALLS:
            self.trace.program[name, error] += 1

    def signal_deliver(self, task, head, text, place):
        if not task.ours:
            self.trace.signals[re.search(r"sig=(\d+)", text)[1], re.search(r"code=(-?\d+)", text)[1]] += 1

    def sched_process_fork(self, task, head, text, place):
        by_shim = task.call and task.call[1] == os.path.basename(self.shim)
        child = Task(task.name, bool(task.ours or by_shim))
        self.tasks[re.search(r"child_pid=(\d+)", text)[1]] = child
        self.trace.helpers += not task.ours and bool(by_shim)

    def sched_process_exec(self, task, head, text, place):
        task.name = os.path.basename(re.search(r"filename=(\S*)", text)[1])
        task.ours = task.name in TOOLS or task.ours and task.name.startswith(LOADER)
        task.call = None

    def sched_process_exit(self, task, head, text, place):
        if not task.ours and head[2] == head[3]:
            self.trace.ends.append((float(head[4]), task.name, ""))


def error_name(result):
    if not -4096 < result < 0:
        return ""
    return RESTARTS.get(-result) or errno.errorcode.get(-result, str(result))


def read(data, shim):
    return Reader(shim).read(data)
