"""The exercises of notebook 8: back through a product, one step back, a whole window."""

import torch

from charrnn_helpers.checks.judge import Case, Exercise, draw, drawn


def my_linear_backward(dO, H, W):
    dH = dO @ W.T
    dW = H.T @ dO
    db = dO.sum(dim=0)
    return dH, dW, db


LINEAR_BACKWARD_CASES = tuple(
    drawn(10 * k, dO=(b, o), H=(b, h), W=(h, o))
    for k, (b, h, o) in enumerate([(2, 3, 1), (1, 2, 3), (2, 3, 4), (3, 3, 3), (4, 2, 5)], 1)
)


def my_step_back(dH, H, W_hh):
    dA = dH * (1 - H**2)
    dH_before = dA @ W_hh.T
    return dA, dH_before


def backward_case(seed, name, *size):
    """Return a Case of gradients with this name, states of the same size, and weights."""
    h = size[-1]

    def make():
        H = draw(*size, seed=seed + 1).tanh().mul(100).round().div(100)
        return draw(*size, seed=seed), H, draw(h, h, seed=seed + 2)

    return Case(f"({name} {size}, H {size}, W_hh {h, h})", make)


STEP_BACK_CASES = (
    backward_case(110, "dH", 1, 2),
    backward_case(120, "dH", 2, 3),
    backward_case(130, "dH", 3, 3),
    backward_case(140, "dH", 4, 2),
)


def my_window_backward(from_above, H, W_hh):
    num_steps = len(H)
    dA = torch.zeros_like(H)
    for t in range(num_steps - 1, -1, -1):
        dH = from_above[t]
        if t < num_steps - 1:
            dH = dH + dA[t + 1] @ W_hh.T
        dA[t] = dH * (1 - H[t] ** 2)
    return dA


WINDOW_BACKWARD_CASES = (
    backward_case(210, "from_above", 1, 1, 2),
    backward_case(220, "from_above", 2, 1, 2),
    backward_case(230, "from_above", 3, 2, 3),
    backward_case(240, "from_above", 4, 3, 3),
    backward_case(250, "from_above", 6, 2, 4),
)
EXERCISES = (
    Exercise("linear_backward", 8, my_linear_backward, LINEAR_BACKWARD_CASES),
    Exercise("step_back", 8, my_step_back, STEP_BACK_CASES),
    Exercise(
        "window_backward",
        8,
        my_window_backward,
        WINDOW_BACKWARD_CASES,
        given="nothing from the right",
    ),
)
