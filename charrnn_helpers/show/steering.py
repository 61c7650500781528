"""Steering: a network writes while its hidden state is pushed along a direction.

`plane` shows states, a direction, and a push, `told_apart` how well a direction tells two kinds of
states apart, `two_paths` where a push enters, `shares_by_push` what it does, `gains` what it adds
to the logits, and `one_look` whether a network uses what a probe can read.
"""

import copy
import math
from collections import Counter
from typing import NamedTuple

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from charrnn_helpers.model import one_hot
from charrnn_helpers.sampling import write_many
from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing, place

VOWELS = "aeiou"
QUESTIONS = {"next": 1, "last": 0, "third-to-last": -2}  # where a vowel is looked for
BLUE, RED, GREEN = PALETTE[0], "#A84300", "#00724F"  # u is blue
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


def is_vowel(text, ahead):
    """Tell for each state but the last one whether the character so many places on is a vowel."""
    padded = " " * 20 + text + " " * 20
    chars = padded[20 + ahead : 19 + ahead + len(text)]
    return torch.tensor([char in VOWELS for char in chars])


def probed(H, answer, num_updates=300):
    """Return the direction, of norm 1, of a probe of the states."""
    answer = answer.float()
    w, b = torch.zeros(H.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.Adam([w, b], lr=0.05)
    for _ in range(num_updates):
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(H @ w + b, answer).backward()
        optimizer.step()
    return (w / w.norm()).detach()


def tables(seen, text, ahead=1, longest=3):
    """Return what tables of the last characters say for each character of the text but the last.

    They learn from what was seen: is the character so many places on a vowel?  A table mixes the
    share of vowels after the last n characters with that of a shorter one, counted twice.
    """
    answers, said = is_vowel(seen, ahead).tolist(), {}
    shares = [sum(answers) / len(answers)] * (len(text) - 1)
    for n in range(1, longest + 1):
        past, now = (" " * (n - 1) + part for part in (seen, text))
        counts = Counter((past[k : k + n], yes) for k, yes in enumerate(answers))
        for k, share in enumerate(shares):
            yes, no = (counts[now[k : k + n], kind] for kind in (True, False))
            shares[k] = (yes + 2 * share) / (yes + no + 2)
        said[n] = torch.tensor(shares)
    return said


class Flat(NamedTuple):
    """States in a plane: along a direction, and along another one at right angles to it."""

    points: list  # (x, y) of each state
    before_vowel: list  # whether a vowel comes next
    mean: float  # of all states, along the direction


def flat_states(model, vocab, seen, text, count=150):
    """Return as Flat some states of a text; x is along the direction of a probe of what was seen.

    y is along the first principal component of what the states have beside it.
    """
    H = states_of(model, vocab.encode(seen))[:-1]
    u = probed(H, is_vowel(seen, 1))
    rest = H - torch.outer(H @ u, u)
    other = torch.linalg.svd(rest - rest.mean(dim=0), full_matrices=False).Vh[0]
    V = states_of(model, vocab.encode(text))[:-1]
    some = torch.linspace(0, len(V) - 1, count).long()
    points = torch.stack([V[some] @ u, V[some] @ other], dim=1).tolist()
    return Flat(points, is_vowel(text, 1)[some].tolist(), (H @ u).mean().item())


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


def share_of(model, vocab, prompts, chars=VOWELS):
    """Return the share of the chars in what the model writes after the prompts."""
    counted = vocab.encode(chars)
    return torch.isin(written(model, prompts), counted).float().mean().item()


def random_directions(count, size, seed=1):
    """Return random directions of norm 1, one row each."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(count, size, generator=generator)
    return rows / rows.norm(dim=1, keepdim=True)


def steered_texts(model, vocab, text, prompts, alphas, count=20):
    """Return the Steered of a network; the direction comes from the text.

    All directions have norm 1; the random ones are pushed by the odd alphas alone.
    """
    H = states_of(model, vocab.encode(text))[:-1]
    u = probed(H, is_vowel(text, 1))
    start = vocab.encode(START)[None]
    texts, shares = {}, {}
    for alpha in alphas:
        pushed = built_in(model, alpha * u, alpha * u)
        ids = written(pushed, start, COLUMNS * LINES - len(START), seed=3)
        texts[alpha] = START + vocab.decode(ids[0])
        shares[alpha] = share_of(pushed, vocab, prompts)
    others = []
    for r in random_directions(count, len(u)):
        pushes = {alpha: alpha * r for alpha in alphas if alpha % 2 == 1}
        others.append(
            {a: share_of(built_in(model, p, p), vocab, prompts) for a, p in pushes.items()}
            | {alpha: share for alpha, share in shares.items() if alpha == 0}
        )
    return Steered(texts, shares, others)


def steering(steered, alpha):
    """Draw what the network writes with a push of alpha, and the share of vowels by alpha.

    Below them, the texts begin that it writes with the least push, without one, and with the most.
    """
    text, share = steered.texts[alpha], steered.shares[alpha]
    d = Drawing(WIDTH, 37.5 * Drawing(0, 0).em)
    em = d.em
    for row in range(LINES):
        piece = text[COLUMNS * row :][:COLUMNS]
        _line(d, (2 + 1.9 * row) * em, piece, len(START) if row == 0 else 0)
    box, most = (5 * em, 11 * em, WIDTH - 12 * em, 27.5 * em), 1.05 * max(steered.shares)
    axes = Axes(d, box, (-most, most), (0, 1))
    whole = sorted(a for a in steered.shares if a == int(a))
    xticks = {a: f"{a:g}".replace("-", "\u2212") for a in whole}
    yticks = {k / 4: f"{k / 4:g}" for k in range(5)}
    axes.frame("push \u03b1", "share of vowels", xticks, yticks)
    for other in steered.others:
        d.path(axes.points(*zip(*sorted(other.items()), strict=True)), PALE, 1.2)
    xs = sorted(steered.shares)
    d.path(axes.points(xs, [steered.shares[a] for a in xs]), BLUE, 2.5)
    x, y = axes.x(alpha), axes.y(share)
    d.line(x, y, x, axes.box[3], RED, 1.2, "3 3")
    d.dot(x, y, RED, 6)
    d.text(
        axes.box[2] + 0.7 * em, axes.y(max(steered.shares.values())), "u, the direction", color=BLUE
    )
    d.text(axes.box[2] + 0.7 * em, axes.y(0.42), f"{len(steered.others)} random", color=GRAY)
    d.text(axes.box[2] + 0.7 * em, axes.y(0.42) + 1.3 * em, "directions", color=GRAY)
    words = f"\u03b1 = {alpha:g}: {share:.0%} of the characters are vowels".replace("-", "\u2212")
    d.text(axes.box[0] + em, 12.4 * em, words, color=RED, font_weight="bold")
    for k, end in enumerate(sorted({xs[0], xs[-1]} | {a for a in xs if a == 0})):
        y = (32.6 + 1.9 * k) * em
        d.text(3.4 * em, y, f"{end:g}".replace("-", "\u2212"), "end", color=RED, font_weight="bold")
        _line(d, y, " " * 5 + steered.texts[end][len(START) :][: COLUMNS - 5])
    return d.picture(f"With a push of {alpha:g}, {share:.0%} of the characters are vowels: {text}")


def _line(d, y, text, given=0):
    """Write a line of the text, its vowels on a dark ground; the first letters were given."""
    em, column = d.em, (WIDTH - 2 * d.em) / COLUMNS
    for k, char in enumerate(text[given:], given):
        if char in VOWELS:
            d.rect(em + k * column + 0.5, y - 1.1 * em, column - 1, 1.5 * em, "#cfe3f1")
    for color, first, last in (("#777", 0, given), ("#222", given, len(text))):
        places = [k for k in range(first, last) if text[k] != " "]
        if places:  # one element for many letters, each at its own place
            xs = " ".join(f"{em + (k + 0.5) * column:.1f}" for k in places)
            letters = "".join(text[k] for k in places)
            d.text(xs, y, letters, "middle", 1.1, color, **MONO)


def plane(flat, held=False):
    """Draw states, the direction u, and a push of 1, or how all states are held at the mean."""
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 27 * em)
    box = 5 * em, em, WIDTH - 13 * em, 23 * em
    ys = [y for _, y in flat.points]
    low, high = min(ys), max(ys)
    ylim = low - 0.08 * (high - low), high + 0.26 * (high - low)  # above, there is room for words
    axes = Axes(d, box, (-3.3, 3.3), ylim)
    xticks = {k: f"{k}".replace("-", "\u2212") for k in range(-3, 4)}
    axes.frame("component along u", "component along another direction", xticks, {0: "0"})
    dots = axes.points(*zip(*flat.points, strict=True))
    line, top, right = axes.x(flat.mean), box[1] + 1.2 * em, box[2] + 0.8 * em
    if held:
        for x, y in dots:
            d.line(x, y, line, y, "#d8d8d8")
        for x, y in dots:
            d.dot(x, y, "#c4c4c4", 2.5)
        d.line(line, box[1] + 2.2 * em, line, box[3], RED, 1.5)
        d.text(line, top, "the mean along u", "middle", color=RED, font_weight="bold")
        for k, words in enumerate(("Each state moves", "to the line; its", "height stays.")):
            d.text(right, (9 + 1.4 * k) * em, words, color=RED, font_weight="bold")
        dots = [(line, y) for _, y in dots]
    for (x, y), before_vowel in zip(dots, flat.before_vowel, strict=True):
        _state(d, x, y, before_vowel)
    if not held:
        x1, x2 = axes.x(0), axes.x(1)
        _arrow(d, x1, top, x2, top, BLUE, 3)
        d.text(x2 + 0.6 * em, top + 0.35 * em, "u, norm 1", color=BLUE, font_weight="bold")
        k = _freest(dots, x2 - x1, em)
        (x, y), far = dots[k], x2 - x1
        _state(d, x + far, y, flat.before_vowel[k], RED)
        _arrow(d, x + 5, y, x + far - 5, y, RED, 2.2)
        d.text(x + far / 2, y - 0.7 * em, "a push of 1", "middle", color=RED, font_weight="bold")
    for k, (before_vowel, words) in enumerate(((True, "vowel next"), (False, "no vowel next"))):
        _state(d, right + 0.4 * em, (3.4 + 1.6 * k) * em, before_vowel)
        d.text(right + 1.2 * em, (3.75 + 1.6 * k) * em, words)
    xs = {
        kind: [x for (x, _), yes in zip(flat.points, flat.before_vowel, strict=True) if yes == kind]
        for kind in (True, False)
    }
    said = " and ".join(f"{sum(v) / len(v):.1f}" for v in xs.values())
    moved = (
        f"All are moved to the mean along u, {flat.mean:.1f}, and keep their other component."
        if held
        else "One of them is pushed by 1 along u."
    )
    return d.picture(
        f"{len(dots)} states by their component along u, on average {said} before vowels and "
        f"before other characters. {moved}"
    )


def _state(d, x, y, before_vowel, color=None):
    """Draw a state: filled if a vowel comes next."""
    color = color or (BLUE if before_vowel else GRAY)
    fill = color if before_vowel else "white"
    d.add("circle", cx=x, cy=y, r=3.6, stroke_width=1.2, fill=fill, stroke=color)


def _freest(dots, far, em):
    """Return the index of the dot with the most room for an arrow to the right and its label.

    Its end is no farther to the right than all dots.
    """
    most = max(x for x, _ in dots)

    def room(dot):
        x, y = dot
        left, right = x - 0.3 * em, x + far + 0.6 * em
        return min(
            max(left - a, a - right, (y - 1.8 * em) - b, b - (y + 0.6 * em))
            for a, b in dots
            if (a, b) != dot
        )

    inside = [k for k, (x, _) in enumerate(dots) if x + far <= most] or range(len(dots))
    return max(inside, key=lambda k: room(dots[k]))


def _arrow(d, x1, y1, x2, y2, color="#222", width=1.6):
    """Draw an arrow; its head grows with the text."""
    angle, size = math.atan2(y2 - y1, x2 - x1), 0.65 * d.em
    ends = x2 - 0.8 * size * math.cos(angle), y2 - 0.8 * size * math.sin(angle)
    d.line(x1, y1, *ends, color, width)
    corners = [(x2, y2)]
    corners += [
        (x2 - size * math.cos(angle + turn), y2 - size * math.sin(angle + turn))
        for turn in (0.45, -0.45)
    ]
    d.path(corners + corners[:1], color, 1, fill=color)


LOOKS = (  # of the first, second, and third curve
    (BLUE, "none", "\u25cf"),
    (GREEN, "7 3", "\u25a0"),
    (RED, "2 3", "\u25b2"),
)


def shares_by_push(curves, others=(), random=None):
    """Draw the share of vowels by the push, a curve `{name: {push: share}}` for each name.

    A band reaches over the curve and those of `others`, networks with the same names.  `random` has
    the shares at some pushes along random directions `{push: shares}`, a gray bar for each.  The
    flattest curve says so, or that it changes no more than those of random directions.
    """
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 23 * em)
    pushes = list(next(iter(curves.values())))
    changes = {name: abs(by[pushes[-1]] - by[pushes[0]]) for name, by in curves.items()}
    flattest = min(changes, key=changes.get)
    if random:
        by = curves[flattest]
        note = all(min(shares) <= by[a] <= max(shares) for a, shares in random.items())
        note = note and "no more than random"
    else:
        note = changes[flattest] < 0.2 * max(changes.values()) and "hardly any change"
    box = (5 * em, em, WIDTH - (2 + 0.63 * max(12, *map(len, curves))) * em, 19 * em)
    axes = Axes(d, box, (pushes[0] - 0.25, pushes[-1] + 0.25), (0, 1))
    xticks = {a: f"{a:g}".replace("-", "\u2212") for a in pushes}
    yticks = {k / 4: f"{k / 4:g}" for k in range(5)}
    axes.frame("push \u03b1", "share of vowels", xticks, yticks)
    said = []
    for a, shares in (random or {}).items():
        low, high = axes.y(min(shares)), axes.y(max(shares))
        d.rect(axes.x(a) - 0.5 * em, high, em, low - high, "#dddddd", "#999999")
        said.append(f"random directions {min(shares):.2f} to {max(shares):.2f} at {a:g}")
    if random:
        x, y = axes.x(max(random)) + 0.5 * em, axes.y(max(random[max(random)]))
        d.line(x, y, box[2] + 0.6 * em, y, "#999999")
        d.text(box[2] + 0.8 * em, y + 0.35 * em, "random directions", color=GRAY)
    free = {}  # where the names stand, from the top
    for name, by in sorted(curves.items(), key=lambda item: -item[1][pushes[-1]]):
        y = axes.y(by[pushes[-1]])
        lines = 2.5 if note and flattest in free else 1.3
        free[name] = max([y, *(taken + lines * em for taken in [*free.values()][-1:])])
    for (name, by), (color, dash, mark) in zip(curves.items(), LOOKS, strict=False):
        rows = [by, *(other[name] for other in others)]
        lows, highs = ([end(row[a] for row in rows) for a in pushes] for end in (min, max))
        around = axes.points(pushes, lows) + axes.points(pushes, highs)[::-1]
        d.path(around, "none", fill=color + "2b")
        points = axes.points(pushes, by.values())
        d.path(points, color, 2, dash)
        for x, y in points:
            d.text(x, y + 0.31 * em, mark, "middle", 0.85, color)
        words = {"color": color, "font_weight": "bold"}
        d.text(box[2] + 0.8 * em, free[name] + 0.35 * em, name, **words)
        if note and name == flattest:
            d.text(box[2] + 0.8 * em, free[name] + 1.6 * em, note, size=0.9, color=color)
        said.append(f"{name} {by[pushes[0]]:.2f} to {by[pushes[-1]]:.2f}")
    return d.picture(f"Shares of vowels, from the least push to the largest: {'; '.join(said)}.")


def two_paths():
    """Draw three time steps of the network, and where the output and the next step get a push."""
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 18.5 * em)
    far = (WIDTH - 21 * em) / 2
    xs = [12 * em + far * k for k in range(3)]
    y_in, y, y_out, r = 15.4 * em, 10 * em, 3.4 * em, 1.5 * em

    for k, x in enumerate(xs):
        last = k == len(xs) - 1  # its arrow leaves the picture
        d.text(x, y_in + 1.3 * em, f"character {k + 1}", "middle")
        _arrow(d, x, y_in, x, y + r)
        d.text(x + 0.5 * em, y_in - 1.6 * em, "W_xh", color=GRAY, size=0.93)
        _arrow(d, x, y - r, x, y_out, GREEN, 2.2)
        d.text(x - 0.5 * em, y_out + 1.4 * em, "W_hq", "end", 0.93, GRAY)
        d.text(x, y_out - 0.6 * em, f"logits {k + 1}", "middle")
        d.text(x + 0.6 * em, y_out + 3.1 * em, "+ push_logits", color=GREEN, font_weight="bold")
        _arrow(d, x + r, y, WIDTH - em if last else x + far - r, y, RED, 2.2)
        if not last:
            middle = x + far / 2
            d.text(middle, y - 0.6 * em, "+ push_memory", "middle", color=RED, font_weight="bold")
            d.text(middle, y + 1.4 * em, "W_hh", "middle", 0.93, GRAY)
        d.add("circle", cx=x, cy=y, r=r, fill="white", stroke="#222")
        d.text(x, y + 0.35 * em, f"h{k + 1}", "middle")
    d.text(0.4 * em, y + 1.4 * em, "h0, all 0")  # the initial state
    d.text(4.7 * em, y - 0.6 * em, "+ push_memory", "middle", color=RED, font_weight="bold")
    _arrow(d, 0.4 * em, y, xs[0] - r, y, RED, 2.2)
    return d.picture(
        "Three time steps. By W_hq, the output layer reads each state with push_logits added; by "
        "W_hh, the next time step reads it with push_memory added."
    )


def gains(values):
    """Draw a bar for each token `{token: number}`, in order, those of vowels in blue."""
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 17 * em)
    order = sorted(values, key=values.get, reverse=True)
    low, high = min(0, *values.values()), max(0, *values.values())
    box = (5 * em, em, WIDTH - em, 13.6 * em)
    axes = Axes(d, box, (0, len(order)), (1.1 * low, 1.1 * high))
    names = {k + 0.5: visible(token) for k, token in enumerate(order)}
    axes.frame("next character", "added to the logit", names)
    for k, token in enumerate(order):
        top, bottom = axes.y(max(values[token], 0)), axes.y(min(values[token], 0))
        color = BLUE if token in VOWELS else "#bbb"
        x = axes.x(k + 0.15)
        d.rect(x, top, axes.x(k + 0.85) - x, bottom - top, color)
    d.line(box[0], axes.y(0), box[2], axes.y(0))
    x, y = axes.x(sum(token in VOWELS for token in order) + 0.6), axes.y(0.7 * high)
    d.text(x, y, "vowels", color=BLUE, font_weight="bold")
    d.text(axes.x(0.6 * len(order)), axes.y(0.25 * high), "other characters", color=GRAY)
    said = ", ".join(f"{visible(t)} {values[t]:.2f}" for t in [*order[:6], order[-1]])
    return d.picture(f"What is added to the logits, from the most to the least: {said}.")


def rates(values, positive):
    """Return the points (false alarms, hits) of a curve, as the threshold falls."""
    hits = positive[values.argsort(descending=True)].double()
    xs, ys = (1 - hits).cumsum(0) / (1 - hits).sum(), hits.cumsum(0) / hits.sum()
    keep = torch.linspace(0, len(hits) - 1, 120).long()
    return [0.0, *xs[keep].tolist()], [0.0, *ys[keep].tolist()]


def _square(d, box):
    """Return the axes of an ROC curve, with the diagonal of guessing."""
    axes = Axes(d, box, (0, 1), (0, 1))
    ticks = {k / 4: f"{k / 4:g}" for k in range(5)}
    axes.frame("false alarm rate", "", ticks, ticks)
    d.text(box[0] + 0.5 * d.em, box[1] + d.em, "hit rate")
    d.line(axes.x(0), axes.y(0), axes.x(1), axes.y(1), GRAY, 1, "2 3")
    return axes


def told_apart(z, answer, threshold):
    """Draw how z is distributed in both kinds of states, and where a threshold is on the curve."""
    em = Drawing(0, 0).em
    d = Drawing(WIDTH, 21 * em)
    box = (3 * em, 3 * em, 26 * em, 17 * em)
    edges = torch.linspace(-12, 8, 81)
    kinds = {"before other characters": z[~answer], "before vowels": z[answer]}
    heights = [
        torch.histogram(v.clamp(-11.99, 7.99), edges, density=True).hist for v in kinds.values()
    ]
    axes = Axes(d, box, (-12, 8), (0, 1.15 * max(h.max().item() for h in heights)))
    whole = {k: f"{k}".replace("-", "\u2212") for k in range(-12, 9, 4)}
    axes.frame("z, the weighted sum", "share of the states", whole, {0: ""})
    for color, bars in zip(("#999999", BLUE), heights, strict=True):
        corners = [(axes.x(-12), axes.y(0))]
        for left, right, height in zip(
            edges.tolist(), edges[1:].tolist(), bars.tolist(), strict=False
        ):
            corners += [(axes.x(left), axes.y(height)), (axes.x(right), axes.y(height))]
        corners.append((axes.x(8), axes.y(0)))
        d.path(corners, color, 1.5, fill=color + "66")
    d.text(box[0], 1.9 * em, "before other characters", color=GRAY, font_weight="bold")
    d.text(box[2], 1.9 * em, "before vowels", "end", color=BLUE, font_weight="bold")
    d.line(axes.x(threshold), box[1], axes.x(threshold), box[3], RED, 2, "5 3")
    d.text(axes.x(threshold) + 0.4 * em, box[1] + em, "says yes \u2192", color=RED)
    hits, alarms = ((z[kind] > threshold).float().mean().item() for kind in (answer, ~answer))
    axes = _square(d, (31 * em, 3 * em, WIDTH - 2 * em, 17 * em))
    corners = axes.points(*rates(z, answer))
    d.path([*corners, (axes.x(1), axes.y(0)), corners[0]], "none", fill=BLUE + "1c")
    d.path(corners, BLUE, 2.2)
    for k, line in enumerate(("AUC, the area", "under the curve")):
        d.text(axes.x(0.66), axes.y(0.36) + 1.3 * k * em, line, "middle", color=BLUE)
    d.text(axes.x(0.2), axes.y(0.09), "guessing", color=GRAY)
    d.dot(axes.x(alarms), axes.y(hits), RED, 5.5)
    words = f"hit rate {hits:.0%}, false alarm rate {alarms:.0%}"
    d.text(WIDTH - 2 * em, 1.9 * em, words, "end", color=RED, font_weight="bold")
    return d.picture(f"At a threshold of {threshold:g}: {words}.")


def one_look(rows, random):
    """Draw what is read, what steers, and what is used, a row for each direction.

    `{name: (read, steers, used)}`, and the numbers of random directions in the same places, which
    are dots below the bar.  A number that is no larger than theirs says so.  A name may have two
    lines.
    """
    em = Drawing(0, 0).em
    bottom = (4.2 + 3.4 * len(rows)) * em
    d = Drawing(WIDTH, bottom + 2.4 * em)
    heads = (
        (8.5 * em, "Can it be read?", "AUC (0.5 is guessing)", 0.5, 1.0, "{:.2f}"),
        (20.5 * em, "Does it steer vowels?", "their share changes by", 0.0, 1.0, "{:.2f}"),
        (36 * em, "Is it used?", "cost of holding it, in nats", 0.0, 0.4, "{:.3f}"),
    )
    long, said = 7 * em, []
    for k, (start, head, unit, least, most, form) in enumerate(heads):
        d.text(start, 1.3 * em, head, font_weight="bold")
        d.text(start, 2.8 * em, unit, size=0.86, color=GRAY)
        d.line(start, 3.6 * em, start, bottom, "#999999")
        for row, (name, values) in enumerate(rows.items()):
            y, value, color = (5.4 + 3.4 * row) * em, values[k], LOOKS[row % 3][0]
            x = place(value, (least, most), start, start + long)
            d.rect(start, y - 0.6 * em, max(x - start, 1), 1.1 * em, color)
            words = form.format(value)
            d.text(x + 0.5 * em, y + 0.3 * em, words, color=color)
            chance = random[name][k]
            for number in chance:
                there = place(number, (least, most), start, start + long)
                d.add("circle", cx=there, cy=y + em, r=2.6, fill="#777777", fill_opacity="0.45")
            if value <= max(chance):
                right = x + (1 + 0.62 * len(words)) * em
                d.text(right, y + 0.3 * em, "like random ones", size=0.86, color=GRAY)
            if k == 0:
                *small, last = name.split("\n")
                for line in small:
                    d.text(start - 0.8 * em, y - 0.5 * em, line, "end", 0.86, GRAY)
                below = 0.75 if small else 0.35
                bold = {"color": color, "font_weight": "bold"}
                d.text(start - 0.8 * em, y + below * em, last, "end", **bold)
            said.append(
                f"{' '.join(name.split())}, {head.lower()} {words}, and random directions "
                f"{form.format(min(chance))} to {form.format(max(chance))}"
            )
    y = bottom + 1.4 * em
    d.add("circle", cx=heads[0][0] + 0.3 * em, cy=y, r=2.6, fill="#777777")
    words = f"{len(chance)} random directions; their AUC is for the question of the row"
    d.text(heads[0][0] + em, y + 0.3 * em, words, size=0.93, color=GRAY)
    return d.picture(f"{'; '.join(said)}.")
