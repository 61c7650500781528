"""Drawings in SVG, which are redrawn in 1 or 2 ms while a model trains; Matplotlib takes 45 ms."""

import base64
import html
import io
import math
from typing import NamedTuple

from matplotlib import ticker
from PIL import Image

from charrnn_helpers.show.style import DASHES, PALETTE, zoom

WIDTH = 750  # of a demo
WHOLE = "display: block; max-width: 100%; height: auto"  # on a narrow page, too
MONO = {"font_family": "DejaVu Sans Mono, Menlo, Consolas, monospace"}


class Picture(NamedTuple):
    """A drawing and its alternative text."""

    svg: str
    alt: str
    width: float  # CSS pixels
    height: float

    def inline(self):
        """Return inline SVG: it redraws without flicker, but only a trusted notebook shows it."""
        start = f'<svg role="img" aria-label="{html.escape(self.alt)}" '
        return self.svg.replace("<svg ", start, 1)

    def _repr_html_(self):
        data = base64.b64encode(self.svg.encode("utf-8")).decode("ascii")
        size = f'width="{self.width:.0f}" height="{self.height:.0f}" style="{WHOLE}"'
        return f'<img alt="{html.escape(self.alt)}" {size} src="data:image/svg+xml;base64,{data}">'

    def __repr__(self):
        return self.alt


class Drawing:
    """A drawing of width x height units; text is `em` units high, larger for a projector."""

    def __init__(self, width, height):
        self.width, self.height, self.em = width, height, 14.5 if zoom() == 1 else 17.8
        self.parts = []

    def add(self, tag, content="", **values):
        """Add an element; an attribute's `_` becomes a `-`, and numbers are rounded to tenths."""
        attributes = ""
        for name, value in values.items():
            value = html.escape(value) if isinstance(value, str) else f"{value:.1f}"
            attributes += f' {name.replace("_", "-")}="{value}"'
        self.parts.append(f"<{tag}{attributes}>{html.escape(content)}</{tag}>")

    def text(self, x, y, content, anchor="start", size=1.0, color="#222", **more):
        content = "".join(c if c.isprintable() else " " for c in content)
        more = {"font_size": size * self.em, "text_anchor": anchor, "fill": color} | more
        self.add("text", content, x=x, y=y, **more)

    def line(self, x1, y1, x2, y2, color="#222", width=1.0, dash="none"):
        self.path([(x1, y1), (x2, y2)], color, width, dash)

    def path(self, points, color, width=2.0, dash="none", fill="none"):
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        look = {"stroke": color, "stroke_width": width, "stroke_dasharray": dash, "fill": fill}
        self.add("polyline", points=corners, stroke_linejoin="round", **look)

    def rect(self, x, y, width, height, fill, stroke="none"):
        self.add("rect", x=x, y=y, width=width, height=height, fill=fill, stroke=stroke)

    def dot(self, x, y, color, radius=3.5):
        self.add("circle", cx=x, cy=y, r=radius, fill=color)

    def pixels(self, x, y, width, height, rows):
        """Draw a matrix of colors (red, green, blue) as the cells of a rectangle."""
        image, buffer = Image.new("RGB", (len(rows[0]), len(rows))), io.BytesIO()
        image.putdata([color for row in rows for color in row])
        image.save(buffer, format="png")
        data = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
        look = {"preserveAspectRatio": "none", "style": "image-rendering: pixelated"}
        self.add("image", x=x, y=y, width=width, height=height, href=data, **look)

    def picture(self, alt):
        width, height = zoom() * self.width, zoom() * self.height
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {self.width} {self.height}" font-family="DejaVu Sans, Arial, sans-serif"'
            f' style="{WHOLE}; background: white">'
            f'<rect width="100%" height="100%" fill="white"/>{"".join(self.parts)}</svg>'
        )
        return Picture(svg, alt, width, height)


class Axes:
    """A box (left, top, right, bottom) in a drawing, with the limits of the data it shows."""

    def __init__(self, drawing, box, xlim, ylim):
        self.drawing, self.box, self.xlim, self.ylim = drawing, box, xlim, ylim

    def x(self, value):
        return place(value, self.xlim, self.box[0], self.box[2])

    def y(self, value):
        return place(value, self.ylim, self.box[3], self.box[1])

    def points(self, xs, ys):
        return [(self.x(x), self.y(y)) for x, y in zip(xs, ys, strict=True)]

    def frame(self, xlabel, ylabel, xticks=None, yticks=None):
        """Draw the axes and their labels; ticks are `{position: label}`, or chosen if None."""
        d, em = self.drawing, self.drawing.em
        left, top, right, bottom = self.box
        for value, label in (yticks or ticks(self.ylim)).items():
            d.line(left, self.y(value), right, self.y(value), "#ddd")
            d.text(left - 0.4 * em, self.y(value) + 0.35 * em, label, "end")
        for value, label in (ticks(self.xlim) if xticks is None else xticks).items():
            d.text(self.x(value), bottom + 1.4 * em, label, "middle")
        d.line(left, top, left, bottom)
        d.line(left, bottom, right, bottom)
        d.text((left + right) / 2, bottom + 2.7 * em, xlabel, "middle")
        middle = f"rotate(-90 {em:.1f} {(top + bottom) / 2:.1f})"
        d.text(em, (top + bottom) / 2, ylabel, "middle", transform=middle)

    def curve(self, xs, ys, index=0):
        """Draw a curve in the index-th color and line style."""
        dash = DASHES[index % len(DASHES)]
        self.drawing.path(self.points(xs, ys), PALETTE[index], dash=dash)

    def band(self, xs, lows, highs):
        """Draw a light band between two curves."""
        corners = self.points(xs, lows) + self.points(xs, highs)[::-1]
        self.drawing.path(corners, "none", fill=PALETTE[0] + "44")

    def marks(self, lines, dash="2 3", color="#555", indent=0.4, line=1.2):
        """Draw horizontal lines `{label: value}`, with labels in the margin that do not overlap."""
        (left, _, right, _), em = self.box, self.drawing.em
        free = math.inf  # labels go above this height
        for label, value in sorted(lines.items(), key=lambda line: line[1]):
            y = self.y(value)
            self.drawing.line(left, y, right, y, color, line, dash)
            free = min(y + 0.3 * em, free)
            self.drawing.text(right + indent * em, free, label, size=0.93, color=color)
            free -= 1.05 * em

    def bar(self, x0, x1, value, color=PALETTE[0]):
        """Draw a bar from the bottom up to this height, between two places on the x axis."""
        top, bottom = self.y(value), self.box[3]
        self.drawing.rect(self.x(x0), top, self.x(x1) - self.x(x0), bottom - top, color)


def place(value, limits, start, end):
    """Map a value from the limits to the range from start to end; clamp it at the edges."""
    low, high = limits
    value = low if value < low else high if value > high else value
    return start + (end - start) * (value - low) / (high - low)


def ticks(limits):
    """Return round numbers between the limits, each with its label."""
    values = ticker.MaxNLocator(nbins=6, steps=[1, 2, 5, 10]).tick_values(*limits)
    return {value: f"{value:.6g}" for value in values.tolist() if limits[0] <= value <= limits[1]}


def power(exponent):
    """Return the axis label for 10 to this power."""
    if -3 <= exponent <= 3:
        return f"{10.0**exponent:g}"
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


class Thinned:
    """A growing curve, as a few stretches: the last x of each, and the mean and the range of y."""

    def __init__(self, most=120):
        self.most, self.length, self.stretches = most, 1, []  # [x, sum, count, low, high]

    def add(self, x, y):
        if self.stretches and self.stretches[-1][2] < self.length:
            self.stretches[-1] = _joined(self.stretches[-1], [x, y, 1, y, y])
            return
        if len(self.stretches) == self.most:  # join them in pairs
            pairs = zip(self.stretches[::2], self.stretches[1::2], strict=True)
            self.stretches, self.length = [_joined(a, b) for a, b in pairs], 2 * self.length
        self.stretches.append([x, y, 1, y, y])

    def curves(self):
        """Return four lists: the xs, and the means, the minima, and the maxima of y."""
        columns = zip(*self.stretches, strict=True) if self.stretches else ([],) * 5
        xs, sums, counts, lows, highs = map(list, columns)
        return xs, [a / n for a, n in zip(sums, counts, strict=True)], lows, highs


def _joined(a, b):
    return [b[0], a[1] + b[1], a[2] + b[2], min(a[3], b[3]), max(a[4], b[4])]
