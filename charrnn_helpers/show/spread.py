"""Runs with several seeds as dots, a row for each way of training."""

from charrnn_helpers.show.style import PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing


def spread(rows, xlabel, limits, highlight=()):
    """Draw `{label: values}`: a row of dots for each label, and the mean beside it.

    Rows whose labels are highlighted are orange, and the others blue.
    """
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, (1.7 * len(rows) + 3.6) * em)
    box = (0.58 * max(map(len, rows)) * em, 0.4 * em, WIDTH - 4 * em, (1.7 * len(rows) + 0.4) * em)
    axes = Axes(d, box, limits, (0.5 - len(rows), 0.5))
    axes.frame(xlabel, "", yticks={-k: "" for k in range(len(rows))})
    digits, said = 2 if limits[1] - limits[0] < 2 else 1, []
    for k, (label, values) in enumerate(rows.items()):
        y, mean, color = axes.y(-k), sum(values) / len(values), PALETTE[label in highlight]
        d.text(box[0] - 0.7 * em, y + 0.35 * em, label, "end")
        for value in values:
            d.dot(axes.x(value), y, color, 4.5)
        d.text(box[2] + 0.5 * em, y + 0.35 * em, f"{mean:.{digits}f}", color=color)
        said.append(f"{label}: {', '.join(f'{v:.{digits}f}' for v in values)}")
    return d.picture(f"{xlabel}. {'; '.join(said)}.")
