"""The many networks of the chapter on gradient clipping, and how they end (see `tools.records`)."""

import math
import statistics
from functools import partial
from typing import NamedTuple

import torch
from torch.nn import functional as F

from charrnn_helpers.bptt import RNNByHand, RNNLMByHand
from charrnn_helpers.data import windows
from charrnn_helpers.training import clip_gradients, gradient_norm, perplexity


class Setting(NamedTuple):
    """How one network learns; the notebook has the same loop."""

    sigma: float = 0.3  # of all weights
    sigma_hh: float | None = None  # of W_hh, if it differs
    lr: float = 1.0
    treatment: str = "none"  # what is done to a gradient before the update, a key of TREATMENTS
    theta: float = 1.0  # the threshold
    num_steps: int = 150  # the length of the windows
    num_updates: int = 300


def reverse(theta, model):
    """Turn a gradient that is longer than 10 around, and clip all at theta."""
    if not gradient_norm(model) <= EXPLODED:
        for p in model.parameters():
            p.grad = -p.grad
    clip_gradients(theta, model)


EXPLODED = 10.0  # ordinary gradients are shorter
TREATMENTS = {
    "none": lambda theta, model: None,
    "clip": lambda theta, model: clip_gradients(theta, model),
    "reverse": reverse,
}
SEEDS, FEW = range(10), range(5)
FINE = 0.177  # sigma times the square root of 32 is 1
SETTINGS = {
    "as it failed": Setting(),
    "windows of 32": Setting(num_steps=32),
    "learning rate 0.1": Setting(lr=0.1),
    "W_hh at 0.177": Setting(sigma_hh=FINE),
    "clipped at 1": Setting(treatment="clip"),
    "clipped, reversed above 10": Setting(treatment="reverse"),
    "clipped at 0.1": Setting(treatment="clip", theta=0.1),
    "all at 0.177, rate 2": Setting(FINE, lr=2.0),
    "rate 2, clipped at 0.5": Setting(FINE, lr=2.0, treatment="clip", theta=0.5),
}
WORDS = {  # sigma of W_hh, `back` of `read`, and the distance
    "5 letters": (FINE, 1.0, 5),
    "10 letters": (FINE, 1.0, 10),
    "20 letters": (FINE, 1.0, 20),
    "40 letters": (FINE, 1.0, 40),
    "W_hh at 0.1": (0.1, 1.0, 10),
    "gradient strengthened": (0.1, 1.7, 10),
}


def start(setting, seed, vocab_size):
    """Return a network with the initial weights of make_model, and what this setting changes."""
    generator = torch.Generator().manual_seed(seed)
    rnn = RNNByHand(vocab_size, 32, setting.sigma, generator)
    model = RNNLMByHand(rnn, vocab_size, generator)
    with torch.no_grad():
        if setting.sigma_hh is not None:
            rnn.W_hh *= setting.sigma_hh / setting.sigma
    return model


def learn(setting, seed, train_ids, vocab_size):
    """Train one network; return it, the losses, and the gradient norms before the treatment."""
    model = start(setting, seed, vocab_size)
    X, Y = windows(train_ids, setting.num_steps)
    generator = torch.Generator().manual_seed(seed)
    losses, norms = [], []
    for _ in range(setting.num_updates):
        rows = torch.randint(len(X), (64,), generator=generator)
        logits = model(X[rows])
        loss = F.cross_entropy(logits.flatten(0, 1), Y[rows].flatten())
        loss.backward()
        norms.append(gradient_norm(model))
        losses.append(loss.item())
        if not math.isfinite(norms[-1]):
            break
        TREATMENTS[setting.treatment](setting.theta, model)
        with torch.no_grad():
            for p in model.parameters():
                p -= setting.lr * p.grad
                p.grad = None
    return model, losses, norms


def saturated(model, ids, num_windows=64):
    """Return which share of the numbers in the states is above 0.99 or below -0.99."""
    X = windows(ids, 150)[0]
    X = X[:: len(X) // num_windows][:num_windows]
    rnn, H, count = model.rnn, torch.zeros(num_windows, model.rnn.num_hiddens), 0
    with torch.no_grad():
        for x in X.T:
            H = torch.tanh(rnn.W_xh[x] + H @ rnn.W_hh + rnn.b_h)
            count += (H.abs() > 0.99).sum().item()
    return count / (H.numel() * X.shape[1])


def words(distance, batch_size, vocab, generator):
    """Return words after a space, with `distance` letters after the first, and: is that a t?"""
    letters = vocab.encode("abcdefghijklmnopqrstuvwxyz")
    X = letters[torch.randint(26, (batch_size, distance + 2), generator=generator)]
    X[:, 0] = vocab[" "]
    X[torch.rand(batch_size, generator=generator) < 0.5, 1] = vocab["t"]
    return X, (X[:, 1] == vocab["t"]).long()


def read(model, X, back=1.0):
    """Return the last logits; each step back multiplies the gradient by `back` once more."""
    rnn, H = model.rnn, torch.zeros(len(X), model.rnn.num_hiddens)
    for ids in X.T:
        H = back * H + (1 - back) * H.detach()  # the same state
        H = torch.tanh(rnn.W_xh[ids] + H @ rnn.W_hh + rnn.b_h)
    return H @ model.W_hq + model.b_q


def descend(model, loss):
    """Make one clipped update of gradient descent."""
    loss.backward()
    clip_gradients(1.0, model)
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.3 * p.grad
            p.grad = None


def remember(sigma_hh, distance, seed, vocab, num_updates=500, back=1.0):
    """Let a network learn whether a word began with t; return how many of 1,000 it gets right."""
    model = start(Setting(FINE, sigma_hh), seed, len(vocab))
    generator = torch.Generator().manual_seed(seed)
    for _ in range(num_updates):
        X, Y = words(distance, 64, vocab, generator)
        descend(model, F.cross_entropy(read(model, X, back), Y))
    X, Y = words(distance, 1000, vocab, generator)
    with torch.no_grad():
        return (read(model, X).argmax(-1) == Y).sum().item()


def at_the_end(losses, num_updates=300):
    """Return the perplexity over the last 20 updates, or inf if the run broke off."""
    whole = len(losses) == num_updates and all(map(math.isfinite, losses))
    return perplexity(statistics.fmean(losses[-20:])) if whole else math.inf


def outcome(setting, seed, train_ids, vocab_size):
    """Return the perplexity in the end, the share that is saturated, and the longest gradient."""
    model, losses, norms = learn(setting, seed, train_ids, vocab_size)
    share = saturated(model, train_ids)
    return [
        round(at_the_end(losses, setting.num_updates), 2),
        round(share, 3),
        round(max(norms), 1),
    ]


def trials(data):
    """Yield the name of each trial, and what runs it."""
    ids, vocab = data.train_ids, data.vocab
    for kind, settings in WORDS.items():
        yield f"words, {kind}", partial(_words, *settings, vocab)
    for name, setting in SETTINGS.items():
        yield name, partial(_outcomes, setting, ids, len(vocab))


def _words(sigma_hh, back, distance, vocab):
    return [remember(sigma_hh, distance, seed, vocab, back=back) for seed in FEW]


def _outcomes(setting, ids, vocab_size):
    return [outcome(setting, seed, ids, vocab_size) for seed in SEEDS]
