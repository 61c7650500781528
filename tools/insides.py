"""What the states of four networks hold, and what steering and cutting do (see `tools.records`)."""

import random
from functools import partial

import torch

from charrnn_helpers.data import StreamBatches
from charrnn_helpers.model import one_hot
from charrnn_helpers.show.steering import (
    VOWELS,
    built_in,
    direction,
    share_of,
    states_of,
)
from charrnn_helpers.trained import RECIPES, start, trained_model
from charrnn_helpers.training import evaluate

ALPHAS = range(-3, 4)
GROUP, COUNT = 8, 20  # units in a group, and random groups


def area(values, positive):
    """Return the share of pairs in which the positive value is the larger one."""
    ranks = values.argsort().argsort().double() + 1
    n_1, n_0 = positive.sum(), (~positive).sum()
    return ((ranks[positive].sum() - n_1 * (n_1 + 1) / 2) / (n_1 * n_0)).item()


def is_next(text):
    return torch.tensor([char in VOWELS for char in text[1:]])


def steepest(model, vocab, H, ids):
    """Return the direction in the state that most raises the next time step's vowels."""
    S = H[:2000].clone().requires_grad_()
    X = one_hot(ids[1:2001], model.vocab_size)
    rnn = model.rnn
    later = torch.tanh(X @ rnn.W_xh + S @ rnn.W_hh + rnn.b_h)
    p = (later @ model.W_hq + model.b_q).softmax(dim=1)
    p[:, vocab.encode(VOWELS)].sum().backward()
    g = S.grad.mean(dim=0)
    return g / g.norm()


@torch.no_grad()
def cut(model, units, means):
    """Return a copy in which these units are replaced by their means."""
    push = torch.zeros_like(means)
    push[units] = means[units]
    model = built_in(model, push, push)
    model.rnn.W_hh[units] = 0
    model.W_hq[units] = 0
    return model


def vowels_apart(model, vocab):
    """Return how well the rows' first component separates vowels, and the share of two."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    rows = model.rnn.W_xh.detach()[vocab.encode(letters + " ")]
    rows = rows - rows.mean(dim=0)
    _, lengths, directions = torch.linalg.svd(rows, full_matrices=False)
    found = area(rows[:26] @ directions[0], torch.tensor([c in VOWELS for c in letters]))
    squares = lengths.square()
    return max(found, 1 - found), (squares[:2].sum() / squares.sum()).item()


def groups(model, H, text, ids):
    """Return what groups of units cost, divided by the sum of their single costs."""
    means, answer = H.mean(dim=0), is_next(text)
    batches = StreamBatches(ids, 32, 50)
    whole = evaluate(model, batches, True)
    areas = torch.tensor([area(H[:-1, u], answer) for u in range(H.shape[1])])
    chosen = (areas - 0.5).abs().topk(GROUP).indices.tolist()

    def cost(units):
        return evaluate(cut(model, units, means), batches, True) - whole

    single = [cost([u]) for u in range(H.shape[1])]

    def ratio(units):
        return cost(units) / sum(single[u] for u in units)

    dice, others, target = random.Random(0), [], sum(single[u] for u in chosen)
    while len(others) < COUNT:
        units = dice.sample(range(H.shape[1]), GROUP)
        if abs(sum(single[u] for u in units) / target - 1) < 0.1:
            others.append(ratio(units))
    pairs = [ratio(list(pair)) for pair in zip(chosen[::2], chosen[1::2], strict=True)]
    return {"eight": ratio(chosen), "pairs": pairs, "random eights": others}


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
    found = {"loss": evaluate(model, StreamBatches(data.val_ids, 1, 1000), True)}
    for name, network in {"": model, " untrained": fresh}.items():
        found[f"vowels{name}"], found[f"two components{name}"] = vowels_apart(network, vocab)
    return found if shuffled else found | steered(model, fresh, data)


def steered(model, fresh, data):
    """Return how well probes do, the shares of vowels with a push, and the costs of groups."""
    vocab, val_text = data.vocab, data.vocab.decode(data.val_ids)
    seen_text = vocab.decode(data.train_ids[-20_000:])
    seen_ids, answer, found = vocab.encode(seen_text), is_next(val_text), {}
    places = torch.linspace(0, len(data.val_ids) - 100, 100).long()
    prompts = torch.stack([data.val_ids[k : k + 40] for k in places])
    directions = {}
    for name, network in {"": model, " untrained": fresh}.items():
        u = directions[name] = direction(network, vocab, seen_text)
        values = states_of(network, data.val_ids)[:-1] @ u
        found[f"area{name}"] = area(values, answer)
        vowels = network.W_hq.detach()[:, vocab.encode(VOWELS)].mean(dim=1)
        others = vowels - network.W_hq.detach().mean(dim=1)
        found[f"cosine{name}"] = torch.cosine_similarity(u, others, dim=0).item()
    H = states_of(model, seen_ids)
    u, nothing, g = directions[""], torch.zeros(H.shape[1]), steepest(model, vocab, H, seen_ids)
    ways = {"both": (u, u), "output": (u, nothing), "next": (nothing, u), "steepest": (nothing, g)}
    for name, (to_output, to_state) in ways.items():
        pushed = [built_in(model, a * to_output, a * to_state) for a in ALPHAS]
        found[name] = [share_of(network, vocab, prompts) for network in pushed]
    u = directions[" untrained"]
    pushed = [built_in(fresh, a * u, a * u) for a in ALPHAS]
    found["both untrained"] = [share_of(network, vocab, prompts) for network in pushed]
    return found | groups(model, H, seen_text, data.val_ids)


def trials(data):
    """Yield the name of each trial, and what runs it."""
    for seed in range(4):
        yield f"seed {seed}" if seed else "ours", partial(measured, data, seed)
    yield "shuffled", partial(measured, data, 0, shuffled=True)
