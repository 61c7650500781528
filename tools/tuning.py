"""The search for the settings of the race in chapter 11 (see `tools.records`).

Each kind of network is tuned on the validation part, with the same number of trials, from the same
beginning, and on the same grids; for the fixed window, its length comes first.  The large LSTM,
which is not one of the five, begins with more dropout, and has seven trials.
"""

import functools
from typing import NamedTuple

import torch
from torch import nn

from charrnn_helpers.library import Library
from charrnn_helpers.model import GRUScratch, LSTMScratch, RNNScratch, dropout
from charrnn_helpers.trained import RECIPES, start
from tools.library import by_library
from tools.trials import score

GRID = {  # what is tuned, from the smallest value to the largest
    "lr": (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016),
    "embeddings": (0.0, 0.1, 0.2, 0.3, 0.4),  # the dropout rate of each
    "outputs": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
}
UNITS = {4: 735, 6: 710, 8: 686, 10: 663, 12: 641, 16: 599}  # by the length of a fixed window
CENTER = {"lr": 0.004, "embeddings": 0.2, "outputs": 0.5}  # where a search begins
LARGE = {"lr": 0.004, "embeddings": 0.3, "outputs": 0.6}  # where that of the large LSTM begins
TRIALS = 12


class TwoLayers(nn.Module):
    """An LSTM that reads the states of another, with dropout between the two (Zaremba et al. 2014).

    Both layers read with the same dropout rate.  The state holds those of both.
    """

    def __init__(self, num_inputs, num_hiddens, sigma=0.01, generator=None, rate=0.0):
        super().__init__()
        self.num_inputs, self.num_hiddens, self.sigma = num_inputs, num_hiddens, sigma
        self.rate, self.generator = rate, generator
        self.lower = Library(LSTMScratch(num_inputs, num_hiddens, sigma, generator))
        self.upper = Library(LSTMScratch(num_hiddens, num_hiddens, sigma, generator))

    def forward(self, inputs, state=None):
        """Read inputs as LSTMScratch does; return the states of the upper layer, and the last."""
        lower, upper = (None, None) if state is None else state
        outputs, lower = self.lower(inputs, lower)
        between = torch.stack(outputs)
        if self.training:
            between = dropout(between, self.rate, self.generator)
        outputs, upper = self.upper(between, upper)
        return outputs, torch.stack([lower, upper])


class FixedWindow(nn.Module):
    """Two layers of tanh units over the last `length` inputs, which are its state, and no more."""

    def __init__(self, num_inputs, num_hiddens, sigma=0.01, generator=None, length=8):
        super().__init__()
        self.num_inputs, self.num_hiddens, self.sigma = num_inputs, num_hiddens, sigma
        shapes = {"W_xh": (length * num_inputs, num_hiddens), "W_hh": (num_hiddens, num_hiddens)}
        for name, shape in shapes.items():
            setattr(self, name, nn.Parameter(sigma * torch.randn(shape, generator=generator)))
        self.length, self.b_1 = length, nn.Parameter(torch.zeros(num_hiddens))
        self.b_2 = nn.Parameter(torch.zeros(num_hiddens))

    def forward(self, inputs, state=None):
        """Read inputs as RNNScratch does; the state is the last length - 1 of them."""
        if state is None:
            state = inputs.new_zeros(self.length - 1, *inputs.shape[1:])
        read, num_steps = torch.cat([state, inputs]), len(inputs)
        seen = torch.cat([read[k : k + num_steps] for k in range(self.length)], dim=-1)
        H = torch.tanh(seen @ self.W_xh + self.b_1)  # (num_steps, batch_size, num_hiddens)
        return list(torch.tanh(H @ self.W_hh + self.b_2)), read[num_steps:]


class Kind(NamedTuple):
    """A kind of network, its size, and how it is tuned."""

    cell: type
    num_hiddens: int
    num_epochs: int = 16
    trials: int = TRIALS
    center: dict = CENTER
    grid: dict = GRID


KINDS = {  # all but the last have 633,000 to 654,000 weights without the embedding
    "RNN": Kind(by_library(RNNScratch), 768),
    "GRU": Kind(by_library(GRUScratch), 448),
    "LSTM": Kind(by_library(LSTMScratch), 384),
    "two layers": Kind(TwoLayers, 226),
    "window": Kind(
        FixedWindow,
        UNITS[8],
        center={"length": 8} | CENTER,
        grid={"length": tuple(UNITS)} | GRID,
    ),
    "large": Kind(
        by_library(LSTMScratch),
        640,
        24,
        7,
        LARGE,
        grid=GRID | {"embeddings": (*GRID["embeddings"], 0.5)},
    ),
}


def recipe(kind, setting, seed=0):
    """Return the recipe of the race for a network of this kind: only the settings differ."""
    cell, num_hiddens, num_epochs, *_ = KINDS[kind]
    if kind == "two layers":
        cell = functools.partial(cell, rate=setting["embeddings"])
    if kind == "window":
        cell = functools.partial(cell, length=setting["length"])
        num_hiddens = UNITS[setting["length"]]
    rates = setting["embeddings"], setting["outputs"]
    equal = RECIPES["lstm"]._replace(cell=cell, num_hiddens=num_hiddens, num_epochs=num_epochs)
    return equal._replace(lr=setting["lr"], rates=rates, seed=seed)


def num_weights(kind):
    """Return the number of weights with the embedding multiplied into the matrices behind it.

    For the fixed window, it is that of any of its lengths, to 0.2%.
    """
    cell, num_hiddens, *_ = KINDS[kind]
    rnn = cell(28, num_hiddens, 0.01, torch.Generator())
    ours = sum(p.numel() for p in rnn.parameters() if p.requires_grad)
    return ours + num_hiddens * 28 + 28


def learned(recipe, ids, vocab_size):
    """Train on ids, and yield the model after each epoch."""
    model, run = start(recipe, vocab_size, ids)
    for record in run:
        if record.epoch == int(record.epoch):
            yield model


def neighbors(kind, setting, names):
    """Yield (name, setting) for what differs from this setting by one place of one grid."""
    for name in names:
        values = KINDS[kind].grid[name]
        place = values.index(setting[name])
        for value in values[max(0, place - 1) : place + 2]:
            yield name, setting | {name: value}


def tuned(kind, loss_of):
    """Tune one value after another, each as long as it helps; return all trials.

    Each trial but the first is beside the best so far, and where all of those have been tried,
    beside the next best.
    """
    names, tried, new = list(KINDS[kind].grid), [], KINDS[kind].center
    while len(tried) < KINDS[kind].trials:
        tried.append(new | {"validation": loss_of(recipe(kind, new))})
        print(kind, tried[-1], flush=True)
        best, *rest = sorted(tried, key=lambda trial: trial["validation"])
        done = [without(trial) for trial in tried]
        near = (
            found
            for trial in (best, *rest)
            for found in neighbors(kind, without(trial), names)
            if found[1] not in done
        )
        name, new = next(near)
        names.sort(key=lambda other: other != name)  # go on with this one as long as it helps
    return tried


def without(trial):
    """Return the setting of a trial, without its loss."""
    return {name: value for name, value in trial.items() if name != "validation"}


def trials(data):
    """Yield the name of each trial, and what runs it."""

    def last_loss(recipe):
        *_, model = learned(recipe, data.train_ids, len(data.vocab))
        return score(model, data.val_ids)

    yield "weights", lambda: {kind: num_weights(kind) for kind in KINDS}
    for kind in KINDS:
        yield kind, functools.partial(tuned, kind, last_loss)
