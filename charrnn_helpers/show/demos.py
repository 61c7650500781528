"""The interactive figures; each is a pure function of its arguments that returns a Picture.

The notebooks show a Picture as it is, or put sliders around the function with `explore`.
"""

import math
import textwrap
import zlib

import torch

from charrnn_helpers.data import preprocess
from charrnn_helpers.model import evaluating, one_hot
from charrnn_helpers.sampling import next_probs, sample, warm_up
from charrnn_helpers.show.style import DASHES, PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing


def _chart(height, top, xlim, ylim, left=5.0, right=1.0):
    """Return a drawing and the axes in it; the margins are in units of the height of text."""
    d = Drawing(WIDTH, height)
    box = (left * d.em, top * d.em, WIDTH - right * d.em, height - 3 * d.em)
    return d, Axes(d, box, xlim, ylim)


def continuation(model, vocab, beginning, temperature):
    """Draw how the model continues a beginning: 200 characters, in lines of at most 48.

    Above them are the five likeliest next characters, with their probabilities.  Each
    beginning has random numbers of its own.
    """
    kept = "".join(char for char in preprocess(beginning) if char in vocab.token_to_idx) or " "
    generator = torch.Generator().manual_seed(zlib.crc32(kept.encode()))
    with evaluating(model), torch.inference_mode():  # once, and not for each character
        written = sample(model, kept, 200, vocab, temperature, generator=generator)
    em, lines = Drawing(0, 0).em, textwrap.wrap(written, 48)
    d = Drawing(WIDTH, 18 * em)
    d.text(em, 1.4 * em, "the likeliest next characters", color="#555")
    logits, _ = warm_up(model, kept, vocab)
    highest = next_probs(logits, temperature).topk(5)
    likeliest = [(visible(vocab.idx_to_token[i]), p) for p, i in zip(*highest, strict=True)]
    for k, (char, p) in enumerate(likeliest):
        x, wide = em + 0.19 * WIDTH * k, 0.17 * WIDTH
        d.text(x, 3.2 * em, char, size=1.25, font_weight="bold", **MONO)
        d.text(x + 1.6 * em, 3.2 * em, f"{p:.2f}")
        d.rect(x, 3.8 * em, wide, 0.7 * em, "#eee")
        d.rect(x, 3.8 * em, wide * p.item(), 0.7 * em, "#555")
    d.text(em, 6.4 * em, f"written at temperature {temperature:g}", color="#555")
    for k, line in enumerate(lines[:6]):
        given = min(len(kept), len(line)) if k == 0 else 0  # the beginning, as far as it is here
        y, style = (8.4 + 1.8 * k) * em, {"size": 1.25} | MONO
        rest = line[given:].lstrip()
        d.text(em, y, line[:given], color="#666", **style)
        d.text((1 + 0.7525 * (len(line) - len(rest))) * em, y, rest, **style)
    spoken = ", ".join(f"{char} {p:.2f}" for char, p in likeliest)
    return d.picture(f"The likeliest next characters are {spoken}. The network writes: {written}")


def shade(value):
    """Return a color for a value from -1 (blue) through 0 (white) to 1 (orange)."""
    ends = (230, 159, 0) if value > 0 else (0, 64, 107)
    part = min(abs(value), 1.0)
    return tuple(round(255 + (end - 255) * part) for end in ends)


@torch.no_grad()
def unit_text(model, vocab, text, unit, limit=-0.97):
    """Draw a text, shaded by one hidden unit after each character: blue at -1, orange at 1.

    Below a character is the sign of a value beyond one half.  A frame marks the characters at
    which the unit is below the limit.
    """
    outputs, _ = model.rnn(one_hot(vocab.encode(text).unsqueeze(1), len(vocab)))
    values = torch.cat(outputs)[:, unit].tolist()
    lines = range(0, len(text), 48)
    em, column = Drawing(0, 0).em, WIDTH / 50
    d = Drawing(WIDTH, (3.4 + 2.6 * len(lines)) * em)
    d.text(column, 1.5 * em, f"unit {unit}")
    shades = [[shade(0.45 * (k / 20 - 1)) for k in range(41)]]
    left = 16 * em
    d.text(left - 0.6 * em, 1.5 * em, "\u22121", "end")
    d.pixels(left, 0.5 * em, 8 * em, 1.3 * em, shades)
    d.rect(left, 0.5 * em, 8 * em, 1.3 * em, "none", "#999")
    d.text(left + 8.6 * em, 1.5 * em, "1")
    d.rect(left + 14 * em, 0.5 * em, column, 1.3 * em, "none", "#222")
    words = f"it fires: below {limit}".replace("-", "\u2212")
    d.text(left + 15 * em + column, 1.5 * em, words)
    for row, start in enumerate(lines):
        y, piece = (3 + 2.6 * row) * em, text[start : start + 48]
        here = values[start : start + 48]
        shades = [[shade(0.45 * value) for value in here]]
        d.pixels(column, y, len(piece) * column, 1.7 * em, shades)
        for k, value in enumerate(here):
            if value < limit:
                d.rect(
                    (k + 1) * column + 0.7, y + 0.7, column - 1.4, 1.7 * em - 1.4, "none", "#222"
                )
        signs = ["+" if value > 0 else "\u2212" for value in here]
        far = [k for k, value in enumerate(here) if abs(value) > 0.5]
        letters = [k for k, char in enumerate(piece) if char != " "]
        for line, places, low, size in ((piece, letters, 1.2, 1), (signs, far, 2.5, 0.85)):
            if places:  # one element for many letters, each at its own place
                xs = " ".join(f"{(k + 1.5) * column:.1f}" for k in places)
                d.text(xs, y + low * em, "".join(line[k] for k in places), "middle", size, **MONO)
    return d.picture(f"The text {text[:40]!r}, shaded by unit {unit}.")


def two_opinions(vocab, passage, network, counting, position, weight, before=""):
    """Draw what a network, a counting model, and their mixture expect at one position of a passage.

    `network` and `counting` hold a distribution (a list) for each character of the passage, which
    stands after the text `before`.  The axis is logarithmic and begins at 0.0001.
    """
    first, second, came = network[position], counting[position], vocab[passage[position]]
    mixed = [weight * p + (1 - weight) * q for p, q in zip(first, second, strict=True)]
    shown = "".join(map(visible, (before + passage[:position])[-50:]))
    d, axes = _chart(350, 6.2, (0, len(vocab)), (-4, 0), left=4.5)
    d.text(0.5 * d.em, 1.3 * d.em, f"{shown}\u25a2", **MONO)
    order = sorted(range(len(vocab)), key=lambda i: -max(first[i], second[i]))
    names = {k + 0.5: visible(vocab.idx_to_token[i]) for k, i in enumerate(order)}
    powers = {k: f"{10.0**k:g}" for k in range(-4, 1)}
    axes.frame("next character", "probability", names, powers)
    for k, i in enumerate(order):
        if i == came:
            d.rect(*_between(axes, k + 0.05, k + 0.95, 0), PALETTE[3] + "55")
        d.rect(*_between(axes, k + 0.2, k + 0.8, _power(mixed[i])), PALETTE[2])
        for index, p in enumerate((first, second)):
            if p[i] > 1e-4:
                ends = axes.points((k + 0.05, k + 0.95), (_power(p[i]), _power(p[i])))
                d.path(ends, PALETTE[index], 3, DASHES[index])
    char = visible(passage[position])
    d.text(0.5 * d.em, 3.1 * d.em, f"{char} came. Surprisal in bits:", size=0.93)
    models = {"LSTM 640 (lines)": first, "7-gram (dashed)": second, "mixture (bars)": mixed}
    values = [
        f"{name} {-math.log2(p[came]):.2f}" if p[came] > 1e-5 else f"{name} over 13"
        for name, p in models.items()
    ]
    for k, value in enumerate(values):
        d.text((0.5 + 17 * k) * d.em, 4.7 * d.em, value, color=PALETTE[k])
    return d.picture(f"At {shown!r}, {char} came; surprisal in bits: {', '.join(values)}.")


def _power(p):
    return max(math.log10(max(p, 1e-9)), -4)


def _between(axes, left, right, top):
    """Return x, y, width, and height of a bar that stands on the lower end of the axis."""
    y = axes.y(top)
    return axes.x(left), y, axes.x(right) - axes.x(left), axes.y(axes.ylim[0]) - y


def next_character(model, vocab, prefix, temperature=1.0, top_k=None, top_p=None):
    """Draw the distribution of the next character, before and after temperature and cuts."""
    logits, _ = warm_up(model, prefix, vocab)
    own, probs = next_probs(logits).tolist(), next_probs(logits, temperature, top_k, top_p).tolist()
    highest = math.ceil(5 * max(*own, *probs)) / 5
    d, axes = _chart(330, 5.4, (0, len(vocab)), (0, highest), left=4.5)
    order = sorted(range(len(vocab)), key=lambda k: -own[k])
    names = {k + 0.5: visible(vocab.idx_to_token[i]) for k, i in enumerate(order)}
    axes.frame("next character, most likely first", "probability", xticks=names)
    for k, i in enumerate(order):
        axes.bar(k + 0.1, k + 0.9, probs[i], PALETTE[1])
        d.path(axes.points((k + 0.05, k + 0.95), (own[i], own[i])), PALETTE[0], 2.5)
    shown = "".join(map(visible, prefix[-60:]))
    d.text(0.5 * d.em, 1.3 * d.em, shown, **MONO)
    kept = min(top_k or len(vocab), len(vocab)) if top_p is None else sum(p > 0 for p in probs)
    kept = kept if temperature else 1
    d.text(0.5 * d.em, 3 * d.em, f"bars: after temperature and cuts, {kept} of {len(vocab)} kept")
    d.text(0.5 * d.em, 4.5 * d.em, "blue lines: the model's own probabilities", color=PALETTE[0])
    best = max(range(len(vocab)), key=probs.__getitem__)
    likeliest = f"{vocab.idx_to_token[best]!r} ({probs[best]:.2f})"
    return d.picture(f"After {prefix[-60:]!r}: {kept} characters kept, likeliest {likeliest}.")


def draw_next(model, vocab, generator, prefix, temperature=1.0, top_k=None, top_p=None):
    """Return the prefix with another character, drawn from the distribution of next_character."""
    logits, _ = warm_up(model, prefix, vocab)
    logits[vocab.unk] = -math.inf  # <unk> is not a character, so it cannot come next
    probs = next_probs(logits, temperature, top_k, top_p)
    return prefix + vocab.idx_to_token[torch.multinomial(probs, 1, generator=generator).item()]
