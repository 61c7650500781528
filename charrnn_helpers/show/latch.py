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
def impulses(lines):
    """Draw lines `{label: states}` over the time steps, each with its label at the right end."""
    fig, ax = new_figure(figsize=(7.5, 3.4))
    for k, (label, states) in enumerate(lines.items()):
        marks = {"marker": "os^D"[k % 4], "ms": 4.5, "lw": 1.5}
        ax.plot(range(1, len(states) + 1), states, color=PALETTE[k % 4], **marks)
        place = (len(states) + 0.5, states[-1])
        ax.annotate(label, place, va="center", color=PALETTE[k % 4], annotation_clip=False)
    ax.plot([0.5, len(states) + 0.3], [0, 0], color="0.35", lw=1, ls="-", zorder=1)
    ax.set(xlabel="time step", ylabel="state h", xlim=(0.5, len(states) + 5), ylim=(-1.05, 1.05))
    ax.set_xticks([1, *range(5, len(states) + 1, 5)])
    return fig


def next_state(h, w, x):
    """Return the next state of a unit with self-weight w and input x."""
    return math.tanh(w * h + x)


def resting(w, x):
    """Return where the state stays, `[(h, stable), ...]`, from the lowest h to the highest."""
    hs = [k / 2000 - 1.0003 for k in range(4002)]
    gaps = [next_state(h, w, x) - h for h in hs]
    pairs = zip(hs, hs[1:], gaps, gaps[1:], strict=False)
    return [((a + b) / 2, before > 0) for a, b, before, after in pairs if before * after < 0]


def _panel(ax, title, units):
    """Draw the next state against the current one for units `{label: (w, x, start, ...)}`."""
    ax.plot([-1.1, 1.1], [-1.1, 1.1], color=GRAY, lw=1, ls="-")
    hs = [k / 50 - 1.1 for k in range(111)]
    for label, (w, x, start, place, k) in units.items():
        ax.plot(hs, [next_state(h, w, x) for h in hs], color=PALETTE[k], ls="-", lw=2)
        ax.annotate(label, place, color=PALETTE[k], ha="center", va="center")
        h, web = start, [(start, start)]
        for _ in range(25):
            web += [(h, next_state(h, w, x)), (next_state(h, w, x),) * 2]
            h = next_state(h, w, x)
        ax.plot(*zip(*web, strict=True), color=PALETTE[k], ls="-", lw=0.9, alpha=0.8)
        ax.plot(start, start, "s", color=PALETTE[k], ms=6, mec="white", zorder=6)
        for h, stable in resting(w, x):
            fill = PALETTE[k] if stable else "white"
            ax.plot(h, h, "o", ms=7, mfc=fill, mec=PALETTE[k], mew=1.5, zorder=5)
            word, shift, side = (
                ("stays", (-2, -13), "left") if stable else ("tips over", (-9, 6), "right")
            )
            small = {"size": "small", "va": "center", "ha": side, "textcoords": "offset points"}
            if w > 1 and (h > 0 or not stable):
                ax.annotate(word, (h, h), shift, color=PALETTE[k], **small)
    ax.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), xlabel="current state", title=title, aspect="equal")
    ax.set_xticks([-1, -0.5, 0, 0.5, 1])
    ax.set_yticks([-1, -0.5, 0, 0.5, 1])


@look()
def cobwebs(panels):
    """Draw a panel for each title: the next state against the current one, and a way from a start.

    Squares are starts.  At full dots the state stays, and at hollow ones it tips over to one side.
    """
    fig, axes = new_figure(figsize=(7.5, 4.0), ncols=len(panels))
    for ax, (title, units) in zip(axes, panels.items(), strict=True):
        _panel(ax, title, units)
    axes[0].set_ylabel("next state")
    words = {"color": GRAY, "rotation": 45, "ha": "center", "va": "center"}
    axes[-1].annotate("next = current", (-0.5, -0.4), **words)
    return fig


@look()
def price(weights, limits, factors, marked):
    """Draw what a latch withstands, and what it passes on, over its self-weight."""
    fig, axes = new_figure(figsize=(7.5, 2.9), ncols=2)
    titles = ("the largest contrary input withstood", "factor on a small change of the state")
    for k, (ax, title, values) in enumerate(zip(axes, titles, (limits, factors), strict=True)):
        ax.plot(weights, values, color=PALETTE[k], ls="-")
        for w in marked:
            value = values[weights.index(w)]
            ax.plot(w, value, "o", color=PALETTE[k], ms=7)
            shift = (8, 8) if k else (-8, 8)
            side = {"ha": "left" if k else "right", "textcoords": "offset points"}
            ax.annotate(f"{value:.2f}", (w, value), shift, color=PALETTE[k], **side)
        ax.set(xlabel="self-weight w", title=title, xlim=(1, 4), ylim=(0, None))
        ax.set_xticks([1, 1.5, 2, 2.5, 3, 3.5, 4])
    return fig


@look()
def learned_and_built(panels, limit):
    """Draw a panel `{title: (learned, built)}`: how much two states differ after each character.

    Both are lists of lines.  The axis is logarithmic, and a line ends where the difference is 0.
    """
    fig, axes = new_figure(figsize=(7.5, 3.6), ncols=len(panels))
    for ax, (title, (learned, built)) in zip(axes, panels.items(), strict=True):
        for color, lines, width in ((1, learned, 0.9), (0, built, 2.2)):
            for values in lines:
                kept = [max(value, 1e-7) for value in values]
                places = range(1, len(kept) + 1)
                ax.plot(places, kept, color=PALETTE[color], ls="-", lw=width, alpha=0.8)
        ax.axhline(limit, color="0.35", lw=1, ls=":")
        ax.set(yscale="log", xlabel="characters read", title=title)
        ax.set(xlim=(0, 60), ylim=(1e-6, 20))
        ax.set_yticks([1, 0.01, 1e-4, 1e-6], ["1", "0.01", "0.0001", "0.000001"])
        ax.minorticks_off()
    axes[0].set_ylabel("largest difference of the states")
    axes[-1].set_yticklabels([])
    words = {"va": "center", "ha": "left"}
    axes[0].annotate("three units, set by hand", (16, 6), color=PALETTE[0], **words)
    axes[0].annotate("trained network", (31, 0.15), color=PALETTE[1], **words)
    axes[-1].annotate("three units:\nequal after\na space", (7.5, 6e-6), color=PALETTE[0], **words)
    axes[-1].annotate("trained network", (24, 0.15), color=PALETTE[1], **words)
    return fig
