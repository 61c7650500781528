"""A memory that was built by hand: three units that know whether a word began with a t."""

import torch

from charrnn_helpers._guards import check_text
from charrnn_helpers.model import RNNScratch, one_hot
from charrnn_helpers.show.demos import shade
from charrnn_helpers.show.figures import new_figure
from charrnn_helpers.show.style import PALETTE, look, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Axes, Drawing

ROWS = ("a space has just come", "t after a space", "the word began with t")


def built_by_hand(vocab, self_weight=3.0):
    """Return an RNNScratch of three units; unit 2 is positive while the word began with a t."""
    rnn = RNNScratch(len(vocab), 3)
    with torch.no_grad():
        for weights in rnn.parameters():
            weights.zero_()
        rnn.b_h.copy_(torch.tensor([-3.0, -9.0, 3.0]))
        rnn.W_xh[vocab[" "]] = torch.tensor([6.0, 0.0, -9.0])
        rnn.W_xh[vocab["t"], 1] = 10.0
        rnn.W_hh[0, 1], rnn.W_hh[1, 2] = 6.0, 3.0
        rnn.W_hh[2, 2] = self_weight
    return rnn


@torch.no_grad()
def units_at_work(text, vocab, self_weight):
    """Return the three units after each character of a text that begins with a space."""
    X = one_hot(vocab.encode(text).unsqueeze(1), len(vocab))  # (num_steps, 1, vocab_size)
    return torch.cat(built_by_hand(vocab, self_weight)(X)[0]).T.tolist()  # (3, num_steps)


def hand_memory(sentence, vocab, self_weight):
    """Draw the three units while they read a space and then the sentence, of at most 40 letters."""
    check_text(sentence, vocab, "sentence")
    text = " " + sentence.lstrip()[:39]
    units = units_at_work(text, vocab, self_weight)
    d = Drawing(WIDTH, 325)
    em, left = d.em, 11.4 * d.em
    column = (WIDTH - left - d.em) / 40
    for t, char in enumerate(text):
        d.text(left + (t + 0.5) * column, 1.4 * em, visible(char), "middle", **MONO)
    for row, (name, values) in enumerate(zip(ROWS, units, strict=True)):
        y = (2 + 1.9 * row) * em
        d.text(left - 0.5 * em, y + 1.15 * em, name, "end", size=0.93)
        d.pixels(left, y, len(text) * column, 1.6 * em, [[shade(value) for value in values]])
    axes = Axes(d, (left, 8.6 * em, left + 40 * column, 325 - 2 * em), (0, 40), (-1.05, 1.05))
    axes.frame("", "", xticks={}, yticks={-1: "-1", 0: "0", 1: "1"})
    d.text(left - 2.2 * em, 10 * em, "the third unit,", "end", size=0.93)
    d.text(left - 2.2 * em, 11.3 * em, "as a curve", "end", size=0.93)
    d.line(left, axes.y(0), left + 40 * column, axes.y(0), "#555", 1, "2 3")
    places = [t + 0.5 for t in range(len(text))]
    axes.curve(places, units[2], 0)
    for t, value in zip(places, units[2], strict=True):
        d.dot(axes.x(t), axes.y(value), PALETTE[value > 0], 3)
    last = (text.split() or [" "])[-1]
    words = f"self-weight {self_weight:g}: after {last!r}, it is at {units[2][-1]:.3f}"
    d.text(left + 20 * column, 325 - 0.4 * em, words, "middle")
    return d.picture(f"Three units read {text!r}. The third one, {words}.")


@look()
def rivals(record, longer):
    """Draw the perplexities of windows by their length, and what twice as many updates change.

    A recurrent network stands beside them; `longer` has its perplexities after twice as many.
    """
    fig, (ax, twice) = new_figure(figsize=(7.5, 3.8), ncols=2, width_ratios=[2.1, 1])
    letters, words = record["letters"], {"va": "center", "annotation_clip": False}
    for length, scores in zip(letters, record["windows"], strict=True):
        ax.plot([length] * len(scores), scores, "o", color=PALETTE[0], alpha=0.7, ms=5)
    ax.plot(letters, [_mean(scores) for scores in record["windows"]], color=PALETTE[0], ls="-")
    for score in record["recurrent"]:
        ax.axhline(score, color=PALETTE[1], lw=1, ls="--")
    ax.annotate("windows of n characters", (2.15, 6.6), color=PALETTE[0], **words)
    level = _mean(record["recurrent"])
    ax.annotate(f"recurrent: {level:.2f}", (1.05, level + 0.2), color=PALETTE[1], **words)
    best = min(range(len(letters)), key=lambda k: _mean(record["windows"][k]))
    low = _mean(record["windows"][best])
    ax.annotate(f"{low:.2f}", (letters[best], low - 0.14), color=PALETTE[0], ha="center", **words)
    first = _mean(record["windows"][0])
    ax.annotate(f"{first:.1f} at 1", (0.98, 6.8), color=PALETTE[0], **words)
    ax.set(
        xlabel="characters in the window, n",
        ylabel="perplexity",
        xscale="log",
        title="9 epochs, three runs each",
    )
    ax.set(xlim=(0.93, 18), ylim=(4.0, 7.0))
    ax.set_xticks(letters, map(str, letters))
    ax.minorticks_off()
    five = record["windows"][letters.index(5)]
    pairs = {
        "window of 5": (five, record["5 letters, longer"]),
        "recurrent": (record["recurrent"], longer),
    }
    for k, (name, (before, after)) in enumerate(pairs.items()):
        for epochs, scores in ((9, before), (18, after)):
            marks = {"color": PALETTE[k], "alpha": 0.7, "ms": 6}
            twice.plot([epochs] * len(scores), scores, "oD"[k], **marks)
        means = [_mean(before), _mean(after)]
        twice.plot([9, 18], means, color=PALETTE[k], ls="-" if k == 0 else "--")
        twice.annotate(name, (9.6, means[0] + (0.035 if k else -0.12)), color=PALETTE[k], **words)
    twice.set(xlabel="epochs", title="twice as long", xlim=(7, 20), ylim=(4.25, 4.75))
    twice.set_xticks([9, 18])
    return fig


def _mean(scores):
    return sum(scores) / len(scores)
