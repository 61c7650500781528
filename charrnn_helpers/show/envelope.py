"""The race on the test part: rivals beside a closed envelope, and the lines that come out of it."""

import math

from charrnn_helpers.show.descent import DARK
from charrnn_helpers.show.style import DASHES, PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing

KINDS = {"counts": 1, "learns": 0, "both": 2}  # the color and the line style of a kind of rival
PAPER, FLAP, GRAY = "#f6efe0", "#c9b58a", "#555"
TICKS = (1.5, 2, 2.5, 3, 3.25, 3.5, 3.75, 4, 4.5, 5, 6, 8, 10, 15, 20, 30)
NETWORKS = ("window", "RNN", "GRU", "LSTM", "two layers")  # how their names begin
LETTERS = 84  # of the text are shown at a time
HALO = {"stroke": "white", "stroke_width": 5, "paint_order": "stroke"}  # of a label over a grid


def kind_of(name):
    """Tell whether a rival counts, learns by gradients, or does both, by its name."""
    counts, learns = "gram" in name or "count" in name, "RNN" in name or "LSTM" in name
    return "both" if counts and (learns or "+" in name) else "counts" if counts else "learns"


def spread(heights, gap, highest, lowest):
    """Return heights in their order, moved as little as needed to be at least `gap` apart."""
    groups = []  # [sum of the first places that its labels want, number of labels]
    for y in heights:
        groups.append([y, 1])
        while len(groups) > 1 and _first(groups[-2]) + gap * groups[-2][1] > _first(groups[-1]):
            total, count = groups.pop()
            groups[-1][0] += total - count * gap * groups[-1][1]
            groups[-1][1] += count
    places = [_first(group) + gap * k for group in groups for k in range(group[1])]
    for k in range(len(places)):
        places[k] = max(places[k], highest + gap * k)
        places[-1 - k] = min(places[-1 - k], lowest - gap * k)
    return places


def _first(group):
    return group[0] / group[1]


def labels(d, x, rows, top, bottom, anchor="start", gap=1.2):
    """Write `{text: (height, color, where its line ends)}` at x, none over another."""
    order = sorted(rows.items(), key=lambda row: row[1][0])
    side = 1 if anchor == "start" else -1
    places = spread([y for _, (y, *_) in order], gap * d.em, top, bottom)
    for (text, (y, color, end)), place in zip(order, places, strict=True):
        d.line(end, y, x - 0.3 * side * d.em, place, color, 0.8)
        d.text(x, place + 0.35 * d.em, text, anchor, 0.93, color)


def _axis(d, box, values, xlim=(0, 1)):
    low, high = min(values) / 1.02, max(values) * 1.02
    return Axes(d, box, xlim, (math.log(low), math.log(high)))


def _ticks(axes):
    """Return round perplexities on the axis, as many as there is room for."""
    found, (low, high) = {}, axes.ylim
    for tick in TICKS:
        y = math.log(tick)
        apart = [axes.y(other) - axes.y(y) for other in found]
        if low <= y <= high and min(apart, default=99) > 1.6 * axes.drawing.em:
            found[y] = f"{tick:g}"
    return found


def envelope(before):
    """Draw perplexities `{name: on the validation part}` beside a closed envelope.

    Above them are the three parts of the text, the first of which is eight tenths long.
    """
    d = Drawing(WIDTH, 300)
    em = d.em
    ends = [2 * em + share * (WIDTH - 4 * em) for share in (0, 0.8, 0.9, 1)]
    fills = ("#eee", PALETTE[0] + "44", PAPER)
    for k, fill in enumerate(fills):
        d.rect(ends[k], 0.5 * em, ends[k + 1] - ends[k], 1.8 * em, fill, "#999")
    d.text((ends[0] + ends[1]) / 2, 1.7 * em, "training part: models learn here", "middle")
    left, right, top, middle = 22 * em, 37 * em, 6.2 * em, 0.64 * d.height
    axes = _axis(d, (left, top, right, d.height - em), before.values())
    for k, (x, words) in enumerate(((left, "validation part"), (right, "test part")), 1):
        d.text(x, 4.9 * em, words, "middle", font_weight="bold")
        d.line((ends[k] + ends[k + 1]) / 2, 2.4 * em, x + 2 * em, 3.9 * em, "#999")
    d.line(left, top, left, d.height - 0.5 * em, "#bbb")
    rows = {}
    for name, value in before.items():
        k, y = KINDS[kind_of(name)], axes.y(math.log(value))
        rows[f"{name}  {value:.2f}"] = (y, DARK[k], left - 5)
        d.dot(left, y, PALETTE[k])
        d.line(left + 6, y, right - 6 * em, middle, "#bbb", 1, "2 3")
    labels(d, left - 1.6 * em, rows, top, d.height - em, "end")
    _closed(d, right - 6 * em, middle - 3.5 * em, 12 * em, 7 * em)
    told = ", ".join(f"{name} {before[name]:.2f}" for name in sorted(before, key=before.get))
    return d.picture(f"On the validation part: {told}. The test part is a closed envelope.")


def kinds(rows, line, close=()):
    """Draw `{kind: perplexities}` as dots, the best on top, and a `(label, value)` as a line.

    The first of a kind is the network with which the settings were chosen: a hollow dot.  Two
    rows below each other that are `close` are marked.
    """
    order = sorted(rows, key=lambda name: sum(rows[name]) / len(rows[name]))
    d = Drawing(WIDTH, 0)
    em = d.em
    top, bottom = 2.2 * em, (1.9 * len(order) + 2.2) * em
    d.height = bottom + 3.4 * em
    every = [line[1], *(value for values in rows.values() for value in values)]
    axes = Axes(
        d,
        (9 * em, top, WIDTH - 3 * em, bottom),
        (min(every) - 0.04, max(every) + 0.04),
        (0, len(order)),
    )
    axes.frame("perplexity on the validation part, lower is better", "", None, {0: ""})
    x = axes.x(line[1])
    d.line(x, top, x, bottom, PALETTE[1], 1.5, "5 3")
    d.text(x, top - 0.5 * em, f"{line[0]}  {line[1]:.2f}", "middle", 0.93, DARK[1])
    words = "\u25cb chosen trial   \u25cf other random numbers"
    d.text(WIDTH - 2 * em, top - 0.5 * em, words, "end", 0.93)
    if max(rows[order[0]]) < min(value for name in order[1:] for value in rows[name]):
        y = axes.y(len(order) - 0.5) + 0.35 * em
        place = max(axes.x(max(rows[order[0]])), x if x > axes.x(min(every)) + 4 * em else 0)
        d.text(place + 0.8 * em, y, "\u2190 ahead of all others", size=0.93, color=DARK[0])
    if close:
        ends = [axes.y(len(order) - order.index(name) - 0.5) for name in close]
        at = axes.x(min(value for name in close for value in rows[name])) - 1.2 * em
        corners = [(at + 4, ends[0]), (at, ends[0]), (at, ends[1]), (at + 4, ends[1])]
        d.path(corners, DARK[0], 1.2)
        place = at - 0.5 * em, sum(ends) / 2 + 0.35 * em
        d.text(*place, "hardly apart", "end", 0.93, DARK[0])
    told = []
    for row, name in enumerate(order):
        y = axes.y(len(order) - row - 0.5)
        d.text(8.4 * em, y + 0.35 * em, name, "end", color=DARK[0])
        d.line(axes.x(min(rows[name])), y, axes.x(max(rows[name])), y, PALETTE[0], 1)
        for value in rows[name][1:]:
            d.dot(axes.x(value), y, PALETTE[0], 5)
        _hollow(d, axes.x(rows[name][0]), y, PALETTE[0])
        told.append(f"{name} {sum(rows[name]) / len(rows[name]):.2f}")
    return d.picture(
        f"On the validation part, on average: {', '.join(told)}; {line[0]} {line[1]:.2f}."
    )


def opened_envelope(before, after, goal=None):
    """Draw how perplexities `{name: value}` go from the validation part to the test part.

    The lowest one before that is the entry, and is written large.  A `goal` `(name, value)` on the
    test part is a line there.
    """
    d = Drawing(WIDTH, 376)
    em = d.em
    left, right, top, bottom = 20 * em, WIDTH - 20.5 * em, 4.6 * em, d.height - 2.6 * em
    goals = dict([goal]) if goal else {}
    values = [*before.values(), *after.values(), *goals.values()]
    axes = _axis(d, (left, top, right, bottom), values)
    entry = min(before, key=before.get)
    d.text(WIDTH / 2, 1.6 * em, f"{entry}: {after[entry]:.2f}", "middle", 1.3, DARK[2])
    edge = right - 4.5 * em
    d.rect(edge, 2.2 * em, WIDTH - edge - 0.2 * em, bottom - 1.7 * em, PAPER, FLAP)
    d.text(left, 3.3 * em, "validation part", "middle", font_weight="bold")
    d.text(right + 3.4 * em, 3.3 * em, "test part", "middle", font_weight="bold")
    rows = {}, {}
    for name, value in goals.items():
        y = axes.y(math.log(value))
        d.line(edge, y, right + 0.4 * em, y, "#222", 2, "6 4")
        rows[1][f"{value:.2f}  {name}, the goal"] = (y, "#222", right + 0.4 * em)
    for name, value in before.items():
        k, heights = KINDS[kind_of(name)], [axes.y(math.log(v)) for v in (value, after[name])]
        d.path([(left, heights[0]), (right, heights[1])], PALETTE[k], 4 if name == entry else 2)
        for x, y, end, side in ((left, heights[0], left - 5, 0), (right, heights[1], right + 5, 1)):
            d.dot(x, y, PALETTE[k])
            words = f"{after[name]:.2f}  {name}" if side else f"{name}  {value:.2f}"
            rows[side][words] = (y, DARK[k], end)
    labels(d, left - 1.6 * em, rows[0], top, bottom, "end")
    labels(d, right + 1.6 * em, rows[1], top, bottom)
    d.text(WIDTH / 2, d.height - 0.6 * em, "perplexity, lower is better", "middle")
    order = sorted(after, key=after.get)
    told = ", ".join(f"{name} {after[name]:.2f} (before: {before[name]:.2f})" for name in order)
    return d.picture(f"The envelope is open. On the test part: {told}.")


def leads(rows, luck=0.0, title="ahead", zero="no lead"):
    """Draw by how many nats one model is ahead of the next, `{names: (nats, standard error)}`.

    Bars go two standard errors to both sides.  Other random numbers change a loss by the `luck`.
    """
    d = Drawing(WIDTH, 0)
    em = d.em
    d.height = (1.7 * len(rows) + 6) * em
    left, top, bottom = 18 * em, 2 * em, (1.7 * len(rows) + 2) * em
    low = min(0, *(nats - 2 * error for nats, error in rows.values()))
    high = max(nats + 2 * error for nats, error in rows.values())
    axes = Axes(
        d, (left, top, WIDTH - 2 * em, bottom), (low - 0.06 * high, 1.05 * high), (0, len(rows))
    )
    axes.frame(f"nats per character {title}, with twice the standard error", "", None, {0: ""})
    d.line(axes.x(0), top, axes.x(0), bottom, GRAY, 1.5)
    d.text(axes.x(0), top - 0.5 * em, zero, "middle", 0.93, GRAY)
    told = []
    for row, (name, (nats, error)) in enumerate(rows.items()):
        real = nats > max(2 * error, luck)
        y, index = axes.y(len(rows) - row - 0.5), 2 if real else 1
        d.text(left - 0.6 * em, y + 0.35 * em, name, "end", 0.93)
        ends = axes.x(nats - 2 * error), axes.x(nats + 2 * error)
        d.line(*(ends[0], y, ends[1], y), PALETTE[index], 2.5)
        d.dot(axes.x(nats), y, PALETTE[index], 5)
        words = "" if real else "\u2190 undecided: the bar reaches 0"
        if 2 * error < nats <= luck:
            words = "\u2190 undecided: random numbers"
        d.text(ends[1] + 0.6 * em, y + 0.35 * em, words, size=0.93, color=DARK[index])
        told.append(f"{name} {nats:.3f} \u00b1 {error:.3f}")
    return d.picture(f"Nats per character {title}: {', '.join(told)}.")


def _hollow(d, x, y, color):
    d.add("circle", cx=x, cy=y, r=4.5, fill="white", stroke=color, stroke_width=2)


def _closed(d, x, y, wide, high):
    """Draw a closed envelope."""
    d.rect(x, y, wide, high, PAPER, FLAP)
    d.path([(x, y), (x + wide / 2, y + 0.55 * high), (x + wide, y)], FLAP, 2)
    d.add("circle", cx=x + wide / 2, cy=y + 0.55 * high, r=0.8 * d.em, fill=DARK[1])
    d.text(x + wide / 2, y + high - 0.8 * d.em, "closed", "middle", color=GRAY)


def so_far(losses, places):
    """Return the perplexity of the first so many characters, for each of these places."""
    found, total, done = [], 0.0, 0
    for place in places:
        total, done = total + sum(losses[done:place]), place
        found.append(math.exp(total / place))
    return found


def test_race(curves, places, text, validation, characters, mark=None):
    """Draw the perplexity so far of each rival, `{name: [at each place]}`, up to a place.

    At the left end stands what the validation part predicts, `{name: perplexity}`.  A `mark`
    `(label, place)` is a vertical line once it was read.  Below is the text that ends at the place.
    """
    d = Drawing(WIDTH, 470)
    em = d.em
    box = (4.2 * em, 2 * em, WIDTH - 19 * em, d.height - 7.6 * em)
    later = [value for values in curves.values() for value in values]
    start, end = math.log10(places[0]) - 0.12, math.log10(len(text))
    axes = _axis(d, box, [*later, *validation.values()], (start, end))
    steps = (100, 300, 1000, 3000, 10_000, 30_000, 10**5, 10**6)
    xticks = {math.log10(x): f"{x:,}" for x in steps if start <= math.log10(x) <= end}
    axes.frame("characters of the test part read", "perplexity so far", xticks, _ticks(axes))
    if mark and characters >= mark[1]:
        at = axes.x(math.log10(mark[1]))
        d.line(at, box[1], at, box[3], "#999", 1, "3 3")
        d.text(at, box[1] - 0.4 * em, mark[0], "middle", 0.93, GRAY)
    seen = sum(place <= characters for place in places)
    x, rows, values = axes.x(math.log10(characters)) if seen else box[0], {}, {}
    for index, (name, curve) in enumerate(curves.items()):
        k, known = KINDS[kind_of(name)], validation[name]
        height = axes.y(math.log(known))
        _hollow(d, box[0], height, PALETTE[k])
        points = axes.points(map(math.log10, places[:seen]), map(math.log, curve[:seen]))
        if points:
            d.path(points, PALETTE[k], 3 if k == 2 else 2, DASHES[index % len(DASHES)])
            d.dot(*points[-1], PALETTE[k])
        values[name] = curve[seen - 1] if seen else known
        y = points[-1][1] if points else height
        rows[f"{values[name]:.2f}  {name}"] = (y, DARK[k], x + 5)
    labels(d, x + 1.4 * em, rows, box[1], box[3])
    where = f"{characters:,} characters read" if seen else "by the validation part"
    d.text(WIDTH - 0.5 * em, 1.2 * em, where, "end", 0.93, GRAY)
    _reading(d, text, characters, d.height - 2.6 * em)
    order = ", ".join(f"{name} {values[name]:.2f}" for name in sorted(values, key=values.get))
    return d.picture(f"{where}: {order}.")


def _reading(d, text, characters, y):
    """Write the piece of text that is just being read, and a box for what comes next."""
    d.rect(0.5 * d.em, y - 1.4 * d.em, WIDTH - d.em, 2.8 * d.em, PAPER)
    if not characters:
        d.text(WIDTH / 2, y + 0.35 * d.em, "closed", "middle", color=GRAY)
        return
    shown = "".join(map(visible, text[max(0, characters - LETTERS) : characters]))
    rest = "\u25a2" if characters < len(text) else ""
    d.text(1.2 * d.em, y + 0.35 * d.em, shown + rest, size=0.95, **MONO)


def held_back(curves):
    """Draw perplexities after each epoch, `{label: (training, validation)}`; the best is marked."""
    d = Drawing(WIDTH, 360)
    em, log = d.em, math.log
    box = (4.2 * em, em, WIDTH - 17.5 * em, d.height - 3.2 * em)
    epochs = max(len(both[0]) for both in curves.values())
    values = [value for both in curves.values() for part in both for value in part]
    axes = _axis(d, box, values, (1, epochs))
    axes.frame("epoch", "perplexity", {k: str(k) for k in range(2, epochs + 1, 2)}, _ticks(axes))
    rows, told = {}, []
    for k, (label, (training, validation)) in enumerate(curves.items()):
        for part, ys in (("training", training), ("validation", validation)):
            points = axes.points(range(1, len(ys) + 1), map(log, ys))
            d.path(
                points, PALETTE[k], 1.5 if part == "training" else 3, DASHES[2 * (part[0] == "t")]
            )
            rows[f"{label}: {part} {ys[-1]:.2f}"] = (points[-1][1], DARK[k], points[-1][0] + 3)
        best = min(range(len(validation)), key=validation.__getitem__)
        x, y = axes.x(best + 1), axes.y(log(validation[best]))
        d.dot(x, y, PALETTE[k], 6)
        side = ("start", "end")[k % 2]
        if validation[-1] > 1.05 * validation[best]:
            middle = (best + len(validation)) // 2
            above = axes.y(log(validation[middle])) - 1.2 * em
            d.text(axes.x(middle + 1), above, "overfits", "middle", 0.93, DARK[k])
        d.text(x, y - 1.2 * em, f"lowest {validation[best]:.2f}", side, 0.93, DARK[k])
        told.append(
            f"{label}: best {validation[best]:.2f} after epoch {best + 1}, then "
            f"{validation[-1]:.2f}; {training[-1]:.2f} on the training part"
        )
    labels(d, box[2] + 1.2 * em, rows, box[1], box[3])
    return d.picture(f"The perplexity after each epoch. {'; '.join(told)}.")


def board(fixed, reading, line, highest=4.05):
    """Draw perplexities `{name: value}` as dots on one axis, the best on top.

    Models that are fixed have hollow dots, those that read on have filled ones.  A vertical line
    stands at the rival named `line`, and what is ahead of it is shaded.  What is above `highest`
    is written below.
    """
    best = {
        name: min(found[name] for found in (fixed, reading) if name in found)
        for name in fixed | reading
    }
    order = sorted(best, key=best.get)
    shown = [name for name in order if best[name] <= highest]
    d = Drawing(WIDTH, 0)
    em = d.em
    d.height = (1.4 * len(shown) + 7) * em
    left, top, bottom = 12.5 * em, 2.2 * em, (1.4 * len(shown) + 2.2) * em
    limits = math.log(best[order[0]]) - 0.02, math.log(highest)
    right = WIDTH - 11 * em
    axes = Axes(d, (left, top, right, bottom), limits, (0, len(shown)))
    marks = [tick / 10 for tick in range(20, 100, 2) if limits[0] <= math.log(tick / 10)]
    ticks = {math.log(tick): f"{tick:g}" for tick in marks if tick <= highest}
    if line in best:
        x = axes.x(math.log(best[line]))
        d.rect(left, top, x - left, bottom - top, PALETTE[2] + "22")
        d.line(x, top, x, bottom, "#222", 2, "6 4")
        d.text(x - 0.2 * em, top - 0.5 * em, f"\u2190 ahead of {line}", "end", 0.93)
    axes.frame("perplexity on the test part, lower is better", "", ticks, {0: ""})
    columns = {"fixed": right + 4.5 * em, "reads on": right + 10.5 * em}
    for (words, x), mark in zip(columns.items(), "\u25cb\u25cf", strict=True):
        d.text(x, top - 0.8 * em, f"{mark} {words}", "end", size=0.93)
    told = []
    for row, name in enumerate(shown):
        y = axes.y(len(shown) - row - 0.5)
        k, ours = KINDS[kind_of(name)], "gram" in name or name.startswith(NETWORKS)
        color, dark = (PALETTE[k], DARK[k]) if ours else ("#777", GRAY)
        d.text(left - 0.6 * em, y + 0.35 * em, name, "end", 0.93, dark)
        both = [found[name] for found in (fixed, reading) if name in found]
        ends = [axes.x(math.log(value)) for value in both]
        d.line(min(ends), y, max(ends), y, color, 1.5)
        if name in fixed:
            _hollow(d, axes.x(math.log(fixed[name])), y, color)
        if name in reading:
            d.dot(axes.x(math.log(reading[name])), y, color, 5.5)
        for found, x in zip((fixed, reading), columns.values(), strict=True):
            if name in found:
                d.text(x, y + 0.35 * em, f"{found[name]:.2f}", "end", 0.93, dark)
    rest = ", ".join(f"{name} {best[name]:.2f}" for name in order if best[name] > highest)
    if rest:
        d.text(WIDTH / 2, bottom + 4.2 * em, f"worse: {rest}", "middle", 0.85, GRAY)
    for title, found in (("fixed", fixed), ("reading on", reading)):
        names = sorted(found, key=found.get)
        told.append(f"{title}: " + ", ".join(f"{name} {found[name]:.2f}" for name in names))
    return d.picture("Perplexities on the test part. " + "; ".join(told) + ".")


def by_weight(mixtures, highest):
    """Draw the perplexity of mixtures over the weight of their first part; the best is marked.

    `{label: {weight: perplexity}}` of three mixtures: one that leaves the picture at the top, one
    with its label above the curve, and one with its label below.
    """
    d = Drawing(WIDTH, 380)
    em = d.em
    box = (4.2 * em, em, WIDTH - 4.5 * em, d.height - 3.2 * em)
    shown = {
        label: {w: p for w, p in curve.items() if p <= highest} for label, curve in mixtures.items()
    }
    values = [p for curve in shown.values() for p in curve.values()]
    axes = _axis(d, box, [min(values) / 1.01, *values])
    tenths = [k / 10 for k in range(10, 100)]
    yticks = {math.log(t): f"{t:g}" for t in tenths if axes.ylim[0] <= math.log(t) <= axes.ylim[1]}
    xticks = {0: "0: second alone", 1: "1: first alone"} | {k / 5: f"{k / 5}" for k in range(1, 5)}
    axes.frame("weight of the first of the two", "perplexity, lower is better", xticks, yticks)
    told = []
    for k, (label, curve) in enumerate(shown.items()):
        index = (1, 0, 2)[k % 3]
        points = axes.points(curve, map(math.log, curve.values()))
        d.path(points, PALETTE[index], 2.5, DASHES[index])
        best = min(curve, key=curve.get)
        x, y = axes.x(best), axes.y(math.log(curve[best]))
        d.dot(x, y, PALETTE[index], 5)
        words = f"{label}: lowest {curve[best]:.2f}"
        if k == 0:
            place = points[-1][0] + 0.7 * em, points[-1][1] + 0.6 * em
            d.text(*place, words, color=DARK[index], **HALO)
            last = list(mixtures[label].values())[-1]
            if last > highest:
                words = f"cut off: it ends at {last:.2f}"
                d.text(place[0], place[1] + 1.2 * em, words, size=0.93, color=DARK[index], **HALO)
        else:
            place = (x + 7 * em, y - 1.2 * em) if k == 1 else (x, y + 1.6 * em)
            d.text(*place, words, "middle", color=DARK[index], **HALO)
        told.append(f"{label}, lowest {curve[best]:.2f} at a weight of {best:g}")
    return d.picture(f"The perplexity over the weight of the first of the two: {'; '.join(told)}.")


def weight_lines(lines):
    """Draw a weight that is learned while a text is read, beside the best fixed one.

    `{label: (places, weights, best fixed weight)}`.
    """
    d = Drawing(WIDTH, 330)
    em, rows = d.em, {}
    box = (4.2 * em, em, WIDTH - 17 * em, d.height - 3.2 * em)
    last = max(xs[-1] for xs, *_ in lines.values())
    axes = Axes(d, box, (0, math.log10(last)), (0, 1))
    powers = {k: f"{10**k:,}" for k in range(int(math.log10(last)) + 1)}
    axes.frame("characters read", "weight of the network", powers)
    for k, (label, (xs, ys, best)) in enumerate(lines.items()):
        points = axes.points([math.log10(max(x, 1)) for x in xs], ys)
        d.line(box[0], axes.y(best), box[2], axes.y(best), PALETTE[k], 1.5, "2 4")
        d.path(points, PALETTE[k], 2.5)
        rows[f"{label}: learned"] = (points[-1][1], DARK[k], points[-1][0] + 3)
        words = f"best fixed weight {best:g}"
        place = box[0] + 0.6 * em, axes.y(best) + 1.15 * em
        d.text(*place, words, size=0.93, color=DARK[k], **HALO)
    labels(d, box[2] + 1.2 * em, rows, box[1], box[3])
    ends = ", ".join(f"{label} {ys[-1]:.2f}" for label, (_, ys, _) in lines.items())
    return d.picture(f"The weight of the network at the end: {ends}.")
