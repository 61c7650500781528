"""Does the encoding of characters matter?  A network that learns from any of them, and pictures."""

import math

import torch

from charrnn_helpers.data import StreamBatches, windows
from charrnn_helpers.model import RNNLMScratch, RNNScratch
from charrnn_helpers.show.style import PALETTE, visible
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


NAMES = {"0": "before it has learned", "larger": "a larger network, in notebook 11"}


def stages(written, beginning):
    """Draw what a network writes after a beginning as it learns, `{number of updates: text}`."""
    em, spoken = Drawing(0, 0).em, []
    d = Drawing(WIDTH, (3.3 * len(written) - 0.2) * em)
    for k, (updates, text) in enumerate(written.items()):
        y = (1.2 + 3.3 * k) * em
        name = NAMES.get(updates) or f"after {int(updates):,} updates"
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
LOWEST, HIGHEST = 5, 12  # perplexity in the picture
VOWELS = "aeiou"


def by_numbers(scores, later):
    """Draw perplexities by how many numbers a token gets, and by how clearly 28 of them differ.

    `scores` holds those of some seeds, `{name: [...]}`: left those of "5 random" and "5 random in
    28" and so on, and in color those in ENDS; right those of "id + 10 one-hot" and "10 one-hot
    alone" and so on.  `later` holds those of ids and one-hot vectors after more updates.
    """
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 25 * em)
    top, bottom, middle = 2.6 * em, d.height - 3.4 * em, 0.46 * WIDTH
    mean = {name: sum(values) / len(values) for name, values in scores.items()}
    few, many = math.log(0.8), math.log(36)
    left = Axes(d, (3.6 * em, top, middle, bottom), (few, many), (LOWEST, HIGHEST))
    left.frame(
        "number k of directions",
        "perplexity on the validation part",
        {math.log(k): str(k) for k in COUNTS},
    )
    few, many = math.log(0.7), math.log(140)
    box = middle + 2.4 * em, top, WIDTH - 7.4 * em, bottom
    right = Axes(d, box, (few, many), (LOWEST, HIGHEST))
    factors = {math.log(c): f"\u00d7{c}" for c in FACTORS}
    right.frame("the one-hot vector, enlarged", "", factors, {LOWEST: ""})
    for axes, title in ((left, "more directions"), (right, "larger differences")):
        at = (axes.box[0] + axes.box[2]) / 2
        d.text(at, 1.3 * em, title, "middle", font_weight="bold")
    for name in ("ids", "one-hot"):
        color, place = ENDS[name][1], right.box[2] + 0.4 * em
        d.line(left.box[0], left.y(mean[name]), right.box[2], left.y(mean[name]), color, 1.2, "2 4")
        label = f"{name} {mean[name]:.1f}"
        d.text(place, left.y(mean[name]) + 0.35 * em, label, color=color, font_weight="bold")
        end = sum(later[name]) / len(later[name])
        d.text(place, left.y(end) + 0.35 * em, f"{end:.1f}", color=color)
        d.text(place + 2 * em, left.y(end) + 0.35 * em, "after 1,600", size=0.85, color=color)
    turned = {math.log(k): scores[f"{k} random in 28"] for k in COUNTS[:-1]}
    draw_runs(left, {math.log(k): scores[f"{k} random"] for k in COUNTS}, "#888")
    draw_runs(left, turned, "#222", 2.5, "4 3")
    x, y = left.x(math.log(2.8)), left.y(9.3)
    d.text(x, y, "\u2022 k numbers each", color="#666")
    d.text(x, y + 1.3 * em, "\u2022 28 numbers each", color="#222")
    for name, (count, color) in ENDS.items():
        ring = {"fill": "none", "stroke": color, "stroke_width": 2.5}
        x, look = left.x(math.log(count)), {"color": color, "font_weight": "bold"}
        d.add("circle", cx=x, cy=left.y(mean[name]), r=9, **ring)
        if count == 1:
            d.text(x + em, left.y(mean[name]) - 0.7 * em, name, **look)
        elif count == 2:
            for label, line in ((name, 1.7), (f"{mean[name]:.1f}", 2.9)):
                d.text(left.box[0] + 0.4 * em, left.y(mean[name]) + line * em, label, **look)
        else:
            d.text(x, left.y(mean[name]) + 1.8 * em, name, "middle", **look)
    mixed = {math.log(c): scores[f"id + {c} one-hot"] for c in FACTORS}
    draw_runs(right, {math.log(c): scores[f"{c} one-hot alone"] for c in FACTORS}, "#888")
    draw_runs(right, mixed, PALETTE[3], 5)
    for name, color, factors in (
        ("id + {} one-hot", "#222", FACTORS[:-1]),
        ("{} one-hot alone", "#666", FACTORS[:2]),
    ):
        for c in factors:
            place = right.x(math.log(c)) + 0.6 * em, right.y(mean[name.format(c)]) - 0.6 * em
            d.text(*place, f"{mean[name.format(c)]:.1f}", color=color)
    place = right.x(math.log(10)) + 0.4 * em, right.y(9)
    d.text(*place, "beside the id", color=PALETTE[3], font_weight="bold")
    d.text(right.x(math.log(1.2)), right.y(5.6), "alone, just as small", color="#666")
    random = [f"{k} random" for k in COUNTS] + [f"{k} random in 28" for k in COUNTS[:-1]]
    beside = [f"id + {c} one-hot" for c in FACTORS] + [f"{c} one-hot alone" for c in FACTORS]
    spoken = ", ".join(f"{name} {mean[name]:.1f}" for name in [*ENDS, *random, *beside])
    return d.picture(f"The mean perplexity with {spoken}.")


def what_units_get(table, vocab, token):
    """Draw a table of two numbers as points, and what a unit gets from three encodings.

    The arrow has the token's own two numbers as its weights, so that its sum is the largest.
    """
    d, names = Drawing(WIDTH, 23.6 * Drawing(0, 0).em), list(map(visible, vocab.idx_to_token))
    em, sums = d.em, table @ table[vocab[token]]  # (vocab_size,)
    _arrow_to(d, table, names, vocab[token], (0.2 * WIDTH, 0.5 * d.height), 0.165 * WIDTH)
    left, step, high = 0.477 * WIDTH, 0.0184 * WIDTH, 3.9 * em
    one_hot = [float(name in VOWELS) for name in names]
    rows = {
        "from its id: largest at an end": [k / (len(names) - 1) for k in range(len(names))],
        f"from the circle: largest at {token}": (
            (sums - sums.min()) / (sums.max() - sums.min())
        ).tolist(),
        "from its one-hot vector: the vowels apart": one_hot,
    }
    for k, (title, values) in enumerate(rows.items()):
        bottom = (6.1 + 7.7 * k) * em
        name, end = title.split(": ")
        place = left - 0.5 * em, bottom - high - 1.0 * em
        d.text(*place, name, font_weight="bold")
        d.text(left + 27.6 * step, place[1], end, "end", size=0.93, color="#444")
        d.line(left - 0.6 * em, bottom, left + len(names) * step, bottom, "#999")
        for i, (name, value) in enumerate(zip(names, values, strict=True)):
            x, y = left + (i + 0.5) * step, bottom - high * value
            color = PALETTE[1] if name in VOWELS else "#666"
            d.line(x, bottom, x, y, color, 2)
            d.dot(x, y, color, 4)
            lift = 0.2 * em if name == "\u2423" else 0.0
            look = {"size": 0.85, "color": color if name in VOWELS else "#444"}
            d.text(x, bottom + 1.1 * em - lift, name, "middle", **look)
    return d.picture(
        f"On a circle, {token} lies farthest along its arrow. From its id, a unit gets a straight "
        f"line; from the circle, a wave, which is largest at {token}; and from one-hot vectors "
        "whatever it likes, such as 1 for the vowels and 0 for all others."
    )


def _arrow_to(d, table, names, token, center, radius):
    """Draw the tokens as points of a circle, an arrow to one, and the line that it reaches."""
    em, places = d.em, [(center[0] + radius * x, center[1] - radius * y) for x, y in table.tolist()]
    for name, (x, y) in zip(names, places, strict=True):
        color = PALETTE[1] if name in VOWELS else "#444"
        d.dot(x, y, color, 4)
        out = [c + 1.12 * (p - c) for p, c in zip((x, y), center, strict=True)]
        lift = 0.1 * em if name == "\u2423" else 0.33 * em
        weight = "bold" if name == names[token] else "normal"
        d.text(out[0], out[1] + lift, name, "middle", color=color, font_weight=weight)
    tip = places[token]
    x, y = ((t - c) / radius for t, c in zip(tip, center, strict=True))
    for sign in (-1, 1):
        end = tip[0] - sign * 3.3 * em * y, tip[1] + sign * 3.3 * em * x
        d.line(*tip, *end, "#777", 1.5, "4 3")
    d.line(*center, tip[0] - 6 * x, tip[1] - 6 * y, "#222", 2.5)
    barbs = [(tip[0] - 13 * x + s * 5 * y, tip[1] - 13 * y - s * 5 * x) for s in (-1, 1)]
    d.path([barbs[0], (tip[0] - 5 * x, tip[1] - 5 * y), barbs[1]], "#222", 2.5)
    middle = [(2 * c + t) / 3 for c, t in zip(center, tip, strict=True)]
    d.text(middle[0] + 0.7 * em, middle[1] + 0.9 * em, "(w\u2081, w\u2082)")


def draw_runs(axes, runs, color, radius=4, dash="none"):
    """Draw a dot for each run, `{x: [y, ...]}`, and a line through their means."""
    means = [sum(values) / len(values) for values in runs.values()]
    axes.drawing.path(axes.points(runs, means), color, 1.5, dash)
    for x, values in runs.items():
        for value in values:
            axes.drawing.dot(axes.x(x), axes.y(value), color, radius)
