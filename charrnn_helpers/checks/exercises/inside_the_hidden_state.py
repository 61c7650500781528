"""The exercises of notebook 9: the area under the curve, and units off."""

import copy

import torch
from torch import nn

from charrnn_helpers.checks.judge import Exercise, case, draw
from charrnn_helpers.checks.values import Odd, identical, name_of, settle
from charrnn_helpers.model import make_model


def my_auc(values, positive):
    ranks = values.argsort().argsort() + 1.0
    n_1 = positive.sum()
    n_0 = len(positive) - n_1
    return ((ranks[positive].sum() - n_1 * (n_1 + 1) / 2) / (n_1 * n_0)).item()


def auc_case(num_values, num_positive, seed):
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(num_values, generator=generator)
    values = (torch.randperm(num_values, generator=generator) - num_values // 2) / 4 + 0.1
    positive = torch.zeros(num_values, dtype=torch.bool)
    positive[order[:num_positive]] = True
    return case(values, positive)


AUC_CASES = (
    auc_case(2, 1, 1),
    case(torch.tensor([0.1, 0.5, 0.3]), torch.tensor([False, True, True])),
    auc_case(4, 1, 3),
    auc_case(5, 3, 4),
    auc_case(6, 5, 5),
    auc_case(9, 4, 6),
    auc_case(40, 11, 7),
)


def my_switch_off(model, units):
    model = copy.deepcopy(model)
    with torch.no_grad():
        model.rnn.W_hh[units] = 0
        model.W_hq[units] = 0
    return model


def given_switch_off(model, units):
    with torch.no_grad():
        model.rnn.W_hh[:, units] = 0
        model.W_hq[units] = 0
    return model


def without_units(answer, units, num_hiddens):
    """Switch off units of a fresh network, and compare its logits, and the network itself."""
    model = make_model(5, num_hiddens, sigma=0.8, seed=3)
    with torch.no_grad():
        model.b_q.copy_(draw(5, seed=4))
        model.rnn.b_h.copy_(draw(num_hiddens, seed=5))
    before = settle(model)
    changed = answer(model, units)
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


OFF_CASES = tuple(
    case(units, num_hiddens)._replace(show=f"(a network of {num_hiddens} units, {units})")
    for units, num_hiddens in [([1], 4), ([], 4), ([0, 2], 6), ([5], 6), ([3, 1, 2, 0], 4)]
)
EXERCISES = (
    Exercise("auc", 9, my_auc, AUC_CASES),
    Exercise("switch_off", 9, my_switch_off, OFF_CASES, without_units, given_switch_off, 2),
)
