"""Train the models that come with the course: `make models`.

One that is already in the folder is left alone.
"""

import argparse
import time
from pathlib import Path

import torch

from charrnn_helpers.checkpoint import load_checkpoint, save_checkpoint
from charrnn_helpers.data import StreamBatches
from charrnn_helpers.trained import RECIPES, start
from charrnn_helpers.training import evaluate, perplexity
from tools.library import as_built, fast
from tools.records import read_book


def make(name, path, data):
    """Train the model of this name, save it, and yield a Record for each epoch.

    The file also holds these records, after those of the first five steps.
    """
    recipe = RECIPES[name]
    recipe = fast(recipe) if recipe.rates else recipe
    ids = torch.cat([data.train_ids, data.val_ids]) if recipe.rates else data.train_ids
    model, run = start(recipe, len(data.vocab), ids)
    history = []
    for record in run:
        if record.step <= 5 or record.epoch == int(record.epoch):
            history.append(record)
        if record.epoch == int(record.epoch):
            yield record
    model = as_built(model) if recipe.rates else model
    save_checkpoint(path, model, data.vocab, history, in_bytes=bool(recipe.rates))


def main():
    parser = argparse.ArgumentParser(prog="tools.models", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RECIPES))
    parser.add_argument("--to", type=Path, default=Path("build/models"), metavar="FOLDER")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.to.mkdir(parents=True, exist_ok=True)
    data = read_book(parser)
    test = StreamBatches(data.test_ids, 1, 1000)
    for name in arguments.names or RECIPES:
        path, began = arguments.to / f"{name}.safetensors", time.perf_counter()
        if not path.exists():
            for record in make(name, path, data):
                of, seconds = RECIPES[name].num_epochs, time.perf_counter() - began
                print(f"{name}: epoch {record.epoch:.0f} of {of}, {seconds:.0f} s", flush=True)
        model, _, _ = load_checkpoint(path)
        loss, size = evaluate(model.float(), test, carry_state=True), path.stat().st_size
        print(f"{name}: perplexity {perplexity(loss):.3f} on the test part, {size:,} bytes")


if __name__ == "__main__":
    main()
