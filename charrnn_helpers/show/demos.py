"""The interactive figures; each is a pure function of its arguments that returns a Picture.

The notebooks show a Picture as it is, or put sliders around the function with
`controls.explore`.  Import-only: no notebook builds this.
"""

import math
import textwrap
from itertools import pairwise

import torch

from charrnn_helpers._guards import check_text
from charrnn_helpers.data import preprocess
from charrnn_helpers.model import RNNScratch, one_hot
from charrnn_helpers.sampling import next_probs, sample, warm_up
from charrnn_helpers.show.style import DASHES, PALETTE, tint, visible
from charrnn_helpers.show.svg import MONO, Axes, Drawing, power

WIDTH = 750


def one_hot_window(text, vocab, start, num_steps, reserve=0):
    """Draw the characters, ids, targets, and one-hot rows of a window of the text side by side.

    The drawing has room for `reserve` rows at least.
    """
    window = text[start : start + num_steps + 1]
    if len(window) < num_steps + 1:
        raise ValueError(f"start is {start}; use at most {len(text) - num_steps - 1}")
    em = Drawing(0, 0).em
    row, left = 1.5 * em, 13.5 * em
    column = (WIDTH - left - em) / len(vocab)
    d = Drawing(WIDTH, 5.6 * em + max(num_steps, reserve) * row)
    _around(d, text, start, num_steps)
    for x, title in ((2, "read"), (5.5, "id"), (9.5, "target")):
        d.text(x * em, 4.4 * em, title, "middle", size=0.93)
    for k, token in enumerate(vocab.idx_to_token):
        d.text(left + (k + 0.5) * column, 4.4 * em, visible(token), "middle", size=0.93)
    for t, (char, target) in enumerate(pairwise(window)):
        y = 4.9 * em + t * row
        d.text(2 * em, y + 1.1 * em, visible(char), "middle", **MONO)
        d.text(5.5 * em, y + 1.1 * em, str(vocab[char]), "middle")
        d.text(9.5 * em, y + 1.1 * em, visible(target), "middle", **MONO)
        for k in range(len(vocab)):
            fill = "#222" if k == vocab[char] else "white"
            d.rect(left + k * column, y, column, row, fill, "#ccc")
    return d.picture(f"The window {window[:-1]!r} at {start}, its ids and its one-hot rows.")


def _around(d, text, start, num_steps):
    """Write a window of the text, marked, and what stands before and after it."""
    em, left, end = d.em, WIDTH / 2 - 0.3 * d.em * num_steps, start + num_steps
    pieces = text[max(0, start - 12) : start], text[start:end], text[end : start + 40]
    before, inside, after = ("".join(map(visible, piece)) for piece in pieces)
    d.rect(left - 0.2 * em, 0.2 * em, 0.602 * em * num_steps + 0.4 * em, 1.7 * em, "#cfe6f5")
    d.text(left - 0.3 * em, 1.4 * em, before, "end", color="#666", **MONO)
    d.text(left, 1.4 * em, inside, **MONO)
    d.text(left + 0.602 * em * num_steps + 0.3 * em, 1.4 * em, after, color="#666", **MONO)


def continuation(model, vocab, beginning, temperature):
    """Draw how the model continues a beginning: 200 characters, in lines of at most 48."""
    kept = "".join(char for char in preprocess(beginning) if char in vocab.token_to_idx) or " "
    generator = torch.Generator().manual_seed(4)
    written = sample(model, kept, 200, vocab, temperature, generator=generator)
    em, lines = Drawing(0, 0).em, textwrap.wrap(written, 48)
    d = Drawing(WIDTH, 13 * em)
    d.text(em, 1.4 * em, f"temperature {temperature:g}", color="#555")
    for k, line in enumerate(lines[:6]):
        given = min(len(kept), len(line)) if k == 0 else 0  # the beginning, as far as it is here
        y, style = (3.4 + 1.8 * k) * em, {"size": 1.25} | MONO
        rest = line[given:].lstrip()
        d.text(em, y, line[:given], color="#666", **style)
        d.text((1 + 0.7525 * (len(line) - len(rest))) * em, y, rest, **style)
    return d.picture(f"The network writes: {written}")


@torch.no_grad()
def reading(model, sentence, vocab, read):
    """Draw the hidden states after the first `read` characters of a sentence, as columns."""
    check_text(sentence, vocab, "sentence")
    read = min(read, len(sentence))
    X = vocab.encode(sentence[:read]).unsqueeze(1)  # (num_steps, 1)
    outputs, _ = model.rnn(one_hot(X, len(vocab)))
    em = Drawing(0, 0).em
    units, left = model.rnn.num_hiddens, 5 * em
    row, column = 9, (WIDTH - left - 5 * em) / len(sentence)
    d = Drawing(WIDTH, 3.6 * em + units * row)
    for t, char in enumerate(sentence):
        weight = "bold" if t == read - 1 else "normal"
        grey = "#222" if t < read else "#777"
        x = left + (t + 0.5) * column
        d.text(x, 1.4 * em, visible(char), "middle", color=grey, font_weight=weight)
    states = torch.cat(outputs).T.tolist()  # (num_hiddens, read)
    colors = [[shade(value) for value in unit] for unit in states]
    d.pixels(left, 1.9 * em, read * column, units * row, colors)
    d.text(em, 1.9 * em + units * row / 2, "unit", "middle")
    d.text(left + len(sentence) * column / 2, 3.2 * em + units * row, "character read", "middle")
    scale(d, WIDTH - 3.8 * em, 1.9 * em, units * row)
    largest = outputs[-1].abs().max().item()
    return d.picture(
        f"The hidden state after {sentence[:read]!r}: {units} units, the largest at {largest:.2f}."
    )


def shade(value):
    """Return a color for a value from -1 (blue) through 0 (white) to 1 (orange)."""
    ends = (230, 159, 0) if value > 0 else (0, 64, 107)
    part = min(abs(value), 1.0)
    return tuple(round(255 + (end - 255) * part) for end in ends)


def scale(d, x, y, height):
    """Draw the legend of shade(): a column of colors from 1 to -1."""
    d.pixels(x, y, d.em, height, [[shade(1 - k / 50)] for k in range(101)])
    for part, label in ((0.0, "1"), (0.5, "0"), (1.0, "-1")):
        d.text(x + 1.3 * d.em, y + part * height + 0.35 * d.em, label)


@torch.no_grad()
def activations(text, vocab, sigma, num_hiddens=32, seed=2):
    """Draw a histogram of an untrained network's states; sigma is the scale of its weights."""
    rnn = RNNScratch(len(vocab), num_hiddens, sigma, torch.Generator().manual_seed(seed))
    outputs, _ = rnn(one_hot(vocab.encode(text).unsqueeze(1), len(vocab)))
    values = torch.cat(outputs).flatten()
    shares = (torch.histc(values, bins=40, min=-1, max=1) / len(values)).tolist()
    saturated = (values.abs() > 0.95).float().mean().item()
    d = Drawing(WIDTH, 300)
    axes = Axes(d, (5 * d.em, 2 * d.em, WIDTH - d.em, 300 - 3 * d.em), (-1, 1), (0, 0.55))
    axes.frame("value in the state", "share of values")
    for k, share in enumerate(shares):
        axes.bar(-1 + k / 20, -1 + (k + 1) / 20, share)
    sentence = f"sigma = {sigma:g}: {100 * saturated:.0f}% of the values are beyond 0.95"
    d.text(WIDTH / 2, 1.3 * d.em, sentence, "middle")
    return d.picture(f"Histogram of hidden states. {sentence}.")


def guessing_game(sentence, shown, guesses):
    """Draw Shannon's game: after `shown` characters, each letter typed is a guess for the next.

    `_` stands for the space.  Below each character that was found stands the number of guesses.
    """
    needed, wrong = [], ""
    for guess in guesses.lower().replace("_", " "):
        if shown + len(needed) == len(sentence):
            break
        if guess == sentence[shown + len(needed)]:
            needed, wrong = [*needed, len(wrong) + 1], ""
        else:
            wrong += guess
    found = shown + len(needed)
    d = Drawing(WIDTH, 130)
    em, left, column = d.em, d.em, (WIDTH - 2 * d.em) / len(sentence)
    for t, char in enumerate(sentence):
        x = left + (t + 0.5) * column
        d.text(x, 2.4 * em, visible(char) if t < found else "\u25a2", "middle", **MONO)
        if shown <= t < found:
            d.text(x, 4.2 * em, str(needed[t - shown]), "middle", size=0.93)
    mean = f", {sum(needed) / len(needed):.1f} guesses for each" if needed else ""
    d.text(left, 6.6 * em, f"found: {len(needed)} of {len(sentence) - shown}{mean}")
    d.text(left, 8.4 * em, f"wrong at this place: {' '.join(map(visible, wrong)) or 'nothing yet'}")
    return d.picture(f"{sentence[:found]}\u25a2: {len(needed)} characters found{mean}.")


def uncertainty(**weights):
    """Draw the distribution proportional to the weights `char=weight`, with its entropy.

    The name `space` stands for the space character.
    """
    total = sum(weights.values())
    if total <= 0 or min(weights.values()) < 0:
        raise ValueError(
            f"the weights are {weights}; use at least one positive number, and none below 0"
        )
    weights = {" " if name == "space" else name: weight for name, weight in weights.items()}
    probs = {char: weight / total for char, weight in weights.items()}
    nats = sum(-p * math.log(p) for p in probs.values() if p > 0)
    d = Drawing(WIDTH, 300)
    axes = Axes(d, (5 * d.em, 3 * d.em, WIDTH - d.em, 300 - 3 * d.em), (0, len(probs)), (0, 1))
    names = {k + 0.5: visible(char) for k, char in enumerate(probs)}
    axes.frame("next character", "probability", xticks=names)
    for k, p in enumerate(probs.values()):
        axes.bar(k + 0.15, k + 0.85, p)
        d.text(axes.x(k + 0.5), axes.y(p) - 0.3 * d.em, f"{p:.2f}", "middle", size=0.93)
    sentence = (
        f"entropy {nats:.2f} nats = {nats / math.log(2):.2f} bits = "
        f"perplexity {math.exp(nats):.2f} of {len(probs)}"
    )
    d.text(WIDTH / 2, 1.3 * d.em, sentence, "middle", font_weight="bold")
    spelled = ", ".join(f"{visible(char)} {p:.2f}" for char, p in probs.items())
    return d.picture(f"A distribution over {spelled}: {sentence}.")


def gradient_journey(gradient_by_lag, radius, theta, num_steps=40):
    """Draw the gradient norm against the lag in a window, before and after clipping."""
    norms = gradient_by_lag(radius, num_steps)
    total = math.hypot(*norms)
    factor = min(1.0, theta / total)
    logs = [math.log10(norm) if norm > 1e-30 else -30.0 for norm in norms]
    d = Drawing(WIDTH, 320)
    axes = Axes(d, (5 * d.em, 2 * d.em, WIDTH - 8 * d.em, 320 - 3 * d.em), (0, 60), (-12, 6))
    decades = {k: power(k) for k in range(-12, 7, 3)}
    axes.frame("lag (steps back in time)", "norm", yticks=decades)
    lags = range(len(norms))
    axes.curve(lags, logs, 0)
    axes.curve(lags, [log + math.log10(factor) for log in logs], 1)
    axes.marks({"theta": math.log10(theta)})
    for row, label in enumerate(("before", "clipped")):
        x, y = WIDTH - 7.5 * d.em, (3 + 1.6 * row) * d.em
        d.path([(x, y), (x + 2 * d.em, y)], PALETTE[row], dash=DASHES[row])
        d.text(x + 2.4 * d.em, y + 0.35 * d.em, label)
    sentence = (
        f"radius {radius:g}: total norm {total:.3g}, after clipping {factor * total:.3g}; "
        f"lag {len(norms) - 1} \u00f7 lag 0: {norms[-1] / norms[0]:.2g}"
    )
    d.text(WIDTH / 2, 1.2 * d.em, sentence, "middle", size=0.95)
    return d.picture(f"The gradient's norm against the lag. {sentence}.")


@torch.no_grad()
def unit_text(model, vocab, text, unit):
    """Draw a text, shaded by one hidden unit after each character: white at -1, dark at 1."""
    outputs, _ = model.rnn(one_hot(vocab.encode(text).unsqueeze(1), len(vocab)))
    values = torch.cat(outputs)[:, unit].tolist()
    lines = range(0, len(text), 48)
    em, column = Drawing(0, 0).em, WIDTH / 50
    d = Drawing(WIDTH, (2.6 + 1.9 * len(lines)) * em)
    d.text(column, 1.3 * em, f"unit {unit}: from {min(values):.2f} to {max(values):.2f}")
    for row, start in enumerate(lines):
        y, piece = (2.2 + 1.9 * row) * em, text[start : start + 48]
        shades = [[tint((value + 1) / 2) for value in values[start : start + 48]]]
        d.pixels(column, y, len(piece) * column, 1.7 * em, shades)
        for k, char in enumerate(piece):
            d.text((k + 1.5) * column, y + 1.2 * em, char, "middle", **MONO)
    return d.picture(f"The text {text[:40]!r}, shaded by unit {unit}.")


def gradient_reach(model, vocab, sentence, position):
    """Draw how much the loss of one character depends on the state at each character before it."""
    ids = vocab.encode(sentence)
    outputs, _ = model.rnn(one_hot(ids[:position].unsqueeze(1), len(vocab)))
    logits = model.output_layer(outputs[-1:])[0, -1]  # (vocab_size,)
    loss = torch.nn.functional.cross_entropy(logits, ids[position])
    norms = [grad.norm().item() for grad in torch.autograd.grad(loss, list(outputs))]
    d = Drawing(WIDTH, 300)
    box = (5 * d.em, 2 * d.em, WIDTH - d.em, 300 - 3 * d.em)
    axes = Axes(d, box, (0, len(sentence)), (-6, 1))
    names = {t + 0.5: visible(char) for t, char in enumerate(sentence)}
    yticks = {k: power(k) for k in range(-6, 2)}
    axes.frame("character", "gradient norm", xticks=names, yticks=yticks)
    for t, norm in enumerate(norms):
        axes.bar(t + 0.1, t + 0.9, math.log10(max(norm, 1e-6)))
    left, right = axes.x(position), axes.x(position + 1)
    d.rect(left, box[1], right - left, box[3] - box[1], PALETTE[1] + "66")
    far = norms[-1] / norms[max(0, position - 11)] if position > 10 else None
    words = f"; its gradient is {far:.0f} times smaller ten states earlier" if far else ""
    sentence = f"loss of {visible(sentence[position])}: {loss.item():.2f} nats{words}"
    d.text(WIDTH / 2, 1.2 * d.em, sentence, "middle")
    return d.picture(f"The gradient at the states before one character; {sentence}.")


def two_opinions(vocab, passage, network, counting, position, weight):
    """Draw what a network, a counting model, and their mixture expect at one position of a passage.

    `network` and `counting` hold a distribution (a list) for each character of the passage.
    """
    first, second, came = network[position], counting[position], vocab[passage[position]]
    mixed = [weight * p + (1 - weight) * q for p, q in zip(first, second, strict=True)]
    shown = "".join(map(visible, passage[max(0, position - 50) : position]))
    d = Drawing(WIDTH, 350)
    d.text(0.5 * d.em, 1.3 * d.em, f"{shown}\u25a2", **MONO)
    order = sorted(range(len(vocab)), key=lambda i: -max(first[i], second[i]))
    box = (4.5 * d.em, 6.2 * d.em, WIDTH - d.em, 350 - 3 * d.em)
    axes = Axes(d, box, (0, len(vocab)), (0, 1))
    names = {k + 0.5: visible(vocab.idx_to_token[i]) for k, i in enumerate(order)}
    axes.frame("next character", "probability", xticks=names)
    for k, i in enumerate(order):
        left, right = axes.x(k + 0.05), axes.x(k + 0.95)
        if i == came:
            d.rect(left, box[1], right - left, box[3] - box[1], PALETTE[3] + "55")
        axes.bar(k + 0.2, k + 0.8, mixed[i], PALETTE[2])
        d.line(left, axes.y(first[i]), right, axes.y(first[i]), PALETTE[0], 3)
        d.line(left, axes.y(second[i]), right, axes.y(second[i]), PALETTE[1], 3, dash=DASHES[1])
    bits = [-math.log2(max(p[came], 1e-12)) for p in (first, second, mixed)]
    char = visible(passage[position])
    d.text(0.5 * d.em, 3.1 * d.em, f"{char} came. Surprisal in bits:", size=0.93)
    words = ("network (lines)", "counting (dashed)", "mixture (bars)")
    for k, (word, value) in enumerate(zip(words, bits, strict=True)):
        d.text((0.5 + 14 * k) * d.em, 4.7 * d.em, f"{word} {value:.2f}", color=PALETTE[k])
    values = ", ".join(f"{word} {value:.2f}" for word, value in zip(words, bits, strict=True))
    return d.picture(f"At {shown!r}, {char} came; surprisal in bits: {values}.")


def next_character(model, vocab, prefix, temperature=1.0, top_k=None, top_p=None):
    """Draw the distribution of the next character, before and after temperature and cuts."""
    logits, _ = warm_up(model, prefix, vocab)
    own, probs = next_probs(logits).tolist(), next_probs(logits, temperature, top_k, top_p).tolist()
    d = Drawing(WIDTH, 330)
    box = (4.5 * d.em, 5.4 * d.em, WIDTH - d.em, 330 - 3 * d.em)
    axes = Axes(d, box, (0, len(vocab)), (0, math.ceil(5 * max(*own, *probs)) / 5))
    order = sorted(range(len(vocab)), key=lambda k: -own[k])
    names = {k + 0.5: visible(vocab.idx_to_token[i]) for k, i in enumerate(order)}
    axes.frame("next character, most likely first", "probability", xticks=names)
    for k, i in enumerate(order):
        axes.bar(k + 0.1, k + 0.9, probs[i], PALETTE[1])
        (left, y), right = (axes.x(k + 0.05), axes.y(own[i])), axes.x(k + 0.95)
        d.line(left, y, right, y, PALETTE[0], 2.5)
    shown = "".join(map(visible, prefix[-60:]))
    d.text(0.5 * d.em, 1.3 * d.em, shown, **MONO)
    kept = min(top_k or len(vocab), len(vocab)) if top_p is None else sum(p > 0 for p in probs)
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
