"""Static figures in one style, each with an alternative text for readers who cannot see it.

Import-only: no notebook builds this.
"""

import base64
import html
import io

from IPython.display import HTML, display
from matplotlib import ticker
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from PIL import Image

from charrnn_helpers.show.style import PALETTE, look, tint, visible, zoom
from charrnn_helpers.training import bits_per_char, perplexity

SIGNED = LinearSegmentedColormap.from_list("signed", ["#00406B", "white", "#E69F00"])


@look()
def new_figure(figsize=None, **kwargs):
    """Return a figure and its axes, as plt.subplots(**kwargs) does, in the course's style."""
    fig = Figure(figsize=figsize)
    return fig, fig.subplots(**kwargs)


def to_html(fig, alt, compact=True):
    """Return the figure as HTML: one image, with `alt` as its alternative text.

    Compact images are a third of the size, but take four times as long to create.
    """
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    size, buffer = canvas.get_width_height(), io.BytesIO()
    image = Image.frombuffer("RGBA", size, canvas.buffer_rgba()).convert("RGB")
    if compact:
        image.quantize(64).save(buffer, format="png", optimize=True)
    else:
        image.save(buffer, format="png", compress_level=1)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        f'<img alt="{html.escape(alt)}" style="max-width: 100%" '
        f'width="{int(100 * zoom() * fig.get_figwidth())}" src="data:image/png;base64,{data}">'
    )


def show(fig, alt):
    """Show the figure in the notebook, with its alternative text."""
    display({"text/html": to_html(fig, alt), "text/plain": alt}, raw=True)


@look()
def curves(lines, xlabel, ylabel, yscale="linear", hlines=None, ylim=None, xscale="linear"):
    """Draw lines `{label: (xs, ys)}` and horizontal lines `hlines`, `{label: y}`, on one plot."""
    fig, ax = new_figure()
    for k, (label, (xs, ys)) in enumerate(lines.items()):
        every = 1 if isinstance(xs[0], str) else max(1, len(xs) // 12)
        marks = {"marker": "os^D"[k % 4], "markevery": (k * every // 3, every), "mec": "white"}
        steps = {"drawstyle": "steps-mid"} if isinstance(xs[0], str) else {}
        ax.plot(xs, ys, label=label, **(marks if len(lines) > 1 or len(xs) < 12 else {}), **steps)
    for label, y in (hlines or {}).items():
        mark_height(ax, label, y)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale=yscale)
    if xscale != "linear":  # setting it would take the names of characters from the axis
        ax.set_xscale(xscale)
    plain_log_ticks(ax)
    if ylim is not None:
        ax.set_ylim(*ylim)
    if len(lines) > 1:
        ax.legend()
    return fig


@look()
def bars(values, xlabel, ylabel="", highlight=()):
    """Draw horizontal bars `{label: value}`, each with its value at the end."""
    fig, ax = new_figure(figsize=(7.5, 0.8 + (0.36 if len(values) < 15 else 0.24) * len(values)))
    labels = list(values)
    colors = [PALETTE[label in highlight] for label in labels]
    drawn = ax.barh(labels, list(values.values()), color=colors)
    for bar, label in zip(drawn, labels, strict=True):
        bar.set_hatch("//" if label in highlight else "")
    ax.bar_label(drawn, fmt="{:.2f}", padding=3)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(x=0.12, y=0.02)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    return fig


@look()
def heatmap(rows, xlabels, ylabels, xlabel, ylabel, colorbar=None, cmap=None, limit=None):
    """Draw a matrix (a list of rows) as a heatmap.

    With a limit, colors go from blue at -limit through white to orange; "Greys" gets a grid.
    """
    fig, ax = new_figure(figsize=(7.5, max(2.2, 0.2 * len(rows) + 1.2)))
    bounds = {} if limit is None else {"vmin": -limit, "vmax": limit, "cmap": SIGNED}
    bounds |= {} if cmap is None else {"cmap": cmap}
    bounds = bounds or {"norm": PowerNorm(0.5, vmin=0)}
    image = ax.imshow(rows, aspect="auto", interpolation="nearest", **bounds)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    every = 1 if max(len(str(label)) for label in xlabels) == 1 else 1 + len(xlabels) // 16
    ax.set_xticks(range(0, len(xlabels), every), xlabels[::every])
    ax.set_yticks(range(len(ylabels)), ylabels)
    ax.grid(visible=False)
    if cmap == "Greys":
        ax.set_xticks([k + 0.5 for k in range(len(xlabels))], minor=True)
        ax.set_yticks([k + 0.5 for k in range(len(ylabels))], minor=True)
        ax.grid(which="minor", color="0.85")
        ax.tick_params(which="minor", length=0)
    if colorbar:
        fig.colorbar(image, ax=ax, label=colorbar)
    return fig


@look()
def histograms(samples, xlabel, bins=40, limits=None):
    """Draw histograms `{title: values}` side by side, with shared axes."""
    fig, axes = new_figure(ncols=len(samples), sharey=True, squeeze=False, figsize=(7.5, 2.8))
    for ax, (title, values) in zip(axes[0], samples.items(), strict=True):
        ax.hist(
            values,
            bins=bins,
            range=limits,
            color=PALETTE[0],
            weights=[1 / len(values)] * len(values),
        )
        ax.set(title=title, xlabel=xlabel)
    axes[0][0].set_ylabel("share of values")
    return fig


@look()
def shifted(characters):
    """Draw a window of the characters above its targets, which are one position later."""
    fig, ax = new_figure(figsize=(7.5, 2.2))
    middle = {"ha": "center", "va": "center", "size": 14, "family": "monospace"}
    for row, (y, letters) in enumerate([(1, characters[:-1]), (0, characters[1:])]):
        box = _box(PALETTE[row], "square,pad=0.5")
        for t, letter in enumerate(letters):
            ax.text(t, y, visible(letter), bbox=box, **middle)
            _arrow(ax, (t, 0.68), (t, 0.32))
    ax.text(-0.6, 1, "input", ha="right", va="center")
    ax.text(-0.6, 0, "target", ha="right", va="center")
    ax.set(xlim=(-2, len(characters) - 1), ylim=(-0.5, 1.5))
    ax.axis("off")
    return fig


@look()
def shares(parts, xlabel):
    """Draw a bar of consecutive parts `{name: length}`, each with its name and its share."""
    fig, ax = new_figure(figsize=(7.5, 1.9))
    whole, left = sum(parts.values()), 0
    for index, (name, length) in enumerate(parts.items()):
        color = {"color": "white", "edgecolor": PALETTE[index], "lw": 2.5}
        ax.barh(0, length, left=left, clip_on=False, **color)
        numbers = f"{length:,}\n{100 * length / whole:.0f}%"
        ax.text(left + length / 2, 0, numbers, ha="center", va="center", size="small")
        ax.text(left + length / 2, 0.47, name, ha="center", va="bottom")
        left += length
    ax.set(xlabel=xlabel, xlim=(0, whole), yticks=[])
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return fig


@look()
def two_batches(windows, streams):
    """Draw two batches of independent windows, above two of streams with the state carried."""
    fig, ax = new_figure(figsize=(7.5, 3.4))
    letters = {"family": "monospace", "size": 13, "va": "center"}
    kinds = {"independent\nwindows": (3.1, windows), "streams": (0.7, streams)}
    for index, (name, (y, pair)) in enumerate(kinds.items()):
        ax.text(0, y, name, va="center")
        box = _box(PALETTE[index], "square,pad=0.35")
        for k, rows in enumerate(pair):
            x = 2.6 + 4.2 * k
            ax.text(x + 0.4, y + 1, f"batch {k + 1}", ha="center", va="center")
            for r, row in enumerate(rows):
                high = y + 0.4 - 0.8 * r
                content = "".join(map(visible, row))
                ax.text(x, high, content, bbox=box, **letters)
                if pair is windows or k == 0:
                    ax.text(x - 0.25, high, "state 0", ha="right", va="center", size="small")
                else:
                    _arrow(ax, (x - 3.2, high), (x - 0.3, high))
                    ax.text(x - 1.8, high + 0.2, "state", ha="center", size="small")
    ax.set(xlim=(0, 9), ylim=(-0.4, 4.5))
    ax.axis("off")
    return fig


@look()
def sampling_loop():
    """Draw the loop in which a model reads what it has written, and keeps its state."""
    fig, ax = new_figure(figsize=(7.5, 2.7))
    middle = {"ha": "center", "va": "center"}
    steps = ["read a\ncharacter", "state", "logits", "probabilities", "choose a\ncharacter"]
    places = [1.5, 3.3, 4.9, 6.8, 8.8]
    before = ax.text(0, 1, "prefix", bbox={"pad": 4, "fill": False, "lw": 0}, **middle)
    for k, (x, step) in enumerate(zip(places, steps, strict=True)):
        box = ax.text(x, 1, step, bbox=_box(PALETTE[k in (0, 4)]), **middle)
        _arrow(ax, (places[k - 1] if k else 0, 1), (x, 1), between=(before, box))
        before = box
    ax.plot([8.8, 8.8, 1.5], [0.5, 0.1, 0.1], color=PALETTE[1], lw=3)
    _arrow(ax, (1.5, 0.08), (1.5, 0.5), PALETTE[1], 3)
    ax.text(5.1, -0.15, "again and again", **middle)
    _arrow(ax, (3.6, 1.4), (3.0, 1.4), PALETTE[1], 3, bend=1.2)
    ax.text(3.3, 2.05, "kept for the next character", **middle)
    ax.set(xlim=(-0.4, 9.5), ylim=(-0.4, 2.4))
    ax.axis("off")
    return fig


@look()
def scatter(points, xlabel, ylabel, highlight=()):
    """Draw points `{label: (x, y)}` as their labels; the highlighted ones are circled."""
    fig, ax = new_figure(figsize=(7.5, 4.2))  # labels that would touch are moved up
    for label, (x, y) in _apart(points).items():
        box = _box(PALETTE[1], "circle,pad=0.25") if label in highlight else None
        ax.text(x, y, label, size=14, family="monospace", ha="center", va="center", bbox=box)
    xs, ys = zip(*points.values(), strict=True)
    ax.plot(xs, ys, linestyle="")  # sets the limits
    ax.margins(0.08)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return fig


@look()
def clouds(groups, xlabel, ylabel):
    """Draw groups of points `{label: (xs, ys)}`, each with a color and a mark of its own."""
    fig, ax = new_figure(figsize=(7.5, 4.2))
    for k, (label, (xs, ys)) in enumerate(groups.items()):
        ax.plot(xs, ys, "os^D"[k % 4], ms=4, mec="white", mew=0.4, alpha=0.8, label=label)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if len(groups) > 1:
        ax.legend()
    return fig


def _apart(points, width=0.028, height=0.055):
    """Move labels up until none covers another; sizes are shares of the picture."""
    xs, ys = zip(*points.values(), strict=True)
    across, up = width * (max(xs) - min(xs)), height * (max(ys) - min(ys))
    placed = {}
    for label, (x, y) in sorted(points.items(), key=lambda point: point[1][1]):
        while any(abs(x - a) < across and abs(y - b) < up for a, b in placed.values()):
            y += up / 4
        placed[label] = (x, y)
    return placed


@look()
def unrolled(characters, targets=()):
    """Draw the recurrent network, once for each character; with targets, the output layer, too."""
    fig, ax = new_figure(figsize=(7.5, 4.2 if targets else 2.9))
    middle, small = {"ha": "center", "va": "center"}, {"va": "center", "size": "small"}
    for t, character in enumerate(characters, start=1):
        ax.text(t, -1.2, visible(character), size=14, family="monospace", **middle)
        ax.text(t, 0, "tanh", bbox=_box(PALETTE[0]), **middle)
        ax.text(t + 0.5, 0.25, rf"$\mathbf{{H}}_{t}$", **middle)
        ax.text(t - 0.5, -0.28, r"$\mathbf{W}_{hh}$", ha="center", **small)
        ax.text(t + 0.06, -0.68, r"$\mathbf{W}_{xh}$", ha="left", **small)
        _arrow(ax, (t, -1.0), (t, -0.3))
        _arrow(ax, (t + 0.32, 0), (t + 0.68, 0))
        if targets:
            ax.text(t + 0.06, 0.72, r"$\mathbf{W}_{hq}$", ha="left", **small)
            _arrow(ax, (t, 0.3), (t, 1.05))
            ax.text(t, 1.35, rf"$\mathbf{{O}}_{t}$", bbox=_box(PALETTE[1]), **middle)
            ax.text(t, 1.95, "compare with", size="small", **middle)
            ax.text(t, 2.5, visible(targets[t - 1]), size=14, family="monospace", **middle)
    ax.text(0.28, 0, r"$\mathbf{H}_0 = 0$", ha="right", va="center")
    _arrow(ax, (0.32, 0), (0.68, 0))
    rows = {-1.2: "reads"} | ({1.35: "logits", 2.5: "target"} if targets else {})
    for y, name in rows.items():
        ax.text(0.42, y, name, ha="right", **small)
    ax.set(xlim=(-0.6, len(characters) + 0.8), ylim=(-1.5, 2.8 if targets else 0.8))
    ax.axis("off")
    return fig


@look()
def way_back(characters):
    """Draw the path of a gradient: from the loss of the last character back through every step."""
    fig, ax = new_figure(figsize=(7.5, 3.1))
    middle, last = {"ha": "center", "va": "center"}, len(characters)
    for t, character in enumerate(characters, start=1):
        ax.text(t, -1, visible(character), size=14, family="monospace", **middle)
        ax.text(t, 0, rf"$\mathbf{{H}}_{t}$", bbox=_box(PALETTE[0]), **middle)
        ax.text(t, -1.4, f"lag {last - t}", size="small", **middle)
        _arrow(ax, (t, -0.8), (t, -0.32))
        if t < last:
            _arrow(ax, (t + 0.3, -0.1), (t + 0.7, -0.1))
            _arrow(ax, (t + 0.7, 0.14), (t + 0.3, 0.14), PALETTE[1], 3)
            label = "$\\times$ slopes\n$\\times\\ \\mathbf{W}_{hh}^\\top$"
            ax.text(t + 0.5, 0.55, label, color="#A84300", size="small", **middle)
    ax.text(last, 1.25, "loss", bbox=_box(PALETTE[1]), **middle)
    _arrow(ax, (last - 0.06, 0.4), (last - 0.06, 0.9))
    _arrow(ax, (last + 0.08, 0.9), (last + 0.08, 0.4), PALETTE[1], 3)
    ax.set(xlim=(0.3, last + 0.7), ylim=(-1.6, 1.6))
    ax.axis("off")
    return fig


@look()
def gradient_paths(characters):
    """Draw the paths of all gradients, from each loss to its state and from state to state."""
    fig, ax = new_figure(figsize=(7.5, 4.2))
    middle, small = {"ha": "center", "va": "center"}, {"color": "#A84300", "size": "small"}
    for t, character in enumerate(characters, start=1):
        ax.text(t, -1, visible(character), size=14, family="monospace", **middle)
        ax.text(t, 0, rf"$\mathbf{{H}}_{t}$", bbox=_box(PALETTE[0]), **middle)
        ax.text(t, 1.3, rf"$\mathbf{{O}}_{t}$", bbox=_box(PALETTE[0]), **middle)
        ax.text(t, 2.4, "loss", bbox=_box(PALETTE[1]), **middle)
        ax.text(t + 0.1, 0.65, r"$\times\ \mathbf{W}_{hq}^\top$", ha="left", va="center", **small)
        _arrow(ax, (t, -0.8), (t, -0.32))
        for low, high in ((0.32, 0.98), (1.62, 2.1)):
            _arrow(ax, (t - 0.08, low), (t - 0.08, high))
            _arrow(ax, (t + 0.06, high), (t + 0.06, low), PALETTE[1], 3)
        if t > 1:
            _arrow(ax, (t - 0.7, -0.1), (t - 0.3, -0.1))
            _arrow(ax, (t - 0.3, 0.12), (t - 0.7, 0.12), PALETTE[1], 3)
            label = "$\\times$ slopes\n$\\times\\ \\mathbf{W}_{hh}^\\top$"
            ax.text(t - 0.5, -0.5, label, **middle, **small)
    ax.set(xlim=(0.5, len(characters) + 0.7), ylim=(-1.2, 2.7))
    ax.axis("off")
    return fig


@look()
def cut_between(windows):
    """Draw consecutive windows of one stream: the state goes on, and the gradient is cut."""
    fig, ax = new_figure(figsize=(7.5, 2.4))
    middle, place = {"ha": "center", "va": "center"}, 0.0
    for number, letters in enumerate(windows):
        for t, letter in enumerate(letters):
            x, first = place + t, t == 0
            ax.text(x, 0, visible(letter), bbox=_box(PALETTE[0]), family="monospace", **middle)
            if not (first and number == 0):
                gap = 2.0 if first else 1.0
                _arrow(ax, (x - gap + 0.3, -0.1), (x - 0.3, -0.1))
                end = x - 0.85 if first else x - 0.7
                _arrow(ax, (x - 0.3, 0.14), (end, 0.14), PALETTE[1], 3)
            if first and number:
                ax.plot([x - 1, x - 1], [-0.45, 0.75], color="0.25", linestyle=":")
                ax.text(x - 1, 0.95, "detach", family="monospace", **middle)
        middle_of = place + (len(letters) - 1) / 2
        ax.text(middle_of, -0.85, f"window {number + 1}", **middle)
        _arrow(ax, (place + len(letters) - 1, 1.1), (place + len(letters) - 1, 0.4), PALETTE[1], 3)
        ax.text(place + len(letters) - 1, 1.3, "loss", **middle)
        place += len(letters) + 1
    ax.set(xlim=(-0.6, place - 1.4), ylim=(-1.1, 1.6))
    ax.axis("off")
    return fig


@look()
def gated_step(memory, keep, write, candidate, output=None):
    """Draw one step of a memory with its gates; the candidate is given as a formula."""
    fig, ax = new_figure(figsize=(7.5, 3.2))
    middle, boxes = {"ha": "center", "va": "center"}, {}
    places = {
        "before": (0, 2, rf"$\mathbf{{{memory}}}_{{t-1}}$", PALETTE[0]),
        "keep": (2.4, 2, r"$\times$", "0.25"),
        "add": (4.8, 2, r"$+$", "0.25"),
        "after": (7.2, 2, rf"$\mathbf{{{memory}}}_t$", PALETTE[0]),
        "write": (4.8, 0.9, r"$\times$", "0.25"),
        "new": (4.8, -0.2, candidate, PALETTE[1]),
        "keep gate": (2.4, 3, rf"$\mathbf{{{keep}}}_t$", PALETTE[2]),
        "write gate": (2.9, 0.9, write, PALETTE[2]),
    }
    arrows = [("before", "keep", 3), ("keep", "add", 3), ("add", "after", 3), ("new", "write", 1.5)]
    arrows += [("write", "add", 1.5), ("keep gate", "keep", 1.5), ("write gate", "write", 1.5)]
    if output is not None:
        places["out"] = (7.2, 0.9, r"$\times$", "0.25")
        places["out gate"] = (6.1, 0.9, rf"$\mathbf{{{output}}}_t$", PALETTE[2])
        places["state"] = (7.2, -0.2, r"$\mathbf{H}_t$", PALETTE[0])
        arrows += [("after", "out", 1.5), ("out gate", "out", 1.5), ("out", "state", 1.5)]
        ax.text(7.3, 1.45, "tanh", ha="left", va="center", size="small")
    for name, (x, y, text, color) in places.items():
        boxes[name] = ax.text(x, y, text, bbox=_box(color), **middle)
    for start, end, width in arrows:
        color, ends = PALETTE[0] if width == 3 else "0.25", (boxes[start], boxes[end])
        _arrow(ax, places[start][:2], places[end][:2], color, width, between=ends)
    ax.set(xlim=(-0.6, 8), ylim=(-0.6, 3.4))
    ax.axis("off")
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


def colored_text(text, values, unit, low=0.0):
    """Return the text as HTML, shaded from white at `low` to dark; hovering shows a value."""
    largest = max(values)
    spans = []
    for char, value in zip(text, values, strict=True):
        share, char = max(value - low, 0) / (largest - low), html.escape(char)
        shade = bytes(tint(share)).hex()
        spans.append(  # hex, because JupyterLab removes hsl() from an untrusted notebook
            f'<span title="{char}: {value:.1f} {unit}" style="background: #{shade}">{char}</span>'
        )
    return (
        f'<div style="{_size()}font-family: monospace; line-height: 1.7; white-space: pre-wrap; '
        f'color: black; background: white; padding: 0.5em">{"".join(spans)}\n'
        f"(white: {low:g} {unit}; darkest: {largest:.1f} {unit})</div>"
    )


def _size():
    return "" if zoom() == 1 else "font-size: 150%; "


def mark_height(ax, label, y):
    """Draw a thin horizontal line at height y, with its label to the right of the axes."""
    ax.axhline(y, color="0.35", linewidth=1, linestyle=":")
    ax.annotate(label, (1.01, y), xycoords=("axes fraction", "data"), va="center", size="small")


def plain_log_ticks(ax):
    """Label a short logarithmic axis with numbers such as 5 and 20, not powers of ten."""
    low, high = ax.get_ylim()
    if ax.get_yscale() == "log" and high / low < 200:
        ax.yaxis.set_major_locator(ticker.LogLocator(base=10, subs=(1, 2, 3, 5, 7)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(ticker.NullFormatter())


def scoreboard(losses):
    """Return a table of the losses `{model: nats}` as perplexity and bits, with the best last."""
    ordered = sorted(losses.items(), key=lambda item: -item[1])
    cells = "".join(
        f"<tr><th scope='row' style='text-align: left'>{html.escape(name)}</th>"
        f"<td>{perplexity(loss):.2f}</td><td>{bits_per_char(loss):.2f}</td></tr>"
        for name, loss in ordered
    )
    head = "".join(
        f"<th scope='col'>{title}</th>" for title in ("perplexity", "bits per character")
    )
    head = "<th scope='col' style='text-align: left'>model</th>" + head
    style = f" style='{_size()}'" if _size() else ""
    return HTML(f"<table{style}><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table>")
