#!/usr/bin/env python3
"""
The database of a run that never was: one process with STACKS distinct stacks of 20 to 60 frames that made EVENTS events.
For measuring what reads it:

    mkdir big && tests/bench/big_database.py big/ringtail.db && time build/ringtail export big --format pprof -o big.pb.gz
"""
import random
import re
import sqlite3
import sys

STACKS, EVENTS, FUNCTIONS, PLACES = 200_000, 100_000_000, 8_000, 40_000
NODE_FIRST, ROOT_COMPLETE = 16, 1


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


def main():
    dice = random.Random(7)
    database = sqlite3.connect(sys.argv[1])
    database.executescript(open("tools/store/schema.sql").read())
    version = re.search(r"STORE_SCHEMA (\d+)", open("tools/store/store.h").read()).group(1)
    database.execute("PRAGMA user_version = " + version)
    database.execute("PRAGMA synchronous = OFF")
    insert(database, "meta", [{"key": "command", "value": '["big"]'}])
    insert(database, "process", [{"id": 1, "pid": 4711, "exe": "/usr/bin/big", "command": '["big"]', "seconds": 60.0,
                                  "started_ns": 10**18, "end_how": "exit", "events_recorded": EVENTS, "watch_heap": 1,
                                  "watch_locks": 1, "stacks": "full", "depth": 128, "final": 1}])
    insert(database, "module", [{"process": 1, "id": 1, "path": "/usr/bin/big", "build_id": "ab" * 20,
                                 "start": 0x400000, "end": 0x4000000, "missing": None, "unloaded": None}])
    insert(database, "thread_group", [{"process": 1, "id": 1, "name": "worker", "created_stack": None}])
    insert(database, "frame", ({"process": 1, "pc": pc, "ordinal": k, "module": 1, "offset": 0x401000 + 16 * pc,
                                "function": "namespace::function_%d(int, char const*)" % dice.randrange(FUNCTIONS),
                                "file": "/src/file_%d.cc" % dice.randrange(500), "line": dice.randrange(1, 3000),
                                "inlined": int(k < pc % 3), "function_offset": None}
                               for pc in range(1, PLACES + 1) for k in range(pc % 3 + 1)))
    sites = []
    for number, new in stacks(dice):
        insert(database, "stack", ({"process": 1, "id": n, "parent": p, "pc": pc} for n, p, pc in new))
        calls = dice.randrange(EVENTS // STACKS)
        sites.append({"process": 1, "id": len(sites) + 1, "stack": number, "type": "malloc", "allocations": calls,
                      "allocated_bytes": 48 * calls, "live_blocks": calls % 7, "live_bytes": 48 * (calls % 7),
                      "peak_blocks": calls % 11, "peak_bytes": 48 * (calls % 11), "thread_group": 1})
    insert(database, "heap_site", sites)
    database.commit()


main()
