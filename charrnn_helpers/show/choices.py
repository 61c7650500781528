"""How the next character is chosen: texts that meet, a beam, temperatures, and cut tails."""

import math

from charrnn_helpers.show.style import DASHES, PALETTE, visible
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing, power

OWN, OTHER, LIGHT = "#A84300", "#555", "#999"
LOOKS = {  # how the lines of `meeting` look, from the fewest endings to the most
    "same dice": (PALETTE[1], "none"),
    "greedy": (PALETTE[0], "7 4"),
    "own dice": (OTHER, "none"),
}


def apart(lines, length, ratio, start):
    """Draw `{label: distances}` of states one round of `length` characters apart; the first is lit.

    One round is marked on it from the character `start` on, which leaves this `ratio` of the
    distance.
    """
    d = Drawing(WIDTH, 22 * Drawing(0, 0).em)
    box = (5 * d.em, 0.8 * d.em, WIDTH - 11 * d.em, 18.6 * d.em)
    (label, lit), *others = lines.items()
    axes = Axes(d, box, (0, length + len(lit)), (-13, 1.5))
    names = {k: power(k) for k in range(-12, 1, 4)}
    axes.frame("characters written", "distance between states", None, names)
    for _, distances in others:
        d.path(_logs(axes, distances, length), LIGHT, 1.5)
    d.path(_logs(axes, lit, length), OWN, 3)
    y0, y1 = (axes.y(math.log10(lit[start + k - length])) for k in (0, length))
    x0, x1 = axes.x(start), axes.x(start + length)
    for path in ([(x0, y0), (x1, y0)], [(x1, y0), (x1, y1)]):
        d.path(path, "#222", 1.5)
    d.line(x1, y0, x1 + 2.4 * d.em, y0 - 1.4 * d.em, OTHER)
    words = f"one round, {length} characters: \u00d7 {ratio:.3f}"
    d.text(x1 + 2.7 * d.em, y0 - 1.4 * d.em, words, size=1.1)
    free = -math.inf
    for name, distances in sorted(lines.items(), key=lambda line: -line[1][-1]):
        free = max(axes.y(math.log10(distances[-1])) + 0.3 * d.em, free + 1.3 * d.em)
        d.text(box[2] + 0.4 * d.em, free, name, color=OWN if name == label else OTHER)
    return d.picture(
        f"Each curve stays near 10 for a while, and then falls along a straight line, "
        f"parallel to the others: one round of {length} characters leaves {ratio:.3f} "
        "of the distance."
    )


def _logs(axes, values, first):
    """Return the points of the logarithms of values at first, first + 1, and so on."""
    return axes.points(range(first, first + len(values)), [math.log10(v) for v in values])


def meeting(counts, notes):
    """Draw how many different endings are left, `{label: counts}`, and what some mean, `notes`."""
    d = Drawing(WIDTH, 21 * Drawing(0, 0).em)
    box = (5 * d.em, 0.8 * d.em, WIDTH - 18 * d.em, 17.6 * d.em)
    (longest,) = {len(values) for values in counts.values()}
    axes = Axes(d, box, (0, longest - 1), (0, 3.05))
    names = {math.log10(n): f"{n:,}" for n in (1, 3, 10, 30, 100, 300, 1000)}
    axes.frame("characters written", "different endings", None, names)
    free = -math.inf
    order = sorted(counts.items(), key=lambda item: -item[1][-1])
    for label, values in order:
        color, dash = LOOKS[label]
        d.path(_logs(axes, values, 0), color, 2.5, dash)
        free = max(axes.y(math.log10(values[-1])) + 0.3 * d.em, free + 1.3 * d.em)
        words = f"{label}: {values[-1]:,}" + ", " * (label in notes) + notes.get(label, "")
        d.text(box[2] + 0.6 * d.em, free, words, color=color)
    ends = ", ".join(f"{label}: {values[-1]:,}" for label, values in counts.items())
    return d.picture(
        f"Different endings among a thousand texts, after {longest - 1} characters: {ends}."
    )


def tree(prefix, branches, width):
    """Draw a beam of this width over two characters.

    `branches` are (character, probability, best next character, its probability), likeliest first.
    """
    d = Drawing(WIDTH, (3.6 * len(branches) + 3.2) * Drawing(0, 0).em)
    rows = [(3.6 * k + 3.4) * d.em for k in range(len(branches))]
    xs = [0.5 * d.em, 0.44 * WIDTH, 0.7 * WIDTH, WIDTH - 0.5 * d.em]
    heads = ["so far", f"a beam of {width} keeps", "the best of 28", "together"]
    for x, head, place in zip(xs, heads, ("start", "middle", "middle", "end"), strict=True):
        d.text(x, 1.2 * d.em, head, place, color=OTHER)
    middle = sum(rows) / len(rows)
    shown = "".join(map(visible, prefix))
    d.text(xs[0], middle + 0.35 * d.em, shown, size=0.95)
    best = sorted((p * q for _, p, _, q in branches[:width]), reverse=True)[0]
    for k, ((one, p, two, q), y) in enumerate(zip(branches, rows, strict=True)):
        color = OWN if k < width else LIGHT
        stroke, dash = (1 + 9 * p, 1 + 9 * p * q), "none" if k < width else "3 4"
        start = xs[0] + 0.62 * d.em * len(prefix), middle
        d.path([start, (xs[1] - 1.2 * d.em, y)], color, stroke[0])
        d.path([(xs[1] + 1.2 * d.em, y), (xs[2] - 1.2 * d.em, y)], color, stroke[1], dash)
        for turn in range(-2, 3):  # further characters that are considered, and not drawn
            if turn and k < width:
                d.line(xs[1], y, xs[1] + 4 * d.em, y + 0.55 * turn * d.em, LIGHT, 1)
        ink, shift = color if k < width else OTHER, -0.8 if y <= middle else 1.5
        for x, char in ((xs[1], one), (xs[2], two)):
            d.dot(x, y, color, 1.1 * d.em)
            d.text(x, y + 0.35 * d.em, visible(char), "middle", 1.15, "white")
        d.text(
            (start[0] + xs[1]) / 2, (middle + y) / 2 + shift * d.em, f"{p:.2f}", "middle", color=ink
        )
        d.text((xs[1] + xs[2]) / 2, y - 0.6 * d.em, f"{q:.2f}", "middle", color=ink)
        d.text(xs[3], y + 0.35 * d.em, f"{p * q:.2f}", "end", 1.3 if p * q == best else 1, ink)
        if k >= width:
            d.text(xs[1] + 1.6 * d.em, y + 2.2 * d.em, "dropped, so never continued", color=OTHER)
    told = "; ".join(f"{a!r} {p:.2f}, then {b!r} {q:.2f}: {p * q:.2f}" for a, p, b, q in branches)
    return d.picture(f"After {prefix!r}, a beam of {width} keeps {width} of these. {told}.")


def temperatures(rows, names):
    """Draw a distribution at each temperature, `{T: probabilities}`, side by side."""
    d = Drawing(WIDTH, 15 * Drawing(0, 0).em)
    left, gap = 5 * d.em, 1.2 * d.em
    wide = (WIDTH - left - 0.5 * d.em - gap * (len(rows) - 1)) / len(rows)
    for k, (T, probs) in enumerate(rows.items()):
        x0 = left + k * (wide + gap)
        axes = Axes(d, (x0, 1.8 * d.em, x0 + wide, 11.6 * d.em), (0, len(probs)), (0, 1))
        xticks = {i + 0.5: visible(name) for i, name in enumerate(names)}
        yticks = {y / 4: f"{y / 4:g}" if k == 0 else "" for y in range(5)}
        axes.frame("next character", "" if k else "probability", xticks, yticks)
        for i, p in enumerate(probs):
            axes.bar(i + 0.1, i + 0.9, p, PALETTE[T != 1])
        d.text(x0 + wide / 2, 1.2 * d.em, f"T = {T}", "middle", 1.15)
        d.text(axes.x(0.1), axes.y(probs[0]) - 0.35 * d.em, f"{probs[0]:.2f}", color=OTHER)
    told = ", ".join(f"{probs[0]:.2f} at {T}" for T, probs in rows.items())
    return d.picture(f"The likeliest next character has the probability {told}.")


def tails(rows, top_k, top_p):
    """Draw distributions `{prefix: (names, probabilities)}`, likeliest first, with both cuts."""
    d = Drawing(WIDTH, 17 * Drawing(0, 0).em)
    left, gap = 5 * d.em, 1.6 * d.em
    wide = (WIDTH - left - 0.5 * d.em - gap * (len(rows) - 1)) / len(rows)
    told = []
    for k, (prefix, (names, probs)) in enumerate(rows.items()):
        x0, before = left + k * (wide + gap), [sum(probs[:i]) for i in range(len(probs))]
        kept = sum(total < top_p for total in before)
        axes = Axes(d, (x0, 3.8 * d.em, x0 + wide, 13.6 * d.em), (0, len(probs)), (0, 1))
        xticks = {i + 0.5: visible(name) for i, name in enumerate(names)}
        yticks = {y / 4: f"{y / 4:g}" if k == 0 else "" for y in range(5)}
        axes.frame("next character", "" if k else "probability", xticks, yticks)
        for i, p in enumerate(probs):
            axes.bar(i + 0.1, i + 0.9, p, PALETTE[0] if i < kept else LIGHT)
        d.text(x0, 1.2 * d.em, f"after {prefix}", color="#222")
        for place, label, color, y, dash in (
            (top_k, f"k = {top_k}", OTHER, 6.2, "2 3"),
            (kept, f"p = {top_p:g} keeps {kept}", OWN, 4.4, DASHES[0]),
        ):
            d.line(axes.x(place), (y - 0.9) * d.em, axes.x(place), axes.box[3], color, 2, dash)
            side = -1 if place > 0.6 * len(probs) else 1
            anchor = "end" if side < 0 else "start"
            d.text(axes.x(place) + side * 0.4 * d.em, y * d.em, label, anchor, color=color)
        told.append(f"after {prefix!r}, p = {top_p:g} keeps {kept}")
    return d.picture(f"A cut at k = {top_k} keeps {top_k}; {'; '.join(told)}.")
