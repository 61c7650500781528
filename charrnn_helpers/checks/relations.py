"""Relations: how what an answer returned is related to what was expected, whatever the reason."""

import torch

from charrnn_helpers.checks.values import ATOL, RTOL, as_tensor

FEWEST = 3  # numbers that are needed to tell one relation from another


def relation(pairs):
    """Return (name, sentence) on all pairs (got, want), or None."""
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
    got, want = (torch.cat([pair[i].flatten() for pair in pairs]) for i in (0, 1))
    return exchanged(pairs) or factor(got, want)


def other_shape(pairs):
    """Return what can be said of pairs of which some differ in shape."""
    if all(equal(got.squeeze(), want.squeeze()) for got, want in pairs):
        text = "The numbers are right, but there is an axis of length 1 too many or too few."
        return "an axis of length 1", text
    return exchanged(pairs)


def equal(got, want):
    return got.shape == want.shape and torch.allclose(got, want, RTOL, ATOL)


def exchanged(pairs):
    """Return what can be said if two axes are exchanged in all pairs."""
    for i, j in ((0, 1), (0, 2), (1, 2)):
        if all(w.dim() > j and equal(g, w.transpose(i, j)) for g, w in pairs):
            two = all(w.dim() == 2 for _, w in pairs)
            what = "Rows and columns" if two else f"Axis {i} and axis {j}"
            return "transposed", f"{what} are exchanged."
    return None


def factor(got, want):
    """Return what can be said if each number is the same factor times the expected one."""
    ratios, zeros = (got / want)[want.abs() > ATOL], got[want.abs() <= ATOL]
    steady = len(ratios) >= FEWEST and ratios[0] != 0 and torch.allclose(ratios, ratios[0], 1e-3)
    if not steady or (zeros.abs() > ATOL).any():
        return None
    if abs(ratios[0] - 1) < 1e-3:  # the numbers are right, and something else is not
        return None
    return "factor", f"Every number is {ratios[0].item():.4g} times the expected one."


def degenerate(value):
    """Tell whether a settled value says little: empty, one number over and over, or not finite."""
    tensor = as_tensor(value)
    if tensor is None:
        return not value
    finite = tensor[tensor.isfinite()]
    return not len(finite) or (tensor.numel() > 1 and bool((finite == finite[0]).all()))
