"""The exercises of notebook 11: a mixture that learns its weight, and the score to report."""

import copy
import math

import torch

from charrnn_helpers.checks.judge import Case, Exercise
from charrnn_helpers.checks.values import named


def my_learning_mixture(p, q, lr):
    a, noted = 0.0, []
    for p_t, q_t in zip(p.tolist(), q.tolist(), strict=True):
        w = 1 / (1 + math.exp(-a))
        m = w * p_t + (1 - w) * q_t
        noted.append(m)
        slope = -(p_t - q_t) / m * w * (1 - w)
        a = a - lr * slope
    return torch.tensor(noted)


def learning_case(p, q, lr):
    return Case(
        f"(torch.tensor({p}), torch.tensor({q}), {lr})", lambda: (*map(torch.tensor, (p, q)), lr)
    )


LEARNING_MIXTURE_CASES = (
    learning_case([0.5], [0.1], 1.0),
    learning_case([0.5, 0.5], [0.1, 0.1], 1.0),
    learning_case([0.9, 0.2, 0.8], [0.3, 0.6, 0.1], 1.0),
    learning_case([0.9, 0.2, 0.8], [0.3, 0.6, 0.1], 0.1),
    learning_case([0.1, 0.1, 0.1, 0.1], [0.9, 0.8, 0.9, 0.8], 2.0),
    learning_case([0.3, 0.3], [0.3, 0.3], 1.0),
    learning_case([0.05, 0.9, 0.4, 0.7, 0.6, 0.02], [0.7, 0.01, 0.5, 0.2, 0.9, 0.3], 0.5),
)


def my_open_once(val, test):
    val_means = {name: sum(losses) / len(losses) for name, losses in val.items()}
    test_means = {name: sum(losses) / len(losses) for name, losses in test.items()}
    chosen = min(val_means, key=val_means.get)
    reported = test_means[chosen]
    lowest = min(test_means.values())
    return reported, reported - lowest


def both_numbers(answer, val, test):
    return named(answer(val, test), "the loss to report", "the flattery")


def tried(val, test):
    """Return a case that is shown as the reader would write it."""
    return Case(f"({val}, {test})", lambda: (copy.deepcopy(val), copy.deepcopy(test)))


OPEN_ONCE_CASES = (
    tried({"a": [1.2], "b": [1.3]}, {"a": [1.5], "b": [1.4]}),
    tried({"a": [1.2], "b": [1.3]}, {"a": [1.3], "b": [1.6]}),
    tried({"a": [1.0, 1.6], "b": [1.2, 1.3]}, {"a": [1.1, 1.4], "b": [1.4, 1.7]}),
    tried({"a": [1.4, 1.5], "b": [1.3, 1.2]}, {"a": [1.1, 1.9], "b": [1.7, 1.9]}),
    tried(
        {5: [1.31, 1.35, 1.33], 6: [1.29, 1.30, 1.31], 7: [1.27, 1.36, 1.33]},
        {5: [1.41, 1.30, 1.37], 6: [1.39, 1.35, 1.40], 7: [1.28, 1.44, 1.45]},
    ),
    tried(
        {"x": [2.0, 2.2, 2.1], "y": [1.9, 1.7], "z": [1.75, 2.4, 1.6]},
        {"x": [1.9, 1.6, 1.9], "y": [2.1, 1.8], "z": [1.7, 2.0, 1.6]},
    ),
    tried({"only": [1.2, 1.4]}, {"only": [1.5, 1.3]}),
    tried({"a": [1.2, 1.6], "b": [1.5, 1.5]}, {"a": [1.4, 1.6], "b": [1.3, 1.5]}),
)
EXERCISES = (
    Exercise("learning_mixture", 11, my_learning_mixture, LEARNING_MIXTURE_CASES),
    Exercise("open_once", 11, my_open_once, OPEN_ONCE_CASES, both_numbers),
)
