"""What the notebook on counting draws: two tables side by side, and the text of n-grams."""

import math
from collections import Counter

import torch

from charrnn_helpers.show.figures import new_figure
from charrnn_helpers.show.style import PALETTE, look
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing
from charrnn_helpers.training import perplexity

UPDATES = [0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]
NAMED = ["qu", "th", "he", "y\u2423"]  # pairs whose cells are marked and spelled out
UNKNOWN = "#A84300"  # the words that are not in the book


def learning(ids, vocab_size, rate=50, seed=0):
    """Return the counted table, and after some updates the learned ones and their losses."""
    counts = torch.zeros(vocab_size, vocab_size)
    counts.index_put_((ids[:-1], ids[1:]), torch.ones(len(ids) - 1), accumulate=True)
    times = counts.sum(dim=1, keepdim=True)
    actual, share = counts / times.clamp(min=1), times / times.sum()
    generator = torch.Generator().manual_seed(seed)
    W, tables, losses = torch.randn(vocab_size, vocab_size, generator=generator), {}, {}
    for updates in range(UPDATES[-1] + 1):
        predicted = W.softmax(dim=1)
        if updates in UPDATES:
            tables[updates] = predicted.tolist()
            losses[updates] = -(share * actual * predicted.log()).sum().item()
        W = W - rate * share * (predicted - actual)
    return actual.tolist(), tables, losses


def writes(table, names, first, num_chars, seed):
    """Return what a table of pairs writes after the `first` character, drawn with this seed."""
    probs, generator = torch.tensor(table), torch.Generator().manual_seed(seed)
    row, text = names.index(first), first
    for _ in range(num_chars):
        row = torch.multinomial(probs[row], 1, generator=generator).item()
        text += names[row]
    return text


def two_tables(counted, learned, losses, names, written, updates):
    """Draw the counted table beside the learned one, what both write, and the way of some pairs.

    `written` is `{updates: text}`, with the text of the counted table at `None`.
    """
    em = Drawing(0, 0).em
    row, column, top = 0.9 * em, (WIDTH - 4.4 * em) / (2 * len(names)), 2.4 * em
    bottom = top + len(names) * row
    d = Drawing(WIDTH, bottom + 20.6 * em)
    for k, name in enumerate(names):
        d.text(em, top + (k + 0.78) * row, name, "middle", size=0.85)
    lefts = {"counted": 2 * em, "learned": WIDTH / 2 + 1.2 * em}
    after = f"after {updates:,} update{'s' * (updates != 1)}"
    after = f"{after}: perplexity {perplexity(losses[updates]):.1f}"
    both = zip(lefts.values(), ("counted", after), (counted, learned[updates]), strict=True)
    for left, title, table in both:
        colors = [[ink(p) for p in probs] for probs in table]
        d.text(left, 1.1 * em, title, font_weight="bold")
        for k, name in enumerate(names):
            d.text(left + (k + 0.5) * column, 2.1 * em, name, "middle", size=0.85)
        d.pixels(left, top, len(names) * column, len(names) * row, colors)
        for a, b in _places(names):
            d.rect(left + b * column, top + a * row, column, row, "none", "#E69F00")
    same = _both_write(d, written[None], written[updates], bottom + 1.6 * em)
    _ways(d, counted, learned, names, updates, bottom + 6.6 * em)
    apart = (torch.tensor(counted) - torch.tensor(learned[updates])).abs().max()
    spelled = ", ".join(
        f"{names[b]} after {names[a]} {learned[updates][a][b]:.2f}" for a, b in _places(names)
    )
    return d.picture(
        f"The counted table, and the learned one {after}; {spelled}; the largest difference "
        f"between two cells is {apart:.2f}. Of {len(written[None])} characters that both write, "
        f"{same} are the same."
    )


def _both_write(d, counted, learned, top):
    """Draw the two texts below each other, in red where they differ, and count what is the same."""
    em, wide = d.em, 0.6622 * d.em  # of a character
    differ = [a != b for a, b in zip(counted, learned, strict=True)]
    title = "what both write, with the same random numbers"
    d.text(2 * em, top, title, size=0.93, color="#555")
    for k, (name, text) in enumerate({"counted": counted, "learned": learned}.items()):
        y = top + (1.6 + 1.5 * k) * em
        d.text(2 * em, y, name)
        for i, char in enumerate(text):
            x, new = 6.4 * em + i * wide, k == 1 and differ[i]
            if new:
                d.rect(x, y - 1.05 * em, wide, 1.35 * em, "#fbe3d3")
            d.text(x, y, char, size=1.1, **MONO | {"color": UNKNOWN if new else "#222"})
    return differ.count(False)


def ink(p):
    """Return a color from white at 0 to dark blue at 1, in which small ones can be seen, too."""
    return tuple(round(255 + (end - 255) * p**0.5) for end in (0, 64, 107))


def _places(names):
    """Return the rows and the columns of the named pairs."""
    return [(names.index(a), names.index(b)) for a, b in NAMED]


def _ways(d, counted, learned, names, updates, top):
    """Draw the named pairs' learned probabilities up to now, and at the right the counted ones."""
    em = d.em
    d.text(
        2 * em,
        top,
        "the learned probability of the four marked cells; learning rate 50",
        size=0.93,
        color="#555",
    )
    box = (4.2 * em, top + 0.9 * em, WIDTH - 12 * em, d.height - 3.2 * em)
    axes = Axes(d, box, (0, math.log(1 + UPDATES[-1])), (0, 1))
    xticks = {math.log(1 + k): f"{k:,}" for k in (0, 1, 3, 10, 50, 200, 1000)}
    axes.frame("updates, on the scale log(1 + updates)", "", xticks, {0: "0", 0.5: "0.5", 1: "1"})
    for k, (a, b) in enumerate(_places(names)):
        y, p = axes.y(counted[a][b]), learned[updates][a][b]
        d.line(box[0], y, box[2], y, PALETTE[k], 0.8, "1 5")
        d.add("circle", cx=box[2], cy=y, r=4.5, fill="white", stroke=PALETTE[k], stroke_width=2)
        words = f"{names[a]} \u2192 {names[b]}  {p:.2f} of {counted[a][b]:.2f}"
        d.text(box[2] + em, y + 0.35 * em, words)
        so_far = {k: table[a][b] for k, table in learned.items() if k <= updates}
        axes.curve([math.log(1 + k) for k in so_far], so_far.values(), k)
        d.dot(axes.x(math.log(1 + updates)), axes.y(p), PALETTE[k], 5)


def by_lengths(book, beginning, ns, num_chars=340):
    """Return a text `{n: text}` by an n-gram model of the book for each n, drawn with seed n."""
    texts = {}
    for n in ns:
        text, generator, known = beginning, torch.Generator().manual_seed(n), {}
        for _ in range(num_chars):
            context = text[len(text) - n + 1 :]
            if context not in known:
                known[context] = Counter(_following(book, context))
            counts = known[context]
            weights = torch.tensor([float(count) for count in counts.values()])
            text += list(counts)[torch.multinomial(weights, 1, generator=generator)]
        texts[n] = text
    return texts


def _following(book, context):
    """Yield the character after each place where the context is in the book."""
    place = book.find(context)
    while 0 <= place < len(book) - len(context):
        yield book[place + len(context)]
        place = book.find(context, place + 1)


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
    ax.plot(xs[lowest], ys[lowest], "o", ms=7, color=PALETTE[0])
    ax.annotate("lowest", (xs[lowest], ys[lowest]), (0, 8), textcoords="offset points", ha="center")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return fig
