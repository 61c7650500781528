"""Does the encoding of characters matter?  A network that learns from any of them, and pictures."""

import math

import torch

from charrnn_helpers.data import StreamBatches, windows
from charrnn_helpers.model import RNNLMScratch, RNNScratch
from charrnn_helpers.show.style import PALETTE
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing
from charrnn_helpers.training import evaluate, perplexity, train_step


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
FACTORS = 1, 3, 10, 30, 100  # of the one-hot vector that is added to the id
ENDS = {"ids": (1, PALETTE[1]), "circle": (2, PALETTE[2]), "one-hot": (28, PALETTE[0])}
HIGHEST = 12  # perplexity in the picture


def by_numbers(scores):
    """Draw perplexities by how many numbers a token gets, and by how clearly 28 of them differ.

    `scores` holds those of some seeds, `{name: [...]}`: left in gray those of "5 random" and so
    on, and in color those in ENDS; right those of "id + 10 one-hot" and so on.
    """
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 25 * em)
    top, bottom, middle = 2.6 * em, d.height - 3.4 * em, 0.46 * WIDTH
    mean = {name: sum(values) / len(values) for name, values in scores.items()}
    few, many = math.log(0.8), math.log(36)
    left = Axes(d, (3.6 * em, top, middle, bottom), (few, many), (5, HIGHEST))
    left.frame(
        "numbers for each token",
        "perplexity on the validation part",
        {math.log(k): str(k) for k in COUNTS},
    )
    few, many = math.log(0.7), math.log(140)
    right = Axes(d, (middle + 2.4 * em, top, WIDTH - 7.4 * em, bottom), (few, many), (5, HIGHEST))
    right.frame(
        "the largest number of e; the other 27 are 6",
        "",
        {math.log(c): str(6 + c) for c in FACTORS},
        {5: ""},
    )
    for axes, title in ((left, "more numbers"), (right, "larger differences")):
        at = (axes.box[0] + axes.box[2]) / 2
        d.text(at, 1.3 * em, title, "middle", font_weight="bold")
    for name in ("ids", "one-hot"):
        y, color = left.y(mean[name]), ENDS[name][1]
        d.line(left.box[0], y, right.box[2], y, color, 1.2, "2 4")
        label = f"{name} {mean[name]:.1f}"
        d.text(right.box[2] + 0.4 * em, y + 0.35 * em, label, color=color, font_weight="bold")
    draw_runs(left, {math.log(k): scores[f"{k} random"] for k in COUNTS}, "#888")
    x, y = left.x(math.log(3)), left.y(mean["3 random"])
    d.text(x + 0.5 * em, y - 0.5 * em, "random numbers", color="#555")
    for name, (count, color) in ENDS.items():
        ring = {"fill": "none", "stroke": color, "stroke_width": 2.5}
        x = left.x(math.log(count))
        for value in scores[name]:
            d.add("circle", cx=x, cy=left.y(value), r=7.5, **ring)
        look = {"color": color, "font_weight": "bold"}
        if count == 1:
            d.text(x + em, left.y(mean[name]) - 0.7 * em, name, **look)
        elif count == 2:
            d.text(x - 0.8 * em, left.y(mean[name]) + em, f"{mean[name]:.1f}", "end", **look)
            d.text(x - 0.8 * em, left.y(mean[name]) - 0.2 * em, name, "end", **look)
        else:
            d.text(x, left.y(mean[name]) + 1.8 * em, name, "middle", **look)
    mixed = {math.log(c): scores[f"id + {c} one-hot"] for c in FACTORS}
    draw_runs(right, mixed, PALETTE[3], 5)
    for k, (x, values) in enumerate(mixed.items()):
        place = right.x(x) + 0.6 * em, right.y(sum(values) / len(values)) - 0.6 * em
        if k < len(FACTORS) - 1:
            d.text(*place, f"{sum(values) / len(values):.1f}", font_weight="bold")
    drawn = [*ENDS, *(f"{k} random" for k in COUNTS), *(f"id + {c} one-hot" for c in FACTORS)]
    spoken = ", ".join(f"{name} {mean[name]:.1f}" for name in drawn)
    return d.picture(f"The mean perplexity with {spoken}.")


def draw_runs(axes, runs, color, radius=4):
    """Draw a dot for each run, `{x: [y, ...]}`, and a line through their means."""
    means = [sum(values) / len(values) for values in runs.values()]
    axes.drawing.path(axes.points(runs, means), color, 1.5)
    for x, values in runs.items():
        for value in values:
            axes.drawing.dot(axes.x(x), axes.y(value), color, radius)
