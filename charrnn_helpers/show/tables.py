"""What the notebook on counting draws: two tables side by side, and the text of n-grams."""

import math

import torch

from charrnn_helpers.show.figures import new_figure
from charrnn_helpers.show.style import PALETTE, look
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing
from charrnn_helpers.training import perplexity

STEPS = [0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]
NAMED = ["qu", "th", "he", "y\u2423"]  # pairs whose cells are marked and spelled out
HIGHEST = 60  # the perplexity at the top of the axis
UNKNOWN = "#A84300"  # the words that are not in the book


def learning(ids, vocab_size, rate=50, seed=0):
    """Return what two_tables draws: the counted table, and `{rate: (tables, losses)}`.

    The tables are `{step: rows}`, and the losses of all steps are a list.
    """
    counts = torch.zeros(vocab_size, vocab_size)
    counts.index_put_((ids[:-1], ids[1:]), torch.ones(len(ids) - 1), accumulate=True)
    times = counts.sum(dim=1, keepdim=True)
    actual, share = counts / times.clamp(min=1), times / times.sum()
    generator = torch.Generator().manual_seed(seed)
    W, tables, losses = torch.randn(vocab_size, vocab_size, generator=generator), {}, []
    for step in range(STEPS[-1] + 1):
        predicted = W.softmax(dim=1)
        losses.append(-(share * actual * predicted.log()).sum().item())
        if step in STEPS:
            tables[step] = predicted.tolist()
        W = W - rate * share * (predicted - actual)
    return actual.tolist(), {rate: (tables, losses)}


def two_tables(counted, runs, names, step, rate=50):
    """Draw the counted table beside the one that a run has learned, some pairs, and the loss."""
    tables, losses = runs[rate]
    learned, em = tables[step], Drawing(0, 0).em
    row, column, top = 0.9 * em, (WIDTH - 4.4 * em) / (2 * len(names)), 2.4 * em
    bottom = top + len(names) * row
    d = Drawing(WIDTH, bottom + 9.6 * em)
    for k, name in enumerate(names):
        d.text(em, top + (k + 0.78) * row, name, "middle", size=0.85)
    lefts = {"counted": 2 * em, "learned": WIDTH / 2 + 1.2 * em}
    titles = ("counted", f"learned, after {step:,} step{'s' * (step != 1)}")
    for left, title, table in zip(lefts.values(), titles, (counted, learned), strict=True):
        colors = [[ink(p) for p in probs] for probs in table]
        d.text(left, 1.1 * em, title, font_weight="bold")
        for k, name in enumerate(names):
            d.text(left + (k + 0.5) * column, 2.1 * em, name, "middle", size=0.85)
        d.pixels(left, top, len(names) * column, len(names) * row, colors)
        for a, b in _places(names):
            d.rect(left + b * column, top + a * row, column, row, "none", "#E69F00")
    _pairs(d, counted, learned, names, bottom + 1.5 * em)
    _falling(d, losses, step, (WIDTH / 2 + 1.2 * em, bottom + 1.5 * em))
    apart = (torch.tensor(counted) - torch.tensor(learned)).abs().max()
    spelled = ", ".join(
        f"{names[b]} after {names[a]} {learned[a][b]:.2f}" for a, b in _places(names)
    )
    return d.picture(
        f"The counted table, and the learned one after {step:,} steps with a learning rate of "
        f"{rate:g}: {spelled}; the largest difference between two cells is {apart:.2f}."
    )


def ink(p):
    """Return a color from white at 0 to dark blue at 1, in which small ones can be seen, too."""
    return tuple(round(255 + (end - 255) * p**0.5) for end in (0, 64, 107))


def _places(names):
    """Return the rows and the columns of the named pairs."""
    return [(names.index(a), names.index(b)) for a, b in NAMED]


def _pairs(d, counted, learned, names, top):
    """Draw the named pairs: a bar for the counted probability, and one for the learned."""
    em, left, length = d.em, 5.2 * d.em, 10 * d.em
    for x, word in ((left, "counted"), (left + length / 2 + 3 * em, "learned")):
        d.text(x, top, word, size=0.93, color="#555")
    for k, (a, b) in enumerate(_places(names)):
        y = top + (1.7 + 1.6 * k) * em
        d.text(0.8 * em, y, f"{names[a]} \u2192 {names[b]}", **MONO)
        for j, table in enumerate((counted, learned)):
            x, p = left + j * (length / 2 + 3 * em), table[a][b]
            d.rect(x, y - 0.85 * em, p * length / 2, 1.1 * em, PALETTE[j])
            d.text(x + p * length / 2 + 0.3 * em, y, f"{p:.2f}", size=0.93)


def _falling(d, losses, step, corner):
    """Draw the perplexity after each step, on a logarithmic axis, with a dot at this one."""
    em, (left, top) = d.em, corner
    box = (left, top + 0.9 * em, WIDTH - 1.5 * em, d.height - 3 * em)
    axes = Axes(d, box, (0, math.log(1.3 * STEPS[-1])), (0, HIGHEST))
    xticks = {math.log(1 + s): f"{s:,}" for s in (0, 1, 3, 10, 50, 200, 1000)}
    axes.frame("steps", "", xticks=xticks, yticks={k: str(k) for k in range(0, HIGHEST + 1, 20)})
    d.text(left, top, "perplexity on the training part", size=0.93, color="#555")
    drawn = sorted({round(1.05**k) for k in range(156)} | set(STEPS))
    ys = {k: min(perplexity(losses[k]), HIGHEST) for k in drawn if k < len(losses)}
    axes.curve([math.log(1 + k) for k in ys], ys.values())
    x, y = axes.x(math.log(1 + step)), axes.y(ys[step])
    d.dot(x, y, PALETTE[1], 6)
    anchor, shift = ("end", -0.6) if step > 50 else ("start", 0.7)
    y = max(y - 0.7 * em, top + 1.7 * em)  # below the title
    d.text(x + shift * em, y, f"{ys[step]:.1f}", anchor, font_weight="bold")


def copies(text, book, length=30):
    """Tell for each character of a text whether it is in a piece that is in the book, too."""
    found = [False] * len(text)
    for i in range(len(text) - length + 1):
        if text[i : i + length] in book:
            found[i : i + length] = [True] * length
    return found


def by_order(texts, words, copied, given, n):
    """Draw a text of an n-gram model: unknown words in italics, copied pieces on blue.

    The first `given` characters were not written by the model.
    """
    text, marks = texts[n], copied[n]
    own = text[given:].split()
    share = sum(word in words for word in own) / len(own)
    em, wide = Drawing(0, 0).em, 0.6622 * Drawing(0, 0).em  # of a character
    columns = int((WIDTH - 2 * em) / wide)
    lines = len(text) // columns + 2
    d = Drawing(WIDTH, (4.6 + 1.75 * lines) * em)
    same = sum(marks[given:]) / (len(text) - given)
    head = f"n = {n}: {100 * share:.0f}% of the words occur in the training part"
    d.text(em, 1.5 * em, head, font_weight="bold")
    d.text(em, 3.2 * em, f"copied from it, in pieces of 30 or more characters: {100 * same:.0f}%")
    x, row, start = 0, 0, 0
    for word in text.split(" "):
        if x + len(word) > columns:
            x, row = 0, row + 1
        left, y = em + x * wide, (5.4 + 1.75 * row) * em
        end = start + len(word)
        for k in range(start, min(end + 1, len(text))):  # the space after it, too
            if marks[k]:
                d.rect(left + (k - start) * wide, y - 1.2 * em, wide + 0.5, 1.7 * em, "#cfe6f5")
        style = {"font_style": "italic", "color": UNKNOWN} if word not in words else {}
        style = {"color": "#666"} if end <= given else style
        d.text(left, y, word, size=1.1, **MONO | style)
        x, start = x + len(word) + 1, end + 1
    return d.picture(f"Text by order {n}: {text}. {head[7:]}, and {100 * same:.0f}% are copied.")


@look()
def tangent(xs, ys, slope, xlabel, ylabel):
    """Draw a curve, and the line that touches it at 0, where the dot is, with this slope."""
    fig, ax = new_figure()
    start, ends = ys[list(xs).index(0)], (-1.6, 1.9)
    ax.plot(xs, ys, color=PALETTE[0])
    line = [start + slope * x for x in ends]
    ax.plot(ends, line, color=PALETTE[1], linestyle="--")
    ax.plot([0], [start], "o", ms=11, color=PALETTE[1], mec="white")
    ax.annotate("the table as it is", (0, start), (10, 8), textcoords="offset points")
    low = (1.0, start + slope)
    place = {"textcoords": "offset points", "ha": "right", "va": "top"}
    ax.annotate(f"slope {slope:.4f}", low, (-12, -2), color=UNKNOWN, **place)
    lowest = min(range(len(ys)), key=ys.__getitem__)
    ax.annotate("lowest", (xs[lowest], ys[lowest]), (0, 8), textcoords="offset points", ha="center")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return fig
