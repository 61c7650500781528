"""What large LSTMs give the validation part, alone and with a 7-gram, and overfitting (`records`).

They learn from the training part: the LSTM of the race with dropout and without it, and two large
networks.
"""

import functools

import torch

from charrnn_helpers.counting import KneserNey
from charrnn_helpers.reading import (
    ReadingKneserNey,
    chances,
    count_while_reading,
    lead,
    learning_mixture,
    that_came,
    update_while_reading,
)
from charrnn_helpers.trained import RECIPES, best_trial
from tools.library import as_built, fast
from tools.trials import score
from tools.tuning import learned, recipe

READING = (0.02, 0.05, 0.1, 0.2, 0.4)  # learning rates while reading
LEARNING = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # of the weight of a mixture
WEIGHTS = [k / 10 for k in range(11)]  # of a fixed one
NGRAM = 7, 0.9  # what chapter 11 chooses, and its discount


def overfitting(data):
    """Return what the LSTM of the race has after each epoch, in training and in validation."""
    setting, found = best_trial("LSTM"), {}
    bare = setting | {"embeddings": 0.0, "outputs": 0.0}
    for name, rates in {"with dropout": setting, "without dropout": bare}.items():
        found[name], found[f"{name}, training"] = [], []
        for model in learned(recipe("LSTM", rates), data.train_ids, len(data.vocab)):
            found[name].append(score(model, data.val_ids))
            found[f"{name}, training"].append(score(model, data.train_ids[:20_000]))
    return found


@functools.cache
def network(seed, data):
    """Return the large network, trained by its recipe, but on the training part alone."""
    *_, model = learned(fast(RECIPES["large"]._replace(seed=seed)), data.train_ids, len(data.vocab))
    return as_built(model)


def texts(data):
    """Return the training part and the validation part."""
    return [data.vocab.decode(ids) for ids in (data.train_ids, data.val_ids)]


def counting(data):
    """Return what the 7-gram expects at each character of the validation part."""
    before, text = texts(data)
    n, discount = NGRAM
    counts, whole = KneserNey(before, n, len(data.vocab), discount), before[1 - n :] + text
    contexts = [whole[i : i + n - 1] for i in range(len(text))]
    tokens = data.vocab.idx_to_token
    return torch.tensor([[counts.prob(context, c) for c in tokens] for context in contexts])


def loss(came):
    return -came.log().mean().item()


def apart(p, q):
    """Return the share of characters whose two surprisals differ by a bit or more."""
    return ((p / q).log2().abs() >= 1).float().mean().item()


@functools.cache
def opinions(data):
    """Return what the LSTM and the 7-gram expect, and what they give the characters that came."""
    both = chances(network(0, data), data.train_ids, data.val_ids), counting(data)
    return both, [that_came(probs, data.val_ids) for probs in both]


@functools.cache
def read_on(data):
    """Return what those give each character that go on learning, the LSTM by each of READING."""
    model, parts = network(0, data), (data.train_ids, data.val_ids)
    n, discount = NGRAM
    before, text = texts(data)
    counts = ReadingKneserNey(before, n, len(data.vocab), discount)
    read = {lr: update_while_reading(model, *parts, lr) for lr in READING}
    return read, count_while_reading(counts, before, text)


def by_weight(p, q):
    """Return the loss of the mixture of two models for each fixed weight of the first."""
    return {str(w): loss(w * p + (1 - w) * q) for w in WEIGHTS}


def best_weight(data):
    """Return the weight of the LSTM with the smallest of these losses."""
    losses = by_weight(*opinions(data)[1])
    return float(min(losses, key=losses.get))


def mixtures(data):
    """What the LSTM and the 7-gram have together on the validation part: losses."""
    _, (p, q) = opinions(data)
    read, counts = read_on(data)
    best, w = min(read.values(), key=loss), best_weight(data)
    return {
        "weights": by_weight(p, q),
        "learned": {str(lr): loss(learning_mixture(p, q, lr)) for lr in LEARNING},
        "reading": {str(lr): loss(came) for lr, came in read.items()},
        "apart": apart(p, q),
        "7-gram reading": loss(counts),
        "both reading": loss(w * best + (1 - w) * counts),
        "both reading, learned": {
            str(lr): loss(learning_mixture(best, counts, lr)) for lr in LEARNING
        },
    }


def pair(data):
    """What two large LSTMs have alone and together on the validation part: losses."""
    _, (p, _) = opinions(data)
    other = that_came(chances(network(1, data), data.train_ids, data.val_ids), data.val_ids)
    return {
        "weights": by_weight(p, other),
        "apart": apart(p, other),
    }


def places(data):
    """Where the two differ: the share of each kind of character, and the losses there."""
    before, text = texts(data)
    _, (p, q) = opinions(data)
    w, known, kinds = best_weight(data), set(before.split()), []
    for word in text.split(" "):  # with the space after it
        rest = "inside a known word" if word in known else "inside a new word"
        kinds += ["first letter", *[rest] * len(word)] if word else [rest]
    kinds, found = kinds[: len(text)], {}
    for kind in sorted(set(kinds)):
        here = torch.tensor([k == kind for k in kinds])
        rivals = {"LSTM": p, "7-gram": q, "mixture": w * p + (1 - w) * q}
        nats, error = lead(p[here], q[here])
        found[kind] = {"share": here.float().mean().item(), "lead": nats, "error": error}
        found[kind] |= {name: loss(came[here]) for name, came in rivals.items()}
    return found


def passage(data, length=60, around=30):
    """Return the passage in which each of the two is far ahead at some character."""
    both, (p, q) = opinions(data)
    _, text = texts(data)
    ahead = (p / q).log2()
    pieces = ahead[around:].unfold(0, length, 1)
    first = around + torch.minimum(pieces.amax(1), -pieces.amin(1)).argmax().item()
    rows = {
        name: [[round(x, 4) for x in row] for row in probs[first : first + length].tolist()]
        for name, probs in zip(("LSTM", "7-gram"), both, strict=True)
    }
    return {"text": text[first : first + length], "before": text[first - around : first]} | rows


def trials(data):
    """Yield the name of each trial, and what runs it."""
    for trial in (overfitting, mixtures, pair, places, passage):
        yield trial.__name__, functools.partial(trial, data)
