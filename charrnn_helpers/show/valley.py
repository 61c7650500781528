"""A narrow valley of two parameters, in which SGD, momentum, v alone, and Adam walk."""

import math
from functools import lru_cache

from charrnn_helpers.show.style import DASHES, PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing

STEEP = 100.0  # the curvature across the valley; along it, it is 1
START, LAST = (-3.0, 1.0), 30  # (along, across), and the number of updates
GRIDS = {
    "SGD": [0.001 * 1.2**k for k in range(20)],
    "momentum": [0.001 * 1.2**k for k in range(24)],
    "v alone": [0.05 * 1.2**k for k in range(20)],
    "Adam": [0.05 * 1.2**k for k in range(20)],
}
COLUMNS = "along the gradient", "along its running mean m"
ROWS = "one rate for all weights", "divided by √v"


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
def best_rate(optimizer, turn):
    """Return the rate of the grid with which the optimizer is lowest after the last update."""
    return min(GRIDS[optimizer], key=lambda lr: height(*walk(optimizer, lr, turn)[-1], turn))


def valley(turn, updates):
    """Draw the valley, turned by some degrees, and the ways of the four optimizers.

    The columns tell what an optimizer follows, and the rows what it is divided by.  In gray, beside
    momentum with its own rate, is momentum with the rate of SGD.
    """
    em = Drawing(0, 0).em
    left, top, wide, tall = 2.2 * em, 1.7 * em, (WIDTH - 3.4 * em) / 2, 11.2 * em
    d = Drawing(WIDTH, top + 2 * (tall + 3.0 * em) + 0.2 * em)
    words, control = [], walk("momentum", best_rate("SGD", turn), turn)[: updates + 1]
    for index, optimizer in enumerate(GRIDS):
        row, column = divmod(index, 2)
        x, y = left + column * (wide + 1.0 * em), top + row * (tall + 3.0 * em) + 1.6 * em
        reach = 2.9 * wide / tall
        axes = Axes(d, (x, y, x + wide, y + tall), (-reach, reach), (-2.9, 2.9))
        for level in (0.1, 0.5, 2, 5, 12, 30, 80):
            _contour(axes, level, turn)
        if optimizer == "momentum":
            _draw_path(axes, control, "#777", 3.5)
        rate = best_rate(optimizer, turn)
        path = walk(optimizer, rate, turn)[: updates + 1]
        _draw_path(axes, path, PALETTE[index], 6, DASHES[index])
        d.text(axes.x(0), axes.y(0) + 0.35 * em, "+", "middle")
        d.rect(x, y, wide, tall, "none", "#999")
        line = f"rate {rate:.2g}: height {height(*path[-1], turn):.2f}"
        d.text(x, y - 0.5 * em, optimizer, color=PALETTE[index], font_weight="bold")
        d.text(x + wide, y - 0.5 * em, line, "end")
        if optimizer == "momentum":
            line = f"gray: at the rate of SGD, height {height(*control[-1], turn):.2f}"
            d.text(x + 0.5 * em, y + 1.2 * em, line, size=0.86, color="#666")
        words.append(f"{optimizer}, rate {rate:.2g}, height {height(*path[-1], turn):.2f}")
        if row == 0:
            d.text(x + wide / 2, 0.9 * em, COLUMNS[column], "middle", color="#555")
        if column == 0:
            place = f"rotate(-90 {em:.1f} {y + tall / 2:.1f})"
            d.text(em, y + tall / 2, ROWS[row], "middle", color="#555", transform=place)
    return d.picture(
        f"A valley, turned by {turn} degrees, after {updates} updates. {'; '.join(words)}."
    )


def _draw_path(axes, path, color, radius, dash="none"):
    """Draw a way with a dot at each point, and a larger one at its end."""
    d = axes.drawing
    d.path(axes.points(*zip(*path, strict=True)), color, 1.6, dash)
    for k, point in enumerate(path, 1):
        d.dot(axes.x(point[0]), axes.y(point[1]), color, radius if k == len(path) else 2.2)


def _contour(axes, level, turn):
    """Draw the ellipse on which the height is this level, where it is inside the box."""
    a, b = math.sqrt(2 * level), math.sqrt(2 * level / STEEP)
    points, (x0, x1), (y0, y1) = [], axes.xlim, axes.ylim
    for k in range(61):
        angle = math.tau * k / 60
        x, y = _turned(a * math.cos(angle), b * math.sin(angle), turn)
        if x0 <= x <= x1 and y0 <= y <= y1:
            points.append((x, y))
        elif points:
            axes.drawing.path(axes.points(*zip(*points, strict=True)), "#aaa", 1)
            points = []
    if points:
        axes.drawing.path(axes.points(*zip(*points, strict=True)), "#aaa", 1)
