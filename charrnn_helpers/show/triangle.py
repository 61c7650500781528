"""The triangle: how large the gradient of each loss is at each state, as colors.

`nudges` compares the gradient that a network got with what a nudge of each weight measures.
"""

import math

from charrnn_helpers.show.style import PALETTE
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing, power

STOPS = ((238, 244, 250), (61, 166, 235), (0, 52, 110))  # the colors of 0.01, of 0.1, and of 1
LEAST = -2  # the exponent of the lightest color
CELL = 11.9  # the side of a cell
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

    A row holds the sizes of the gradient of one loss at the states up to its own.
    """
    em = Drawing(0, 0).em
    side = CELL * (len(sentence) - 1)
    d = Drawing(WIDTH, side + 8.7 * em)
    d.text(0.4 * em, 1.2 * em, f"after {update:,} update{'s' * (update != 1)}", font_weight="bold")
    left, top = 3.6 * em, 1.9 * em
    _triangle(d, sentence, triangles[str(update)], left, top)
    box = (left + side + 3.9 * em, top + 0.3 * em, WIDTH - 0.6 * em, top + 0.62 * side)
    shares = curves[str(update)]
    _by_lag(d, box, curves["0"], shares, update)
    _legend(d, side + 6.2 * em)
    _only_the_diagonal(d, left, top, len(sentence) - 1)
    far = {lag: shares[lag] for lag in (5, 10) if lag < len(shares)}
    words = ", ".join(f"{share:.2g} at lag {lag}" for lag, share in far.items())
    return d.picture(
        f"A triangle of colored cells after {update:,} updates; of the gradient, on average, "
        f"this remains: {words}."
    )


def _letter(d, x, y, char, anchor):
    """Write a character; the sign of the space is drawn, because fonts make it too wide."""
    if char != " ":
        d.text(x, y, char, anchor, 0.83, **MONO)
        return
    right = x + (3 if anchor == "middle" else -0.5)
    d.path([(right - 6, y - 3), (right - 6, y), (right, y), (right, y - 3)], "#222", 1.2)


def _cells(d, rows, left, top, cell):
    """Draw the colors of a triangle, as one image."""
    num_steps = len(rows)
    shades = [[shade(size / row[-1]) for size in row] for row in rows]
    white = [[(255, 255, 255)] * (num_steps - len(row)) for row in rows]
    whole = [row + rest for row, rest in zip(shades, white, strict=True)]
    d.pixels(left, top, num_steps * cell, num_steps * cell, whole)
    _outline(d, num_steps, left, top, cell)


def _outline(d, num_steps, left, top, cell):
    """Draw the stairs around a triangle."""
    corners = [(left, top)]
    for i in range(num_steps):
        corners += [(left + (i + 1) * cell, top + (i + k) * cell) for k in (0, 1)]
    d.path([*corners, (left, top + num_steps * cell), (left, top)], "#777", 1)


def _triangle(d, sentence, rows, left, top):
    """Draw one triangle: a row for each loss, and a column for each state."""
    em, num_steps = d.em, len(rows)
    _cells(d, rows, left, top, CELL)
    for i in range(num_steps):
        _letter(d, left - 0.35 * em, top + (i + 0.9) * CELL, sentence[i + 1], "end")
        place = left + (i + 0.5) * CELL
        _letter(d, place, top + num_steps * CELL + 0.95 * em, sentence[i], "middle")
    middle, x = top + num_steps * CELL / 2, left - 2.2 * em
    look = {"transform": f"rotate(-90 {x:.1f} {middle:.1f})"}
    d.text(x, middle, "the loss of this character", "middle", 0.9, **look)
    below = top + num_steps * CELL + 2.4 * em
    d.text(left, below, "at the state after this character", size=0.9)


def _only_the_diagonal(d, left, top, num_steps):
    """Point at the diagonal, at three quarters of its length."""
    em, step = d.em, round(0.75 * num_steps)
    x, y = left + (step + 1) * CELL, top + (step + 0.5) * CELL
    d.text(x + 4.4 * em, y + 0.35 * em, "the diagonal: all that P keeps", color=ORANGE, size=0.9)
    _arrow(d, x + 4 * em, y, x + 4, y)


def _by_lag(d, box, fresh, shares, update):
    """Draw what remains of the gradient at each lag: now, and as a thin line at update 0."""
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
    d.text(right, axes.y(0) - 0.5 * d.em, "after 0 updates", "end", 0.9, "#555")
    if update:
        lag = max(k for k in range(len(shares)) if k <= 8 and shares[k] > 10 ** (LEAST - 0.3))
        x, y = axes.x(lag) + 0.8 * d.em, axes.y(math.log10(shares[lag]))
        d.text(x, y, f"after {update:,}", size=0.9, color=PALETTE[0], font_weight="bold")
    d.text((left + right) / 2, bottom + 2.6 * d.em, "lag (time steps back)", "middle", 0.9)
    d.text(left - 2.6 * d.em, top - 0.9 * d.em, "what remains, on average", size=0.9)


def _legend(d, top):
    """Draw the scale of the colors."""
    em, width = d.em, 230
    left = 26 * em
    words = "size of a cell, compared with the diagonal of its row"
    d.text(left - 0.8 * em, top + 0.95 * em, words, "end", 0.9)
    shades = [[shade(10 ** (LEAST * k / 89)) for k in range(90)]]
    d.pixels(left, top, width, 1.2 * em, shades)
    for exponent, label in MARKS.items():
        x = left + width * exponent / LEAST
        d.line(x, top, x, top + 1.4 * em)
        d.text(x, top + 2.25 * em, label, "middle", 0.9)


def parts(num_steps=5):
    """Draw a cell, a column, and a diagonal of the triangle, and how a step back leads there."""
    em, cell = Drawing(0, 0).em, 30
    d = Drawing(WIDTH, num_steps * cell + 6.6 * em)
    filled = {
        "a cell": {(4, 2)},
        "a column": {(i, 2) for i in range(2, num_steps + 1)},
        "a diagonal": {(i, i - 2) for i in range(3, num_steps + 1)},
    }
    steps = {
        "a cell": [(4, 4), (4, 3)],
        "a column": [("all", 3)],
        "a diagonal": [(i, i - 1) for i in range(3, num_steps + 1)],
    }
    below = {
        "a cell": "loss 4 at state 2",
        "a column": "all losses at state 2",
        "a diagonal": "lag 2: two time steps back",
    }
    for k, (name, cells) in enumerate(filled.items()):
        left, top = 3.8 * em + k * (WIDTH - 3.8 * em) / 3, 1.8 * em
        d.text(left, 1.1 * em, name, font_weight="bold")
        for i in range(1, num_steps + 1):
            y = top + (i - 1) * cell
            d.text(left - 0.4 * em, y + 0.65 * cell, f"loss {i}" if k == 0 else str(i), "end", 0.9)
            for j in range(1, i + 1):
                color = ORANGE + "55" if (i, j) in cells else "none"
                d.rect(left + (j - 1) * cell, y, cell, cell, color, "#999")
        for j in range(1, num_steps + 1):
            x = left + (j - 0.5) * cell
            d.text(x, top + num_steps * cell + 1.1 * em, str(j), "middle", 0.9)
        for i, j in steps[name]:
            if i == "all":
                _column_sum(d, left, top, j, num_steps)
                continue
            x, y = left + (j - 0.65) * cell, top + (i - 0.5) * cell
            _arrow(d, x, y, x - 0.7 * cell, y)
        y = top + num_steps * cell + 2.4 * em
        d.text(left + num_steps * cell / 2, y, "state", "middle", 0.9)
        d.text(left, y + 1.5 * em, below[name], size=0.9, color=ORANGE)
    return d.picture(
        "Three triangles of five rows and five columns. One cell is marked, to which two arrows "
        "lead from the diagonal; one column, to which an arrow leads from above, and one "
        "from the next column as a whole; and one diagonal, to which an arrow leads from each cell "
        "of the diagonal before it."
    )


def _column_sum(d, left, top, j, num_steps):
    """Frame the column j of the triangle of `parts`, whose sum goes one state back.

    What comes to that state from above goes to the top cell of its column.
    """
    cell, x = 30, left + (j - 1) * 30
    d.rect(x, top + (j - 1) * cell, cell, (num_steps + 1 - j) * cell, "none", ORANGE)
    y = top + (num_steps + j - 1) / 2 * cell
    _arrow(d, x + 0.35 * cell, y, x - 0.35 * cell, y)
    above, edge = x - 0.5 * cell, top + (j - 2) * cell
    _arrow(d, above, edge - 0.7 * cell, above, edge + 0.35 * cell)
    d.text(above + 0.3 * cell, edge - 0.45 * cell, "from above", size=0.9, color=ORANGE)
    d.text(x + 0.15 * cell, top + (j - 1.7) * cell, "the sum of", size=0.9, color=ORANGE)
    d.text(x + 0.15 * cell, top + (j - 1.2) * cell, f"column {j}", size=0.9, color=ORANGE)


def nudges(networks, scale=1000):
    """Draw the gradient of single weights against what a nudge measures, for each network.

    `networks` is `{name: (gradients, measured)}`.  A weight's gradient is right if its dot is on
    the diagonal.
    """
    em, gap = Drawing(0, 0).em, 1.0
    width = (WIDTH - 5.2 * em - gap * em) / len(networks)
    d = Drawing(WIDTH, width + 6.4 * em)
    values = [value for pair in networks.values() for values in pair for value in values]
    most = 1.15 * scale * max(map(abs, values))
    for k, (name, pair) in enumerate(networks.items()):
        left, top = 3.8 * em + k * (width + gap * em), 1.8 * em
        axes = Axes(d, (left, top, left + width, top + width), (-most, most), (-most, most))
        d.text(left + width / 2, 1.1 * em, name, "middle", font_weight="bold")
        _frame(d, axes, most, k == 0)
        for said, found in zip(*pair, strict=True):
            d.dot(axes.x(scale * said), axes.y(scale * found), PALETTE[0] + "cc", 0.25 * em)
        _farthest(d, axes, scale, pair)
    middle = 3.8 * em + (WIDTH - 5.2 * em) / 2
    label = "gradient that PyTorch gives, in thousandths"
    d.text(middle, 1.8 * em + width + 3.4 * em, label, "middle")
    look = {"transform": f"rotate(-90 {em:.1f} {1.8 * em + width / 2:.1f})"}
    d.text(em, 1.8 * em + width / 2, "measured by a nudge, in thousandths", "middle", **look)
    words = "; ".join(f"{name}: {_off(*pair)}" for name, pair in networks.items())
    return d.picture(f"Dots, one for each weight. {words}.")


def _frame(d, axes, most, labelled):
    """Draw the axes of one panel, and its diagonal."""
    left, top, right, bottom = axes.box
    step = max(n for n in (1, 2, 4, 6, 10) if n <= most) if most >= 1 else most / 1.1
    for value in (-step, -step / 2, 0, step / 2, step):
        x, y = axes.x(value), axes.y(value)
        d.line(x, top, x, bottom, "#ddd")
        d.line(left, y, right, y, "#ddd")
        d.text(x, bottom + 1.4 * d.em, f"{value:.2g}", "middle")
        if labelled:
            d.text(left - 0.4 * d.em, y + 0.35 * d.em, f"{value:.2g}", "end")
    d.line(left, bottom, right, top, "#777", 1.2, "5 4")
    d.path([(left, top), (left, bottom), (right, bottom), (right, top), (left, top)], "#777", 1)


def _farthest(d, axes, scale, pair):
    """Point at the dot that is farthest from the diagonal, if it is off."""
    said, found = max(zip(*pair, strict=True), key=lambda dot: abs(dot[0] - dot[1]))
    right = _off(*pair) == "on the diagonal"
    words = "all on the line: right" if right else "off the line: wrong"
    left, _, end, bottom = axes.box
    x, y = 0.64 * end + 0.36 * left, bottom - 0.9 * d.em
    d.text(x, y, words, "middle", 0.9, ORANGE, font_weight="bold")
    if not right:
        _arrow(d, x, y - d.em, axes.x(scale * said), axes.y(scale * found) + 0.45 * d.em)


def _off(said, found):
    """Say whether the dots are on the diagonal."""
    most = max(map(abs, found))
    apart = max(abs(a - b) for a, b in zip(said, found, strict=True))
    return "on the diagonal" if apart < 0.001 * most else "a cloud around the diagonal"


def dots(rows, xlabel, xlim, column, notes=None, chance=None):
    """Draw rows `{name: values}` of dots, and `notes`, `{name: words}`, beside them.

    `column` is what stands at the right, `(title, text of the values)`, and `chance`, `{label:
    value}`, one vertical line or two, the lower value first.
    """
    em, (title, summed) = Drawing(0, 0).em, column
    top = 2.2 * em
    d = Drawing(WIDTH, 1.75 * len(rows) * em + top + 3 * em)
    right = WIDTH - 6 * em
    box = (13.6 * em, top, right, 1.75 * len(rows) * em + top)
    axes = Axes(d, box, xlim, (0, len(rows)))
    places = {name: len(rows) - k - 0.5 for k, name in enumerate(rows)}
    axes.frame(xlabel, "", None, {y: name for name, y in places.items()})
    anchors = ("end", "start") if len(chance or {}) > 1 else ("middle",)
    for (label, value), anchor in zip((chance or {}).items(), anchors, strict=False):
        x = axes.x(value)
        d.line(x, top, x, box[3], "#555", 1.2, "5 4")
        d.text(x, top - 0.5 * em, label, anchor, 0.9, "#555")
    d.text(WIDTH - 0.3 * em, top - 0.5 * em, title, "end", 0.9)
    for name, values in rows.items():
        y = axes.y(places[name])
        if name in (notes or {}):
            _note(d, notes[name], y, [axes.x(value) for value in values], right)
        for i, value in enumerate(values):
            aside = 0.2 * em * (i % 3 - 1) * (len(values) > 1)
            d.dot(axes.x(value), y + aside, PALETTE[0] + "aa", 0.28 * em)
        d.text(WIDTH - 0.3 * em, y + 0.35 * em, summed(values), "end", 0.9)
    said = [f"{name} {summed(values)}" for name, values in rows.items()]
    remarks = "".join(f" {name}: {words}." for name, words in (notes or {}).items())
    return d.picture(f"{xlabel}; {title}: {', '.join(said)}.{remarks}")


def _note(d, words, y, places, right):
    """Write words beside the dots at these places, to the right if there is room."""
    width = 0.56 * d.em * len(words)
    free = max(places) + width < right
    x, anchor = (max(places) + d.em, "start") if free else (min(places) - d.em, "end")
    d.rect(x if free else x - width, y - 0.6 * d.em, width, 1.2 * d.em, "white")
    d.text(x, y + 0.35 * d.em, words, anchor, 0.9, ORANGE, font_weight="bold")


def labelled(lines, axis_names, ylim, labels, arrows=(), level=None):
    """Draw curves `{name: (xs, ys)}`, each with its name, over a logarithmic axis of y.

    `labels` is `{name: (x, dx, dy)}`: the name stands at this place of its curve, moved by so many
    heights of a letter.  `arrows` are `(words, from, to)`; `level`, `{words: y}`, is a dotted line.
    """
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 21 * em)
    xs = [x for pair in lines.values() for x in pair[0]]
    box = (4.6 * em, 0.9 * em, WIDTH - 4 * em, 17.6 * em)
    axes = Axes(d, box, (min(xs), max(xs)), tuple(map(math.log10, ylim)))
    wide = ylim[1] > 50 * ylim[0]
    round_ones = [
        m * 10.0**k for k in range(-4, 4) for m in ((1,) if wide else (1, 1.5, 2, 3, 5, 7))
    ]
    yticks = {math.log10(v): f"{v:g}" for v in round_ones if ylim[0] <= v <= ylim[1]}
    axes.frame(*axis_names, None, yticks)
    for words, y in (level or {}).items():
        d.line(box[0], axes.y(math.log10(y)), box[2], axes.y(math.log10(y)), "#555", 1.4, "2 3")
        d.text(box[2] + 0.4 * em, axes.y(math.log10(y)) + 0.35 * em, words, size=0.9)
    for k, (name, pair) in enumerate(lines.items()):
        kept = [(x, math.log10(y)) for x, y in zip(*pair, strict=True) if y >= ylim[0]]
        axes.curve(*zip(*kept, strict=True), k)
        at, dx, dy = labels[name]
        x, y = min(kept, key=lambda point, at=at: abs(point[0] - at))
        look = {"color": PALETTE[k], "font_weight": "bold"}
        d.text(
            axes.x(x) + dx * em, axes.y(y) + dy * em, name, "start" if dx >= 0 else "end", **look
        )
    for words, start, end in arrows:
        (x1, y1), (x2, y2) = ((axes.x(x), axes.y(math.log10(y))) for x, y in (start, end))
        d.text(x1, y1 + (-0.4 if y2 > y1 else 1.1) * em, words, "middle", 0.9, ORANGE)
        _arrow(d, x1, y1, x2, y2)
    ends = [f"{name}: from {pair[1][0]:.2g} to {pair[1][-1]:.2g}" for name, pair in lines.items()]
    marks = "".join(f" Marked: {words}." for words, *_ in arrows)
    return d.picture(f"{axis_names[1]}, by {axis_names[0]}. {'; '.join(ends)}.{marks}")


def _arrow(d, x1, y1, x2, y2, color=ORANGE):
    """Draw an arrow from the first point to the second."""
    d.line(x1, y1, x2, y2, color, 2)
    angle = math.atan2(y1 - y2, x1 - x2)
    for side in (-0.45, 0.45):
        d.line(x2, y2, x2 + 9 * math.cos(angle + side), y2 + 9 * math.sin(angle + side), color, 2)
