"""Models that the course has trained on The Time Machine, and what long runs have measured.

`make models` makes all of them anew.
"""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from torch.optim.lr_scheduler import LinearLR

from charrnn_helpers.checkpoint import load_checkpoint
from charrnn_helpers.data import StreamBatches
from charrnn_helpers.model import (
    GRUScratch,
    LSTMScratch,
    RNNLMScratch,
    RNNScratch,
    WithDropout,
)
from charrnn_helpers.training import Options, train

FOLDER = Path(__file__).parent


class Recipe(NamedTuple):
    """How one model is trained: in streams of 32 steps, with a decaying learning rate.

    With dropout, it reads the first 90% of the book, and otherwise the first 80%.
    """

    cell: type
    num_hiddens: int
    num_epochs: int
    lr: float
    sigma: float
    batch_size: int
    optimizer: type
    rates: tuple = ()  # of dropout, on the embeddings and on the outputs
    seed: int = 0


ADAMW = torch.optim.AdamW
RECIPES = {  # those of rnn, gru, and lstm have about the same number of weights
    "time_machine": Recipe(RNNScratch, 128, 9, 0.01, 0.1, 32, torch.optim.Adam),
    "rnn": Recipe(RNNScratch, 768, 16, 0.004, 0.03, 32, ADAMW, (0.0, 0.4)),
    "gru": Recipe(GRUScratch, 448, 16, 0.004, 0.03, 32, ADAMW, (0.2, 0.5)),
    "lstm": Recipe(LSTMScratch, 384, 16, 0.008, 0.03, 32, ADAMW, (0.2, 0.4)),
    "large": Recipe(LSTMScratch, 640, 24, 0.008, 0.03, 32, ADAMW, (0.4, 0.6)),
}


def trained_model(name="time_machine"):
    """Return the model of this name, an RNNLMScratch with 32-bit weights, and its Vocab."""
    if name not in RECIPES:
        raise ValueError(f"there is no model {name!r}; choose from {', '.join(RECIPES)}")
    model, vocab, _ = load_checkpoint(FOLDER / f"{name}.safetensors")
    return model.float(), vocab


def recorded(name):
    """Return what has been measured under this name (see tools/), a dict."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        known = ", ".join(sorted(path.stem for path in FOLDER.glob("*.json")))
        raise ValueError(f"there is no record {name!r}; choose from {known}")
    return json.loads(path.read_text(encoding="utf-8"))


def by_rate(optimizer, batch_size, num_updates):
    """Return {learning rate: validation losses with three seeds} after a number of updates."""
    found, start = {}, f"rate {optimizer} {batch_size} "
    for name, losses in recorded("trials").items():
        if name.startswith(start) and str(num_updates) in losses:
            lr, _ = name.removeprefix(start).split()
            found.setdefault(float(lr), []).append(losses[str(num_updates)])
    return found


def by_seed(trial, what="validation"):
    """Return what a trial has measured with each of three seeds, a list."""
    return [recorded("trials")[f"{trial} {seed}"][what] for seed in range(3)]


def start(recipe, vocab_size, ids):
    """Return a fresh model and the run of its training on these ids."""
    generator = torch.Generator().manual_seed(recipe.seed)
    num_inputs = 64 if recipe.rates else vocab_size  # embeddings, or one-hot
    rnn = recipe.cell(num_inputs, recipe.num_hiddens, recipe.sigma, generator)
    if recipe.rates:
        rnn = WithDropout(rnn, vocab_size, recipe.rates, generator)
    model = RNNLMScratch(rnn, vocab_size, generator)
    options = Options(recipe.num_epochs, carry_state=True)
    batches = StreamBatches(ids, recipe.batch_size, 32)
    optimizer = recipe.optimizer(model.parameters(), lr=recipe.lr)
    decay = LinearLR(optimizer, 1, 0, total_iters=recipe.num_epochs * len(batches))
    return model, train(model, batches, options, optimizer, decay)


def best_trial(kind):
    """Return the best setting of a kind of network in the record of their tuning."""
    return min(recorded("tuning")[kind], key=lambda trial: trial["validation"])
