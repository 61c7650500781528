"""The data: normalized text, vocabulary, windows, and batches."""

from numbers import Integral

import torch

from charrnn_helpers.text import preprocess


def check_size(name, value, most=None):
    """Return the value if it is a whole number from 1 to `most`; raise ValueError if not."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < 1 or (most is not None and value > most):
        limits = "of at least 1" if most is None else f"from 1 to {most:,}"
        raise ValueError(f"{name} is {value!r}; use a whole number {limits}")
    return int(value)


def check_ids(ids, vocab_size):
    """Return `ids` if they are whole numbers from 0 to vocab_size - 1; raise ValueError if not."""
    if ids.numel() == 0:
        return ids.long()
    if ids.is_floating_point() or ids.is_complex() or ids.dtype == torch.bool:
        raise ValueError(f"token ids must be whole numbers, not {ids.dtype}; use ids.long()")
    low, high = (bound.item() for bound in ids.aminmax())
    if low < 0 or high >= vocab_size:
        bad, why = (low, "ids start at 0") if low < 0 else (high, "was another Vocab used?")
        raise ValueError(f"token id {bad} is not in 0 to {vocab_size - 1}; {why}")
    return ids


def check_length(ids, needed, what):
    """Raise ValueError if there are fewer than `needed` ids; `what` names their purpose."""
    if len(ids) < needed:
        raise ValueError(
            f"{needed} characters are needed for {what}, but there are {len(ids)}; "
            "reduce the sizes, or use a longer text"
        )


def check_batch_size(batch_size, available, what):
    """Return batch_size if it is from 1 to `available`; raise ValueError if not."""
    if batch_size not in range(1, available + 1):
        raise ValueError(
            f"batch_size is {batch_size}, but there are {available} {what}; "
            f"use a number from 1 to {available}, or a longer text"
        )
    return check_size("batch_size", batch_size)


class Vocab:
    """The tokens of a text, sorted: its characters, and `<unk>`, which stands for any other."""

    def __init__(self, tokens):
        self.idx_to_token = sorted({"<unk>", *tokens})
        self.token_to_idx = {token: idx for idx, token in enumerate(self.idx_to_token)}
        self.unk = self.token_to_idx["<unk>"]

    def __len__(self):
        return len(self.idx_to_token)

    def __getitem__(self, token):
        return self.token_to_idx.get(token, self.unk)

    def encode(self, text):
        """Return the ids of the characters, `(len(text),)`; unknown ones get the id of `<unk>`."""
        return torch.tensor([self[token] for token in text], dtype=torch.long)

    def decode(self, ids):
        """Return the text of ids of any shape, read row by row; raise ValueError for a bad id."""
        ids = check_ids(torch.as_tensor(ids), len(self))
        return "".join(self.idx_to_token[idx] for idx in ids.flatten().tolist())


def windows(ids, num_steps):
    """Return X, all windows of the ids, and Y, their targets, which are one character later.

    X and Y each have shape `(len(ids) - num_steps, num_steps)`; they are views, not copies.
    Raises ValueError if the text is shorter than num_steps + 1.
    """
    check_size("num_steps", num_steps)
    check_length(ids, num_steps + 1, f"a window of {num_steps} and its target")
    return ids[:-1].unfold(0, num_steps, 1), ids[1:].unfold(0, num_steps, 1)


def split(ids, fractions=(0.8, 0.1, 0.1)):
    """Cut the ids, in order, into training, validation, and test parts that share no characters."""
    if len(fractions) != 3 or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(f"fractions {fractions} must be three positive numbers that add up to 1")
    test_start = len(ids) - int(fractions[2] * len(ids))
    val_start = test_start - int(fractions[1] * len(ids))
    return ids[:val_start], ids[val_start:test_start], ids[test_start:]


class WindowBatches:
    """Batches (X, Y), each `(batch_size, num_steps)`, of independent windows.

    With a generator, each pass shuffles the windows anew; without one, they stay in order.
    The last batch may be smaller.  Raises ValueError if there are fewer windows than batch_size.
    """

    def __init__(self, ids, batch_size, num_steps, generator=None):
        self.X, self.Y = windows(ids, num_steps)
        self.batch_size = check_batch_size(batch_size, len(self.X), "windows")
        self.generator = generator

    def __len__(self):
        return -(-len(self.X) // self.batch_size)  # rounded up

    def __iter__(self):
        order = torch.arange(len(self.X))
        if self.generator is not None:
            order = torch.randperm(len(self.X), generator=self.generator)
        for rows in order.split(self.batch_size):
            yield self.X[rows], self.Y[rows]


class StreamBatches:
    """Batches (X, Y) in which each row continues the same row of the batch before it.

    The text is cut into batch_size streams of equal length (a remainder shorter than
    batch_size is left out); the state after one batch is the state before the next.
    The last batch may be narrower than num_steps.
    """

    def __init__(self, ids, batch_size, num_steps):
        windows(ids, num_steps)  # only for its errors; the result is not used
        check_batch_size(batch_size, len(ids) - 1, "characters with a target")
        length = (len(ids) - 1) // batch_size
        self.X = ids[: batch_size * length].view(batch_size, length)
        self.Y = ids[1 : batch_size * length + 1].view(batch_size, length)
        self.num_steps = num_steps

    def __len__(self):
        return -(-self.X.shape[1] // self.num_steps)  # rounded up

    def __iter__(self):
        yield from zip(
            self.X.split(self.num_steps, dim=1), self.Y.split(self.num_steps, dim=1), strict=True
        )


class TimeMachine:
    """A text as ids, split and cut into windows; with num_train, it is split as in D2L."""

    def __init__(self, batch_size, num_steps, text, num_train=None, num_val=5_000, device=None):
        self.batch_size, self.num_steps = batch_size, num_steps
        self.text = preprocess(text)
        self.vocab = Vocab(self.text)
        self.ids = self.vocab.encode(self.text).to(device)
        if num_train is None:
            self.train_ids, self.val_ids, self.test_ids = split(self.ids)
        else:
            end = num_train + num_val + num_steps
            check_length(self.ids, end, f"{num_train} + {num_val} windows")
            self.train_ids = self.ids[: num_train + num_steps]
            self.val_ids = self.ids[num_train:end]
        check_batch_size(batch_size, len(windows(self.train_ids, num_steps)[0]), "windows")

    def train_batches(self, generator):
        """Return the training part as windows, shuffled anew at each pass."""
        return WindowBatches(self.train_ids, self.batch_size, self.num_steps, generator)

    def val_batches(self):
        """Return the validation part as windows, in order."""
        return WindowBatches(self.val_ids, self.batch_size, self.num_steps)

    def train_streams(self):
        """Return the training part as consecutive windows, for carrying the state."""
        return StreamBatches(self.train_ids, self.batch_size, self.num_steps)
