"""The race on the test part: rivals beside a closed envelope, and the lines that come out of it."""

import math

from charrnn_helpers.show.descent import DARK
from charrnn_helpers.show.style import DASHES, PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing

KINDS = {"counts": 1, "learns": 0, "both": 2}  # the color and the line style of a kind of rival
PAPER, FLAP, GRAY = "#f6efe0", "#c9b58a", "#555"
TICKS = (1.5, 2, 2.5, 3, 3.25, 3.5, 3.75, 4, 4.5, 5, 6, 8, 10, 15, 20, 30)
LETTERS = 84  # of the text are shown at a time


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
    """Draw perplexities `{name: on the validation part}` beside a closed envelope."""
    d = Drawing(WIDTH, 230)
    em = d.em
    left, top, middle = 18.5 * em, 2.6 * em, 0.55 * d.height
    axes = _axis(d, (left, top, WIDTH - 18.5 * em, d.height - em), before.values())
    d.text(left, 1.3 * em, "validation part", "middle", font_weight="bold")
    d.text(left + 17.5 * em, 1.3 * em, "test part", "middle", font_weight="bold")
    d.line(left, top, left, d.height - 0.5 * em, "#bbb")
    rows = {}
    for name, value in before.items():
        k, y = KINDS[kind_of(name)], axes.y(math.log(value))
        rows[f"{name}  {value:.2f}"] = (y, DARK[k], left - 5)
        d.dot(left, y, PALETTE[k])
        d.line(left + 6, y, left + 11.5 * em, middle, "#bbb", 1, "2 3")
    labels(d, left - 1.6 * em, rows, top, d.height - em, "end")
    _closed(d, left + 11.5 * em, middle - 3.5 * em, 12 * em, 7 * em)
    told = ", ".join(f"{name} {before[name]:.2f}" for name in sorted(before, key=before.get))
    return d.picture(f"On the validation part: {told}. The test part is a closed envelope.")


def rises(before, after):
    """Draw by how many nats each loss is higher on the test part, largest on top.

    `{name: perplexity}` on the validation part and on the test part.
    """
    found = {name: math.log(after[name] / before[name]) for name in before}
    order = sorted(found, key=found.get, reverse=True)
    d = Drawing(WIDTH, 0)
    em = d.em
    d.height = (1.5 * len(order) + 5) * em
    left, bottom = 19 * em, (1.5 * len(order) + 1.6) * em
    limits = (min(0, *found.values()), 1.02 * max(found.values()))
    axes = Axes(d, (left, 1.6 * em, WIDTH - 15.5 * em, bottom), limits, (0, len(order)))
    axes.frame("nats per character by which the loss is higher on the test part", "", None, {0: ""})
    d.text(WIDTH - 14 * em, 1.1 * em, "perplexity, lower is better", size=0.93, color=GRAY)
    told = []
    for row, name in enumerate(order):
        k, y = KINDS[kind_of(name)], axes.y(len(order) - row - 0.5)
        d.rect(axes.x(0), y - 0.4 * em, axes.x(found[name]) - axes.x(0), 0.8 * em, PALETTE[k])
        d.text(left - 0.6 * em, y + 0.35 * em, name, "end", 0.93, DARK[k])
        d.text(axes.x(found[name]) + 0.5 * em, y + 0.35 * em, f"{found[name]:.3f}", size=0.93)
        words = f"{before[name]:.2f} \u2192 {after[name]:.2f}"
        d.text(WIDTH - 8 * em, y + 0.35 * em, words, size=0.93, color=DARK[k])
        told.append(f"{name} {found[name]:.3f}, from {before[name]:.2f} to {after[name]:.2f}")
    return d.picture("The loss is higher on the test part, in nats: " + "; ".join(told) + ".")


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


def test_race(curves, places, text, validation, characters):
    """Draw the perplexity so far of each rival, `{name: [at each place]}`, up to a place.

    At 0 stands what the validation part predicts, `{name: perplexity}`.  Below is the piece of
    text that ends at the place.
    """
    d = Drawing(WIDTH, 470)
    em = d.em
    box = (4.2 * em, 2 * em, WIDTH - 21.5 * em, d.height - 7.6 * em)
    later = [value for values in curves.values() for value in values[1:]]
    axes = _axis(d, box, [*later, *validation.values()], (0, len(text)))
    step = next(step for step in (100, 500, 1000, 5000, 20_000, 10**6) if len(text) < 5 * step)
    xticks = {x: f"{x:,}" for x in range(0, len(text), step)}
    axes.frame("characters of the test part read", "perplexity so far", xticks, _ticks(axes))
    seen = sum(place <= characters for place in places)
    x, rows, values = axes.x(characters), {}, {}
    for name, curve in curves.items():
        k, known = KINDS[kind_of(name)], validation[name]
        start = axes.y(math.log(known))
        d.add("circle", cx=box[0], cy=start, r=3.5, fill="white", stroke=PALETTE[k])
        points = axes.points(places[:seen], [math.log(value) for value in curve[:seen]])
        if points:
            d.path(points, PALETTE[k], 3 if k == 2 else 2, DASHES[k])
            d.dot(*points[-1], PALETTE[k])
        values[name] = curve[seen - 1] if seen else known
        y = points[-1][1] if points else start
        rows[f"{values[name]:.2f}  {name}"] = (y, DARK[k], x + 5)
    labels(d, x + 1.4 * em, rows, box[1], box[3])
    where = f"{characters:,} characters read" if seen else "by the validation part"
    d.text(x + 1.4 * em, 1.2 * em, where, size=0.93, color=GRAY)
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
        d.dot(axes.x(best + 1), axes.y(log(validation[best])), PALETTE[k], 6)
        told.append(
            f"{label}: best {validation[best]:.2f} after epoch {best + 1}, then "
            f"{validation[-1]:.2f}; {training[-1]:.2f} on the training part"
        )
    labels(d, box[2] + 1.2 * em, rows, box[1], box[3])
    return d.picture(f"The perplexity after each epoch. {'; '.join(told)}.")


def board(columns, ours=(), highest=6):
    """Draw perplexities `{title: {name: perplexity}}` side by side on one scale, the best on top.

    The names in `ours` are those of models with a network of the course.  What is above `highest`
    is written below.
    """
    shown = {
        title: {name: value for name, value in rivals.items() if value <= highest}
        for title, rivals in columns.items()
    }
    rows = max(map(len, shown.values()))
    d = Drawing(WIDTH, 0)
    em = d.em
    d.height = (1.5 * rows + 6.5) * em
    limits = (
        math.log(min(v for r in shown.values() for v in r.values())) - 0.05,
        math.log(highest),
    )
    wide, told = WIDTH / len(columns), []
    for k, (title, rivals) in enumerate(shown.items()):
        left, right = k * wide + 12.3 * em, (k + 1) * wide - 3.6 * em
        bottom = (1.5 * rows + 2) * em
        axes = Axes(d, (left, 2 * em, right, bottom), limits, (0, rows))
        d.text(k * wide + 0.5 * wide, 1.2 * em, title, "middle", font_weight="bold")
        for tick in (3.5, 4, 5, 6):
            x = axes.x(math.log(tick))
            d.line(x, 2 * em, x, bottom, "#ddd")
            d.text(x, bottom + 1.3 * em, f"{tick:g}", "middle", 0.93)
        for row, name in enumerate(sorted(rivals, key=rivals.get)):
            y, kind = axes.y(rows - row - 0.5), KINDS[kind_of(name)] if name in ours else 1
            strong = name in ours or "gram" in name
            end = axes.x(math.log(rivals[name]))
            d.rect(left, y - 0.4 * em, end - left, 0.8 * em, PALETTE[kind] if strong else "#bbb")
            color, bold = DARK[kind] if strong else GRAY, {}
            if name in ours:
                bold = {"font_weight": "bold"}
            d.text(left - 0.5 * em, y + 0.35 * em, name, "end", 0.93, color, **bold)
            d.text(end + 0.4 * em, y + 0.35 * em, f"{rivals[name]:.2f}", size=0.93, color=color)
        order = sorted(columns[title], key=columns[title].get)
        told.append(f"{title}: " + ", ".join(f"{n} {columns[title][n]:.2f}" for n in order))
    words = "perplexity on the test part, lower is better"
    d.text(WIDTH / 2, (1.5 * rows + 4.6) * em, words, "middle", 0.93)
    rest = {name: v for rivals in columns.values() for name, v in rivals.items() if v > highest}
    words = ", ".join(f"{name} {rest[name]:.2f}" for name in sorted(rest, key=rest.get))
    if rest:
        words = f"above {highest}: {words}"
        d.text(WIDTH / 2, (1.5 * rows + 6) * em, words, "middle", 0.93, GRAY)
    return d.picture("Perplexities on the test part. " + "; ".join(told) + ".")


def road(steps):
    """Draw the way down from blind guessing, `[(chapter, name, perplexity)]`, to a finish line."""
    d = Drawing(WIDTH, 400)
    em = d.em
    box = (4.2 * em, 1.4 * em, WIDTH - 4 * em, d.height - 3.4 * em)
    values = [value for *_, value in steps]
    axes = Axes(
        d, box, (0, len(steps)), (math.log(0.85 * min(values)), math.log(1.6 * max(values)))
    )
    ticks = {math.log(tick): f"{tick:g}" for tick in (3.5, 5, 7, 10, 15, 20, 28)}
    chapters = {k + 0.5: f"{chapter}" for k, (chapter, *_) in enumerate(steps)}
    axes.frame("notebook", "perplexity on the test part", chapters, ticks)
    for k, (_, name, value) in enumerate(steps):
        kind, y = KINDS[kind_of(name)], axes.y(math.log(value))
        if k:
            d.line(axes.x(k), axes.y(math.log(values[k - 1])), axes.x(k), y, "#bbb", 1.5)
        d.line(axes.x(k), y, axes.x(k + 1), y, PALETTE[kind], 4)
        lines = [f"{value:.2f}", *name.split("|")]
        for i, words in enumerate(lines):
            up = y - (0.5 + 1.15 * (len(lines) - 1 - i)) * em
            d.text(axes.x(k + 0.5), up, words, "middle", 0.85, DARK[kind])
    flag = axes.x(len(steps))
    for row in range(int((box[3] - box[1]) / (0.6 * em))):
        for column in (0, 1):
            black = (row + column) % 2
            place = flag + 0.4 * em + 0.6 * em * column, box[1] + 0.6 * em * row
            d.rect(*place, 0.6 * em, 0.6 * em, "#222" if black else "white", "#222")
    names = [name.replace("|", " ") for _, name, _ in steps]
    told = ", ".join(f"{name} {value:.2f}" for name, value in zip(names, values, strict=True))
    return d.picture(f"The way down to the finish line, perplexities on the test part: {told}.")


def by_weight(mixtures, highest):
    """Draw the perplexity of mixtures over the weight of their first part.

    `{label: {weight: perplexity}}`; what is above `highest` is left out, and the best is marked.
    """
    d = Drawing(WIDTH, 360)
    em = d.em
    box = (4.2 * em, em, WIDTH - 17 * em, d.height - 3.2 * em)
    shown = {
        label: {w: p for w, p in curve.items() if p <= highest} for label, curve in mixtures.items()
    }
    axes = _axis(d, box, [p for curve in shown.values() for p in curve.values()])
    tenths = [k / 10 for k in range(10, 100)]
    yticks = {math.log(t): f"{t:g}" for t in tenths if axes.ylim[0] <= math.log(t) <= axes.ylim[1]}
    axes.frame("weight of the first of the two", "perplexity, lower is better", None, yticks)
    rows, told = {}, []
    for k, (label, curve) in enumerate(shown.items()):
        index = (1, 0, 2)[k % 3]
        points = axes.points(curve, map(math.log, curve.values()))
        d.path(points, PALETTE[index], 2.5, DASHES[index])
        best = min(curve, key=curve.get)
        d.dot(axes.x(best), axes.y(math.log(curve[best])), PALETTE[index], 5)
        rows[f"{label}: {curve[best]:.2f}"] = (points[-1][1], DARK[index], points[-1][0] + 3)
        told.append(f"{label}, lowest {curve[best]:.2f} at a weight of {best:g}")
    labels(d, box[2] + 1.2 * em, rows, box[1], box[3])
    return d.picture(f"The perplexity over the weight of the first of the two: {'; '.join(told)}.")


def weight_lines(lines):
    """Draw the weight of one of two models while a text is read, `{label: (places, weights)}`."""
    d = Drawing(WIDTH, 330)
    em, rows = d.em, {}
    box = (4.2 * em, em, WIDTH - 16 * em, d.height - 3.2 * em)
    last = max(xs[-1] for xs, _ in lines.values())
    axes = Axes(d, box, (0, math.log10(last)), (0, 1))
    powers = {k: f"{10**k:,}" for k in range(int(math.log10(last)) + 1)}
    axes.frame("characters read, on a logarithmic axis", "weight of the network", powers)
    for k, (label, (xs, ys)) in enumerate(lines.items()):
        points = axes.points([math.log10(max(x, 1)) for x in xs], ys)
        d.path(points, PALETTE[k // 2], (2.5, 1.5)[k % 2], DASHES[k % 2])
        rows[f"{label}  {ys[-1]:.2f}"] = (points[-1][1], DARK[k // 2], points[-1][0] + 3)
    labels(d, box[2] + 1.2 * em, rows, box[1], box[3])
    ends = ", ".join(f"{label} {ys[-1]:.2f}" for label, (_, ys) in lines.items())
    return d.picture(f"The weight of the network at the end: {ends}.")
