"""The results as text."""

from bars import bytes_per_event, in_phase, mean

MEANING = {
    "start": "from the start: the first pairs of a new process, on a ring that has never been written",
    "warm": "warm: a process that has been running, on a ring that is being used again",
}


def cell(text, width=12):
    return f"{text:>{width}}"


def number(measured, digits=1):
    return cell("-" if measured is None else f"{measured['median']:.{digits}f}")


def heading(text):
    print(f"\n{text}\n{'-' * len(text)}")


def failures(rows, name):
    for row in rows:
        for way, why in row["failed"].items():
            print(f"  {name(row)}: {way}: {why}")


def case_name(row):
    return f"{row['what']:<6} {row['shape']:<4} depth {row['depth']:>3} x{row['threads']}"


def names(rows, key):
    """Ways that have a number in any row, in the order of the first that has most."""
    found = []
    for row in rows:
        found += [way for way in key(row) if way not in found]
    return found


def pairs(rows):
    for phase, meaning in MEANING.items():
        heading(f"ns added per pair, {meaning}")
        ways = names(rows, lambda row: row["added_ns"][phase])
        print(" " * 24 + cell("(bare)") + "".join(cell(way) for way in ways))
        for row in rows:
            bare, added = row["ns"][phase].get("bare"), row["added_ns"][phase]
            print(f"{case_name(row):<24}" + number(bare) + "".join(number(added.get(way)) for way in ways))
    failures(rows, case_name)


def bare_speed(row):
    if "throughput" in row:
        return cell(f"{row['throughput']['bare']['median']:,.0f}/s" if "bare" in row["throughput"] else "-")
    return cell(f"{row['seconds']['bare']['median']:.2f} s" if "bare" in row["seconds"] else "-")


def programs(rows):
    heading("x of the bare program's time (servers: of its time per request)")
    ways = names(rows, lambda row: row["ratio"])
    print(" " * 26 + cell("(bare)") + "".join(cell(way) for way in ways) + cell("bytes/event", 13))
    for row in rows:
        ring = f"{bytes_per_event(row['ring']):.1f}" if row["ring"] else "-"
        print(f"{row['program']:<26}" + bare_speed(row) +
              "".join(number(row["ratio"].get(way), 2) for way in ways) + cell(ring, 13))
    for phase in ("start", "warm"):
        means = (mean(in_phase(rows, phase), way)[0] for way in ways)
        print(f"{'geometric mean, ' + phase:<26}" + cell("") + "".join(cell(f"{value:.2f}") for value in means))
    print("Each way's geometric mean is over the rows where it has a number.")
    failures(rows, lambda row: row["program"])


def reader(rates):
    heading("million events a second that the tools read, one core")
    for name, results in rates.items():
        for what, rate in results.items():
            print(f"{name:<16}{what:<46}{rate:>10}")


def scan(found):
    heading("leak scans: seconds (and of processor), memory of the reader at its peak")
    print(" " * 26 + "".join(cell(head, 16) for head in ("stopped", "processor", "in all", "processor", "MiB")))
    for row in found["scans"]:
        print(f"{row['blocks']:>14,.0f} x {row['bytes']:<9.0f}" + "".join(
            cell(f"{row[key]:.3f}", 16) for key in ("stopped_s", "stopped_cpu_s", "whole_s", "whole_cpu_s")) +
              cell(f"{row['peak_mib']:.0f}", 16))
    if "failed" in found:
        print(f"  failed: {found['failed']}")
    else:
        print(f"leaks --now of {found['now']['blocks']:,} x {found['now']['bytes']}: stopped "
              f"{found['now']['stopped_s']:.3f} s, the command took {found['now']['command_s']:.3f} s")


def sites(found):
    heading("sites of data races: what a file has, and milliseconds to find them")
    print(" " * 16 + "".join(cell(head, 14) for head in ("sites", "instructions", "functions", "left out", "ms")))
    for row in found["programs"]:
        if "missing" in row:
            print(f"{row['name']:<16}not installed")
            continue
        print(f"{row['name']:<16}" + "".join(
            cell(f"{row[key]:,.0f}", 14) for key in ("sites", "instructions", "functions", "left_out")) +
              cell(f"{row['ms']:.1f}", 14))
    if "failed" in found:
        print(f"  failed: {found['failed']}")


def page(found):
    heading("reports of a run of 100,000,000 events with 200,000 distinct stacks, seconds")
    if "failed" in found:
        print(f"  failed: {found['failed']}")
        return
    rows = [("text report", found["seconds"]["text"]), ("pprof", found["seconds"]["pprof"]),
            (f"page, {found['mib']:.1f} MiB", found["seconds"]["html"]), ("page, until it can be used", found["ready"])]
    for name, measured in rows:
        print(f"{name:<40}{number(measured, 2)}")
    for name, took in found["parts"].items():
        print(f"{'page, first look at ' + name:<40}{took:>12.2f}")
    many = found["many"]
    name = f"page of {many['images']} images, {many['mib']:.1f} MiB"
    print(f"{name:<40}{number(many['html'], 2)}")
    print(f"{'until it can be used':<40}{number(many['ready'], 2)}")


def commands(found):
    heading("commands, seconds")
    if "failed" in found:
        print(f"  failed: {found['failed']}")
        return
    for name, measured in ((f"events of {found['listing']['events']:,}, piped into tail", found["listing"]["seconds"]),
                           (f"make -j2 of {found['make']['files']} files, bare", found["make"]["bare"]),
                           ("the same under ringtail run", found["make"]["run"])):
        print(f"{name:<48}{number(measured, 2)}")


def verdict(column):
    value = f"{column['value']:.2f}" if abs(column["value"]) < 100 else f"{column['value']:.0f}"
    return f"{value} {'met' if column['met'] else 'NOT MET'}"


def bars(rows):
    if not rows:
        return
    columns = names(rows, lambda row: row["columns"])
    print(f"\n{'bar':<58}{'limit':>9}{'aim':>6}" + "".join(cell(column, 20) for column in columns))
    for row in rows:
        limit = f"{row['relation']} {row['limit']}"
        print(f"{row['bar']:<58}{limit:>9}{row['aim'] or '':>6}" + "".join(
            cell(verdict(row["columns"][column]) if column in row["columns"] else "-", 20) for column in columns))
        for name, column in row["columns"].items():
            if column["what"]:
                print(f"    {name}: {column['what']}")
