"""What ringtail must reach, beside what was measured.

Every bar is held against each of ringtail's own ways, as it was measured: {"bar", "relation", "limit", "aim",
"columns": {way: {"value", "met", "what"}}}; `what` names the case that decided, where a bar is about the worst of
several.
"""

from measure import geometric_mean

PAIRS = (  # what, shape, depth, nanoseconds
    ("malloc", "hot", 10, 70), ("malloc", "hot", 30, 90), ("malloc", "hot", 100, 160),
    ("malloc", "walk", 30, 150), ("malloc", "path", 30, 150), ("mutex", "hot", 30, 80))
PAIR_COLUMNS = (("preload 16M", "warm"), ("run", "warm"), ("preload 16M", "start"), ("run", "start"))
PROGRAM_COLUMNS = ("preload", "preload 16M", "preload scan", "run")
THREADS_LIMIT = 1.3
BYTES_LIMIT = 16


def bar(text, limit, columns, aim=None, at_least=False, below=False):
    """columns: {name: (value, what)}, of which those without a value are left out."""
    def met(value):
        return value >= limit if at_least else value < limit if below else value <= limit
    return {"bar": text, "limit": limit, "aim": aim, "relation": ">=" if at_least else "<" if below else "<=",
            "columns": {name: {"value": value, "what": what, "met": met(value)}
                        for name, (value, what) in columns.items() if value is not None}}


def worst(values, choose=max):
    """(value, what) of the worst of (value, what) pairs, or (None, None) of none."""
    return choose(values, key=lambda pair: pair[0], default=(None, None))


# ---- pairs ------------------------------------------------------------------------


def added(rows, case, way, phase):
    """Median nanoseconds, None where it was not measured."""
    for row in rows:
        if (row["what"], row["shape"], row["depth"], row["threads"]) == case:
            measured = row["added_ns"][phase].get(way)
            return measured and measured["median"]
    return None


def pair_bar(rows, what, shape, depth, limit):
    columns = {f"{way}, {phase}": (added(rows, (what, shape, depth, 1), way, phase), None)
               for way, phase in PAIR_COLUMNS}
    return bar(f"ns added per {what} pair, {shape}, depth {depth}", limit, columns)


def growth(rows, way, phase):
    """What 8 threads add over what 2 add, of the case where that is most."""
    ratios = []
    for row in rows:
        if row["threads"] == 8:
            case = row["what"], row["shape"], row["depth"]
            two, eight = (added(rows, (*case, threads), way, phase) for threads in (2, 8))
            if two and eight and two > 0:
                ratios.append((eight / two, f"{case[0]} {case[1]} {case[2]}"))
    return worst(ratios)


def pairs(rows):
    if not rows:
        return []
    return [*(pair_bar(rows, *row) for row in PAIRS),
            bar("x of 2 threads' added cost with 8, worst case", THREADS_LIMIT,
                {f"{way}, {phase}": growth(rows, way, phase) for way, phase in PAIR_COLUMNS})]


# ---- whole programs and servers ------------------------------------------------------


def ratios(rows, way):
    """(ratio, program) pairs."""
    return [(row["ratio"][way]["median"], row["program"]) for row in rows if way in row["ratio"]]


def mean(rows, way):
    return geometric_mean(ratio for ratio, _ in ratios(rows, way)), None


def against(rows, way, peer, compare):
    """compare(ours, theirs) of the ratios, with the program's name, wherever both were measured."""
    return [(compare(row["ratio"][way]["median"], row["ratio"][peer]["median"]), row["program"])
            for row in rows if way in row["ratio"] and peer in row["ratio"]]


def times_less(ours, theirs):
    """How many times less is added than the peer adds; the most where ours adds nothing that can be seen."""
    most = 999
    return min((theirs - 1) / (ours - 1), most) if ours > 1 else most


def heaptrack_bar(rows):
    rows = [row for row in rows if row["threads"] == 1]
    return bar("times less added than heaptrack, single-threaded, worst", 10, at_least=True, columns={
        way: worst(against(rows, way, "heaptrack", times_less), min) for way in PROGRAM_COLUMNS})


def lttng_bar(rows):
    return bar("x of LTTng's time, worst (below 1: faster)", 1, below=True, columns={
        way: worst(against(rows, way, "lttng", lambda ours, theirs: ours / theirs)) for way in PROGRAM_COLUMNS})


def in_phase(rows, phase):
    """Servers have a row for each phase; programs have only a start."""
    return [row for row in rows if row.get("phase", phase) == phase]


def bytes_per_event(ring):
    return (ring["record_bytes"] + ring["node_bytes"] + ring["pc_bytes"]) / max(ring["events"], 1)


def bytes_bar(rows):
    rings = [row["ring"] for row in rows if row["ring"]]
    if not rings:
        return []
    total = {key: sum(ring[key] for ring in rings) for key in rings[0]}
    each = worst([(bytes_per_event(row["ring"]), row["program"]) for row in rows if row["ring"]])
    return [bar("bytes per event, all programs together", BYTES_LIMIT, {"preload": (bytes_per_event(total), None)}),
            bar("bytes per event, worst program", BYTES_LIMIT, {"preload": each})]


def programs(rows):
    if not rows:
        return []
    return [bar("x of bare, geometric mean, servers from the start", 1.25, aim=1.15,
                columns={way: mean(in_phase(rows, "start"), way) for way in PROGRAM_COLUMNS}),
            bar("x of bare, geometric mean, servers warm", 1.25, aim=1.15,
                columns={way: mean(in_phase(rows, "warm"), way) for way in PROGRAM_COLUMNS}),
            bar("x of bare, worst", 2.0, aim=1.5,
                columns={way: worst(ratios(rows, way)) for way in PROGRAM_COLUMNS}),
            heaptrack_bar(rows), lttng_bar(rows), *bytes_bar(rows)]


# ---- leak scans -----------------------------------------------------------------------


def of_heap(found, blocks, block_bytes, what):
    """A number of the scan of this heap, None where it was not made."""
    return next((row[what] for row in found["scans"] if (row["blocks"], row["bytes"]) == (blocks, block_bytes)), None)


def per_block_growth(found):
    """Processor time for each block of ten million, as a multiple of that of a million."""
    large, small = (of_heap(found, blocks, 64, "whole_cpu_s") for blocks in (10_000_000, 1_000_000))
    return large / 10 / small if large and small else None


def scan(found):
    if not found:
        return []
    now = found.get("now", {})
    return [bar("scan of 10,000,000 blocks, seconds", 20, {"scan": (of_heap(found, 1e7, 64, "whole_s"), None)}),
            bar("scan of 10,000,000 blocks, MiB", 2048, {"scan": (of_heap(found, 1e7, 64, "peak_mib"), None)}),
            bar("processor time a block, 10,000,000 against 1,000,000", 2, {"scan": (per_block_growth(found), None)}),
            bar("leaks --now, 1 GiB in 1,000,000 blocks, stopped, s", 1, {"scan": (now.get("stopped_s"), None)}),
            bar("leaks --now, 1 GiB in 1,000,000 blocks, in all, s", 2, {"scan": (now.get("command_s"), None)})]


# ---- sites of data races -----------------------------------------------------------------


def sites(found):
    took = {row["name"]: row.get("ms") for row in found["programs"]} if found else {}
    return [bar(f"sites of {name}, ms", limit, {"sites": (took.get(name), None)})
            for name, limit in (("redis-server", 60), ("mariadbd", 600)) if name in took]


# ---- reports of a large run -------------------------------------------------------------


def page(found):
    if not found or "failed" in found:
        return []
    def seconds(text, limit, measured):
        return bar(f"{text}, seconds", limit, {"page": (measured["median"], None)}, below=True)
    took = found["seconds"]
    return [bar("page of a large run, MiB", 20, {"page": (found["mib"], None)}, below=True),
            seconds("page of a large run, until it can be used", 3, found["ready"]),
            seconds("page of a large run, making it", 3, took["html"]),
            seconds("page of 300 processes, until it can be used", 2, found["many"]["ready"]),
            seconds("page of 300 processes, making it", 1.5, found["many"]["html"]),
            seconds("text report of a large run", 2, took["text"]),
            seconds("pprof of a large run", 5, took["pprof"])]


# ---- other commands -----------------------------------------------------------------------


def commands(found):
    if not found or "failed" in found:
        return []
    def seconds(text, limit, measured):
        return bar(f"{text}, seconds", limit, {"commands": (measured["median"], None)}, below=True)
    return [seconds("events of 60,000,000, piped into tail", 3, found["listing"]["seconds"]),
            seconds("make -j2 of 4 files under run", 4, found["make"]["run"])]
