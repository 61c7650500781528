"""A class on a server: ten kernels that run notebook 6 at once, beside one that runs alone."""

import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import psutil

from benchmarks.report import save
from tools.course import NOTEBOOKS, execute

STUDENTS = 10
PATH = next(path for path in NOTEBOOKS if path.stem.startswith("06"))


def watch(done, kernels):
    """Note the most memory, in MB, and the CPU seconds of each process below this one."""
    while not done.is_set():
        for process in psutil.Process().children(recursive=True):
            try:
                used = process.memory_info().rss / 1e6
                cpu = sum(process.cpu_times()[:2])
            except psutil.NoSuchProcess:
                continue  # it ended between the two calls
            before = kernels.get(process.pid, (0, 0))
            kernels[process.pid] = max(used, before[0]), max(cpu, before[1])
        done.wait(0.2)


def at_once(students):
    """Return the seconds until all are done, and (MB, CPU seconds) for each of their kernels."""
    done, kernels = threading.Event(), {}
    with ThreadPoolExecutor() as pool:
        watching = pool.submit(watch, done, kernels)
        start = time.perf_counter()
        with ProcessPoolExecutor(students) as room:
            problems = [problem for _, problem in room.map(execute, [PATH] * students)]
        took = time.perf_counter() - start
        done.set()
        watching.result()
    assert problems == [None] * students, problems
    return took, sorted(kernels.values(), key=lambda used: -used[1])[:students]


def main():
    rows = []
    for students in (1, STUDENTS):
        took, kernels = at_once(students)
        rows.append(
            {
                "students": students,
                "seconds until all are done": f"{took:.0f}",
                "MB for each, at most": f"{max(mb for mb, _ in kernels):.0f}",
                "CPU seconds for each, at most": f"{max(cpu for _, cpu in kernels):.0f}",
            }
        )
    save("room", rows, "Notebook 6 from top to bottom, in a kernel for each student.")
