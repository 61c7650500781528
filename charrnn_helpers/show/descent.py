"""Gradient descent on a table of logits: a bowl, rows that swing, and pairs that have to wait."""

import math

import torch

from charrnn_helpers.show.style import DASHES, PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing, power

RATES = [5, 20, 50, 80, 100, 110, 120, 130]  # of the bowl
ROW_RATES = [50, 80, 100, 120, 150, 200, 300]
SWINGS = 0.01  # a row swings if one update changes a probability by more than this
BLUE, RED = PALETTE[:2]
GRAY, RUST = "#999", "#A84300"
BOWL_UPDATES = [*range(11), 15, 20, 25, 30, 35, 40]  # the updates in the bowl
START = 2.2  # the logit before the first update
LOGITS, LOSSES = (1, 4), (3.28, 3.32)  # the axes of the bowl
PRODUCTS, CHANGES = (0.01, 10), (1e-8, 1000)  # the axes of the rows
LEFT = {"updates": (0.5, 10_000), "progress": (0.1, 1000)}  # the axes of the pairs


def bowl(share, actual, others, rate, updates):
    """Draw the loss along one logit, and below it the logit after each update, downward.

    The `others` logits of the row stay 0.
    """
    d = Drawing(WIDTH, 540)
    em = d.em
    left, right, middle = 4.2 * em, WIDTH - em, 0.44 * d.height
    axes = Axes(d, (left, 2.4 * em, right, middle), LOGITS, LOSSES)
    below = Axes(d, (left, middle + em, right, d.height - 3.2 * em), LOGITS, (-BOWL_UPDATES[-1], 0))
    axes.frame("", "loss (nats)", {}, {y: f"{y:.2f}" for y in (3.29, 3.3, 3.31, 3.32)})
    below.frame("the logit of h after t", "updates", None, {-k: str(k) for k in range(0, 41, 10)})

    def loss(o):
        return math.log(1 + others) + share * (
            math.log((others + math.exp(o)) / (1 + others)) - actual * o
        )

    lowest = math.log(others * actual / (1 - actual))
    for each, top in ((axes, LOSSES[1]), (below, 0)):
        d.line(each.x(lowest), each.box[3], each.x(lowest), each.y(top), GRAY, 1.2, "5 4")
    there = f"the bottom, where p = {actual:.2f}"
    d.text(axes.x(lowest) + 0.5 * em, axes.y(LOSSES[1]) + 1.2 * em, there, color="#555")
    xs = [LOGITS[0] + k / 40 for k in range(40 * (LOGITS[1] - LOGITS[0]) + 1)]
    axes.curve(xs, map(loss, xs))
    path = [START]
    for _ in range(updates):
        exp = math.exp(path[-1])
        path.append(path[-1] - rate * share * (exp / (others + exp) - actual))
    d.path(below.points(path, [-k for k in range(len(path))]), RED, 1.2)
    for k, x in enumerate(path):
        d.dot(axes.x(x), axes.y(loss(x)), RED, 3)
        d.dot(below.x(x), below.y(-k), RED, 3)
    now = path[-1]
    for x, y in ((axes.x(now), axes.y(loss(now))), (below.x(now), below.y(-updates))):
        d.add("circle", cx=x, cy=y, r=7, fill="none", stroke="#222")
    where = f"after {updates} update{'s' * (updates != 1)}, the logit is {now:.2f}"
    before = f", and one update earlier {path[-2]:.2f}" if updates else ""
    d.text(left, 1.1 * em, f"learning rate {rate}: {where}{before}", font_weight="bold")
    return d.picture(
        f"The loss along one logit, and below it the updates with a learning rate of {rate}: "
        f"{where}{before}; the bottom is at {lowest:.2f}."
    )


def swings(W, share, actual, rates, num_updates=2000, last=20):
    """Return `{rate: for each row, the most that an update changes a probability}`.

    Only the last updates count.  All rates run at once, each on its own copy of the logits.
    """
    each = torch.tensor(rates, dtype=W.dtype).view(-1, 1, 1)  # (rates, 1, 1)
    W = W.expand(len(rates), *W.shape)
    most, before = torch.zeros(W.shape[:2]), W.softmax(dim=2)
    for k in range(num_updates):
        W = W - each * share * (before - actual)
        predicted = W.softmax(dim=2)
        if k >= num_updates - last:
            most = torch.maximum(most, (predicted - before).abs().amax(dim=2))
        before = predicted
    return dict(zip(rates, most.tolist(), strict=True))


def rows(bends, swinging, rate):
    """Draw for each row how much it swings, above rate x share x curvature.

    `bends` is `{name: share x curvature}`, and `swinging` `{rate: {name: change}}`; the dots of
    all other rates are gray.
    """
    d = Drawing(WIDTH, 400)
    em, log = d.em, math.log10
    box = left, top, right, bottom = (5.2 * em, 2.2 * em, WIDTH - em, d.height - 3.2 * em)
    axes = Axes(d, box, tuple(map(log, PRODUCTS)), tuple(map(log, CHANGES)))
    limit, level = axes.x(log(2)), axes.y(log(SWINGS))
    d.rect(limit, top, right - limit, level - top, "#fbeadd")
    d.rect(left, level, limit - left, bottom - level, "#e8f2f9")
    xticks = {log(x): f"{x:g}" for x in (0.01, 0.1, 1, 2, 10)}
    yticks = {k: power(k) for k in (-8, -6, -4, -2, 0)}
    xlabel = "learning rate \u00d7 share \u00d7 curvature"
    axes.frame(xlabel, "change in one update", xticks, yticks)
    d.line(limit, top, limit, bottom, RED, 2, "7 4")
    d.text(limit - 0.5 * em, top + 1.2 * em, "the limit, 2", "end", color=RUST)
    d.text(left + 0.6 * em, level + 1.3 * em, "these rows settle", color="#005687")
    d.text(limit + 0.5 * em, top + 1.2 * em, "these rows swing", color=RUST)

    def place(name, at):
        product = max(at * bends[name], PRODUCTS[0])  # a certain row has no curvature
        return axes.x(log(product)), axes.y(log(max(swinging[at][name], CHANGES[0])))

    for other in swinging:
        for name in bends:
            d.dot(*place(name, other), "#c4c4c4", 2.5)
    far = [name for name in bends if swinging[rate][name] > SWINGS]
    names = sorted(bends, key=bends.get)
    dots = [place(name, rate) for name in names]
    free = [(x, y, 0.45 * em) for x, y in dots]  # what a name must not cover, and how near
    for name, (x, y) in zip(names, dots, strict=True):
        ways = (-1, 1) if name in far else (-1,)  # above the dot, or below it
        heights = (y + way * (0.95 + 0.2 * k) * em for k in range(40) for way in ways)
        end = next(h for h in heights if not any(_near(x - a, h - b, r) for a, b, r in free))
        free.append((x, end, 0.8 * em))
        d.line(x, y, x, end - math.copysign(0.5 * em, end - y), "#bbb", 0.8)
        d.dot(x, y, RED if name in far else BLUE, 4)
        d.text(x, end + 0.35 * em, name, "middle")
    sure = [place(name, rate) for name, bend in bends.items() if rate * bend < PRODUCTS[0]]
    for x, y in sure:  # it is further to the left
        d.path([(x + 1.4 * em, y), (x + 0.5 * em, y)], BLUE, 2)
        d.path([(x + 0.9 * em, y - 4), (x + 0.5 * em, y), (x + 0.9 * em, y + 4)], BLUE, 2)
    head = f"learning rate {rate}: {len(far)} of {len(bends)} rows swing"
    d.text(left, 1.1 * em, head, font_weight="bold")
    beyond = "".join(sorted(name for name, bend in bends.items() if rate * bend > 2)) or "none"
    return d.picture(
        f"With a learning rate of {rate}, these rows swing: {''.join(sorted(far)) or 'none'}. Rate "
        f"times share times curvature is more than 2 for: {beyond}."
    )


def _near(across, down, radius):
    """Tell whether two marks are so near that one covers the other."""
    return abs(across) < radius and abs(down) < 1.15 * radius


def two_logits(product):
    """Draw the loss over two logits as a valley with two runs, and its curves along three lines.

    Both letters are equally likely, and the curvature is 1/2 across the valley; `product` is the
    learning rate times the share of the row.  The gray run moves the logit of a alone.
    """
    d = Drawing(WIDTH, 390)
    em, root = d.em, math.sqrt(0.5)
    d.text(4.2 * em, 1.1 * em, f"learning rate \u00d7 share = {product}", font_weight="bold")
    side = d.height - 5.2 * em
    box = (4.2 * em, 2 * em, 4.2 * em + side, 2 * em + side)
    axes = Axes(d, box, (-2, 2), (-2, 2))
    for k in range(1, 9):  # darker and darker triangles, each in a corner of the one before
        far, shade = 2 - k / 2, _shade(math.log(math.cosh(k / 4)))
        for sign in (1, -1):
            corner = axes.points(
                [2 * sign, 2 * sign, -far * sign], [far * sign, -2 * sign, -2 * sign]
            )
            points = " ".join(f"{x:.0f},{y:.0f}" for x, y in corner)
            d.add("polygon", points=points, fill=shade)
    axes.frame("the logit of a", "the logit of b", None, {k: str(k) for k in (-2, -1, 0, 1, 2)})
    d.line(*axes.points([-2], [-2])[0], *axes.points([2], [2])[0], "#444", 1.5, "6 4")
    d.text(axes.x(1.95), axes.y(0.7), "the bottom", "end", color="#222")
    start, moves = (1.1, -1.1), {"alone": (1, 0), "both": (1, -1)}
    for name, (of_a, of_b) in moves.items():
        (a, b), path = start, []
        for _ in range(9):
            path.append((a, b))
            slope = 1 / (1 + math.exp(b - a)) - 0.5  # of a; that of b is its negative
            a, b = a - product * slope * of_a, b - product * slope * of_b
        color = RED if name == "both" else "#555"
        corners = [axes.points([x], [y])[0] for x, y in path]
        d.path(corners, color, 1.5)
        for x, y in corners:
            d.dot(x, y, color, 4)
    d.text(axes.x(1.1) + 0.7 * em, axes.y(-1.1) + 0.35 * em, "start", color="#222")
    d.text(axes.x(-1.95), axes.y(1.62), "both move: they swing", color=RUST)
    d.text(axes.x(-0.15), axes.y(-1.5), "a alone: it settles", "middle", color="#444")
    left = box[2] + 5 * em
    beside_box = (left, 2 * em, WIDTH - 7.2 * em, box[3])
    d.text(left - 2 * em, 1.1 * em, "the loss along three lines", font_weight="bold")
    lines = Axes(d, beside_box, (-2, 2), (0.6, 1.5))
    lines.frame("distance from the bottom", "", None, {y: f"{y:.1f}" for y in (0.7, 1, 1.3)})
    x, y = left - 2.8 * em, (box[1] + box[3]) / 2
    d.text(x, y, "loss (nats)", "middle", transform=f"rotate(-90 {x:.1f} {y:.1f})")
    xs = [k / 20 - 2 for k in range(81)]
    curves = {
        "across": ("1/2", "4", [math.log(2 * math.cosh(root * x)) for x in xs]),
        "a alone": ("1/4", "8", [math.log(2 * math.cosh(x / 2)) for x in xs]),
        "along": ("0", "", [math.log(2)] * 81),
    }
    for k, (name, (factor, limit, ys)) in zip((1, 0, 2), curves.items(), strict=True):
        if name == "a alone":
            d.path(lines.points(xs, ys), "#777", 2)
        else:
            lines.curve(xs, ys, k)
        words, color = (
            (name, f"curvature {factor}", f"limit {limit}" if limit else "no limit"),
            DARK[k] if k else "#444",
        )
        top = lines.y(ys[-1]) - (0.9 if name == "along" else -0.35) * em
        for row, word in enumerate(words):
            weight = {} if row else {"font_weight": "bold"}
            x, y = beside_box[2] + 0.5 * em, top + 1.2 * row * em
            d.text(x, y, word, size=0.93, color=color, **weight)
    return d.picture(
        f"Left: over two logits, the loss is a straight valley along the diagonal. With learning "
        f"rate times share = {product}, a alone settles at the bottom, and both together swing. "
        "Right: along the valley the loss is flat; along one logit it has a curvature of 1/4 and "
        "the limit 8, and across the valley 1/2 and the limit 4."
    )


def _shade(loss):
    """Return a color from white at the bottom to blue."""
    part = min(1, loss / 0.9)
    return "#" + "".join(f"{round(255 + (end - 255) * 0.75 * part):02x}" for end in (60, 130, 180))


def wrong_table(perplexities, names, after):
    """Draw what a loop does: its perplexity `{updates: value}`, and a row of its table as bars.

    `after` are the largest probabilities in the row of the t, and `names` their characters.
    """
    d = Drawing(WIDTH, 260)
    em, half = d.em, WIDTH / 2
    d.text(4.2 * em, 1.1 * em, "its perplexity, with a learning rate of 5", font_weight="bold")
    last = max(perplexities)
    axes = Axes(d, (4.2 * em, 2 * em, half - em, d.height - 3.2 * em), (0, last), (10, 30))
    axes.frame("updates", "perplexity", None, {y: str(y) for y in (10, 15, 20, 25, 30)})
    axes.curve(list(perplexities), perplexities.values(), 0)
    title = f"after {last} updates: what follows t?"
    d.text(half + 2.6 * em, 1.1 * em, title, font_weight="bold")
    box = (half + 2.6 * em, 2 * em, WIDTH - em, d.height - 3.2 * em)
    bars = Axes(d, box, (0, len(names)), (0, 1))
    bars.frame("the next character", "", {}, {0: "0", 0.5: "0.5", 1: "1"})
    wide = (box[2] - box[0]) / len(names)
    for k, (name, p) in enumerate(zip(names, after, strict=True)):
        x = box[0] + k * wide
        d.rect(x + 0.2 * wide, bars.y(p), 0.6 * wide, box[3] - bars.y(p), BLUE)
        d.text(x + wide / 2, bars.y(p) - 0.4 * em, f"{p:.2f}", "middle")
        d.text(x + wide / 2, box[3] + 1.2 * em, name, "middle")
    words = ", ".join(f"{name} {p:.2f}" for name, p in zip(names, after, strict=True))
    return d.picture(
        f"The perplexity begins at {perplexities[0]:.0f}, is lowest at "
        f"{min(perplexities.values()):.0f}, and is {perplexities[last]:.0f} after {last} updates. "
        f"In the row of the t, these are the likeliest: {words}."
    )


def waits(ways, equal, shares, rate):
    """Draw how much of its distance each pair has left, against the updates and its progress.

    `ways` is `{pair: distances after each update}`, `equal` the same for rows of equal shares with
    a learning rate of 1, and `shares` the share of each pair's row.  The progress is the learning
    rate x share x updates.
    """
    d = Drawing(WIDTH, 350)
    em, half = d.em, WIDTH / 2
    log = math.log10
    for panel, (low, high) in enumerate(LEFT.values()):
        left = 4.2 * em if panel == 0 else half + 2.6 * em
        box = (left, 2.4 * em, left + half - 5.4 * em, d.height - 3.2 * em)
        axes = Axes(d, box, (log(low), log(high)), (0, 1.4))
        xs = [10**k for k in range(round(log(low)), round(log(high)) + 1)]
        xlabel = "updates" if panel == 0 else "learning rate \u00d7 share \u00d7 updates"
        ylabel = "share of the distance that is left" if panel == 0 else ""
        axes.frame(
            xlabel,
            ylabel,
            {log(x): f"{x:,g}" for x in xs},
            {0: "0", 0.1: "0.1", 0.5: "0.5", 1: "1"},
        )
        tenth = axes.y(0.1)
        d.line(box[0], tenth, box[2], tenth, GRAY, 1.2, "5 4")
        title = "the pairs arrive one after the other" if panel == 0 else "they arrive together"
        d.text(left, 1.3 * em, title, font_weight="bold")
        if panel == 1:
            for way in equal.values():
                _way(axes, way, 1.0, "#bbb", "none", 3.5)
            d.text(axes.x(log(high)), axes.y(0.8), "gray: equal shares", "end", color="#666")
            d.text(axes.x(log(high)), tenth - 0.4 * em, "a tenth is left", "end", color="#666")
        for k, (pair, way) in enumerate(ways.items()):
            scale = 1 if panel == 0 else rate * shares[pair]
            x = _way(axes, way, scale, PALETTE[k], DASHES[k], 2)
            if panel == 0:
                top = axes.y((1.3, 1.06, 1.18, 1.3)[k])
                words, end = f"{pair}: {arrival(way)}", ("middle", "end")[k == 1]
                d.line(x, top + 0.3 * em, x, axes.y(0.1), PALETTE[k], 1)
                d.dot(x, axes.y(0.1), PALETTE[k], 4)
                d.text(x + 0.3 * em * (k == 1), top, words, end, color=DARK[k])
            else:
                d.dot(x, axes.y(0.1), PALETTE[k], 4)
    return d.picture(
        f"Left: the share of the distance that is left against the updates; a tenth is left after "
        f"{', '.join(f'{arrival(way)} for {pair}' for pair, way in ways.items())}. Right: against "
        "the learning rate times the share times the updates, where the curves lie together."
    )


def arrival(way, left=0.1):
    """Return the number of updates after which at most this share of the distance is left."""
    return next(k for k, distance in enumerate(way) if distance <= left * way[0])


def _way(axes, way, scale, color, dash, width):
    """Draw the share of the distance that is left, and return where it is a tenth."""
    kept = sorted({round(1.12**k) for k in range(140)})
    kept = [k for k in kept if k < len(way) and axes.xlim[0] <= math.log10(k * scale)]
    kept = [k for k in kept if math.log10(k * scale) <= axes.xlim[1]]
    points = axes.points([math.log10(k * scale) for k in kept], [way[k] / way[0] for k in kept])
    axes.drawing.path(points, color, width, dash)
    return axes.x(math.log10(arrival(way) * scale))


def falling(runs):
    """Draw the perplexity after each update, `{learning rate: perplexities}`, with labels."""
    d = Drawing(WIDTH, 330)
    em = d.em
    last = max(map(len, runs.values())) - 1
    box = (4.2 * em, em, WIDTH - 10 * em, d.height - 3.2 * em)
    axes = Axes(d, box, (0, last), (0, 60))
    axes.frame("updates", "perplexity on the training part")
    for k, ys in enumerate(runs.values()):
        axes.curve(range(len(ys)), ys, k)
    ends = {
        f"learning rate {rate}": (axes.y(ys[-1]), k) for k, (rate, ys) in enumerate(runs.items())
    }
    beside(d, box[2] + 0.5 * em, ends)
    ways = {True: "it falls all the way", False: "it goes up and down"}
    words = "; ".join(f"with {k}, {ways[ys == sorted(ys)[::-1]]}" for k, ys in runs.items())
    return d.picture(f"The perplexity over {last} updates, by learning rate: {words}.")


DARK = ["#005687", RUST, "#00684c", "#8a3d68"]  # the colors of the palette, for words


def beside(d, x, labels, size=1.0):
    """Write labels `{text: (y, index of a color or a color)}` at x, each at its height or near."""
    free = -math.inf
    for text, (y, color) in sorted(labels.items(), key=lambda label: label[1][0]):
        free = max(y + 0.35 * d.em, free + 1.25 * d.em)
        d.text(x, free, text, size=size, color=color if isinstance(color, str) else DARK[color])
