"""Train the models that come with the course; one that is already in the folder is left alone."""

import argparse
import time
from pathlib import Path

import torch

from charrnn_helpers.book import load_time_machine
from charrnn_helpers.data import StreamBatches, TimeMachine
from charrnn_helpers.trained import RECIPES, make, path_of, trained_model
from charrnn_helpers.training import evaluate, perplexity


def main():
    parser = argparse.ArgumentParser(prog="charrnn_helpers.trained", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RECIPES))
    parser.add_argument("--to", type=Path, default=Path("build/models"), metavar="FOLDER")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.to.mkdir(parents=True, exist_ok=True)
    text = load_time_machine()
    data = TimeMachine(32, 64, text)
    if len(data.text) != 173_428:
        parser.error(
            "these models learn from The Time Machine, which has 173,428 characters, but the text "
            f"has {len(data.text):,}; let CHARRNN_TEXT name the book"
        )
    test = StreamBatches(data.test_ids, 1, 1000)
    for name in arguments.names or RECIPES:
        path, start = path_of(name, arguments.to), time.perf_counter()
        if not path.exists():
            for record in make(name, arguments.to, text):
                of, seconds = RECIPES[name].num_epochs, time.perf_counter() - start
                print(f"{name}: epoch {record.epoch:.0f} of {of}, {seconds:.0f} s", flush=True)
        model, _ = trained_model(name, arguments.to)
        loss, size = evaluate(model, test, carry_state=True), path.stat().st_size
        print(f"{name}: perplexity {perplexity(loss):.3f} on the test part, {size:,} bytes")


if __name__ == "__main__":
    main()
