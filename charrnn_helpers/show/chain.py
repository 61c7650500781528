"""The chain rule as bars within bars, and what it costs to write down another belief."""

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
        d.text(left - 0.6 * em, top + 1.1 * em, after or "(nothing)", "end", **MONO)
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


def stacked(players, word):
    """Draw the surprisals of the letters of a word, put end to end, for `{name: probabilities}`."""
    row, d = 52, Drawing(WIDTH, 0)
    em, left = d.em, 4 * d.em
    d.height = round(0.8 * em + row * len(players) + 3 * em)
    axes = Axes(d, (left, 0.8 * em, WIDTH - 12 * em, d.height - 3 * em), (0, 8), (0, 1))
    axes.frame("surprisal (nats)", "", yticks={0: ""})
    spelled = []
    for k, (name, probs) in enumerate(players.items()):
        y, end, narrow = axes.box[1] + k * row, 0.0, []
        d.text(left - 0.5 * em, y + 2 * em, name, "end", font_weight="bold")
        for char, p in zip(word, probs, strict=True):
            x, width = axes.x(end), axes.x(end - math.log(p)) - axes.x(end)
            fill = "#E69F00" if p < 0.01 else CHOSEN
            d.rect(x, y + 0.9 * em, width, 1.7 * em, fill, "white")
            if width > 1.2 * em:
                middle = x + width / 2
                d.text(middle, y + 2.1 * em, char, "middle", font_weight="bold", **MONO)
                d.text(middle, y + 0.7 * em, f"{p:g}", "middle", 0.83, "#444")
            else:
                narrow += [(x, char, p)]
            end -= math.log(p)
        if narrow:
            letters = f"{', '.join(char for _, char, _ in narrow)}: {narrow[0][2]:g}"
            d.text(narrow[0][0] + 3, y + 0.7 * em, letters, size=0.83, color="#444")
        d.text(axes.x(end) + 0.5 * em, y + 2.1 * em, f"{end:.2f}", font_weight="bold")
        d.text(WIDTH - 11 * em, y + 2.1 * em, f"product {math.prod(probs):.5f}")
        spelled.append(f"{name} {end:.2f} nats, product {math.prod(probs):.5f}")
    return d.picture(f"The surprisals of {word!r}, put end to end: {'; '.join(spelled)}.")


SHARPEST, DEAREST = 2.5, 2.7  # the ends of both axes of `belief`


def sharpened(probs, power):
    """Return the probabilities to a power, divided by their sum: 0 makes all of them equal."""
    powers = [p**power for p in probs]
    return [p / sum(powers) for p in powers]


def belief(probs, names, believed, written):
    """Draw what is believed and written, both sharpened, and the expected surprisal of it.

    The expected surprisal is the entropy of the belief, and the divergence on top of it.
    """
    d = Drawing(WIDTH, 330)
    em, q, p = d.em, sharpened(probs, believed), sharpened(probs, written)

    def expected(p):
        return -sum(a * math.log(b) for a, b in zip(q, p, strict=True))

    entropy, cost = round(expected(q), 2), round(expected(p), 2)
    axes = Axes(d, (3.2 * em, 4 * em, 23.5 * em, 330 - 3 * em), (0, len(q)), (0, 1))
    axes.frame("next character", "", {k + 0.5: name for k, name in enumerate(names)})
    d.rect(3.2 * em, 0.7 * em, em, 0.8 * em, "#bbb")
    d.text(4.6 * em, 1.4 * em, "believed (q)")
    d.rect(12 * em, 0.7 * em, em, 0.8 * em, PALETTE[0])
    d.text(13.4 * em, 1.4 * em, "written down (p)", color=PALETTE[0])
    for k, (a, b) in enumerate(zip(q, p, strict=True)):
        axes.bar(k + 0.08, k + 0.48, a, "#bbb")
        axes.bar(k + 0.52, k + 0.92, b)
        d.text(axes.x(k + 0.28), axes.y(a) - 0.3 * em, f"{a:.2f}", "middle", 0.85, "#444")
        d.text(axes.x(k + 0.72), axes.y(b) - 0.3 * em, f"{b:.2f}", "middle", 0.85, PALETTE[0])
    axes = Axes(d, (29 * em, 4 * em, WIDTH - em, 330 - 3 * em), (0, SHARPEST), (0, DEAREST))
    axes.frame("sharpness of p", "")
    d.text(29 * em, 1.4 * em, f"expected surprisal {cost:.2f} nats =", font_weight="bold")
    d.text(29 * em, 2.9 * em, f"entropy {entropy:.2f}", color=PALETTE[0])
    d.text(37 * em, 2.9 * em, f"+ divergence {cost - entropy:.2f}", color="#A84300")
    xs = [SHARPEST * k / 100 for k in range(101)]
    ys = [expected(sharpened(probs, x)) for x in xs]
    d.path([axes.points([x], [y])[0] for x, y in zip(xs, ys, strict=True) if y <= DEAREST], "#555")
    x, width = axes.x(written), 0.5 * em
    d.rect(x - width, axes.y(entropy), 2 * width, axes.y(0) - axes.y(entropy), PALETTE[0] + "77")
    d.rect(x - width, axes.y(cost), 2 * width, axes.y(entropy) - axes.y(cost), PALETTE[1])
    d.line(axes.box[0], axes.y(entropy), axes.box[2], axes.y(entropy), PALETTE[0], 1.2, "4 3")
    words = f"Expected surprisal {cost:.2f} nats: entropy {entropy:.2f}, divergence"
    return d.picture(f"{words} {cost - entropy:.2f}; believed {_list(q)}, written {_list(p)}.")


def _list(probs):
    """Return probabilities in words."""
    return ", ".join(f"{p:.2f}" for p in probs)


def likelihood(count, length):
    """Draw the probability of a pattern of spaces and others, and its mean surprisal, by p."""
    d = Drawing(WIDTH, 300)
    ps = [k / 200 for k in range(1, 200)]
    logs = [count * math.log(p) + (length - count) * math.log(1 - p) for p in ps]
    best = count / length
    top = max(logs)
    panels = {
        "probability of the pattern": ([math.exp(v) * 10**4 for v in logs], math.exp(top) * 1.25e4),
        "mean surprisal (nats)": ([-v / length for v in logs], 1.0),
    }
    for k, (name, (values, high)) in enumerate(panels.items()):
        left, right = 3.5 * d.em + k * WIDTH / 2, (k + 1) * WIDTH / 2 - 2 * d.em
        axes = Axes(d, (left, 2 * d.em, right, 300 - 3 * d.em), (0, 1), (0, high))
        axes.frame("p(space)", "")
        seen = [(p, v) for p, v in zip(ps, values, strict=True) if v <= high]
        axes.curve(*zip(*seen, strict=True), k)
        x = axes.x(best)
        d.line(x, 2 * d.em, x, 300 - 3 * d.em, "#222", 1.2, "2 3")
        d.text(left, 1.2 * d.em, name + (" \u00d7 10,000" if k == 0 else ""), color=PALETTE[k])
        d.text(x + 0.4 * d.em, 3 * d.em, f"{count} of {length} = {best:.2f}", size=0.93)
    return d.picture(
        f"The probability of {count} spaces among {length} characters in their places is highest, "
        f"and their mean surprisal is lowest, at p = {best:.2f}."
    )
