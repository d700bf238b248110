"""What the numbers were measured on."""

import os
import platform
import time


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return models[0] if models else platform.machine()


def virtualised():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return any(line.startswith("flags") and " hypervisor" in line for line in file)


def distribution():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def filesystem(path):
    """Type of the file system that holds path: what the pages of a ring cost depends on it."""
    path = os.path.realpath(path)
    best, kind = "", "unknown"
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        for line in file:
            before, after = line.split(" - ", 1)
            point = before.split()[4]
            if len(point) >= len(best) and (path + "/").startswith(point.rstrip("/") + "/"):
                best, kind = point, after.split()[0]
    return kind


def describe(directory):
    return {"processor": processor(), "processors": os.cpu_count(), "virtualised": virtualised(),
            "system": distribution(), "kernel": platform.release(), "libc": " ".join(platform.libc_ver()),
            "directory": directory, "filesystem": filesystem(directory), "load_at_start": os.getloadavg()[0]}


def line(machine):
    where = " (virtualised)" if machine["virtualised"] else ""
    return (f"{machine['processors']} processors, {machine['processor']}{where}; {machine['system']}, "
            f"Linux {machine['kernel']}, {machine['libc']}\nruns and traces in {machine['directory']} on "
            f"{machine['filesystem']}; load average {machine['load_at_start']:.1f} at the start")


def busy_seconds():
    """Of all processors since the machine started: all but idle and waiting for disks; steal included."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


class Meanwhile:
    """The share of the processors that other processes had: noise.  (Daemons that the bench started count as others.)"""

    def __init__(self):
        self.began, self.busy, self.own = time.monotonic(), busy_seconds(), self.own_seconds()

    @staticmethod
    def own_seconds():
        times = os.times()
        return times.user + times.system + times.children_user + times.children_system

    def others(self):
        """From 0 to 1."""
        capacity = (time.monotonic() - self.began) * os.cpu_count()
        return max(0, busy_seconds() - self.busy - (self.own_seconds() - self.own)) / capacity
