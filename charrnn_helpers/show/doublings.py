"""One run, looked at whenever its steps have doubled; and many runs, by their learning rate."""

import math

from charrnn_helpers.show.style import DASHES, PALETTE
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing
from charrnn_helpers.training import perplexity

PERPLEXITIES = {math.log(value): str(value) for value in (5, 10, 20, 40)}
ROWS = 15  # sentences, one for each doubling from 0 to 8,192 steps


def doublings(looks, marks, words, steps):
    """Draw the curve of a run, and the sentence at each doubling up to this number of steps.

    `looks` is a list of {"step", "loss", "sentence"}, `marks` {label: loss}; words that are among
    `words` are blue and bold.
    """
    em = Drawing(0, 0).em
    row, top = 1.3 * em, 12.4 * em
    d = Drawing(WIDTH, top + (ROWS + 1.2) * row)
    box = (4.2 * em, 0.8 * em, WIDTH - 5.2 * em, top - 3.6 * em)
    axes = Axes(d, box, (0, ROWS - 1), (math.log(4), math.log(32)))
    names = {k: f"{0 if k == 0 else 2 ** (k - 1):,}" for k in range(0, ROWS, 2)}
    axes.frame("steps", "perplexity", names, PERPLEXITIES)
    axes.marks(marks)
    curve = [(position(look["step"]), look["loss"]) for look in looks]
    d.path(axes.points(*zip(*curve, strict=True)), "#999", 1.5)
    seen = [look for look in looks if look["step"] <= steps]
    axes.curve(*zip(*curve[: len(seen)], strict=True))
    d.dot(axes.x(curve[len(seen) - 1][0]), axes.y(seen[-1]["loss"]), PALETTE[1], 6)
    d.text(3.6 * em, top + 0.2 * em, "steps", "end", color="#555", size=0.93)
    d.text(WIDTH - em, top + 0.2 * em, "perplexity", "end", color="#555", size=0.93)
    for k, look in enumerate(seen):
        y, last = top + (k + 1.3) * row, look is seen[-1]
        weight = {"font_weight": "bold" if last else "normal"}
        d.text(3.6 * em, y, f"{look['step']:,}", "end", **weight)
        d.text(WIDTH - em, y, f"{perplexity(look['loss']):.1f}", "end", **weight)
        _sentence(d, 4.6 * em, y, look["sentence"], words)
    written = seen[-1]["sentence"]
    numbers = f"{seen[-1]['step']:,} steps, perplexity {perplexity(seen[-1]['loss']):.1f}"
    return d.picture(f"After {numbers}, the network writes: {written}")


def position(step):
    """Return the place of a number of steps on the axis: 0, 1, 2, 4, ... are one apart."""
    return 0 if step == 0 else 1 + math.log2(step)


def _sentence(d, x, y, sentence, words):
    """Write a sentence, word by word; those that are known are blue and bold."""
    place, letter = 0, 0.602 * 1.12 * d.em
    for word in sentence.replace("<unk>", "?").split(" "):
        known = {"color": PALETTE[0], "font_weight": "bold"} if word in words else {}
        if word:
            d.text(x + place * letter, y, word, size=1.12, **({"color": "#555"} | known), **MONO)
        place += len(word) + 1


def rates(results):
    """Draw the perplexity of trials by their learning rate, a panel for each optimizer.

    `results` is {optimizer: {label: {rate: losses}}}.  A line joins the worst run of each rate;
    the runs stand side by side, and those that are above the axis are open at its upper edge.
    """
    em = Drawing(0, 0).em
    d, best, left = Drawing(WIDTH, 23.3 * em), [], 3.6 * em
    spans = [
        (math.log(min(every) / 1.45), math.log(max(every) * 1.45))
        for every in ([lr for lrs in trials.values() for lr in lrs] for trials in results.values())
    ]
    unit = (WIDTH - left - 0.6 * em * len(results)) / sum(high - low for low, high in spans)
    for (optimizer, trials), (low, high) in zip(results.items(), spans, strict=True):
        first, right = left == 3.6 * em, left + unit * (high - low)
        box = left, 5.8 * em, right, 20.3 * em
        axes = Axes(d, box, (low, high), (math.log(5), math.log(30)))
        names = {math.log(rate): f"{rate:g}" for lrs in trials.values() for rate in lrs}
        levels = {math.log(v): str(v) if first else "" for v in (5, 6, 7, 8, 10, 15, 20, 30)}
        axes.frame("learning rate", "perplexity" if first else "", names, levels)
        d.text((left + right) / 2, 5.2 * em, optimizer, "middle", font_weight="bold")
        for index, (label, losses) in enumerate(trials.items()):
            points = [(math.log(rate), max(losses[rate])) for rate in sorted(losses)]
            axes.curve(*zip(*points, strict=True), index)
            for rate, runs in losses.items():
                for k, loss in enumerate(runs):
                    x = axes.x(math.log(rate)) + 7 * (k - (len(runs) - 1) / 2)
                    _run(d, x, axes.y(loss), PALETTE[index], loss > axes.ylim[1])
            lowest = perplexity(min(loss for _, loss in points))
            best.append(f"{optimizer}, {label}: {lowest:.1f}")
        left = right + 0.6 * em
    for index, label in enumerate(trials):
        y = (0.9 + 1.2 * index) * em
        d.line(3.6 * em, y, 6.6 * em, y, PALETTE[index], 2, DASHES[index])
        d.text(7.1 * em, y + 0.35 * em, label)
    return d.picture(f"The worst run of the best rate. {'; '.join(best)}.")


def _run(d, x, y, color, ruined):
    """Draw a run as a dot, or as an open one if it is ruined."""
    if ruined:
        d.add("circle", cx=x, cy=y, r=4, fill="white", stroke=color, stroke_width=1.8)
    else:
        d.dot(x, y, color, 3)
