"""The exercises of notebook 11: dropout, a mixture that learns its weight, and an audit."""

import copy
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


def my_audit(reports):
    fair = []
    for name, report in reports.items():
        if report["scored"] != "test":
            continue
        if "test" in report["trained"]:
            continue
        if "test" in report["chosen"]:
            continue
        if report["alphabet"] != 28:
            continue
        fair.append(name)
    return fair


def report(trained=("training",), chosen=("validation",), scored="test", alphabet=28):
    return {
        "trained": list(trained),
        "chosen": list(chosen),
        "scored": scored,
        "alphabet": alphabet,
    }


def audit_case(**reports):
    """Return a case that is shown as the reader would write it."""
    return Case(f"({reports})", lambda: (copy.deepcopy(reports),))


BOTH, ALL = ("training", "validation"), ("training", "validation", "test")
AUDIT_CASES = (
    audit_case(RNN=report()),
    audit_case(RNN=report(), LSTM=report(trained=ALL)),
    audit_case(RNN=report(), LSTM=report(chosen=["test"])),
    audit_case(RNN=report(scored="validation"), LSTM=report()),
    audit_case(RNN=report(), GPT=report(alphabet=96)),
    audit_case(RNN=report(), GRU=report(trained=BOTH, chosen=[])),
    audit_case(RNN=report(trained=BOTH), GRU=report(chosen=["training"])),
    audit_case(bigram=report(chosen=[]), RNN=report(chosen=["validation", "test"])),
    audit_case(
        a=report(trained=BOTH),
        b=report(trained=BOTH, chosen=BOTH),
        c=report(trained=["test"], chosen=[]),
        d=report(trained=BOTH, alphabet=27),
        e=report(scored="training"),
        f=report(trained=["validation"], chosen=["training"]),
    ),
)
EXERCISES = (
    Exercise("drop", 11, my_drop, DROP_CASES),
    Exercise("learning_mixture", 11, my_learning_mixture, LEARNING_MIXTURE_CASES),
    Exercise("audit", 11, my_audit, AUDIT_CASES),
)
