"""Values: what an answer returned, what was expected, and how the two differ."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

DEEPEST = 8  # lists in lists
LARGEST, LONGEST = 10**6, 10**4  # numbers in a tensor, items in a list; answers are tiny
LONGEST_LINE = 200  # characters of an error that are shown
RTOL, ATOL = 1e-4, 1e-5


class Odd(NamedTuple):
    """Something that cannot be compared, described in words; with the exception, if it is one."""

    what: str
    error: Exception | None = None


class Fact(NamedTuple):
    """What a network does with an answer, in a word that is compared, and with numbers to show.

    An exercise that asks for weights or for a setting has a drive that returns Facts: any answer
    with which the network does the same is right.
    """

    word: str
    shown: str = ""
    kind: str = ""  # compared, and not shown: it tells two mistakes apart that do the same


class Difference(NamedTuple):
    """The first thing that is not as expected."""

    kind: str  # in a word or two: type, shape, value, ...
    text: str  # what is said of {it}
    part: str = ""  # where, if there are several parts
    item: str = ""  # "item 0 of ", if it is an item of a list

    @property
    def sentence(self):
        """The difference as a whole sentence."""
        it = self.item.removesuffix(" of ") or "the result"
        text = self.text.replace("{it}", it, 1)
        return self.of_part(f"{text[0].upper()}{text[1:]}.")

    def of_part(self, text):
        """Return the sentence, after the name of the part if there is one."""
        part = self.part
        is_name = "_" in part or len(part) == 1  # b_h and p are those of variables
        start = part if is_name else f"{part[:1].upper()}{part[1:]}"
        return f"{start}: {text[0].lower()}{text[1:]}" if part else text


def attempt(work, *args):
    """Return work(*args), or the error that it raised as an Odd."""
    try:
        return work(*args)
    except Exception as error:
        return Odd(error_text(error), error)


def error_text(error):
    """Return Python's message for the error, on one line."""
    text = first_line(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def first_line(message):
    """Return the first line of an error or a warning, without the period at its end.

    A line that is too long ends with a sentence or a word.
    """
    line = (str(message).strip().splitlines() or [""])[0]
    if len(line) > LONGEST_LINE:
        line = line[:LONGEST_LINE]
        line = line.rpartition(". ")[0] or line.rpartition(" ")[0] or line
    return line.rstrip(".")


def named(result, *names):
    """Return the results {name: result} of an answer that returns several; Odd if they are not."""
    if isinstance(result, (tuple, list)) and len(result) == len(names):
        return dict(zip(names, result, strict=True))
    if result is None or result is ...:
        return dict.fromkeys(names, result)
    what = f"{name_of(settle(result))}, not the {len(names)} results ({' and '.join(names)})"
    return dict.fromkeys(names, Odd(what))


def of_sizes(found, sizes):
    """Return the tensors in `found` that have the sizes wanted, by name, as decimals.

    In `found`, the shape takes the place of each tensor, and of each list of numbers.
    """
    right = {}
    for name, size in sizes.items():
        given = settle(found[name])
        given = as_tensor(given) if isinstance(given, list) else given
        if isinstance(given, torch.Tensor):
            found[name] = Fact(f"a tensor of shape {tuple(given.shape)}")
            if tuple(given.shape) == size:
                right[name] = given.float()
    return right


def settle(value, depth=0):
    """Return a plain copy: tensors, numbers, texts, lists, dicts, or an Odd."""
    if isinstance(value, (Odd, Fact, bool, int, float)) or value is None or value is ...:
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
    return Odd(
        "a complex number" if isinstance(value, complex) else with_article(type(value).__name__)
    )


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
        return Difference("nothing", "{it} is None, as it is for a function without a return")
    if isinstance(got, Odd):
        return Difference("type" if got.error is None else "raises", f"{{it}} is {got.what}")
    if isinstance(want, Fact):
        same = isinstance(got, Fact) and got[::2] == want[::2]
        return None if same else Difference("behavior", f"{{it}} is {brief(got)}, not {want.word}")
    if isinstance(want, str):
        return compare_texts(got, want)
    if isinstance(want, bool) and isinstance(got, bool):
        said = f"this is {str(got).lower()}, but should not be"
        return None if got == want else Difference("value", said)
    return compare_lists(got, want) if isinstance(want, list) else compare_numbers(got, want)


def compare_texts(got, want):
    """Return the first difference between two texts."""
    if not isinstance(got, str):
        return Difference("type", f"{{it}} is {name_of(got)}, not a string")
    if got == want:
        return None
    at = next((i for i, (g, w) in enumerate(zip(got, want, strict=False)) if g != w), None)
    if at is None:
        characters = counted(len(got), "character")
        return Difference("length", f"{{it}} has {characters} instead of {len(want)}")
    return Difference("value", f"character {at} of {{it}} is {got[at]!r} instead of {want[at]!r}")


def compare_lists(got, want):
    """Return the first difference between two lists; a tensor counts as the list of its rows."""
    got = list(got) if isinstance(got, torch.Tensor) and got.dim() > 0 else got
    if not isinstance(got, list):
        return Difference("type", f"{{it}} is {name_of(got)}, not a list of length {len(want)}")
    if len(got) != len(want):
        items = counted(len(got), "item")
        return Difference("length", f"{{it}} has {items} instead of {len(want)}")
    for i, (g, w) in enumerate(zip(got, want, strict=True)):
        found = compare(g, w)
        if found:
            return found._replace(item=f"{found.item}item {i} of ") if len(want) > 1 else found
    return None


def compare_numbers(got, want):
    """Return the first difference between two tensors or numbers."""
    tensor, target = as_tensor(got), as_tensor(want)
    if tensor is None:
        wanted = "a tensor" if isinstance(want, torch.Tensor) else "a number"
        return Difference("type", f"{{it}} is {name_of(got)}, not {wanted}")
    if target.dim() == 0 and tensor.numel() == 1:
        tensor = tensor.reshape(())  # one number is one number
    if tensor.shape != target.shape:
        return Difference(
            "shape", f"the shape of {{it}} is {tuple(tensor.shape)}, not {tuple(target.shape)}"
        )
    both = isinstance(got, torch.Tensor) and isinstance(want, torch.Tensor)
    if both and got.is_floating_point() != want.is_floating_point():
        return Difference("dtype", f"the type of {{it}} is {got.dtype}, not {want.dtype}")
    wrong = ~torch.isclose(tensor.double(), target.double(), RTOL, ATOL, equal_nan=True)
    if not wrong.any():
        return None
    place = wrong.nonzero()[0].tolist()
    g, w = (brief(x[tuple(place)].item()) for x in (tensor, target))
    if wrong.numel() == 1:
        return Difference("value", f"{{it}} is {g} instead of {w}")
    many = f"{wrong.sum()} of the {wrong.numel()} numbers in {{it}}"
    at = f"at {place} there is {g} instead of {w}"
    if wrong.sum() == 1:
        return Difference("value", f"{many} is wrong: {at}")
    return Difference("value", f"{many} are wrong; {at}, for instance")


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
    if isinstance(a, Fact) and isinstance(b, Fact):
        return a[::2] == b[::2]  # the word and the kind
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
    if isinstance(value, Fact):
        return f"{value.word} ({value.shown})" if value.shown else value.word
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
