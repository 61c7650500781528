"""Values: what an answer returned, what was expected, and how the two differ."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

DEEPEST = 8  # lists in lists
LARGEST, LONGEST = 10**6, 10**4  # numbers in a tensor, items in a list; answers are tiny
RTOL, ATOL = 1e-4, 1e-5


class Odd(NamedTuple):
    """Something that cannot be compared, described in words; with the exception, if it is one."""

    what: str
    error: Exception | None = None


class Difference(NamedTuple):
    """The first thing that is not as expected."""

    kind: str  # in a word or two: type, shape, value, order, ...
    text: str
    part: str = ""  # where, if there are several parts

    def of_part(self, text):
        """Return the sentence, after the name of the part if there is one."""
        part = self.part
        return f"{part[0].upper()}{part[1:]}: {text[0].lower()}{text[1:]}" if part else text


def attempt(work, *args):
    """Return work(*args), or the error that it raised as an Odd."""
    try:
        return work(*args)
    except Exception as error:
        return Odd(error_text(error), error)


def error_text(error):
    """Return Python's message for the error, on one line."""
    text = (str(error).strip().splitlines() or [""])[0][:200].rstrip(".")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def named(result, *names):
    """Return the results {name: result} of an answer that returns several; Odd if they are not."""
    if isinstance(result, (tuple, list)) and len(result) == len(names):
        return dict(zip(names, result, strict=True))
    if result is None or result is ...:
        return dict.fromkeys(names, result)
    what = f"{name_of(settle(result))}, not the {len(names)} results ({' and '.join(names)})"
    return dict.fromkeys(names, Odd(what))


def settle(value, depth=0):
    """Return a plain copy: tensors, numbers, texts, lists, dicts, or an Odd."""
    if isinstance(value, (Odd, bool, int, float)) or value is None or value is ...:
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        odd = value.dtype.kind not in "fiub"
        return Odd(f"a NumPy array of type {value.dtype}") if odd else torch.tensor(value)
    if isinstance(value, torch.Tensor):
        plain = value.layout == torch.strided and value.device.type != "meta"
        if value.is_complex() or value.is_quantized or not plain or value.numel() > LARGEST:
            return Odd(f"a tensor of type {value.dtype} and shape {tuple(value.shape)}")
        return value.detach().cpu().clone().as_subclass(torch.Tensor)
    if isinstance(value, str):
        return str(value)[:LARGEST]
    if depth > DEEPEST:
        return Odd("a list of lists of lists and so on")
    if isinstance(value, (list, tuple, range, dict)) and len(value) > LONGEST:
        return Odd(f"{with_article(type(value).__name__)} of {len(value):,} items")
    if isinstance(value, (list, tuple, range)):
        return [settle(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {name: settle(part, depth + 1) for name, part in value.items()}
    if isinstance(value, nn.Module):
        return {name: settle(p) for name, p in value.state_dict().items()}
    return Odd(with_article(type(value).__name__))


def with_article(noun):
    """Return the noun with "a" or "an" in front."""
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def compare(got, want):
    """Return the Difference between two settled values, or None if they agree.

    Lists and NumPy arrays are as good as tensors, and any floating-point type will do.
    """
    if isinstance(want, dict):
        parts = [part for part in want if part in got]  # a drive may leave one out
        differences = ((part, compare(got[part], want[part])) for part in parts)
        return next((found._replace(part=part) for part, found in differences if found), None)
    if got is None and want is not None:
        return Difference("nothing", "the result is None, as it is for a function without a return")
    if isinstance(got, Odd):
        return Difference(
            "raises" if got.error is not None else "type", f"the result is {got.what}"
        )
    if isinstance(want, str):
        return compare_texts(got, want)
    if isinstance(want, bool) and isinstance(got, bool):
        return None if got == want else Difference("value", f"it is {got} instead of {want}")
    return compare_lists(got, want) if isinstance(want, list) else compare_numbers(got, want)


def compare_texts(got, want):
    """Return the first difference between two texts."""
    if not isinstance(got, str):
        return Difference("type", f"the result is {name_of(got)}, not a string")
    if got == want:
        return None
    at = next((i for i, (g, w) in enumerate(zip(got, want, strict=False)) if g != w), None)
    if at is None:
        return Difference("length", f"the text has {len(got)} characters instead of {len(want)}")
    return Difference("value", f"character {at} is {got[at]!r} instead of {want[at]!r}")


def compare_lists(got, want):
    """Return the first difference between two lists; a tensor counts as the list of its rows."""
    got = list(got) if isinstance(got, torch.Tensor) and got.dim() > 0 else got
    if not isinstance(got, list):
        return Difference("type", f"the result is {name_of(got)}, not a list of length {len(want)}")
    if all(isinstance(item, str) for item in want):
        missing = [w for w in want if w not in got]
        surplus = [g for g in got if not isinstance(g, str) or g not in want]
        words = {"missing": missing, "not expected": surplus}
        said = [f"{word}: {brief(items)}" for word, items in words.items() if items]
        if said:
            return Difference("missing or surplus", "; ".join(said))
        if len(got) == len(want) and got != want:
            return Difference("order", "the items are in a different order")
    if len(got) != len(want):
        items = counted(len(got), "item")
        return Difference("length", f"the list has {items} instead of {len(want)}")
    for i, (g, w) in enumerate(zip(got, want, strict=True)):
        found = compare(g, w)
        if found:
            return found._replace(text=f"item {i}: {found.text}") if len(want) > 1 else found
    return None


def compare_numbers(got, want):
    """Return the first difference between two tensors or numbers."""
    tensor, target = as_tensor(got), as_tensor(want)
    if tensor is None:
        wanted = "a tensor" if isinstance(want, torch.Tensor) else "a number"
        return Difference("type", f"the result is {name_of(got)}, not {wanted}")
    if target.dim() == 0 and tensor.numel() == 1:
        tensor = tensor.reshape(())  # one number is one number
    if tensor.shape != target.shape:
        return Difference("shape", f"the shape is {tuple(tensor.shape)}, not {tuple(target.shape)}")
    wants_float = isinstance(want, torch.Tensor) and want.is_floating_point()
    if wants_float and not (tensor.is_floating_point() or isinstance(got, list)):
        return Difference("dtype", f"the type is {tensor.dtype}, not torch.float32")
    wrong = ~torch.isclose(tensor.double(), target.double(), RTOL, ATOL, equal_nan=True)
    if not wrong.any():
        return None
    place = wrong.nonzero()[0].tolist()
    g, w = (brief(x[tuple(place)].item()) for x in (tensor, target))
    if not place:
        return Difference("value", f"it is {g} instead of {w}")
    many = f"{wrong.sum()} of {wrong.numel()} numbers differ; the first is at {place}: "
    return Difference("value", f"{many}{g} instead of {w}")


def as_tensor(value):
    """Return a settled value as a tensor, or None if it is not numeric."""
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, (bool, int, float)):
        value = float(value) if abs(value) < 1e300 else math.copysign(math.inf, value)
        return torch.tensor(value, dtype=torch.float64)
    if not isinstance(value, list) or not value:
        return None
    rows = [as_tensor(row) for row in value]
    if any(row is None or row.shape != rows[0].shape for row in rows):
        return None
    return torch.stack([row.double() for row in rows])


def identical(a, b):
    """Tell whether two settled values are the same, whichever one is the expected one."""
    if as_tensor(a) is not None and as_tensor(b) is not None:
        return compare(a, b) is None and compare(b, a) is None
    if isinstance(a, dict) and isinstance(b, dict):
        return all(identical(a[key], b[key]) for key in a.keys() & b.keys())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, torch.Tensor) or isinstance(b, torch.Tensor):
        return False
    if isinstance(a, Odd) and isinstance(b, Odd) and None not in (a.error, b.error):
        return True
    return type(a) is type(b) and a == b


def counted(number, noun):
    """Return the number and the noun, which is in the plural unless the number is 1."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def name_of(value):
    """Return what kind of thing a settled value is, in words."""
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, list):
        return f"a list of length {len(value)}"
    names = {str: "a string", bool: "True or False", dict: "a dictionary"}
    if isinstance(value, Odd):
        return value.what
    return names.get(type(value)) or with_article(type(value).__name__)


def brief(value):
    """Return a settled value as a text that is short enough to read at a glance."""
    if isinstance(value, torch.Tensor):
        if value.numel() > 30:
            return f"tensor of shape {tuple(value.shape)}: {brief(value.flatten()[:5])[:-1]}, ...]"
        return brief(value.tolist())
    if isinstance(value, dict):
        return ", ".join(f"{name} {brief(part)}" for name, part in value.items())
    if isinstance(value, list):
        shown = ", ".join(map(brief, value[:12]))
        return f"[{shown}, ...]" if len(value) > 12 else f"[{shown}]"
    if isinstance(value, float):
        return f"{value + 0.0:.4g}"  # no -0
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:60] + "...")
    if isinstance(value, int) and abs(value) > 10**20:
        return "a number with more than 20 digits"
    return value.what if isinstance(value, Odd) else str(value)


RELATIONS = {  # facts that hold whatever the reason: (name, what is compared, the sentence)
    "sign": (lambda want: -want, "It is the negative of the expected result."),
    "exp of it": (torch.exp, "It is exp() of the expected result."),
    "log of it": (torch.log, "It is the natural logarithm of the expected result."),
    "bits": (lambda want: want / math.log(2), "It is in bits. The expected result is in nats."),
    "nats": (lambda want: want * math.log(2), "It is in nats. The expected result is in bits."),
    "reciprocal": (lambda want: 1 / want, "It is 1 divided by the expected result."),
    "square": (lambda want: want**2, "It is the square of the expected result."),
    "root": (torch.sqrt, "It is the square root of the expected result."),
    "one less": (lambda want: want - 1, "It is always one less than the expected result."),
    "one more": (lambda want: want + 1, "It is always one more than the expected result."),
    "all zero": (torch.zeros_like, "It is always zero."),
}


def relation(pairs):
    """Return the name and the sentence of what relates all pairs (got, want), or None."""
    if any(isinstance(want, bool) for _, want in pairs):
        return None
    pairs = [(as_tensor(got), as_tensor(want)) for got, want in pairs]
    if any(got is None or want is None for got, want in pairs):
        return None
    pairs = [(got.double(), want.double()) for got, want in pairs]
    turned = [w.dim() > 1 and g.shape == w.mT.shape and bool((g == w.mT).all()) for g, w in pairs]
    if all(turned):
        return "transposed", "Rows and columns are swapped."
    if any(got.shape != want.shape for got, want in pairs):
        return None
    if sum(want.numel() for _, want in pairs) < 3:
        return None  # not enough to tell one relation from another
    for name, (change, sentence) in RELATIONS.items():
        if all(torch.allclose(got, change(want), RTOL, ATOL) for got, want in pairs):
            return name, sentence
    got, want = (torch.cat([pair[i].flatten() for pair in pairs]) for i in (0, 1))
    ratios = (got / want)[want.abs() > ATOL]
    zeros = got[want.abs() <= ATOL]
    steady = len(ratios) > 2 and ratios[0] != 0 and torch.allclose(ratios, ratios[0], 1e-3)
    if steady and (zeros.abs() <= ATOL).all():
        return "factor", f"Every number is {ratios[0].item():.4g} times the expected one."
    return None
