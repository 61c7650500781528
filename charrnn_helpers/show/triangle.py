"""The triangle: how large the gradient of each loss is at each state, as colors."""

import math

from charrnn_helpers.show.style import visible
from charrnn_helpers.show.svg import MONO, WIDTH, Drawing

STOPS = ((238, 244, 250), (61, 166, 235), (0, 52, 110))  # the colors of 0.01, of 0.1, and of 1
LEAST = -2  # the exponent of the lightest color
CELL = 12.4
MARKS = {0: "1 or more", -1: "0.1", -2: "0.01 or less"}


def shade(share):
    """Return the color of a share: dark at 1 and above, and lighter with each power of ten."""
    place = 2 - 2 * max(math.log10(share), LEAST) / LEAST if share > 10**LEAST else 0
    place = min(place, 2)
    low, high = STOPS[place >= 1], STOPS[1 + (place >= 1)]
    part = place - (place >= 1)
    return tuple(round(a + (b - a) * part) for a, b in zip(low, high, strict=True))


def two_triangles(sentence, kinds, update):
    """Draw the triangles of two networks `{name: {updates: rows}}` after so many updates.

    A row holds the sizes of the gradient of one loss at the states up to its own.  If there are
    fewer, they are the last ones, and the gradient at the states before is 0.
    """
    em = Drawing(0, 0).em
    side = CELL * (len(sentence) - 1)
    d = Drawing(WIDTH, side + 9.2 * em)
    d.text(0.4 * em, 1.2 * em, f"after {update:,} update{'s' * (update != 1)}", font_weight="bold")
    words = []
    for k, (name, found) in enumerate(kinds.items()):
        left = 4 * em + k * (WIDTH / 2 + 0.2 * em)
        rows = found[str(update)]
        _triangle(d, sentence, rows, left, 2.2 * em)
        for line, part in enumerate(name.split("\n")):
            d.text(left + side, (3.2 + 1.3 * line) * em, part, "end", font_weight="bold")
        words.append(f"{name.replace(chr(10), ' ')}: {_far(rows)}")
    _legend(d, side + 6.6 * em)
    return d.picture(f"Two triangles after {update:,} updates; {'; '.join(words)}.")


def _far(rows):
    """Say what is left of the gradient of the last loss, ten time steps back."""
    last = rows[-1]
    share = last[-11] / last[-1] if len(last) > 10 else 0
    return f"ten time steps back, {share:.2g} of the gradient of the last loss is left"


def _letter(d, x, y, char, anchor):
    """Write a character; the sign of the space is drawn higher, so that it touches no other."""
    raised = 0.2 * d.em * (char == " ")
    d.text(x, y - raised, visible(char), anchor, 0.83, **MONO)


def _triangle(d, sentence, rows, left, top):
    """Draw one triangle: a row for each loss, and a column for each state."""
    em, num_steps = d.em, len(rows)
    for i, row in enumerate(rows):
        y = top + i * CELL
        some = [0.0] * (i + 1 - len(row)) + [size / row[-1] for size in row]
        d.pixels(left, y, len(some) * CELL, CELL, [[shade(share) for share in some]])
        for j, share in enumerate(some):
            if share == 0:
                d.rect(left + j * CELL, y, CELL, CELL, "white", "#ddd")
        _letter(d, left - 0.35 * em, y + 0.82 * CELL, sentence[i + 1], "end")
        place = left + (i + 0.5) * CELL
        _letter(d, place, top + num_steps * CELL + em, sentence[i], "middle")
    corners = [(left, top)]
    for i in range(num_steps):
        corners += [(left + (i + 1) * CELL, top + (i + k) * CELL) for k in (0, 1)]
    corners += [(left, top + num_steps * CELL), (left, top)]
    d.path(corners, "#777", 1)
    middle, x = top + num_steps * CELL / 2, left - 2.2 * em
    look = {"transform": f"rotate(-90 {x:.1f} {middle:.1f})"}
    d.text(x, middle, "the loss of this character", "middle", 0.9, **look)
    below = top + num_steps * CELL + 2.5 * em
    d.text(left, below, "at the state after this character", size=0.9)


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
        d.text(x, top + 1.75 * em + 0.5 * em, label, "middle", 0.9)
    x = left + width + 6 * em
    d.rect(x, top, CELL, CELL, "white", "#999")
    d.text(x + CELL + 0.4 * em, top + 0.9 * em, "0", size=0.9)
