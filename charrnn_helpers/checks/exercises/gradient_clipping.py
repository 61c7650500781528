"""The exercises of notebook 5: three time steps, the size of W_hh, clipping, and a control."""

import math

import torch
from torch import nn

from charrnn_helpers.checks.judge import Case, Exercise, case
from charrnn_helpers.checks.values import Fact, as_tensor, settle
from charrnn_helpers.training import clip_gradients, gradient_norm


def my_three_steps(w, h0, x1, x2, x3):
    h1 = math.tanh(x1 + w * h0)
    h2 = math.tanh(x2 + w * h1)
    h3 = math.tanh(x3 + w * h2)
    dh3 = 1
    da3 = dh3 * (1 - h3**2)
    dh2 = 1 + da3 * w
    da2 = dh2 * (1 - h2**2)
    dh1 = 1 + da2 * w
    da1 = dh1 * (1 - h1**2)
    return da3 * h2 + da2 * h1 + da1 * h0


THREE_STEPS_CASES = (
    case(2.0, 0.5, 0.0, 0.0, 0.0),
    case(1.0, 0.0, 0.5, -0.5, 0.25),
    case(0.5, -0.8, 0.3, 0.1, -0.4),
    case(-1.5, 0.6, 0.2, -0.7, 0.9),
    case(3.0, 0.1, -0.2, 0.4, 0.3),
    case(0.0, 0.5, 1.0, -0.3, 0.2),
)


def my_good_sigma(num_hiddens):
    return 1 / math.sqrt(num_hiddens)


def networks_of(answer, num_hiddens):
    """Draw W_hh with this sigma, and tell how long a row gets where all slopes are 1."""
    found = settle(answer(num_hiddens))
    sigma = as_tensor(found) if isinstance(found, (int, float)) else found
    if not isinstance(sigma, torch.Tensor) or sigma.numel() != 1 or sigma.dtype == torch.bool:
        return {"a row": found}
    generator = torch.Generator().manual_seed(5000 + num_hiddens)  # with it, 1 / sqrt(n) is near 1
    kept = []
    for _ in range(20):
        W_hh = torch.randn(num_hiddens, num_hiddens, generator=generator, dtype=torch.double)
        rows = torch.randn(20, num_hiddens, generator=generator, dtype=torch.double)
        kept.append(((rows @ (sigma.double() * W_hh.T)).norm() / rows.norm()).item())
    factor = sum(kept) / len(kept)
    near = 2 ** (round(6 * math.log2(factor)) / 6) if 0 < factor < math.inf else factor
    times = "" if near == 1 else f"{near:.2g} times "
    return {"a row": Fact(f"about {times}as long as before")}


SIGMA_CASES = tuple(case(num_hiddens) for num_hiddens in (16, 64, 256))


class Gradients(nn.Module):
    """Parameters filled with ones that have the given gradients; None means no gradient."""

    def __init__(self, gradients):
        super().__init__()
        for i, grad in enumerate(gradients):
            shape = (2,) if grad is None else grad.shape
            parameter = nn.Parameter(torch.ones(shape))
            parameter.grad = None if grad is None else grad.clone()
            self.register_parameter(f"p{i}", parameter)


def clipped(answer, grad_clip_val, *gradients):
    """Clip a model with these gradients, and return everything that could have changed."""
    model = Gradients(gradients)
    before = [p.grad for p in model.parameters()]
    norm = answer(grad_clip_val, model)
    grads = [p.grad for p in model.parameters()]
    return {
        "gradients": [Fact("None") if grad is None else grad for grad in grads],
        "returned": norm,
        "weights": [p.detach() for p in model.parameters()],
        "in place": all(g is old for g, old in zip(grads, before, strict=True)),
    }


def clip_case(grad_clip_val, *gradients):
    tensors = [None if g is None else torch.as_tensor(g, dtype=torch.float32) for g in gradients]
    shown = " and ".join("None" if g is None else str(g) for g in gradients)
    return Case(
        f"({grad_clip_val}, a model with the gradients {shown})", lambda: (grad_clip_val, *tensors)
    )


def my_clip_gradients(grad_clip_val, model):
    norm = gradient_norm(model)
    if norm > grad_clip_val:
        for p in model.parameters():
            if p.grad is not None:
                p.grad *= grad_clip_val / norm
    return norm


CLIP_CASES = (
    clip_case(1.0, [3.0, 4.0]),
    clip_case(10.0, [3.0, 4.0]),
    clip_case(1.0, [3.0], [4.0]),
    clip_case(0.5, [[1.0, -2.0], [0.1, 2.0]], [0.3]),
    clip_case(2.0, [0.5, -0.25], [0.125], [1.0, 1.0]),
    clip_case(1.0, [3.0, 4.0], None),
    clip_case(1.0, None, [3.0, 4.0]),
    clip_case(6.0, [3.0, 4.0], None),
    clip_case(1.0, [0.0, 0.0]),
)


def my_uphill(model):
    norm = gradient_norm(model)
    if norm > 10:
        for p in model.parameters():
            p.grad *= -1
    clip_gradients(1.0, model)
    return norm


def treated(answer, *gradients):
    """Let the answer treat a model with these gradients; return what could have changed."""
    model = Gradients(gradients)
    norm = answer(model)
    grads = [p.grad for p in model.parameters()]
    return {
        "gradients": ["None" if grad is None else grad for grad in grads],
        "returned": norm,
        "weights": [p.detach() for p in model.parameters()],
    }


def uphill_case(*gradients):
    tensors = [torch.as_tensor(g, dtype=torch.float32) for g in gradients]
    shown = " and ".join(map(str, gradients))
    return Case(f"(a model with the gradients {shown})", lambda: tuple(tensors))


UPHILL_CASES = (
    uphill_case([30.0, 40.0]),
    uphill_case([3.0, 4.0]),
    uphill_case([0.3, -0.4]),
    uphill_case([9.0], [-12.0]),
    uphill_case([8.0], [-6.0, 2.0], [1.0]),
    uphill_case([[12.0, -9.0], [0.0, 20.0]], [0.5]),
    uphill_case([9.0], [0.4, -0.2]),
)
EXERCISES = (
    Exercise("three_steps", 5, my_three_steps, THREE_STEPS_CASES),
    Exercise("good_sigma", 5, my_good_sigma, SIGMA_CASES, networks_of),
    Exercise("clip_gradients", 5, my_clip_gradients, CLIP_CASES, clipped, arguments=2),
    Exercise("uphill", 5, my_uphill, UPHILL_CASES, treated, arguments=1),
)
