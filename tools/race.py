"""The race of chapter 11: each kind of network with its best settings, three times (`records`).

The settings come from the record `tuning` of the package.
"""

import functools
import itertools

import torch

from charrnn_helpers.trained import best_trial
from tools.trials import score
from tools.tuning import KINDS, learned, recipe

SEEDS = (0, 1, 2)
RIVALS = [kind for kind in KINDS if kind != "large"]


def run(kind, seed, ids, others, vocab_size):
    """Train one network on ids; return its loss on the other part."""
    *_, model = learned(recipe(kind, best_trial(kind), seed), ids, vocab_size)
    return score(model, others)


def trials(data):
    """Yield the name of each trial, and what runs it."""
    nine = torch.cat([data.train_ids, data.val_ids])
    parts = {"": (data.train_ids, data.val_ids), "test ": (nine, data.test_ids)}
    for (part, both), kind, seed in itertools.product(parts.items(), RIVALS, SEEDS):
        name = f"{part}{kind} {seed}"
        yield name, functools.partial(run, kind, seed, *both, len(data.vocab))
