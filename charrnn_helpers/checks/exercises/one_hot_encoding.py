"""The exercises of notebook 1: a vocabulary, windows, one-hot vectors, and back to the text."""

import copy
import string

import torch

from charrnn_helpers.checks.judge import Case, Exercise, case
from charrnn_helpers.checks.values import attempt, named
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
    return named(answer(*args), "X", "Y")


WINDOWS_CASES = (
    case(torch.tensor([5, 6, 7, 8]), 2),
    case(torch.tensor([1, 2, 1, 2, 1, 2]), 2),
    case(torch.tensor([5, 6, 7, 8]), 3),
    case(torch.tensor([3, 1, 4, 1, 5]), 1),
    case(torch.tensor([9, 8, 7, 6, 5, 4, 3]), 3),
    case(torch.tensor([2, 0, 1, 4, 3, 7, 5, 6, 9, 8, 300, 10]), 5),
)


def my_one_hot(X, vocab_size):
    places = torch.arange(vocab_size)
    return (X.unsqueeze(-1) == places).float()


ONE_HOT_CASES = (
    case(torch.tensor([0, 2]), 5),
    case(torch.tensor([1, 1, 0]), 3),
    case(torch.tensor([[3, 0, 1], [2, 2, 4]]), 6),
    case(torch.tensor(3), 4),
    case(torch.tensor([1]), 3),
    case(torch.tensor([299, 7]), 301),
    case(torch.tensor([[[0, 27, 5], [1, 2, 3]], [[9, 8, 7], [4, 0, 1]]]), 28),
)


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
    Exercise("one_hot", 1, my_one_hot, ONE_HOT_CASES),
    Exercise("read_back", 1, my_read_back, READ_BACK_CASES, given=given_read_back),
)
