"""One run, looked at whenever its updates have doubled; and many runs, by their learning rate."""

import math

from charrnn_helpers.show.style import PALETTE
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing
from charrnn_helpers.training import perplexity

PERPLEXITIES = {math.log(value): str(value) for value in (5, 10, 20, 40)}
ROWS = 15  # sentences, one for each doubling from 0 to 8,192 updates


def doublings(looks, marks, words, updates):
    """Draw the curve of a run, and the sentence at each doubling up to this number of updates.

    `looks` is a list of {"step", "loss", "sentence"}, `marks` {label: loss}; words that are among
    `words` are blue and bold.
    """
    em = Drawing(0, 0).em
    row, top = 1.3 * em, 12.4 * em
    d = Drawing(WIDTH, top + (ROWS + 1.2) * row)
    box = (4.2 * em, 0.8 * em, WIDTH - 5.2 * em, top - 3.6 * em)
    axes = Axes(d, box, (0, ROWS - 1), (math.log(4), math.log(32)))
    names = {k: f"{0 if k == 0 else 2 ** (k - 1):,}" for k in range(0, ROWS, 2)}
    axes.frame("updates", "perplexity", names, PERPLEXITIES)
    axes.marks(marks)
    curve = [(position(look["step"]), look["loss"]) for look in looks]
    d.path(axes.points(*zip(*curve, strict=True)), "#999", 1.5)
    seen = [look for look in looks if look["step"] <= updates]
    axes.curve(*zip(*curve[: len(seen)], strict=True))
    d.dot(axes.x(curve[len(seen) - 1][0]), axes.y(seen[-1]["loss"]), PALETTE[1], 6)
    d.text(3.9 * em, top + 0.2 * em, "updates", "end", color="#555", size=0.93)
    d.text(WIDTH - em, top + 0.2 * em, "perplexity", "end", color="#555", size=0.93)
    for k, look in enumerate(seen):
        y, last = top + (k + 1.3) * row, look is seen[-1]
        weight = {"font_weight": "bold" if last else "normal"}
        d.text(3.6 * em, y, f"{look['step']:,}", "end", **weight)
        d.text(WIDTH - em, y, f"{perplexity(look['loss']):.1f}", "end", **weight)
        _sentence(d, 4.6 * em, y, look["sentence"], words)
    written = seen[-1]["sentence"]
    numbers = f"{seen[-1]['step']:,} updates, perplexity {perplexity(seen[-1]['loss']):.1f}"
    return d.picture(f"After {numbers}, the network writes: {written}")


def position(step):
    """Return the place of a number of updates on the axis: 0, 1, 2, 4, ... are one apart."""
    return 0 if step == 0 else 1 + math.log2(step)


def _sentence(d, x, y, sentence, words):
    """Write a sentence, word by word; those that are known are blue and bold."""
    place, letter = 0, 0.602 * 1.12 * d.em
    for word in sentence.replace("<unk>", "?").split(" "):
        known = {"color": PALETTE[0], "font_weight": "bold"} if word in words else {}
        if word:
            d.text(x + place * letter, y, word, size=1.12, **({"color": "#555"} | known), **MONO)
        place += len(word) + 1


def rates(results, places=None):
    """Draw the perplexity of trials by their learning rate, a panel for each optimizer.

    `results` is {optimizer: {label: {rate: losses}}}.  A line joins the worst run of each rate, and
    the mean of the runs stands under the rate whose worst run is best.  Runs that are above the
    axis are open dots at its upper edge.  With several labels, each
    has its color, and stands at a place {label: (rate, perplexity)}, in two lines.
    """
    em = Drawing(0, 0).em
    d, best, left = Drawing(WIDTH, 19.3 * em), [], 3.6 * em
    spans = [
        (math.log(min(every) / 1.45), math.log(max(every) * 1.45))
        for every in ([lr for lrs in trials.values() for lr in lrs] for trials in results.values())
    ]
    unit = (WIDTH - left - 0.6 * em * len(results)) / sum(high - low for low, high in spans)
    for panel, ((optimizer, trials), (low, high)) in enumerate(
        zip(results.items(), spans, strict=True)
    ):
        right = left + unit * (high - low)
        axes = Axes(
            d, (left, 1.8 * em, right, 16.3 * em), (low, high), (math.log(4.5), math.log(30))
        )
        every = sorted({rate for lrs in trials.values() for rate in lrs})
        names, free = {}, left
        for name, at in ((f"{r:g}", axes.x(math.log(r))) for r in every):
            if at - 0.3 * em * len(name) > free:  # no label touches the one before
                names[math.log(float(name))] = name
                free = at + 0.3 * em * len(name) + 0.7 * em
        levels = {math.log(v): "" if panel else str(v) for v in (5, 6, 7, 8, 10, 15, 20, 30)}
        axes.frame("learning rate", "" if panel else "perplexity", names, levels)
        for index, (label, losses) in enumerate(trials.items(), panel if places is None else 0):
            points = [(math.log(rate), max(losses[rate])) for rate in sorted(losses)]
            axes.curve(*zip(*points, strict=True), index)
            for rate, runs in losses.items():
                for loss in runs:
                    x, y = axes.x(math.log(rate)), axes.y(loss)
                    _run(d, x, y, PALETTE[index], loss > axes.ylim[1])
            rate = min(losses, key=lambda rate: max(losses[rate]))
            mean = sum(map(perplexity, losses[rate])) / len(losses[rate])
            best.append(f"{optimizer}, {label}: {mean:.2f} with a rate of {rate:g}")
            if places is None:
                x, y = axes.x(math.log(rate)), axes.y(min(losses[rate])) + 1.5 * em
                d.text(x, y, f"{mean:.2f}", "middle", font_weight="bold")
            else:
                x, y = (
                    axis(math.log(v))
                    for axis, v in zip((axes.x, axes.y), places[label], strict=True)
                )
                for row, line in enumerate([*label.split(", "), f"best: {mean:.2f} at {rate:g}"]):
                    d.text(x, y + 1.2 * row * em, line, color=PALETTE[index])
        color = PALETTE[panel] if places is None else "#222"
        d.text((left + right) / 2, 1.1 * em, optimizer, "middle", font_weight="bold", color=color)
        left = right + 0.6 * em
    return d.picture(f"The mean of the best rate. {'; '.join(best)}.")


def _run(d, x, y, color, ruined):
    """Draw a run as a dot, or as an open one if it is ruined."""
    if ruined:
        d.add("circle", cx=x, cy=y, r=4, fill="white", stroke=color, stroke_width=1.8)
    else:
        d.dot(x, y, color, 3)
