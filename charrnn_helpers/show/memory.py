"""A memory that was built by hand: three units that know whether a word began with a t."""

import math

import torch
from torch.nn.functional import cross_entropy

from charrnn_helpers.data import preprocess
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
def perplexity_after(n, model, ids, states, first=40, seed=0):
    """Return the perplexity of a model that reads n characters before each one that it predicts.

    It begins each time with one of the `states` of (num_chars, num_hiddens), drawn with this seed.
    The same characters are predicted for all n up to `first`: those of the ids from there on.
    """
    generator = torch.Generator().manual_seed(seed)
    X = ids[:-1].unfold(0, n, 1)[first - n :]  # (num_targets, n)
    places = torch.randint(len(states), (len(X),), generator=generator)
    logits, _ = model.forward_with_state(X, states[places])
    return math.exp(cross_entropy(logits[:, -1], ids[first:]))


@torch.no_grad()
def units_at_work(text, vocab, self_weight):
    """Return the three units after each character of a text that begins with a space."""
    X = one_hot(vocab.encode(text).unsqueeze(1), len(vocab))  # (num_steps, 1, vocab_size)
    return torch.cat(built_by_hand(vocab, self_weight)(X)[0]).T.tolist()  # (3, num_steps)


def hand_memory(sentence, vocab, self_weight):
    """Draw the three units while they read a space and then the first 39 letters of the sentence.

    The sentence is preprocessed as the book is, and what is not in the vocabulary is left out.
    """
    known = "".join(char for char in preprocess(sentence) if char in vocab.token_to_idx)
    text = " " + known.lstrip()[:39]
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
    words = f"self-weight {self_weight:g}: at the end, it is at {units[2][-1]:.3f}"
    d.text(left + 20 * column, 325 - 0.4 * em, words, "middle")
    return d.picture(f"Three units read {text!r}. The third one, {words}.")


@look()
def rivals(letters, windows, recurrent):
    """Draw the perplexities of windows by their length; that of the recurrent network is a line."""
    fig, ax = new_figure(figsize=(7.5, 3.0))
    words = {"va": "center", "annotation_clip": False}
    ax.axhline(recurrent, color=PALETTE[1], ls="--")
    label = f"recurrent network: {recurrent:.2f}"
    ax.annotate(label, (1.05, recurrent - 0.17), color=PALETTE[1], **words)
    ax.plot(letters, windows, "o", color=PALETTE[0], ls="-", ms=5)
    place = letters[windows.index(min(windows))], min(windows) - 0.2
    ax.annotate(f"{min(windows):.2f}", place, color=PALETTE[0], ha="center", **words)
    ax.annotate("windows of n characters", (2.15, 6.2), color=PALETTE[0], **words)
    ax.set(xlabel="length of the window, n", ylabel="perplexity", xscale="log")
    ax.set(xlim=(0.93, 18), ylim=(4.0, 7.0))
    ax.set_xticks(letters, map(str, letters))
    ax.minorticks_off()
    return fig
