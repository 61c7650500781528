"""The cliff: the loss of one unit that has to remember one bit, and gradient descent on it.

`dots` shows what many networks came to that learned in different ways.
"""

import math

import torch
from torch.nn import functional as F

from charrnn_helpers.show.figures import new_figure
from charrnn_helpers.show.style import PALETTE, look, tint
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing

SHADES = [tint(1 - k / 63) for k in range(64)]  # dark is a small loss
RED = PALETTE[1]
PLACES = {
    (2.6, -0.1): "it remembers",
    (1.5, 2.2): "both end above 0",
    (2.4, -1.4): "both end below 0",
}
LOWEST = (1.373, 0.0)  # where the loss is 0


def descend(loss, start, theta, lr=0.1, num_updates=60):
    """Go downhill on `loss(w, b)` by steps of at most `lr * theta`; return [(w, b, loss, norm)]."""
    weights = torch.tensor(start, dtype=torch.double, requires_grad=True)
    path = []
    for _ in range(num_updates + 1):
        value = loss(*weights)
        (grad,) = torch.autograd.grad(value, weights)
        norm = grad.norm().item()
        path.append((*weights.tolist(), value.item(), norm))
        with torch.no_grad():
            weights -= lr * min(1, theta / norm) * grad
    return path


def best_readout(train, val):
    """Fit an output layer to states and targets `(H, Y)`, and return its loss on other ones."""
    (H, Y), classes = train, int(train[1].max()) + 1
    W = torch.zeros(H.shape[1], classes, requires_grad=True)
    b = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([W, b], max_iter=30)

    def loss_and_gradient():
        optimizer.zero_grad()
        loss = F.cross_entropy(H @ W + b, Y)
        loss.backward()
        return loss

    optimizer.step(loss_and_gradient)
    return F.cross_entropy(val[0] @ W + b, val[1]).item()


def cliff(landscape, cut, paths, theta, step):
    """Draw the loss over two weights with a path of gradient descent, and a cut along one step.

    `landscape` is `(xs, ys, rows)`, with the rows from the lowest y to the highest.  `paths` holds,
    for each theta, a list of points `(x, y, loss, norm)`.  `cut` is `(distances, losses)`, the loss
    along the step that leaves the steepest of all points.
    """
    path = paths[theta][: step + 1]
    d = Drawing(WIDTH, 400)
    em, (xs, ys, rows) = d.em, landscape
    left, top, right, bottom = 3.8 * em, 2.2 * em, 29 * em, d.height - 3 * em
    axes = Axes(d, (left, top, right, bottom), (xs[0], xs[-1]), (ys[0], ys[-1]))
    most = max(map(max, rows))
    shades = [[_shade(loss / most) for loss in row] for row in reversed(rows)]
    axes.frame("w", "b")
    d.pixels(left, top, right - left, bottom - top, shades)
    _wall(axes, landscape)
    _scale(d, left + 4.2 * em, top + 0.6 * em, most)
    for (x, y), words in PLACES.items():
        d.text(axes.x(x), axes.y(y), words, "middle")
    _trace(axes, path)
    d.text(axes.x(LOWEST[0]), axes.y(LOWEST[1]) + 0.35 * em, "\u00d7", "middle", color="#000")
    _cut(d, cut, paths[theta])
    x, y, loss, norm = path[-1]
    length = f"{norm:.1f}" if norm >= 0.05 else f"{norm:.4f}"
    height = f"{loss:.2f}" if loss >= 0.005 else f"{loss:.4f}"
    where = f"after {step} steps: loss {height}, gradient norm {length}"
    d.text(left, 1.2 * em, where)
    limit = "no limit" if theta == math.inf else f"theta {theta:g}"
    return d.picture(f"The loss over w and b, and a path, {limit}, at ({x:.2f}, {y:.2f}) {where}.")


def _shade(share):
    """Return the color of a loss, as a share of the largest, with more shades for small ones."""
    return SHADES[round((len(SHADES) - 1) * share**0.35)]


def _wall(axes, landscape):
    """Draw a line wherever the loss jumps between one pixel and the next above it."""
    xs, ys, rows = landscape
    for sign in (1, -1):  # upward, the loss falls at one wall, and rises at the other
        wall = [
            (x, (ys[i] + ys[i + 1]) / 2)
            for k, x in enumerate(xs)
            for i in range(len(ys) - 1)
            if sign * (rows[i][k] - rows[i + 1][k]) > 0.5
        ]
        if wall:
            axes.drawing.path(axes.points(*zip(*wall, strict=True)), "#222", 2)


def _scale(d, left, top, most):
    """Draw the colors from no loss to the largest one."""
    d.text(left - 0.4 * d.em, top + 0.9 * d.em, "loss 0", "end")
    d.pixels(left, top, 5 * d.em, d.em, [[_shade(k / 49) for k in range(50)]])
    d.rect(left, top, 5 * d.em, d.em, "none", "#999")
    d.text(left + 5.3 * d.em, top + 0.9 * d.em, f"{most:.1f}")


def _trace(axes, path):
    """Draw the path, a dot for each step, and rings around the first one and the last."""
    d, points = axes.drawing, axes.points([p[0] for p in path], [p[1] for p in path])
    d.path(points, RED, 2)
    for x, y in points:
        d.dot(x, y, RED, 3)
    for (x, y), radius in ((points[0], 5), (points[-1], 8)):
        d.add("circle", cx=x, cy=y, r=radius, fill="none", stroke="#222", stroke_width=1.5)
    d.text(points[0][0] + 0.8 * d.em, points[0][1] + 0.9 * d.em, "start", color="#222")


def _cut(d, cut, path):
    """Draw the loss along the step from the steepest point of a path, and where the step lands."""
    em, (distances, losses) = d.em, cut
    box = (34 * em, 2.2 * em, WIDTH - em, d.height - 3 * em)
    axes = Axes(d, box, (distances[0], distances[-1]), (0, 1.8))
    d.text(box[0], 1.2 * em, "a cut along the long step")
    axes.frame("length of the step", "")
    d.text(box[0] - 2.2 * em, box[1] - 0.2 * em, "loss")
    axes.curve(distances, losses)
    place = max(range(len(path) - 1), key=lambda k: path[k][3])
    before, after = path[place], path[place + 1]
    ends = [(0, before[2]), (math.dist(before[:2], after[:2]), after[2])]
    (x0, y0), (x1, y1) = axes.points(*zip(*ends, strict=True))
    d.line(x1, axes.y(0), x1, y1, "#555", 1.2, "2 3")
    d.dot(x0, y0, RED, 4)
    d.dot(x1, y1, RED, 5)
    d.add("circle", cx=x1, cy=y1, r=8, fill="none", stroke="#222", stroke_width=1.5)


@look()
def dots(groups, xlabel, limit, marks, xlim):
    """Draw a row of dots `{label: values}` for each group, on a logarithmic axis.

    Values above the limit are crosses, and are counted at the end of the row; those beyond the axis
    and those of runs that broke off, which are `inf`, are drawn at its edge.  `marks` are vertical
    lines, `{label: value}`.
    """
    fig, ax = new_figure(figsize=(7.5, 1.1 + 0.42 * len(groups)))
    for row, values in enumerate(groups.values()):
        for kind, above in enumerate((False, True)):
            shown = [min(v, xlim[1]) for v in values if (v > limit) == above]
            line = {"marker": "ox"[kind], "color": PALETTE[kind], "ms": 6, "mew": 1.6}
            ax.plot(shown, [row] * len(shown), ls="none", clip_on=False, alpha=0.75, **line)
        note = f"{sum(v > limit for v in values)} of {len(values)}"
        ax.annotate(note, (1.03, row), xycoords=("axes fraction", "data"), va="center")
    ax.annotate("ruined", (1.03, -0.9), xycoords=("axes fraction", "data"), va="center")
    if any(v > xlim[1] for values in groups.values() for v in values):
        place = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "center"}
        ax.annotate(f"above {xlim[1]}, or broke off", (1.0, -0.9), **place)
    for label, value in marks.items():
        ax.axvline(value, color="0.35", linewidth=1, linestyle=":")
        ax.annotate(label, (value, -0.9), ha="center", va="center", annotation_clip=False)
    ax.set(xscale="log", xlim=xlim, ylim=(len(groups) - 0.5, -0.6), xlabel=xlabel)
    ax.set_yticks(range(len(groups)), groups)
    places = [x for x in (7, 8, 9, 10, 12, 15, 20, 30, 50, 100) if xlim[0] <= x <= xlim[1]]
    ax.set_xticks(places, places)
    ax.set_xticks([], minor=True)
    ax.grid(visible=False, axis="x")
    return fig


@look()
def reach(groups, places, xlabel, ylabel, marks):
    """Draw a column of dots for each place, side by side for each group `{label: [values, ...]}`.

    `marks` are horizontal lines, `{label: value}`.
    """
    fig, ax = new_figure()
    for k, (label, columns) in enumerate(groups.items()):
        middle = 0.17 * (k - (len(groups) - 1) / 2)
        xs = [i + middle + 0.02 * (j - 2) for i, vs in enumerate(columns) for j in range(len(vs))]
        line = {
            "marker": "osD^v"[k],
            "color": [*PALETTE, "#444"][k],
            "mec": "white",
            "label": label,
        }
        ys = [value for values in columns for value in values]
        ax.plot(xs, ys, ls="none", ms=7, alpha=0.8, **line)
    for label, value in marks.items():
        ax.axhline(value, color="0.35", linewidth=1, linestyle=":")
        ax.annotate(label, (1.01, value), xycoords=("axes fraction", "data"), va="center")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    for i in range(1, len(places)):
        ax.axvline(i - 0.5, color="0.8", linewidth=1)
    ax.set_xticks(range(len(places)), places)
    ax.grid(visible=False, axis="x")
    ax.legend()
    return fig
