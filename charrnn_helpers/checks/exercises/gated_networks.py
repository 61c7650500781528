"""The exercises of notebook 10: a bias that holds, a slope with three parts, a broken LSTM."""

import math

import torch

from charrnn_helpers.checks.judge import Case, Exercise, case, draw, gradients
from charrnn_helpers.checks.values import Fact, as_tensor, identical, settle


def my_holding_bias(share, num_steps):
    z = share ** (1 / num_steps)
    return math.log(z / (1 - z))


def left_over(answer, share, num_steps):
    """Let a gate with this bias act in each time step, and tell what is left of a value of 1."""
    found = settle(answer(share, num_steps))
    bias = as_tensor(found) if isinstance(found, (int, float)) else found
    if not isinstance(bias, torch.Tensor) or bias.numel() != 1 or bias.dtype == torch.bool:
        return {"what is left": found}
    left = (torch.sigmoid(bias.double()) ** num_steps).item()
    return {"what is left": Fact(f"{left:.3g} of the value")}


BIAS_CASES = tuple(
    case(*args) for args in ((0.5, 100), (0.5, 10), (0.9, 50), (0.1, 200), (0.25, 2))
)


def my_gru_slope(h, v, b, w, a):
    z = 1 / (1 + math.exp(-(v * h + b)))
    c = math.tanh(w * h + a)
    dz = z * (1 - z) * v
    dc = (1 - c**2) * w
    return z + (h - c) * dz + (1 - z) * dc


SLOPE_CASES = (
    case(0.5, 0.0, 0.0, 1.0, 0.0),
    case(0.5, 1.0, 0.0, 0.0, 0.0),
    case(-0.8, 0.5, 2.0, 1.5, 0.3),
    case(0.3, -2.0, 1.0, -1.0, 0.7),
    case(0.9, 3.0, -1.0, 0.8, -0.5),
)


def with_gradient(answer, *args):
    """Call an answer twice: for its result, and for the gradient of C, the last argument.

    Where nothing flows back, the gradient is 0. If the first call changes its arguments, there is
    no second one.
    """
    before = settle(args)
    result = answer(*args)
    if not identical(settle(args), before):
        return {"result": result}
    leaf = args[-1].clone().requires_grad_()
    again = answer(*args[:-1], leaf * 1)  # leaf * 1 may be changed in place
    parts = again if isinstance(again, (tuple, list)) else (again,)
    parts = [part for part in parts if isinstance(part, torch.Tensor) and part.requires_grad]
    weighted = [(part * (1 + torch.arange(part.numel()).view_as(part))).sum() for part in parts]
    (gradient,) = gradients(sum(weighted), [leaf]) if parts else (torch.zeros_like(leaf),)
    return {"result": result, "gradient of C": gradient}


SIZES = [(1, 1), (1, 2), (2, 3), (3, 3), (4, 5)]  # batch_size, num_hiddens


def my_lstm_step(a_i, a_f, a_o, a_c, C):
    I, F, O = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o)
    new_C = F * C + I * torch.tanh(a_c)
    H = O * torch.tanh(new_C)
    return H, new_C


def leaking_lstm_step(a_i, a_f, a_o, a_c, C):
    I, F, O = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o)
    C = torch.tanh(F * C + I * torch.tanh(a_c))
    return O * C, C


def lstm_case(b, h, seed):
    show = f"(a_i, a_f, a_o, a_c, and C, each {b, h})"
    return Case(show, lambda: tuple(draw(b, h, seed=seed + i, scale=1.2) for i in range(5)))


def kept():
    """Return what holds a memory of 1: a forget gate of 1, and an input gate of 0."""
    return tuple(torch.full((1, 1), value) for value in (-20.0, 20.0, 0.0, 0.0, 1.0))


LSTM_STEP_CASES = (
    Case("(a_i=-20, a_f=20, a_o=0, a_c=0, C=1), each (1, 1)", kept),
    *(lstm_case(*size, 100 + 10 * k) for k, size in enumerate(SIZES, 1)),
)
EXERCISES = (
    Exercise("holding_bias", 10, my_holding_bias, BIAS_CASES, left_over),
    Exercise("gru_slope", 10, my_gru_slope, SLOPE_CASES),
    Exercise("lstm_step", 10, my_lstm_step, LSTM_STEP_CASES, with_gradient, leaking_lstm_step),
)
