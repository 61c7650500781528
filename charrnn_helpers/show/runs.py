"""Runs of training beside each other: over the opening run, with several rates, and stopped."""

import itertools
import math

from charrnn_helpers.show.doublings import position
from charrnn_helpers.show.style import DASHES, PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing
from charrnn_helpers.training import perplexity

HALO = {"paint_order": "stroke", "stroke": "white", "stroke_width": 5}
LEVELS = {math.log(value): str(value) for value in (4, 5, 6, 7, 8, 10)}


def over(looks, marks, ends):
    """Draw where runs of a recipe end, `{updates: losses}`, over the curve of the opening run.

    An arrow leads from the first end to where the opening run is as good.
    """
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 21.5 * em)
    limits = position(256), position(8192)
    axes = Axes(
        d, (4.2 * em, 0.6 * em, WIDTH - 5.2 * em, 18.3 * em), limits, (math.log(3.9), math.log(10))
    )
    names = {position(2**k): f"{2**k:,}" for k in range(8, 14)}
    axes.frame("updates", "perplexity", names, LEVELS)
    axes.marks(marks)
    curve = [(position(look["step"]), look["loss"]) for look in looks if look["step"] >= 256]
    d.path(axes.points(*zip(*curve, strict=True)), "#777", 2)
    middle = next(k for k, (_, loss) in enumerate(curve) if loss < math.log(8))
    x, y = axes.points(*zip(curve[middle], strict=True))[0]
    d.text(x + 0.8 * em, y - 0.5 * em, "the opening run", color="#555")
    means = {updates: sum(losses) / len(losses) for updates, losses in ends.items()}
    points = axes.points([position(updates) for updates in means], means.values())
    d.path(points, PALETTE[1], 1.6, DASHES[1])
    for (updates, losses), (x, _) in zip(ends.items(), points, strict=True):
        for loss in losses:
            d.dot(x, axes.y(loss), PALETTE[1], 4)
        label = f"{perplexity(means[updates]):.2f}"
        low = max(axes.y(loss) for loss in losses)
        d.text(x, low + 1.4 * em, label, "middle", color=PALETTE[1], font_weight="bold", **HALO)
    x, y = points[0]
    d.text(x - 0.8 * em, y + 0.3 * em, "the recipe", "end", color=PALETTE[1])
    updates, (x, y) = next(iter(ends)), points[0]
    same = reached(looks, means[updates])
    right = axes.x(position(same)) - 3
    d.line(x + 8, y, right, y, "#222", 1.5)
    d.path([(right - 8, y - 4), (right, y), (right - 8, y + 4)], "#222", 1.5, fill="#222")
    times = f"{same / updates:.1f} times as many updates"
    d.text(right + 0.8 * em, y - 2.1 * em, times, "middle", **HALO)
    return d.picture(
        f"After {updates:,} updates, the recipe has a perplexity of "
        f"{perplexity(means[updates]):.2f}; the opening run needs {times}."
    )


def reached(looks, loss):
    """Return after how many updates a run reaches a loss, between two looks at it."""
    for before, after in itertools.pairwise(looks):
        if after["loss"] <= loss <= before["loss"]:
            share = (before["loss"] - loss) / (before["loss"] - after["loss"])
            return before["step"] * (after["step"] / before["step"]) ** share
    raise ValueError(f"the run does not reach a loss of {loss}")


def schedules(runs, dropped):
    """Draw the learning rate and the perplexity of runs `{label: (rates, losses, last)}` by epoch.

    `last` are the last losses with several seeds.  `dropped` are those of the first run if its rate
    falls to a tenth for the last epoch, which is drawn as a branch of it.
    """
    em = Drawing(0, 0).em
    d, right = Drawing(WIDTH, 26.4 * em), WIDTH - 16.8 * em
    high = Axes(d, (4.2 * em, 0.8 * em, right, 5.2 * em), (0, 9), (0, 0.0105))
    limits = math.log(4.4), math.log(9.3)
    low = Axes(d, (4.2 * em, 6.6 * em, right, 23.2 * em), (0, 9), limits)
    high.frame("", "rate", {-1: ""}, {0: "0", 0.01: "0.01"})
    low.frame("epoch", "perplexity", {k: str(k) for k in range(10)}, _levels(5, 6, 7, 8, 9))
    labels = []
    for index, (label, (rates, losses, last)) in enumerate(runs.items()):
        high.curve(range(len(rates)), rates, index)
        low.curve(range(1, len(losses) + 1), losses, index)
        labels.append((label, last, PALETTE[index]))
    rates, losses, _ = next(iter(runs.values()))
    end = len(losses)
    labels.append(("0.01, then a tenth", dropped, "#222"))
    high.drawing.path(high.points([end - 1, end - 1, end], [0.01, 0.001, 0.001]), "#222", 2)
    low.drawing.path(low.points([end - 1, end], [losses[-2], dropped[0]]), "#222", 2)
    free, said = math.inf, []
    for label, last, color in sorted(labels, key=lambda row: sum(row[1]) / len(row[1])):
        mean = math.log(sum(map(perplexity, last)) / len(last))
        x = low.x(end)
        for loss in last:
            d.dot(x, low.y(loss), color, 3.5)
        free = min(low.y(mean) + 0.35 * em, free)
        text = f"{label}: {perplexity(mean):.2f}"
        d.line(x + 5, low.y(mean), right + 1.8 * em, free - 0.35 * em, color, 0.8)
        d.text(right + 2.0 * em, free, text, color=color, font_weight="bold")
        free -= 1.25 * em
        said.append(text)
    return d.picture(f"Perplexity after {end} epochs. {'; '.join(said)}.")


def _levels(*values):
    return {math.log(value): str(value) for value in values}


def stopping(training, validation, stopped=None, kept=None):
    """Draw two curves of losses by epoch, the epoch that is kept, and where the run is stopped.

    Without these two, the best of all epochs is marked.
    """
    em = Drawing(0, 0).em
    d, last = Drawing(WIDTH, 20 * em), len(validation)
    axes = Axes(d, (4.2 * em, 0.6 * em, WIDTH - 7 * em, 16.8 * em), (0, last), (0, 17))
    left, top, right, bottom = axes.box
    if stopped is not None:
        d.rect(axes.x(stopped), top, right - axes.x(stopped), bottom - top, "#eee")
        middle = axes.x((stopped + last) / 2)
        d.text(middle, bottom - 1 * em, "early stopping skips this", "middle", color="#555")
    axes.frame("epoch", "perplexity")
    for index, (name, losses) in enumerate(
        {"training": training, "validation": validation}.items()
    ):
        values = [perplexity(loss) for loss in losses]
        axes.curve(range(1, last + 1), values, index)
        y = axes.y(values[-1]) + 0.35 * em
        d.text(right + 0.6 * em, y, name, color=PALETTE[index], font_weight="bold")
    kept = kept or validation.index(min(validation)) + 1
    name, best = "kept" if stopped else "best", validation[kept - 1]
    x, y = axes.x(kept), axes.y(perplexity(best))
    d.line(x, y, x, bottom, "#222", 1, "3 3")
    d.dot(x, y, PALETTE[1], 6)
    words = f"{name}: {perplexity(best):.1f} after epoch {kept}"
    side, anchor = (-0.5 * em, "end") if x - left > 6 * em else (0.5 * em, "start")
    d.text(x + side, bottom - 2.2 * em, f"{name}: {perplexity(best):.1f}", anchor)
    d.text(x + side, bottom - 0.9 * em, f"epoch {kept}", anchor)
    if stopped is not None:
        d.line(axes.x(stopped), top, axes.x(stopped), bottom, "#222", 1.5)
        d.text(axes.x(stopped) + 0.5 * em, top + 1.2 * em, f"stopped after epoch {stopped}")
        words += f"; stopped after epoch {stopped}"
    end = f"after epoch {last}, training {perplexity(training[-1]):.1f} and validation"
    return d.picture(f"Perplexity by epoch. {words}; {end} {perplexity(validation[-1]):.1f}.")


def symptoms(right, worse):
    """Draw the losses of a loop by epoch in gray, and those of loops that each have one mistake.

    `worse` is {letter: losses}.  What is above the axis is a row of triangles at its edge.  One
    letter more stands for a loop whose losses are the same, but which keeps the last weights: it
    is a dot at the end.  The gray dot is the best, and a dotted line leads from it to the end.
    """
    em = Drawing(0, 0).em
    d, last = Drawing(WIDTH, 19.5 * em), len(right)
    box = (4.2 * em, 0.8 * em, WIDTH - 13.5 * em, 16.4 * em)
    axes = Axes(d, box, (0, last), (math.log(9.5), math.log(25)))
    axes.frame("epoch", "perplexity", None, _levels(10, 12, 15, 20, 25))
    d.path(axes.points(range(1, last + 1), right), "#777", 2.4)
    edge, said = axes.box[2], []
    for index, (letter, losses) in enumerate(worse.items()):
        color = PALETTE[index]
        if min(losses) > axes.ylim[1]:
            y = axes.box[1]
            for epoch in range(1, last + 1):
                x = axes.x(epoch)
                d.path(
                    [(x - 4, y + 8), (x, y), (x + 4, y + 8), (x - 4, y + 8)], color, 1, fill=color
                )
            text = f"never below {10 ** int(math.log10(perplexity(min(losses)))):,}"
            d.text(edge + 0.6 * em, y + 0.6 * em, letter, **_bold(color))
            d.text(edge + 1.8 * em, y + 0.6 * em, text, color=color)
        else:
            text = f"{perplexity(losses[-1]):.1f} at the end"
            axes.curve(range(1, last + 1), losses, index)
            d.text(edge + 0.6 * em, axes.y(losses[-1]) + 0.35 * em, letter, **_bold(color))
            d.text(edge + 1.8 * em, axes.y(losses[-1]) + 0.35 * em, text, color=color)
        said.append(f"{letter}: {text}")
    best, color = right.index(min(right)), PALETTE[len(worse)]
    letter = chr(ord(max(worse)) + 1)
    d.line(axes.x(best + 1), axes.y(right[best]), edge, axes.y(right[best]), "#777", 2, "2 4")
    d.dot(axes.x(best + 1), axes.y(right[best]), "#777", 6)
    text = f"without mistakes, keeps {perplexity(right[best]):.1f}"
    d.text(axes.x(best + 1) - 0.3 * em, axes.y(right[best]) + 1.5 * em, text, color="#555")
    d.dot(edge, axes.y(right[-1]), color, 6)
    d.text(edge + 0.6 * em, axes.y(right[-1]) + 0.35 * em, letter, **_bold(color))
    last_text = f"keeps {perplexity(right[-1]):.1f}"
    d.text(edge + 1.8 * em, axes.y(right[-1]) + 0.35 * em, last_text, color=color)
    return d.picture(f"Perplexity by epoch. {text}; {'; '.join(said)}; {letter}: {last_text}.")


def _bold(color):
    return {"color": color, "font_weight": "bold"}
