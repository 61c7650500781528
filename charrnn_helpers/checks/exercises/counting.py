"""The exercises of notebook 4: shorter contexts, a gradient by hand, a hunt, and a limit."""

import math  # noqa: F401 - an answer may use it
from collections import Counter, defaultdict  # noqa: F401

import torch

from charrnn_helpers.checks.judge import Case, Exercise, case, draw
from charrnn_helpers.training import cross_entropy


def my_interpolate(tables, context, char, vocab_size):
    p = 1 / vocab_size
    for k in range(min(len(tables), len(context) + 1)):
        counts = tables[k].get(context[len(context) - k :])
        if counts is None:
            break
        kinds = len(counts)
        p = (counts[char] + kinds * p) / (counts.total() + kinds)
    return p


def counted(text, k):
    """What follows each context of k characters, as the notebook counts it."""
    table = {}
    for i in range(k, len(text)):
        table.setdefault(text[i - k : i], Counter())[text[i]] += 1
    return table


def after(text, lengths, context, char, vocab_size):
    """A Case: the tables of a short text for contexts of fewer than `lengths` characters."""
    tables = f'[count("{text}", k) for k in range({lengths})]'
    shown = f'({tables}, "{context}", "{char}", {vocab_size})'
    return Case(
        shown,
        lambda: ([counted(text, k) for k in range(lengths)], context, char, vocab_size),
    )


INTERPOLATE_CASES = (
    after("aab", 1, "", "a", 4),
    after("aab", 1, "b", "c", 4),
    after("abaabb", 2, "a", "b", 4),
    after("abacabad", 2, "ba", "c", 5),
    after("abacabad", 3, "ca", "b", 5),
    after("abacabad", 3, "xa", "d", 5),  # the context of two was never seen
    after("abacabad", 3, "bx", "a", 5),  # nor were both of them
    after("abacabad", 4, "cab", "x", 6),
    after("abacabad", 4, "a", "a", 6),  # a context that is shorter than the longest
    after("queen quits quick quiz", 4, "n q", "u", 28),
    after("queen quits quick quiz", 3, "equi", "t", 28),
)


def my_bigram_gradient(W, ids):
    grad = torch.zeros_like(W)
    pairs = list(zip(ids[:-1].tolist(), ids[1:].tolist(), strict=True))
    for a, b in pairs:
        predicted = W[a].softmax(dim=0)
        grad[a] += predicted
        grad[a, b] -= 1
    return grad / len(pairs)


GRADIENT_CASES = (
    case(torch.zeros(2, 2), torch.tensor([0, 1])),
    case(torch.zeros(3, 3), torch.tensor([0, 1, 0, 1, 2])),
    case(draw(3, 3, seed=1), torch.tensor([0, 1, 0, 2, 0, 1])),
    case(draw(4, 4, seed=2), torch.tensor([3, 1, 1, 1, 0, 3, 1])),
    case(draw(5, 5, seed=3, scale=2), torch.tensor([0, 1, 0, 1, 0, 1, 2, 4, 0])),
)


def by_hand(answer, *args):
    """Call the answer while nothing is recorded, so that backward() cannot help."""
    with torch.no_grad():
        return answer(*args)


def my_descend(W, ids, learning_rate, num_updates):
    W = W.clone().requires_grad_()
    for _ in range(num_updates):
        loss = cross_entropy(W[ids[:-1]], ids[1:])
        loss.backward()
        with torch.no_grad():
            W -= learning_rate * W.grad
        W.grad = None
    return W.detach()


def given_descend(W, ids, learning_rate, num_updates):
    """The code of the notebook, with its two mistakes."""
    W = W.clone().requires_grad_()
    for _ in range(num_updates):
        loss = cross_entropy(W[ids[1:]], ids[:-1])
        loss.backward()
        with torch.no_grad():
            W -= learning_rate * W.grad
    return W.detach()


DESCENT_CASES = (
    case(torch.zeros(2, 2), torch.tensor([0, 1, 0]), 1.0, 2),  # the same from behind
    case(torch.zeros(2, 2), torch.tensor([0, 1]), 1.0, 1),
    case(torch.zeros(3, 3), torch.tensor([0, 1, 0, 2]), 2.0, 1),
    case(draw(3, 3, seed=1), torch.tensor([0, 1, 2, 0, 0]), 3.0, 2),
    case(draw(4, 4, seed=2), torch.tensor([3, 1, 1, 0, 3, 1]), 0.5, 3),
    case(draw(4, 4, seed=3), torch.tensor([2, 1, 2, 0, 2, 1, 3]), 2.0, 0),
    case(draw(5, 5, seed=4, scale=2), torch.tensor([0, 1, 0, 1, 2, 4, 0, 1]), 4.0, 12),
)


def plain_table(answer, *args):
    """Return the answer's table; a record of operations on it is no mistake."""
    found = answer(*args)
    return found.detach() if isinstance(found, torch.Tensor) else found


def my_largest_rate(share, actual):
    curvature = actual * (1 - actual)
    return 2 / (share * curvature)


RATE_CASES = (
    case(0.2, 0.3),
    case(0.5, 0.5),
    case(0.25, 0.2),
    case(0.1, 0.6),
    case(0.02, 0.8),
    case(0.9, 0.75),
)


EXERCISES = (
    Exercise("interpolate", 4, my_interpolate, INTERPOLATE_CASES),
    Exercise("bigram_gradient", 4, my_bigram_gradient, GRADIENT_CASES, by_hand),
    Exercise("broken_descent", 4, my_descend, DESCENT_CASES, plain_table, given_descend),
    Exercise("largest_rate", 4, my_largest_rate, RATE_CASES),
)
