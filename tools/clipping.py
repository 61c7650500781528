"""Train the many networks of the notebook on gradient clipping, and record how they end.

`make models` runs it.  It takes an hour on one core, goes on where it was stopped, and writes
`build/models/clipping.json`; the file of that name in `charrnn_helpers/trained` was made by it.
"""

import argparse
import itertools
import json
import math
import statistics
import weakref
from pathlib import Path
from typing import NamedTuple

import torch
from torch.nn import functional as F

from charrnn_helpers.book import load_time_machine
from charrnn_helpers.bptt import RNNByHand, RNNLMByHand
from charrnn_helpers.data import TimeMachine, windows
from charrnn_helpers.training import clip_gradients, gradient_norm, perplexity


class Setting(NamedTuple):
    """How one network learns; the notebook has the same loop."""

    sigma: float = 0.3  # of all weights
    sigma_hh: float | None = None  # of W_hh, if it differs
    lr: float = 1.0
    treatment: str = "none"  # what is done to a gradient before the step, a key of TREATMENTS
    theta: float = 1.0
    num_steps: int = 150  # the length of the windows
    num_updates: int = 300


def clip_values(theta, model, generator):
    """Limit each coordinate of the gradient to the range from -theta to theta."""
    for p in model.parameters():
        p.grad.clamp_(-theta, theta)


def turn(theta, model, generator):
    """Replace a gradient that is longer than theta by a random one of length theta."""
    if not gradient_norm(model) <= theta:
        for p in model.parameters():
            p.grad = torch.randn(p.shape, generator=generator)
        clip_gradients(theta, model)


def leave_out(theta, model, generator):
    """Leave out a step whose gradient is longer than theta."""
    if not gradient_norm(model) <= theta:
        for p in model.parameters():
            p.grad.zero_()


def turn_first(theta, model, generator):
    """Replace the first gradient that is longer than theta by a random one, and clip the others."""
    if model not in TURNED and not gradient_norm(model) <= theta:
        TURNED.add(model)
        turn(theta, model, generator)
    clip_gradients(theta, model)


TURNED = weakref.WeakSet()  # the models whose first long gradient has come
TREATMENTS = {
    "none": lambda theta, model, generator: None,
    "clip": lambda theta, model, generator: clip_gradients(theta, model),
    "value": clip_values,
    "random": turn,
    "random once": turn_first,
    "skip": leave_out,
}
SEEDS, FEW = range(10), range(5)
BACK = ((0.177, 0.6), (0.1, 1.7), (0.177, 1.1))  # sigma of W_hh, and `back` of `read`
FINE = 0.177  # sigma times the square root of 32 is 1
SETTINGS = {
    "sigma 0.3": (Setting(), SEEDS),
    "sigma 0.177": (Setting(FINE), SEEDS),
    "clip": (Setting(treatment="clip"), SEEDS),
    "W_hh small": (Setting(sigma_hh=FINE), SEEDS),
    "windows of 32": (Setting(num_steps=32), SEEDS),
    "lr 0.1": (Setting(lr=0.1), SEEDS),
    "rest small": (Setting(0.1, 0.3), SEEDS),
    "random": (Setting(treatment="random"), SEEDS),
    "value 0.01": (Setting(treatment="value", theta=0.01), SEEDS),
    "skip": (Setting(treatment="skip"), FEW),
    "value 1": (Setting(treatment="value", theta=1.0), FEW),
    "lr 2": (Setting(FINE, lr=2.0), FEW),
    "lr 2 theta 1": (Setting(FINE, lr=2.0, treatment="clip"), FEW),
    "lr 4 theta 1": (Setting(FINE, lr=4.0, treatment="clip"), FEW),
    "lr 4 theta 0.25": (Setting(FINE, lr=4.0, treatment="clip", theta=0.25), FEW),
    "sigma 0.177 clip": (Setting(FINE, treatment="clip"), FEW),
    "lr 2 theta 2": (Setting(FINE, lr=2.0, treatment="clip", theta=2.0), FEW),
    "windows of 32, lr 0.1": (Setting(lr=0.1, num_steps=32), SEEDS),
    "random once": (Setting(treatment="random once"), SEEDS),
    "lr 4 theta 0.5": (Setting(FINE, lr=4.0, treatment="clip", theta=0.5), FEW),
    "clip, 1200 steps": (Setting(treatment="clip", num_updates=1200), range(3)),
    "W_hh small, 1200 steps": (Setting(sigma_hh=FINE, num_updates=1200), range(3)),
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
    """Train one network; return the losses and the gradient norms, before the treatment."""
    model = start(setting, seed, vocab_size)
    X, Y = windows(train_ids, setting.num_steps)
    generator = torch.Generator().manual_seed(seed)
    other = torch.Generator().manual_seed(1000 + seed)  # for what the treatment draws
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
        TREATMENTS[setting.treatment](setting.theta, model, other)
        with torch.no_grad():
            for p in model.parameters():
                p -= setting.lr * p.grad
                p.grad = None
    return losses, norms


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


def remember(sigma_hh, distance, seed, vocab, num_updates=500, back=1.0):
    """Let a network learn whether a word began with t; return how many of 1,000 it gets right."""
    model = start(Setting(FINE, sigma_hh), seed, len(vocab))
    generator = torch.Generator().manual_seed(seed)
    for _ in range(num_updates):
        X, Y = words(distance, 64, vocab, generator)
        logits = model(X)[:, -1] if back == 1 else read(model, X, back)
        F.cross_entropy(logits, Y).backward()
        clip_gradients(1.0, model)
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.3 * p.grad
                p.grad = None
    X, Y = words(distance, 1000, vocab, generator)
    with torch.no_grad():
        return (model(X)[:, -1].argmax(-1) == Y).sum().item()


def at_the_end(losses, num_updates=300):
    """Return the perplexity over the last 20 steps, or inf if the run broke off."""
    whole = len(losses) == num_updates and all(map(math.isfinite, losses))
    return perplexity(statistics.fmean(losses[-20:])) if whole else math.inf


def main():
    parser = argparse.ArgumentParser(prog="tools.clipping", description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("build/models"), metavar="FOLDER")
    path = parser.parse_args().to / "clipping.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    data = TimeMachine(64, 32, load_time_machine())
    found = json.loads(path.read_text()) if path.exists() else {}
    for sigma_hh, distance in itertools.product((FINE, 0.1), (5, 10, 20, 40)):
        name = f"remember {distance}, {sigma_hh}"
        if name not in found:
            found[name] = [remember(sigma_hh, distance, seed, data.vocab) for seed in FEW]
            print(name, found[name], flush=True)
            path.write_text(json.dumps(found, indent=1))
    for (sigma_hh, back), distance in itertools.product(BACK, (10, 20, 40)):
        name = f"remember {distance}, {sigma_hh}, back {back}"
        if name not in found:
            found[name] = [
                remember(sigma_hh, distance, seed, data.vocab, 500, back) for seed in FEW
            ]
            print(name, found[name], flush=True)
            path.write_text(json.dumps(found, indent=1))
    for name, (setting, seeds) in SETTINGS.items():
        if name not in found:
            runs = [learn(setting, seed, data.train_ids, len(data.vocab)) for seed in seeds]
            found[name] = [round(at_the_end(run[0], setting.num_updates), 2) for run in runs]
            print(name, found[name], [round(max(norms), 1) for _, norms in runs], flush=True)
            path.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
