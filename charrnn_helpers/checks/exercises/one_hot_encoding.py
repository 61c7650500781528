"""The exercises of notebook 1: a vocabulary, windows, a table of numbers, back to the text."""

import copy
import math
import string

import torch

from charrnn_helpers.checks.judge import Case, Exercise, case
from charrnn_helpers.checks.values import Fact, Odd, as_tensor, attempt, named, settle
from charrnn_helpers.data import Vocab
from charrnn_helpers.model import one_hot


class MyVocab:
    def __init__(self, text):
        self.tokens = sorted({"<unk>", *text})

    def encode(self, text):
        known = [c if c in self.tokens else "<unk>" for c in text]
        return [self.tokens.index(token) for token in known]

    def decode(self, ids):
        return "".join(self.tokens[i] for i in ids)


def use_vocab(answer, text, probe, ids):
    """Build a vocabulary from the text, encode the probe, decode the ids.

    Another vocabulary, which is built meanwhile, must not change the first.
    """
    vocab = answer(text)
    attempt(answer, "xyz" + text[:1])
    encoded, decoded = attempt(vocab.encode, probe), attempt(vocab.decode, ids)
    parts = {"tokens": vocab.tokens, "encode": encoded, "decode": decoded}
    if vocab.tokens is ...:
        return parts
    # The exercise has been begun: say which parts are still to be written
    return {name: "not written" if part is ... else part for name, part in parts.items()}


def vocab_case(text, probe, ids):
    return Case(f"({text!r}), encode({probe!r}), decode({ids})", lambda: (text, probe, list(ids)))


VOCABULARY_CASES = (
    vocab_case("b a", "ab<", [3, 0, 2, 1]),
    vocab_case("banana", "abnabz", [3, 1, 2, 1, 3]),
    vocab_case("the time machine", "time caf\u00e9", [9, 6, 7, 4, 0, 2]),
    vocab_case("a Bb", "AbB a", [4, 0, 2, 1]),
    vocab_case("3 b!\n", "b3!? \n", [5, 1, 0, 3]),
)


def my_windows(ids, num_steps):
    starts = range(len(ids) - num_steps)
    X = [ids[i : i + num_steps] for i in starts]
    Y = [ids[i + 1 : i + 1 + num_steps] for i in starts]
    return X, Y


def X_and_Y(answer, *args):  # noqa: N802
    found = named(answer(*args), "X", "Y")
    if all(part is ... for part in found.values()):
        return found
    # The exercise has been begun: say which of the two is still to be written
    return {name: Odd("not written yet") if part is ... else part for name, part in found.items()}


WINDOWS_CASES = (
    case(torch.tensor([5, 6, 7, 8]), 2),
    case(torch.tensor([1, 2, 1, 2, 1, 2]), 2),
    case(torch.tensor([5, 6, 7, 8]), 3),
    case(torch.tensor([3, 1, 4, 1, 5]), 1),
    case(torch.tensor([9, 8, 7, 6, 5, 4, 3]), 3),
    case(torch.tensor([2, 0, 1, 4, 3, 7, 5, 6, 9, 8, 300, 10]), 5),
)


def my_two_numbers(vocab_size):
    angles = 2 * torch.pi * torch.arange(vocab_size) / vocab_size
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def largest_sums(answer, vocab_size):
    """Tell for which tokens of the table some weighted sum is larger than for all others.

    Seen as points, these are the corners of the smallest convex shape around all of them.
    """
    table = settle(answer(vocab_size))
    table = as_tensor(table) if isinstance(table, list) else table
    if not isinstance(table, torch.Tensor):
        return {"the table": table}
    shape = {"the table": Fact(f"a tensor of shape {tuple(table.shape)}")}
    if tuple(table.shape) != (vocab_size, 2):
        return shape
    points = [(x, y) for x, y in table.double().tolist()]
    if not all(map(math.isfinite, sum(points, ()))):
        return shape | {"the sum": Fact("not always a number", "one number is infinite", "odd")}
    outside, alone = corners(points), {p for p in points if points.count(p) == 1}
    alone = {p for p in alone if min(math.dist(p, q) for q in points if q is not p) > 1e-5}
    never = [i for i, p in enumerate(points) if p not in outside or p not in alone]
    if not never:
        return shape | {"the sum": Fact("the largest for each token in turn")}
    told = ", ".join(map(str, never[:8])) + (", and others" if never[8:] else "")
    how = kind_of_places(points, outside, alone)
    return shape | {"the sum": Fact("never the largest for some tokens", f"id {told}", how)}


def corners(points):
    """Return the corners of the smallest convex shape around the points, as a set."""
    found = set()
    for order in (sorted(set(points)), sorted(set(points), reverse=True)):
        chain = []
        for point in order:
            while len(chain) > 1 and not turns_left(*chain[-2:], point):
                chain.pop()
            chain.append(point)
        found |= set(chain)
    return found


def turns_left(p, q, r):
    """Tell whether the way from p over q to r turns to the left, by more than rounding does."""
    one, other = (q[0] - p[0]) * (r[1] - q[1]), (q[1] - p[1]) * (r[0] - q[0])
    return one - other > 1e-4 * (abs(one) + abs(other))


def kind_of_places(points, outside, alone):
    """Describe where points lie that are not all corners: that tells the mistakes apart."""
    if len(alone) == len(points):
        return "a line" if len(outside) == 2 else "inside"
    if max(math.dist(points[0], p) for p in points) < 1e-5:
        return "one place"
    return "first and last" if set(points[1:-1]) <= alone else "same places"


TWO_NUMBERS_CASES = tuple(map(case, (12, 20, 28, 40)))


def my_read_back(inputs, vocab):
    ids = inputs.argmax(dim=-1)  # (num_steps, batch_size)
    return [vocab.decode(window) for window in ids.T]


def given_read_back(inputs, vocab):
    num_steps, batch_size, vocab_size = inputs.shape
    text = vocab.decode(inputs.argmax(dim=-1))
    starts = range(0, batch_size * num_steps, num_steps)
    return [text[start : start + num_steps] for start in starts]


def batch_case(*windows):
    """Return a Case of these windows as one-hot inputs, with time first."""
    vocab = Vocab(string.ascii_lowercase + " ")

    def make():
        batch = torch.stack([vocab.encode(window) for window in windows])
        return one_hot(batch.T, len(vocab)), copy.deepcopy(vocab)

    return Case(f"(the box of {list(windows)}, vocab)", make)


READ_BACK_CASES = (
    batch_case("ab", "cd"),
    batch_case("time", "mach"),
    batch_case("the t", " begi"),
    batch_case("abc", "def", "ghi"),
    batch_case("a", "b", "z"),
    batch_case("noon "),
    batch_case("xyz"),
)
EXERCISES = (
    Exercise("vocabulary", 1, MyVocab, VOCABULARY_CASES, use_vocab, arguments=1),
    Exercise("windows", 1, my_windows, WINDOWS_CASES, X_and_Y),
    Exercise("two_numbers", 1, my_two_numbers, TWO_NUMBERS_CASES, largest_sums),
    Exercise("read_back", 1, my_read_back, READ_BACK_CASES, given=given_read_back),
)
