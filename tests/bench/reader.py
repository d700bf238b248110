"""How fast the tools read: their own benchmarks, in events a second of one core."""

import re

from measure import Failure, run

LINE = re.compile(r"^(.*?)\s+([0-9.]+) M events/s")


def bench(build):
    """{benchmark: {what: million events a second}}"""
    rates = {}
    for name in ("bench_reader", "bench_analyse"):
        try:
            lines = run([f"{build}/bench/{name}"])[1].splitlines()
        except Failure as failure:
            rates[name] = {"failed": str(failure)}
            continue
        matches = filter(None, map(LINE.match, lines))
        rates[name] = {" ".join(match.group(1).split()): float(match.group(2)) for match in matches}
    return rates
