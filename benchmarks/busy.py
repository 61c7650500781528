"""The same training step while other processes compute: how much of its speed is left?"""

import contextlib
import multiprocessing
import statistics
import subprocess
import sys

import torch

from benchmarks.report import ROOT, save, seconds
from benchmarks.step import SIZES, steps

LEARNER = """
import time, torch
from benchmarks.step import SIZES, steps
torch.set_num_threads(1)
step = steps(*SIZES[0])["loop"]
step()
start = time.perf_counter()
for _ in range({count}):
    step()
print(time.perf_counter() - start)
"""


def loop_for_ever():
    while True:
        pass


@contextlib.contextmanager
def busy(count):
    """Keep as many cores busy within the block."""
    processes = [multiprocessing.Process(target=loop_for_ever, daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def speed(threads):
    """Return the steps a second of the course's loop."""
    torch.set_num_threads(threads)
    step = steps(*SIZES[0])["loop"]
    step()
    return 1 / statistics.median(seconds(step, 20) for _ in range(7))


def learners(number, count=600):
    """Return the seconds that each of so many processes needs for its training, all at once."""
    command = [sys.executable, "-c", LEARNER.format(count=count)]
    pipes = {"stdout": subprocess.PIPE, "encoding": "utf-8", "cwd": ROOT}
    runs = [subprocess.Popen(command, **pipes) for _ in range(number)]
    return [float(run.communicate()[0]) for run in runs]


def main():
    cores, rows = 2, []
    for threads in (1, 2):
        idle = speed(threads)
        with busy(1):
            taken = speed(threads)
        rows.append(
            {
                "threads": threads,
                "idle, steps/s": f"{idle:.0f}",
                "one core busy, steps/s": f"{taken:.0f}",
                "left": f"{taken / idle:.0%}",
            }
        )
    save("busy", rows, "The course's loop, batch 32, 32 steps, 128 units.")
    (alone,), ten = learners(1), learners(10)
    rows = [
        {
            "training alone, s": f"{alone:.1f}",
            "fair share for ten, s": f"{10 * alone / cores:.1f}",
            "fastest, s": f"{min(ten):.1f}",
            "slowest, s": f"{max(ten):.1f}",
        }
    ]
    save("class", rows, "Ten processes that train at once on two cores, on one thread each.")
