"""Does the encoding of characters matter?  A network that learns from any of them, and pictures."""

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


def learn_with(table, train_ids, val_ids, seed, looks):
    """Train a network that reads each token as a row of the table, and yield how good it is.

    `looks` holds numbers of updates, the smallest first.  After each of them, the perplexity of
    the validation part is yielded.
    """
    generator = torch.Generator().manual_seed(seed)
    rnn = RNNScratch(table.shape[1], 64, 0.1, generator)
    reader = Reader(rnn, len(table), generator)
    reader.table = table
    optimizer = torch.optim.Adam(reader.parameters(), lr=0.01)
    X, Y = windows(train_ids, 16)
    validation = StreamBatches(val_ids, 1, 1000)
    for update in range(1, max(looks) + 1):
        rows = torch.randint(len(X), (64,), generator=generator)
        train_step(reader, X[rows], Y[rows], optimizer, 1.0)
        if update in looks:
            yield perplexity(evaluate(reader, validation, carry_state=True))


def score_with(table, train_ids, val_ids, seed, num_updates=100):
    """Train a network that reads each token as a row of the table; return its perplexity."""
    return list(learn_with(table, train_ids, val_ids, seed, [num_updates]))[-1]


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


def dots(scores, marked=()):
    """Draw scores `{name: [for each seed]}` as dots on one line for each name, the marked in color.

    A dot is the first seed, and a ring the second.
    """
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, (len(scores) * 1.75 + 4.2) * em)
    left, top, right, bottom = 13.5 * em, 0.4 * em, WIDTH - 6 * em, d.height - 3.4 * em
    axes = Axes(d, (left, top, right, bottom), (7, 16), (0, len(scores)))
    for x in range(7, 17):
        d.line(axes.x(x), top, axes.x(x), bottom, "#ddd")
        d.text(axes.x(x), bottom + 1.3 * em, str(x), "middle")
    d.text((left + right) / 2, bottom + 2.8 * em, "perplexity (lower is better)", "middle")
    for row, (name, values) in enumerate(scores.items()):
        y, color = axes.y(len(scores) - row - 0.5), PALETTE[0] if name in marked else PALETTE[1]
        d.text(left - 0.7 * em, y + 0.35 * em, name, "end")
        d.line(left, y, right, y, "#eee")
        d.dot(axes.x(values[0]), y, color, 5)
        for value in values[1:]:
            ring = {"fill": "none", "stroke": color, "stroke_width": 2.5}
            d.add("circle", cx=axes.x(value), cy=y, r=8, **ring)
        d.text(right + 0.7 * em, y + 0.35 * em, " ".join(f"{value:.1f}" for value in values))
    spoken = "; ".join(f"{n} {', '.join(f'{v:.1f}' for v in vs)}" for n, vs in scores.items())
    return d.picture(f"The perplexities of two seeds: {spoken}.")
