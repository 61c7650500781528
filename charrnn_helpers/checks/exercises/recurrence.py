"""The exercises of notebook 2: rows of different lengths, weights for a memory, a wrong network."""

import math

import torch

from charrnn_helpers.checks.judge import Case, Exercise, case, draw, drawn, gradients
from charrnn_helpers.checks.values import Fact, Odd, attempt, named, of_sizes
from charrnn_helpers.data import Vocab
from charrnn_helpers.model import RNNScratch, one_hot


def step_case(b, n, h, seed):
    return drawn(seed, 0.7, X=(b, n), H=(b, h), W_xh=(n, h), W_hh=(h, h), b_h=(h,))


def my_rnn_loop(inputs, lengths, W_xh, W_hh, b_h):
    state = torch.zeros(inputs.shape[1], W_hh.shape[0])
    last = torch.zeros_like(state)
    for t in range(len(inputs)):
        state = torch.tanh(inputs[t] @ W_xh + state @ W_hh + b_h)
        ends = lengths == t + 1
        last[ends] = state[ends]
    return last


def row_case(lengths, num_steps, n, h):
    """Return a case of rows with these lengths in a batch of so many time steps."""
    b, seed = len(lengths), sum(lengths) + num_steps + n + h
    show = f"(inputs {num_steps, b, n}, lengths {lengths}, W_xh {n, h}, W_hh {h, h}, b_h {(h,)})"

    def make():
        _, _, *weights = step_case(b, n, h, 10 * seed).make()
        return (draw(num_steps, b, n, seed=seed + 50), torch.tensor(lengths), *weights)

    return case(*make()) if num_steps * b * n * h < 10 else Case(show, make)


ROW_CASES = (
    row_case([1], 1, 2, 2),
    row_case([1], 2, 2, 2),
    row_case([2], 2, 1, 2),
    row_case([2, 1], 2, 3, 3),
    row_case([3, 3], 3, 4, 3),
    row_case([1, 4, 2], 5, 4, 3),
    row_case([5, 2, 3, 5], 5, 3, 2),
    row_case([2, 6, 6], 7, 3, 4),
)


def gradients_by_name(results, weights, detached):
    """Return those of the sum of squares of all results by name, `detached` if there are none."""
    total = sum(H.pow(2).sum() for H in flat(results) if isinstance(H, torch.Tensor))
    if not isinstance(total, torch.Tensor) or not total.requires_grad:
        return detached
    found = attempt(gradients, total, weights)
    if isinstance(found, Odd):  # something was changed in place
        return {}
    return dict(zip(GRADIENTS, found, strict=True))


GRADIENTS = ("gradient of W_hh", "gradient of W_xh", "gradient of b_h")


def flat(results):
    """Yield all results, and those in lists among them."""
    for result in results if isinstance(results, (tuple, list)) else (results,):
        yield from result if isinstance(result, (tuple, list)) else (result,)


def loop_case(t, b, n, h, state=True):
    given = f"state {b, h}" if state else "state None"
    show = f"(inputs {t, b, n}, {given}, W_xh {n, h}, W_hh {h, h}, b_h {(h,)})"
    seed = t + b + n + h

    def make():
        _, H, *weights = step_case(b, n, h, 10 * seed).make()
        return (draw(t, b, n, seed=seed + 50), H if state else None, *weights)

    return case(*make()) if t * b * n * h < 10 else Case(show, make)


LOOP_CASES = (
    loop_case(1, 1, 2, 2, state=False),
    loop_case(2, 1, 2, 2, state=False),
    loop_case(1, 2, 3, 3),
    loop_case(3, 2, 4, 3, state=False),
    loop_case(4, 3, 2, 5, state=False),
    loop_case(3, 2, 3, 3),
    loop_case(6, 3, 4, 2),
)


def my_odd_letters(vocab):
    W_xh = torch.zeros(len(vocab), 1)
    W_hh = torch.zeros(1, 1)
    b_h = torch.zeros(1)
    W_xh[vocab[" "], 0] = -9.0
    W_hh[0, 0] = -3.0
    return W_xh, W_hh, b_h


def unit_at_work(answer, vocab, texts):
    """Build the network, let it read the texts, and tell whether its unit is right at each letter.

    If it is not, tell of which kind the weights are: that tells the mistakes apart.
    """
    found, rnn = named(answer(vocab), "W_xh", "W_hh", "b_h"), RNNScratch(len(vocab), 1)
    sizes = {"W_xh": (len(vocab), 1), "W_hh": (1, 1), "b_h": (1,)}
    for name, weights in of_sizes(found, sizes).items():
        getattr(rnn, name).data = weights
    if found != {name: Fact(f"a tensor of shape {size}") for name, size in sizes.items()}:
        return found
    wrong = next((place for text in texts for place in wrong_places(rnn, vocab, text)), None)
    if wrong is None:
        return found | {"the unit": Fact("right after each letter")}
    return found | {"the unit": Fact("wrong", wrong, kinds_of_weights(rnn, vocab))}


def wrong_places(rnn, vocab, text):
    """Yield, in words, where the unit is not at least 0.5 or at most -0.5 as it should be."""
    with torch.no_grad():
        X = one_hot(vocab.encode(text).unsqueeze(1), len(vocab))  # (num_steps, 1, vocab_size)
        values = torch.cat(rnn(X)[0]).flatten().tolist()
    for t, value in enumerate(values):
        letters = t - text.rindex(" ", 0, t + 1)  # since the last space
        if letters and not (value >= 0.5 if letters % 2 else value <= -0.5):
            wanted = "at least 0.5" if letters % 2 else "at most -0.5"
            yield f"{value:.2f} after {text[max(0, t - 20) : t + 1]!r}; it should be {wanted}"


def kinds_of_weights(rnn, vocab):
    """Describe the weights by their signs, and by which of two is the stronger one."""
    w, b, space = rnn.W_hh.item(), rnn.b_h.item(), rnn.W_xh[vocab[" "], 0].item()
    known = [i for i, token in enumerate(vocab.idx_to_token) if token.isalpha()]
    letters = set(rnn.W_xh[known, 0].tolist())
    own = (
        "above 0" if w > 0 else "of 0" if w == 0 else "from -1.1 to 0" if w > -1.1 else "below -1.1"
    )
    own = own if math.isfinite(w) else "that is not finite"
    weak = "below 0, but weaker than that" if space + abs(w) > -1 else "below 0"
    start = "above 0" if space > 0 else "of 0" if space == 0 else weak
    start = start if math.isfinite(space) else "that is not finite"
    alike = (
        "without weights"
        if letters == {0.0}
        else "with equal weights"
        if len(letters) == 1
        else "with different weights"
    )
    bias = "a bias of 0" if b == 0 else "a bias"
    return f"a self-weight {own}, a weight of the space {start}, {bias}, and letters {alike}"


ALPHABET = "abcdefghijklmnopqrstuvwxyz"
TURNED = f" {ALPHABET} {ALPHABET[1:]}a {ALPHABET[::-1]}"  # each letter at an odd and an even place
ENGLISH = (" a", " an", " the", " to be", " the time traveller for so it will be", TURNED)
ODD_CASES = (
    Case("(vocab)", lambda: (Vocab(f"{ALPHABET} "), (*ENGLISH, " " + 40 * "a"))),
    Case(
        "(Vocab('ab\\n '))", lambda: (Vocab("ab\n "), (" a", " ab a", " abba ab b", " " + 40 * "a"))
    ),
)


class MyRNN(RNNScratch):
    def forward(self, inputs, state=None):
        num_steps, batch_size, num_inputs = inputs.shape
        if state is None:
            state = inputs.new_zeros(batch_size, self.num_hiddens)
        Z = inputs.reshape(-1, num_inputs) @ self.W_xh + self.b_h
        Z = Z.reshape(num_steps, batch_size, -1)
        outputs = []
        for t in range(num_steps):
            state = torch.tanh(Z[t] + state @ self.W_hh)
            outputs.append(state)
        return outputs, state


class GivenRNN(RNNScratch):
    def forward(self, inputs, state=None):
        num_steps, batch_size, num_inputs = inputs.shape
        if state is None:
            state = inputs.new_zeros(batch_size, self.num_hiddens)
        Z = inputs.reshape(-1, num_inputs) @ self.W_xh + self.b_h
        Z = Z.reshape(batch_size, num_steps, -1).transpose(0, 1)
        outputs = [state]
        for t in range(num_steps):
            state = torch.tanh(Z[t] + state @ self.W_hh)
            outputs.append(state)
        return outputs[:num_steps], state


def network_with(answer, inputs, state, W_xh, W_hh, b_h):
    """Build the network, give it these weights, let it read, and look at the gradient."""
    if getattr(answer, "forward", None) is RNNScratch.forward:
        raise NotImplementedError  # nothing of its own yet
    rnn = answer(*W_xh.shape)
    with torch.no_grad():
        for name, weights in {"W_xh": W_xh, "W_hh": W_hh, "b_h": b_h}.items():
            getattr(rnn, name).copy_(weights)
    found = named(rnn(inputs, state), "outputs", "state")
    results = rnn(inputs, state)  # once more: nothing may be kept from the first time
    weights = [rnn.W_hh, rnn.W_xh, rnn.b_h]
    none = dict(zip(GRADIENTS, map(torch.zeros_like, weights), strict=True))
    return found | {"W_hh": rnn.W_hh} | gradients_by_name(results, weights, none)


EXERCISES = (
    Exercise("rnn_loop", 2, my_rnn_loop, ROW_CASES),
    Exercise("odd_letters", 2, my_odd_letters, ODD_CASES, unit_at_work),
    Exercise("broken_rnn", 2, MyRNN, LOOP_CASES, network_with, GivenRNN, arguments=2),
)
