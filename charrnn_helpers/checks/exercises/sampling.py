"""The exercises of notebook 7: a writer that forgets, temperature, and top-k."""

import math

import torch

from charrnn_helpers.checks.judge import Case, Exercise
from charrnn_helpers.checks.values import as_tensor, settle
from charrnn_helpers.data import Vocab
from charrnn_helpers.model import make_model
from charrnn_helpers.sampling import advance, warm_up


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


def my_temperature(logits, T):
    if T == 0:
        return torch.where(logits == logits.max(), logits, -math.inf)
    return logits / T


TEMPERATURE_CASES = (
    logits_case([1.0, 0.0], 2.0),
    logits_case([1.0, 0.0], 1.0),
    logits_case([2.0, 1.0, -1.0], 0.5),
    logits_case([-3.0, -1.0, -2.0, 0.5], 10.0),
    logits_case([0.00001, 0.0, -0.00002], 0.00001),
    logits_case([1.0, 3.0, 2.0], 0),
    logits_case([0.0001, 0.0002, 0.0], 0),
    logits_case([0.1, 0.100001, 0.05], 0),
    logits_case([-5.0, -1.0, -2.0], 0),
)


def my_top_k(logits, k):
    limit = logits.topk(k).values[-1]
    return torch.where(logits >= limit, logits, -math.inf)


TOP_K_CASES = (
    logits_case([2.0, 1.0], 1),
    logits_case([0.5, 3.0, 1.0], 2),
    logits_case([-1.0, -3.0, -2.0, -0.5], 2),
    logits_case([4.0, 0.2, 2.0, 3.0, -1.0, 1.0], 3),
    logits_case([1.5, -0.5, 2.5, 0.25], 1),
    logits_case([1.0, 2.0, 3.0], 3),
    logits_case([0.0, -1.0, 2.0], 2),
)


LETTERS = "abcde "


def writer():
    """Return a model of five letters that does not write the same letter forever."""
    vocab = Vocab(LETTERS)
    model = make_model(len(vocab), num_hiddens=8, sigma=1.2, seed=4)
    with torch.no_grad():
        model.b_q[vocab.unk] = -100.0  # never written
    return model


def writer_case(prefix, num_preds):
    show = f"(model, {prefix!r}, {num_preds}, vocab)"
    return Case(show, lambda: (writer(), prefix, num_preds, Vocab(LETTERS)))


def my_continue(model, prefix, num_preds, vocab):
    logits, state = warm_up(model, prefix, vocab)
    ids = []
    for _ in range(num_preds):
        ids.append(logits.argmax().item())
        logits, state = advance(model, ids[-1], state)
    return prefix + vocab.decode(ids)


WRITER_CASES = tuple(
    writer_case(prefix, num_preds)
    for prefix, num_preds in [
        ("ab", 1),
        ("ab", 3),
        ("c", 6),
        ("badcab", 12),
        ("ed", 0),
        (" ab ", 4),
    ]
)
EXERCISES = (
    Exercise("continue_text", 7, my_continue, WRITER_CASES, given="state lost"),
    Exercise("temperature", 7, my_temperature, TEMPERATURE_CASES, after_softmax),
    Exercise("top_k", 7, my_top_k, TOP_K_CASES, after_softmax),
)
