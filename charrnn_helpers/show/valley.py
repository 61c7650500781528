"""A narrow valley of two parameters, in which SGD, momentum, v alone, and Adam walk."""

import math
from functools import lru_cache

from charrnn_helpers.show.style import PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing

STEEP = 100.0  # the curvature across the valley; along it, it is 1
START, LAST = (-3.0, 1.0), 100  # (along, across), and the number of updates
SCORED = 50  # of them, the last: their mean height counts, so that no lucky moment does
GRIDS = {
    "SGD": [0.001 * 1.2**k for k in range(20)],
    "momentum": [0.001 * 1.2**k for k in range(24)],
    "v alone": [0.05 * 1.2**k for k in range(20)],
    "Adam": [0.02 * 1.2**k for k in range(24)],
}
COLUMNS = "along the gradient", "along its running mean m"
ROWS = "one rate for all weights", "divided by √v"
LOWEST, HIGHEST = 0.0005, 100.0  # heights that are drawn


def height(x, y, turn):
    """Return the height at a point of the valley, turned by this many degrees."""
    along, across = _turned(x, y, -turn)
    return (along**2 + STEEP * across**2) / 2


def slope(x, y, turn):
    along, across = _turned(x, y, -turn)
    return _turned(along, STEEP * across, turn)


def _turned(x, y, degrees):
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return cos * x - sin * y, sin * x + cos * y


def walk(optimizer, lr, turn, num_updates=LAST):
    """Return the points that an optimizer visits from the start, the start among them."""
    point, m, v = list(_turned(*START, turn)), [0.0, 0.0], [0.0, 0.0]
    path = [tuple(point)]
    for update in range(1, num_updates + 1):
        for k, g in enumerate(slope(*point, turn)):
            m[k], v[k] = 0.9 * m[k] + 0.1 * g, 0.999 * v[k] + 0.001 * g * g
            m_hat, v_hat = m[k] / (1 - 0.9**update), v[k] / (1 - 0.999**update)
            size = math.sqrt(v_hat) + 1e-8
            moves = {"SGD": g, "momentum": 10 * m[k], "v alone": g / size, "Adam": m_hat / size}
            point[k] -= lr * moves[optimizer]  # momentum adds up, which is ten times the mean
        path.append(tuple(point))
    return path


@lru_cache
def heights(optimizer, lr, turn):
    """Return the height after each update, from the start on."""
    return [height(*point, turn) for point in walk(optimizer, lr, turn)]


def score(optimizer, lr, turn):
    """Return the mean height over the second half of the updates."""
    return sum(heights(optimizer, lr, turn)[-SCORED:]) / SCORED


@lru_cache
def best_rate(optimizer, turn):
    """Return the rate of the grid with which the optimizer has the lowest score."""
    return min(GRIDS[optimizer], key=lambda lr: score(optimizer, lr, turn))


def valley(turn, updates):
    """Draw the valley, turned by some degrees, and the paths of the four optimizers.

    The columns tell what an optimizer follows, and the rows what it is divided by.  Beside each
    path is the height after each update, with that of SGD in gray, and its mean over the second
    half; dashed, and below its mean, that in the valley before it is turned.
    """
    em = Drawing(0, 0).em
    left, top, side = 2.0 * em, 1.5 * em, 11.4 * em
    wide, gap = (WIDTH - left - 2.2 * em) / 2, 2.5 * em
    d = Drawing(WIDTH, top + 2 * (side + 1.7 * em) + 1.3 * em + 2.6 * em)
    words, plain = [], heights("SGD", best_rate("SGD", turn), turn)
    for index, optimizer in enumerate(GRIDS):
        row, column = divmod(index, 2)
        x = left + column * (wide + 1.0 * em)
        y = top + row * (side + 3.0 * em) + 1.7 * em
        color, rate = PALETTE[index], best_rate(optimizer, turn)
        way = Axes(d, (x, y, x + side, y + side), (-3.4, 3.4), (-3.4, 3.4))
        for level in (0.5, 5, 30):
            _contour(way, level, turn)
        _draw_path(way, walk(optimizer, rate, turn)[: updates + 1], color)
        d.text(way.x(0), way.y(0) + 0.35 * em, "+", "middle")
        d.rect(x, y, side, side, "none", "#999")
        d.text(x, y - 0.5 * em, optimizer, color=color, font_weight="bold")

        box = (x + side + gap, y, x + wide, y + side)
        limits = math.log(LOWEST), math.log(HIGHEST)
        fall = Axes(d, box, (0, LAST), limits)
        half = fall.x(LAST - SCORED)
        d.rect(half, y, box[2] - half, side, "#f2f2f2")
        _frame(fall, row)
        if index:
            d.path(fall.points(range(0, LAST + 1, 5), map(math.log, plain[::5])), "#999", 1.3)
        d.text(box[0] - 0.7 * em, y - 0.7 * em, "height", "middle", size=0.93)
        if turn:
            before = best_rate(optimizer, 0)
            _draw_heights(fall, heights(optimizer, before, 0), color, 1.4, "5 4")
            same = f"at 0\u00b0: {_short(score(optimizer, before, 0))}"
            d.text(box[2] - 4, y + 1.2 * em, same, "end", color=color)
        _draw_heights(fall, heights(optimizer, rate, turn)[: updates + 1], color, 1.8)
        mean = f"mean: {_short(score(optimizer, rate, turn))}"
        d.text(box[2], y - 0.5 * em, mean, "end", color=color)
        if index:
            d.text(box[2] - 4, fall.y(math.log(plain[-1])) - 1.5 * em, "SGD", "end", color="#666")
        words.append(f"{optimizer}, rate {rate:.2g}, {_short(score(optimizer, rate, turn))}")
        if row == 0:
            d.text(x + wide / 2, 0.9 * em, COLUMNS[column], "middle", color="#555")
        if column == 0:
            place = f"rotate(-90 {em:.1f} {y + side / 2:.1f})"
            d.text(em, y + side / 2, ROWS[row], "middle", color="#555", transform=place)
    return d.picture(
        f"A valley, turned by {turn} degrees, and four paths of {updates} updates. "
        f"Mean heights of the last {SCORED} of {LAST} updates: {'; '.join(words)}."
    )


def _short(value):
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _frame(axes, row):
    """Draw the ticks of the heights, and below the lower row those of the updates."""
    d, em, (left, top, right, bottom) = axes.drawing, axes.drawing.em, axes.box
    for value in (100, 1, 0.01):
        y = axes.y(math.log(value))
        d.line(left, y, right, y, "#ddd")
        d.text(left - 0.3 * em, y + 0.35 * em, f"{value:g}", "end", size=0.93)
    d.line(left, top, left, bottom)
    d.line(left, bottom, right, bottom)
    if row:
        for value in (0, 50, 100):
            d.text(axes.x(value), bottom + 1.2 * em, str(value), "middle", size=0.93)
        d.text((left + right) / 2, bottom + 2.4 * em, "updates", "middle")


def _draw_heights(axes, values, color, width, dash="none"):
    """Draw the heights up to where they leave the box at the bottom."""
    points = []
    for update, value in enumerate(values):
        points.append((update, math.log(min(max(value, LOWEST), HIGHEST))))
        if value < LOWEST and max(values[update:]) < LOWEST:
            break
    axes.drawing.path(axes.points(*zip(*points, strict=True)), color, width, dash)


def _draw_path(axes, path, color):
    """Draw a path with a dot at its end; what moves it by less than a pixel is left out."""
    d, kept = axes.drawing, []
    for x, y in axes.points(*zip(*path, strict=True)):
        if not kept or math.dist(kept[-1], (x, y)) > 1:
            kept.append((x, y))
    d.path(kept, color, 1.4)
    d.dot(axes.x(path[-1][0]), axes.y(path[-1][1]), color, 5.5)


def _contour(axes, level, turn):
    """Draw the ellipse on which the height is this level, where it is inside the box."""
    a, b = math.sqrt(2 * level), math.sqrt(2 * level / STEEP)
    points, (x0, x1), (y0, y1) = [], axes.xlim, axes.ylim
    for k in range(37):
        angle = math.tau * k / 36
        x, y = _turned(a * math.cos(angle), b * math.sin(angle), turn)
        if x0 <= x <= x1 and y0 <= y <= y1:
            points.append((x, y))
        elif points:
            axes.drawing.path(axes.points(*zip(*points, strict=True)), "#aaa", 1)
            points = []
    if points:
        axes.drawing.path(axes.points(*zip(*points, strict=True)), "#aaa", 1)
