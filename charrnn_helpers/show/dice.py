"""Perplexity in one picture: what each character cost, and the mean as a die."""

from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing

WARM, TALLEST = (230, 159, 0), 8  # the color of 6 bits and more; bits at the top


def shade(bits):
    """Return a color for a surprisal in bits: white for 0, and dark orange from 6 on."""
    part = min(bits / 6, 1.0)
    return "#" + bytes(round(255 - part * (255 - end)) for end in WARM).hex()


def as_die(text, bits, faces=28):
    """Draw the surprisal of each character of a text in bits, and their mean as a die.

    The die has two to the power of the mean faces, beside those of a model that knows nothing.
    """
    half = len(text) - len(text) // 2
    d, high = Drawing(WIDTH, 0), 118
    em, mean = d.em, sum(bits) / len(bits)
    left, right = 3.4 * em, WIDTH - 5.4 * em
    column = (right - left) / half
    for k, start in enumerate(range(0, len(text), half)):
        top = 1.8 * em + k * (high + 3.4 * em)
        axes = Axes(d, (left, top, right, top + high), (0, half), (0, TALLEST))
        d.text(0.3 * em, top - 0.7 * em, "bits" if k == 0 else "", color="#555")
        for value in (0, 4, 8):
            d.line(left, axes.y(value), right, axes.y(value), "#ddd")
            d.text(left - 0.5 * em, axes.y(value) + 0.35 * em, str(value), "end", 0.93, "#555")
        line = list(zip(text[start : start + half], bits[start : start + half], strict=True))
        for t, (_, cost) in enumerate(line):
            y = axes.y(min(cost, TALLEST))
            d.rect(axes.x(t) + 1, y, column - 2, axes.y(0) - y, shade(cost), "#B27B00")
            d.rect(axes.x(t), axes.y(0) + 0.3 * em, column, 1.6 * em, shade(cost), "#eee")
            if cost > TALLEST:
                d.text(axes.x(t + 0.5), top - 0.3 * em, f"{cost:.0f}", "middle", 0.93)
        xs = " ".join(f"{axes.x(t + 0.5):.1f}" for t in range(len(line)))
        letters = "".join(visible(char) for char, _ in line)
        d.text(xs, axes.y(0) + 1.45 * em, letters, "middle", **MONO)
        d.line(left, axes.y(mean), right, axes.y(mean), PALETTE[0], 1.6, "5 4")
        words = f"mean {mean:.1f}"
        d.text(right + 0.4 * em, axes.y(mean) + 0.35 * em, words, color=PALETTE[0])
    top = 1.8 * em + 2 * (high + 3.4 * em) + 0.4 * em
    number = 2**mean
    words = f"as surprising as a die of {number:.1f} faces"
    d.text(left, top + 0.5 * em, words, font_weight="bold", color=PALETTE[0])
    d.text(right, top + 0.5 * em, f"all equally likely: {faces} faces", "end", color="#555")
    side = (right - left) / faces
    for face in range(faces):
        part = min(max(number - face, 0), 1)
        x = left + face * side
        d.rect(x, top + 1.1 * em, side * part, side - 3, PALETTE[0] + "aa")
        d.rect(x, top + 1.1 * em, side, side - 3, "none", "#888")
    d.height = round(top + 1.9 * em + side)
    most = max(range(len(text)), key=bits.__getitem__)
    return d.picture(
        f"The surprisals of {text!r}: mean {mean:.2f} bits, a die of {number:.1f} faces; "
        f"the highest, {bits[most]:.1f} bits, is that of {visible(text[most])} "
        f"after {''.join(map(visible, text[max(0, most - 8) : most]))}."
    )
