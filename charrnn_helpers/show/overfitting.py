"""Counting models on the text that they have read, and on new text: curves that turn."""

import math

import torch

from charrnn_helpers.show.descent import beside
from charrnn_helpers.show.style import PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing
from charrnn_helpers.training import perplexity

ADDED = [None, 1, 2, 5, 10, 20, 40, 80]
PERPLEXITIES = (1, 20)  # the axis of the curves
TICKS = (1, 2, 3, 4, 5, 7, 10, 15, 20)


def occurrences(tables, text):
    """Return for each character and each length: its count, that of the context, and its kinds."""
    found = []
    for i, char in enumerate(text):
        for k, table in enumerate(tables):
            counts = table.get(text[i - k : i]) if k <= i else None
            found.append((counts[char], counts.total(), len(counts)) if counts else (0, 0, 0))
    return torch.tensor(found, dtype=torch.float64).view(len(text), len(tables), 3)


def by_added(found, vocab_size, added):
    """Return the perplexity for each n, with this many imaginary characters in each context."""
    p, scores = torch.full((len(found),), 1 / vocab_size, dtype=torch.float64), []
    for count, total, kinds in found.permute(1, 2, 0):
        more = kinds if added is None else added * (total > 0)
        p = torch.where(total > 0, (count + more * p) / (total + more).clamp(min=1), p)
        scores.append(perplexity(-p.log().mean().item()))
    return scores


def turning(scores, reference, added):
    """Draw the perplexity on both parts over n; `scores` is `{added: (training, validation)}`.

    The `reference` is `{n: perplexity}` of another method on the validation part.  The curve of
    Witten and Bell, `added=None`, stays in gray.
    """
    d = Drawing(WIDTH, 410)
    em, log = d.em, math.log
    training, validation = scores[added]
    box = (4.2 * em, 2.2 * em, WIDTH - 14.5 * em, d.height - 3.2 * em)
    axes = Axes(d, box, (1, 12), tuple(map(log, PERPLEXITIES)))
    ns = range(1, len(training) + 1)
    xticks, yticks = {n: str(n) for n in ns}, {log(y): str(y) for y in TICKS}
    axes.frame("n, the length of an n-gram", "perplexity", xticks, yticks)
    labels = {}
    if added is not None:
        usual = scores[None][1]
        d.path(axes.points(ns, map(log, usual)), "#aaa", 2)
        labels["as many as kinds"] = (axes.y(log(usual[-1])), "#666")
    curves = {"training part": (ns, training), "validation part": (ns, validation)}
    other = min(reference, key=reference.get)
    name = f"Kneser\u2013Ney: {reference[other]:.2f} at n = {other}"
    curves[name] = (list(reference), list(reference.values()))
    for k, (label, (xs, ys)) in enumerate(curves.items()):
        axes.curve(xs, map(log, ys), k)
        labels[label] = (axes.y(log(ys[-1])), k)
    beside(d, box[2] + 0.5 * em, labels, 0.93)
    d.dot(axes.x(other), axes.y(log(reference[other])), PALETTE[2], 5)
    best = min(ns, key=lambda n: validation[n - 1])
    x, y = axes.x(best), axes.y(log(validation[best - 1]))
    d.dot(x, y, PALETTE[1], 6)
    above, text = axes.y(log(9)), f"lowest: n = {best}, {validation[best - 1]:.2f}"
    d.line(x, y - 0.6 * em, x, above + 0.3 * em, "#A84300")
    d.text(x, above, text, "end" if best > 9 else "start", color="#A84300")
    words = "as many as kinds" if added is None else f"{added}"
    d.text(4.2 * em, 1.1 * em, f"imaginary characters in each context: {words}", font_weight="bold")
    return d.picture(
        f"Imaginary characters in each context: {words}. The perplexity on the training part "
        f"falls from {training[0]:.1f} to {training[-1]:.1f}, and on the validation part it is "
        f"lowest at n = {best}, {validation[best - 1]:.2f}, and {validation[-1]:.2f} at n = 12."
    )
