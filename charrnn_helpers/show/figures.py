"""Static figures in one style, each with an alternative text for readers who cannot see it."""

import base64
import html
import io
import math

from IPython.display import HTML, display
from matplotlib import ticker
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from charrnn_helpers import logbook
from charrnn_helpers.show.style import PALETTE, look, visible, zoom
from charrnn_helpers.training import bits_per_char, perplexity, shannon_bounds

LETTER = {"size": 14, "family": "monospace"}
BACKWARD = {"color": "#A84300", "size": "small"}  # the words beside an arrow of the gradient
LARGE = {1.0: "", 1.5: "font-size: 150%; "}  # by the zoom
LEAST = 50  # characters that a reader must have found before the board has a row for the reader


def new_figure(figsize=None, **kwargs):
    """Return a figure and its axes, as plt.subplots(**kwargs) does."""
    fig = Figure(figsize=figsize)
    return fig, fig.subplots(**kwargs)


def to_html(fig, alt, colors=64):
    """Return the figure as HTML: one image of so many colors, `alt` as its alternative text."""
    canvas, buffer = FigureCanvasAgg(fig), io.BytesIO()
    canvas.draw()
    image = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba())
    way = Image.Quantize.MEDIANCUT if colors >= 64 else Image.Quantize.MAXCOVERAGE  # keeps lines
    image.convert("RGB").quantize(colors, way).save(buffer, format="png", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        f'<img alt="{html.escape(alt)}" style="max-width: 100%" '
        f'width="{int(100 * zoom() * fig.get_figwidth())}" src="data:image/png;base64,{data}">'
    )


def show(fig, alt=None, colors=64):
    """Show the figure in the notebook, with its alternative text; a Picture has its own.

    With fewer colors, a drawing of lines takes less room, and looks the same.
    """
    page = fig._repr_html_() if alt is None else to_html(fig, alt, colors)
    display({"text/html": page, "text/plain": alt or fig.alt}, raw=True)


def _sketch(height, xlim, ylim):
    """Return an empty figure without axes, with these limits."""
    fig, ax = new_figure(figsize=(7.5, height))
    ax.set(xlim=xlim, ylim=ylim)
    ax.axis("off")
    return fig, ax


def _write(ax, x, y, text, edge=None, **more):
    """Write a text around a point, in a round box if `edge` is its color; return it."""
    box = {"bbox": _box(edge)} if edge else {}
    return ax.text(x, y, text, **{"ha": "center", "va": "center"} | box | more)


@look()
def curves(
    lines, xlabel, ylabel, yscale="linear", hlines=None, ylim=None, xscale="linear", vlines=None
):
    """Draw lines `{label: (xs, ys)}` on one plot, and the straight ones `hlines` and `vlines`."""
    fig, ax = new_figure()
    for k, (label, (xs, ys)) in enumerate(lines.items()):
        names = isinstance(xs[0], str)
        every = 1 if names else max(1, len(xs) // 12)
        marks = {"marker": "os^D"[k % 4], "markevery": (k * every // 3, every), "mec": "white"}
        marks = marks if len(lines) > 1 or len(xs) < 12 else {}
        ax.plot(xs, ys, label=label, drawstyle="steps-mid" if names else "default", **marks)
    for label, y in (hlines or {}).items():
        ax.axhline(y, color="0.35", linewidth=1, linestyle=":")
        ax.annotate(label, (1.01, y), xycoords=("axes fraction", "data"), va="center", size="small")
    for label, x in (vlines or {}).items():
        ax.axvline(x, color="0.35", linewidth=1, linestyle=":")
        ax.annotate(label, (x, 1.02), xycoords=("data", "axes fraction"), ha="center", size="small")
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale=yscale)
    if xscale != "linear":  # setting it would take the names of characters from the axis
        ax.set_xscale(xscale)
    low, high = ax.get_ylim()
    if yscale == "log" and high / low < 200:  # numbers such as 5 and 20, not powers of ten
        ax.yaxis.set_major_locator(ticker.LogLocator(base=10, subs=(1, 2, 3, 5, 7)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(ticker.NullFormatter())
    ax.set_ylim(ylim)
    if len(lines) > 1:
        ax.legend()
    return fig


@look()
def bars(values, xlabel, ylabel="", highlight=(), between=None):
    """Draw horizontal bars `{label: value}`, each with its value at the end.

    `between` are the ends of a thin line across the end of each bar, `{label: (low, high)}`.
    """
    fig, ax = new_figure(figsize=(7.5, 0.8 + (0.36 if len(values) < 15 else 0.24) * len(values)))
    labels = list(values)
    colors = [PALETTE[label in highlight] for label in labels]
    hatches = ["//" if label in highlight else "" for label in labels]
    ends = [(between or {}).get(label, (values[label],) * 2) for label in labels]
    xerr = [
        [abs(values[k] - pair[i]) for k, pair in zip(labels, ends, strict=True)] for i in (0, 1)
    ]
    whiskers = {"xerr": xerr, "capsize": 4} if between else {}
    drawn = ax.barh(labels, list(values.values()), color=colors, hatch=hatches, **whiskers)
    ax.bar_label(drawn, fmt="{:.2f}", padding=3)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(x=0.12, y=0.02)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    return fig


@look()
def shares(parts, xlabel):
    """Draw a bar of consecutive parts `{name: length}`, each with its name and its share."""
    fig, ax = new_figure(figsize=(7.5, 1.9))
    whole, left = sum(parts.values()), 0
    for name, length in parts.items():
        color = {"color": "white", "edgecolor": "#555", "lw": 2.5}
        ax.barh(0, length, left=left, clip_on=False, **color)
        numbers = f"{length:,}\n{100 * length / whole:.0f}%"
        _write(ax, left + length / 2, 0, numbers, size="small")
        _write(ax, left + length / 2, 0.47, name, va="bottom")
        left += length
    ax.set(xlabel=xlabel, xlim=(0, whole), yticks=[])
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return fig


@look()
def two_batches(windows, streams):
    """Draw two batches of independent windows, above two of streams with the state carried."""
    fig, ax = _sketch(3.4, (0, 9), (-0.4, 4.5))
    kinds = {"independent\nwindows": (3.1, windows), "streams": (0.7, streams)}
    for index, (name, (y, pair)) in enumerate(kinds.items()):
        _write(ax, 0, y, name, ha="left")
        box = _box(PALETTE[index], "square,pad=0.35")
        for k, rows in enumerate(pair):
            x = 2.6 + 4.2 * k
            _write(ax, x + 0.4, y + 1, f"batch {k + 1}")
            for r, row in enumerate(rows):
                high, content = y + 0.4 - 0.8 * r, "".join(map(visible, row))
                _write(ax, x, high, content, bbox=box, family="monospace", size=13, ha="left")
                if pair is windows or k == 0:
                    _write(ax, x - 0.25, high, "state 0", ha="right", size="small")
                else:
                    _arrow(ax, (x - 3.2, high), (x - 0.3, high))
                    _write(ax, x - 1.8, high + 0.2, "state", va="baseline", size="small")
    return fig


@look()
def sampling_loop():
    """Draw the loop in which a model reads what it has written, and keeps its state."""
    fig, ax = _sketch(2.9, (-0.4, 9.7), (-0.5, 2.5))
    steps = ["read a\ncharacter", "state", "logits", "probabilities", "choose a\ncharacter"]
    places = [1.5, 3.3, 4.9, 6.8, 8.8]
    before = _write(ax, 0, 1, "prefix", bbox={"pad": 4, "fill": False, "lw": 0})
    for k, (x, step) in enumerate(zip(places, steps, strict=True)):
        box = _write(ax, x, 1, step, PALETTE[k in (0, 4)])
        _arrow(ax, (places[k - 1] if k else 0, 1), (x, 1), between=(before, box))
        before = box
    ax.plot([8.8, 8.8, 1.5], [0.67, -0.05, -0.05], "-", color=PALETTE[1], lw=3)
    _arrow(ax, (1.5, -0.08), (1.5, 0.66), PALETTE[1], 3)
    _write(ax, 5.1, -0.33, "the character is read next")
    ax.plot([3.3, 3.3, 1.5], [1.24, 1.95, 1.95], "-", color=PALETTE[0], lw=3)
    _arrow(ax, (1.5, 1.98), (1.5, 1.36), PALETTE[0], 3)
    _write(ax, 2.4, 2.22, "the state goes into the next reading")
    return fig


@look()
def unrolled(characters, targets=()):
    """Draw the recurrent network, once for each character; with targets, the output layer, too.

    Without targets, the network stands to the left as the loop that it is.
    """
    height, top = (4.2, 2.8) if targets else (2.7, 1.1)
    left = -0.6 if targets else -3.3
    fig, ax = _sketch(height, (left, len(characters) + 0.8), (-1.5, top))
    small = {"size": "small"}
    if not targets:
        _write(ax, -2.6, 0, "tanh", PALETTE[0])
        _write(ax, -2.6, -1.2, r"$\mathbf{X}_t$")
        _arrow(ax, (-2.6, -1.0), (-2.6, -0.18))
        _write(ax, -2.54, -0.68, r"$\mathbf{W}_{xh}$", ha="left", **small)
        _arrow(ax, (-2.32, 0), (-1.75, 0))
        _write(ax, -1.62, 0, r"$\mathbf{H}_t$")
        ax.plot([-2.04, -2.04, -2.6], [0, 0.78, 0.78], "-", color=PALETTE[1], lw=2.5)
        _arrow(ax, (-2.6, 0.8), (-2.6, 0.17), PALETTE[1], 2.5)
        _write(ax, -2.32, 0.98, r"$\mathbf{W}_{hh}$", **small)
        _write(ax, -1.02, 0, "=", size=18)
    for t, character in enumerate(characters, start=1):
        _write(ax, t, -1.2, visible(character), **LETTER)
        _write(ax, t, 0, "tanh", PALETTE[0])
        _write(ax, t + 0.5, 0.25, rf"$\mathbf{{H}}_{t}$")
        _write(ax, t - 0.5, -0.28, r"$\mathbf{W}_{hh}$", **small)
        _write(ax, t + 0.06, -0.68, r"$\mathbf{W}_{xh}$", ha="left", **small)
        _arrow(ax, (t, -1.0), (t, -0.18))
        _arrow(ax, (t + 0.32, 0), (t + 0.68, 0))
        if targets:
            _write(ax, t + 0.06, 0.72, r"$\mathbf{W}_{hq}$", ha="left", **small)
            _arrow(ax, (t, 0.3), (t, 1.05))
            _write(ax, t, 1.35, rf"$\mathbf{{O}}_{t}$", PALETTE[1])
            ax.plot([t, t], [1.65, 2.2], color="0.45", ls=":", lw=1.5)
            _write(ax, t, 2.5, visible(targets[t - 1]), **LETTER)
    _write(ax, 0.28, 0, r"$\mathbf{H}_0 = 0$", ha="right")
    _arrow(ax, (0.32, 0), (0.68, 0))
    above = {1.35: "logits", 1.93: "compared with", 2.5: "target"} if targets else {}
    rows = {-1.2: "reads"} | above
    for y, name in rows.items():
        _write(ax, 0.42, y, name, ha="right", **small)
    return fig


@look()
def one_layer(characters, target):
    """Draw a network that reads a window of characters side by side: a matrix for each place."""
    n = len(characters)
    fig, ax = _sketch(3.6, (-0.9, n + 1.9), (-1.6, 2.8))
    middle = (n + 1) / 2
    box = _write(ax, middle, 0.5, f"{'tanh':^{4 * n + 6}}", PALETTE[0])
    for t, character in enumerate(characters, start=1):
        _write(ax, t, -1.3, visible(character), size=14, family="monospace")
        end = middle + 0.42 * (t - middle)
        _arrow(ax, (t, -1.05), (end, 0.26))
        name = rf"$\mathbf{{W}}_{{{n + 1 - t}}}$"
        _write(ax, t + 0.17 * (1 if t >= middle else -1), -0.55, name, size="small")
    out = _write(ax, middle, 1.5, "logits", PALETTE[1])
    _arrow(ax, (middle, 0.5), (middle, 1.5), between=(box, out))
    _write(ax, middle + 0.25, 1.03, r"$\mathbf{V}$", size="small")
    ax.plot([middle, middle], [1.75, 2.25], color="0.45", ls=":", lw=1.5)
    _write(ax, middle, 2.55, visible(target), **LETTER)
    for y, name in {2.0: "compared with", 2.55: "target"}.items():
        _write(ax, middle - 0.3, y, name, ha="right", size="small")
    return fig


@look()
def gradient_paths(characters, cut=False):
    """Draw the paths of all gradients: to the states, and from the sums inside tanh to the weights.

    Beside each thick arrow stands what it multiplies by, and at each node the gradient there.  If
    `cut`, the arrows to the states before are crossed out.
    """
    fig, ax = _sketch(5.1, (-0.35, 2 * len(characters) + 0.95), (-2.0, 3.45))
    _write(ax, 0, 0, r"$\mathbf{H}_0$", PALETTE[0])
    aside = BACKWARD | {"ha": "left"}
    for t, character in enumerate(characters, start=1):
        for x, y, name in ((2 * t - 1, 0, "A"), (2 * t, 0, "H"), (2 * t, 1.95, "O")):
            _write(ax, x, y, rf"$\mathbf{{{name}}}_{t}$", PALETTE[0])
        _write(ax, 2 * t - 1.62, -0.95, visible(character), **LETTER)
        _arrow(ax, (2 * t - 1.5, -0.8), (2 * t - 1.16, -0.3))
        _write(ax, 2 * t, 3.15, "loss", PALETTE[1])
        for low, high in ((0.32, 1.63), (2.27, 2.85)):
            _arrow(ax, (2 * t - 0.07, low), (2 * t - 0.07, high))
            _arrow(ax, (2 * t + 0.06, high), (2 * t + 0.06, low), PALETTE[1], 3)
        _write(ax, 2 * t + 0.14, 1.25, "from above\n" + r"$\cdot\,\mathbf{W}_{hq}^\top$", **aside)
        _arrow(ax, (2 * t - 0.22, 1.95), (2 * t - 0.52, 1.95), PALETTE[1], 3)
        _write(ax, 2 * t - 0.85, 1.95, r"$\mathbf{W}_{hq}, \mathbf{b}_q$", **BACKWARD)
        factors = (
            "nothing from\nthe right"
            if cut
            else "from the right\n" + r"$\cdot\,\mathbf{W}_{hh}^\top$",
            rf"$\odot\,(1 - \mathbf{{H}}_{t}^2)$",
        )
        for x, y, factor in zip((2 * t - 1.5, 2 * t - 0.5), (0.46, 0.36), factors, strict=True):
            _arrow(ax, (x - 0.28, -0.12), (x + 0.28, -0.12))
            crossed = cut and y > 0.4
            _arrow(ax, (x + 0.28, 0.1), (x - 0.28, 0.1), "0.7" if crossed else PALETTE[1], 3)
            weight = "bold" if crossed else "normal"
            _write(ax, x + (0.1 if y > 0.4 else -0.02), y, factor, **BACKWARD, weight=weight)
            if crossed:
                ax.plot(x, 0.1, "x", color="black", markersize=11, markeredgewidth=2.5)
        _arrow(ax, (2 * t - 1, -0.32), (2 * t - 1, -1.4), PALETTE[1], 3)
        _write(ax, 2 * t + 0.22, 1.95, rf"$\mathrm{{d}}\mathbf{{O}}_{t}$", **aside, weight="bold")
        _write(ax, 2 * t - 0.9, -0.55, rf"$\mathrm{{d}}\mathbf{{A}}_{t}$", **aside, weight="bold")
        both = ":\nthe sum" if t < len(characters) and not cut else ""
        _write(ax, 2 * t, -0.45, rf"$\mathrm{{d}}\mathbf{{H}}_{t}$" + both, **BACKWARD, va="top")
    names = r"$\mathbf{W}_{xh}$, $\mathbf{W}_{hh}$, and $\mathbf{b}_h$"
    words = f"each time step adds a part to the gradients of {names}"
    _write(ax, len(characters), -1.7, words, PALETTE[1])
    return fig


@look()
def cut_between(windows):
    """Draw consecutive windows of one stream: the state goes on, and the gradient is cut.

    Each character has a loss, and the gradients of all of them end at the edge of the window.
    """
    fig, ax = _sketch(2.4, (-0.6, sum(map(len, windows)) + len(windows) - 1.4), (-1.1, 1.6))
    place = 0.0
    for number, letters in enumerate(windows):
        for t, letter in enumerate(letters):
            x, gap, end = place + t, 1.0 if t else 2.0, 0.7 if t else 0.85
            _write(ax, x, 0, visible(letter), PALETTE[0], family="monospace")
            _arrow(ax, (x, 1.1), (x, 0.4), PALETTE[1], 3)
            _write(ax, x, 1.3, "loss")
            if t or number:
                _arrow(ax, (x - gap + 0.3, -0.1), (x - 0.3, -0.1))
                _arrow(ax, (x - 0.3, 0.14), (x - end, 0.14), PALETTE[1], 3)
            if number and not t:
                ax.plot([x - 1, x - 1], [-0.45, 0.75], color="0.25", linestyle=":")
                _write(ax, x - 1, 0.95, "detach", family="monospace")
        _write(ax, (place + x) / 2, -0.85, f"window {number + 1}")
        place = x + 2
    return fig


def _box(color, style="round,pad=0.5"):
    return {"boxstyle": style, "facecolor": "white", "edgecolor": color, "lw": 2}


def _arrow(ax, start, end, color="0.25", width=1.5, between=None, bend=0.0):
    """Draw an arrow between two points, or between the boxes of two texts at these points."""
    look = {"arrowstyle": "-|>", "color": color, "lw": width, "shrinkA": 0, "shrinkB": 0}
    look["connectionstyle"] = f"arc3,rad={bend}"
    if between is not None:
        first, last = (text.get_bbox_patch() for text in between)
        look |= {"patchA": first, "patchB": last, "shrinkA": 3, "shrinkB": 3}
    ax.annotate("", end, start, arrowprops=look)


def reader_ranks():
    """Return the numbers of guesses in the reader's game, or [] if it is too short for a score."""
    ranks = []
    for letters in logbook.guesses():
        ranks = [*ranks, len(letters)] if letters else []  # "": begun again
    return ranks if len(ranks) >= LEAST else []


def with_reader(losses):
    """Return the losses `{name: nats}`, and the reader's own if there is one in the logbook.

    The reader's is an interval (low, high), because guesses tell no more (notebook 3).
    """
    ranks = reader_ranks()
    if not ranks:
        return losses
    low, high = shannon_bounds(ranks)
    own = (low * math.log(2), high * math.log(2))
    return losses | {f"you, {len(ranks)} characters": own}


def interval(loss):
    """Return the ends of a loss, which may be one number or an interval."""
    return loss if isinstance(loss, tuple) else (loss, loss)


def scoreboard(losses, ours=()):
    """Return a table of the losses `{model: nats}` as perplexity and bits, with the best last.

    The models named in `ours`, those that the notebook has built, are marked.  A reader who has
    played Shannon's game has a row, too.  A loss can be an interval (low, high); its place is that
    of its upper end.
    """
    losses = with_reader(losses)
    left, right = (f"text-align: {side}; padding: 0.1em 1em" for side in ("left", "right"))
    titles = ("perplexity", "bits per character")
    titles = "".join(f"<th scope='col' style='{right}'>{title}</th>" for title in titles)
    rows = [f"<th scope='col' style='{left}'>model</th>{titles}"]
    for name, loss in sorted(losses.items(), key=lambda item: -interval(item[1])[1]):
        shown = html.escape(name)
        shown = f"<b>▸ {shown}</b>" if name in ours else shown
        shown = f"<b>★ {shown}</b>" if name.startswith("you, ") else shown
        low, high = interval(loss)
        numbers = [f"{scale(high):.2f}" for scale in (perplexity, bits_per_char)]
        if low < high:
            scales = (perplexity, bits_per_char)
            numbers = [f"{scale(low):.1f} to {scale(high):.1f}" for scale in scales]
        cells = "".join(f"<td style='{right}'>{number}</td>" for number in numbers)
        rows.append(f"<th scope='row' style='font-weight: normal; {left}'>{shown}</th>{cells}")
    head, *body = (f"<tr>{row}</tr>" for row in rows)
    style = f" style='{LARGE[zoom()]}'" if LARGE[zoom()] else ""
    return HTML(f"<table{style}><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>")
