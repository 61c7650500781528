"""Runs with several seeds as dots, a row for each way of training."""

import math

from charrnn_helpers.show.style import PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing
from charrnn_helpers.training import perplexity


def changed(name, base, groups, limits):
    """Draw runs that differ from a base in one thing, `{group: {label: losses}}`, in rows.

    Beside each row is the mean of its runs, and how much it is above that of the base.
    """
    em = Drawing(0, 0).em
    count = 1 + sum(map(len, groups.values()))
    d, row = Drawing(WIDTH, (1.6 * count + 0.7 * len(groups) + 4.6) * em), 1.6 * em
    box = (17.5 * em, 1.4 * em, WIDTH - 7.6 * em, d.height - 3.2 * em)
    axes = Axes(d, box, tuple(map(math.log, limits)), (0, 1))
    values = [v for v in (4.5, 4.75, 5, 5.25, 5.5, 5.75, 6) if limits[0] < v < limits[1]]
    axes.frame("perplexity", "", {math.log(v): f"{v:g}" for v in values}, {0: ""})
    mean, y, said = sum(map(perplexity, base)) / len(base), box[1] + 0.9 * em, []
    x = axes.x(math.log(mean))
    d.line(x, box[1], x, box[3], PALETTE[1], 1.5, "5 4")
    d.text(box[2] + 0.6 * em, box[1] - 0.4 * em, "mean", color="#555")
    for group, rows in {"": {name: base}, **groups}.items():
        if group:
            y += 0.7 * em
            d.text(0.4 * em, y + 0.35 * em, group, color="#555")
            d.line(0.4 * em, y - 1.1 * em, box[2] + 7 * em, y - 1.1 * em, "#ddd")
        for label, losses in rows.items():
            color = PALETTE[0] if group else PALETTE[1]
            here = sum(map(perplexity, losses)) / len(losses)
            d.text(box[0] - 0.7 * em, y + 0.35 * em, label, "end", color=color)
            for loss in losses:
                d.dot(axes.x(loss), y, color, 4)
            more = f"{here:.2f}" + (f"  ({round(here - mean, 2) + 0.0:+.2f})" if group else "")
            more = more.replace("-", "\u2212")
            weight = {} if group else {"font_weight": "bold"}
            d.text(box[2] + 0.6 * em, y + 0.35 * em, more, color=color, **weight)
            said.append(f"{label}: {more}")
            y += row
    return d.picture(f"Mean perplexity after 9 epochs. {'; '.join(said)}.")
