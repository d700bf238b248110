#!/usr/bin/env python3
"""
The database of a run that never was: one process with STACKS distinct stacks of 20 to 60 frames that made EVENTS events,
on THREADS threads, with FINDINGS leaks.  For measuring what reads it (page.py):

    mkdir big && tests/bench/big_database.py big/ringtail.db && time build/ringtail export big --format pprof -o big.pb.gz
"""
import os
import random
import re
import sqlite3
import sys

STACKS, EVENTS, FUNCTIONS, PLACES = 200_000, 100_000_000, 8_000, 40_000
THREADS, FINDINGS, SAMPLES, INTERVALS = 64, 500, 1000, 4096
STORE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/store")
NODE_FIRST, ROOT_COMPLETE = 16, 1
SECONDS = 60.0


def columns(database, table):
    return [row[1] for row in database.execute("PRAGMA table_info(%s)" % table)]


def insert(database, table, rows):
    """Rows are dictionaries: what they lack is 0."""
    names = columns(database, table)
    database.executemany(
        "INSERT INTO %s VALUES (%s)" % (table, ",".join("?" * len(names))),
        ([row.get(name, 0) for name in names] for row in rows),
    )


def stacks(dice):
    """(id of the innermost node, its nodes that are new): each stack leaves the one before somewhere."""
    path, number = [], NODE_FIRST - 1
    for _ in range(STACKS):
        path = path[: dice.randrange(len(path)) if path else 0]
        new = []
        for _ in range(max(1, dice.randint(20, 60) - len(path))):
            number += 1
            new.append((number, path[-1] if path else ROOT_COMPLETE, 1 + dice.randrange(PLACES)))
            path.append(number)
        yield number, new


def create(path):
    database = sqlite3.connect(path)
    with open(f"{STORE}/schema.sql", encoding="utf-8") as schema, open(f"{STORE}/store.h", encoding="utf-8") as header:
        database.executescript(schema.read())
        database.execute("PRAGMA user_version = " + re.search(r"STORE_SCHEMA (\d+)", header.read()).group(1))
    database.execute("PRAGMA synchronous = OFF")
    return database


def insert_process(database):
    insert(database, "meta", [{"key": key, "value": value} for key, value in (
        ("command", '["big"]'), ("started", "2026-01-01T00:00:00Z"), ("seconds", str(SECONDS)), ("version", "0"))])
    insert(database, "process", [{"id": 1, "pid": 4711, "exe": "/usr/bin/big", "command": '["big"]', "seconds": SECONDS,
                                  "started_ns": 10**18, "end_how": "exit", "events_recorded": EVENTS, "watch_heap": 1,
                                  "watch_locks": 1, "stacks": "full", "depth": 128, "final": 1}])
    insert(database, "module", [{"process": 1, "id": 1, "path": "/usr/bin/big", "build_id": "ab" * 20,
                                 "start": 0x400000, "end": 0x4000000, "missing": None, "unloaded": None}])
    insert(database, "thread_group", [{"process": 1, "id": 1, "name": "worker", "created_stack": None}])


def insert_frames(database, dice):
    insert(database, "frame", ({"process": 1, "pc": pc, "ordinal": k, "module": 1, "offset": 0x401000 + 16 * pc,
                                "function": "namespace::function_%d(int, char const*)" % dice.randrange(FUNCTIONS),
                                "file": "/src/file_%d.cc" % dice.randrange(500), "line": dice.randrange(1, 3000),
                                "inlined": int(k < pc % 3), "function_offset": None}
                               for pc in range(1, PLACES + 1) for k in range(pc % 3 + 1)))


def insert_sites(database, dice):
    """And their stacks; the sites."""
    sites = []
    for number, new in stacks(dice):
        insert(database, "stack", ({"process": 1, "id": n, "parent": p, "pc": pc, "place": pc * 128} for n, p, pc in new))
        calls = dice.randrange(EVENTS // STACKS)
        sites.append({"process": 1, "id": len(sites) + 1, "stack": number, "type": "malloc", "allocations": calls,
                      "allocated_bytes": 48 * calls, "live_blocks": calls % 7, "live_bytes": 48 * (calls % 7),
                      "peak_blocks": calls % 11, "peak_bytes": 48 * (calls % 11), "largest": 48, "thread_group": 1})
    insert(database, "heap_site", sites)
    return sites


def insert_heap(database, sites):
    total = {name: sum(site[name] for site in sites) for name in sites[0] if name.endswith(("blocks", "bytes", "allocations"))}
    insert(database, "heap", [{"process": 1, "peak_at": SECONDS / 2, "largest": 48, **total}])
    insert(database, "heap_size_class", [{"process": 1, "low": 48, "high": 48, "bytes": total["allocated_bytes"], **{
        name: total[name] for name in ("allocations", "live_blocks", "live_bytes")}}])
    insert(database, "heap_sample", ({"process": 1, "ordinal": k, "at": SECONDS * k / SAMPLES,
                                      "live_bytes": total["peak_bytes"] * (k % 100) // 100, "live_blocks": k % 100}
                                     for k in range(1, SAMPLES + 1)))


def insert_threads(database, dice, sites):
    def stack():
        return dice.choice(sites)["stack"]
    insert(database, "thread", ({"process": 1, "id": k, "tid": 4710 + k, "name": "worker", "created_by": k > 1, "created_at": 0.01 * k,
                                 "ended_at": SECONDS - 0.01 * k, "created_stack": stack() if k > 1 else None, "main": k == 1,
                                 "joined": 1, "state_at_end": "ended", "blocked_on": None, "events": EVENTS // THREADS,
                                 "thread_group": 1} for k in range(1, THREADS + 1)))
    insert(database, "lock_class", [{"process": 1, "id": 1, "kind": "mutex", "stack": stack(), "locks": 1}])
    insert(database, "lock_interval", ({"process": 1, "ordinal": k, "what": what, "class": 1, "thread": dice.randint(1, THREADS),
                                        "other": dice.randint(1, THREADS), "began": SECONDS * dice.random(), "seconds": 0.01 * dice.random(),
                                        "stack": stack()}
                                       for what, first in (("wait", 1), ("hold", INTERVALS + 1)) for k in range(first, first + INTERVALS)))


def insert_findings(database, sites):
    leaks = sorted(sites, key=lambda site: -site["live_bytes"])[:FINDINGS]
    insert(database, "finding", ({"process": 1, "ordinal": k, "id": "%016x" % k, "kind": "leak", "class": "definite", "times": 1,
                                  "message": "%d bytes in %d blocks are lost" % (site["live_bytes"], site["live_blocks"]),
                                  "blocks": site["live_blocks"], "bytes": site["live_bytes"], "seconds": None}
                                 for k, site in enumerate(leaks, 1)))
    insert(database, "finding_stack", ({"process": 1, "finding": k, "ordinal": 1, "label": "allocated here", "thread": 1, "at": None,
                                        "stack": site["stack"]} for k, site in enumerate(leaks, 1)))


def main():
    dice = random.Random(7)
    database = create(sys.argv[1])
    insert_process(database)
    insert_frames(database, dice)
    sites = insert_sites(database, dice)
    insert_heap(database, sites)
    insert_threads(database, dice, sites)
    insert_findings(database, sites)
    database.commit()


main()
