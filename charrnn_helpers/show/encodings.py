"""Does the encoding of characters matter?  A network that learns from any of them, and pictures."""

import math

import torch

from charrnn_helpers.data import StreamBatches, preprocess, windows
from charrnn_helpers.model import RNNLMScratch, RNNScratch
from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing
from charrnn_helpers.training import evaluate, perplexity, train_step

LOW, HIGH = -0.3, 1.05  # the axis of a weighted sum


class Reader(RNNLMScratch):
    """The network of notebook 2, but it reads the rows of a table."""

    def forward_with_state(self, X, state=None):
        states, state = self.rnn(self.table[X.T], state)
        return self.output_layer(states), state


def scaled(table, size=16.0):
    """Return the table with a mean row of zeros, and with rows of this length on average.

    The average is the root mean square.
    """
    centered = table - table.mean(dim=0)
    return centered * (size / centered.pow(2).sum(dim=1).mean().sqrt())


def binary_digits(vocab_size):
    """Return the ids in binary: five digits 0 or 1 for each, `(vocab_size, 5)`."""
    return (torch.arange(vocab_size).unsqueeze(1) // torch.tensor([16, 8, 4, 2, 1]) % 2).float()


def learn_with(table, train_ids, val_ids, seed, looks, lr=0.03):
    """Train a network that reads each token as a row of the table, and yield how good it is.

    `looks` holds numbers of updates, the smallest first.  After each of them, the perplexity of
    the validation part is yielded.
    """
    generator = torch.Generator().manual_seed(seed)
    rnn = RNNScratch(table.shape[1], 64, 0.1, generator)
    reader = Reader(rnn, len(table), generator)
    reader.table = table
    optimizer = torch.optim.Adam(reader.parameters(), lr=lr)
    X, Y = windows(train_ids, 16)
    validation = StreamBatches(val_ids, 1, 1000)
    for update in range(1, max(looks) + 1):
        rows = torch.randint(len(X), (64,), generator=generator)
        train_step(reader, X[rows], Y[rows], optimizer, 1.0)
        if update in looks:
            yield perplexity(evaluate(reader, validation, carry_state=True))


def score_with(table, train_ids, val_ids, seed, num_updates=100):
    """Train a network that reads each token as a row of the scaled table; return its perplexity."""
    return list(learn_with(scaled(table), train_ids, val_ids, seed, [num_updates]))[-1]


def best_sums(table, marked):
    """Return the weighted sum of each row, plus a bias, closest to 1 for the marked, 0 for others.

    `marked` holds the ids of the tokens for which the sum should be large.
    """
    wanted = torch.zeros(len(table), 1, dtype=torch.float64)
    wanted[marked] = 1.0
    numbers = torch.cat([table.double(), torch.ones(len(table), 1)], dim=1)
    weights = torch.linalg.lstsq(numbers, wanted, driver="gelsd").solution
    return (numbers @ weights)[:, 0].tolist()


def one_sum(encodings, vocab, letters):
    """Draw, for each encoding, the best that one weighted sum can do to pick out some letters."""
    picked = sorted({vocab[c] for c in preprocess(letters) if c in vocab.token_to_idx})
    if not 0 < len(picked) < len(vocab) - 1:
        raise ValueError("type some letters, but not all of them")
    d = Drawing(WIDTH, 2.8 * Drawing(0, 0).em + 8.4 * Drawing(0, 0).em * len(encodings))
    em, left, right = d.em, 8.4 * d.em, WIDTH - 0.8 * d.em
    wide = (right - left) / len(vocab)
    spoken = []
    for n, (name, table) in enumerate(encodings.items()):
        top = (0.6 + 8.4 * n) * em
        box = (left, top, right, top + 7.4 * em)
        axes, sums = Axes(d, box, (0, len(vocab)), (LOW, HIGH)), best_sums(table, picked)
        d.text(0.5 * em, axes.y(0.5), name, font_weight="bold")
        for value in (0, 1):
            d.line(left, axes.y(value), right, axes.y(value), "#999" if value == 0 else "#ddd")
            d.text(left - 0.4 * em, axes.y(value) + 0.35 * em, str(value), "end")
        for k, value in enumerate(sums):
            x, y = left + (k + 0.5) * wide, axes.y(value)
            color = PALETTE[1] if k in picked else "#888"
            d.line(x, axes.y(0), x, y, color, 3)
            d.dot(x, y, color, 5)
        low = min(sums[k] for k in picked)
        high = max(value for k, value in enumerate(sums) if k not in picked)
        spoken.append(f"{name}: at least {low:.2f}, and at most {high:.2f} for the others")
    for k, token in enumerate(vocab.idx_to_token):
        look = {"color": PALETTE[1], "font_weight": "bold"} if k in picked else {"color": "#555"}
        x, y = left + (k + 0.5) * wide, d.height - 1.2 * em
        d.text(x, y, visible(token), "middle", **look, **MONO)
    return d.picture(f"The best weighted sum for these letters. {'; '.join(spoken)}.")


def stages(written, beginning):
    """Draw what a network writes after a beginning as it learns, `{number of updates: text}`."""
    em, spoken = Drawing(0, 0).em, []
    d = Drawing(WIDTH, (3.3 * len(written) - 0.2) * em)
    for k, (updates, text) in enumerate(written.items()):
        y = (1.2 + 3.3 * k) * em
        name = f"after {int(updates):,} updates" if int(updates) else "before it has learned"
        d.text(0.5 * em, y, name, color=PALETTE[0], font_weight="bold")
        d.text(0.5 * em, y + 1.5 * em, beginning, size=1.1, color="#777", **MONO)
        new = text.removeprefix(beginning).replace("<unk>", "?")[:54]
        x = (0.5 + 0.602 * 1.1 * len(beginning)) * em
        d.text(x, y + 1.5 * em, new, size=1.1, **MONO)
        spoken.append(f"{name}, {new}")
    return d.picture(f"After {beginning!r}, the network writes: {'; '.join(spoken)}.")


COUNTS = 1, 2, 3, 5, 10, 20, 28  # of random numbers for each token
KNOWN = {  # the other encodings: how many numbers they have, a color, and where the label stands
    "ids": (1, PALETTE[1], 1.0, -0.4, "start"),
    "digits": (5, PALETTE[2], 0.7, 1.6, "start"),
    "one-hot": (28, PALETTE[0], 1.1, 0.9, "start"),
    "ids, 28 times": (28, PALETTE[1], -1.0, 0.35, "end"),
}


def by_numbers(scores, long):
    """Draw perplexities by how many numbers a token gets, on a logarithmic axis.

    `scores` holds those of some seeds, `{name: [...]}`: in gray for random numbers, such as
    "5 random", and in color for the encodings in KNOWN.  `long` holds those of some encodings
    after 1,600 updates.
    """
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 24 * em)
    box = (3.6 * em, 0.8 * em, WIDTH - 6.8 * em, d.height - 3.4 * em)
    axes = Axes(d, box, (math.log(0.85), math.log(31)), (4, 12))
    ticks = {math.log(k): str(k) for k in COUNTS}
    axes.frame("numbers for each token", "perplexity on the validation part", ticks)
    mean = {name: sum(values) / len(values) for name, values in scores.items()}
    random = {math.log(k): f"{k} random" for k in COUNTS}
    d.path(axes.points(random, [mean[name] for name in random.values()]), "#999", 1.5)
    for x, name in random.items():
        for value in scores[name]:
            d.dot(axes.x(x), axes.y(value), "#777", 4)
    x, y = axes.x(math.log(2.15)), axes.y(mean["2 random"])
    d.text(x, y - 0.2 * em, "random numbers", color="#555")
    for name, (count, color, aside, down, anchor) in KNOWN.items():
        x, y, look = axes.x(math.log(count)), axes.y(mean[name]), {"font_weight": "bold"}
        for value in scores[name]:
            ring = {"fill": "none", "stroke": color, "stroke_width": 2.5}
            d.add("circle", cx=x, cy=axes.y(value), r=7.5, **ring)
        label = f"{name} {mean[name]:.1f}"
        d.text(x + aside * em, y + down * em, label, anchor, color=color, **look)
        if name in long:
            later = sum(long[name]) / len(long[name])
            low = axes.y(later)
            d.line(x, y + 9, x, low - 8, color, 1.5, "3 3")
            d.path([(x - 4, low - 13), (x, low - 7), (x + 4, low - 13)], color)
            d.dot(x, low, color, 5)
            side = 0.8 if count == 1 else -0.8
            text = f"{later:.1f} after 1,600 updates"
            place = x + side * em, low + (1.5 if count == 1 else 0.35) * em
            d.text(*place, text, "start" if side > 0 else "end", color=color)
    spoken = [f"{name} {value:.1f}" for name, value in mean.items()]
    spoken += [f"{name} {sum(v) / len(v):.1f} after 1,600 updates" for name, v in long.items()]
    return d.picture(f"The mean perplexity with {', '.join(spoken)}.")
