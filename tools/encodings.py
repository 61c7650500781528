"""How good the network of chapter 1 gets with many encodings, and what one writes.

`tools.records` runs these trainings.  Each encoding is tried at several scales and learning rates,
so that none wins by its scale.
"""

import itertools
import math

import torch

from charrnn_helpers.data import StreamBatches
from charrnn_helpers.sampling import sample
from charrnn_helpers.show.encodings import learn_with, scaled
from charrnn_helpers.trained import RECIPES, start, trained_model

SEEDS = 0, 1, 2
SIZES = 4, 16, 64  # mean lengths of the rows
RATES = 0.01, 0.03
NUMBERS = 1, 2, 3, 5, 10, 20, 28  # random numbers for each token
FACTORS = 1, 3, 10, 30, 100  # of the one-hot vector that is added to the id
LONG = "ids", "one-hot"  # trained for long, too
TURNED = NUMBERS[:-1]  # these random numbers are written as 28 numbers, too
BEGINNING = "the time traveller "


def tables(seed):
    """Return the encodings, `{name: a table with a row for each token}`."""
    generator = torch.Generator().manual_seed(100 + seed)
    random = {f"{k} random": torch.randn(28, k, generator=generator) for k in NUMBERS}
    ids, one_hot = torch.arange(28.0).unsqueeze(1), torch.eye(28)
    angles = 2 * math.pi * ids / 28
    circle = torch.cat([angles.cos(), angles.sin()], dim=1)
    mixed = {f"id + {c} one-hot": ids + c * one_hot for c in FACTORS}
    places = torch.linspace(-1, 1, 28, dtype=torch.double)
    powers = torch.stack([places**k for k in range(1, 28)], dim=1)
    orthogonal = torch.linalg.qr(powers - powers.mean(dim=0)).Q
    curved = {"powers": powers.float(), "orthogonal powers": orthogonal.float()}
    return {"ids": ids, "circle": circle} | random | {"one-hot": one_hot} | mixed | curved


def controls(seed, size):
    """Yield what tells the causes apart, scaled to rows of this mean length: its name, its table.

    "5 random in 28" are the points of "5 random", turned in a space of 28 dimensions, and "3
    one-hot alone" is the part of "id + 3 one-hot" that is not the id, as small as it is there.
    """
    generator, found = torch.Generator().manual_seed(200 + seed), tables(seed)
    for k in TURNED:
        turn = torch.linalg.qr(torch.randn(28, 28, generator=generator)).Q
        yield f"{k} random in 28", scaled(found[f"{k} random"] @ turn[:k], size)
    yield "id 28 times", scaled(found["ids"].expand(28, 28), size)
    for c in FACTORS:
        whole, part = found[f"id + {c} one-hot"], c * (torch.eye(28) - 1 / 28)
        share = part.norm() / (whole - whole.mean(dim=0)).norm()
        yield f"{c} one-hot alone", scaled(part, share * size)


def written(vocab, train_ids):
    """Return what the trained model wrote after 0 and 100 updates, and what it writes now.

    A larger model writes, too.
    """
    recipe = RECIPES["time_machine"]
    model, run = start(recipe, len(vocab), train_ids)
    texts = {0: write(model, vocab)}
    for _ in itertools.islice(run, 100):
        pass
    texts[100] = write(model, vocab)
    last = recipe.num_epochs * len(StreamBatches(train_ids, recipe.batch_size, 32))
    return texts | {last: write(*trained_model()), "larger": write(*trained_model("rnn"))}


def write(model, vocab):
    generator = torch.Generator().manual_seed(1)
    return sample(model, BEGINNING, 60, vocab, 0.5, generator=generator)


def perplexities(data, num_updates, sizes, names):
    """Return `{name: {"size rate": [one for each seed]}}` on the validation part."""
    found, parts = {name: {} for name in names}, (data.train_ids, data.val_ids)
    for name, size, lr in itertools.product(names, sizes, RATES):
        runs = [
            learn_with(scaled(tables(seed)[name], size), *parts, seed, [num_updates], lr)
            for seed in SEEDS
        ]
        found[name][f"{size} {lr}"] = [value for run in runs for value in run]
    return found


def controlled(data, size=16):
    """Return what `perplexities` does, of the controls, at one length of the rows."""
    found, parts = {}, (data.train_ids, data.val_ids)
    for lr, seed in itertools.product(RATES, SEEDS):
        for name, table in controls(seed, size):
            runs = found.setdefault(name, {}).setdefault(f"{size} {lr}", [])
            runs += learn_with(table, *parts, seed, [100], lr)
    return found


def trials(data):
    """Yield the name of each trial, and what runs it."""
    yield "written", lambda: written(data.vocab, data.train_ids)
    yield "100 updates", lambda: perplexities(data, 100, SIZES, list(tables(0)))
    yield "1600 updates", lambda: perplexities(data, 1600, SIZES[1:], LONG)
    yield "controls", lambda: controlled(data)
