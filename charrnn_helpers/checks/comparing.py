"""Comparing: what came out beside what should have, and how the two are related."""

import itertools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

DEEPEST = 8  # lists in lists
LARGEST = 10**6  # numbers in a tensor, or things in a list; a check's answers are tiny
COMPLEX = "complex, with a real and an imaginary part; abs() gives its absolute value"
RTOL, ATOL = 1e-4, 1e-5


class Strange(NamedTuple):
    """Something that cannot be compared, in words."""

    what: str


class Failure(NamedTuple):
    """A part of an answer that stopped with an error, in words."""

    what: str


def attempt(work, *args):
    """work(*args), or the Failure that it ends in."""
    try:
        return work(*args)
    except Exception as error:
        return Failure(error_text(error))


def error_text(error):
    """The error as Python names it, on one line."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else ""
    text = text[:200].rstrip(".")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Difference(NamedTuple):
    """The first thing that is not as it should be."""

    kind: str  # in a word or two: type, shape, value, another order, ...
    text: str
    part: str = ""  # where, if there are several parts


def settle(value, depth=0):
    """A plain copy of what an answer gives: tensors, numbers, texts, lists, dicts, or Strange."""
    if isinstance(value, nn.Module):
        return {name: settle(p) for name, p in value.state_dict().items()}
    if isinstance(value, (np.ndarray, np.generic)):
        numeric = value.dtype.kind in "fiub" and value.size <= LARGEST
        if value.dtype.kind == "c":
            return Strange(COMPLEX)
        return _plain(torch.as_tensor(value.copy())) if numeric else Strange("an odd NumPy array")
    if isinstance(value, torch.Tensor):
        return _plain(value)
    if isinstance(value, (Strange, Failure)):
        return value
    if depth > DEEPEST:
        return Strange("a list in a list in a list and so on")
    if isinstance(value, (list, tuple, range)):
        if len(value) > LARGEST:
            return Strange(f"a list of {len(value):,} things")
        return [settle(part, depth + 1) for part in value]
    if isinstance(value, dict):
        parts = itertools.islice(value.items(), LARGEST)
        return {name: settle(part, depth + 1) for name, part in parts}
    if value is None or value is ... or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, complex):
        return Strange(COMPLEX)
    if isinstance(value, str):
        return str(value)[:LARGEST]
    return Strange(_article(type(value).__name__))


def _plain(tensor):
    if tensor.numel() > LARGEST:
        return Strange(f"a tensor of shape {tuple(tensor.shape)}")
    if tensor.is_complex():
        return Strange(COMPLEX)
    if tensor.is_quantized:
        return Strange("a quantised tensor")
    if tensor.device.type == "meta" or tensor.layout != torch.strided:
        return Strange(f"a tensor on the device {str(tensor.device)!r}")
    return tensor.detach().clone().as_subclass(torch.Tensor)


def _article(noun):
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def compare(got, want):
    """The Difference between two settled values, or None if they agree.

    Lenient where nothing is lost: lists, NumPy arrays and other floating-point types are fine.
    """
    if isinstance(want, dict):
        for part, value in want.items():
            found = compare(got[part], value)
            if found:
                return found._replace(part=part)
        return None
    if got is None and want is not None:
        return Difference("nothing", "nothing came back, None")
    if isinstance(got, Failure):
        return Difference("raises", f"it stops with an error, {got.what}")
    if isinstance(got, Strange):
        kind = "device" if "device" in got.what else "complex" if got.what == COMPLEX else "type"
        return Difference(kind, f"what came back is {got.what}")
    if isinstance(want, str):
        return _compare_texts(got, want)
    if isinstance(want, list):
        return _compare_lists(got, want)
    return _compare_numbers(got, want)


def _compare_texts(got, want):
    if not isinstance(got, str):
        return Difference("type", f"what came back is {name_of(got)}, not a text")
    if got == want:
        return None
    if len(got) != len(want):
        return Difference("value", f"the text has {len(got)} characters, expected {len(want)}")
    at = next(i for i, (g, w) in enumerate(zip(got, want, strict=True)) if g != w)
    return Difference("value", f"the text is another one from place {at} on")


def _compare_lists(got, want):
    if isinstance(got, torch.Tensor) and got.dim() > 0:
        got = list(got)  # rows on top of each other are as good as a list of them
    if not isinstance(got, list):
        return Difference("type", f"what came back is {name_of(got)}, not {len(want)} things")
    if want and all(isinstance(w, str) for w in want):
        return _compare_names(got, want)
    if len(got) != len(want):
        things = "1 thing" if len(got) == 1 else f"{len(got)} things"
        return Difference("shape", f"{things} came back, expected {len(want)}")
    for i, (g, w) in enumerate(zip(got, want, strict=True)):
        found = compare(g, w)
        if found:
            return found._replace(text=f"in place {i}, {found.text}") if len(want) > 1 else found
    return None


def _compare_names(got, want):
    """Lists with texts in them: which are missing, which are not expected, or is it the order?"""
    missing = [w for w in want if w not in got]
    surplus = [g for g in got if not isinstance(g, str) or g not in want]
    words = [f"missing: {brief(missing)}"] if missing else []
    words += [f"not expected: {brief(surplus)}"] if surplus else []
    if words:
        return Difference("missing or surplus", "; ".join(words))
    if len(got) != len(want):
        return Difference("shape", f"{len(got)} things came back, expected {len(want)}")
    return None if got == want else Difference("another order", "they stand in another order")


def _compare_numbers(got, want):
    tensor = as_tensor(got)
    if tensor is None:
        wanted = "a tensor" if isinstance(want, torch.Tensor) else "a number"
        return Difference("type", f"what came back is {name_of(got)}, not {wanted}")
    target = as_tensor(want)
    if target.dim() == 0 and tensor.numel() == 1:
        tensor = tensor.reshape(())  # one number is one number
    if tensor.shape != target.shape:
        return Difference("shape", shape_text(tensor.shape, target.shape))
    wants_float = isinstance(want, torch.Tensor) and want.is_floating_point()
    if wants_float and not (tensor.is_floating_point() or isinstance(got, list)):
        return Difference("dtype", f"the type is {tensor.dtype}, expected torch.float32")
    tensor, target = tensor.double(), target.double()
    if (tensor.isnan() & ~target.isnan()).any():
        return Difference("nan", "there is a nan in what came back")
    if not torch.allclose(tensor, target, RTOL, ATOL, equal_nan=True):
        return Difference("value", _places(tensor, target))
    return None


def _places(got, want):
    """How many numbers differ, and the first that does, in words."""
    if want.dim() == 0:
        return f"it is {brief(got.item())}, expected {brief(want.item())}"
    wrong, place = _wrong_places(got, want)
    first = f"at {place} it is {brief(got[tuple(place)].item())}, expected "
    first += brief(want[tuple(place)].item())
    return f"{wrong.sum()} of {want.numel()} numbers differ; {first}"


def _wrong_places(got, want):
    """Which numbers differ, and the place of the first."""
    wrong = ~torch.isclose(got, want, RTOL, ATOL, equal_nan=True)
    return wrong, wrong.nonzero()[0].tolist()


def where_they_differ(got, want):
    """Two long tensors, each in words: the first number that differs."""
    got, want = as_tensor(got).double(), want.double()
    _, place = _wrong_places(got, want)
    at = f"of shape {tuple(want.shape)}, with"
    return tuple(f"{at} {brief(x[tuple(place)].item())} at {place}" for x in (got, want))


def as_tensor(value):
    """The value as a tensor, or None if it is none."""
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, (bool, int, float)):
        return torch.tensor(value, dtype=torch.float64)
    if not isinstance(value, list) or not value:
        return None
    rows = [as_tensor(row) for row in value]
    if any(row is None or row.shape != rows[0].shape for row in rows):
        return None
    return torch.stack([row.double() for row in rows])


def name_of(value):
    """What kind of thing a settled value is, in words."""
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, bool):
        return "True or False"
    return value.what if isinstance(value, (Strange, Failure)) else _article(type(value).__name__)


def shape_text(got, want):
    """How a shape is wrong, in words."""
    got, want = tuple(got), tuple(want)
    if want == ():
        return f"{math.prod(got)} numbers came back, of shape {got}; one single number is wanted"
    text = f"the shape is {got}, expected {want}"
    if sorted(got) == sorted(want):
        return f"{text}: the axes stand in another order"
    if len(got) != len(want):
        missing = len(want) - len(got)
        return f"{text}: {abs(missing)} {'axis' if abs(missing) == 1 else 'axes'} too " + (
            "few" if missing > 0 else "many"
        )
    axis = next(i for i, (g, w) in enumerate(zip(got, want, strict=True)) if g != w)
    return f"{text}: along axis {axis} there are {got[axis]} instead of {want[axis]}"


def brief(value):
    """A settled value, short enough to be read at a glance."""
    if isinstance(value, torch.Tensor):
        if value.numel() > 30:
            return f"tensor of shape {tuple(value.shape)}: {brief(value.flatten()[:5])[:-1]}, ...]"
        return brief(value.tolist())
    if isinstance(value, dict):
        return ", ".join(f"{name} {brief(part)}" for name, part in value.items())
    if isinstance(value, list):
        if len(value) > 12:
            return f"{brief(value[:12])[:-1]}, ...]"
        return f"[{', '.join(brief(part) for part in value)}]"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:60] + "...")
    return value.what if isinstance(value, (Strange, Failure)) else str(value)


RELATIONS = {
    "sign": (lambda want: -want, "The sign is the other way round: minus what it should be."),
    "exp of it": (torch.exp, "It is exp() of what it should be."),
    "log of it": (torch.log, "It is the logarithm of what it should be."),
    "bits": (lambda want: want / math.log(2), "It is in bits; it should be in nats."),
    "nats": (lambda want: want * math.log(2), "It is in nats; it should be in bits."),
    "reciprocal": (lambda want: 1 / want, "It is 1 divided by what it should be."),
    "square": (lambda want: want**2, "It is the square of what it should be."),
    "root": (torch.sqrt, "It is the square root of what it should be."),
    "one less": (lambda want: want - 1, "It is one less than it should be."),
    "one more": (lambda want: want + 1, "It is one more than it should be."),
    "transposed": (
        lambda want: want.mT if want.dim() > 1 else None,
        "Rows and columns are exchanged.",
    ),
    "reversed": (lambda want: want.flip(0) if want.dim() else None, "It stands in reverse order."),
    "shifted": (
        lambda want: want.roll(1, 0) if want.dim() else None,
        "It is shifted by one place.",
    ),
    "unshifted": (
        lambda want: want.roll(-1, 0) if want.dim() else None,
        "It is shifted by one place.",
    ),
    "all zero": (torch.zeros_like, "It is zero everywhere."),
}


def relation(pairs):
    """Name and sentence of what relates all pairs (got, want), or None; `pairs` that differ."""
    pairs = [(as_tensor(got), as_tensor(want)) for got, want in pairs]
    if any(got is None or want is None or got.shape != want.shape for got, want in pairs):
        return None
    pairs = [(got.double(), want.double()) for got, want in pairs]
    if sum(want.numel() for _, want in pairs) < 3:
        return None  # too little to tell one relation from another
    for name, (change, sentence) in RELATIONS.items():
        changed = [change(want) for _, want in pairs]
        if all(
            c is not None and c.shape == got.shape and torch.allclose(got, c, RTOL, ATOL)
            for (got, _), c in zip(pairs, changed, strict=True)
        ):
            return name, sentence
    ratios = torch.cat([(got / want)[want.abs() > ATOL].flatten() for got, want in pairs])
    zeros = torch.cat([got[want.abs() <= ATOL].flatten() for got, want in pairs])
    if (zeros.abs() > ATOL).any() or ratios.numel() < 3 or (ratios == 0).any():
        return None
    if torch.allclose(ratios, ratios[0], 1e-3):
        return "factor", f"Every number is {ratios[0].item():.4g} times what it should be."
    if all(_proportional(got, want) for got, want in pairs):
        return "proportion", "It is right but for a factor, which is another one in each case."
    return None


def _proportional(got, want):
    ratios = (got / want)[want.abs() > ATOL]
    return ratios.numel() > 2 and torch.allclose(ratios, ratios[0], 1e-3)
