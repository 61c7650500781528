"""Trainings with a part of the gradient missing, for the chapter on backpropagation through time.

See `tools.records`.  The triangle of a network holds the size of the gradient of the loss of each
time step at the state of each time step.
"""

from functools import partial
from itertools import pairwise, product

import torch
from torch.autograd.function import once_differentiable
from torch.optim.lr_scheduler import LinearLR

from charrnn_helpers.bptt import Recurrence, RNNByHand, RNNLMByHand
from charrnn_helpers.data import StreamBatches
from charrnn_helpers.model import check_shape, make_model, one_hot
from charrnn_helpers.training import Options, cross_entropy, evaluate, fit, train
from tools.clipping import descend, words

SENTENCE = "the time traveller for so it will be "
UPDATES = (0, 10, 30, 60, 100, 150, 200, 300, 500, 800, 1224)
KEPT = (1, 2, 4, 8, None)  # how many diagonals of the triangle; None: all of them
FIXED = {"W_hh frozen": False, "W_hh zero": True}  # a network of the second kind sees one character
SEEDS, MORE_SEEDS = (0, 1, 2), range(10)
RATES = (0.005, 0.02, 0.04)  # beside 0.01, the learning rate of the recipe


def keeping(num_diagonals):
    """Return the Recurrence whose gradient has only these parts: from losses at lags below."""

    class Truncated(Recurrence):
        @staticmethod
        @once_differentiable
        def backward(ctx, from_above):
            X, H, _, W_hh = ctx.saved_tensors
            slopes, part, dH = 1 - H[1:] ** 2, from_above, from_above.clone()
            for _ in range(1, num_diagonals):  # what comes from the losses of one lag
                part = (part[1:] * slopes[1 : len(part)]) @ W_hh.T
                dH[: len(part)] += part
            dA, H_before = (a.flatten(0, 1) for a in (dH * slopes, H[:-1]))
            return None, None, X.flatten(0, 1).T @ dA, H_before.T @ dA, dA.sum(dim=0)

    return Truncated


class TruncatedRNN(RNNByHand):
    """RNNByHand with another Recurrence."""

    recurrence = Recurrence

    def forward(self, inputs, state=None):
        shape = inputs.shape[1], self.num_hiddens
        state = inputs.new_zeros(shape) if state is None else state
        check_shape(state, shape)
        outputs = self.recurrence.apply(inputs, state, self.W_xh, self.W_hh, self.b_h)
        return outputs, outputs[-1]


@torch.no_grad()
def start(seed, vocab_size, kept=None, frozen=False, num_hiddens=128, zero=False):
    """Return the network of the course, or a smaller one, before its training."""
    generator = torch.Generator().manual_seed(seed)
    rnn = TruncatedRNN(vocab_size, num_hiddens, 0.1, generator)
    if kept is not None:
        rnn.recurrence = keeping(kept)
    rnn.W_hh.requires_grad_(not frozen)
    if zero:
        rnn.W_hh.zero_()
    return RNNLMByHand(rnn, vocab_size, generator)


def run_of(model, train_ids, lr=0.01):
    """Return the run that trains the network as `RECIPES` does, or with another learning rate."""
    streams = StreamBatches(train_ids, 32, 32)
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(learned, lr=lr)
    decay = LinearLR(optimizer, 1, 0, total_iters=9 * len(streams))
    return train(model, streams, Options(num_epochs=9, carry_state=True), optimizer, decay)


def validation(data, seed, lr=0.01, **change):
    """Train a network with this change; return its loss on the validation part, as one text."""
    model = start(seed, len(data.vocab), **change)
    fit(run_of(model, data.train_ids, lr))
    return evaluate(model, StreamBatches(data.val_ids, 1, 1000), carry_state=True)


@torch.no_grad()
def triangle(model, ids):
    """Return a row for each loss: the size of its gradient at each state up to its own.

    The size is the root of the mean of the squares of the numbers.
    """
    X = one_hot(ids[:-1], model.vocab_size).unsqueeze(1)
    H = model.rnn(X)[0].squeeze(1)  # (num_steps, num_hiddens)
    logits = H @ model.W_hq + model.b_q
    dH = (logits.softmax(-1) - one_hot(ids[1:], model.vocab_size)) @ model.W_hq.T
    rows = []
    for i, grad in enumerate(dH):
        sizes = []
        for j in range(i, -1, -1):
            sizes.append(float(f"{grad.square().mean().sqrt().item():.2g}"))
            grad = (grad * (1 - H[j] ** 2)) @ model.rnn.W_hh.T
        rows.append(sizes[::-1])
    return rows


@torch.no_grad()
def left(model, ids, most=24):
    """Return which share of the gradient of a loss is left at each lag, from 0 on."""
    X, Y = next(iter(StreamBatches(ids, 32, 100)))
    H, _ = model.rnn(one_hot(X.T, model.vocab_size))
    logits = H @ model.W_hq + model.b_q
    part = (logits.softmax(-1) - one_hot(Y.T, model.vocab_size)) @ model.W_hq.T
    sizes = [part.square().mean().sqrt().item()]
    for _ in range(most):
        part = (part[1:] * (1 - H[1 : len(part)] ** 2)) @ model.rnn.W_hh.T
        sizes.append(part.square().mean().sqrt().item())
    return [float(f"{size / sizes[0]:.3g}") for size in sizes]


def during(model, data, look):
    """Train the network, and return what it looks like after each of `UPDATES`."""
    run, found = run_of(model, data.train_ids), {"0": look(model)}
    for before, after in pairwise(UPDATES):
        for _ in range(after - before):
            next(run)
        found[str(after)] = look(model)
    return found


def triangles(data):
    """Return the triangle of one network after each of `UPDATES` of its training."""
    ids = data.vocab.encode(SENTENCE)
    model = start(0, len(data.vocab))
    return during(model, data, lambda model: triangle(model, ids))


def fading(data, seed):
    """Return what is left of the gradient at each lag, after each of `UPDATES`."""
    model = start(seed, len(data.vocab))
    return during(model, data, lambda model: left(model, data.val_ids))


def read_words(model, X, kept):
    """Return the last logits; the gradient goes back through so many states."""
    rnn, H = model.rnn, torch.zeros(len(X), model.rnn.num_hiddens)
    for t, x in enumerate(one_hot(X.T, model.vocab_size)):
        if t == X.shape[1] - kept:
            H = H.detach()
        H = torch.tanh(x @ rnn.W_xh + H @ rnn.W_hh + rnn.b_h)
    return H @ model.W_hq + model.b_q


def remember(vocab, kept, seed, distance=5):
    """Learn the words of the chapter on clipping; return the share of right answers."""
    model = make_model(len(vocab), 32, 0.177, seed)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(500):
        X, Y = words(distance, 64, vocab, generator)
        descend(model, cross_entropy(read_words(model, X, kept), Y))
    X, Y = words(distance, 1000, vocab, generator)
    with torch.no_grad():
        return (read_words(model, X, kept).argmax(-1) == Y).float().mean().item()


def trials(data):
    """Yield the name of each trial, and what runs it."""
    yield "triangles", partial(triangles, data)
    for kept in range(1, 7):
        runs = [partial(remember, data.vocab, kept, seed) for seed in MORE_SEEDS]
        yield f"words {kept}", lambda runs=runs: [run() for run in runs]
    yield "left 0", partial(fading, data, 0)
    for seed in SEEDS:
        for kept in KEPT:
            yield f"{kept or 'all'} {seed}", partial(validation, data, seed, kept=kept)
        for name, zero in FIXED.items():
            yield f"{name} {seed}", partial(validation, data, seed, frozen=True, zero=zero)
    for kept, lr, seed in product((1, None), RATES, SEEDS):
        yield f"{kept or 'all'} at {lr} {seed}", partial(validation, data, seed, lr=lr, kept=kept)
