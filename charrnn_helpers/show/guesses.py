"""Games of Shannon's that are over: two beside each other, and what the guesses are worth."""

import math
import textwrap

import torch

from charrnn_helpers.show.figures import interval, with_reader
from charrnn_helpers.show.game import warm
from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing

BAND = PALETTE[2] + "33"
# A game from Shannon, "Prediction and Entropy of Printed English" (1951)
SENTENCE = (
    "there is no reverse on a motorcycle a friend of mine found this out "
    "rather dramatically the other day "
)
READER = [
    *[1, 1, 1, 5, 1, 1, 2, 1, 1, 2, 1, 1, 15, 1, 17, 1, 1, 1, 2, 1, 3, 2, 1, 2, 2, 7],
    *[1, 1, 1, 1, 4, 1, 1, 1, 1, 1, 3, 1, 8, 6, 1, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    *[6, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 4, 1, 1, 1, 1, 1, 1, 11, 5],
    *[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 6, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
]


@torch.no_grad()
def numbers_of(model, vocab, text):
    """Return the numbers of guesses of a model that reads a space, and then the text."""
    logits = model(vocab.encode(" " + text)[None, :-1])[0]
    logits[:, vocab.unk] = -math.inf  # nobody guesses <unk>
    came = logits.gather(1, vocab.encode(text)[:, None])
    return (1 + (logits > came).sum(dim=1)).tolist()


def two_games(sentence, games):
    """Draw a sentence, and below each character the numbers of guesses in games `{name: numbers}`.

    The darker a number, the more guesses it took.
    """
    lines = [line + " " for line in textwrap.wrap(sentence, 36)]
    d = Drawing(WIDTH, 0)
    em, left = d.em, 5.2 * d.em
    column, high = (WIDTH - left - 0.5 * em) / max(map(len, lines)), (1.9 + 1.75 * len(games)) * em
    d.height = round(len(lines) * (high + 0.9 * em) + 2.3 * em)
    start, spelled = 0, []
    for k, line in enumerate(lines):
        top = 0.6 * em + k * (high + 0.9 * em)
        middles = [left + (t + 0.5) * column for t in range(len(line))]
        xs = " ".join(f"{x:.1f}" for x in middles)
        d.text(xs, top + em, "".join(map(visible, line)), "middle", 1.1, font_weight="bold", **MONO)
        for row, (name, numbers) in enumerate(games.items()):
            y = top + (2.7 + 1.75 * row) * em
            d.text(left - 0.5 * em, y, name, "end", 0.93)
            for x, number in zip(middles, numbers[start : start + len(line)], strict=True):
                d.rect(x - column / 2, y - 1.15 * em, column - 1, 1.55 * em, warm(number), "#ddd")
                d.text(x, y, str(number), "middle", 0.85, "#555" if number == 1 else "#111")
        start += len(line)
    for k, (name, numbers) in enumerate(games.items()):
        words = f"{name}: {numbers.count(1)} of {len(numbers)} at the first guess"
        x = left + k * (WIDTH - left) / len(games)
        d.text(x, d.height - 0.8 * em, words, font_weight="bold")
        spelled.append(f"{words}; {', '.join(map(str, numbers))}")
    return d.picture(f"The numbers of guesses for {sentence!r}. {'. '.join(spelled)}.")


def slabs(shares):
    """Draw the shares of the numbers of guesses as a staircase, cut into slabs: fair dice."""
    d = Drawing(WIDTH, 280)
    em, spelled = d.em, []
    s = [*sorted(shares, reverse=True), 0.0]
    box = (4 * em, em, WIDTH - em, 280 - 3.2 * em)
    axes = Axes(d, box, (0.5, 2 * len(shares)), (0, math.ceil(10 * s[0]) / 10))
    axes.frame("number of guesses", "share", {k: str(k) for k in range(1, len(s))})
    for k in range(1, len(s)):
        weight, color = k * (s[k - 1] - s[k]), PALETTE[len(spelled) % 3]
        if weight < 1e-9:
            continue
        x, y = axes.x(k + 0.5), axes.y(s[k - 1])
        d.rect(box[0], y, x - box[0], axes.y(s[k]) - y, color + "44", color)
        for face in range(1, k):  # the faces of the die
            d.line(axes.x(face + 0.5), y, axes.x(face + 0.5), axes.y(s[k]), color, 1, "2 3")
        bits = f"{math.log2(k):.0f}" if k & (k - 1) == 0 else f"{math.log2(k):.2f}"
        name = "1 face" if k == 1 else f"{k} faces"
        words = f"{name}: {bits} bit{'s' * (k != 2)}, for {100 * weight:.0f}% of the characters"
        d.text(x + 0.6 * em, (y + axes.y(s[k])) / 2 + 0.35 * em, words)
        spelled.append(words)
    return d.picture(f"The shares of the numbers of guesses, cut into dice: {'; '.join(spelled)}.")


def board(losses, estimate=None, others=None, title=""):
    """Draw losses in nats on an axis of bits, with the best at the bottom.

    A loss is a dot, an interval (low, high) is a bar, and (loss, (low, high)) is both.  A bar
    without a dot is dashed, because it comes from a single short game.  `estimate` is a band.
    `others` are losses on another text, below a title of their own, and so is the reader's own.
    """
    rows, own = _sorted(losses), with_reader({})
    if others:
        rows += [(title, None), *_sorted(others)]
    if own:
        rows += [("on your passage:", None), *own.items()]
    d, row = Drawing(WIDTH, 0), 31
    em, top = d.em, 3.6 * d.em
    first = top + (1.9 * em if estimate else 0)
    d.height = round(first + row * len(rows) + 3.4 * em)
    box = (12.8 * em, top, WIDTH - 5.5 * em, first + row * len(rows))
    axes = Axes(d, box, (0, 5), (0, 1))
    if estimate:
        left, right = map(axes.x, estimate)
        d.rect(left, top, right - left, box[3] - top, BAND)
        words = f"Shannon's estimate for English: {estimate[0]} to {estimate[1]}"
        d.text(right + 0.5 * em, top + 1.4 * em, words, size=0.93, color="#00664B")
    axes.frame("bits per character (lower is better)", "", yticks={0: ""})
    for k in range(6):
        x = axes.x(k)
        d.line(x, top, x, box[3], "#ddd")
        d.text(x, top - 0.5 * em, str(2**k), "middle")
    d.text((box[0] + box[2]) / 2, top - 2 * em, "perplexity", "middle")
    spelled = []
    for k, (name, loss) in enumerate(rows):
        y, own = first + (k + 0.5) * row, name.startswith("you, ")
        if loss is None:  # a title
            d.line(box[0], y - row / 2, box[2], y - row / 2, "#888")
            d.text(box[0] - 0.6 * em, y + 5, name, "end", 0.93, "#555")
            spelled.append(name)
            continue
        color, weight = PALETTE[1 if own else 0], "bold" if own else "normal"
        middle, ends = _parts(loss)
        d.text(box[0] - 0.6 * em, y + 5, name, "end", font_weight=weight)
        said, reach = [], []
        if ends:
            x, x2 = axes.x(ends[0]), axes.x(ends[1])
            d.rect(x, y - 7, x2 - x, 14, color + "44", color if middle is not None else "none")
            if middle is None:
                corners = [(x, y - 7), (x2, y - 7), (x2, y + 7), (x, y + 7), (x, y - 7)]
                d.path(corners, color, 1.2, "4 3")
            said, reach = [f"{ends[0]:.1f} to {ends[1]:.1f}"], [x2]
        if middle is not None:
            d.dot(axes.x(middle), y, color, 5)
            said, reach = [f"{middle:.2f}", *said], [*reach, axes.x(middle)]
        d.text(max(reach) + 0.7 * em, y + 5, said[0], size=0.93)
        spelled.append(f"{name} {' in '.join(said)}")
    words = f" Shannon's estimate: {estimate[0]} to {estimate[1]}." if estimate else ""
    return d.picture(f"Bits per character: {', '.join(spelled)}.{words}")


def _sorted(losses):
    """Return the items of losses, with the best at the end."""
    return sorted(losses.items(), key=lambda item: -_ends(item[1])[-1])


def _ends(loss):
    """Return the number or the two numbers by which a row has its place."""
    return interval(loss[0] if isinstance(loss, tuple) and isinstance(loss[1], tuple) else loss)


def _parts(loss):
    """Return the dot and the two ends of the bar of a loss, in bits; what is missing is None."""
    if not isinstance(loss, tuple):
        return loss / math.log(2), None
    if isinstance(loss[1], tuple):
        return loss[0] / math.log(2), [end / math.log(2) for end in loss[1]]
    return None, [end / math.log(2) for end in loss]
