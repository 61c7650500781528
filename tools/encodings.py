"""Record for notebook 1 how good a network gets with many encodings, and what one writes.

`python -m tools.encodings` takes a quarter of an hour on one core and writes
`build/models/encodings.json`; the file of that name in `charrnn_helpers/trained` was made by it.
Each encoding is tried at several scales and learning rates, so that none wins by its scale.
"""

import itertools
import json
from pathlib import Path

import torch

from charrnn_helpers.book import load_time_machine
from charrnn_helpers.data import StreamBatches, Vocab, preprocess, split
from charrnn_helpers.sampling import sample
from charrnn_helpers.show.encodings import binary_digits, learn_with, scaled
from charrnn_helpers.trained import RECIPES, start, trained_model

SEEDS = 0, 1, 2
SIZES = 4, 16, 64  # mean lengths of the rows
RATES = 0.01, 0.03
NUMBERS = 1, 2, 3, 5, 10, 20, 28  # random numbers for each token
LONG = "ids", "one-hot"  # trained for long, too
BEGINNING = "the time traveller "


def tables(seed):
    """Return the encodings, `{name: a table with a row for each token}`."""
    generator = torch.Generator().manual_seed(100 + seed)
    random = {f"{k} random": torch.randn(28, k, generator=generator) for k in NUMBERS}
    ids = torch.arange(28.0).unsqueeze(1)
    plain = {"ids": ids, "ids, 28 times": ids.repeat(1, 28), "digits": binary_digits(28)}
    return plain | random | {"one-hot": torch.eye(28)}


def written(vocab, train_ids):
    """Return what the trained model wrote after 0 and 100 updates, and what it writes now."""
    recipe = RECIPES["time_machine"]
    model, run = start(recipe, len(vocab), train_ids)
    texts = {0: write(model, vocab)}
    for _ in itertools.islice(run, 100):
        pass
    texts[100] = write(model, vocab)
    last = recipe.num_epochs * len(StreamBatches(train_ids, recipe.batch_size, 32))
    return texts | {last: write(*trained_model())}


def write(model, vocab):
    generator = torch.Generator().manual_seed(5)
    return sample(model, BEGINNING, 60, vocab, 0.5, generator=generator)


def main():
    torch.set_num_threads(1)
    train_text, val_text, _ = split(preprocess(load_time_machine()))
    vocab = Vocab(train_text)
    parts = vocab.encode(train_text), vocab.encode(val_text)
    path = Path("build", "models", "encodings.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"written": written(vocab, parts[0]), "100 updates": {}, "1600 updates": {}}
    for looks, sizes in ((100, SIZES), (1600, SIZES[1:])):
        for name in tables(0) if looks == 100 else LONG:
            found = record[f"{looks} updates"].setdefault(name, {})
            for size, lr in itertools.product(sizes, RATES):
                runs = [
                    learn_with(scaled(tables(seed)[name], size), *parts, seed, [looks], lr)
                    for seed in SEEDS
                ]
                found[f"{size} {lr}"] = [round(value, 2) for run in runs for value in run]
            print(looks, name, found, flush=True)
            path.write_text(json.dumps(record) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
