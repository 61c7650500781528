"""The exercises of notebook 7: back through a product, one step back, a whole window."""

import torch

from charrnn_helpers.checks.judge import Case, Exercise, draw


def my_linear_backward(dO, H, W):
    dH = dO @ W.T
    dW = H.T @ dO
    db = dO.sum(dim=0)
    return dH, dW, db


def linear_case(batch_size, num_hiddens, num_outputs, seed):
    sizes = [(batch_size, num_outputs), (batch_size, num_hiddens), (num_hiddens, num_outputs)]
    show = "(dO {}, H {}, W {})".format(*sizes)
    return Case(show, lambda: tuple(draw(*size, seed=seed + i) for i, size in enumerate(sizes)))


LINEAR_BACKWARD = Exercise(
    name="linear_backward",
    notebook=7,
    answer=my_linear_backward,
    cases=(
        linear_case(2, 3, 1, 10),
        linear_case(1, 2, 3, 20),
        linear_case(2, 3, 4, 30),
        linear_case(3, 3, 3, 40),
        linear_case(4, 2, 5, 50),
    ),
)


def my_step_back(dH, H, W_hh):
    dA = dH * (1 - H**2)
    dH_before = dA @ W_hh.T
    return dA, dH_before


def step_back_case(batch_size, num_hiddens, seed):
    b, h = batch_size, num_hiddens

    def make():
        H = draw(b, h, seed=seed + 1).tanh().mul(100).round().div(100)
        return draw(b, h, seed=seed), H, draw(h, h, seed=seed + 2)

    return Case(f"(dH {b, h}, H {b, h}, W_hh {h, h})", make)


STEP_BACK = Exercise(
    name="step_back",
    notebook=7,
    answer=my_step_back,
    cases=(
        step_back_case(1, 2, 110),
        step_back_case(2, 3, 120),
        step_back_case(3, 3, 130),
        step_back_case(4, 2, 140),
    ),
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


def given_window_backward(from_above, H, W_hh):
    num_steps = len(H)
    dA = torch.zeros_like(H)
    for t in range(num_steps - 1, -1, -1):
        dH = from_above[t]
        dA[t] = dH * (1 - H[t] ** 2)
    return dA


def window_case(num_steps, batch_size, num_hiddens, seed):
    size, h = (num_steps, batch_size, num_hiddens), num_hiddens

    def make():
        H = draw(*size, seed=seed + 1).tanh().mul(100).round().div(100)
        return draw(*size, seed=seed), H, draw(h, h, seed=seed + 2)

    return Case(f"(from_above {size}, H {size}, W_hh {h, h})", make)


WINDOW_BACKWARD = Exercise(
    name="window_backward",
    notebook=7,
    answer=my_window_backward,
    given=given_window_backward,
    cases=(
        window_case(1, 1, 2, 210),
        window_case(2, 1, 2, 220),
        window_case(3, 2, 3, 230),
        window_case(4, 3, 3, 240),
        window_case(6, 2, 4, 250),
    ),
)
EXERCISES = (LINEAR_BACKWARD, STEP_BACK, WINDOW_BACKWARD)
