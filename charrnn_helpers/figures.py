"""The static pictures, in one style, each with a text for those who cannot see it.

Import-only: no notebook builds this.
"""

import base64
import html
import io

import matplotlib as mpl
from IPython.display import HTML, display
from matplotlib.figure import Figure
from PIL import Image

STYLE = "charrnn_helpers.style"


def new_figure(**kwargs):
    """A figure and its axes, as from plt.subplots(**kwargs), in the course's style."""
    with mpl.style.context(STYLE):
        size = kwargs.pop("figsize", None)
        fig = Figure(figsize=size)
        return fig, fig.subplots(**kwargs)


def to_html(fig, alt):
    """The figure as HTML: one image, with `alt` as its alternative text."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=fig.dpi)
    image = Image.open(buffer).convert("RGB").quantize(96)  # a quarter of the bytes
    packed = io.BytesIO()
    image.save(packed, format="png", optimize=True)
    data = base64.b64encode(packed.getvalue()).decode("ascii")
    return (
        f'<img alt="{html.escape(alt)}" style="max-width: 100%" '
        f'width="{int(100 * fig.get_figwidth())}" src="data:image/png;base64,{data}">'
    )


def show(fig, alt):
    """Show the figure in the notebook, with its alternative text."""
    display(HTML(to_html(fig, alt)))


def curves(lines, xlabel, ylabel, xscale="linear", yscale="linear", hlines=None, ylim=None):
    """Lines `{label: (xs, ys)}` on one pair of axes; `hlines` `{label: y}` are drawn across."""
    fig, ax = new_figure()
    with mpl.style.context(STYLE):
        for label, (xs, ys) in lines.items():
            ax.plot(xs, ys, label=label)
        for label, y in (hlines or {}).items():
            ax.axhline(y, color="0.35", linewidth=1, linestyle=":")
            ax.annotate(
                label, (1, y), xycoords=("axes fraction", "data"), ha="right", va="bottom", size=9
            )
        ax.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
        plain_log_ticks(ax)
        if ylim is not None:
            ax.set_ylim(*ylim)
        if len(lines) > 1:
            ax.legend()
    return fig


def bars(values, xlabel, ylabel="", xscale="linear", highlight=()):
    """Horizontal bars `{label: value}`, each with its value written at its end."""
    fig, ax = new_figure(figsize=(7.5, 0.8 + 0.36 * len(values)))
    labels = list(values)
    colours = ["#D55E00" if label in highlight else "#0072B2" for label in labels]
    drawn = ax.barh(labels, list(values.values()), color=colours)
    for bar, label in zip(drawn, labels, strict=True):
        bar.set_hatch("//" if label in highlight else "")
    ax.bar_label(drawn, fmt="{:.3g}", padding=3)
    ax.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale)
    ax.margins(x=0.12)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    return fig


def heatmap(rows, xlabels, ylabels, xlabel, ylabel, colorbar=None, cmap=None, limit=None):
    """A matrix (a list of rows) as a picture; `limit` makes the colour scale symmetrical."""
    fig, ax = new_figure(figsize=(7.5, max(2.2, 0.2 * len(rows) + 1.2)))
    bounds = {} if limit is None else {"vmin": -limit, "vmax": limit}
    image = ax.imshow(rows, aspect="auto", interpolation="nearest", cmap=cmap, **bounds)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_xticks(range(len(xlabels)), xlabels)
    ax.set_yticks(range(len(ylabels)), ylabels)
    ax.grid(visible=False)
    if colorbar:
        fig.colorbar(image, ax=ax, label=colorbar)
    return fig


def histograms(samples, xlabel, bins=40, limits=None):
    """One histogram `{title: values}` beside the other, with shared axes."""
    fig, axes = new_figure(ncols=len(samples), sharey=True, squeeze=False, figsize=(7.5, 2.8))
    for ax, (title, values) in zip(axes[0], samples.items(), strict=True):
        ax.hist(
            values,
            bins=bins,
            range=limits,
            color="#0072B2",
            weights=[1 / len(values)] * len(values),
        )
        ax.set(title=title, xlabel=xlabel)
    axes[0][0].set_ylabel("share of values")
    return fig


def plain_log_ticks(ax):
    """On a short logarithmic axis, write 5 and 20 rather than powers of ten."""
    low, high = ax.get_ylim()
    if ax.get_yscale() == "log" and high / low < 200:
        ax.yaxis.set_major_locator(mpl.ticker.LogLocator(base=10, subs=(1, 2, 3, 5, 7)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(mpl.ticker.NullFormatter())


def scoreboard(losses):
    """A table of mean losses `{model: nats}`, best last: perplexity and bits per character."""
    ordered = sorted(losses.items(), key=lambda item: -item[1])
    cells = "".join(
        f"<tr><th scope='row' style='text-align: left'>{html.escape(name)}</th>"
        f"<td>{2.718281828459045**loss:.2f}</td><td>{loss / 0.6931471805599453:.2f}</td></tr>"
        for name, loss in ordered
    )
    head = "".join(
        f"<th scope='col'>{title}</th>" for title in ("model", "perplexity", "bits per character")
    )
    return HTML(f"<table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table>")
