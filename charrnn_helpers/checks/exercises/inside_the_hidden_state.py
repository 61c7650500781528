"""The exercises of notebook 9: a push built in, few units, and a direction held still."""

import copy

import torch
from torch import nn

from charrnn_helpers.checks.judge import Exercise, case, draw
from charrnn_helpers.checks.values import Odd, identical, name_of, settle
from charrnn_helpers.model import make_model


def my_build_in(model, push_logits, push_memory):
    model = copy.deepcopy(model)
    with torch.no_grad():
        model.rnn.b_h += push_memory @ model.rnn.W_hh
        model.b_q += push_logits @ model.W_hq
    return model


def my_few_units(w, H, k):
    effect = w.abs() * H.std(dim=0)
    return effect.topk(k).indices


def my_hold(model, u, means):
    model = copy.deepcopy(model)
    with torch.no_grad():
        to_next, to_logits = u @ model.rnn.W_hh, u @ model.W_hq
        model.rnn.b_h += (means @ u) * to_next
        model.b_q += (means @ u) * to_logits
        model.rnn.W_hh -= torch.outer(u, to_next)
        model.W_hq -= torch.outer(u, to_logits)
    return model


def with_push(answer, push_logits, push_memory):
    return changed_network(lambda model: answer(model, push_logits, push_memory), len(push_logits))


def with_hold(answer, u, means):
    return changed_network(lambda model: answer(model, u, means), len(u))


def changed_network(change, num_hiddens):
    """Let the answer change a network; compare its logits, and the network itself."""
    model = make_model(5, num_hiddens, sigma=0.8, seed=3)
    with torch.no_grad():
        model.b_q.copy_(draw(5, seed=4))
        model.rnn.b_h.copy_(draw(num_hiddens, seed=5))
    before = settle(model)
    changed = change(model)
    if not isinstance(changed, nn.Module):
        settled = settle(changed)
        nothing = settled is None or settled is ...
        return {"logits": settled if nothing else Odd(f"{name_of(settled)}, not a model")}
    X, state = torch.tensor([[1, 4, 2], [3, 0, 1]]), draw(2, num_hiddens, seed=6)
    places = {p.data_ptr() for p in model.parameters()}
    with torch.no_grad():
        return {
            "logits": changed(X, state),
            "model unchanged": identical(settle(model), before),
            "own weights": places.isdisjoint(p.data_ptr() for p in changed.parameters()),
        }


def push_case(num_hiddens, seed):
    pushes = [draw(num_hiddens, seed=seed + k) for k in (0, 100)]
    shown = ", ".join(f"[{', '.join(f'{x:g}' for x in push)}]" for push in pushes)
    return case(*pushes)._replace(show=f"(a network of {num_hiddens} units, {shown})")


def hold_case(*u):
    means = draw(len(u), seed=7, scale=0.4)  # between -1 and 1
    show = f"(a network of {len(u)} units, {list(u)}, means)"
    return case(torch.tensor(u), means)._replace(show=show)


def chosen(answer, w, H, k):
    """Return the units that the answer chooses, in the order of their numbers."""
    found = settle(answer(w, H, k))
    if isinstance(found, torch.Tensor) and found.dim() == 1 and found.dtype != torch.bool:
        found = found.tolist()
    if isinstance(found, list) and all(isinstance(unit, (int, float)) for unit in found):
        return sorted(found)
    return found


def units_case(num_states, num_units, k, seed):
    """Make units with means and spreads of all sizes, so that each wrong order shows."""
    w, means = draw(num_units, seed=seed), draw(num_units, seed=seed + 1)
    spreads = draw(num_units, seed=seed + 2).abs() + 0.05
    H = means + spreads * draw(num_states, num_units, seed=seed + 3)
    return case(w, H, k)


PUSH_CASES = tuple(push_case(n, seed) for n, seed in [(2, 11), (4, 12), (6, 13)])
UNITS_CASES = tuple(
    units_case(*sizes)
    for sizes in [(4, 3, 1, 20), (6, 4, 2, 30), (9, 8, 3, 40), (12, 12, 5, 50), (7, 7, 3, 60)]
)
HOLD_CASES = (
    hold_case(0.6, 0.8),
    hold_case(0.0, 1.0, 0.0, 0.0),
    hold_case(0.5, -0.5, 0.5, 0.5),
    hold_case(0.6, 0.0, -0.8, 0.0, 0.0, 0.0),
)
EXERCISES = (
    Exercise("build_in", 9, my_build_in, PUSH_CASES, with_push, arguments=3),
    Exercise("hold", 9, my_hold, HOLD_CASES, with_hold, arguments=3),
    Exercise("few_units", 9, my_few_units, UNITS_CASES, chosen),
)
