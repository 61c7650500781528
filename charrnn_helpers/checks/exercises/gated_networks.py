"""The exercise of notebook 10: a broken LSTM."""

import torch

from charrnn_helpers.checks.judge import Case, Exercise, draw, gradients
from charrnn_helpers.checks.values import identical, settle


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


def lstm_case(b, h, seed):
    show = f"(a_i, a_f, a_o, a_c, and C, each {b, h})"
    return Case(show, lambda: tuple(draw(b, h, seed=seed + i, scale=1.2) for i in range(5)))


LSTM_STEP_CASES = tuple(lstm_case(*size, 100 + 10 * k) for k, size in enumerate(SIZES, 1))
EXERCISES = (
    Exercise("lstm_step", 10, my_lstm_step, LSTM_STEP_CASES, with_gradient, "old memory in H"),
)
