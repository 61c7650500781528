"""The exercises of notebook 2: counting parameters, the loop, a broken network."""

import torch

from charrnn_helpers.checks.judge import Case, Exercise, case, draw, drawn, gradients
from charrnn_helpers.checks.values import Odd, attempt, named
from charrnn_helpers.model import RNNScratch


def my_num_params(vocab_size, num_hiddens):
    W_xh = vocab_size * num_hiddens
    W_hh = num_hiddens * num_hiddens
    b_h = num_hiddens
    W_hq = num_hiddens * vocab_size
    b_q = vocab_size
    return W_xh + W_hh + b_h + W_hq + b_q


NUM_PARAMS_CASES = (case(3, 2), case(2, 5), case(4, 4), case(28, 32), case(28, 256))


def step_case(b, n, h, seed):
    return drawn(seed, 0.7, X=(b, n), H=(b, h), W_xh=(n, h), W_hh=(h, h), b_h=(h,))


def my_rnn_loop(inputs, state, W_xh, W_hh, b_h):
    if state is None:
        state = torch.zeros(inputs.shape[1], W_hh.shape[0])
    outputs = []
    for X in inputs:
        state = torch.tanh(X @ W_xh + state @ W_hh + b_h)
        outputs.append(state)
    return outputs, state


def states_and_last(answer, inputs, state, *weights):
    """Run the loop, and see how gradients flow through its results to the weights."""
    found = named(answer(inputs, state, *weights), "outputs", "state")
    W_xh, W_hh, b_h = (weight.clone().requires_grad_() for weight in weights)
    state = None if state is None else state.clone()
    results = attempt(answer, inputs.clone(), state, W_xh, W_hh, b_h)
    return found | gradients_by_name(results, [W_hh, W_xh, b_h], {})  # an answer in NumPy has none


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


class MyRNN(RNNScratch):
    def forward(self, inputs, state=None):
        if state is None:
            state = torch.zeros(inputs.shape[1], self.num_hiddens)
        outputs = []
        for X in inputs:
            state = torch.tanh(X @ self.W_xh + state @ self.W_hh + self.b_h)
            outputs.append(state)
        return outputs, state


class GivenRNN(RNNScratch):
    def forward(self, inputs, state=None):
        if state is None:
            state = inputs.new_zeros(inputs.shape[1], self.num_hiddens)
        outputs = []
        for X in inputs:
            outputs.append(state)
            state = torch.tanh(X @ self.W_xh + state @ self.W_hh.T + self.b_h)
        return outputs, state


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
    Exercise("rnn_loop", 2, my_rnn_loop, LOOP_CASES, states_and_last),
    Exercise("broken_rnn", 2, MyRNN, LOOP_CASES, network_with, GivenRNN, arguments=2),
    Exercise("num_params", 2, my_num_params, NUM_PARAMS_CASES),
)
