"""A text's bar, named by zeros and ones: what is likely has a short name."""

import math
from fractions import Fraction

from charrnn_helpers.show.chain import CHOSEN
from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Drawing

LETTERS = " abcdefghijklmnopqrstuvwxyz"  # the order of the parts in a bar
PIECE = "#f4c27a"
HALVINGS = 4  # rows of halves that are drawn


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
    """Draw the bar of the first `read` characters, and halves of the whole until one fits in."""
    d, text = Drawing(WIDTH, 0), phrase[:read]
    em, d.height = d.em, round(19.2 * d.em)
    low, width = bar_of(text, begins)
    digits, spelled = digits_of(text, begins), "".join(map(visible, text))
    left, right, top = 6.2 * em, WIDTH - 11 * em, 2.2 * em
    start, whole = low - width * Fraction(4, 5), width * Fraction(13, 5)  # what is in view

    def x(place):
        share = float((min(max(place, 0), 1) - start) / whole)
        return left + (right - left) * min(max(share, 0), 1)

    d.text(left, 1.1 * em, f"a part of the whole, magnified {_times(1 / whole)}", color="#555")
    ends, high = (x(low), x(low + width)), 1.6 * em
    d.rect(x(Fraction(0)), top, x(Fraction(1)) - x(Fraction(0)), high, "white", "#888")
    d.rect(ends[0], top, ends[1] - ends[0], high, CHOSEN, "#888")
    middle, bold = sum(ends) / 2, {"font_weight": "bold"}
    d.text(middle, top + 1.15 * em, spelled, "middle", **bold, **MONO)
    d.text(right + 0.6 * em, top + 1.15 * em, f"p = {float(width):.2g}")
    first = max(len(digits) - HALVINGS + 1, 1)
    for row, n in enumerate(range(first, len(digits) + 1)):
        y, last = top + (2.4 + 2.2 * row) * em, n == len(digits)
        d.text(left - 0.6 * em, y + 1.15 * em, f"{n} digit{'s' * (n > 1)}", "end")
        chosen = int(digits[:n], 2)
        for k in range(math.floor(max(start, 0) * 2**n), 2**n):
            edge, after = Fraction(k, 2**n), Fraction(k + 1, 2**n)
            if edge >= start + whole:
                break
            if after > start:
                fill = (PALETTE[1] + "bb" if last else PIECE) if k == chosen else "white"
                d.rect(x(edge), y, x(after) - x(edge), high, fill, "#888")
                if x(after) - x(edge) > 1.2 * em:
                    inside = (x(edge) + x(after)) / 2, y + 1.15 * em
                    d.text(*inside, str(k % 2), "middle", **(bold if k == chosen else {}), **MONO)
        d.text(right + 0.6 * em, y + 1.15 * em, digits[:n], **(bold if last else {}), **MONO)
    bottom = top + (2.4 + 2.2 * HALVINGS - 0.4) * em
    for end in ends:
        d.line(end, top + high, end, bottom, PALETTE[0], 1.4, "4 3")
    rows = _table(d, phrase, begins, read, bottom + 1.9 * em)
    return d.picture(f"The bar of {spelled} is {float(width):.2g} wide. {digits} fits in. {rows}")


def _times(ratio):
    """Return how many times something is magnified, in words."""
    return f"{float(ratio):,.1f} times" if ratio < 10 else f"{float(ratio):,.0f} times"


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
