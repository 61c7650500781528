"""A narrow valley of two parameters, in which SGD, momentum, and Adam walk."""

import math
from functools import lru_cache

from charrnn_helpers.show.style import DASHES, PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing

STEEP = 100.0  # the curvature across the valley; along it, it is 1
START, LAST = (-3.0, 1.0), 30  # (along, across), and the number of steps
GRIDS = {
    "SGD": [0.001 * 1.2**k for k in range(20)],
    "momentum": [0.001 * 1.2**k for k in range(24)],
    "Adam": [0.05 * 1.2**k for k in range(16)],
}


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


def walk(optimizer, lr, turn, num_steps=LAST):
    """Return the points that an optimizer visits from the start, the start among them."""
    point, m, v = list(_turned(*START, turn)), [0.0, 0.0], [0.0, 0.0]
    path = [tuple(point)]
    for step in range(1, num_steps + 1):
        for k, g in enumerate(slope(*point, turn)):
            m[k], v[k] = 0.9 * m[k] + 0.1 * g, 0.999 * v[k] + 0.001 * g * g
            m_hat, v_hat = m[k] / (1 - 0.9**step), v[k] / (1 - 0.999**step)
            moves = {"SGD": g, "momentum": 10 * m[k]}  # a running sum is ten times the mean
            point[k] -= lr * moves.get(optimizer, m_hat / (math.sqrt(v_hat) + 1e-8))
        path.append(tuple(point))
    return path


@lru_cache
def best_rate(optimizer, turn):
    """Return the rate of the grid with which the optimizer is lowest after the last step."""
    return min(GRIDS[optimizer], key=lambda lr: height(*walk(optimizer, lr, turn)[-1], turn))


def valley(turn, steps):
    """Draw the valley, turned by some degrees, and the ways of the three optimizers."""
    em = Drawing(0, 0).em
    side, tall = (WIDTH - 2.4 * em) / len(GRIDS) - 0.7 * em, 19.6 * em
    d = Drawing(WIDTH, tall + 3.6 * em)
    words = []
    for index, optimizer in enumerate(GRIDS):
        left = 1.5 * em + index * (side + 0.7 * em)
        reach = 3.7 * (tall - 3 * em) / side
        box = (left, 3 * em, left + side, tall)
        axes = Axes(d, box, (-3.7, 3.7), (-reach, reach))
        for level in (0.1, 0.5, 2, 5, 12, 30, 80):
            _contour(axes, level, turn)
        rate = best_rate(optimizer, turn)
        path = walk(optimizer, rate, turn)[: steps + 1]
        d.path(axes.points(*zip(*path, strict=True)), PALETTE[index], 2, DASHES[index])
        for point in path:
            d.dot(axes.x(point[0]), axes.y(point[1]), PALETTE[index], 2.5)
        d.dot(axes.x(path[-1][0]), axes.y(path[-1][1]), PALETTE[index], 6)
        d.text(axes.x(0), axes.y(0) + 0.35 * em, "+", "middle")
        d.rect(box[0], box[1], side, tall - 3 * em, "none", "#999")
        low = height(*path[-1], turn)
        lines = f"{optimizer}, rate {rate:.2g}", f"height {low:.2f} after {steps} steps"
        for row, line in enumerate(lines):
            d.text(left + side / 2, (1.2 + 1.3 * row) * em, line, "middle")
        words.append(": ".join(lines))
    name = "weight 1 is left to right, weight 2 bottom to top"
    d.text(WIDTH / 2, tall + 1.8 * em, name, "middle", color="#555")
    return d.picture(f"A valley, turned by {turn} degrees. {'; '.join(words)}.")


def _contour(axes, level, turn):
    """Draw the ellipse on which the height is this level, where it is inside the box."""
    a, b = math.sqrt(2 * level), math.sqrt(2 * level / STEEP)
    points, (x0, x1), (y0, y1) = [], axes.xlim, axes.ylim
    for k in range(121):
        angle = math.tau * k / 120
        x, y = _turned(a * math.cos(angle), b * math.sin(angle), turn)
        if x0 <= x <= x1 and y0 <= y <= y1:
            points.append((x, y))
        elif points:
            axes.drawing.path(axes.points(*zip(*points, strict=True)), "#aaa", 1)
            points = []
    if points:
        axes.drawing.path(axes.points(*zip(*points, strict=True)), "#aaa", 1)
