"""What reports cost: of a large run, whose database big_database.py makes, and of a run of 300 process images."""

import json
import os
import shutil
import sys
import tempfile

from measure import Failure, run, summary

HERE = os.path.dirname(os.path.abspath(__file__))
REPORTS = (("text", "report", "text"), ("html", "report", "html"), ("pprof", "export", "pprof"))
MANY_IMAGES = "for i in $(seq 100); do ls / | sed -n 1p | tr a b; done >/dev/null"  # each: three forks that exec


def reports(build, directory, rounds):
    """{what: seconds}, with the files left in the directory."""
    found = {}
    for name, command, form in REPORTS:
        words = [f"{build}/ringtail", command, f"{directory}/run", "--format", form, "-o", f"{directory}/{name}"]
        found[name] = summary([run(words)[0] for _ in range(rounds)])
    return found


def opened(page, rounds):
    """Seconds until Chromium shows the first part of the page, and each of the others."""
    if not shutil.which("node") or not shutil.which("chromium"):
        raise Failure("node and chromium are needed to open the page (make test-deps)")
    seen = json.loads(run(["node", f"{HERE}/../page/ready.mjs", page, str(rounds)])[1])
    return {"ready": summary([took / 1000 for took in seen["ready"]]),
            "parts": {name: took / 1000 for name, took in seen["parts"].items()}}


def many(build, directory, rounds):
    """A shell and its 300 children, each of which executes a program: what their page costs."""
    out, page = f"{directory}/many", f"{directory}/many.html"
    run([f"{build}/ringtail", "run", "-o", out, "--", "sh", "-c", MANY_IMAGES])
    words = [f"{build}/ringtail", "report", out, "--format", "html", "-o", page]
    took = summary([run(words)[0] for _ in range(rounds)])
    images = int(run([f"{build}/ringtail", "sql", "--format", "csv", out, "select count(*) from process"])[1].split()[-1])
    return {"images": images, "html": took, "mib": os.path.getsize(page) / 2**20} | opened(page, rounds)


def bench(build, rounds):
    directory = tempfile.mkdtemp(prefix="ringtail-bench-")
    try:
        os.mkdir(f"{directory}/run")
        run([sys.executable, f"{HERE}/big_database.py", f"{directory}/run/ringtail.db"])
        found = {"seconds": reports(build, directory, rounds)}
        os.rename(f"{directory}/html", f"{directory}/page.html")
        found["mib"] = os.path.getsize(f"{directory}/page.html") / 2**20
        return found | opened(f"{directory}/page.html", rounds) | {"many": many(build, directory, rounds)}
    except Failure as failure:
        return {"failed": str(failure)}
    finally:
        shutil.rmtree(directory)
