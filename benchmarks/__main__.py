"""Measure what the course says about speed: `make bench`, or `make bench ONLY=step`.

Each part prints how long it takes, and writes its table to build/bench.  With --publish, the
tables also go into docs/performance.md.
"""

import argparse
import importlib
import time

from benchmarks.report import publish

PARTS = {  # name: about how many minutes on two cores
    "race": 6,
    "step": 2,
    "busy": 1,
    "small": 1,
    "growth": 1,
    "live": 4,
    "course": 4,
    "room": 6,
}
ON_DEMAND = {"room"}  # only with --only


def main():
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--publish", action="store_true", help="update docs/performance.md")
    arguments = parser.parse_args()
    for name, minutes in PARTS.items():
        if arguments.only == name or (arguments.only is None and name not in ON_DEMAND):
            print(f"{name}: about {minutes} min", flush=True)
            start = time.perf_counter()
            importlib.import_module(f"benchmarks.{name}").main()
            print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
    if arguments.publish:
        publish()


if __name__ == "__main__":
    main()
