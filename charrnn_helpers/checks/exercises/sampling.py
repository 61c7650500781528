"""The exercises of notebook 7: a draw, one step of a beam, and top-p."""

import math

import torch

from charrnn_helpers.checks.judge import Case, Exercise, draw
from charrnn_helpers.checks.values import as_tensor, named, settle


def my_draw_with(probs, u):
    ends = probs.cumsum(dim=0)
    passed = ends <= u
    return int(passed.sum())


def drawn_with(answer, probs, u):
    """Draw, if these are probabilities: a change of one of them alone says nothing."""
    if (probs < 0).any() or not math.isclose(probs.sum().item(), 1, abs_tol=1e-5) or not 0 <= u < 1:
        raise ValueError("no probabilities, or no such number")
    return answer(probs, u)


def draw_case(probs, u):
    return Case(f"({probs}, {u})", lambda: (torch.tensor(probs), u))


DRAW_CASES = (
    draw_case([0.25, 0.75], 0.375),
    draw_case([0.25, 0.75], 0.125),
    draw_case([0.5, 0.25, 0.25], 0.625),
    draw_case([0.125, 0.5, 0.375], 0.875),
    draw_case([0.375, 0.125, 0.5], 0.25),
    draw_case([0.0, 0.25, 0.0, 0.75], 0.75),
    draw_case([0.125, 0.25, 0.125, 0.375, 0.125], 0.5),
    draw_case([0.0, 0.5, 0.5], 0.0),
    draw_case([0.0625, 0.25, 0.125, 0.0625, 0.375, 0.125], 0.7),
    draw_case([0.0004, 0.3336, 0.333, 0.333], 0.0002),
)


def step_of_a_beam(answer, *args):
    """Return the three results by their names."""
    return named(answer(*args), "scores", "rows", "ids")


def beam_case(num_beams, vocab_size, width, seed):
    """Return a case of random texts and next characters; the likeliest text comes last."""

    def make():
        scores = draw(num_beams, seed=seed, scale=0.5).sort().values - 3.0
        log_probs = draw(num_beams, vocab_size, seed=seed + 1, scale=1.5).log_softmax(dim=1)
        return scores, log_probs, width

    texts = "1 text" if num_beams == 1 else f"{num_beams} texts"
    return Case(f"(scores of {texts}, log_probs of {vocab_size} characters, {width})", make)


def my_beam_step(scores, log_probs, width):
    totals = scores[:, None] + log_probs
    best = totals.flatten().topk(width)
    vocab_size = log_probs.shape[1]
    rows = best.indices // vocab_size
    ids = best.indices % vocab_size
    return best.values, rows, ids


BEAM_CASES = (
    beam_case(2, 3, 2, seed=2),
    beam_case(1, 4, 2, seed=1),
    beam_case(2, 5, 3, seed=5),
    beam_case(3, 4, 3, seed=3),
    beam_case(4, 6, 4, seed=8),
    beam_case(3, 3, 1, seed=13),
    beam_case(3, 7, 5, seed=21),
)


def after_softmax(answer, logits, *args):
    """Return the softmax of the result, and whether the result holds nan or +inf."""
    settled = settle(answer(logits, *args))
    changed = as_tensor(settled)
    if changed is None or changed.shape != logits.shape:
        return {"probabilities": settled}
    changed = changed.double()
    odd = {
        "holds nan": bool(changed.isnan().any()),
        "holds +inf": bool((changed == math.inf).any()),
    }
    return odd | {"probabilities": changed.softmax(dim=-1)}


def logits_case(values, setting):
    show = f"{values}, {setting}".replace(".0,", ",").replace(".0]", "]")
    return Case(f"({show}), then the softmax", lambda: (torch.tensor(values), setting))


def my_top_p(logits, p):
    probs = logits.softmax(dim=0)
    ordered, order = probs.sort(descending=True)
    before = ordered.cumsum(dim=0) - ordered
    cut = before >= p
    return logits.index_fill(0, order[cut], -math.inf)


def chances(probs, p):
    """Return a case with these probabilities, whose logits are their logarithms."""
    show = f"(logits with the probabilities {probs}, {p}), then the softmax"
    return Case(show, lambda: (torch.tensor(probs).log(), p))


TOP_P_CASES = (
    chances([0.3, 0.7], 0.5),
    chances([0.15, 0.5, 0.35], 0.7),
    chances([0.125, 0.5, 0.25, 0.125], 0.5),  # exactly p in single precision; in double, a bit more
    chances([0.1, 0.6, 0.05, 0.25], 0.9),
    chances([0.2, 0.12, 0.4, 0.08, 0.17, 0.03], 0.75),
    logits_case([-1.0, -3.0, 2.0, -0.5], 0.97),
    logits_case([1.5, -0.5, 2.5, 0.25], 0.05),
    chances([0.22, 0.26, 0.28, 0.24], 0.9),
    logits_case([3.0, 1.0, 2.0], 0.999),
)


EXERCISES = (
    Exercise("draw_with", 7, my_draw_with, DRAW_CASES, drawn_with),
    Exercise("beam_step", 7, my_beam_step, BEAM_CASES, step_of_a_beam),
    Exercise("top_p", 7, my_top_p, TOP_P_CASES, after_softmax),
)
