"""The chain rule as bars within bars, and what it costs to believe something else than what is."""

import math

from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing

CHOSEN, OTHER = "#9fd0f0", "white"


def chain_rule(phrase, begins, read, context):
    """Draw the probability of the first `read` characters as a bar within a bar within a bar.

    `begins` counts the places of a text where a piece begins, and "" counts all places.  Each
    character is predicted from the `context` characters before it, at most.
    """
    d = Drawing(WIDTH, 440)
    em, product = d.em, 1.0
    left, right = 8 * em, WIDTH - 14 * em
    segment = (left, right)
    for t, char in enumerate(phrase[:read]):
        top, before = (1.6 + 2.9 * t) * em, phrase[max(0, t - context) : t]
        if t:
            _fan(d, segment, (left, right), top - 1.4 * em, top)
        segment = _bar(d, before, char, begins, (left, right), top)
        probability = begins.get(before + char, 0) / begins[before]
        product *= probability
        after = "".join(map(visible, before))
        nothing = "(start)" if t == 0 else "(nothing)"
        d.text(left - 0.6 * em, top + 1.1 * em, after or nothing, "end", **MONO)
        given = f"p({visible(char)} | {after})" if after else f"p({visible(char)})"
        d.text(right + 0.6 * em, top + 1.1 * em, f"{given} = {probability:.3f}", **MONO)
    piece, share = phrase[:read], begins.get(phrase[:read], 0) / begins[""]
    spelled = "".join(map(visible, piece))
    first = f"product of the {read}" if read > 1 else "probability"
    lines = [f"{first}: {product:.2g}"]
    lines += [f"share of the places where {spelled} begins: {share:.2g}"]
    ratio = product / share
    verdict = "the same" if abs(ratio - 1) < 0.005 else f"{_times(ratio)} as likely as it is"
    for k, line in enumerate(lines):
        d.text(left, (25.4 + 1.6 * k) * em, line)
    d.text(WIDTH - em, 27 * em, verdict, "end", font_weight="bold", color=PALETTE[ratio < 0.995])
    return d.picture(f"The first {read} characters of {phrase!r}; {'; '.join(lines)}: {verdict}.")


def _times(ratio):
    """Return a factor in words."""
    return f"1/{1 / ratio:,.0f}" if ratio < 0.5 else f"{ratio:.2f} times"


def _bar(d, before, char, begins, ends, top):
    """Draw what comes after a piece as parts of a bar; return the ends of the part of char."""
    (left, right), start, found = ends, ends[0], None
    for letter in " abcdefghijklmnopqrstuvwxyz":
        width = (right - left) * begins.get(before + letter, 0) / begins[before]
        fill = CHOSEN if letter == char else OTHER
        d.rect(start, top, width, 1.5 * d.em, fill, "#888")
        if width > 0.75 * d.em or letter == char:
            weight = "bold" if letter == char else "normal"
            middle = start + width / 2
            d.text(middle, top + 1.1 * d.em, visible(letter), "middle", font_weight=weight, **MONO)
        found = (start, start + width) if letter == char else found
        start += width
    return found


def _fan(d, segment, ends, top, bottom):
    """Draw how a part of one bar is stretched to the width of the next."""
    corners = [(segment[0], top), (segment[1], top), (ends[1], bottom), (ends[0], bottom)]
    d.path(corners, "none", fill=CHOSEN + "88")


def surprisal_curve(given):
    """Draw the surprisal by the probability, with a dot for each of `{name: probability}`."""
    d = Drawing(WIDTH, 300)
    axes = Axes(d, (4 * d.em, d.em, WIDTH - 2 * d.em, 300 - 3 * d.em), (0, 1), (0, 7.2))
    axes.frame("probability given to the character that came", "surprisal (nats)")
    ps = [1000 ** (k / 150 - 1) for k in range(151)]  # from 0.001 to 1
    axes.curve(ps, [-math.log(p) for p in ps])
    spelled = []
    for name, p in given.items():
        x, y = axes.x(p), axes.y(-math.log(p))
        d.dot(x, y, PALETTE[1], 5.5)
        d.text(x + 0.8 * d.em, y - 0.3 * d.em, f"{name}: {p:g}, surprisal {-math.log(p):.2f}")
        spelled.append(f"{name} {-math.log(p):.2f} at {p:g}")
    return d.picture(
        f"The surprisal falls from 6.9 at probability 0.001 to 0 at 1: {', '.join(spelled)}."
    )


def beliefs(truth, written, names):
    """Draw the expected surprisal of beliefs `{name: probabilities}`: the entropy, and the rest."""
    d = Drawing(WIDTH, 60 + 44 * len(written))
    em, left, unit = d.em, 12 * d.em, (WIDTH - 15 * d.em) / 2.4
    entropy = -sum(q * math.log(q) for q in truth if q)
    spelled = []
    for k, (name, probs) in enumerate(written.items()):
        cost = -sum(q * math.log(p) for q, p in zip(truth, probs, strict=True) if q)
        y = 2.4 * em + 44 * k
        d.text(left - 0.6 * em, y + 0.75 * em, name, "end")
        numbers = "\u2003".join(f"{n} {p:.2f}" for n, p in zip(names, probs, strict=True))
        d.text(left + 0.4 * em, y + 2.25 * em, numbers, size=0.85, color="#444")
        d.rect(left, y - 0.3 * em, entropy * unit, 1.5 * em, PALETTE[0] + "55", PALETTE[0])
        d.rect(left + entropy * unit, y - 0.3 * em, (cost - entropy) * unit, 1.5 * em, PALETTE[1])
        d.text(left + cost * unit + 0.4 * em, y + 0.75 * em, f"{cost:.2f}", font_weight="bold")
        d.text(left + 0.4 * em, y + 0.75 * em, f"{entropy:.2f}")
        spelled.append(f"{name} {cost:.2f}, of which {cost - entropy:.2f} is extra")
    d.text(left, 1.2 * em, "entropy: nobody can do better", color=PALETTE[0])
    d.text(left + entropy * unit, 1.2 * em, "extra: the divergence", color="#A84300")
    return d.picture(f"Expected surprisal in nats: {'; '.join(spelled)}.")


def likelihood(count, length):
    """Draw the likelihood of a text with so many spaces, and its mean surprisal, by p(space)."""
    d = Drawing(WIDTH, 300)
    ps = [k / 200 for k in range(2, 121)]
    logs = [count * math.log(p) + (length - count) * math.log(1 - p) for p in ps]
    best = count / length
    top = max(logs)
    panels = {
        "likelihood of the text": ([math.exp(v) * 10**4 for v in logs], math.exp(top) * 1.25e4),
        "mean surprisal (nats)": ([-v / length for v in logs], 1.0),
    }
    for k, (name, (values, high)) in enumerate(panels.items()):
        left, right = 3.5 * d.em + k * WIDTH / 2, (k + 1) * WIDTH / 2 - 2 * d.em
        axes = Axes(d, (left, 2 * d.em, right, 300 - 3 * d.em), (0, 0.6), (0, high))
        axes.frame("p(space)", "")
        axes.curve(ps, values, k)
        x = axes.x(best)
        d.line(x, 2 * d.em, x, 300 - 3 * d.em, "#222", 1.2, "2 3")
        d.text(left, 1.2 * d.em, name + (" \u00d7 10,000" if k == 0 else ""), color=PALETTE[k])
        d.text(x + 0.4 * d.em, 3 * d.em, f"{count} of {length}", size=0.93)
    return d.picture(
        f"The likelihood of a text with {count} spaces among {length} characters is highest, and "
        f"its mean surprisal is lowest, at p = {best:.2f}."
    )
