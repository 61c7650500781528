"""Steering: a network writes while its hidden state is pushed along a direction.

`readers` shows which reader of the state takes the push up, `roc` how well a direction tells two
kinds of states apart, `by_number` how many units it needs, `cuts` what groups of units cost, and
`two_maps` the input weights of two networks.
"""

import copy
import math
from itertools import groupby
from typing import NamedTuple

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from charrnn_helpers.model import one_hot
from charrnn_helpers.sampling import write_many
from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing

VOWELS = "aeiou"
BLUE, RED = PALETTE[0], "#A84300"
GRAY, PALE = "#666666", "#bbbbbb"
COLUMNS, LINES = 54, 4  # of the text that is shown
START = "the time traveller "


class Steered(NamedTuple):
    """What a network writes at each strength of the push, and its share of vowels."""

    texts: dict  # {alpha: text}
    shares: dict  # {alpha: share}
    others: list  # for each random direction {alpha: share}


@torch.no_grad()
def states_of(model, ids):
    """Return the state after each of the ids, one row each."""
    outputs, _ = model.rnn(one_hot(ids[:, None], model.vocab_size))
    return torch.cat(outputs)


def direction(model, vocab, text):
    """Return the direction, of length 1, of a probe for: is a vowel next?"""
    H = states_of(model, vocab.encode(text))[:-1]
    answer = torch.tensor([float(char in VOWELS) for char in text[1:]])
    w, b = torch.zeros(H.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.Adam([w, b], lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(H @ w + b, answer).backward()
        optimizer.step()
    return (w / w.norm()).detach()


@torch.no_grad()
def built_in(model, to_output, to_state):
    """Return a copy whose output layer and next time step read states with these pushes added."""
    model = copy.deepcopy(model)
    model.b_q += to_output @ model.W_hq
    model.rnn.b_h += to_state @ model.rnn.W_hh
    return model


def written(model, prompts, num_preds=100, seed=0):
    """Return the ids that the model writes after each of the prompts."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(logits):
        return torch.multinomial(logits.softmax(dim=-1), 1, generator=generator)

    return write_many(model, prompts, num_preds, drawn)


def share_of(model, vocab, prompts):
    """Return the share of vowels in what the model writes."""
    vowels = vocab.encode(VOWELS)
    return torch.isin(written(model, prompts), vowels).float().mean().item()


def random_directions(count, size, seed=1):
    """Return random directions of length 1, one row each."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(count, size, generator=generator)
    return rows / rows.norm(dim=1, keepdim=True)


def survey(model, vocab, text, prompts, alphas, count=10):
    """Return the Steered of a network; the direction comes from the text.

    A push along a random direction is as many standard deviations of the state as along the probe.
    """
    u, H = direction(model, vocab, text), states_of(model, vocab.encode(text))
    start = vocab.encode(START)[None]
    texts, shares = {}, {}
    for alpha in alphas:
        pushed = built_in(model, alpha * u, alpha * u)
        ids = written(pushed, start, COLUMNS * LINES - len(START), seed=3)
        texts[alpha] = START + vocab.decode(ids[0])
        shares[alpha] = share_of(pushed, vocab, prompts)
    others = []
    for r in random_directions(count, len(u)):
        step = r * (H @ u).std() / (H @ r).std()
        pushes = {alpha: alpha * step for alpha in alphas if alpha == int(alpha)}
        others.append(
            {a: share_of(built_in(model, p, p), vocab, prompts) for a, p in pushes.items()}
        )
    return Steered(texts, shares, others)


def steering(steered, alpha):
    """Draw what the network writes with a push of alpha, and the share of vowels by alpha."""
    text, share = steered.texts[alpha], steered.shares[alpha]
    d = Drawing(WIDTH, 31 * Drawing(0, 0).em)
    em = d.em
    for row in range(LINES):
        piece = text[COLUMNS * row :][:COLUMNS]
        _line(d, (2 + 1.9 * row) * em, piece, len(START) if row == 0 else 0)
    axes = Axes(d, (5 * em, 11 * em, WIDTH - 12 * em, 27.5 * em), (-3.2, 3.2), (0, 1))
    whole = sorted(a for a in steered.shares if a == int(a))
    xticks = {a: f"{a:g}".replace("-", "\u2212") for a in whole}
    yticks = {k / 4: f"{k / 4:g}" for k in range(5)}
    axes.frame("push \u03b1 along the direction", "share of vowels", xticks, yticks)
    for other in steered.others:
        d.path(axes.points(other.keys(), other.values()), PALE, 1.2)
    xs = sorted(steered.shares)
    d.path(axes.points(xs, [steered.shares[a] for a in xs]), BLUE, 2.5)
    x, y = axes.x(alpha), axes.y(share)
    d.line(x, y, x, axes.box[3], RED, 1.2, "3 3")
    d.dot(x, y, RED, 6)
    d.text(axes.box[2] + 0.7 * em, axes.y(max(steered.shares.values())), "the probe", color=BLUE)
    d.text(axes.box[2] + 0.7 * em, axes.y(0.42), f"{len(steered.others)} random", color=GRAY)
    d.text(axes.box[2] + 0.7 * em, axes.y(0.42) + 1.3 * em, "directions", color=GRAY)
    words = f"\u03b1 = {alpha:g}: {share:.2f} of the characters are vowels".replace("-", "\u2212")
    d.text(axes.box[0] + em, 12.4 * em, words, color=RED, font_weight="bold")
    return d.picture(f"With a push of {alpha:g}, {share:.2f} of the characters are vowels: {text}")


def _line(d, y, text, given=0):
    """Write a line of the text, its vowels on a dark ground; the first letters were given."""
    em, column = d.em, (WIDTH - 2 * d.em) / COLUMNS
    for k, char in enumerate(text[given:], given):
        if char in VOWELS:
            d.rect(em + k * column + 0.5, y - 1.1 * em, column - 1, 1.5 * em, "#cfe3f1")
    looks = [
        ("#777", {}, list(range(given))),
        ("#222", {}, [k for k in range(given, len(text)) if text[k] not in VOWELS + " "]),
        (
            "#222",
            {"font_weight": "bold"},
            [k for k in range(given, len(text)) if text[k] in VOWELS],
        ),
    ]
    for color, weight, places in looks:  # one element for many letters, each at its own place
        xs = " ".join(f"{em + (k + 0.5) * column:.1f}" for k in places)
        letters = "".join(text[k] for k in places)
        if letters:
            d.text(xs, y, letters, "middle", 1.1, color, **MONO, **weight)


def readers(panels, ylabel="share of vowels"):
    """Draw curves `{title: {label: {alpha: share}}}` side by side; the first of each is bold."""
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 19.5 * em)
    wide, said = (WIDTH - 4 * em) / len(panels), []
    for k, (title, curves) in enumerate(panels.items()):
        left = 4 * em + k * wide
        box = (left, 3.2 * em, left + wide - 1.4 * em, 16 * em)
        axes = Axes(d, box, (-3.2, 3.2), (0, 1))
        xticks = {a: f"{a}".replace("-", "\u2212") for a in range(-3, 4)}
        yticks = {j / 4: f"{j / 4:g}" if k == 0 else "" for j in range(5)}
        axes.frame("\u03b1", ylabel if k == 0 else "", xticks, yticks)
        d.text((box[0] + box[2]) / 2, 1.7 * em, title, "middle", font_weight="bold")
        for j, (label, shares) in enumerate(curves.items()):
            color = BLUE if j == 0 else RED
            xs = sorted(shares)
            points = axes.points(xs, [shares[a] for a in xs])
            d.path(points, color, 2.5 if j == 0 else 2, "none" if j == 0 else "6 4")
            for x, y in points:
                d.dot(x, y, color, 3.2)
            if len(curves) > 1:  # where the curves are apart
                y = axes.y(0.9 - 0.1 * j)
                dash = "none" if j == 0 else "6 4"
                d.line(box[0] + 0.6 * em, y, box[0] + 2.2 * em, y, color, 2.2, dash)
                d.text(box[0] + 2.6 * em, y + 0.35 * em, label, size=0.9, color=color)
            said.append(f"{title}, {label}: {shares[xs[0]]:.2f} to {shares[xs[-1]]:.2f}")
    return d.picture(f"The {ylabel}, from the least push to the largest. {'; '.join(said)}.")


def rates(values, positive):
    """Return the points (false alarms, hits) of a curve, as the threshold falls."""
    hits = positive[values.argsort(descending=True)].double()
    xs, ys = (1 - hits).cumsum(0) / (1 - hits).sum(), hits.cumsum(0) / hits.sum()
    keep = torch.linspace(0, len(hits) - 1, 120).long()
    return [0.0, *xs[keep].tolist()], [0.0, *ys[keep].tolist()]


def roc(curves, mark=None):
    """Draw the curves `{label: (values, positive, area)}`, and a point (x, y, words) on one."""
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 25 * em)
    axes = Axes(d, (5 * em, em, 26 * em, 21.5 * em), (0, 1), (0, 1))
    ticks = {k / 4: f"{k / 4:g}" for k in range(5)}
    axes.frame("false alarms", "hits", ticks, ticks)
    axes.drawing.line(axes.x(0), axes.y(0), axes.x(1), axes.y(1), GRAY, 1, "2 3")
    looks = [(BLUE, "none"), (RED, "8 4"), (PALETTE[2], "9 3 2 3"), (GRAY, "2 3")]
    d.text(28 * em, 4 * em, "area under the curve", color=GRAY)
    for k, (label, (values, positive, area)) in enumerate(curves.items()):
        color, dash = looks[k]
        d.path(axes.points(*rates(values, positive)), color, 2.2, dash)
        y = (6.4 + 2 * k) * em
        d.line(28 * em, y - 0.35 * em, 30.5 * em, y - 0.35 * em, color, 2.2, dash)
        d.text(31.2 * em, y, f"{area:.2f}  {label}", color=color)
    if mark:
        x, y, words = mark
        d.dot(axes.x(x), axes.y(y), BLUE, 5)
        d.line(axes.x(x), axes.y(y), axes.x(0.42), axes.y(0.36), GRAY)
        d.text(axes.x(0.43), axes.y(0.33), words)
    said = ", ".join(f"{label} {area:.2f}" for label, (_, _, area) in curves.items())
    return d.picture(f"Hits against false alarms, and the areas under the curves: {said}.")


def by_number(curves, ylabel="area under the curve"):
    """Draw curves `{label: {number of units: area}}`, with chance at 0.5."""
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 22.5 * em)
    counts = sorted(next(iter(curves.values())))
    box = (5 * em, 2.5 * em, WIDTH - 14 * em, 19 * em)
    axes = Axes(d, box, (-0.3, math.log2(max(counts)) + 0.2), (0.45, 1.02))
    xticks = {math.log2(k): f"{k}" for k in counts}
    axes.frame(
        "units that the probe may use", ylabel, xticks, {k / 10: f"{k / 10}" for k in range(5, 11)}
    )
    d.line(box[0], axes.y(0.5), box[2], axes.y(0.5), GRAY, 1.2, "2 3")
    d.text(box[2] + 0.6 * em, axes.y(0.5) + 0.35 * em, "chance", color=GRAY)
    looks = [(BLUE, "none"), (BLUE, "6 4"), (RED, "none"), (RED, "6 4")]
    free, said = math.inf, []  # labels go above this height
    for k, (label, areas) in sorted(
        enumerate(curves.items()), key=lambda item: item[1][1][max(counts)]
    ):
        color, dash = looks[k]
        points = axes.points(map(math.log2, counts), [areas[n] for n in counts])
        d.path(points, color, 2.2, dash)
        for x, y in points:
            d.dot(x, y, color, 3.2)
        free = min(points[-1][1] + 0.35 * em, free - 1.3 * em)
        d.text(box[2] + 0.6 * em, free, label, color=color)
        said.append(f"{label}: {areas[1]:.2f} with one unit, {areas[max(counts)]:.2f} with all")
    return d.picture(f"The {ylabel}. {'; '.join(said)}.")


def cuts(
    rows,
    xlabel,
    mark="\u25c6",
    words=("random groups", "the eight that tell whether a vowel is next"),
):
    """Draw rows `{name: (ratios of random groups, ratio of the chosen one)}`, with a line at 1."""
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, (2.1 * len(rows) + 6) * em)
    box = (9 * em, 2.2 * em, WIDTH - 2 * em, (2.1 * len(rows) + 2.4) * em)
    axes = Axes(d, box, (0.8, 1.7), (0, len(rows)))
    axes.frame(xlabel, "", None, {len(rows) - k - 0.5: name for k, name in enumerate(rows)})
    d.line(axes.x(1), box[1], axes.x(1), box[3], "#222", 1.2, "5 4")
    d.dot(box[0] + em, 1.1 * em, BLUE + "99", 4.5)
    d.text(box[0] + 1.8 * em, 1.45 * em, words[0], color=BLUE)
    d.text(box[0] + 14 * em, 1.45 * em, f"{mark} {words[1]}", color=RED)
    said = []
    for k, (name, (others, chosen)) in enumerate(rows.items()):
        for j, ratio in enumerate(others):
            y = len(rows) - k - 0.5 + 0.06 * ((7 * j) % 11 - 5)
            d.dot(axes.x(ratio), axes.y(y), BLUE + "99", 4.5)
        x, y = axes.x(chosen), axes.y(len(rows) - k - 0.5)
        d.text(x, y + 0.5 * em, mark, "middle", 1.5, RED)
        said.append(f"{name}: {min(others):.2f} to {max(others):.2f}, and {chosen:.2f}")
    return d.picture(f"{xlabel}; random groups, and the chosen one. {'; '.join(said)}.")


def two_maps(maps):
    """Draw letters `{title: {token: (x, y)}}` at their places, the vowels in circles."""
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 27 * em)
    wide = (WIDTH - 1.4 * em) / len(maps)
    for k, (title, places) in enumerate(maps.items()):
        xs, ys = zip(*places.values(), strict=True)
        limits = [
            (min(v) - 0.08 * (max(v) - min(v)), max(v) + 0.08 * (max(v) - min(v))) for v in (xs, ys)
        ]
        left = 1.4 * em + k * wide
        box = (left + 0.6 * em, 2.4 * em, left + wide - 0.6 * em, 24.4 * em)
        axes = Axes(d, box, *limits)
        placed = []
        d.rect(box[0], box[1], box[2] - box[0], box[3] - box[1], "none", PALE)
        d.text((box[0] + box[2]) / 2, 1.5 * em, title, "middle", font_weight="bold")
        d.text((box[0] + box[2]) / 2, 26 * em, "first principal component \u2192", "middle")
        if k == 0:
            turned = f"rotate(-90 {1.2 * em:.1f} {13.4 * em:.1f})"
            words = "second principal component \u2192"
            d.text(1.2 * em, 13.4 * em, words, "middle", transform=turned)
        for token, (px, py) in sorted(places.items(), key=lambda item: item[1][1]):
            x, y, vowel = axes.x(px), axes.y(py), token in VOWELS
            while any(abs(x - a) < 0.8 * em and abs(y - b) < em for a, b in placed):
                y -= 0.2 * em  # letters that would touch are moved up
            placed.append((x, y))
            if vowel:
                d.add("circle", cx=x, cy=y - 0.3 * em, r=0.78 * em, fill="#cfe3f1", stroke=BLUE)
            look = {"font_weight": "bold"} if vowel else {}
            d.text(x, y, visible(token), "middle", 1.05, **look)
    said = []
    for title, places in maps.items():
        order = sorted(places, key=lambda token: places[token][0])
        runs = [
            ("vowels" if v else "others", len(list(g)))
            for v, g in groupby(order, VOWELS.__contains__)
        ]
        said.append(f"{title}: " + ", ".join(f"{n} {name}" for name, n in runs))
    return d.picture(f"From left to right, {'; '.join(said)}.")
