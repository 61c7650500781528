"""The memory game with its gates in view, and how a gated cell is made."""

import math
from itertools import pairwise

import torch

from charrnn_helpers.model import one_hot
from charrnn_helpers.show.style import DASHES, PALETTE, tint
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing

GRAY, ORANGE = "#555", "#A84300"
LETTERS = "abcdefgh"  # the ids 0 to 7 of the game
ASK = 8  # the id of the question mark
EM = Drawing(0, 0).em


def share_in_words(share):
    """Return a share with two digits, a small one with one digit and a power of ten."""
    if share >= 0.095:
        return f"{share:.2f}"
    if share < 1e-40:
        return "0"
    if share >= 0.00095:
        return f"{share:.1g}"
    digit, exponent = f"{share:.0e}".split("e")
    power = "10" + str(int(exponent)).translate(SUPERSCRIPT)
    return power if digit == "1" else f"{digit}\u00b7{power}"


SUPERSCRIPT = str.maketrans(
    "-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
)


def kept_and_passed(kept, won):
    """Draw a table with a column for each initial bias and a row for each number of letters.

    `kept[bias]` has the share that the gates keep over 1, 2, ... letters before training, and
    `won[bias]` the shares of rounds that ten networks win after it, `{gap: [share, ...]}`.  Each
    cell is as dark as many networks pass.  A mark in each row is at the logarithm of its letters.
    """
    gaps = list(next(iter(won.values())))
    height, left, top = 3.1 * EM, 7.5 * EM, 4.2 * EM
    width = (WIDTH - left - 0.5 * EM) / len(won)
    d = Drawing(WIDTH, top + height * len(gaps) + 6.2 * EM)
    for y, words in ((1.2, "initial bias"), (2.7, "gate at first")):
        d.text(left - 0.7 * EM, y * EM, words, "end")
    d.text(left - 0.7 * EM, top - 0.1 * EM, "letters", "end", 0.93, GRAY)
    said = []
    for k, (bias, by_gap) in enumerate(won.items()):
        x, gate = left + (k + 0.5) * width, 1 / (1 + math.exp(-bias))
        d.text(x, 1.2 * EM, f"{bias:g}", "middle", color=ORANGE, font_weight="bold")
        d.text(x, 2.7 * EM, f"{gate:.{4 if bias > 5 else 2}f}", "middle", 0.93)
        for row, gap in enumerate(gaps):
            y, count = top + row * height, sum(share > 0.9 for share in by_gap[gap])
            color = "#{:02x}{:02x}{:02x}".format(*tint(count / len(by_gap[gap])))
            d.rect(x - width / 2, y, width, height, color, "white")
            d.text(x, y + 1.4 * EM, f"{count}", "middle", 1.2, font_weight="bold")
            share = share_in_words(kept[bias][gap - 1])
            d.text(x, y + 2.6 * EM, share, "middle", 0.93)
            said.append(f"bias {bias:g}, {gap} letters: {count}, {share}")
    for row, gap in enumerate(gaps):
        y = top + (row + 0.5) * height + 0.4 * EM
        d.text(left - 0.7 * EM, y, f"{gap}", "end", font_weight="bold")
        x, y = left + (math.log(gap) + 0.5) * width, top + row * height
        mark = [(x - 0.35 * EM, y), (x + 0.35 * EM, y), (x, y + 0.45 * EM)]
        d.path(mark, "none", fill="#222")
    d.rect(left, top, width * len(won), height * len(gaps), "none", GRAY)
    y = top + height * len(gaps) + 1.5 * EM
    d.text(left, y, "\u25c2 less is kept at first", color=ORANGE)
    words = "less is written at first \u25b8"
    d.text(left + width * len(won), y, words, "end", color=ORANGE)
    d.text(left, d.height - 2.9 * EM, "bold: how many of ten networks pass after 300 updates")
    d.text(
        left,
        d.height - 1.6 * EM,
        "below it: the share of a value that the gates keep over the letters, before training",
    )
    d.text(left, d.height - 0.3 * EM, "\u25be the logarithm of the number of letters")
    return d.picture(f"Networks that pass, and the share kept at first. {'; '.join(said)}.")


def one_round(players, rivals, gates_of, letters, update):
    """Draw one round as two networks read it, with the gates of one at each time step.

    `players` are a GRU after some numbers of updates, `gates_of(rnn, inputs)` its gates, and
    `rivals` a network without gates.  Below the gates stands how likely the right answer is if the
    question comes after each letter.
    """
    ids = [LETTERS.index(char) for char in letters.lower() if char in LETTERS][:41] or [0]
    inputs = one_hot(torch.tensor([[*ids, ASK]]).T, 9)  # (num_steps, 1, 9)
    with torch.no_grad():
        Z = gates_of(players[update].rnn, inputs)[:, 0]  # (num_steps, units)
    Z = Z[:, _by_gates(players[max(players)].rnn, gates_of)]
    d = Drawing(WIDTH, 30 * EM)
    left = 7.5 * EM
    column = (WIDTH - left - 6 * EM) / max(len(ids) + 1, 12)
    for t, i in enumerate([*ids, ASK]):
        look = {"font_weight": "bold"} if t in (0, len(ids)) else {}
        d.text(left + (t + 0.5) * column, 2.7 * EM, (LETTERS + "?")[i], "middle", **MONO, **look)
    width, height = column * (len(ids) + 1), 10.5 * EM
    d.text(left, 1.2 * EM, "to be held", color=ORANGE, size=0.93)
    d.text(left + max(width, 12.5 * EM), 1.2 * EM, "the question", "end", 0.93, ORANGE)
    d.pixels(left, 3.3 * EM, width, height, [[tint(z) for z in row] for row in Z.T.tolist()])
    d.rect(left, 3.3 * EM, width, height, "none", GRAY)
    for y, line in enumerate(("update gates", f"of {Z.shape[1]} units")):
        d.text(left - 0.6 * EM, (4.3 + 1.2 * y) * EM, line, "end", 0.93)
    _key(d, 0.4 * EM, 11 * EM, 5.4 * EM)
    d.text(left, 15.8 * EM, "probability of the right answer, if the question came next")
    axes = Axes(d, (left, 16.6 * EM, left + width, 25 * EM), (0, len(ids) + 1), (0, 1.05))
    numbers = {t - 0.5: str(t) for t in (1, 11, 21, 31, 41) if t <= len(ids)}
    axes.frame("letters read", "", numbers, {0: "0", 0.5: "0.5", 1: "1"})
    d.line(left, axes.y(1 / 8), left + width, axes.y(1 / 8), GRAY, 1.2, "2 3")
    ends, said = {"guessing": (1 / 8, GRAY)}, []
    rows = {"plain RNN": (rivals[update], 1, ORANGE), "GRU": (players[update], 0, PALETTE[0])}
    for name, (model, index, color) in rows.items():
        shares = _answers(model, inputs[:-1])
        right = shares[:, ids[0]].tolist()
        said.append(f"{name} {LETTERS[shares[-1, :ASK].argmax()]}")
        places = [t + 0.5 for t in range(len(ids))]
        axes.curve(places, right, index)
        for t, share in zip(places, right, strict=True):
            d.dot(axes.x(t), axes.y(share), PALETTE[index], 3)
        ends[name] = (right[-1], color)
    y = math.inf
    for name, (share, color) in sorted(ends.items(), key=lambda end: end[1][0]):
        y = min(axes.y(share) + 0.35 * EM, y - 1.25 * EM)
        look = {} if name == "guessing" else {"font_weight": "bold"}
        d.text(left + width + 0.4 * EM, y, name, size=0.93, color=color, **look)
    words = f"after {update} updates"
    d.text(WIDTH - EM, 29.6 * EM, words, "end", font_weight="bold")
    d.text(left, 29.6 * EM, f"answer at the end: {', '.join(said)}", font_weight="bold")
    told = ", ".join(f"{name} {ends[name][0]:.2f}" for name in ("GRU", "plain RNN"))
    return d.picture(
        f"A round of {len(ids)} letters, the first one {LETTERS[ids[0]]}, {words}. Probability of "
        f"the right answer at the end: {told}; answers: {', '.join(said)}. The mean "
        f"gate is {Z[0].mean():.2f} at the first letter and {Z[-2].mean():.2f} at the last."
    )


@torch.no_grad()
def _answers(model, inputs):
    """Return how likely each answer is if the question comes after each letter."""
    states = torch.cat(model.rnn(inputs)[0])  # as many states as letters
    asked, _ = model.forward_with_state(torch.full((len(inputs), 1), ASK), states)
    return asked[:, 0].softmax(-1)


@torch.no_grad()
def _by_gates(rnn, gates_of):
    """Return the units in an order: first those whose gates are lowest, over a hundred rounds."""
    X = torch.randint(8, (100, 42), generator=torch.Generator().manual_seed(0))
    return gates_of(rnn, one_hot(X.T, 9)).mean((0, 1)).argsort()


def _key(d, x, y, width):
    """Draw the colors of gates from 0 to 1."""
    d.pixels(x, y, width, 0.9 * EM, [[tint(k / 40) for k in range(41)]])
    d.rect(x, y, width, 0.9 * EM, "none", GRAY)
    d.text(x, y + 2.1 * EM, "0", size=0.93)
    d.text(x + width / 2, y + 2.1 * EM, "gate", "middle", 0.93)
    d.text(x + width, y + 2.1 * EM, "1", "end", 0.93)


def rows_of_dots(groups, guess=1 / 8, label_width=21):
    """Draw shares of rounds won as dots, `{heading: {label: [share, ...]}}`, one row a label.

    At the end of each row stands how many are above 0.9.
    """
    count = sum(map(len, groups.values())) + len(groups)
    d = Drawing(WIDTH, (1.75 * count + 5.4) * EM)
    left, right = label_width * EM, WIDTH - 6 * EM
    box = (left, 1.9 * EM, right, (1.75 * count + 2.4) * EM)
    axes = Axes(d, box, (0, 1), (0, 1))
    axes.frame("share of rounds won", "", {0: "0", 0.5: "0.5", 0.9: "0.9"}, {0: ""})
    d.line(axes.x(0.9), box[1], axes.x(0.9), box[3], PALETTE[0], 1.2, "2 3")
    d.line(axes.x(guess), box[1], axes.x(guess), box[3], GRAY, 1.2, "2 3")
    d.text(axes.x(guess), 1.3 * EM, "guessing", "middle", 0.93, GRAY)
    d.text(right + 0.7 * EM, 1.3 * EM, "passed", color=PALETTE[0], font_weight="bold")
    said, y = [], 1.4 * EM
    for heading, rows in groups.items():
        y += 1.75 * EM
        d.text(0, y + 0.35 * EM, heading, font_weight="bold")
        for label, found in rows.items():
            y += 1.75 * EM
            d.text(left - 0.9 * EM, y + 0.35 * EM, label, "end")
            for j, share in enumerate(found):
                height = y + 0.1 * EM * (j - (len(found) - 1) / 2)
                d.dot(axes.x(share), height, PALETTE[0] + "bb", 3.6)
            words = f"{sum(share > 0.9 for share in found)} of {len(found)}"
            d.text(right + 0.7 * EM, y + 0.35 * EM, words, color=PALETTE[0], font_weight="bold")
            said.append(f"{heading}, {label}: {words}")
    return d.picture("Networks that win more than 0.9 of the rounds. " + "; ".join(said) + ".")


def answers_drawn(rows):
    """Draw what is answered as bars, `{label: (right, the other letter or None)}`."""
    d = Drawing(WIDTH, (3.5 * len(rows) + 1.8) * EM)
    width, said, y = WIDTH - 2, [], 0.2 * EM
    for label, (won, other) in rows.items():
        d.text(1, y + 1.1 * EM, label)
        y += 1.5 * EM
        parts = [("right", won, PALETTE[0], "white")]
        if other is not None:
            parts.append(("theirs", other, "#F0B27A", "#222"))
        d.rect(1, y, width, 1.6 * EM, "#eee", "#bbb")
        x = 1
        for name, share, fill, color in parts:
            d.rect(x, y, share * width, 1.6 * EM, fill)
            words = f"{name} {share:.2f}"
            words = words if 0.55 * EM * len(words) < share * width else f"{share:.2f}"
            look = {"font_weight": "bold"} if x > 1 and share > 0.5 else {}
            d.text(x + share * width / 2, y + 1.15 * EM, words, "middle", 1, color, **look)
            x += share * width
            said.append(f"{label}: {name} {share:.2f}")
        if x < WIDTH - 6 * EM:
            d.text((x + WIDTH) / 2, y + 1.15 * EM, "other answers", "middle", 0.93, GRAY)
        y += 2 * EM
    words = "shares of the answers, in ten networks; theirs: the first letter of those rounds"
    d.text(1, d.height - 0.5 * EM, words, color=GRAY)
    return d.picture("Shares of the answers. " + "; ".join(said) + ".")


def distances_drawn(kinds):
    """Draw two values after each letter, and their distance, `{gate: (values, values)}`."""
    d = Drawing(WIDTH, 33 * EM)
    last = len(next(iter(kinds.values()))[0])
    box = (5.5 * EM, 14.2 * EM, WIDTH - 13.5 * EM, 30 * EM)
    axes = Axes(d, box, (0.2, last), (-14, 0.6))
    heights = {-k: "1" if k == 0 else share_in_words(10.0**-k) for k in range(0, 13, 3)}
    axes.frame("letters read", "", {k: str(k) for k in (1, 11, 21, 31, 41)}, heights)
    d.text(box[0], 13 * EM, "their distance")
    words = "the two values, with a first candidate of 0.8 (solid) and of -0.8 (dashed)"
    d.text(box[0], 1.2 * EM, words)
    width, said = (WIDTH - box[0] - EM) / len(kinds), []
    for index, (kind, pair) in enumerate(kinds.items()):
        look = {"color": PALETTE[index], "font_weight": "bold"}
        left = box[0] + index * width
        panel = (left, 3.6 * EM, left + width - 2 * EM, 10 * EM)
        small = Axes(d, panel, (0.2, last), (-0.9, 0.9))
        ticks = {-0.8: "-0.8", 0: "0", 0.8: "0.8"}
        small.frame("", "", {1: "1", 41: "41"}, ticks if index == 0 else dict.fromkeys(ticks, ""))
        d.text(left, 2.7 * EM, kind, **look)
        for values, dash in zip(pair, ("none", "5 3"), strict=True):
            d.path(small.points(range(1, last + 1), values), PALETTE[index], 1.8, dash)
        distances = [abs(one - other) for one, other in zip(*pair, strict=True)]
        logs = [math.log10(value) for value in distances]
        axes.curve(range(1, last + 1), logs, index)
        d.dot(axes.x(1), axes.y(logs[0]), PALETTE[index], 5)
        first, end = share_in_words(distances[0]), share_in_words(distances[-1])
        y = axes.y(logs[-1]) - (0.9 * EM if index == 0 else 0)
        d.text(box[2] + 0.6 * EM, y + 0.3 * EM, kind, **look)
        d.text(box[2] + 0.6 * EM, y + 1.6 * EM, f"{first}, then {end}", color=PALETTE[index])
        said.append(f"{kind}: {first}, then {end}")
    return d.picture(f"Distances, from the first letter to the last. {'; '.join(said)}.")


def gradients_drawn(before, after, passed, gap=40):
    """Draw how far gradients go back, `{kind: [share at 0, 1, ... time steps back]}`.

    On the left before training, and on the right in it; the first letter of a round is `gap + 1`
    time steps back.  With each kind stands how many of ten networks pass the game, `passed[kind]`.
    """
    d = Drawing(WIDTH, 23.5 * EM)
    left = (4.6 * EM, 3.6 * EM, 19 * EM, 20.4 * EM)
    right = (33.6 * EM, left[1], 43.8 * EM, left[3])
    heights = {-k: "1" if k == 0 else share_in_words(10.0**-k) for k in range(0, 10, 3)}
    looks = {
        kind: (GRAY, "14 3") if index == 4 else (PALETTE[index], DASHES[index])
        for index, kind in enumerate(before)
    }
    for box, kinds, words in (
        (left, before, "before training"),
        (right, after, "after 50 updates"),
    ):
        axes = Axes(d, box, (0, gap + 1), (-10, 0.4))
        xs = {k: str(k) for k in range(0, 41, 20)}
        axes.frame("", "", xs, heights if box == left else dict.fromkeys(heights, ""))
        d.text(box[0], 2.9 * EM, words, font_weight="bold")
        d.line(box[2], box[1], box[2], box[3], GRAY, 1.2, "2 3")
        d.text(box[2] - 0.4 * EM, box[3] - 0.6 * EM, "first letter", "end", 0.93, GRAY)
        labels = []
        for kind, shares in kinds.items():
            logs = [math.log10(share) for share in shares[: gap + 2]]
            d.path(axes.points(range(gap + 2), logs), looks[kind][0], 2.2, looks[kind][1])
            labels.append([axes.y(logs[-1]), kind])
        labels.sort()
        for one, other in pairwise(labels):
            other[0] = max(other[0], one[0] + 1.45 * EM)
        for y, kind in labels:
            x = box[2] + 0.6 * EM
            color = "#9C4A78" if looks[kind][0] == PALETTE[3] else looks[kind][0]
            d.text(x, y + 0.35 * EM, kind, color=color)
            if box == left:
                words = f"{passed[kind]} of 10"
                d.text(27.2 * EM, y + 0.35 * EM, words, font_weight="bold")
    d.text(0, 1.2 * EM, "length of the gradient, as a share of that at the question mark")
    d.text(27.2 * EM, 2.9 * EM, "passed", font_weight="bold")
    d.text(left[0], d.height - 0.4 * EM, "time steps back from the question mark")
    said = [
        f"{kind} {share_in_words(shares[gap + 1])}, {passed[kind]} of 10 pass"
        for kind, shares in before.items()
    ]
    later = [f"{kind} {share_in_words(shares[gap + 1])}" for kind, shares in after.items()]
    return d.picture(
        f"Lengths of gradients before training, {gap + 1} time steps back: {'; '.join(said)}. "
        f"After 50 updates: {'; '.join(later)}."
    )


def passed_later(rows):
    """Draw how many of ten networks pass after 300 and after 1,200 updates, `{label: (n, m)}`."""
    d = Drawing(WIDTH, (2.1 * len(rows) + 6.1) * EM)
    box = (21 * EM, 2.6 * EM, WIDTH - 2 * EM, (2.1 * len(rows) + 2.8) * EM)
    axes, said = Axes(d, box, (-0.4, 10.4), (0, 1)), []
    xs = {k: str(k) for k in range(0, 11, 2)}
    axes.frame("how many of ten networks pass", "", xs, {0: ""})
    for row, (label, (early, late)) in enumerate(rows.items()):
        y = box[1] + (2.1 * row + 1) * EM
        d.text(box[0] - 0.8 * EM, y + 0.35 * EM, label, "end")
        ends = [axes.x(early), axes.x(late)]
        if row == 0:
            d.text(ends[0], 1.3 * EM, "after 300 updates", "start", 1, ORANGE)
            d.text(ends[1] + EM, 1.3 * EM, "after 1,200 updates", "end", 1, PALETTE[0])
        side = 1 if late > early else -1
        _wire(d, (ends[0], y), (ends[1] - side * 7, y))
        d.add("circle", cx=ends[0], cy=y, r=5, fill="white", stroke=ORANGE, stroke_width=2.2)
        d.dot(ends[1], y, PALETTE[0], 6)
        said.append(f"{label}: {early}, then {late}")
    return d.picture(f"Networks that pass, after 300 and 1,200 updates. {'; '.join(said)}.")


def perplexities_drawn(kinds, notes=(), limits=(4, 5.4)):
    """Draw perplexities as dots, `{kind: {rate: [loss, ...]}}`, with a note at some kinds."""
    d = Drawing(WIDTH, (2.3 * len(kinds) + 6.1) * EM)
    box = (17 * EM, 2.4 * EM, WIDTH - EM, (2.3 * len(kinds) + 2.8) * EM)
    axes, said = Axes(d, box, limits, (0, 1)), []
    rates = list(next(iter(kinds.values())))
    axes.frame("perplexity (smaller is better)", "", None, {0: ""})

    def mark(k, x, y):
        if k:
            d.add("circle", cx=x, cy=y, r=4, fill="none", stroke=ORANGE, stroke_width=2)
        else:
            d.dot(x, y, PALETTE[0] + "cc", 4.6)

    for k, rate in enumerate(rates):
        x = box[0] + (1 + 13 * k) * EM
        mark(k, x, 0.95 * EM)
        d.text(x + 0.8 * EM, 1.3 * EM, f"learning rate {rate}", color=(PALETTE[0], ORANGE)[k])
    for row, (kind, by_rate) in enumerate(kinds.items()):
        y, told = box[1] + (2.3 * row + 1.2) * EM, []
        d.text(box[0] - 0.8 * EM, y + 0.35 * EM, kind, "end")
        if row:
            d.line(box[0], y - 1.15 * EM, box[2], y - 1.15 * EM, "#ddd")
        for k, rate in enumerate(rates):
            if rate not in by_rate:
                continue
            values = sorted(math.exp(loss) for loss in by_rate[rate])
            for j, value in enumerate(values):
                mark(k, axes.x(value), y + (0.9 * k - 0.45 + 0.15 * (j - 1)) * EM)
            told.append(f"{rate}: " + " ".join(f"{value:.2f}" for value in values))
        if kind in dict(notes):
            last = axes.x(max(math.exp(loss) for losses in by_rate.values() for loss in losses))
            _wire(d, (last + 3.2 * EM, y), (last + 0.8 * EM, y))
            d.text(last + 3.6 * EM, y + 0.35 * EM, dict(notes)[kind], font_weight="bold")
        said.append(f"{kind}, {'; '.join(told)}")
    return d.picture(f"Perplexities by learning rate. {'. '.join(said)}.")


def resets_drawn(text, gates):
    """Draw the mean reset gate at each character of a text as a bar."""
    d = Drawing(WIDTH, 14 * EM)
    box = (3 * EM, 2.4 * EM, WIDTH - EM, 11 * EM)
    axes = Axes(d, box, (0, len(text)), (0, 0.6))
    axes.frame("", "", {0: ""}, {0: "0", 0.2: "0.2", 0.4: "0.4", 0.6: "0.6"})
    d.text(box[0], 1.2 * EM, "mean reset gate of all units at each character")
    for k, (char, gate) in enumerate(zip(text, gates, strict=True)):
        left, y = axes.x(k + 0.1), axes.y(gate)
        color = ORANGE if char == " " else PALETTE[0]
        d.rect(left, y, axes.x(k + 0.9) - left, box[3] - y, color)
        shown = "\u2423" if char == " " else char
        d.text(axes.x(k + 0.5), 12.2 * EM, shown, "middle", 0.93, color, **MONO)
    d.text(box[2], 13.6 * EM, "\u2423 space", "end", 0.93, ORANGE)
    means = [
        sum(found) / max(len(found), 1)
        for found in (
            [gate for char, gate in zip(text, gates, strict=True) if (char == " ") == at]
            for at in (True, False)
        )
    ]
    return d.picture(
        f"The mean reset gate at each character of: {text}. At spaces, it is {means[0]:.2f}, and "
        f"elsewhere {means[1]:.2f}, in the mean."
    )


def losses_on_the_book(kinds, enough=8):
    """Draw the loss after k characters, `{kind: {k: [loss, ...]}}`, on a line through the means.

    A dotted line marks the mean of "own states": the losses with all characters before.
    """
    d = Drawing(WIDTH, 25 * EM)
    ks = [k for k in next(iter(kinds.values())) if k.isdigit()]
    values = [loss for found in kinds.values() for losses in found.values() for loss in losses]
    box = (5 * EM, 2.4 * EM, WIDTH - 7.5 * EM, 22 * EM)
    limits = (min(values) - 0.1, max(values) + 0.05)
    axes = Axes(d, box, (0, int(ks[-1]) + 0.6), limits)
    axes.frame("characters read", "", {int(k): k for k in ks})
    said = []
    for index, (kind, found) in enumerate(kinds.items()):
        means = {k: sum(losses) / len(losses) for k, losses in found.items()}
        places, middles = [int(k) for k in ks], [means[k] for k in ks]
        axes.curve(places, middles, index)
        for k, place in zip(ks, places, strict=True):
            for value in found[k]:
                d.dot(axes.x(place), axes.y(value), PALETTE[index], 3)
        whole = axes.y(means["own states"])
        d.line(box[0], whole, box[2], whole, PALETTE[index], 1.4, "2 3")
        y = axes.y(middles[-1]) + 0.35 * EM
        d.text(box[2] + 0.5 * EM, y, kind, color=PALETTE[index], font_weight="bold")
        told = [f"{means[k]:.2f} at {k}" for k in ks]
        said.append(f"{kind}: {', '.join(told)}, {means['own states']:.2f} with all")
    lowest = min(sum(found["own states"]) / len(found["own states"]) for found in kinds.values())
    d.text(
        axes.x(1), axes.y(lowest) + 1.2 * EM, "dotted: after the whole text", size=0.93, color=GRAY
    )
    d.text(box[0], 1.2 * EM, "loss at the next character, in nats: three networks each, and means")
    x = axes.x(enough)
    highest = max(loss for found in kinds.values() for loss in found[str(enough)])
    d.text(x, axes.y(highest) - 4.4 * EM, "eight characters are", "middle")
    d.text(x, axes.y(highest) - 3.1 * EM, "as good as all", "middle")
    _wire(d, (x, axes.y(highest) - 2.6 * EM), (x, axes.y(highest) - 0.7 * EM))
    return d.picture(f"Loss by the characters read, mean of three. {'; '.join(said)}.")


def _wire(d, *points, width=1.6, color=GRAY, arrow=True):
    """Draw a line through these points, with an arrow at its end."""
    d.path(points, color, width)
    if arrow:
        (x0, y0), (x1, y1) = points[-2:]
        length = math.hypot(x1 - x0, y1 - y0)
        ux, uy, size = (x1 - x0) / length, (y1 - y0) / length, 6 + width
        base = (x1 - size * ux, y1 - size * uy)
        wing = (-0.45 * size * uy, 0.45 * size * ux)
        corners = [(x1, y1), (base[0] + wing[0], base[1] + wing[1])]
        d.path([*corners, (base[0] - wing[0], base[1] - wing[1])], "none", fill=color)


def _box(d, x, y, name, function, color, width=112):
    d.rect(x - width / 2, y - 24, width, 48, "white", color)
    d.text(x, y - 5, name, "middle", 0.98, color, font_weight="bold")
    d.text(x, y + 14, function, "middle", 0.9)


def _node(d, x, y, sign):
    d.add("circle", cx=x, cy=y, r=13, fill="white", stroke="#222", stroke_width=1.8)
    d.text(x, y + 6, sign, "middle", 1.25)


def _joint(d, x, y):
    d.dot(x, y, GRAY, 3.2)


def _risers(d, x, top, buses):
    """Lead the state and the input up into a box, from the heights of their lines."""
    for shift, y in zip((-20, 20), buses, strict=True):
        _joint(d, x + shift, y)
        _wire(d, (x + shift, y), (x + shift, top))


def _memory(d, top, name):
    """Draw the path of the memory, from its old value to the new one."""
    _wire(d, (75, top), (680, top), width=4, color=PALETTE[0])
    d.text(66, top + 5, f"old {name}", "end", 1.05, PALETTE[0], font_weight="bold")
    d.text(688, top + 5, f"new {name}", "start", 1.05, PALETTE[0], font_weight="bold")


def gru_drawn():
    """Draw one time step of a GRU, with all that its gates and its candidate read."""
    d = Drawing(WIDTH, 310)
    top, mid, state, given = 50, 165, 245, 282
    green = PALETTE[2]
    _memory(d, top, "H")
    _joint(d, 100, top)
    _wire(d, (100, top), (100, state), (442, state))
    d.rect(376, state - 14, 46, 28, "white", "#222")
    d.text(399, state + 5, "W\u2095\u2095", "middle", 1)
    d.text(66, given + 5, "X", "end", 1.05, "#222", font_weight="bold")
    _wire(d, (75, given), (620, given), (620, mid + 25))
    for x in (190, 340):
        _risers(d, x, mid + 25, (state, given))
    _wire(d, (190, mid - 24), (190, top + 14), color=green)
    _joint(d, 190, 105)
    _wire(d, (190, 105), (587, 105), color=green)
    d.text(390, 98, "1 \u2212 Z", "middle", 1.0, green)
    _wire(d, (402, mid), (455, mid), (455, state - 14), color=green)
    _wire(d, (468, state), (580, state), (580, mid + 25))
    _wire(d, (600, mid - 24), (600, 119), color=ORANGE)
    _wire(d, (600, 92), (600, top + 14), color=ORANGE)
    _box(d, 190, mid, "update gate Z", "sigmoid", green, 132)
    _box(d, 340, mid, "reset gate R", "sigmoid", green, 124)
    _box(d, 600, mid, "candidate", "tanh", ORANGE)
    d.text(395, top - 14, "no matrix on the path of the memory", "middle", 1, PALETTE[0])
    for x, y, sign in ((190, top, "\u00d7"), (600, 105, "\u00d7"), (600, top, "+")):
        _node(d, x, y, sign)
    _node(d, 455, state, "\u00d7")
    return d.picture(
        "One time step of a GRU. The old H runs through a product with Z and a sum to the new H. "
        "Z, R, and the candidate read X and the old H; R multiplies the product of the old H and "
        "W_hh on its way into the candidate, and 1 - Z multiplies the candidate."
    )


def lstm_drawn():
    """Draw one time step of an LSTM, with all that its gates and its candidate read."""
    d = Drawing(WIDTH, 310)
    top, mid, state, given = 50, 165, 245, 282
    green = PALETTE[2]
    _memory(d, top, "C")
    d.text(66, state + 5, "old H", "end", 1.05, "#222", font_weight="bold")
    d.text(66, given + 5, "X", "end", 1.05, "#222", font_weight="bold")
    places = {"forget gate F": 140, "input gate I": 273, "candidate": 406, "output gate O": 537}
    last = places["output gate O"]
    _wire(d, (75, state), (last - 20, state), arrow=False)
    _wire(d, (75, given), (last + 20, given), arrow=False)
    for name, x in places.items():
        _risers(d, x, mid + 25, (state, given))
        color = ORANGE if name == "candidate" else green
        _box(d, x, mid, name, "tanh" if name == "candidate" else "sigmoid", color, 122)
    _wire(d, (140, mid - 24), (140, top + 14), color=green)
    _wire(d, (273, mid - 24), (273, 105), (392, 105), color=green)
    _wire(d, (406, mid - 24), (406, 119), color=ORANGE)
    _wire(d, (406, 92), (406, top + 14), color=ORANGE)
    _joint(d, 635, top)
    _wire(d, (635, top), (635, mid - 14))
    d.rect(608, 88, 54, 28, "white", "#222")
    d.text(635, 107, "tanh", "middle", 0.95)
    _wire(d, (598, mid), (621, mid), color=green)
    _wire(d, (648, mid), (683, mid))
    d.text(690, mid + 5, "new H", "start", 1.05, "#222", font_weight="bold")
    d.text(273, top - 14, "no matrix on this path", "middle", 1, PALETTE[0])
    for x, y, sign in ((140, top, "\u00d7"), (406, 105, "\u00d7"), (406, top, "+")):
        _node(d, x, y, sign)
    _node(d, 635, mid, "\u00d7")
    return d.picture(
        "One time step of an LSTM. The old C runs through a product with F and a sum, which adds I "
        "times the candidate, to the new C. The new H is O times the tanh of the new C. All gates "
        "and the candidate read X and the old H."
    )
