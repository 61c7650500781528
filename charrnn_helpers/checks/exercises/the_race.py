"""The exercises of notebook 11: dropout, the error of a lead, and a mixture that learns."""

import math

import torch

from charrnn_helpers.checks.judge import Case, Exercise


def my_drop(H, noise, rate):
    keep = noise >= rate
    kept = H * keep
    return kept / (1 - rate)


def drop_case(rate, *shape, seed=0):
    def make():
        generator = torch.Generator().manual_seed(seed)
        H = torch.randn(shape, generator=generator)
        return H, torch.rand(shape, generator=generator), rate

    return Case(f"(H, noise, {rate}), with H and noise of shape {shape}", make)


DROP_CASES = (
    Case(
        "(torch.ones(1, 4), torch.tensor([[0.1, 0.9, 0.4, 0.6]]), 0.5)",
        lambda: (torch.ones(1, 4), torch.tensor([[0.1, 0.9, 0.4, 0.6]]), 0.5),
    ),
    drop_case(0.2, 2, 5),
    drop_case(0.5, 3, 7, seed=1),
    drop_case(0.75, 4, 6, seed=2),
    drop_case(0.0, 2, 3, seed=3),
)


def my_learning_mixture(p, q, lr):
    a, noted = 0.0, []
    for p_t, q_t in zip(p.tolist(), q.tolist(), strict=True):
        w = 1 / (1 + math.exp(-a))
        m = w * p_t + (1 - w) * q_t
        noted.append(m)
        slope = -(p_t - q_t) / m * w * (1 - w)
        a = a - lr * slope
    return torch.tensor(noted)


def learning_case(p, q, lr):
    return Case(
        f"(torch.tensor({p}), torch.tensor({q}), {lr})", lambda: (*map(torch.tensor, (p, q)), lr)
    )


LEARNING_MIXTURE_CASES = (
    learning_case([0.5], [0.1], 1.0),
    learning_case([0.5, 0.5], [0.1, 0.1], 1.0),
    learning_case([0.9, 0.2, 0.8], [0.3, 0.6, 0.1], 1.0),
    learning_case([0.9, 0.2, 0.8], [0.3, 0.6, 0.1], 0.1),
    learning_case([0.1, 0.1, 0.1, 0.1], [0.9, 0.8, 0.9, 0.8], 2.0),
    learning_case([0.3, 0.3], [0.3, 0.3], 1.0),
    learning_case([0.05, 0.9, 0.4, 0.7, 0.6, 0.02], [0.7, 0.01, 0.5, 0.2, 0.9, 0.3], 0.5),
)


def my_lead(p, q, length):
    gains = p.log() - q.log()
    number = len(gains) // length
    blocks = gains[: number * length].view(number, length)
    means = blocks.mean(dim=1)
    error = means.std() / number**0.5
    return means.mean().item(), error.item()


def lead_case(num_chars, length, seed):
    """Return a case in which what is hard for one model is hard for the other, too."""

    def make():
        generator = torch.Generator().manual_seed(seed)
        hard = torch.rand(num_chars, generator=generator)
        p, q = 0.05 + 0.45 * (hard + torch.rand(2, num_chars, generator=generator))
        return p, q, length

    return Case(f"(p, q, {length}), with p and q of shape ({num_chars},)", make)


LEAD_CASES = (
    Case(
        "(torch.tensor([0.4, 0.4, 0.4, 0.2, 0.8, 0.8]), "
        "torch.tensor([0.2, 0.2, 0.1, 0.1, 0.1, 0.4]), 2)",
        lambda: (
            torch.tensor([0.4, 0.4, 0.4, 0.2, 0.8, 0.8]),
            torch.tensor([0.2, 0.2, 0.1, 0.1, 0.1, 0.4]),
            2,
        ),
    ),
    lead_case(12, 3, seed=0),
    lead_case(17, 5, seed=1),
    lead_case(50, 7, seed=2),
)
EXERCISES = (
    Exercise("drop", 11, my_drop, DROP_CASES),
    Exercise("learning_mixture", 11, my_learning_mixture, LEARNING_MIXTURE_CASES),
    Exercise("lead", 11, my_lead, LEAD_CASES),
)
