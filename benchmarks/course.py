"""The course itself: seconds and memory of each notebook, and seconds of each check."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.report import save
from benchmarks.room import watch
from charrnn_helpers import checks
from tests import bank
from tools.course import NOTEBOOKS, execute


def notebooks():
    """Yield a row for each notebook, executed in a kernel of its own."""
    for path in NOTEBOOKS:
        done, kernels = threading.Event(), {}
        with ThreadPoolExecutor() as pool:
            watching = pool.submit(watch, done, kernels)
            start = time.perf_counter()
            try:
                _, problem = execute(path)
            finally:
                done.set()
        took = time.perf_counter() - start
        assert problem is None, problem
        watching.result()
        yield {"notebook": path.stem, "seconds": took, "MB": max(mb for mb, _ in kernels.values())}


def judged(kind):
    """Return the seconds of the slowest check of such an answer, for each exercise."""
    slowest = {}
    for entry in bank.entries(kind):
        answer = bank.define(entry.exercise, entry.source)
        start = time.perf_counter()
        checks.BY_NAME[entry.exercise].judge(answer)
        took = time.perf_counter() - start
        slowest[entry.exercise] = max(slowest.get(entry.exercise, 0), took)
    return slowest


def main():
    found = list(notebooks())
    found.append(
        {
            "notebook": "all",
            "seconds": sum(row["seconds"] for row in found),
            "MB": max(row["MB"] for row in found),
        }
    )
    rows = [row | {"seconds": f"{row['seconds']:.0f}", "MB": f"{row['MB']:.0f}"} for row in found]
    save("course", rows, "Each notebook in a fresh kernel; MB is the most that a kernel held.")
    right, wrong = judged("Right"), judged("Wrong")
    rows = [
        {"exercise": name, "right, s": f"{right[name]:.2f}", "wrong, s": f"{wrong[name]:.2f}"}
        for name in sorted(right, key=lambda name: -max(right[name], wrong[name]))
    ]
    save("checks", rows, "The slowest right and the slowest wrong answer of each bank.")
