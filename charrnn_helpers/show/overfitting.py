"""Counting models on the text that they have read, and on new text: curves that turn."""

import math

import torch

from charrnn_helpers.show.descent import DARK, beside
from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing
from charrnn_helpers.training import perplexity

PERPLEXITIES = {False: (1, 20), True: (3, 7)}  # the axis for all lengths, and for long ones
TICKS = (1, 2, 3, 4, 5, 6, 7, 10, 15, 20)
ORANGE = PALETTE[1]


def occurrences(tables, text, every=1):
    """Return for each length, at places of a text: the count, that of the context, and its kinds.

    The result has the shape (lengths, 3, places).
    """
    found = []
    for i in range(0, len(text), every):
        for k, table in enumerate(tables):
            counts = table.get(text[i - k : i]) if k <= i else None
            found.append((counts[text[i]], counts.total(), len(counts)) if counts else (0, 0, 0))
    return torch.tensor(found, dtype=torch.float64).view(-1, len(tables), 3).permute(1, 2, 0)


def mixed(found, vocab_size, once=False):
    """Return the perplexity for each n if all shorter contexts are mixed after Witten and Bell.

    With `once`, a context is skipped if the next longer one was seen as often: its occurrences
    are the same ones.
    """
    p, scores = torch.full((found.shape[2],), 1 / vocab_size, dtype=torch.float64), []
    for k, (count, total, kinds) in enumerate(found):
        longer = torch.where(total > 0, (count + kinds * p) / (total + kinds).clamp(min=1), p)
        scores.append(perplexity(-longer.log().mean().item()))
        same = (found[k + 1, 1] == total) if once and k + 1 < len(found) else total < 0
        p = torch.where(same, p, longer)
    return scores


def lengths(curves, gray, marked, first=1):
    """Draw perplexities over n, `{label: {n: perplexity}}`; those named in `gray` are gray.

    With a `first` n above 1, only the longer ones are drawn, on an axis of their own.  The lowest
    value of each curve in `marked` is a dot, with its place and height above it.
    """
    d = Drawing(WIDTH, 390)
    em, log = d.em, math.log
    box = (4.2 * em, 0.8 * em, WIDTH - 16 * em, d.height - 3.2 * em)
    low, high = PERPLEXITIES[first > 1]
    axes = Axes(d, box, (first, 12), (log(low), log(high)))
    xticks = {n: str(n) for n in range(first, 13)}
    yticks = {log(y): str(y) for y in TICKS if low <= y <= high}
    axes.frame("n, the length of an n-gram", "perplexity", xticks, yticks)
    labels, ends, k = {}, [], 2 * bool(gray)
    for label, all_lengths in curves.items():
        ys = {n: y for n, y in all_lengths.items() if n >= first}
        last = axes.y(log(list(ys.values())[-1]))
        if label in gray:
            d.path(axes.points(ys, map(log, ys.values())), "#999", 2)
            labels[label] = (last, "#666")
        else:
            axes.curve(ys, map(log, ys.values()), k)
            labels[label] = (last, k)
            k += 1
        best = min(ys, key=ys.get)
        ends.append(f"{label}: lowest at n = {best}, {ys[best]:.2f}, and {last_of(ys):.2f} at last")
        if label in marked:
            x, y, at = (
                axes.x(best),
                axes.y(log(ys[best])),
                axes.y(0.85 * log(high) + 0.15 * log(low)),
            )
            d.dot(x, y, PALETTE[labels[label][1]], 6)
            d.line(x, y - 0.6 * em, x, at + 0.3 * em, DARK[labels[label][1]])
            words = f"lowest: {ys[best]:.2f} at n = {best}"
            d.text(x, at, words, color=DARK[labels[label][1]])
    beside(d, box[2] + 0.5 * em, labels, 0.93)
    return d.picture(f"Perplexities over n. {'; '.join(ends)}.")


def last_of(ys):
    """Return the last value of a dictionary."""
    return list(ys.values())[-1]


def one_place(contexts, char, came):
    """Draw what growing contexts make of a character, `{context: (times seen, probability)}`.

    Those contexts that have as many occurrences as the longest one are set apart.
    """
    row, top = 23, 52
    d = Drawing(WIDTH, top + row * len(contexts) + 12)
    em = d.em
    left, right = 18.4 * em, WIDTH - 11 * em
    d.text(9.2 * em, 0.5 * top, "context", "end", font_weight="bold")
    d.text(left - em, 0.5 * top, "seen", "end", font_weight="bold")
    title = f"probability of {visible(char)} after it"
    d.text(left, 0.5 * top, title, font_weight="bold")
    least, ends = list(contexts.values())[-1][0], []
    for k, (context, (times, p)) in enumerate(contexts.items()):
        y, same = top + row * k, times == least
        shown = "".join(map(visible, context)) or "(none)"
        d.text(9.2 * em, y + 0.75 * em, shown, "end", size=0.95, **MONO)
        words = f"{times:,} time{'s' * (times != 1)}"
        d.text(left - em, y + 0.75 * em, words, "end", color=DARK[1] if same else "#222")
        d.rect(left, y - 1, right - left, row - 6, "#f0f0f0")
        d.rect(left, y - 1, (right - left) * p, row - 6, ORANGE if same else PALETTE[0])
        d.text(right + 0.5 * em, y + 0.75 * em, f"{p:.3f}")
        ends.append(p)
    number = sum(times == least for times, _ in contexts.values())
    y = top + row * (len(contexts) - number)
    x = right + 4 * em
    d.path([(x, y), (x + 6, y), (x + 6, d.height - 18), (x, d.height - 18)], DARK[1], 1.5)
    middle = (y + d.height - 18) / 2
    for j, words in enumerate(("the same", "occurrence,", f"{number} times")):
        d.text(x + 0.9 * em, middle + (1.2 * j - 0.8) * em, words, size=0.93, color=DARK[1])
    return d.picture(
        f"The probability of {visible(char)} grows with the context to {ends[-1]:.3f}, "
        f"over {number} contexts with the same occurrence; {visible(came)} came."
    )
