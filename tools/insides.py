"""What the states of four networks hold, and what pushing and holding do (see `tools.records`)."""

import copy
from functools import partial

import torch

from charrnn_helpers.data import StreamBatches
from charrnn_helpers.show.steering import (
    QUESTIONS,
    VOWELS,
    built_in,
    is_vowel,
    probed,
    random_directions,
    share_of,
    states_of,
)
from charrnn_helpers.trained import RECIPES, start, trained_model
from charrnn_helpers.training import evaluate

ALPHAS, STEPS = range(-3, 4), range(-5, 6)
ENDS = ALPHAS[0], ALPHAS[-1]
GROUP, COUNT = 8, 20  # units or directions in a group, and random directions or groups


def area(values, positive):
    """Return the share of pairs in which the positive value is the larger one."""
    ranks = values.argsort().argsort().double() + 1
    n_1, n_0 = positive.sum(), (~positive).sum()
    return ((ranks[positive].sum() - n_1 * (n_1 + 1) / 2) / (n_1 * n_0)).item()


@torch.no_grad()
def hold(model, directions, means, readers=("memory", "logits")):
    """Return a copy whose readers get the mean of the state along directions at right angles."""
    model = copy.deepcopy(model)
    parts = {"memory": (model.rnn.W_hh, model.rnn.b_h), "logits": (model.W_hq, model.b_q)}
    for W, b in (parts[reader] for reader in readers):
        along = directions @ W  # what each of the directions adds
        b += (directions @ means) @ along
        W -= directions.T @ along
    return model


def measured(data, seed):
    """Return what one network's states hold; seed 0 is the network of the course.

    Each direction has length 1, and is pushed by ALPHAS.
    """
    vocab, ids, recipe = data.vocab, data.train_ids, RECIPES["time_machine"]._replace(seed=seed)
    model, run = start(recipe, len(vocab), ids)
    fresh, _ = start(recipe, len(vocab), ids)
    if seed == 0:
        model, vocab = trained_model()
    else:
        for _ in run:
            pass
    val_text = vocab.decode(data.val_ids)
    seen_text = vocab.decode(data.train_ids[-20_000:])
    seen_ids, found = vocab.encode(seen_text), {}
    starts = torch.linspace(0, len(data.val_ids) - 100, 100).long()
    prompts = torch.stack([data.val_ids[k : k + 40] for k in starts])
    H, V = states_of(model, seen_ids), states_of(model, data.val_ids)
    means, batches = H.mean(dim=0), StreamBatches(data.val_ids, 32, 50)
    whole, H, V = evaluate(model, batches, True), H[:-1], V[:-1]
    random_H, random_V = (states_of(fresh, read)[:-1] for read in (seen_ids, data.val_ids))

    def cost(directions):
        return evaluate(hold(model, directions, means), batches, True) - whole

    def shares(to_output, to_state, alphas=ALPHAS):
        pushed = [built_in(model, a * to_output, a * to_state) for a in alphas]
        return [share_of(network, vocab, prompts) for network in pushed]

    for name, ahead in QUESTIONS.items():
        answer, there = is_vowel(seen_text, ahead), is_vowel(val_text, ahead)
        u, untrained = probed(H, answer), probed(random_H, answer)
        found[name] = {
            "area": area(V @ u, there),
            "area untrained": area(random_V @ untrained, there),
            "eight units": eight_units(H, V, u, answer, there),
            "eight units untrained": eight_units(random_H, random_V, untrained, answer, there),
            "spread": (H @ u).std().item(),
            "cost": cost(u[None]),
            "both paths": shares(u, u),
        }
        if name == "next":
            found[name]["logits only"] = shares(u, 0 * u)
            found[name]["memory only"] = shares(0 * u, u)
            found["ways"] = ways(model, vocab, u, prompts, batches)
        else:
            directions, rest = removed(H, V, answer, there)
            found[name] |= {"eight cost": cost(directions), "area without them": rest}
    dice = torch.Generator().manual_seed(2)
    columns = torch.randn(COUNT, H.shape[1], GROUP, generator=dice)
    eights = torch.linalg.qr(columns)[0].mT  # at right angles
    found["random eight costs"] = [cost(directions) for directions in eights]
    others = random_directions(COUNT, H.shape[1])
    found["random costs"] = [cost(r[None]) for r in others]
    found["random spreads"] = [(H @ r).std().item() for r in others]
    found["random areas"] = [  # for each question, with the better of the two signs
        [0.5 + abs(area(V @ r, is_vowel(val_text, a)) - 0.5) for a in QUESTIONS.values()]
        for r in others
    ]
    found["random both paths"] = [shares(r, r, ENDS) for r in others]
    return found


def eight_units(H, V, w, answer, there):
    """Return the area of a probe of the GROUP units that change the sum w most if held still."""
    units = (w.abs() * H.std(dim=0)).topk(GROUP).indices
    return area(V[:, units] @ probed(H[:, units], answer), there)


def removed(H, V, answer, there):
    """Return GROUP directions, each of a probe without those before it, and the area without them.

    A last probe learns from the states H that are left, and is measured on the states V.
    """
    directions = torch.zeros(0, H.shape[1])
    for _ in range(GROUP):
        w = probed(H - H @ directions.T @ directions, answer)
        w = w - w @ directions.T @ directions
        directions = torch.cat([directions, (w / w.norm())[None]])
    H, V = (S - S @ directions.T @ directions for S in (H, V))
    return directions, area(V @ probed(H, answer), there)


def ways(model, vocab, u, prompts, batches):
    """Return shares of vowels and losses: along a direction, and with changed biases alone."""
    found, none = {}, torch.zeros_like(u)
    five = torch.isin(torch.arange(len(vocab)), vocab.encode(VOWELS)).float()
    networks = {
        "both paths": [built_in(model, k / 2 * u, k / 2 * u) for k in STEPS],
        "logits only": [built_in(model, k / 2 * u, none) for k in STEPS],
        "biases": [raised(model, k * five) for k in STEPS],
    }
    for name, changed in networks.items():
        found[name] = {
            "shares": [share_of(network, vocab, prompts) for network in changed],
            "losses": [evaluate(network, batches, True) for network in changed],
        }
    return found


@torch.no_grad()
def raised(model, numbers):
    """Return a copy with numbers added to the biases of the output layer."""
    model = copy.deepcopy(model)
    model.b_q += numbers
    return model


def trials(data):
    """Yield the name of each trial, and what runs it."""
    for seed in range(4):
        yield f"seed {seed}" if seed else "ours", partial(measured, data, seed)
