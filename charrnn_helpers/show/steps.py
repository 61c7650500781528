"""Steps of gradient descent in a bowl, rows that overshoot, and curves that turn."""

import math
from itertools import pairwise

import torch

from charrnn_helpers.show.style import DASHES, PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing
from charrnn_helpers.training import perplexity

RATES = [5, 20, 50, 100, 110, 120, 150, 200]  # of the bowl
ROW_RATES = [50, 80, 100, 120, 150, 200, 300]
ADDED = [None, 1, 2, 5, 10, 20, 40, 80]
BLUE, RED = PALETTE[:2]
LOGITS, LOSSES = (-4, 6), (3.28, 3.5)  # the axes of the bowl
LIMITS, OFF = (50, 20_000), (0, 1)  # the axes of the rows
HIGHEST = 18  # the perplexity at the top of the curves


def bowl(share, actual, others, rate, step):
    """Draw the loss along one logit, and this many steps from 0; the `others` logits stay 0."""
    d = Drawing(WIDTH, 400)
    em = d.em
    axes = Axes(d, (4.2 * em, 3.2 * em, WIDTH - em, d.height - 3.2 * em), LOGITS, LOSSES)
    axes.frame("the logit of h after t", "loss (nats)")

    def loss(o):
        return math.log(1 + others) + share * (
            math.log((others + math.exp(o)) / (1 + others)) - actual * o
        )

    xs = [LOGITS[0] + k / 20 for k in range(20 * (LOGITS[1] - LOGITS[0]) + 1)]
    axes.curve(xs, map(loss, xs))
    path = [0.0]
    for _ in range(step):
        exp = math.exp(path[-1])
        path.append(path[-1] - rate * share * (exp / (others + exp) - actual))
    for before, now in pairwise(path):
        d.path(axes.points([before, now], [loss(before), loss(now)]), RED, 1.2)
    for x in path:
        d.dot(axes.x(x), axes.y(loss(x)), RED, 3.5)
    d.add("circle", cx=axes.x(path[-1]), cy=axes.y(loss(path[-1])), r=8, fill="none", stroke="#222")
    factor = rate * share * actual * (1 - actual)
    verdict = "more than 2: it does not settle" if factor > 2 else "less than 2: it settles"
    where = f"after {step} step{'s' * (step != 1)} the logit is {path[-1]:.2f}"
    d.text(4.2 * em, 1.1 * em, f"learning rate {rate}: {where}", font_weight="bold")
    d.text(4.2 * em, 2.5 * em, f"rate \u00d7 share \u00d7 curvature = {factor:.2f}, {verdict}")
    return d.picture(
        f"The loss along one logit, and steps with a learning rate of {rate}: {where}. Rate times "
        f"share times curvature is {factor:.2f}, {verdict}."
    )


def apart_after(W, share, actual, rate, num_updates=2000, last=20):
    """Return how far each row is from the counted one, at the most, in the last steps."""
    most = torch.zeros(len(W))
    for k in range(num_updates):
        predicted = W.softmax(dim=1)
        if k >= num_updates - last:
            most = torch.maximum(most, (predicted - actual).abs().amax(dim=1))
        W = W - rate * share * (predicted - actual)
    return most.tolist()


def rows(limits, apart, rate):
    """Draw for each row how far it is from the counted one, above its longest learning rate.

    `limits` is `{name: longest rate}`, and `apart` `{rate: {name: distance}}`.
    """
    d = Drawing(WIDTH, 390)
    em, log = d.em, math.log
    box = (4.2 * em, 2.2 * em, WIDTH - em, d.height - 3.2 * em)
    axes = Axes(d, box, (log(LIMITS[0]), log(LIMITS[1])), OFF)
    xticks = {log(x): f"{x:,}" for x in (50, 100, 200, 500, 1000, 2000, 5000, 10_000)}
    xlabel = "2 / (share \u00d7 curvature) of the row"
    axes.frame(xlabel, "distance from the counted row", xticks=xticks)
    left, top, _, bottom = box
    x = axes.x(log(rate))
    d.rect(left, top, x - left, bottom - top, "#fbeadd")
    d.line(x, top, x, bottom, RED, 2, "7 4")
    d.text(x + 0.4 * em, top + em, f"learning rate {rate}", color="#A84300")
    far = [name for name in limits if apart[rate][name] > 0.05]
    for k, name in enumerate(sorted(limits, key=limits.get)):
        limit = min(limits[name], LIMITS[1])  # a row with one continuation has no curvature
        place = axes.x(log(limit)), axes.y(apart[rate][name])
        d.dot(*place, RED if name in far else BLUE, 4)
        d.text(place[0], place[1] - (0.5 + k % 3 * (name not in far)) * em, name, "middle")
    d.text(left, 1.1 * em, f"{len(far)} of {len(limits)} rows have not settled", font_weight="bold")
    beyond = "".join(sorted(name for name, limit in limits.items() if limit < rate)) or "none"
    return d.picture(
        f"With a learning rate of {rate}, these rows have not settled after 2,000 steps: "
        f"{''.join(sorted(far)) or 'none'}. The rate is beyond the limit of: {beyond}."
    )


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

    The `reference` is `{n: perplexity}` of another method on the validation part.
    """
    d = Drawing(WIDTH, 390)
    em = d.em
    training, validation = scores[added]
    axes = Axes(
        d, (4.2 * em, 2.2 * em, WIDTH - 12.5 * em, d.height - 3.2 * em), (1, 12), (0, HIGHEST)
    )
    axes.frame("n, the length of an n-gram", "perplexity", xticks={n: str(n) for n in range(1, 13)})
    ns = range(1, len(training) + 1)
    axes.curve(ns, training)
    axes.curve(ns, validation, 1)
    axes.curve(reference, reference.values(), 2)
    best = min(ns, key=lambda n: validation[n - 1])
    d.dot(axes.x(best), axes.y(validation[best - 1]), RED, 6)
    x, y = axes.x(best), axes.y(validation[best - 1])
    y = max(y - 2.4 * em, 3.4 * em)  # below the title
    d.text(x, y, f"best: n = {best}, {min(validation):.2f}", "middle")
    x, y = axes.x(12) + 0.6 * em, axes.y(HIGHEST) + em
    for k, label in enumerate(("training part", "validation part", "Kneser\u2013Ney, validation")):
        middle = y + (1.6 * k - 0.3) * em
        d.path([(x, middle), (x + 1.6 * em, middle)], PALETTE[k], 2.5, DASHES[k])
        d.text(x + 2 * em, y + 1.6 * k * em, label, size=0.85)
    words = "as many as kinds" if added is None else f"{added}"
    d.text(4.2 * em, 1.1 * em, f"imaginary characters in each context: {words}", font_weight="bold")
    return d.picture(
        f"Imaginary characters in each context: {words}. The perplexity on the training part "
        f"falls from {training[0]:.1f} to {training[-1]:.1f}, and on the validation part it is "
        f"lowest at n = {best}, {validation[best - 1]:.2f}, and {validation[-1]:.2f} at n = 12."
    )
