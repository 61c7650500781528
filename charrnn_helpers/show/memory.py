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
def rivals(record):
    """Draw the perplexities of fixed windows by their length, and those of recurrent networks.

    The recurrent network of the course reads as many characters from three kinds of states.
    """
    fig, ax = new_figure(figsize=(7.5, 4.2))
    letters, whole = record["letters"], record["with its state"]
    for length, scores in zip(letters, record["windows"], strict=True):
        ax.plot([length] * len(scores), scores, "o", color=PALETTE[0], alpha=0.7, ms=5)
    ax.plot(letters, [_mean(scores) for scores in record["windows"]], color=PALETTE[0], ls="-")
    others = [_mean(scores) for scores in record["from other text"]]
    ax.plot(letters, others, color=PALETTE[1], ls="--", marker="s", ms=5)
    for name in ("from an empty state", "from the mean state"):
        ax.plot(letters, record[name], color="0.55", ls="-", lw=1.2)
    scores = record["recurrent"]
    ax.plot([24] * len(scores), scores, "D", color=PALETTE[1], alpha=0.7, ms=6)
    ax.axhline(whole, color="0.35", lw=1, ls=":")
    words = {"va": "center", "annotation_clip": False}
    ax.annotate("windows of n,\n3 runs each", (1.02, 5.6), color=PALETTE[0], **words)
    note = "the recurrent network reads\nother text, and then n characters"
    ax.annotate(note, (2.15, 18), color=PALETTE[1], **words)
    gray = {"color": "0.35", "size": "small"} | words
    ax.annotate("from an empty state", (3.2, 9.0), **gray)
    ax.annotate("from its\nmean state", (1.02, 10.8), **gray)
    ax.annotate(f"{whole:.2f}", (28, whole), **words)
    ax.annotate("its whole past,\n3 runs", (24, 5.3), color=PALETTE[1], ha="center", **words)
    ax.set(xlabel="characters seen, n", ylabel="perplexity", xscale="log", yscale="log")
    ax.set(xlim=(0.93, 27), ylim=(4.2, 29))
    ax.set_xticks([*letters, 24], [*map(str, letters), "all"])
    ax.set_yticks([5, 7, 10, 15, 20], ["5", "7", "10", "15", "20"])
    ax.minorticks_off()
    return fig


def _mean(scores):
    return sum(scores) / len(scores)
