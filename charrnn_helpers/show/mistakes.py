"""What a model's words are worth: known and different ones, and whether mistakes pile up."""

from statistics import mean, stdev

from charrnn_helpers.show.style import PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing

OWN, OTHER = "#A84300", "#555"
LOOKS = [(OWN, "none"), (PALETTE[0], "7 4"), (OTHER, "2 3")]


def variety(temperatures, others):
    """Draw known words against different known ones, of a hundred, with two standard errors.

    `temperatures` are `{T: [(known, different), ...]}`, one pair for each text, joined by a line;
    `others` are `{label: (pairs, color, side)}`, with the label to this side of the dot.
    """
    d = Drawing(WIDTH, 24 * Drawing(0, 0).em)
    axes = Axes(d, (5 * d.em, 0.8 * d.em, WIDTH - 8 * d.em, 20.6 * d.em), (20, 100), (10, 70))
    xticks, yticks = ({k: str(k) for k in range(20, last, 20)} for last in (101, 61))
    axes.frame("known words of a hundred", "different ones", xticks, yticks)
    places = {T: _mean_of(pairs) for T, pairs in temperatures.items()}
    d.path([(axes.x(x), axes.y(y)) for (x, y), _ in places.values()], OWN, 2.5)
    ends = min(places), max(places)
    rows = {f"T = {T}" if T in ends else str(T): (places[T], OWN, "below") for T in places}
    rows |= {label: (_mean_of(pairs), *look) for label, (pairs, *look) in others.items()}
    for label, (((x, y), (dx, dy)), color, side) in rows.items():
        d.line(axes.x(x - dx), axes.y(y), axes.x(x + dx), axes.y(y), color, 2)
        d.line(axes.x(x), axes.y(y - dy), axes.x(x), axes.y(y + dy), color, 2)
        d.dot(axes.x(x), axes.y(y), color, 5)
        shift, anchor = {"left": (-0.7, "end"), "right": (0.7, "start")}.get(side, (0, "middle"))
        down = {"below": 2.1, "above": -1.3}.get(side, 0.35)
        d.text(axes.x(x) + shift * d.em, axes.y(y) + down * d.em, label, anchor, color=color)
    told = "; ".join(f"{label} {x:.0f} and {y:.0f}" for label, (((x, y), _), *_) in rows.items())
    return d.picture(f"Known words of a hundred, and different ones among them: {told}.")


def _mean_of(pairs):
    """Return the means of both numbers, and two standard errors of each."""
    columns = list(zip(*pairs, strict=True))
    errors = [2 * stdev(values) / len(values) ** 0.5 for values in columns]
    return [mean(values) for values in columns], errors


def piling(lines, count):
    """Draw the shares of unknown words, `{label: shares}`, the first line lit.

    Each share is one of `count` words, and the bars are two standard errors to each side.
    """
    d = Drawing(WIDTH, 24 * Drawing(0, 0).em)
    box = (5 * d.em, 0.8 * d.em, WIDTH - 13 * d.em, 20.6 * d.em)
    (places,) = {len(shares) for shares in lines.values()}
    axes = Axes(d, box, (0.6, places + 0.4), (0, 0.8))
    yticks = {k / 10: f"{k / 10:g}" for k in range(0, 9, 2)}
    xticks = {k: str(k) for k in range(1, places + 1)}
    axes.frame("the model's own words, from the first", "share of unknown words", xticks, yticks)
    shares = next(iter(lines.values()))
    note = f"flat: word {places} is as good as word 1"
    d.text(axes.x((places + 1) / 2), axes.y(min(shares)) + 2.6 * d.em, note, "middle", 1.1, OWN)
    free = -float("inf")
    order = sorted(zip(lines.items(), LOOKS, strict=True), key=lambda line: -line[0][1][-1])
    for (label, shares), (color, dash) in order:
        d.path(axes.points(range(1, places + 1), shares), color, 2.5, dash)
        for k, share in enumerate(shares, 1):
            error, x = 2 * (share * (1 - share) / count) ** 0.5, axes.x(k)
            d.line(x, axes.y(share - error), x, axes.y(share + error), color, 2)
            d.dot(x, axes.y(share), color, 4)
        down = 1.9 if color == OWN else -1.1
        d.text(axes.x(1), axes.y(shares[0]) + down * d.em, f"{shares[0]:.2f}", "middle", 1, color)
        free = max(axes.y(shares[-1]) + 0.3 * d.em, free + 1.5 * d.em)
        d.text(box[2] + 0.6 * d.em, free, f"{label}: {shares[-1]:.2f}", color=color)
    told = "; ".join(
        f"{label} {shares[0]:.2f} for the first and {shares[-1]:.2f} for the last"
        for label, shares in lines.items()
    )
    return d.picture(f"The share of unknown words among {places} own words: {told}.")
