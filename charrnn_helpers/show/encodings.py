"""Does the encoding of characters matter?  A network that learns from any of them, and pictures."""

import torch

from charrnn_helpers.data import StreamBatches, windows
from charrnn_helpers.model import RNNLMScratch, RNNScratch
from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Drawing
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
    """Train a network that reads each token as a row of the scaled table; return its perplexity.

    The table is a tensor, or a list with a row for each token.
    """
    table = torch.stack([torch.as_tensor(row, dtype=torch.float) for row in table])
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


def learned(scores, controls):
    """Draw perplexities after the same number of updates as bars, `{name: one}`, controls gray."""
    em, all_of_them = Drawing(0, 0).em, scores | controls
    d, left = Drawing(WIDTH, (1.6 + 2.3 * len(all_of_them)) * em), 13 * em
    unit = (WIDTH - left - 6 * em) / max(all_of_them.values())
    d.text(left, 1.1 * em, "perplexity after 100 updates", font_weight="bold")
    d.text(WIDTH - 6 * em, 1.1 * em, "lower is better", "end", color="#555")
    rows = sorted(all_of_them.items(), key=lambda row: -row[1])
    for k, (name, score) in enumerate(rows):
        y, color = (1.9 + 2.3 * k) * em, "#bbb" if name in controls else PALETTE[0]
        d.text(left - 0.8 * em, y + 1.2 * em, name, "end")
        d.rect(left, y, unit * score, 1.7 * em, color)
        d.text(left + unit * score + 0.6 * em, y + 1.2 * em, f"{score:.1f}", font_weight="bold")
    spoken = ", ".join(f"{name} {score:.1f}" for name, score in rows)
    return d.picture(f"The perplexity after 100 updates: {spoken}. Lower is better.")


VOWELS = "aeiou"


def what_units_get(vocab):
    """Draw what a unit gets from the id of each token, and what it can get from one-hot vectors."""
    d, names = Drawing(WIDTH, 16 * Drawing(0, 0).em), list(map(visible, vocab.idx_to_token))
    line = [k / (len(names) - 1) for k in range(len(names))]
    _stems(d, names, line, 6.4 * d.em, "from its id", "a line, largest at an end")
    apart = [float(name in VOWELS) for name in names]
    words = "from its one-hot vector", "anything, such as the vowels apart"
    _stems(d, names, apart, 14.4 * d.em, *words)
    return d.picture(
        "Over the tokens, what a unit gets from the id is a straight line; from one-hot vectors it "
        "can get anything, such as 1 for the vowels and 0 for all others."
    )


def on_a_circle(table, vocab, token):
    """Draw a table of two numbers as points, and what a unit gets from it.

    The arrow has the token's own two numbers as its weights, so that its sum is the largest.
    """
    d, names = Drawing(WIDTH, 20 * Drawing(0, 0).em), list(map(visible, vocab.idx_to_token))
    sums = table @ table[vocab[token]]  # (vocab_size,)
    _arrow_to(d, table, names, vocab[token], (0.2 * WIDTH, 0.5 * d.height), 0.15 * WIDTH)
    wave = ((sums - sums.min()) / (sums.max() - sums.min())).tolist()
    words = "from the circle", f"a wave, largest at {token}"
    _stems(d, names, wave, 12 * d.em, *words, left=0.46 * WIDTH)
    return d.picture(
        f"On a circle, {token} lies farthest along its arrow. Over the tokens, what a unit gets is "
        f"a wave, which is largest at {token}."
    )


def _stems(d, names, values, bottom, title, words, left=0.02 * WIDTH, high=3.9):
    """Draw a stem for each token, as high as its value, vowels in color."""
    em, step = d.em, (0.98 * WIDTH - left) / len(names)
    place = left, bottom - (high + 1) * em
    d.text(*place, title, font_weight="bold")
    d.text(left + len(names) * step, place[1], words, "end", size=0.93, color="#444")
    d.line(left, bottom, left + len(names) * step, bottom, "#999")
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        x, y = left + (i + 0.5) * step, bottom - high * em * value
        color = PALETTE[2] if name in VOWELS else "#666"
        d.line(x, bottom, x, y, color, 2)
        d.dot(x, y, color, 4)
        lift = 0.2 * em if name == "\u2423" else 0.0
        look = {"size": 0.85, "color": color if name in VOWELS else "#444"}
        d.text(x, bottom + 1.1 * em - lift, name, "middle", **look)


def _arrow_to(d, table, names, token, center, radius):
    """Draw the tokens as points of a circle, an arrow to one, and the line that it reaches."""
    em, places = d.em, [(center[0] + radius * x, center[1] - radius * y) for x, y in table.tolist()]
    for name, (x, y) in zip(names, places, strict=True):
        color = PALETTE[2] if name in VOWELS else "#444"
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
