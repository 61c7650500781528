"""Train the network of notebook 1 on three encodings for long, and record how good it gets.

`python -m tools.encodings` takes two minutes on one core and writes `build/models/encodings.json`;
the file of that name in `charrnn_helpers/trained` was made by it.
"""

import json
from pathlib import Path

import torch

from charrnn_helpers.book import load_time_machine
from charrnn_helpers.data import Vocab, preprocess, split
from charrnn_helpers.show.encodings import learn_with

LOOKS = [25, 50, 100, 200, 400, 800, 1600]  # numbers of updates


def tables():
    """Return the encodings of the notebook, `{name: a table with a row for each token}`."""
    numbers = torch.arange(28).unsqueeze(1)
    return {
        "one-hot": torch.eye(28),
        "digits": (numbers // torch.tensor([16, 8, 4, 2, 1]) % 2).float(),
        "ids": numbers.float(),
    }


def main():
    torch.set_num_threads(1)
    train_text, val_text, _ = split(preprocess(load_time_machine()))
    vocab = Vocab(train_text)
    parts = vocab.encode(train_text), vocab.encode(val_text)
    record = {"updates": LOOKS}
    for name, table in tables().items():
        runs = [list(learn_with(table, *parts, seed, LOOKS)) for seed in (0, 1)]
        record[name] = [[round(value, 2) for value in run] for run in runs]
        print(name, record[name], flush=True)
    path = Path("build", "models", "encodings.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
