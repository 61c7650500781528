"""Counting models that have read a text, on new text: curves that turn, and claims that fail."""

import math

import torch

from charrnn_helpers.show.descent import beside
from charrnn_helpers.show.style import DASHES, PALETTE
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


def sorted_by_claim(claims, num_bins=10):
    """Return (mean stated probability, share that came true, number) for each bin of claims."""
    bins = [[] for _ in range(num_bins)]
    for stated, true in claims:
        bins[min(int(stated * num_bins), num_bins - 1)].append((stated, true))
    return [
        (sum(p for p, _ in each) / len(each), sum(true for _, true in each) / len(each), len(each))
        for each in bins
        if each
    ]


def kept_promises(models):
    """Draw how often claims came true against what they stated, `{model: [(stated, true)]}`."""
    side = 330
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, side + 4.4 * em)
    box = left, top, right, bottom = (4.2 * em, em, 4.2 * em + side, em + side)
    axes = Axes(d, box, (0, 1), (0, 1))
    even = {k / 5: f"{k / 5:.1f}" for k in range(6)}
    axes.frame("stated probability", "share that came true", even, even)
    d.line(left, bottom, right, top, "#999", 2)
    d.text(
        axes.x(0.42),
        axes.y(0.54),
        "as stated",
        "middle",
        color="#666",
        transform=(f"rotate(-45 {axes.x(0.42):.1f} {axes.y(0.54):.1f})"),
    )
    labels, words = {}, []
    for k, (name, claims) in enumerate(models.items()):
        points = [point[:2] for point in sorted_by_claim(claims)]
        d.path(axes.points(*zip(*points, strict=True)), PALETTE[k], 2, DASHES[k])
        for x, y in points:
            d.dot(axes.x(x), axes.y(y), PALETTE[k], 4)
        stated, true = points[-1]
        ending = f"states {stated:.2f}, right in {100 * true:.0f}%"
        labels[f"{name}: {ending}"] = (axes.y(true), k)
        words.append(f"{name} {ending}")
    beside(d, right + 0.8 * em, labels, 0.93)
    return d.picture(
        f"How often claims came true against what they stated; of the surest: {'; '.join(words)}."
    )
