"""What one weight does: a unit that forgets, a unit that holds, and how long two states differ."""

import math

from charrnn_helpers.show.demos import shade
from charrnn_helpers.show.figures import new_figure
from charrnn_helpers.show.memory import units_at_work
from charrnn_helpers.show.style import PALETTE, look, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Drawing

GRAY = "0.45"


def four_weights(sentence, vocab, weights):
    """Draw the third of the units that were built by hand, a row for each self-weight."""
    text = " " + sentence
    d = Drawing(WIDTH, 40 + 33 * len(weights))
    em, left = d.em, 8.6 * d.em
    column = (WIDTH - left - d.em) / len(text)
    for t, char in enumerate(text):
        d.text(left + (t + 0.5) * column, 1.6 * em, visible(char), "middle", **MONO)
    for row, weight in enumerate(weights):
        y = 34 + 33 * row
        values = units_at_work(text, vocab, weight)[2]
        d.text(left - 0.5 * em, y + 1.25 * em, f"self-weight {weight:g}", "end", size=0.93)
        d.pixels(left, y, len(text) * column, 27, [[shade(value) for value in values]])
        d.rect(left, y, len(text) * column, 27, "none", "#bbb")
    held = ", ".join(f"{w:g}" for w in weights)
    return d.picture(
        f"The third unit while it reads {text!r}, for self-weights of {held}: orange lasts to the "
        "end of the first word for the larger ones, and fades for the smaller ones."
    )


@look()
def impulses(lines, longer):
    """Draw lines `{label: states}` over the time steps, each with its label at the right end.

    A second panel shows what happens to `longer` in many more time steps.
    """
    fig, axes = new_figure(figsize=(7.5, 2.8), ncols=2, width_ratios=[1.5, 1])
    for k, (label, states) in enumerate((lines | longer).items()):
        ax = axes[int(label in longer)]
        marks = {"marker": "os^D"[k % 4], "ms": 4, "lw": 1.5} if label in lines else {"lw": 2}
        marks |= {"color": PALETTE[k % len(PALETTE)]}
        ax.plot(range(1, len(states) + 1), states, ls="-", **marks)
        place = (1.03 * len(states), states[-1])
        words = {"va": "center", "color": marks["color"], "annotation_clip": False}
        ax.annotate(label, place, **words)
    for ax, part in zip(axes, (lines, longer), strict=True):
        end = len(next(iter(part.values())))
        ax.plot([0, end], [0, 0], color="0.35", lw=1, ls="-", zorder=1)
        ax.set(xlabel="time step", xlim=(0, 1.36 * end), ylim=(-1.05, 1.05))
        ax.set_xticks([1, *(round(end * k / 4) for k in (1, 2, 3, 4))])
    axes[0].set_ylabel("state h")
    axes[1].set_yticklabels([])
    return fig


def resting(w):
    """Return where a unit without input stays, `[(h, stable), ...]`, from the lowest h on."""
    hs = [k / 2000 - 1.0003 for k in range(4002)]
    gaps = [math.tanh(w * h) - h for h in hs]
    pairs = zip(hs, hs[1:], gaps, gaps[1:], strict=False)
    return [((a + b) / 2, before > 0) for a, b, before, after in pairs if before * after < 0]


@look()
def cobweb(units):
    """Draw the next state against the current one, a panel for each unit `{label: (w, start)}`.

    Squares are starts.  The state moves toward full dots, and away from hollow ones.
    """
    fig, axes = new_figure(figsize=(7.5, 3.9), ncols=len(units), squeeze=False)
    hs = [k / 25 - 1.1 for k in range(56)]
    for k, (ax, (label, (w, start))) in enumerate(zip(axes[0], units.items(), strict=True)):
        ax.plot([-1.1, 1.1], [-1.1, 1.1], color=GRAY, lw=1, ls="-")
        ax.plot(hs, [math.tanh(w * h) for h in hs], color=PALETTE[k], ls="-", lw=2)
        h, web = start, [(start, start)]
        for _ in range(18):
            web += [(h, math.tanh(w * h)), (math.tanh(w * h),) * 2]
            h = math.tanh(w * h)
        ax.plot(*zip(*web, strict=True), color=PALETTE[k], ls="-", lw=0.9)
        ax.plot(start, start, "s", color=PALETTE[k], ms=6, mec="white", zorder=6)
        for h, stable in resting(w):
            fill = PALETTE[k] if stable else "white"
            ax.plot(h, h, "o", ms=8, mfc=fill, mec=PALETTE[k], mew=1.5, zorder=5)
        ax.set(title=label, xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal")
        ax.set_xlabel("current state")
        ax.set_xticks([-1, -0.5, 0, 0.5, 1])
        ax.set_yticks([-1, -0.5, 0, 0.5, 1])
    words = {"color": GRAY, "rotation": 45, "ha": "center", "va": "center"}
    axes[0][0].annotate("next = current", (-0.72, -0.6), **words)
    axes[0][0].set_ylabel("next state")
    return fig


@look()
def heard(perplexities, kept):
    """Draw the perplexity `{n: ...}` after n characters, and that with the state that was kept.

    A second panel enlarges the end, from six characters on.
    """
    fig, axes = new_figure(figsize=(7.5, 2.6), ncols=2, width_ratios=[1.2, 1])
    later = {n: score for n, score in perplexities.items() if n >= 6}
    for ax, part in zip(axes, (perplexities, later), strict=True):
        ax.axhline(kept, color=GRAY, lw=1.5, ls="--")
        ax.plot(*zip(*part.items(), strict=True), "o", color=PALETTE[1], ls="-", lw=2, ms=6)
        for n, score in part.items():
            if n < 6 or part is later:
                shift = {"xytext": (6, 6), "textcoords": "offset points"}
                words = f"{score:.2f}" if part is later else f"{score:.1f}"
                ax.annotate(words, (n, score), color=PALETTE[1], **shift)
        ax.set(xlabel="characters read, n")
        ax.set_xticks([*part])
    words = {"color": GRAY, "va": "center", "ha": "left"}
    axes[0].annotate("with its own state", (4, 2), **words)
    axes[1].annotate(f"with its own state: {kept:.2f}", (6, kept - 0.055), **words)
    axes[0].set(ylabel="perplexity", xlim=(0.5, 15), ylim=(0, 30))
    axes[1].set(title="enlarged", xlim=(5.5, 15.5), ylim=(4.5, 5.1))
    return fig


@look()
def learned_and_built(learned, built, limit):
    """Draw how much two states differ after each letter, lines `{letter: values}` of two networks.

    The axis is logarithmic.  The first and the last line of `learned` to fall below the limit are
    marked where they stay below it.
    """
    fig, ax = new_figure(figsize=(7.5, 2.7))
    for color, lines, width in ((1, learned, 0.9), (0, built, 2.5)):
        for values in lines.values():
            places = range(1, len(values) + 1)
            ax.plot(places, values, color=PALETTE[color], ls="-", lw=width)
    words = {"va": "center", "ha": "left", "annotation_clip": False}
    ends = {}
    for letter, values in learned.items():
        ends[letter] = 1 + max(t for t, d in enumerate(values, 1) if d >= limit)
        shown = [t for t, d in enumerate(values, 1) if d > 3e-6][-1]
        place = shown + 1.5, 2 * values[shown - 1]
        ax.annotate(letter, place, color=PALETTE[1], weight="bold", **words)
    ax.axhline(limit, color="0.35", lw=1, ls=":")
    for letter in (min(ends, key=ends.get), max(ends, key=ends.get)):
        place = ends[letter], learned[letter][ends[letter] - 1]
        ax.plot(*place, "o", color=PALETTE[1], ms=7, zorder=5)
        shift = {"xytext": (-4, 10) if ends[letter] == max(ends.values()) else (-20, -14)}
        shift |= {"textcoords": "offset points"}
        ax.annotate(str(ends[letter]), place, color=PALETTE[1], weight="bold", **shift)
    ax.set(yscale="log", xlabel="letters read after to or fo", xlim=(0, 60), ylim=(1e-6, 20))
    ax.set(ylabel="largest difference")
    ax.set_yticks([1, limit, 1e-4, 1e-6], ["1", f"{limit:g}", "0.0001", "0.000001"])
    ax.minorticks_off()
    ax.annotate("three units, set by hand", (22, 6), color=PALETTE[0], **words)
    which = ", ".join([*learned][:-1]) + ", and " + [*learned][-1]
    ax.annotate(f"trained network, for {which}", (27, 0.25), color=PALETTE[1], **words)
    return fig


# Where a text is written, and what becomes of it: the rows of `three_units`, from the bottom
UNITS = (
    "unit 0\na space has just come",
    "unit 1\nt after a space",
    "unit 2\nthe word began with t",
)
FROM = {(0, 1): "6", (1, 2): "3", (2, 2): "3"}  # weights between the units, one time step apart


@look()
def three_units(text, values):
    """Draw the three units at each character, `values` of shape (3, len(text)), and their weights.

    Solid arrows act at once, dashed ones in the next time step.  Units near 1 are filled.
    """
    fig, ax = new_figure(figsize=(7.5, 3.3))
    ax.set(xlim=(-3.3, 1.6 * len(text) - 0.9), ylim=(-1.6, 2.5))
    ax.axis("off")
    near = {"ha": "center", "va": "center"}
    for row, name in enumerate(UNITS):
        ax.text(-3.3, row, name, size="small", ha="left", va="center")
    ax.text(-3.3, -1.3, "reads", size="small", ha="left", va="center")
    for t, char in enumerate(text):
        x = 1.6 * t
        ax.text(x, -1.3, visible(char), size=16, family="monospace", **near)
        for row in range(3):
            on = values[row][t] > 0
            fill = PALETTE[1] if on else "white"
            ax.plot(x, row, "o", ms=19, mfc=fill, mec=PALETTE[1] if on else GRAY, mew=1.5, zorder=5)
        inputs = {" ": {0: "6", 2: "-9"}, "t": {1: "10"}}.get(char, {})
        for row, weight in inputs.items():
            color = PALETTE[0]
            bend = f"arc3,rad={(0, -0.3, -0.3)[row]}"
            look_ = {"arrowstyle": "-|>", "color": color, "lw": 1.8, "connectionstyle": bend}
            look_ |= {"shrinkA": 0, "shrinkB": 11}
            ax.annotate("", (x, row), (x, -1.05), arrowprops=look_)
            side = (0.18, -0.6, -0.85)[row]
            place = (x + side, (-0.6, -0.35, 0.5)[row])
            ax.text(*place, weight, color=color, weight="bold", **near)
        for (start, end), weight in FROM.items():
            if t and values[start][t - 1] > 0 and values[end][t] > 0:
                arrow = {"arrowstyle": "-|>", "color": PALETTE[1], "lw": 1.8, "ls": "--"}
                arrow |= {"shrinkA": 11, "shrinkB": 11}
                ax.annotate("", (x, end), (x - 1.6, start), arrowprops=arrow)
                place = (x - 0.88, (start + end) / 2 + 0.22)
                ax.text(*place, weight, color=PALETTE[1], weight="bold", **near)
    words = {"size": "small", "ha": "center", "va": "center"}
    ax.text(4, -0.48, "solid: acts at once", color=PALETTE[0], **words)
    ax.text(4, -0.78, "dashed: one time step later", color=PALETTE[1], **words)
    return fig
