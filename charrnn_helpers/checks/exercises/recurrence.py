"""The exercises of notebook 2: counting parameters, one step, the loop, a broken network."""

from functools import partial

import torch

from charrnn_helpers.checks.judge import Case, Exercise, case, draw
from charrnn_helpers.checks.values import Odd, attempt, named
from charrnn_helpers.model import RNNScratch


def my_num_params(vocab_size, num_hiddens):
    W_xh = vocab_size * num_hiddens
    W_hh = num_hiddens * num_hiddens
    b_h = num_hiddens
    W_hq = num_hiddens * vocab_size
    b_q = vocab_size
    return W_xh + W_hh + b_h + W_hq + b_q


NUM_PARAMS = Exercise(
    name="num_params",
    notebook=2,
    answer=my_num_params,
    cases=(case(3, 2), case(2, 5), case(4, 4), case(28, 32), case(28, 256)),
)


def my_rnn_step(X, H, W_xh, W_hh, b_h):
    return torch.tanh(X @ W_xh + H @ W_hh + b_h)


def step_arguments(batch_size, num_inputs, num_hiddens, seed, scale=0.7):
    sizes = [(batch_size, num_inputs), (batch_size, num_hiddens), (num_inputs, num_hiddens)]
    sizes += [(num_hiddens, num_hiddens), (num_hiddens,)]
    return tuple(draw(*size, seed=10 * seed + i, scale=scale) for i, size in enumerate(sizes))


def step_case(b, n, h, scale=0.7):
    show = f"(X {b, n}, H {b, h}, W_xh {n, h}, W_hh {h, h}, b_h {(h,)})"
    return Case(show, lambda: step_arguments(b, n, h, 5, scale))


RNN_STEP = Exercise(
    name="rnn_step",
    notebook=2,
    answer=my_rnn_step,
    cases=(
        case(*step_arguments(1, 1, 1, 1)),
        case(*step_arguments(2, 2, 2, 2)),
        *(step_case(*sizes) for sizes in [(3, 3, 3), (2, 5, 3), (1, 4, 6), (4, 2, 3)]),
        step_case(2, 3, 4, scale=40.0),
    ),
)


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
    return found | gradients(results, [W_hh, W_xh, b_h], {})  # an answer in NumPy has none


def gradients(results, weights, detached):
    """Return those of the sum of squares of all results by name, `detached` if there are none."""
    total = sum(H.pow(2).sum() for H in flat(results) if isinstance(H, torch.Tensor))
    if not isinstance(total, torch.Tensor) or not total.requires_grad:
        return detached
    options = {"allow_unused": True, "materialize_grads": True}
    found = attempt(partial(torch.autograd.grad, **options), total, weights)
    if isinstance(found, Odd):  # something was changed in place
        return {}
    return dict(zip(GRADIENTS, found, strict=True))


GRADIENTS = ("gradient of W_hh", "gradient of W_xh", "gradient of b_h")


def flat(results):
    """Return all tensors in the results, and in lists among them."""
    for result in results if isinstance(results, (tuple, list)) else (results,):
        yield from result if isinstance(result, (tuple, list)) else (result,)


def loop_arguments(num_steps, batch_size, num_inputs, num_hiddens, seed, state=True):
    _, H, *weights = step_arguments(batch_size, num_inputs, num_hiddens, seed)
    inputs = draw(num_steps, batch_size, num_inputs, seed=seed + 50)
    return (inputs, H if state else None, *weights)


def loop_case(*sizes, state=True):
    t, b, n, h = sizes
    given = f"state {b, h}" if state else "state None"
    show = f"(inputs {t, b, n}, {given}, W_xh {n, h}, W_hh {h, h}, b_h {(h,)})"

    def make():
        return loop_arguments(*sizes, seed=sum(sizes), state=state)

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
RNN_LOOP = Exercise(
    name="rnn_loop",
    notebook=2,
    answer=my_rnn_loop,
    drive=states_and_last,
    cases=LOOP_CASES,
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
    return found | {"W_hh": rnn.W_hh} | gradients(results, weights, none)


BROKEN_RNN = Exercise(
    name="broken_rnn",
    notebook=2,
    answer=MyRNN,
    arguments=2,
    given=GivenRNN,
    drive=network_with,
    cases=LOOP_CASES,
)
EXERCISES = (RNN_STEP, RNN_LOOP, BROKEN_RNN, NUM_PARAMS)
