"""Curves that are drawn live while a model trains."""

import itertools
import math
import textwrap
import time
from collections import deque
from contextlib import closing

from IPython.display import display

from charrnn_helpers.show.style import DASHES, PALETTE
from charrnn_helpers.show.svg import MONO, Axes, Drawing, Thinned, power, ticks
from charrnn_helpers.training import bits_per_char, fit, perplexity

DRAWING, SAMPLING = 0.015, 0.005  # maximum share of the training time; sending takes as much again
HIGHEST = math.log(1e6)  # in nats; a loss beyond it is drawn at the upper edge
SAMPLE_LINES = 2
LOWEST = 2 * math.log(2)  # in nats: the perplexity axis starts at 4, or lower if it has to


def live_plot(
    run, validate=None, hlines=None, sample=None, num_epochs=None, seconds=0.25, history=None
):
    """Iterate over train(...), and draw the run live; return the list of Records.

    `validate()` is called after each epoch and returns a loss in nats; `hlines`,
    `{label: perplexity}`, become horizontal lines; `sample()` is called now and then and returns
    a text; with num_epochs, the time left is shown.  An interrupt ends the cell as in fit(); to
    go on, call it again with the same run and the `history` so far, which is drawn as well.
    """
    history = [] if history is None else history
    picture = LivePicture(hlines, num_epochs)
    for record in history:
        picture.add(record)
    with closing(drawn(run, picture, validate, sample, seconds)) as steps:
        return fit(steps, history)


def drawn(run, picture, validate=None, sample=None, seconds=0.25):
    """Yield the records; draw them at most once every `seconds` and for a limited share of time."""
    screen, drawing, writing = Screen(), Ration(seconds, DRAWING), Ration(1.0, SAMPLING)
    try:
        for record in run:
            picture.add(record)
            if validate is not None and record.epoch == int(record.epoch):
                picture.add_validation(record.epoch, validate())
            if sample is not None and writing.due():
                picture.sample = writing.timed(sample)
            if drawing.due():
                drawing.timed(lambda: screen.put(picture.draw()))
            yield record
        if sample is not None:
            picture.sample = sample()
    finally:
        picture.finished = True
        screen.put(picture.draw(), final=True)


class Ration:
    """Limits how often a task runs, and the share of the time that it takes."""

    def __init__(self, seconds, share):
        self.seconds, self.share, self.next = seconds, share, 0.0

    def due(self):
        return time.perf_counter() >= self.next

    def timed(self, action):
        start = time.perf_counter()
        result = action()
        end = time.perf_counter()
        self.next = max(start + self.seconds, end + (end - start) / self.share)
        return result


class Screen:
    """One output of the notebook that is redrawn in place, without flicker."""

    def __init__(self):
        self.handle = None

    def put(self, picture, final=False):
        """Show the picture; the final one is an image, which an untrusted notebook shows, too."""
        page = picture._repr_html_() if final else picture.inline()
        bundle = {"text/html": page, "text/plain": picture.alt}
        if self.handle is None:
            self.handle = display(bundle, raw=True, display_id=True)
        else:
            self.handle.update(bundle, raw=True)


class LivePicture:
    """A drawing of a training run: perplexity, gradient norm, numbers, and a sample."""

    def __init__(self, hlines=None, num_epochs=None, ceiling=None, growing=False):
        self.hlines = {label: math.log(y) for label, y in (hlines or {}).items()}
        self.num_epochs, self.growing = num_epochs, growing  # growing: the x axis ends near now
        self.ceiling = ceiling  # in nats, the top of the axis; by default 2x the first perplexity
        self.losses, self.norms = Thinned(), Thinned()  # the base-10 logarithms of the norms
        self.thetas = []  # (first epoch, last epoch, log10 of theta) per stretch
        self.validation, self.flags = [], []  # (epoch, loss), epochs at which something changed
        self.sample = ""
        self.record, self.clock = None, deque(maxlen=20)
        self.begin()

    def begin(self):
        """Start the clock when a run starts or goes on."""
        self.start, self.finished, self.note, self.alarm = time.perf_counter(), False, "", ""
        self.clock.clear()

    def add(self, record):
        before, self.record = self.record, record
        if self.ceiling is None:
            self.ceiling = min(record.loss, HIGHEST) + math.log(2)
        self.losses.add(record.epoch, record.loss)
        self.norms.add(record.epoch, math.log10(min(max(record.grad_norm, 1e-9), 1e9)))
        theta = record.grad_clip_val
        if theta is not None and before is not None and before.grad_clip_val == theta:
            self.thetas[-1][1] = record.epoch
        elif theta is not None:
            self.thetas.append([record.epoch, record.epoch, math.log10(theta)])

    def add_validation(self, epoch, loss):
        self.validation.append((epoch, loss if math.isfinite(loss) else 1e9))

    def draw(self):
        """Return the current Picture; its size never changes."""
        em = Drawing(0, 0).em
        rows = 3.3 * em, 195 + 3.3 * em, 195 + 4.7 * em, 267 + 4.7 * em  # tops and bottoms
        below = rows[3] + 4.3 * em
        d = Drawing(750, int(below + 1.5 * em * SAMPLE_LINES + 0.6 * em))
        now = self.record.epoch if self.record else 0
        budget = max(now, self.num_epochs or math.inf)
        xlim = (0, min(axis_end(now), budget) if self.growing or not self.num_epochs else budget)
        side = 5.0 * em, 750 - 8.5 * em  # left and right
        self._perplexity(d, (side[0], rows[0], side[1], rows[1]), xlim)
        self._norm(d, (side[0], rows[2], side[1], rows[3]), xlim)
        color = "#A00000" if self.alarm or self.note == "alarm" else "#222"
        d.text(0.5 * em, below, self.status(), color=color)
        width = int(1.7 * 750 / em)  # in characters
        wrapped = textwrap.wrap(self.sample, width, max_lines=SAMPLE_LINES, placeholder="")
        for row, line in enumerate(wrapped, start=1):
            d.text(0.5 * em, below + 1.5 * em * row, line, size=0.93, color="#004466", **MONO)
        return d.picture(self.alt())

    def status(self):
        """Return the current numbers in one line."""
        if self.record is None or self.alarm:
            return self.alarm or self.note or "no step taken yet"
        of = f" of {round(self.num_epochs, 1):g}" if self.num_epochs else ""
        parts = f"step {self.record.step:,}", f"epoch {self.record.epoch:.1f}{of}"
        parts += f"perplexity {self.record.perplexity:.3g}", self.note or self._time()
        return " · ".join(filter(None, parts))

    def _time(self):
        """Return the total time of a finished run; for others, the speed and the time left."""
        if self.finished:
            return f"{time.perf_counter() - self.start:.0f} s in all"
        self.clock.append((time.perf_counter(), self.record.step, self.record.epoch))
        (t0, first, e0), (t1, last, e1) = self.clock[0], self.clock[-1]
        if last <= first:
            return ""
        speed = f"{(last - first) / (t1 - t0):.0f} steps/s"
        if not self.num_epochs:
            return speed
        return f"{speed} · {(self.num_epochs - e1) * (t1 - t0) / (e1 - e0):.0f} s left"

    def alt(self):
        """Return the alternative text of the picture."""
        text = "Perplexity and gradient norm against the epoch. " + self.status()
        if self.validation:
            text += f" · validation {perplexity(self.validation[-1][1]):.3g}"
        return text + (f". The model writes: {self.sample}" if self.sample else "")

    def _perplexity(self, d, box, xlim):
        xs, means, lows, highs = self.losses.curves()
        seen = [*lows, *highs, *self.hlines.values(), *(loss for _, loss in self.validation)]
        axes = Axes(d, box, xlim, loss_limits(seen, self.ceiling))
        axes.frame("", "perplexity", xticks={}, yticks=perplexity_ticks(axes.ylim))
        _, top, right, _ = box
        for bits, label in ticks(tuple(map(bits_per_char, axes.ylim))).items():
            y = axes.y(bits * math.log(2))
            d.line(right, y, right + 0.3 * d.em, y)
            unit = "bit" if label == "1" else "bits"
            d.text(right + 0.5 * d.em, y + 0.35 * d.em, f"{label} {unit}")
        axes.marks(self.hlines, indent=4.2)
        axes.band(xs, lows, highs)
        axes.curve(xs, means)
        for epoch, loss in self.validation:
            if loss > axes.ylim[1]:
                self._point_up(d, axes.x(epoch), top, PALETTE[1])
            else:
                d.dot(axes.x(epoch), axes.y(loss), PALETTE[1])
        y = 0.9 * d.em  # the legend
        d.line(box[0], y, box[0] + 2 * d.em, y, PALETTE[0], 2)
        d.text(box[0] + 2.4 * d.em, y + 0.35 * d.em, "training batch")
        if self.validation:
            d.dot(box[0] + 12 * d.em, y, PALETTE[1])
            d.text(box[0] + 12.7 * d.em, y + 0.35 * d.em, "validation")
        self._flags(d, axes)
        highest = max(zip(highs, xs, strict=True), default=(0, 0))
        if highest[0] > axes.ylim[1] + 1e-9:
            self._beyond(d, axes, *highest)

    def _beyond(self, d, axes, loss, epoch):
        """Point to where the curve leaves the picture, and say how far up it goes."""
        x, top = axes.x(epoch), axes.box[1]
        self._point_up(d, x, top, PALETTE[0])
        side, anchor = (9, "start") if x < 375 else (-9, "end")
        label = f"up to {math.exp(loss):,.0f}" if loss <= HIGHEST else "above 1,000,000"
        halo = {"paint_order": "stroke", "stroke": "white", "stroke_width": 4}
        d.text(x + side, top + 0.8 * d.em, label, anchor, size=0.93, **halo)

    def _point_up(self, d, x, top, color):
        d.path([(x - 5, top + 9), (x, top + 1), (x + 5, top + 9)], color, fill=color)

    def _flags(self, d, axes):
        """Draw a numbered line for each change; labels that would touch are joined."""
        _, top, _, bottom = axes.box
        places = [axes.x(epoch) for epoch in self.flags]
        first = 0
        for number, x in enumerate(places):
            d.line(x, top, x, bottom, "#555", 1, "3 3")
            if number + 1 == len(places) or places[number + 1] - x > 2.8 * d.em:
                label = f"{first + 1}" if first == number else f"{first + 1}-{number + 1}"
                d.text((places[first] + x) / 2, top - 0.3 * d.em, label, "middle", size=0.93)
                first = number + 1

    def _norm(self, d, box, xlim):
        xs, means, lows, highs = self.norms.curves()
        logs = [*lows, *highs, *(theta for *_, theta in self.thetas)]
        low, high = math.floor(min([*logs, -1])), math.ceil(max([*logs, 1]))  # it seldom changes
        axes = Axes(d, box, xlim, (low, high))
        decades = range(low, high + 1, max(1, (high - low) // 3))
        axes.frame("epoch", "grad. norm", yticks={k: power(k) for k in decades})
        axes.band(xs, lows, highs)
        axes.curve(xs, means)
        for start, end, theta in self.thetas:
            d.path(axes.points([start, end], [theta, theta]), "#A84300", 1.5, DASHES[1])
        if self.record is not None and self.record.grad_clip_val is not None:
            axes.marks({f"theta = {self.record.grad_clip_val:g}": theta}, "none", "#A84300", line=0)


def axis_end(epoch):
    """Return where a growing axis ends: at the next of 1, 2, 5, 10, 20, 50, ... epochs."""
    ends = (factor * 10**k for k in itertools.count() for factor in (1, 2, 5))
    return next(end for end in ends if end >= 1.25 * epoch)


def loss_limits(losses, ceiling=None):
    """Return limits in nats: from 2, 1, or 0 bits up to the ceiling, so that they seldom change."""
    bit, low = math.log(2), min((loss for loss in losses if not math.isnan(loss)), default=LOWEST)
    bottom = min(LOWEST, max(0, math.floor((min(low, HIGHEST) - 0.02) / bit)) * bit)
    return bottom, max(ceiling or math.log(60), bottom + bit)


def perplexity_ticks(limits):
    """Return ticks `{nats: label}` at the perplexities 1, 2, 3, 5, 7, 10, ..., or powers of ten."""
    low, high = limits
    factors = (1, 2, 3, 5, 7) if high - low < math.log(200) else (1,)
    values = [f * 10**k for k in range(7) for f in factors]
    inside = [value for value in values if low <= math.log(value) <= high + 1e-9]
    return {math.log(v): str(v) if v < 10_000 else power(round(math.log10(v))) for v in inside}
