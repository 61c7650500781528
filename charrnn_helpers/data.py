"""The data: normalized text, vocabulary, windows, and batches."""

import math

import torch

from charrnn_helpers._guards import (
    check_stream_batches,
    check_time_machine,
    check_window_batches,
    guarded_by,
)
from charrnn_helpers.text import preprocess


class Vocab:
    """The sorted tokens of a text: its characters, and `<unk>` for others."""

    def __init__(self, tokens):
        self.idx_to_token = sorted({"<unk>", *tokens})
        self.token_to_idx = {c: i for i, c in enumerate(self.idx_to_token)}
        self.unk = self.token_to_idx["<unk>"]

    def __len__(self):
        return len(self.idx_to_token)

    def __getitem__(self, token):
        return self.token_to_idx.get(token, self.unk)

    def encode(self, text):
        """Return the ids of the characters, `(len(text),)`."""
        return torch.tensor([self[token] for token in text], dtype=torch.long)

    def decode(self, ids):
        """Return the text of ids of any shape, read row by row."""
        ids = torch.as_tensor(ids).flatten().tolist()
        return "".join(self.idx_to_token[idx] for idx in ids)


def windows(ids, num_steps):
    """Return X, all windows of the ids, and Y, the same one character later.

    X and Y each have shape `(len(ids) - num_steps, num_steps)`: along axis 0,
    `unfold` cuts a window at each position, 1 later than the one before.
    """
    return ids[:-1].unfold(0, num_steps, 1), ids[1:].unfold(0, num_steps, 1)


def split(text, held_out=0.1):
    """Cut a text or its ids, in order: training, validation, and test part.

    The last two are each the fraction `held_out` of the whole.
    """
    part = int(held_out * len(text))
    val_start, test_start = len(text) - 2 * part, len(text) - part
    return text[:val_start], text[val_start:test_start], text[test_start:]


class WindowBatches:
    """Batches (X, Y), each `(batch_size, num_steps)`, of independent windows.

    With a generator, each pass shuffles the windows anew; without one, they
    stay in order.  The last batch may be smaller.
    """

    @guarded_by(check_window_batches)
    def __init__(self, ids, batch_size, num_steps, generator=None):
        self.X, self.Y = windows(ids, num_steps)
        self.batch_size, self.generator = batch_size, generator

    def __len__(self):
        return math.ceil(len(self.X) / self.batch_size)

    def __iter__(self):
        order = torch.arange(len(self.X))
        if self.generator is not None:
            order = torch.randperm(len(self.X), generator=self.generator)
        for rows in order.split(self.batch_size):
            yield self.X[rows], self.Y[rows]


class StreamBatches:
    """Batches (X, Y) in which each row goes on where it ended in the last one.

    The text is cut into batch_size streams of equal length (a remainder shorter
    than batch_size is left out); the state after one batch is the state before
    the next.  The last batch may be narrower than num_steps.
    """

    @guarded_by(check_stream_batches)
    def __init__(self, ids, batch_size, num_steps):
        length = (len(ids) - 1) // batch_size
        self.X = ids[: batch_size * length].view(batch_size, length)
        self.Y = ids[1 : batch_size * length + 1].view(batch_size, length)
        self.num_steps = num_steps

    def __len__(self):
        return math.ceil(self.X.shape[1] / self.num_steps)

    def __iter__(self):
        parts = (part.split(self.num_steps, dim=1) for part in (self.X, self.Y))
        yield from zip(*parts, strict=True)


class TimeMachine:
    """A text as ids, split and cut into windows; with num_train, as in D2L."""

    @guarded_by(check_time_machine)
    def __init__(
        self,
        batch_size,
        num_steps,
        text,
        num_train=None,
        num_val=5_000,
        device=None,
    ):
        self.batch_size, self.num_steps = batch_size, num_steps
        self.text = preprocess(text)
        self.vocab = Vocab(self.text)
        self.ids = self.vocab.encode(self.text).to(device)
        if num_train is None:
            self.train_ids, self.val_ids, self.test_ids = split(self.ids)
        else:
            end = num_train + num_val + num_steps
            self.train_ids = self.ids[: num_train + num_steps]
            self.val_ids = self.ids[num_train:end]

    def train_batches(self, generator):
        """Return the training part as windows, shuffled anew at each pass."""
        sizes = self.batch_size, self.num_steps
        return WindowBatches(self.train_ids, *sizes, generator)

    def val_batches(self):
        """Return the validation part as windows, in order."""
        return WindowBatches(self.val_ids, self.batch_size, self.num_steps)

    def train_streams(self):
        """Return the training part in streams, for carrying the state."""
        return StreamBatches(self.train_ids, self.batch_size, self.num_steps)
