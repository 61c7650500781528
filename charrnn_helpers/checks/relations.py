"""Relations: how what an answer returned is related to what was expected, whatever the reason."""

import math
from typing import NamedTuple

import torch

from charrnn_helpers.checks.values import ATOL, RTOL, as_tensor

FEWEST = 3  # numbers that are needed to tell one relation from another
LN2 = math.log(2)


class Relation(NamedTuple):
    """The name of a relation, and a sentence about it."""

    name: str
    text: str


SAME_SHAPE = {  # what is compared with the result, and what is said if they are equal
    "sign": (lambda want: -want, "It is the negative of the expected result."),
    "exp of it": (torch.exp, "It is exp() of the expected result."),
    "log of it": (torch.log, "It is the natural logarithm of the expected result."),
    "reciprocal": (lambda want: 1 / want, "It is 1 divided by the expected result."),
    "square": (lambda want: want**2, "It is the square of the expected result."),
    "root": (torch.sqrt, "It is the square root of the expected result."),
    "one less": (lambda want: want - 1, "It is always one less than the expected result."),
    "one more": (lambda want: want + 1, "It is always one more than the expected result."),
    "all zero": (torch.zeros_like, "It is always zero."),
    "absolute value": (torch.abs, "The signs are lost: it is the expected result without them."),
    "rounded down": (
        torch.floor,
        "The decimals are lost: it is the expected result, rounded down.",
    ),
    "cut to integers": (torch.trunc, "The decimals are lost. Does a tensor hold whole numbers?"),
    "rounded": (torch.round, "It is the expected result, rounded to whole numbers."),
}
ROUNDING = (torch.floor, torch.trunc, torch.round)
RESHAPED = {
    "last only": (lambda want: want[-1], "Only the last of the expected items is returned."),
    "first only": (lambda want: want[0], "Only the first of the expected items is returned."),
    "mean of it": (lambda want: want.mean(), "It is the mean of the expected numbers."),
    "sum of it": (lambda want: want.sum(), "It is the sum of the expected numbers."),
}
FACTORS = {"bits": 1 / LN2, "nats": LN2}  # by which a number in the other unit is multiplied


def relation(pairs, unit=""):
    """Return the Relation of all pairs (got, want), or None; `unit` is the expected one."""
    if any(isinstance(want, bool) for _, want in pairs):
        return None
    pairs = [(as_tensor(got), as_tensor(want)) for got, want in pairs]
    if any(got is None or want is None for got, want in pairs):
        return None
    pairs = [(got.double(), want.double()) for got, want in pairs]
    if sum(want.numel() for _, want in pairs) < FEWEST:
        return None
    if any(got.shape != want.shape for got, want in pairs):
        return other_shape(pairs)
    for name, (change, sentence) in SAME_SHAPE.items():
        if change in ROUNDING and not any((got.abs() > 1).any() for got, _ in pairs):
            continue  # 0 and 1 may come from something else
        if all(torch.allclose(got, change(want), RTOL, ATOL) for got, want in pairs):
            return Relation(name, sentence)
    got, want = (torch.cat([pair[i].flatten() for pair in pairs]) for i in (0, 1))
    return exchanged(pairs) or factor(got, want, unit) or cut_off(got, want) or nearly(got, want)


def other_shape(pairs):
    """Return the Relation of pairs of which some differ in shape."""
    same = all(g.numel() == w.numel() and equal(g.flatten(), w.flatten()) for g, w in pairs)
    if same and all(squeezed(got) == squeezed(want) for got, want in pairs):
        text = "The numbers are right, but there is an axis of length 1 too many or too few."
        return Relation("an axis of length 1", text)
    if same:
        return Relation(
            "another shape", "The numbers and their order are right, but not the shape."
        )
    for name, (change, sentence) in RESHAPED.items():
        if all(want.dim() and len(want) and equal(got, change(want)) for got, want in pairs):
            return Relation(name, sentence)
    return exchanged(pairs)


def equal(got, want):
    return got.shape == want.shape and torch.allclose(got, want, RTOL, ATOL)


def squeezed(tensor):
    return [size for size in tensor.shape if size > 1]


def exchanged(pairs):
    """Return the Relation if the axes are in another order in all pairs that have two."""
    for i, j in ((0, 1), (0, 2), (1, 2)):
        if all(w.dim() > j and equal(g, w.transpose(i, j)) for g, w in pairs):
            if all(w.dim() == 2 for _, w in pairs):
                return Relation("transposed", "Rows and columns are exchanged.")
            return Relation("transposed", f"Axis {i} and axis {j} are exchanged.")
    for old, new, text in (
        (-1, 0, "The last axis has come to the front."),
        (0, -1, "The first axis has come to the end."),
    ):
        several = any(w.dim() > 1 for _, w in pairs)
        if several and all(not w.dim() or equal(g, w.movedim(old, new)) for g, w in pairs):
            return Relation("axis moved", text)
    return None


def factor(got, want, unit):
    """Return the Relation if each number is the same factor times the expected one."""
    ratios, zeros = (got / want)[want.abs() > ATOL], got[want.abs() <= ATOL]
    steady = len(ratios) >= FEWEST and ratios[0] != 0 and torch.allclose(ratios, ratios[0], 1e-3)
    if not steady or (zeros.abs() > ATOL).any():
        return None
    found = ratios[0].item()
    other = {"nats": "bits", "bits": "nats"}.get(unit)
    if other and math.isclose(found, FACTORS[other], rel_tol=1e-3):
        return Relation(other, f"It is in {other}. The expected result is in {unit}.")
    return Relation("factor", f"Every number is {found:.4g} times the expected one.")


def cut_off(got, want):
    """Return the Relation if the numbers are right up to a limit, and constant beyond it."""
    for limit, clamped, word in (
        (got.max(), want.clamp(max=got.max()), "larger"),
        (got.min(), want.clamp(min=got.min()), "smaller"),
    ):
        beyond = want[torch.isclose(got, limit, RTOL, ATOL)].unique()
        if equal(got, clamped) and len(beyond) > 1 and len(got[got != limit]) > 1:
            text = (
                f"It is right up to {limit:.4g}, and is {limit:.4g} where a {word} number is due."
            )
            return Relation("cut off", text)
    return None


def nearly(got, want):
    """Return the Relation if all numbers are nearly right."""
    error = ((got - want).abs() / want.abs().clamp(min=ATOL)).max()
    if not error < 0.01:
        return None
    text = (
        f"The numbers are nearly right: they differ by {error:.2%} at most. That is what a rounded"
    )
    text += " constant does, a small number added for safety, or something done once too often."
    return Relation("nearly right", text)


def degenerate(value):
    """Tell whether a settled value says little: empty, one number over and over, or not finite."""
    tensor = as_tensor(value)
    if tensor is None:
        return not value
    finite = tensor[tensor.isfinite()]
    return not len(finite) or (tensor.numel() > 1 and bool((finite == finite[0]).all()))
