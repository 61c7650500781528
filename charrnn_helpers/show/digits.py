"""A text's bar, named by zeros and ones: what is likely has a short name."""

import math
from fractions import Fraction

from charrnn_helpers.show.chain import CHOSEN
from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Drawing

LETTERS = " abcdefghijklmnopqrstuvwxyz"  # the order of the parts in a bar
PIECE, BAR = "#f4c27a", PALETTE[0]
HIGH, ROW = 1.6, 2.2  # of a row of halves, without and with what lies below it


def bar_of(text, begins):
    """Return the left end and the width of a text's bar, as exact fractions of the whole."""
    low, width = Fraction(0), Fraction(1)
    for t, char in enumerate(text):
        before = text[:t]
        left = sum(begins.get(before + c, 0) for c in LETTERS[: LETTERS.index(char)])
        low += width * Fraction(left, begins[before])
        width *= Fraction(begins[before + char], begins[before])
    return low, width


def digits_of(text, begins):
    """Return the shortest name of a text: halve the whole until a piece lies in the text's bar.

    The digits are 0 for the left half and 1 for the right one.  `begins` counts the places where
    a piece of text begins, and "" counts all places.
    """
    low, width = bar_of(text, begins)
    n = 0
    while (place := math.ceil(low * 2**n)) + 1 > (low + width) * 2**n:
        n += 1
    return f"{place:0{n}b}" if n else ""


def halves(phrase, begins, read):
    """Draw how the whole is halved until a half lies in the bar of the first `read` characters.

    Each row is the half that was chosen in the row above, drawn twice as wide.
    """
    d, text = Drawing(WIDTH, 0), phrase[:read]
    em, most = d.em, len(digits_of(phrase, begins))
    low, width = bar_of(text, begins)
    digits, spelled = digits_of(text, begins), "".join(map(visible, text))
    left, right, first = 6.2 * em, WIDTH - 11 * em, 2.4 * em
    bottom = first + ROW * most * em
    d.height = round(bottom + 6.3 * em)
    d.rect(left, 0.6 * em, 1.6 * em, 0.6 * em, BAR)
    d.text(left + 2 * em, 1.2 * em, f"the bar of {spelled}, p = {float(width):.2g}")
    d.text(left - 0.6 * em, first + 0.95 * em, "the whole", "end")
    start, whole = Fraction(0), Fraction(1)  # the piece that a row shows
    for n, digit in enumerate(digits):
        top, middle, last = first + ROW * n * em, (left + right) / 2, n + 1 == len(digits)
        x = middle if digit == "1" else left  # of the chosen half
        d.rect(left, top, right - left, HIGH * em, "white", "#888")
        d.rect(x, top, middle - left, HIGH * em, PALETTE[1] + "bb" if last else PIECE, "#888")
        for k, center in enumerate([(left + middle) / 2, (middle + right) / 2]):
            look = {"font_weight": "bold"} if str(k) == digit else {}
            d.text(center, top + 0.92 * em, str(k), "middle", **look, **MONO)
        ends = [min(max((place - start) / whole, 0), 1) for place in (low, low + width)]
        here, there = (left + (right - left) * float(end) for end in ends)
        d.rect(here, top + 1.15 * em, max(there - here, 2), (HIGH - 1.15) * em, BAR)
        look = {"font_weight": "bold"} if last else {}
        d.text(right + 0.6 * em, top + 0.95 * em, digits[: n + 1], **look, **MONO)
        if not last:
            below = first + ROW * (n + 1) * em
            corners = [(x, top + HIGH * em), (x + middle - left, top + HIGH * em)]
            d.path([*corners, (right, below), (left, below)], "none", fill=PIECE + "88")
        whole /= 2
        start += whole * int(digit)
    rows = _table(d, phrase, begins, read, bottom + 1.7 * em)
    return d.picture(f"The bar of {spelled} is {float(width):.2g} wide. {digits} fits in. {rows}")


def _table(d, phrase, begins, read, top):
    """Write below each character how many bits and how many digits the text takes up to it."""
    em, left = d.em, 6.2 * d.em
    column = (WIDTH - 2 * em - left) / len(phrase)
    for k, name in enumerate(["text", "\u2212log\u2082 p", "digits"]):
        d.text(left - 0.6 * em, top + 1.6 * k * em, name, "end")
    spelled = []
    for t in range(1, len(phrase) + 1):
        x, now = left + (t - 0.5) * column, t == read
        bits = -math.log2(bar_of(phrase[:t], begins)[1])
        many = len(digits_of(phrase[:t], begins))
        if now:
            d.rect(x - column / 2, top - 1.2 * em, column, 4.9 * em, CHOSEN + "66")
        look = {"font_weight": "bold"} if now else {}
        d.text(x, top, "".join(map(visible, phrase[:t])), "middle", 0.9, **look, **MONO)
        d.text(x, top + 1.6 * em, f"{bits:.1f}", "middle", **look)
        d.text(x, top + 3.2 * em, str(many), "middle", **look)
        spelled.append(f"{bits:.1f} bits, {many} digits")
    return f"By character: {'; '.join(spelled)}."
