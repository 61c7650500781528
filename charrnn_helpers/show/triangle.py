"""The triangle: how large the gradient of each loss is at each state, as colors.

`nudges` compares the gradient that a network got with what a nudge of each weight measures.
"""

import math

from charrnn_helpers.show.style import PALETTE
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing, power

STOPS = ((238, 244, 250), (61, 166, 235), (0, 52, 110))  # the colors of 0.01, of 0.1, and of 1
LEAST = -2  # the exponent of the lightest color
CELL, SMALL = 11.4, 2.8  # the sides of a cell
MARKS = {0: "1 or more", -1: "0.1", -2: "0.01 or less"}
ORANGE = "#A84300"


def shade(share):
    """Return the color of a share: dark at 1 and above, and lighter with each power of ten."""
    place = 2 - 2 * max(math.log10(share), LEAST) / LEAST if share > 10**LEAST else 0
    place = min(place, 2)
    low, high = STOPS[place >= 1], STOPS[1 + (place >= 1)]
    part = place - (place >= 1)
    return tuple(round(a + (b - a) * part) for a, b in zip(low, high, strict=True))


def triangle_and_curve(sentence, triangles, curves, update):
    """Draw the triangle `{updates: rows}` and the curve by lag `{updates: shares}` of a network.

    A row holds the sizes of the gradient of one loss at the states up to its own.  A small triangle
    shows that of a network with nothing but the diagonal, whatever the update.
    """
    em = Drawing(0, 0).em
    side = CELL * (len(sentence) - 1)
    d = Drawing(WIDTH, side + 8.7 * em)
    d.text(0.4 * em, 1.2 * em, f"after {update:,} update{'s' * (update != 1)}", font_weight="bold")
    left, top = 3.6 * em, 1.9 * em
    _triangle(d, sentence, triangles[str(update)], left, top)
    _diagonal(d, len(sentence) - 1, left + side, top)
    box = (left + side + 3.9 * em, top + 0.3 * em, WIDTH - 0.6 * em, top + 0.62 * side)
    shares = curves[str(update)]
    _by_lag(d, box, curves["0"], shares)
    _legend(d, side + 6.2 * em)
    far = {lag: shares[lag] for lag in (5, 10) if lag < len(shares)}
    words = ", ".join(f"{share:.2g} at lag {lag}" for lag, share in far.items())
    return d.picture(
        f"A triangle of colored cells after {update:,} updates; of the gradient, on average, "
        f"this is left: {words}. A small triangle has nothing but its diagonal."
    )


def _letter(d, x, y, char, anchor):
    """Write a character; the sign of the space is drawn, because fonts make it too wide."""
    if char != " ":
        d.text(x, y, char, anchor, 0.83, **MONO)
        return
    right = x + (3 if anchor == "middle" else -0.5)
    d.path([(right - 6, y - 3), (right - 6, y), (right, y), (right, y - 3)], "#222", 1.2)


def _outline(d, num_steps, left, top, cell):
    """Draw the stairs around a triangle."""
    corners = [(left, top)]
    for i in range(num_steps):
        corners += [(left + (i + 1) * cell, top + (i + k) * cell) for k in (0, 1)]
    d.path([*corners, (left, top + num_steps * cell), (left, top)], "#777", 1)


def _triangle(d, sentence, rows, left, top):
    """Draw one triangle: a row for each loss, and a column for each state."""
    em, num_steps = d.em, len(rows)
    for i, row in enumerate(rows):
        y = top + i * CELL
        shades = [shade(size / row[-1]) for size in row]
        high = CELL + 0.5 * (i < num_steps - 1)  # no seam between two rows
        d.pixels(left, y, len(row) * CELL, high, [shades])
        _letter(d, left - 0.35 * em, y + 0.9 * CELL, sentence[i + 1], "end")
        place = left + (i + 0.5) * CELL
        _letter(d, place, top + num_steps * CELL + 0.95 * em, sentence[i], "middle")
    _outline(d, num_steps, left, top, CELL)
    middle, x = top + num_steps * CELL / 2, left - 2.2 * em
    look = {"transform": f"rotate(-90 {x:.1f} {middle:.1f})"}
    d.text(x, middle, "the loss of this character", "middle", 0.9, **look)
    below = top + num_steps * CELL + 2.4 * em
    d.text(left, below, "at the state after this character", size=0.9)


def _diagonal(d, num_steps, right, top):
    """Draw the small triangle of a network whose losses reach their own states alone."""
    left = right - SMALL * num_steps
    for i in range(num_steps):
        d.rect(left + i * SMALL, top + i * SMALL, SMALL, SMALL, f"rgb{STOPS[2]}")
    _outline(d, num_steps, left, top, SMALL)
    below = top + SMALL * num_steps
    for k, line in enumerate(("with a term missing,", "at every update")):
        d.text(right, below + (1.2 + 1.15 * k) * d.em, line, "end", 0.9, ORANGE)


def _by_lag(d, box, fresh, shares):
    """Draw what is left of the gradient at each lag: now, and as a thin line at update 0."""
    axes = Axes(d, box, (0, len(shares) - 1), (LEAST - 0.5, 0.3))
    left, top, right, bottom = box
    for exponent in (0, -1, -2):
        y = axes.y(exponent)
        d.line(left, y, right, y, "#ddd")
        d.text(left - 0.4 * d.em, y + 0.35 * d.em, power(exponent), "end")
    for lag in range(0, len(shares), 5):
        d.text(axes.x(lag), bottom + 1.3 * d.em, str(lag), "middle")
    d.line(left, top, left, bottom)
    d.line(left, bottom, right, bottom)
    for values, color, width in ((fresh, "#888", 1.2), (shares, PALETTE[0], 2.6)):
        logs = [math.log10(value) for value in values]
        kept = [log for log in logs if log > LEAST - 0.5]
        d.path(axes.points(range(len(kept)), kept), color, width)
    d.text(right, axes.y(0) - 0.5 * d.em, "update 0", "end", 0.9, "#555")
    d.text((left + right) / 2, bottom + 2.6 * d.em, "lag (time steps back)", "middle", 0.9)
    d.text((left + right) / 2, bottom + 3.9 * d.em, "what is left, on average", "middle", 0.9)


def _legend(d, top):
    """Draw the scale of the colors."""
    em, width = d.em, 230
    left = 21 * em
    d.text(left - 0.8 * em, top + 0.95 * em, "compared with the diagonal of its row", "end", 0.9)
    shades = [[shade(10 ** (LEAST * k / 89)) for k in range(90)]]
    d.pixels(left, top, width, 1.2 * em, shades)
    for exponent, label in MARKS.items():
        x = left + width * exponent / LEAST
        d.line(x, top, x, top + 1.4 * em)
        d.text(x, top + 2.25 * em, label, "middle", 0.9)


def nudges(networks, scale=1000):
    """Draw the gradient of single weights against what a nudge measures, for each network.

    `networks` is `{name: {weight: (gradients, measured)}}`.  A weight's gradient is right if its
    dot is on the diagonal.  The axes are those of the first weight; a panel says how many dots of
    the others are outside.
    """
    em, gap = Drawing(0, 0).em, 1.0
    width = (WIDTH - 5.2 * em - gap * em) / len(networks)
    d = Drawing(WIDTH, width + 6.4 * em)
    suspected = [next(iter(kinds.values())) for kinds in networks.values()]
    most = (
        1.2 * scale * max(abs(value) for pair in suspected for values in pair for value in values)
    )
    for k, (name, kinds) in enumerate(networks.items()):
        left, top = 3.8 * em + k * (width + gap * em), 1.8 * em
        box = (left, top, left + width, top + width)
        axes = Axes(d, box, (-most, most), (-most, most))
        d.text(left + width / 2, 1.1 * em, name, "middle", font_weight="bold")
        _frame(d, axes, most, k == 0)
        (first, dots), (second, rings) = kinds.items()
        outside = 0
        for said, found in zip(*rings, strict=True):
            if max(abs(scale * said), abs(scale * found)) > most:
                outside += 1
                continue
            look = {"fill": "none", "stroke": PALETTE[0], "stroke_width": 1.4}
            d.add("circle", cx=axes.x(scale * said), cy=axes.y(scale * found), r=0.32 * em, **look)
        for said, found in zip(*dots, strict=True):
            d.dot(axes.x(scale * said), axes.y(scale * found), ORANGE + "cc", 0.25 * em)
        d.text(left + 0.6 * em, top + 1.3 * em, f"\u25cf {first}", color=ORANGE)
        d.text(left + 0.6 * em, top + 2.6 * em, f"\u25cb {second}", color=PALETTE[0])
        if outside:
            d.text(
                left + width - 0.5 * em,
                top + width - 0.6 * em,
                f"+ {outside} outside",
                "end",
                0.9,
                PALETTE[0],
            )
    middle = 3.8 * em + (WIDTH - 5.2 * em) / 2
    label = f"gradient that PyTorch gives (in 1/{scale:,})"
    d.text(middle, 1.8 * em + width + 3.4 * em, label, "middle")
    look = {"transform": f"rotate(-90 {em:.1f} {1.8 * em + width / 2:.1f})"}
    d.text(em, 1.8 * em + width / 2, "measured by a nudge", "middle", **look)
    words = [
        f"{name}, {kind}: {_off(*pair)}"
        for name, kinds in networks.items()
        for kind, pair in kinds.items()
    ]
    return d.picture(f"Dots, one for each weight. {'; '.join(words)}.")


def _frame(d, axes, most, labelled):
    """Draw the axes of one panel, and its diagonal."""
    left, top, right, bottom = axes.box
    step = max(n for n in (1, 2, 5, 10) if n <= most) if most >= 1 else most / 1.1
    for value in (-step, 0, step):
        x, y = axes.x(value), axes.y(value)
        d.line(x, top, x, bottom, "#ddd")
        d.line(left, y, right, y, "#ddd")
        d.text(x, bottom + 1.4 * d.em, f"{value:g}", "middle")
        if labelled:
            d.text(left - 0.4 * d.em, y + 0.35 * d.em, f"{value:g}", "end")
    d.line(left, bottom, right, top, "#777", 1.2, "5 4")
    d.path([(left, top), (left, bottom), (right, bottom), (right, top), (left, top)], "#777", 1)


def _off(said, found):
    """Say whether the dots are on the diagonal."""
    most = max(map(abs, found))
    apart = max(abs(a - b) for a, b in zip(said, found, strict=True))
    return "on the diagonal" if apart < 0.001 * most else "a cloud around the diagonal"
