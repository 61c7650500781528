"""The circle of greedy decoding: a ring of letters that the paths from all beginnings join.

Beside it, how likely a network considers what it writes, and what a person wrote.
"""

import math
from itertools import groupby
from statistics import mean

from charrnn_helpers.data import preprocess
from charrnn_helpers.sampling import predict
from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing

LONGEST = 45  # letters of a circle
LETTERS = 170  # are written in search of a circle
COLUMNS = 50  # letters of a path that are drawn
SHORTEST = 3  # letters that two paths have to share before they are drawn together
OWN, OTHER, RIVER, PASSED = "#A84300", "#444", "#e8e8e8", "#f3c3a4"


def circle_of(text):
    """Return where the circle begins in which a text ends, and its letters, "" if there is none."""
    end = text[-2 * LONGEST :]
    for length in range(1, LONGEST + 1):
        if end[length:] == end[:-length]:
            start = len(text) - length
            while start > 0 and text[start - 1] == text[start - 1 + length]:
                start -= 1
            return start, text[start : start + length]
    return len(text), ""


def circle(model, vocab, beginning, letters, others=None):
    """Draw the way of greedy decoding into its circle, after this number of letters.

    Of `others`, `{beginning: text}`, those texts are drawn that end in the same circle.  In a path,
    the letters of the beginning are bold.
    """
    kept = "".join(char for char in preprocess(beginning) if char in vocab.token_to_idx) or " "
    text = predict(model, kept, LETTERS, vocab)
    start, ring = circle_of(text)
    now = len(kept) + letters - 1  # the place of the last letter
    d = Drawing(WIDTH, 29 * Drawing(0, 0).em)
    center, radius = (WIDTH - 7 * d.em, 12.5 * d.em), 5.7 * d.em
    paths = {(0, text[:start]): now}  # {(where it joins the ring, the way there): last letter}
    given = {(0, text[:start]): len(kept)}  # letters that the model did not write
    for prefix, other in (others or {}).items():
        place, found = circle_of(other)
        entry = (2 * ring).find(found) if len(found) == len(ring) else -1
        if ring and entry >= 0:
            paths.setdefault((entry, other[:place]), -1)
            given.setdefault((entry, other[:place]), len(prefix))
    joints = {entry: _around(entry, ring, center, radius) for entry, _ in paths}
    _ways(d, paths, given, joints, (0.5 * d.em, center[0] - radius - 2.3 * d.em, d.em, 24 * d.em))
    _ring(d, ring, center, radius, now - start)
    words = _where(ring, letters, start - len(kept))
    d.text(0.5 * d.em, 26 * d.em, words, color=OWN)
    shown = "".join(map(visible, text[: now + 1]))[-70:]
    d.text(0.5 * d.em, 28 * d.em, shown, size=0.9, **MONO)
    return d.picture(
        f"Greedy decoding after {kept!r}: {words}. The end: {text[: now + 1][-60:]!r}."
    )


def _where(ring, letters, way):
    """Say in words where the text is after so many letters, the circle beginning after `way`."""
    if not ring:
        return f"{letters} characters written; no circle within {LETTERS}"
    if letters <= way:
        return f"{letters} characters written, on the way to the circle"
    lap = (letters - max(way, 0) - 1) // len(ring) + 1
    length = f"the circle of {len(ring)} characters"
    return f"{letters} characters written, in round {lap} of {length}"


def _around(place, ring, center, radius):
    """Return a point of the ring; it begins at the left and runs clockwise."""
    angle = math.pi + 2 * math.pi * place / max(len(ring), 1)
    return center[0] + radius * math.cos(angle), center[1] + radius * math.sin(angle)


def _ring(d, ring, center, radius, place):
    """Draw the letters of the circle, the last one that is written filled."""
    disc = min(1.15 * d.em, 2.6 * radius / max(len(ring), 1))
    d.path([_around(k, "a" * 60, center, radius) for k in range(61)], RIVER, 14)
    for k, char in enumerate(ring):
        x, y = _around(k, ring, center, radius)
        here = place >= 0 and place % len(ring) == k
        d.dot(x, y, OWN if here else PASSED if place >= k else RIVER, disc)
        color = "white" if here else OWN if place >= k else OTHER
        d.text(x, y + 0.35 * d.em, visible(char), "middle", min(1.1, 2 * disc / d.em), color)


def _ways(d, paths, given, joints, box):
    """Draw the paths to the ring as rivers of letters; those that end alike run together."""
    left, right, top, bottom = box
    order = sorted(paths, key=lambda path: (path[0], path[1][::-1]))
    row, column = (bottom - top) / len(order), (right - left) / COLUMNS
    rows = {}  # {place: the rows of the paths through it}
    for k, path in enumerate(order):
        for place in _places(path, given):
            rows.setdefault(place, []).append(top + (k + 0.5) * row)
    levels = {place: y for path in order for place, y in _levels(_places(path, given), rows)}
    courses = {path: _course(_places(path, given), levels, right, column) for path in paths}
    for path, points in courses.items():
        d.path([*points, joints[path[0]]], RIVER, 0.95 * d.em)
    (own, now), *_ = paths.items()  # the first one is the reader's
    written = max(now + 1 - len(own[1]) + len(courses[own]), 0)
    lit = [*courses[own], joints[own[0]]][: written + (now >= len(own[1]))]
    d.path(lit, PASSED, 0.95 * d.em)
    seen = set()
    for (entry, path), points in courses.items():
        places = _places((entry, path), given)
        for k, ((x, y), place) in enumerate(
            zip(points, places, strict=True), len(path) - len(points)
        ):
            color = OWN if (entry, path) == own and k <= now else OTHER
            look = {"font_weight": "bold"} if k < given[entry, path] else {}
            if (entry, path) == own and k == now:
                d.dot(x, y, OWN, 0.62 * d.em)
                d.text(x, y + 0.3 * d.em, visible(path[k]), "middle", 0.86, "white")
            elif path[k] != " " and place not in seen:
                d.text(x, y + 0.3 * d.em, path[k], "middle", 0.86, color, **look)
            seen.add(place)
        if len(path) > len(points) > 0:
            x, y = points[0]
            d.text(x - column, y + 0.3 * d.em, "\u2026", "middle", 0.86, OTHER)


def _places(way, given):
    """Return for each letter where it joins, what follows, and, if it was given, its path."""
    entry, path = way
    start = max(0, len(path) - COLUMNS)
    return [(entry, path[k:], k < given[way] and path) for k in range(start, len(path))]


def _levels(places, rows):
    """Yield the level of each letter of a path; paths that share but one or two run apart."""
    level = None
    for shared, run in groupby(reversed(places), key=lambda place: len(rows[place])):
        run = list(run)
        if level is None or shared == 1 or len(run) >= SHORTEST:
            level = mean(rows[run[0]])
        for place in run:
            yield place, level


def _course(places, levels, right, column):
    """Return where the last letters of a path are; before it meets another, it has a row."""
    return [
        (right - (len(places) - i - 0.5) * column, levels[place]) for i, place in enumerate(places)
    ]


def likelihoods(rows, xlabel, xlim, marks=()):
    """Draw rows `{name: values}` of dots over one axis; those in `marks` are in another color."""
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, (1.75 * len(rows) + 4) * em)
    box = (11 * em, em, WIDTH - em, (1.75 * len(rows) + 1) * em)
    axes = Axes(d, box, xlim, (0, len(rows)))
    axes.frame(xlabel, "", yticks={len(rows) - k - 0.5: name for k, name in enumerate(rows)})
    for k, (name, values) in enumerate(rows.items()):
        for i, value in enumerate(values):
            y = len(rows) - k - 0.5 + 0.055 * ((7 * i) % 11 - 5) * (len(values) > 1)
            d.dot(axes.x(value), axes.y(y), PALETTE[name in marks] + "aa", 0.28 * em)
    means = [f"{name} {sum(values) / len(values):.2f}" for name, values in rows.items()]
    return d.picture(f"{xlabel}, on average: {', '.join(means)}.")
