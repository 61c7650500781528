"""What LSTMs of 384 units do on the validation part, alone and with a 7-gram (see `records`).

They learn from the training part: one with dropout and without it, and those of the course.
"""

import copy
import functools
import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from charrnn_helpers.counting import KneserNey
from charrnn_helpers.reading import chances, that_came
from charrnn_helpers.trained import RECIPES, start
from tools.library import Library

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


@functools.cache
def rival(name, data):
    """Return a network of the course, trained by its recipe, but on the training part alone."""
    recipe = RECIPES[name]
    recipe = recipe._replace(cell=functools.partial(Library, recipe.cell))
    model, run = start(recipe, len(data.vocab), data.train_ids)
    for _ in run:
        pass
    model.rnn.rnn = model.rnn.rnn.ours()
    model.rnn = model.rnn.without()
    return model.eval()


def reading(model, data, lr):
    """Return what a network gives each character if it makes an update after each window."""
    model, found = copy.deepcopy(model), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    with torch.no_grad():
        _, state = model.forward_with_state(data.train_ids[None, -200:-1])
    ids = torch.cat([data.train_ids[-1:], data.val_ids])
    for X, Y in zip(ids[:-1].split(STEPS), ids[1:].split(STEPS), strict=True):
        logits, state = model.forward_with_state(X[None], state)
        losses = F.cross_entropy(logits[0], Y, reduction="none")
        found.append(losses.detach().neg().exp())
        optimizer.zero_grad()
        losses.mean().backward()
        optimizer.step()
        state = state.detach()
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


def texts(data):
    """Return the training part and the validation part."""
    return [data.vocab.decode(ids) for ids in (data.train_ids, data.val_ids)]


def counted(data, reads=False):
    """Return the distribution of the 7-gram for each character of the validation part."""
    before, text = texts(data)
    counts, whole, found = KneserNey(before, 7, len(data.vocab), 0.9), before[-6:] + text, []
    for end in range(7, len(whole) + 1):
        gram = whole[end - 7 : end]
        shown = [gram[-1]] if reads else data.vocab.idx_to_token
        found.append([counts.prob(gram[:-1], char) for char in shown])
        for k in range(6, -1, -1) if reads else ():
            table = counts.tables[k][gram[-1 - k : -1]]
            table[gram[-1]] += 1
            if table[gram[-1]] > 1:
                break
    return torch.tensor(found)


def loss(came):
    return -came.log().mean().item()


def apart(p, q):
    """Return the share of characters whose two surprisals differ by a bit or more."""
    return ((p / q).log2().abs() >= 1).float().mean().item()


@functools.cache
def opinions(data):
    """Return what the LSTM and the 7-gram expect, and what they give the characters that came."""
    both = chances(rival("lstm", data), data.train_ids, data.val_ids), counted(data)
    return both, [that_came(probs, data.val_ids) for probs in both]


@functools.cache
def read_on(data):
    """Return what those give each character that go on learning, by the best of READING."""
    read = {lr: reading(rival("lstm", data), data, lr) for lr in READING}
    return read, counted(data, reads=True)[:, 0]


def mixtures(data):
    """What the LSTM and the 7-gram have together on the validation part: losses."""
    _, (p, q) = opinions(data)
    read, counting = read_on(data)
    best = min(read.values(), key=loss)
    weights = [k / 10 for k in range(11)]
    return {
        "weights": {str(w): loss(w * p + (1 - w) * q) for w in weights},
        "learned": {str(lr): mixed(p, q, lr) for lr in LEARNING},
        "reading": {str(lr): loss(came) for lr, came in read.items()},
        "apart": apart(p, q),
        "7-gram reading": loss(counting),
        "both reading": loss((best + counting) / 2),
    }


def pair(data):
    """What two LSTMs have alone, together, and with the 7-gram, on the validation part: losses."""
    _, (p, q) = opinions(data)
    read, counting = read_on(data)
    lr = min(read, key=lambda lr: loss(read[lr]))
    second = rival("lstm_2", data)
    other = that_came(chances(second, data.train_ids, data.val_ids), data.val_ids)
    again = reading(second, data, lr)
    return {
        "alone": [loss(p), loss(other)],
        "together": loss((p + other) / 2),
        "apart": apart(p, other),
        "with the 7-gram": loss(((p + other) / 2 + q) / 2),
        "reading": loss(((read[lr] + again) / 2 + counting) / 2),
    }


def places(data):
    """Where the two differ: the share of each kind of character, and the losses there."""
    before, text = texts(data)
    _, (p, q) = opinions(data)
    known, kinds = set(before.split()), []
    for word in text.split(" "):  # with the space after it
        rest = "inside a known word" if word in known else "inside a new word"
        kinds += ["first letter", *[rest] * len(word)] if word else [rest]
    kinds, found = kinds[: len(text)], {}
    for kind in sorted(set(kinds)):
        here = torch.tensor([k == kind for k in kinds])
        rivals = {"LSTM": p, "7-gram": q, "mixture": (p + q) / 2}
        found[kind] = {"share": here.float().mean().item()}
        found[kind] |= {name: loss(came[here]) for name, came in rivals.items()}
    return found


def passage(data, length=60, around=30):
    """Return the passage in which each of the two is far ahead at some character."""
    both, (p, q) = opinions(data)
    _, text = texts(data)
    ahead = (p / q).log2()
    pieces = ahead[around:].unfold(0, length, 1)
    first = around + torch.minimum(pieces.amax(1), -pieces.amin(1)).argmax().item()
    rows = {
        name: [[round(x, 4) for x in row] for row in probs[first : first + length].tolist()]
        for name, probs in zip(("LSTM", "7-gram"), both, strict=True)
    }
    return {"text": text[first : first + length], "before": text[first - around : first]} | rows


def trials(data):
    """Yield the name of each trial, and what runs it."""

    def overfitting():
        """Return the losses after each epoch, on the validation part and in the training part."""
        found, rates = {}, {"with dropout": LSTM.rates, "without dropout": (0, 0)}
        for name in rates:
            _, training, validation = learned(LSTM._replace(rates=rates[name]), data, 0, each=True)
            found |= {name: validation, f"{name}, training": training}
        return found

    yield "overfitting", overfitting
    for trial in (mixtures, pair, places, passage):
        yield trial.__name__, functools.partial(trial, data)
