"""The cliff: the loss of one unit that has to remember one bit, and gradient descent on it.

`factor_curves` shows why its gradient is long, `dots` what many networks came to that learned in
different ways, and `reach` which of them learned to remember.
"""

import math
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import torch
from matplotlib.ticker import NullFormatter

from charrnn_helpers.show.figures import new_figure
from charrnn_helpers.show.style import PALETTE, look, tint
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing

SHADES = [tint(1 - k / 63) for k in range(64)]  # dark is a small loss
BLUE, RED = PALETTE[:2]
GRAY = "#777777"
POINTS = {"textcoords": "offset points"}
WHOLE = ((0.5, 3.6), (-1.6, 3.3))  # the limits of w and b in the landscape
NEAR = ((1.3, 1.75), (-0.46, 0.08))  # those of the part that is drawn larger
PLACES = {
    (2.75, -0.1): "it remembers",
    (2.83, 1.7): "plateau: both above 0",
    (2.4, -1.4): "plateau: both below 0",
}
LOWEST = (1.373, 0.0)  # where the loss is 0
START, TARGET = 0.5, 0.8


class Terrain(NamedTuple):
    """The loss over two weights, and what is drawn on it."""

    whole: list  # rows of losses, from the lowest b to the highest
    near: list
    walls: list  # curves [(w, b), ...] at which the loss rises steeply
    cut: tuple  # (distances, losses) along the longest update of all
    place: int  # the number of updates before that one
    paths: dict  # {threshold: [(w, b, loss, norm), ...]}


def descend(loss, start, threshold, lr=0.1, num_updates=60):
    """Go downhill on `loss(w, b)` by at most `lr * threshold`; return [(w, b, loss, norm)]."""
    weights = torch.tensor(start, dtype=torch.double, requires_grad=True)
    path = []
    for _ in range(num_updates + 1):
        value = loss(*weights)
        (grad,) = torch.autograd.grad(value, weights)
        norm = grad.norm().item()
        path.append((*weights.tolist(), value.item(), norm))
        with torch.no_grad():
            weights -= lr * min(1, threshold / norm) * grad
    return path


def survey(loss, start, thresholds):
    """Return the Terrain of `loss(w, b)`, with a path of gradient descent for each threshold."""
    paths = {threshold: descend(loss, start, threshold) for threshold in thresholds}
    free = paths[math.inf]
    place = max(range(len(free) - 1), key=lambda k: free[k][3])
    before, after = (torch.tensor(point[:2], dtype=torch.double) for point in free[place:][:2])
    distances = torch.linspace(-0.5, 3.6, 420, dtype=torch.double)
    w, b = (before + distances[:, None] * (after - before) / (after - before).norm()).T
    cut = distances.tolist(), loss(w[:, None], b[:, None]).tolist()
    walls = [_wall(loss, outside) for outside in WHOLE[1]]
    return Terrain(_rows(loss, *WHOLE), _rows(loss, *NEAR, 70), walls, cut, place, paths)


def _rows(loss, ws, bs, size=110):
    ws, bs = (torch.linspace(*limits, size, dtype=torch.double) for limits in (ws, bs))
    return loss(ws[:, None], bs[:, None, None]).tolist()


def _wall(loss, outside):
    """Return the points (w, b) between b = 0 and this b at which the loss rises steeply."""
    ws = torch.linspace(*WHOLE[0], 120, dtype=torch.double)
    ws = ws[loss(ws[:, None], torch.zeros(len(ws), 1, dtype=torch.double)) < 0.5]
    low, high = torch.zeros_like(ws), torch.full_like(ws, outside)
    for _ in range(40):
        middle = (low + high) / 2
        small = loss(ws[:, None], middle[:, None]) < 0.8
        low, high = torch.where(small, middle, low), torch.where(small, high, middle)
    aside = math.copysign(0.02, outside)
    jump = loss(ws[:, None], (low + aside)[:, None]) - loss(ws[:, None], (low - aside)[:, None])
    return list(zip(ws[jump > 0.5].tolist(), low[jump > 0.5].tolist(), strict=True))


def cliff(terrain, grad_clip_val, update):
    """Draw the loss over two weights and a path of gradient descent, a cut, and the two states."""
    path = terrain.paths[grad_clip_val][: update + 1]
    d = Drawing(WIDTH, 500)
    em = d.em
    left, top, right, bottom = 3.8 * em, 2.4 * em, 29 * em, d.height - 3 * em
    axes = Axes(d, (left, top, right, bottom), *WHOLE)
    most = max(map(max, terrain.whole))
    axes.frame("w", "b")
    _ground(axes, terrain.whole, most)
    for wall in terrain.walls:
        d.path(axes.points(*zip(*wall, strict=True)), "#222", 2)
    for (x, y), words in PLACES.items():
        d.text(axes.x(x), axes.y(y), words, "middle")
    _trace(axes, path, 2.5)
    small = Axes(d, (left + 0.8 * em, top + 0.8 * em, left + 11.2 * em, top + 11.2 * em), *NEAR)
    _inset(axes, small, terrain, path, most)
    _cut(d, terrain, grad_clip_val)
    x, y, loss, norm = path[-1]
    _states(d, x, y)
    length = f"{norm:.1f}" if norm >= 0.05 else f"{norm:.4f}"
    height = f"{loss:.2f}" if loss >= 0.005 else f"{loss:.4f}"
    where = f"after {update} update{'s' * (update != 1)}: loss {height}, gradient norm {length}"
    d.text(left, 1.2 * em, where)
    limit = "no threshold" if grad_clip_val == math.inf else f"a threshold of {grad_clip_val:g}"
    return d.picture(f"The loss over w and b, and a path, {limit}, at ({x:.2f}, {y:.2f}) {where}.")


def _shade(share):
    """Return the color of a loss, as a share of the largest, with more shades for small ones."""
    return SHADES[round((len(SHADES) - 1) * share**0.35)]


def _ground(axes, rows, most):
    """Draw the losses as colors."""
    left, top, right, bottom = axes.box
    shades = [[_shade(loss / most) for loss in row] for row in reversed(rows)]
    axes.drawing.pixels(left, top, right - left, bottom - top, shades)


def _trace(axes, path, radius):
    """Draw the path, a dot after each update, and a ring around the last one."""
    d, (ws, bs) = axes.drawing, (axes.xlim, axes.ylim)
    seen = [ws[0] <= p[0] <= ws[1] and bs[0] <= p[1] <= bs[1] for p in path]
    points = axes.points([p[0] for p in path], [p[1] for p in path])
    for inside, stretch in groupby(zip(seen, points, strict=True), key=itemgetter(0)):
        if inside:
            corners = [point for _, point in stretch]
            d.path(corners, RED, 2)
            for x, y in corners:
                d.dot(x, y, RED, radius)
    if seen[-1]:
        x, y = points[-1]
        d.add("circle", cx=x, cy=y, r=8, fill="none", stroke="#222", stroke_width=1.5)


def _inset(axes, small, terrain, path, most):
    """Draw the part around the start larger, with what fits of the path and of the walls."""
    d, em = axes.drawing, axes.drawing.em
    left, top, right, bottom = small.box
    (w0, w1), (b0, b1) = NEAR
    x, y = axes.x(w0), axes.y(b1)
    d.rect(x, y, axes.x(w1) - x, axes.y(b0) - y, "none", GRAY)
    d.line(left, bottom, x, y, GRAY)
    d.line(right, bottom, axes.x(w1), y, GRAY)
    _ground(small, terrain.near, most)
    for wall in terrain.walls:
        inside = [(w, b) for w, b in wall if w0 <= w <= w1 and b0 <= b <= b1]
        if inside:
            d.path(small.points(*zip(*inside, strict=True)), "#222", 2)
    _trace(small, path, 3.5)
    ((x, y),) = small.points([path[0][0]], [path[0][1]])
    d.text(x - 0.8 * em, y + 0.9 * em, "start", "end")
    ((x, y),) = small.points([LOWEST[0]], [LOWEST[1]])
    d.text(x, y + 0.35 * em, "\u00d7", "middle", 1.3)
    d.text(x - 1.4 * em, y + 1.6 * em, "loss 0")
    d.rect(left, top, right - left, bottom - top, "none", GRAY)


def _cut(d, terrain, grad_clip_val):
    """Draw the loss along the longest update, and where it begins and ends with this threshold."""
    em, (distances, losses) = d.em, terrain.cut
    box = (33.5 * em, 2.4 * em, WIDTH - 0.8 * em, d.height / 2 - 3.2 * em)
    axes = Axes(d, box, (distances[0], distances[-1]), (0, 2))
    d.text(box[0], 1.2 * em, f"loss along update {terrain.place + 1}")
    axes.frame("distance", "", yticks={0: "0", 1: "1", 2: "2"})
    axes.curve(distances, losses)
    before, after = terrain.paths[grad_clip_val][terrain.place :][:2]
    (x0, y0), (x1, y1) = axes.points([0, math.dist(before[:2], after[:2])], [before[2], after[2]])
    d.dot(x0, y0, "#222", 4)
    d.text(box[0] + 0.2 * em, y0 - 1.1 * em, "before")
    d.add("circle", cx=x1, cy=y1, r=6, fill="none", stroke=RED, stroke_width=3)
    low, far = after[2] < 1, x1 > (box[0] + box[2]) / 2
    x = x1 if far else max(x1 + 0.9 * em, axes.x(0.75))
    y = y1 - 0.5 * em if low else y1 + 1.5 * em
    d.text(x, y, "after", "end" if far else "start", color="#A84300", font_weight="bold")


def _states(d, w, b, num_steps=20):
    """Draw the two states through the time steps, and their targets."""
    em = d.em
    box = (33.5 * em, d.height / 2 + 1.9 * em, WIDTH - 0.8 * em, d.height - 3 * em)
    axes = Axes(d, box, (0, num_steps), (-1.1, 1.1))
    d.text(box[0], box[1] - 0.9 * em, "the two states, and their targets \u25cb")
    axes.frame("time step", "", yticks={-1: "-1", 0: "0", 1: "1"})
    for k, start in enumerate((START, -START)):
        axes.curve(range(num_steps + 1), run(w, b, start, num_steps), k)
        y = axes.y(math.copysign(TARGET, start))
        d.add("circle", cx=box[2], cy=y, r=5, fill="none", stroke=PALETTE[k], stroke_width=2)


def run(w, b, h, num_steps=20):
    """Return the states of a unit h = tanh(w h + b), with the first one."""
    states = [h]
    for _ in range(num_steps):
        states.append(math.tanh(w * states[-1] + b))
    return states


@look()
def factor_curves(runs, gradients):
    """Draw the factor of each time step beside the gradient at each state, `{label: values}`.

    The first of two runs is drawn in color, the other in gray.
    """
    fig, axes = new_figure(ncols=2, figsize=(7.5, 3.2))
    words = [[(8.2, 1.62), (7.6, 0.2)], [(3.5, 9), (15.6, 0.004)]]
    for k, label in enumerate(runs):
        look = {"color": GRAY if k else RED, "marker": "so"[not k], "ls": ":" if k else "-"}
        for j, values in enumerate((runs[label], gradients[label])):
            axes[j].plot(range(1 - j, len(values) + 1 - j), values, ms=4, mec="white", **look)
            axes[j].annotate(
                label, words[j][k], color=look["color"], ha="right" if j * k else "left"
            )
    left, right = axes
    left.axhline(1, color="#222", lw=1)
    left.set(ylabel="factor $w\\,(1 - h_t^2)$", ylim=(0, 2))
    right.set(ylabel="gradient at $h_t$", yscale="log", ylim=(1e-3, 30))
    for ax in axes:
        ax.set(xlabel="time step $t$", xlim=(0, 21), xticks=range(0, 21, 5))
    return fig


@look()
def labelled(lines, xlabel, ylabel, ylim=None, marks=None, place=(0.12, -14)):
    """Draw lines `{label: (xs, ys)}` on a logarithmic axis, each with its label at its end.

    A label in parentheses is drawn in gray, as a control.  `marks` are horizontal
    lines `{label: y}`, with their labels at this place: a share of the width, and points above.
    """
    fig, ax = new_figure()
    index = 0
    for label, (xs, ys) in lines.items():
        gray = label.startswith("(")
        look = {"color": GRAY, "ls": "-"} if gray else {"color": PALETTE[index], "ls": "-"}
        index += not gray
        ax.plot(xs, ys, lw=1.5, **look)
        low = ylim[0] if ylim else 0
        seen = [(x, y) for x, y in zip(xs, ys, strict=True) if y > low]
        leaves = len(seen) < len(xs)  # the line leaves the plot at the bottom
        where = POINTS | ({"xytext": (6, 10)} if leaves else {"xytext": (5, 0), "va": "center"})
        words = label.strip("()")
        ax.annotate(words, seen[-1], color=look["color"], annotation_clip=False, **where)
    for label, y in (marks or {}).items():
        ax.axhline(y, color="0.35", linewidth=1, linestyle=":")
        where = {"xycoords": ("axes fraction", "data"), "xytext": (0, place[1])} | POINTS
        ax.annotate(label, (place[0], y), **where)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log", ylim=ylim, xlim=(0, None))
    low, high = ax.get_ylim()
    if high / low < 200:
        ax.set_yticks([y for y in (5, 10, 20, 30, 50, 100, 200) if low <= y <= high])
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
    return fig


KINDS = {  # of a network in the end: its mark and its color
    "learned": ("o", BLUE),
    "neither": ("D", "#444444"),
    "ruined": ("x", RED),
}


def kind_of(loss, share, most=12.0):
    """Tell how a network ended, by its perplexity and the share of its states that is saturated."""
    return "ruined" if share > 0.5 or loss == math.inf else "neither" if loss > most else "learned"


@look()
def dots(groups, marks, xlim, heads=()):
    """Draw a row of dots `{label: [(perplexity, saturated share), ...]}` for each group.

    Ruined networks are crosses, and those beyond the axis are drawn at its edge.  `marks` are
    vertical lines, `{label: value}`, and `heads` the labels above which a line is drawn.  At the
    end of a row stands how many are ruined.
    """
    fig, ax = new_figure(figsize=(7.5, 1.3 + 0.36 * len(groups)))
    for row, (label, ends) in enumerate(groups.items()):
        if label in heads:
            ax.axhline(row - 0.5, color="0.6", lw=0.8, xmin=-0.4, clip_on=False)
        for kind, (mark, color) in KINDS.items():
            found = [loss for loss, share, *_ in ends if kind_of(loss, share) == kind]
            shown = [loss for loss in found if loss < xlim[1]]
            shown += [xlim[1] * 0.93 ** (k // 3) for k in range(len(found) - len(shown))]
            look = {"marker": mark, "color": color, "ms": 6, "mew": 1.6, "alpha": 0.75}
            apart = [row + 0.24 * (k % 3 - 1) for k in range(len(shown))]  # none hides another
            ax.plot(shown, apart, ls="none", clip_on=False, **look)
        count = sum(kind_of(loss, share) == "ruined" for loss, share, *_ in ends)
        place = {"xycoords": ("axes fraction", "data"), "va": "center"}
        ax.annotate(f"{count} of {len(ends)}", (1.03, row), **place)
    ax.annotate("\u00d7 ruined", (1.0, -0.9), color=RED, **place)
    for label, value in marks.items():
        ax.axvline(value, color="0.35", linewidth=1, linestyle=":")
        ax.annotate(label, (value, -0.9), ha="center", va="center", annotation_clip=False)
    for x, sign, kind in ((-0.3, "\u25cf", "learned"), (0.52, "\u25c6", "neither")):
        ax.annotate(f"{sign} {kind}", (x, -0.9), color=KINDS[kind][1], **place)
    ax.set(xscale="log", xlim=xlim, ylim=(len(groups) - 0.5, -0.6), xlabel="perplexity in the end")
    ax.set_yticks(range(len(groups)), groups)
    places = [x for x in (7, 9, 12, 15, 20, 30, 50, 100, 200) if xlim[0] <= x <= xlim[1]]
    ax.set_xticks(places, places)
    ax.set_xticks([], minor=True)
    ax.grid(visible=False, axis="x")
    return fig


@look()
def reach(groups, head=None):
    """Draw the shares of right answers `{label: [share, ...]}` as rows of dots.

    A line is drawn above the row with the label `head`.
    """
    fig, ax = new_figure(figsize=(7.5, 1.1 + 0.45 * len(groups)))
    for row, (label, shares) in enumerate(groups.items()):
        if label == head:
            ax.axhline(row - 0.5, color="0.6", lw=0.8, xmin=-0.4, clip_on=False)
        ys = [row + 0.1 * (j - 2) for j in range(len(shares))]
        ax.plot(shares, ys, "o", color=BLUE, ms=6, alpha=0.8, clip_on=False)
        count = sum(share > 0.9 for share in shares)
        place = {"xycoords": ("axes fraction", "data"), "va": "center"}
        ax.annotate(f"{count} of {len(shares)} learned", (1.03, row), color=BLUE, **place)
    ax.axvline(0.5, color="0.35", linewidth=1, linestyle=":")
    ax.annotate("guessing", (0.5, -0.75), ha="center", annotation_clip=False)
    ax.set(xlim=(0.4, 1.02), ylim=(len(groups) - 0.5, -0.5), xlabel="share of right answers")
    ax.set_yticks(range(len(groups)), groups)
    ax.grid(visible=False, axis="x")
    return fig
