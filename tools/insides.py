"""What the states of four networks hold, and what steering and cutting do (see `tools.records`)."""

import copy
import random
from functools import partial

import torch

from charrnn_helpers.data import StreamBatches
from charrnn_helpers.show.steering import (
    QUESTIONS,
    VOWELS,
    built_in,
    is_vowel,
    one_deviation,
    probed,
    random_directions,
    share_of,
    states_of,
)
from charrnn_helpers.trained import RECIPES, start, trained_model
from charrnn_helpers.training import evaluate

ALPHAS, STEPS = range(-3, 4), range(-5, 6)
ENDS = ALPHAS[0], ALPHAS[-1]
GROUP, COUNT = 8, 20  # units in a group, and random groups


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


def vowels_apart(model, vocab):
    """Return how well the first component of the rows of W_xh separates vowels from consonants."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    rows = model.rnn.W_xh.detach()[vocab.encode(letters + " ")]
    rows = rows - rows.mean(dim=0)
    _, _, directions = torch.linalg.svd(rows, full_matrices=False)
    found = area((rows @ directions[0])[:26], torch.tensor([c in VOWELS for c in letters]))
    return max(found, 1 - found)


def groups(model, H, text, ids):
    """Return what groups of units cost, divided by the sum of their single costs.

    The random groups have about the same sum as the eight that tell vowels best.
    """
    means, answer, eye = H.mean(dim=0), is_vowel(text, 1), torch.eye(H.shape[1])
    batches = StreamBatches(ids, 32, 50)
    whole = evaluate(model, batches, True)
    areas = torch.tensor([area(H[:-1, u], answer) for u in range(H.shape[1])])

    def cost(units):
        return evaluate(hold(model, eye[units], means), batches, True) - whole

    single = [cost([u]) for u in range(H.shape[1])]

    def ratio(units):
        return cost(units) / sum(single[u] for u in units)

    chosen = (areas - 0.5).abs().topk(GROUP).indices.tolist()
    dice, others, target = random.Random(0), [], sum(single[u] for u in chosen)
    while len(others) < COUNT:
        units = dice.sample(range(H.shape[1]), GROUP)
        if abs(sum(single[u] for u in units) / target - 1) < 0.1:
            others.append(units)
    return {"eight": ratio(chosen), "random eights": [ratio(units) for units in others]}


def measured(data, seed, shuffled=False):
    """Return what one network's states hold; seed 0 is the network of the course."""
    vocab, ids, recipe = data.vocab, data.train_ids, RECIPES["time_machine"]._replace(seed=seed)
    if shuffled:
        ids = ids[torch.randperm(len(ids), generator=torch.Generator().manual_seed(seed))]
    model, run = start(recipe, len(vocab), ids)
    fresh, _ = start(recipe, len(vocab), ids)
    if seed == 0 and not shuffled:
        model, vocab = trained_model()
    else:
        for _ in run:
            pass
    networks = {"": model, " untrained": fresh}
    found = {f"vowels{name}": vowels_apart(network, vocab) for name, network in networks.items()}
    return found if shuffled else found | steered(model, fresh, data)


def steered(model, fresh, data):
    """Return how well probes do, the shares of vowels with a push, and the costs of groups.

    Along each direction, the pushes are ALPHAS of its own standard deviations.
    """
    vocab, val_text = data.vocab, data.vocab.decode(data.val_ids)
    seen_text = vocab.decode(data.train_ids[-20_000:])
    seen_ids, found = vocab.encode(seen_text), {}
    starts = torch.linspace(0, len(data.val_ids) - 100, 100).long()
    prompts = torch.stack([data.val_ids[k : k + 40] for k in starts])
    H, V = states_of(model, seen_ids), states_of(model, data.val_ids)
    means, batches = H.mean(dim=0), StreamBatches(data.val_ids, 32, 50)
    whole, tested = evaluate(model, batches, True), groups(model, H, seen_text, data.val_ids)
    H, V = H[:-1], V[:-1]

    def cost(directions):
        return evaluate(hold(model, directions, means), batches, True) - whole

    def share(to_output, to_state):
        return share_of(built_in(model, to_output, to_state), vocab, prompts)

    def shares(to_output, to_state):
        return [share(a * to_output, a * to_state) for a in ALPHAS]

    for name, ahead in QUESTIONS.items():
        u, there = probed(H, is_vowel(seen_text, ahead)), is_vowel(val_text, ahead)
        step = one_deviation(u, H)
        found[name] = {
            "area": area(V @ u, there),
            "spread": (H @ u).std().item(),
            "cost": cost(u[None]),
            "both paths": shares(step, step),
        }
        if name == "next":
            found[name]["logits only"] = shares(step, 0 * step)
            found[name]["memory only"] = shares(0 * step, step)
        else:
            directions, rest = removed(H, V, is_vowel(seen_text, ahead), there)
            found[name] |= {"eight cost": cost(directions), "area without them": rest}
    dice = torch.Generator().manual_seed(2)
    columns = torch.randn(COUNT, H.shape[1], GROUP, generator=dice)
    eights = torch.linalg.qr(columns)[0].mT  # at right angles
    found["random eight costs"] = [cost(directions) for directions in eights]
    u = probed(states_of(fresh, seen_ids)[:-1], is_vowel(seen_text, 1))
    found["area untrained"] = area(states_of(fresh, data.val_ids)[:-1] @ u, is_vowel(val_text, 1))
    others = random_directions(COUNT, len(u))
    found["random costs"] = [cost(r[None]) for r in others]
    found["random spreads"] = [(H @ r).std().item() for r in others]
    found["random areas"] = [  # for each question, with the better of the two signs
        [0.5 + abs(area(V @ r, is_vowel(val_text, a)) - 0.5) for a in QUESTIONS.values()]
        for r in others
    ]
    steps = [one_deviation(r, H) for r in others]
    found["random both paths"] = [[share(a * step, a * step) for a in ENDS] for step in steps]
    found["ways"] = ways(model, vocab, H, seen_text, prompts, batches)
    return found | tested


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


def ways(model, vocab, H, seen_text, prompts, batches):
    """Return shares of vowels and losses: along a direction, and with changed biases alone."""
    found, step = {}, one_deviation(probed(H, is_vowel(seen_text, 1)), H)
    none = torch.zeros_like(step)
    five = torch.isin(torch.arange(len(vocab)), vocab.encode(VOWELS)).float()
    networks = {
        "both paths": [built_in(model, k / 2 * step, k / 2 * step) for k in STEPS],
        "logits only": [built_in(model, k / 2 * step, none) for k in STEPS],
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
    yield "shuffled", partial(measured, data, 0, shuffled=True)
