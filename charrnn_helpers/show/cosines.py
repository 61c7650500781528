"""Which learned rows of letters are alike: a table of cosines, and all groups of five letters."""

import torch

from charrnn_helpers.show.journey import GRAY, weight_color
from charrnn_helpers.show.style import PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing

STRONGEST = 0.4  # cosine with the darkest color


def away(alike, size=5):
    """Return all groups of this size, and the mean cosine of each with all other letters.

    `alike` is a symmetric table of cosines.  The groups are rows of places in it, and the means
    are in the same order.
    """
    groups = torch.combinations(torch.arange(len(alike)), size)
    inside = torch.zeros(len(groups), len(alike)).scatter_(1, groups, 1.0)
    sums = (inside @ alike * (1 - inside)).sum(dim=1)
    return groups, sums / (size * (len(alike) - size))


def cosines(alike, letters, group, found):
    """Draw the table of cosines, the letters of a group first, beside all groups of this size.

    `found` is what `away` returns for this size.
    """
    em, cell = Drawing(0, 0).em, 0.94 * Drawing(0, 0).em
    order = [*group, *(letter for letter in letters if letter not in group)]
    places = [letters.index(letter) for letter in order]
    table = alike[places][:, places]
    d, left, top = Drawing(WIDTH, 2.6 * em + len(order) * cell), 1.3 * em, 2.4 * em
    rows = [[weight_color(c / STRONGEST) for c in row] for row in table.tolist()]
    for k, letter in enumerate(order):
        rows[k][k] = GRAY  # no letter is compared with itself
        look = {"size": 0.85, "color": PALETTE[1] if letter in group else "#222"}
        d.text(left + (k + 0.5) * cell, top - 0.35 * em, letter, "middle", **look)
        d.text(left - 0.6 * em, top + (k + 0.78) * cell, letter, "middle", **look)
    size, edge = len(order) * cell, len(group) * cell
    d.pixels(left, top, size, size, rows)
    d.line(left + edge, top, left + edge, top + size, "#222", 1.5)
    d.line(left, top + edge, left + size, top + edge, "#222", 1.5)
    d.text(left, 0.9 * em, "cosines", font_weight="bold")
    groups, means = found
    own = torch.tensor(sorted(places[: len(group)]))
    mean = means[(groups == own).all(dim=1)].item()
    _histogram(d, means, mean, group, left + size + 1.5 * em)
    return d.picture(
        f"A table of the cosines of all pairs of letters, {' '.join(group)} first. The mean cosine "
        f"of these with all other letters is {mean:.2f}, and lower for {int((means < mean).sum())} "
        f"of {len(means):,} groups."
    )


def _histogram(d, means, mean, name, left):
    """Draw how many groups have which mean cosine with the rest, and mark one group."""
    em, width = d.em, 0.01
    counts = torch.histc(means, 26, -0.13, 0.13).tolist()
    axes = Axes(
        d,
        (left, 5.2 * em, WIDTH - em, d.height - 3.2 * em),
        (-0.13, 0.13),
        (0, 1.05 * max(counts)),
    )
    ticks = {-0.1: "\u22120.1", 0.0: "0", 0.1: "0.1"}
    axes.frame("mean cosine with all other letters", "", ticks, {0: ""})
    for k, count in enumerate(counts):
        start = -0.13 + width * k
        if count:
            axes.bar(start + 0.001, start + width - 0.001, count, "#aaa")
    d.text(left, 0.9 * em, f"all {len(means):,} groups of {len(name)} letters", font_weight="bold")
    x, foot = axes.x(mean), axes.y(0)
    d.line(x, foot - 3.2 * em, x, foot - 0.6 * em, PALETTE[1], 2)
    d.dot(x, foot - 0.4 * em, PALETTE[1], 5)
    sign = "\u2212" if mean < 0 else ""
    look = {"color": PALETTE[1], "font_weight": "bold"}
    d.text(x - 0.4 * em, foot - 4.9 * em, " ".join(name), **look)
    d.text(x - 0.4 * em, foot - 3.6 * em, f"{sign}{abs(mean):.2f}", **look)
