"""The exercises of notebook 10: a bias that holds, a GRU, a slope with three parts."""

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


def my_gru_step(X, H, update, reset, candidate):
    W_xz, W_hz, b_z = update
    W_xr, W_hr, b_r = reset
    W_xh, W_hh, b_h = candidate
    Z = torch.sigmoid(X @ W_xz + H @ W_hz + b_z)
    R = torch.sigmoid(X @ W_xr + H @ W_hr + b_r)
    A = X @ W_xh + R * (H @ W_hh) + b_h
    return Z * H + (1 - Z) * torch.tanh(A)


def with_gradient(answer, X, H, *weights):
    """Call an answer twice: for its result, and for the gradient of H.

    Where nothing flows back, the gradient is 0. If the first call changes its arguments, there is
    no second one.
    """
    before = settle((X, H, *weights))
    result = answer(X, H, *weights)
    if not identical(settle((X, H, *weights)), before):
        return {"result": result}
    leaf = H.clone().requires_grad_()
    again = answer(X, leaf * 1, *weights)  # leaf * 1 may be changed in place
    parts = again if isinstance(again, (tuple, list)) else (again,)
    parts = [part for part in parts if isinstance(part, torch.Tensor) and part.requires_grad]
    weighted = [(part * (1 + torch.arange(part.numel()).view_as(part))).sum() for part in parts]
    (gradient,) = gradients(sum(weighted), [leaf]) if parts else (torch.zeros_like(leaf),)
    return {"result": result, "gradient of H": gradient}


SIZES = [(1, 1, 1), (1, 1, 2), (2, 3, 2), (3, 2, 3), (4, 5, 3)]  # batch_size, inputs, hiddens


def gru_case(b, d, h, seed):
    def make():
        sizes = ((d, h), (h, h), (h,))
        weights = (
            tuple(draw(*size, seed=seed + 3 * k + i, scale=1.2) for i, size in enumerate(sizes))
            for k in range(3)
        )
        return (draw(b, d, seed=seed + 9, scale=1.2), draw(b, h, seed=seed + 10), *weights)

    return Case(f"(X {(b, d)}, H {(b, h)}, and weights for {h} hidden unit{'s'[: h > 1]})", make)


def kept():
    """Return what keeps a state of 0.5: an update gate of 1."""
    zero = torch.zeros(1, 1)
    gates = ((zero.clone(), zero.clone(), torch.tensor([b])) for b in (20.0, 0.0, 1.0))
    return (zero.clone(), torch.full((1, 1), 0.5), *gates)


GRU_STEP_CASES = (
    Case("(X=0, H=0.5, and weights of 0, except for b_z=20 and b_h=1)", kept),
    *(gru_case(*size, 100 + 20 * k) for k, size in enumerate(SIZES, 1)),
)
EXERCISES = (
    Exercise("holding_bias", 10, my_holding_bias, BIAS_CASES, left_over),
    Exercise("gru_step", 10, my_gru_step, GRU_STEP_CASES, with_gradient),
    Exercise("gru_slope", 10, my_gru_slope, SLOPE_CASES),
)
