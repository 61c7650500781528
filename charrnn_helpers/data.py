"""The data: normalised text, vocabulary, windows, batches."""

import re

import torch

from charrnn_helpers.book import load_time_machine
from charrnn_helpers.guards import check_batch_size, check_ids, check_length


def preprocess(text):
    """Lower-case the text and turn each run of other characters than a-z into one space."""
    return re.sub("[^a-z]+", " ", text.lower())


class Vocab:
    """The characters of a text, sorted, each with its number; `<unk>` stands for any other."""

    def __init__(self, tokens):
        self.idx_to_token = sorted({"<unk>", *tokens})
        self.token_to_idx = {token: idx for idx, token in enumerate(self.idx_to_token)}
        self.unk = self.token_to_idx["<unk>"]

    def __len__(self):
        return len(self.idx_to_token)

    def __getitem__(self, token):
        return self.token_to_idx.get(token, self.unk)

    def encode(self, text):
        return torch.tensor([self[token] for token in text], dtype=torch.long)

    def decode(self, ids):
        ids = check_ids(torch.as_tensor(ids), len(self))
        return "".join(self.idx_to_token[idx] for idx in ids.flatten().tolist())


def windows(ids, num_steps):
    """All windows of the ids, and their targets, one character later.

    Returns X and Y, each `(len(ids) - num_steps, num_steps)` and a view, not a copy.
    Raises ValueError if the text is shorter than num_steps + 1.
    """
    if num_steps < 1:
        raise ValueError(f"num_steps is {num_steps}; a window needs at least 1 step")
    check_length(ids, num_steps + 1, f"a window of {num_steps} and its target")
    return ids[:-1].unfold(0, num_steps, 1), ids[1:].unfold(0, num_steps, 1)


def split(ids, fractions=(0.8, 0.1, 0.1)):
    """Cut the ids into training, validation and test part, in order, with no shared characters."""
    if len(fractions) != 3 or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(f"fractions {fractions} must be three positive numbers that add up to 1")
    test_start = len(ids) - int(fractions[2] * len(ids))
    val_start = test_start - int(fractions[1] * len(ids))
    return ids[:val_start], ids[val_start:test_start], ids[test_start:]


class WindowBatches:
    """Batches (X, Y), each `(batch_size, num_steps)`, of independent windows.

    With a generator, the windows are shuffled anew at each pass; without, in order.
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
    """Batches (X, Y) in which each row goes on where the same row of the batch before ended.

    The text is cut into batch_size streams of equal length (a remainder shorter than
    batch_size is left out); the state after one batch is the state before the next.
    The last batch may be narrower than num_steps.
    """

    def __init__(self, ids, batch_size, num_steps):
        windows(ids, num_steps)  # the same demands on the text and on num_steps
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
    """The book as numbers, split and cut; with num_train, the lesson's split, in windows."""

    def __init__(self, batch_size, num_steps, text=None, num_train=None, num_val=5_000):
        self.batch_size, self.num_steps = batch_size, num_steps
        self.text = preprocess(load_time_machine() if text is None else text)
        self.vocab = Vocab(self.text)
        self.ids = self.vocab.encode(self.text)
        if num_train is None:
            self.train_ids, self.val_ids, self.test_ids = split(self.ids)
        else:
            end = num_train + num_val + num_steps
            check_length(self.ids, end, f"{num_train} + {num_val} windows")
            self.train_ids = self.ids[: num_train + num_steps]
            self.val_ids = self.ids[num_train:end]
        check_batch_size(batch_size, len(windows(self.train_ids, num_steps)[0]), "windows")

    def train_batches(self, generator):
        """The training part as shuffled windows, shuffled anew at each pass."""
        return WindowBatches(self.train_ids, self.batch_size, self.num_steps, generator)

    def val_batches(self):
        """The validation part as windows, in order."""
        return WindowBatches(self.val_ids, self.batch_size, self.num_steps)

    def train_streams(self):
        """The training part as consecutive windows, for carrying the state."""
        return StreamBatches(self.train_ids, self.batch_size, self.num_steps)
