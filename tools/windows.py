"""Networks with windows of fixed length, and how well they predict (see `tools.records`)."""

from functools import cache

import torch
from torch.nn import functional as F
from torch.optim.lr_scheduler import LinearLR

from charrnn_helpers.data import StreamBatches
from charrnn_helpers.trained import RECIPES, start, trained_model
from charrnn_helpers.training import evaluate, fit, perplexity

LETTERS = (1, 2, 3, 4, 5, 6, 8, 10, 16)
RATES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2)  # with seed 0; the best one gets more seeds
RNN_RATES = (0.007, 0.01, 0.014, 0.02)
SEEDS = (0, 1, 2)
FIRST = 40  # the first character of a part that is scored


class FixedWindow(torch.nn.Module):
    """Scores for the next character from the last `length` characters: one layer of tanh units.

    Without a number of units, it has about as many weights as an RNNLMScratch of 128 units.
    """

    def __init__(self, length, vocab_size, generator, units=None):
        super().__init__()
        weights = 2 * 128 * vocab_size + 128**2 + 128
        units = units or round(weights / ((length + 1) * vocab_size + 1))
        shapes = {"W": (length, vocab_size, units), "V": (units, vocab_size)}
        for name, shape in shapes.items():
            values = 0.1 * torch.randn(shape, generator=generator)
            setattr(self, name, torch.nn.Parameter(values))
        self.b = torch.nn.Parameter(torch.zeros(units))
        self.c = torch.nn.Parameter(torch.zeros(vocab_size))

    def forward(self, X):
        """Read ids X `(batch_size, length)`; return the logits `(batch_size, vocab_size)`."""
        H = torch.tanh(sum(W[x] for W, x in zip(self.W, X.T, strict=True)) + self.b)
        return H @ self.V + self.c


def learned_window(length, seed, data, lr, units=None, num_epochs=9, batch_size=1024):
    """Train a fixed window with as many updates and characters as the recurrent network."""
    generator = torch.Generator().manual_seed(seed)
    model = FixedWindow(length, len(data.vocab), generator, units)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    X, Y = data.train_ids[:-1].unfold(0, length, 1), data.train_ids[length:]
    num_batches = len(X) // batch_size
    decay = LinearLR(optimizer, 1, 0, total_iters=num_epochs * num_batches)
    for _ in range(num_epochs):
        order = torch.randperm(len(X), generator=generator)
        for places in order[: num_batches * batch_size].split(batch_size):
            loss = F.cross_entropy(model(X[places]), Y[places])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            decay.step()
    return model


@torch.no_grad()
def score(logits_of, length, ids):
    """Return the perplexity of all characters from FIRST on, each from the `length` before it."""
    X, Y = ids[:-1].unfold(0, length, 1)[FIRST - length :], ids[FIRST:]
    pairs = zip(X.split(2000), Y.split(2000), strict=True)
    total = sum(F.cross_entropy(logits_of(x), y, reduction="sum").item() for x, y in pairs)
    return perplexity(total / len(Y))


@torch.no_grad()
def states_while_reading(model, ids):
    """Return the state after each character, `(len(ids), num_hiddens)`."""
    outputs, _ = model.rnn(F.one_hot(ids.unsqueeze(1), model.vocab_size).float())
    return torch.cat(outputs)


def from_states(model, ids, length, draw):
    """Return the score of `length` characters, each time after a state from `draw(batch_size)`."""

    def logits_of(X):
        logits, _ = model.forward_with_state(X, draw(len(X)))
        return logits[:, -1]

    return score(logits_of, length, ids)


def from_other_text(model, ids, length, states):
    """Return the scores from the states at other places, drawn at random with three seeds."""
    found = []
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)

        def draw(n, generator=generator):
            return states[torch.randint(len(states), (n,), generator=generator)]

        found.append(from_states(model, ids, length, draw))
    return found


def learned_rnn(seed, data, lr):
    """Train the recurrent network of 128 units as `trained` does, and return its perplexity."""
    recipe = RECIPES["time_machine"]._replace(lr=lr, seed=seed)
    model, run = start(recipe, len(data.vocab), data.train_ids)
    fit(run)
    return perplexity(evaluate(model, StreamBatches(data.val_ids, 1, 1000), carry_state=True))


def best_rate(rates, learn, near=0.0):
    """Return the rate with the lowest mean of `learn(seed, rate)` over all seeds, and its results.

    Only rates that come as near to the best one with seed 0 are tried with the other seeds.
    """
    first = {lr: learn(0, lr) for lr in rates}
    print(f"{first}", flush=True)
    tried = {
        lr: [score, *(learn(seed, lr) for seed in SEEDS[1:])]
        for lr, score in first.items()
        if score <= min(first.values()) + near
    }
    lr = min(tried, key=lambda lr: sum(tried[lr]))
    return lr, tried[lr]


def trials(data):
    """Yield the name of each trial, and what runs it: perplexities on the validation part.

    They are by the number of characters that are seen.  "windows" are networks that were trained
    with windows of this length, "recurrent" a network with a state: three seeds each, at the best
    of several learning rates.  "from an empty state" is the model that comes with the course, when
    it reads only so many characters; "from other text" is the same model after it has read the
    validation part up to a random place, and "from the mean state" begins with the mean of all
    states.  "6 letters" and "16 letters" have a window on the training and on the validation part,
    and "more units" the units of one of 6, with three seeds each.  "4 letters, longer" and
    so on are trained for twice as many epochs, as "ends 18" in `trials` is.
    """
    model, _ = trained_model()
    validation = StreamBatches(data.val_ids, 1, 1000)
    states = states_while_reading(model, data.val_ids)[FIRST:]

    @cache
    def best(length):
        def learn(seed, lr):
            return score(learned_window(length, seed, data, lr), length, data.val_ids)

        return best_rate(RATES, learn)

    @cache
    def recurrent():
        return best_rate(RNN_RATES, lambda seed, lr: learned_rnn(seed, data, lr), near=0.2)

    def empty(length):
        return score(lambda X: model(X)[:, -1], length, data.val_ids)

    def middle(length):
        mean = states.mean(0)
        return from_states(model, data.val_ids, length, lambda n: mean.expand(n, -1))

    def on_both_parts(length, units=None):
        parts = data.train_ids[: len(data.val_ids)], data.val_ids
        nets = [learned_window(length, seed, data, best(length)[0], units) for seed in SEEDS]
        return [[score(net, length, ids) for ids in parts] for net in nets]

    def longer(length):
        def learn(seed, lr):
            return score(learned_window(length, seed, data, lr, None, 18), length, data.val_ids)

        return best_rate(RATES, learn)[1]

    def other(length):
        return from_other_text(model, data.val_ids, length, states)

    units = FixedWindow(6, len(data.vocab), None).b.numel()
    yield "letters", lambda: LETTERS
    yield "windows", lambda: [best(length)[1] for length in LETTERS]
    yield "rates", lambda: [best(length)[0] for length in LETTERS]
    yield "from an empty state", lambda: [empty(length) for length in LETTERS]
    yield "from other text", lambda: [other(length) for length in LETTERS]
    yield "from the mean state", lambda: [middle(length) for length in LETTERS]
    yield "6 letters", lambda: on_both_parts(6)
    yield "16 letters", lambda: on_both_parts(16)
    yield "16 letters, more units", lambda: on_both_parts(16, units)
    yield "4 letters, longer", lambda: longer(4)
    yield "5 letters, longer", lambda: longer(5)
    yield "6 letters, longer", lambda: longer(6)
    yield "recurrent", lambda: recurrent()[1]
    yield "recurrent rate", lambda: recurrent()[0]
    yield "with its state", lambda: perplexity(evaluate(model, validation, carry_state=True))
