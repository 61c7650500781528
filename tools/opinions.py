"""What an LSTM of 384 units does on the validation part, alone and with a 7-gram (see `records`).

It learns from the training part, with dropout and without it.
"""

import copy
import functools
import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from charrnn_helpers.counting import KneserNey

EPOCHS, BATCH, STEPS, INPUTS = 16, 32, 32, 64
READING = (0.02, 0.05, 0.1, 0.2, 0.4)  # learning rates while reading
LEARNING = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # of the weight of a mixture


class Kind(NamedTuple):
    """A kind of network, its size, and its settings."""

    module: type
    units: int
    more: tuple = ()  # other arguments
    lr: float = 0.004
    rates: tuple = (0.2, 0.5)  # of dropout, on the embeddings and on the outputs


LSTM = Kind(nn.LSTM, 384)


class Network(nn.Module):
    """Embeddings, a recurrent module, and an output layer, with dropout before and after."""

    def __init__(self, kind, vocab_size, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.rates, self.generator = kind.rates, torch.Generator().manual_seed(seed)
        self.W_e = nn.Embedding(vocab_size, INPUTS)
        self.rnn = kind.module(INPUTS, kind.units, *kind.more)
        self.out = nn.Linear(kind.units, vocab_size)

    def drop(self, H, rate):
        if not self.training or not rate:
            return H
        keep = torch.rand(H.shape, generator=self.generator) >= rate
        return H * keep / (1 - rate)

    def forward(self, X, state=None):
        outputs, state = self.rnn(self.drop(self.W_e(X), self.rates[0]), state)
        return self.out(self.drop(outputs, self.rates[1])), state


def detached(state):
    return tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()


@torch.no_grad()
def losses_of(model, ids):
    """Return -ln p of each character after the first, read as one text."""
    model.eval()
    state, found = None, []
    for X, Y in zip(ids[:-1].split(1000), ids[1:].split(1000), strict=True):
        logits, state = model(X[:, None], state)
        found.append(F.cross_entropy(logits[:, 0], Y, reduction="none"))
    model.train()
    return torch.cat(found)


@torch.no_grad()
def in_pieces(model, ids, length=500, warm=100):
    """Return the mean loss, read in pieces side by side, each after `warm` characters before it."""
    pieces = ids.unfold(0, warm + length, length).T
    logits, _ = model.eval()(pieces[:-1])
    model.train()
    return F.cross_entropy(logits[warm - 1 :].flatten(0, 1), pieces[warm:].flatten()).item()


def learned(kind, data, seed, each=False):
    """Train a network; return it, and its training and validation losses after each epoch."""
    ids, model = data.train_ids, Network(kind, len(data.vocab), seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=kind.lr)
    length = (len(ids) - STEPS) // BATCH  # of a stream
    updates, k, training, validation = EPOCHS * (length // STEPS), 0, [], []
    for _ in range(EPOCHS):
        start, state, total = int(torch.randint(STEPS, (1,), generator=model.generator)), None, 0.0
        X, Y = (ids[i : i + BATCH * length].view(BATCH, length).T for i in (start, start + 1))
        for i in range(0, length // STEPS * STEPS, STEPS):
            optimizer.param_groups[0]["lr"] = kind.lr * min(1, (k + 1) / 50) * (1 - k / updates)
            logits, state = model(X[i : i + STEPS], state)
            loss = F.cross_entropy(logits.flatten(0, 1), Y[i : i + STEPS].flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            state, k, total = detached(state), k + 1, total + loss.item()
        if each:
            training.append(in_pieces(model, ids[:20_000]))
            validation.append(in_pieces(model, data.val_ids))
    return model, training, validation


def reading(model, ids, lr):
    """Return the losses of a network that makes an update after each window that it has read."""
    model, state, found = copy.deepcopy(model).eval(), None, []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for X, Y in zip(ids[:-1].split(STEPS), ids[1:].split(STEPS), strict=True):
        logits, state = model(X[:, None], state)
        losses = F.cross_entropy(logits[:, 0], Y, reduction="none")
        found.append(losses.detach())
        optimizer.zero_grad()
        losses.mean().backward()
        optimizer.step()
        state = detached(state)
    return torch.cat(found)


def mixed(p, q, lr):
    """Return the mean loss of a mixture whose weight is changed after each character."""
    logit, total = 0.0, 0.0
    for a, b in zip(p.tolist(), q.tolist(), strict=True):
        w = 1 / (1 + math.exp(-logit))
        m = w * a + (1 - w) * b
        total -= math.log(m)
        logit += lr * (a - b) * w * (1 - w) / m
    return total / len(p)


def counted(data, reads):
    """Return what the 7-gram gives each character of the validation part after the first."""
    text, before = (data.vocab.decode(ids) for ids in (data.val_ids, data.train_ids))
    counts, whole, found = KneserNey(before, 7, len(data.vocab), 0.9), before[-6:] + text, []
    for end in range(7, len(whole) + 1):
        gram = whole[end - 7 : end]
        found.append(counts.prob(gram[:-1], gram[-1]))
        for k in range(6, -1, -1) if reads else ():
            table = counts.tables[k][gram[-1 - k : -1]]
            table[gram[-1]] += 1
            if table[gram[-1]] > 1:
                break
    return torch.tensor(found[1:])


def mixtures(model, data):
    """What the LSTM with seed 0 and the 7-gram have together on the validation part: losses."""
    p, q = losses_of(model, data.val_ids).neg().exp(), counted(data, reads=False)
    read = {lr: reading(model, data.val_ids, lr) for lr in READING}
    best = min(read.values(), key=lambda losses: losses.mean().item()).neg().exp()
    both = (best + counted(data, reads=True)) / 2
    weights = [k / 10 for k in range(11)]
    return {
        "weights": {str(w): -(w * p + (1 - w) * q).log().mean().item() for w in weights},
        "learned": {str(lr): mixed(p, q, lr) for lr in LEARNING},
        "reading": {str(lr): losses.mean().item() for lr, losses in read.items()},
        "apart": ((p / q).log2().abs() >= 1).float().mean().item(),  # by a bit or more
        "7-gram reading": -counted(data, reads=True).log().mean().item(),
        "both reading": -both.log().mean().item(),
    }


def trials(data):
    """Yield the name of each trial, and what runs it."""

    @functools.cache
    def first(rates):
        return learned(LSTM._replace(rates=rates), data, 0, each=True)

    def overfitting():
        """Return the losses after each epoch, on the validation part and in the training part."""
        found, rates = {}, {"with dropout": LSTM.rates, "without dropout": (0, 0)}
        for name in rates:
            _, training, validation = first(rates[name])
            found |= {name: validation, f"{name}, training": training}
        return found

    yield "overfitting", overfitting
    yield "mixtures", lambda: mixtures(first(LSTM.rates)[0], data)
