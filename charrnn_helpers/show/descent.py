"""Gradient descent on a table of logits: a wrong loop, pairs that have to wait, and a bowl."""

import math

from charrnn_helpers.show.style import DASHES, PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing

RATES = [5, 20, 50, 80, 100, 110, 120, 130]  # of the bowl
BLUE, RED = PALETTE[:2]
GRAY, RUST = "#999", "#A84300"
BOWL_UPDATES = [*range(11), 15, 20, 25, 30, 35, 40]  # the updates in the bowl
START = 2.2  # the logit before the first update
LOGITS, LOSSES = (1, 4), (3.28, 3.32)  # the axes of the bowl
LEFT = {"updates": (0.5, 10_000), "progress": (0.1, 1000)}  # the axes of the pairs


def bowl(share, actual, others, rate, updates):
    """Draw the loss along one logit, and below it the logit after each update, downward.

    The `others` logits of the row stay 0.
    """
    d = Drawing(WIDTH, 540)
    em = d.em
    left, right, middle = 4.2 * em, WIDTH - em, 0.44 * d.height
    axes = Axes(d, (left, 2.4 * em, right, middle), LOGITS, LOSSES)
    below = Axes(d, (left, middle + em, right, d.height - 3.2 * em), LOGITS, (-BOWL_UPDATES[-1], 0))
    axes.frame("", "loss (nats)", {}, {y: f"{y:.2f}" for y in (3.29, 3.3, 3.31, 3.32)})
    below.frame("the logit of h after t", "updates", None, {-k: str(k) for k in range(0, 41, 10)})

    def loss(o):
        return math.log(1 + others) + share * (
            math.log((others + math.exp(o)) / (1 + others)) - actual * o
        )

    lowest = math.log(others * actual / (1 - actual))
    for each, top in ((axes, LOSSES[1]), (below, 0)):
        d.line(each.x(lowest), each.box[3], each.x(lowest), each.y(top), GRAY, 1.2, "5 4")
    there = f"the bottom, where p = {actual:.2f}"
    d.text(axes.x(lowest) + 0.5 * em, axes.y(LOSSES[1]) + 1.2 * em, there, color="#555")
    xs = [LOGITS[0] + k / 40 for k in range(40 * (LOGITS[1] - LOGITS[0]) + 1)]
    axes.curve(xs, map(loss, xs))
    path = [START]
    for _ in range(updates):
        exp = math.exp(path[-1])
        path.append(path[-1] - rate * share * (exp / (others + exp) - actual))
    d.path(below.points(path, [-k for k in range(len(path))]), RED, 1.2)
    for k, x in enumerate(path):
        d.dot(axes.x(x), axes.y(loss(x)), RED, 3)
        d.dot(below.x(x), below.y(-k), RED, 3)
    now = path[-1]
    for x, y in ((axes.x(now), axes.y(loss(now))), (below.x(now), below.y(-updates))):
        d.add("circle", cx=x, cy=y, r=7, fill="none", stroke="#222")
    where = f"after {updates} update{'s' * (updates != 1)}, the logit is {now:.2f}"
    before = f", and one update earlier {path[-2]:.2f}" if updates else ""
    d.text(left, 1.1 * em, f"learning rate {rate}: {where}{before}", font_weight="bold")
    return d.picture(
        f"The loss along one logit, and below it the updates with a learning rate of {rate}: "
        f"{where}{before}; the bottom is at {lowest:.2f}."
    )


def wrong_table(perplexities, names, after):
    """Draw what the given loop does, and in gray the repaired one: a curve, and a row of the table.

    `perplexities` is `{"given": {updates: value}, "repaired": ...}`, and `after` `{"given":
    probabilities of the names after a t, ...}`.
    """
    d = Drawing(WIDTH, 290)
    em, half = d.em, WIDTH / 2
    looks = {"repaired": (GRAY, "#666", "none"), "given": (RED, RUST, DASHES[1])}
    d.text(4.2 * em, 1.1 * em, "perplexity of the next character", font_weight="bold")
    last = max(perplexities["given"])
    axes = Axes(d, (4.2 * em, 2 * em, half - em, d.height - 3.2 * em), (0, last), (0, 120))
    axes.frame("updates, with a learning rate of 5", "perplexity", None)
    title = f"after {last} updates: what follows t?"
    d.text(half + 2.6 * em, 1.1 * em, title, font_weight="bold")
    box = (half + 2.6 * em, 2 * em, WIDTH - em, d.height - 3.2 * em)
    bars = Axes(d, box, (0, len(names)), (0, 1))
    bars.frame("the next character", "", {}, {0: "0", 0.5: "0.5", 1: "1"})
    for place, (label, (fill, dark, dash)) in enumerate(looks.items()):
        curve = perplexities[label]
        d.path(axes.points(curve, curve.values()), fill, 2.5, dash)
        y = axes.y(curve[last]) + (-0.7 if place == 0 else 1) * em
        x = axes.x(last) - (0.5 if place == 0 else 5) * em
        d.text(x, y, f"{label}: {curve[last]:.0f}", "end", color=dark)
        for k, p in enumerate(after[label]):
            start = k + 0.08 + 0.42 * place
            bars.bar(start, start + 0.42, p, fill)
            if max(ps[k] for ps in after.values()) > 0.1:
                x, y = bars.x(start + 0.21), bars.y(p) - 0.4 * em
                d.text(x, y, f"{p:.2f}", "middle", size=0.85, color=dark)
    for k, name in enumerate(names):
        d.text(bars.x(k + 0.5), box[3] + 1.2 * em, name, "middle")
    ends = " and ".join(f"{curve[last]:.0f} ({label})" for label, curve in perplexities.items())
    rows = "; ".join(
        f"{label}: " + ", ".join(f"{name} {p:.2f}" for name, p in zip(names, ps, strict=True))
        for label, ps in after.items()
    )
    return d.picture(
        f"The perplexity begins at {perplexities['given'][0]:.0f}, and after {last} updates it is "
        f"{ends}. In the row of the t: {rows}."
    )


def waits(ways, equal, shares, rate):
    """Draw how much of its distance each pair has left, against the updates and its progress.

    `ways` is `{pair: distances after each update}`, `equal` the same for rows of equal shares with
    a learning rate of 1, and `shares` the share of each pair's row.  The progress is the learning
    rate x share x updates.
    """
    d = Drawing(WIDTH, 350)
    em, half = d.em, WIDTH / 2
    log = math.log10
    for panel, (low, high) in enumerate(LEFT.values()):
        left = 4.2 * em if panel == 0 else half + 2.6 * em
        box = (left, 2.4 * em, left + half - 5.4 * em, d.height - 3.2 * em)
        axes = Axes(d, box, (log(low), log(high)), (0, 1.4))
        xs = [10**k for k in range(round(log(low)), round(log(high)) + 1)]
        xlabel = "updates" if panel == 0 else "learning rate \u00d7 share \u00d7 updates"
        ylabel = "share of the distance that is left" if panel == 0 else ""
        axes.frame(
            xlabel,
            ylabel,
            {log(x): f"{x:,g}" for x in xs},
            {0: "0", 0.1: "0.1", 0.5: "0.5", 1: "1"},
        )
        tenth = axes.y(0.1)
        d.line(box[0], tenth, box[2], tenth, GRAY, 1.2, "5 4")
        titles = "the pairs arrive one after the other", "they arrive nearly together"
        d.text(left, 1.3 * em, titles[panel], font_weight="bold")
        if panel == 1:
            for way in equal.values():
                _way(axes, way, 1.0, "#bbb", "none", 3.5)
            d.text(axes.x(log(high)), axes.y(0.8), "gray: equal shares", "end", color="#666")
            d.text(axes.x(log(high)), tenth - 0.4 * em, "a tenth is left", "end", color="#666")
        for k, (pair, way) in enumerate(ways.items()):
            scale = 1 if panel == 0 else rate * shares[pair]
            x = _way(axes, way, scale, PALETTE[k], DASHES[k], 2)
            if panel == 0:
                top = axes.y((1.3, 1.06, 1.18, 1.3)[k])
                words, end = f"{pair}: {arrival(way)}", ("middle", "end")[k == 1]
                d.line(x, top + 0.3 * em, x, axes.y(0.1), PALETTE[k], 1)
                d.dot(x, axes.y(0.1), PALETTE[k], 4)
                d.text(x + 0.3 * em * (k == 1), top, words, end, color=DARK[k])
            else:
                d.dot(x, axes.y(0.1), PALETTE[k], 4)
    return d.picture(
        f"Left: the share of the distance that is left against the updates; a tenth is left after "
        f"{', '.join(f'{arrival(way)} for {pair}' for pair, way in ways.items())}. Right: against "
        "the learning rate times the share times the updates, where the curves lie together."
    )


def arrival(way, left=0.1):
    """Return the number of updates after which at most this share of the distance is left."""
    return next(k for k, distance in enumerate(way) if distance <= left * way[0])


def _way(axes, way, scale, color, dash, width):
    """Draw the share of the distance that is left, and return where it is a tenth."""
    kept = sorted({round(1.12**k) for k in range(140)})
    kept = [k for k in kept if k < len(way) and axes.xlim[0] <= math.log10(k * scale)]
    kept = [k for k in kept if math.log10(k * scale) <= axes.xlim[1]]
    points = axes.points([math.log10(k * scale) for k in kept], [way[k] / way[0] for k in kept])
    axes.drawing.path(points, color, width, dash)
    return axes.x(math.log10(arrival(way) * scale))


def falling(runs):
    """Draw the perplexity after each update, `{learning rate: perplexities}`, with labels."""
    d = Drawing(WIDTH, 330)
    em = d.em
    last = max(map(len, runs.values())) - 1
    box = (4.2 * em, em, WIDTH - 10 * em, d.height - 3.2 * em)
    axes = Axes(d, box, (0, last), (0, 60))
    axes.frame("updates", "perplexity on the training part")
    for k, ys in enumerate(runs.values()):
        axes.curve(range(len(ys)), ys, k)
    ends = {
        f"learning rate {rate}": (axes.y(ys[-1]), k) for k, (rate, ys) in enumerate(runs.items())
    }
    beside(d, box[2] + 0.5 * em, ends)
    ways = {True: "it falls all the way", False: "it goes up and down"}
    words = "; ".join(f"with {k}, {ways[ys == sorted(ys)[::-1]]}" for k, ys in runs.items())
    return d.picture(f"The perplexity over {last} updates, by learning rate: {words}.")


DARK = ["#005687", RUST, "#00684c", "#8a3d68"]  # the colors of the palette, for words


def beside(d, x, labels, size=1.0):
    """Write labels `{text: (y, index of a color or a color)}` at x, each at its height or near."""
    free = -math.inf
    for text, (y, color) in sorted(labels.items(), key=lambda label: label[1][0]):
        free = max(y + 0.35 * d.em, free + 1.25 * d.em)
        d.text(x, free, text, size=size, color=color if isinstance(color, str) else DARK[color])
