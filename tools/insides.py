"""What the states of four networks hold, and what steering and cutting do (see `tools.records`)."""

import copy
import random
from functools import partial

import torch

from charrnn_helpers.data import StreamBatches
from charrnn_helpers.model import one_hot
from charrnn_helpers.show.steering import (
    QUESTIONS,
    VOWELS,
    built_in,
    direction,
    is_vowel,
    random_directions,
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
    """Return how well the rows' first component separates vowels, and the share of two."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    rows = model.rnn.W_xh.detach()[vocab.encode(letters + " ")]
    rows = rows - rows.mean(dim=0)
    _, lengths, directions = torch.linalg.svd(rows, full_matrices=False)
    found = area(rows[:26] @ directions[0], torch.tensor([c in VOWELS for c in letters]))
    squares = lengths.square()
    return max(found, 1 - found), (squares[:2].sum() / squares.sum()).item()


def groups(model, H, text, ids):
    """Return what groups of units cost, divided by the sum of their single costs.

    Beside each ratio stands how much the units move the logits the same way: the mean square
    change of the logits when a group is held, over the sum of those of its units.
    """
    means, answer, eye = H.mean(dim=0), is_vowel(text, 1), torch.eye(H.shape[1])
    batches = StreamBatches(ids, 32, 50)
    whole = evaluate(model, batches, True)
    areas = torch.tensor([area(H[:-1, u], answer) for u in range(H.shape[1])])
    chosen = (areas - 0.5).abs().topk(GROUP).indices.tolist()
    W = model.W_hq.detach()
    moves = torch.cov(H.T) * (W @ W.T)

    def cost(units, *readers):
        return evaluate(hold(model, eye[units], means, *readers), batches, True) - whole

    single = [cost([u]) for u in range(H.shape[1])]

    def ratio(units):
        return cost(units) / sum(single[u] for u in units)

    def together(units):
        return (moves[units][:, units].sum() / moves[units, units].sum()).item()

    dice, others, target = random.Random(0), [], sum(single[u] for u in chosen)
    while len(others) < COUNT:
        units = dice.sample(range(H.shape[1]), GROUP)
        if abs(sum(single[u] for u in units) / target - 1) < 0.1:
            others.append(units)
    alone = sum(cost([u], ["logits"]) for u in chosen)
    return {
        "eight": ratio(chosen),
        "eight together": together(chosen),
        "eight, logits only": cost(chosen, ["logits"]) / alone,
        "random eights": [ratio(units) for units in others],
        "random together": [together(units) for units in others],
    }


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
    seen_ids, found = vocab.encode(seen_text), {}
    places = torch.linspace(0, len(data.val_ids) - 100, 100).long()
    prompts = torch.stack([data.val_ids[k : k + 40] for k in places])
    H, V = states_of(model, seen_ids), states_of(model, data.val_ids)
    means, batches = H.mean(dim=0), StreamBatches(data.val_ids, 32, 50)
    whole = evaluate(model, batches, True)

    def cost(u):
        return evaluate(hold(model, u[None], means), batches, True) - whole

    def shares(to_output, to_state):
        pushed = [built_in(model, a * to_output, a * to_state) for a in ALPHAS]
        return [share_of(network, vocab, prompts) for network in pushed]

    for name, ahead in QUESTIONS.items():
        u = direction(model, vocab, seen_text, ahead)
        if name == "next":
            spread = (H @ u).std()
        step = u * spread / (H @ u).std()  # as many standard deviations for each question
        found[name] = {
            "area": area(V[:-1] @ u, is_vowel(val_text, ahead)),
            "cost": cost(u),
            "both paths": shares(step, step),
            "logits only": shares(step, 0 * step),
            "memory only": shares(0 * step, step),
        }
    u = direction(fresh, vocab, seen_text, 1)
    found["area untrained"] = area(states_of(fresh, data.val_ids)[:-1] @ u, is_vowel(val_text, 1))
    g = steepest(model, vocab, H, seen_ids)
    found["steepest"] = shares(0 * g, g)
    found["random costs"] = [cost(r) for r in random_directions(COUNT, len(u))]
    return found | groups(model, H, seen_text, data.val_ids)


def trials(data):
    """Yield the name of each trial, and what runs it."""
    for seed in range(4):
        yield f"seed {seed}" if seed else "ours", partial(measured, data, seed)
    yield "shuffled", partial(measured, data, 0, shuffled=True)
