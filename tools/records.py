"""Make the records that chapters read: `make models`, or `python -m tools.records [NAME ...]`.

A record is a small file with the results of trainings that are too long for a chapter.  Each comes
from a module with a function `trials(data)`, which yields the name of each trial and what runs it.
A trial that is already in the file is left alone, so that a run that was stopped goes on.
"""

import argparse
import json
import time
from pathlib import Path

import torch

from charrnn_helpers.book import load_time_machine
from charrnn_helpers.data import TimeMachine
from tools import (
    backward,
    clipping,
    encodings,
    gates,
    growth,
    insides,
    opinions,
    race,
    trials,
    tuning,
    windows,
)

RECORDS = {
    "encodings": encodings,  # half a minute
    "growth": growth,  # a minute
    "insides": insides,  # two minutes
    "backward": backward,  # ten minutes
    "gates": gates,  # three quarters of an hour
    "fixed_windows": windows,  # half an hour
    "clipping": clipping,  # an hour
    "trials": trials,  # an hour
    "opinions": opinions,  # half an hour
    "race": race,  # two hours
    "tuning": tuning,  # two hours
}


def rounded(value):
    """Return the value with all its numbers to five digits."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def make(path, trials):
    """Run the trials that are not in the file yet, and yield the name and result of each."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name, run in trials:
        if name not in found:
            found[name] = rounded(run())
            lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found.items())
            partial = path.with_suffix(".part")
            partial.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
            partial.replace(path)
            yield name, found[name]


def read_book(parser):
    """Return the data of The Time Machine; another text is an error of the command line."""
    data = TimeMachine(32, 64, load_time_machine())
    if len(data.text) != 173_428:
        parser.error(
            "this learns from The Time Machine, which has 173,428 characters, but the text has "
            f"{len(data.text):,}; let CHARRNN_TEXT name the book"
        )
    return data


def main():
    parser = argparse.ArgumentParser(prog="tools.records", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RECORDS))
    parser.add_argument("--to", type=Path, default=Path("build/models"), metavar="FOLDER")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in RECORDS]
    if unknown:
        parser.error(f"there is no record {unknown[0]!r}; choose from {', '.join(RECORDS)}")
    torch.set_num_threads(1)
    arguments.to.mkdir(parents=True, exist_ok=True)
    data, began = read_book(parser), time.perf_counter()
    for name in arguments.names or RECORDS:
        for trial, found in make(arguments.to / f"{name}.json", RECORDS[name].trials(data)):
            seconds = time.perf_counter() - began
            print(f"{name}, {trial}: {found}, after {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
