"""Results of the benchmarks: JSON and Markdown under build/bench, and tables in the docs."""

import datetime
import json
import os
import platform
import statistics
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "bench"
DOCS = ROOT / "docs" / "performance.md"


def machine():
    """Return the date and the machine, in words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{datetime.date.today():%Y-%m-%d}, {platform.system()} {platform.machine()}, "
        f"{cores} cores, Python {platform.python_version()}, PyTorch {torch.__version__}"
    )


def seconds(action, repeats=1):
    """Return how long one call takes, as the mean of some calls."""
    start = time.perf_counter()
    for _ in range(repeats):
        action()
    return (time.perf_counter() - start) / repeats


def alternate(actions, rounds=7, repeats=1):
    """Time several actions {name: function} in turn; return {name: (median, spread)}.

    The spread is half the distance between the quartiles, relative to the median.
    """
    for action in actions.values():
        action()  # the first call is slower
    times = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            times[name].append(seconds(action, repeats))
    found = {}
    for name, values in times.items():
        low, middle, high = statistics.quantiles(values, n=4)
        found[name] = (middle, (high - low) / 2 / middle)
    return found


def table(rows):
    """Return rows, a list of dicts with the same keys, as a Markdown table."""
    head = list(rows[0])
    lines = [head, ["---"] * len(head), *([str(row[key]) for key in head] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def save(name, rows, note=""):
    """Write one part's rows as JSON and Markdown, and into its place in the docs."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = f"{table(rows)}\n\n{note}{' ' if note else ''}({machine()})\n"
    content = {"machine": machine(), "rows": rows, "note": note}
    (FOLDER / f"{name}.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    (FOLDER / f"{name}.md").write_text(text, encoding="utf-8")
    print(f"\n{text}", flush=True)


def publish():
    """Put the tables of the last run into docs/performance.md, between their marks."""
    docs = DOCS.read_text(encoding="utf-8")
    for path in sorted(FOLDER.glob("*.md")):
        start, end = f"<!-- {path.stem} -->\n", f"<!-- end of {path.stem} -->"
        if start in docs:
            before, rest = docs.split(start)
            _, after = rest.split(end)
            docs = before + start + path.read_text(encoding="utf-8") + end + after
    DOCS.write_text(docs, encoding="utf-8")
