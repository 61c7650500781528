"""What a model's words are worth: known and different ones, and how unsure it is."""

from statistics import mean, stdev

from charrnn_helpers.show.style import PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing

OWN, OTHER = "#A84300", "#555"
LOOKS = [(OWN, "none"), (PALETTE[0], "7 4"), (OTHER, "2 3")]


def variety(temperatures, others):
    """Draw known words of a hundred against different ones of 20, with two standard errors.

    `temperatures` are `{T: [(known, different), ...]}`, one pair for each text, joined by a line;
    `others` are `{label: pairs}`, drawn in gray.
    """
    d = Drawing(WIDTH, 24 * Drawing(0, 0).em)
    axes = Axes(d, (5 * d.em, 0.8 * d.em, WIDTH - 8 * d.em, 20.6 * d.em), (20, 100), (8, 20))
    xticks, yticks = ({k: str(k) for k in ticks} for ticks in ([*range(20, 101, 20)], [10, 15, 20]))
    axes.frame("known words of a hundred", "different ones of 20", xticks, yticks)
    places = {T: _mean_of(pairs) for T, pairs in temperatures.items()}
    d.path([(axes.x(x), axes.y(y)) for (x, y), _ in places.values()], OWN, 2.5)
    ends = min(places), max(places)
    rows = {f"T = {T}" if T in ends else str(T): (places[T], OWN) for T in places}
    rows |= {label: (_mean_of(pairs), OTHER) for label, pairs in others.items()}
    for label, (((x, y), (dx, dy)), color) in rows.items():
        d.line(axes.x(x - dx), axes.y(y), axes.x(x + dx), axes.y(y), color, 2)
        d.line(axes.x(x), axes.y(y - dy), axes.x(x), axes.y(y + dy), color, 2)
        d.dot(axes.x(x), axes.y(y), color, 5)
        place = (-0.7, 0.35, "end") if color == OTHER else (0, 2.1, "middle")
        d.text(
            axes.x(x) + place[0] * d.em, axes.y(y) + place[1] * d.em, label, place[2], color=color
        )
    told = "; ".join(f"{label} {x:.0f} and {y:.1f}" for label, (((x, y), _), *_) in rows.items())
    return d.picture(f"Known words of a hundred, and different ones among the first 20: {told}.")


def _mean_of(pairs):
    """Return the means of both numbers, and two standard errors of each."""
    columns = list(zip(*pairs, strict=True))
    errors = [2 * stdev(values) / len(values) ** 0.5 for values in columns]
    return [mean(values) for values in columns], errors


def less_sure(lines, blocks):
    """Draw the entropy of the next character against the characters that were written before.

    `lines` are `{label: [(mean, standard error), ...]}` in bits, one pair for each of the blocks
    `(first, last)` of characters; the bars are two standard errors to each side.
    """
    d = Drawing(WIDTH, 22 * Drawing(0, 0).em)
    box = (5 * d.em, 0.8 * d.em, WIDTH - 14 * d.em, 18.6 * d.em)
    values = [mean for line in lines.values() for mean, _ in line]
    low, high = min(values) - 0.1, max(values) + 0.1
    axes = Axes(d, box, (0, blocks[-1][1]), (low, high))
    ticks = [k / 10 for k in range(10, 50) if low < k / 10 < high]
    xticks = {k: str(k) for k in range(0, blocks[-1][1] + 1, 20)}
    yticks = {tick: f"{tick:.1f}" for tick in ticks}
    axes.frame("characters since the beginning", "entropy in bits", xticks, yticks)
    for (label, line), (color, dash) in zip(lines.items(), LOOKS, strict=False):
        places = [(first + last) / 2 for first, last in blocks]
        d.path(axes.points(places, [mean for mean, _ in line]), color, 2.5, dash)
        for place, (bits, error) in zip(places, line, strict=True):
            x = axes.x(place)
            d.line(x, axes.y(bits - 2 * error), x, axes.y(bits + 2 * error), color, 2)
            d.dot(x, axes.y(bits), color, 4)
        last = line[-1][0]
        d.text(box[2] + 0.6 * d.em, axes.y(last) + 0.3 * d.em, f"{label}: {last:.2f}", color=color)
    told = "; ".join(
        f"{label} {line[0][0]:.2f} at first and {line[-1][0]:.2f} at last"
        for label, line in lines.items()
    )
    return d.picture(f"How unsure the model is of the next character, in bits: {told}.")
