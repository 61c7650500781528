"""The trainings that chapter 6 compares but has no time to run (see `tools.records`)."""

import copy
import functools
import itertools

import torch
from torch.optim.lr_scheduler import LinearLR

from charrnn_helpers.counting import KneserNey
from charrnn_helpers.data import StreamBatches, TimeMachine, WindowBatches, windows
from charrnn_helpers.model import make_model
from charrnn_helpers.sampling import sample
from charrnn_helpers.training import (
    Options,
    clip_gradients,
    cross_entropy,
    evaluate,
    fit,
    train,
)

ADAM = torch.optim.Adam
OPTIMIZERS = {
    "SGD": torch.optim.SGD,
    "momentum": functools.partial(torch.optim.SGD, momentum=0.9),
    "v alone": functools.partial(ADAM, betas=(0.0, 0.999)),
    "Adam": ADAM,
}
NUM_STEPS, SEEDS, BEGINNING = 32, (0, 1, 2), "the time traveller "
# 468 batches of 64, or 117 of 256, are 30,000 windows
RATES = {  # by the optimizer and the size of the batch
    ("SGD", 64): (0.5, 1.0, 2.0, 3.0, 4.0, 8.0),
    ("Adam", 64): (0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.16),
    ("SGD", 256): (1.0, 2.0, 3.0, 4.0),
    ("momentum", 64): (0.2, 0.4, 0.8, 1.2, 1.6, 2.4, 3.2),
    ("v alone", 64): (0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.08),
}
OTHER_RATES = (0.5, 1.0, 1.5, 2.0)  # of the opening run, whose rate is 3, with one seed
VARIED = {  # the recipe with one other setting; of the three rates of SGD, 2 has the best worst run
    "sigma 0.01": {"sigma": 0.01},
    "rate 0.005": {"lr": 0.005},
    "rate 0.02": {"lr": 0.02},
    "SGD 1": {"optimizer": "SGD", "lr": 1.0},
    "SGD 2": {"optimizer": "SGD", "lr": 2.0},
    "SGD 3": {"optimizer": "SGD", "lr": 3.0},
}
RECIPES = {  # name: (streams, carry the state, decay)
    "windows": (False, False, False),
    "windows decay": (False, False, True),
    "streams decay": (True, False, True),
    "streams carried decay": (True, True, True),
}


def score(model, ids):
    """Return the loss on the validation part, read as one text."""
    return evaluate(model, StreamBatches(ids, 1, 1000), carry_state=True)


def shuffled(ids, batch_size, seed):
    return WindowBatches(ids, batch_size, NUM_STEPS, torch.Generator().manual_seed(seed))


def doublings(data, last=13):
    """One run, looked at after 0, 1, 2, 4, ... updates: its loss, and what it writes.

    A sentence is written each time with the same random numbers.  In a longer sample, `letters` is
    the total variation distance of its characters from those of the training part, and `words` the
    share of its words that occur there.
    """
    text, val_text = data.vocab.decode(data.train_ids), data.vocab.decode(data.val_ids)
    model, options = make_model(len(data.vocab), 128), Options(10, 3.0)
    run, known, looks = (
        train(model, shuffled(data.train_ids, 32, 0), options),
        set(text.split()),
        [],
    )
    for step in [0, *(2**k for k in range(last + 1))]:
        fit(itertools.islice(run, step - (looks[-1]["step"] if looks else 0)))
        written = write(model, data.vocab, 4000, seed=100)
        apart = [
            abs(share(token, written) - share(token, text)) for token in data.vocab.idx_to_token
        ]
        words = [word in known for word in written.split()]
        looks.append(
            {
                "step": step,
                "loss": score(model, data.val_ids),
                "sentence": write(model, data.vocab, 45, seed=6),
                "letters": sum(apart) / 2,
                "words": sum(words) / len(words),
            }
        )
    levels = {f"{n}-gram": KneserNey(text, n, len(data.vocab)).loss(val_text) for n in (1, 2, 4)}
    shown = {word for look in looks for word in look["sentence"].split() if word in known}
    shown = sorted(word for word in shown if len(word) > 1 or word in "ai")
    return {"looks": looks, "n-grams": levels, "words": shown}


def write(model, vocab, num_preds, seed):
    """Return how the model continues the beginning, with the random numbers of this seed."""
    generator = torch.Generator().manual_seed(seed)
    written = sample(model, BEGINNING, num_preds, vocab, generator=generator)
    return written[len(BEGINNING) :].replace("<unk>", "?")


def share(token, text):
    return text.count(token) / len(text)


def rate(data, optimizer, batch_size, lr, seed):
    """Train with one rate; return the loss after some numbers of updates."""
    model = make_model(len(data.vocab), 32, 0.01, seed)
    options = Options(1000, lr, optimizer=OPTIMIZERS[optimizer])
    run = train(model, shuffled(data.train_ids, batch_size, seed), options)
    losses, done = {}, 0
    for num_updates in (117, 340, 468) if batch_size == 256 else (468,):
        fit(itertools.islice(run, num_updates - done))
        losses[str(num_updates)], done = score(model, data.val_ids), num_updates
    return losses


def d2l(data, seed):
    """D2L's run: the losses on D2L's training and validation windows, and the largest norm."""
    its = TimeMachine(1024, NUM_STEPS, data.text, num_train=10_000, num_val=5_000)
    model, result = make_model(len(its.vocab), seed=seed), {}
    run = train(model, its.train_batches(torch.Generator().manual_seed(seed)), Options(300))
    done, norms = 0, []
    for epochs in (30, 100, 300) if seed == 0 else (30, 100):
        norms += [r.grad_norm for r in fit(itertools.islice(run, 10 * (epochs - done)))]
        done = epochs
        parts = WindowBatches(its.train_ids, 1000, NUM_STEPS), its.val_batches()
        result[str(epochs)] = [evaluate(model, part) for part in parts]
    return result | {"largest norm": max(norms)}


def with_recipe(data, streams, carry, decay, seed):
    """Return a network that was trained by the better recipe, with 1,224 updates."""
    model, ids = make_model(len(data.vocab), 128, 0.1, seed), data.train_ids
    batches = StreamBatches(ids, 32, NUM_STEPS) if streams else shuffled(ids, 32, seed)
    optimizer = ADAM(model.parameters(), lr=0.01)
    scheduler = LinearLR(optimizer, 1, 0, total_iters=1224) if decay else None
    run = train(model, batches, Options(9, carry_state=carry), optimizer, scheduler)
    fit(itertools.islice(run, 1224))
    return model


def recipe(data, *settings):
    """The better recipe: its loss, and the extra loss at the start of a stream."""
    model = with_recipe(data, *settings)
    return {"validation": score(model, data.val_ids), "extra": extra_loss(model, data.val_ids)}


def memory(data, seed):
    """The recipe: its loss with the state carried, and with few characters read.

    Each is the loss on the same characters of the validation part, from the 33rd on: `carried`
    reads all that stands before, and a number tells how many characters are read, from an empty
    state.
    """
    model, ids = with_recipe(data, True, True, True, seed), data.val_ids
    with torch.no_grad():
        logits, _ = model.forward_with_state(ids[None, :-1])
    losses = {"carried": cross_entropy(logits[:, 32:], ids[None, 33:]).item()}
    for known in (8, 16, 32):
        X, Y = (part[32 - known + 1 :] for part in windows(ids, known))
        losses[str(known)] = last_loss(model, X, Y)
    return losses


@torch.no_grad()
def last_loss(model, X, Y):
    """Return the mean loss at the last character of each window."""
    parts = zip(X.split(2000), Y.split(2000), strict=True)
    return sum(cross_entropy(model(x)[:, -1], y[:, -1]).item() * len(x) for x, y in parts) / len(X)


def varied(data, seed, optimizer="Adam", lr=0.01, sigma=0.1, num_updates=None):
    """The recipe with another optimizer, rate, or size of the initial weights: its loss.

    With num_updates, it ends after so many.
    """
    model, streams = (
        make_model(len(data.vocab), 128, sigma, seed),
        StreamBatches(data.train_ids, 32, NUM_STEPS),
    )
    rule = OPTIMIZERS[optimizer](model.parameters(), lr=lr)
    decay = LinearLR(rule, 1, 0, total_iters=1224)
    run = train(model, streams, Options(9, carry_state=True), rule, decay)
    fit(itertools.islice(run, num_updates))
    return {"validation": score(model, data.val_ids)}


def emptied(data, seed):
    """The recipe with a carried state, but each row begins half of its windows from zeros."""
    model = make_model(len(data.vocab), 128, 0.1, seed)
    optimizer = ADAM(model.parameters(), lr=0.01)
    decay = LinearLR(optimizer, 1, 0, total_iters=1224)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(9):
        state = None
        for X, Y in StreamBatches(data.train_ids, 32, NUM_STEPS):
            optimizer.zero_grad()
            logits, state = model.forward_with_state(X, state)
            cross_entropy(logits, Y).backward()
            clip_gradients(1.0, model)
            optimizer.step()
            decay.step()
            state = state.detach() * (torch.rand(32, 1, generator=generator) < 0.5)
    return {"validation": score(model, data.val_ids), "extra": extra_loss(model, data.val_ids)}


def streamed(data, lr, seed, num_epochs=9, falls=False, apart=False, each=True):
    """The recipe with a constant or a falling rate: its losses after each epoch, or at the end.

    With apart, the last epoch is made once more with a tenth of the rate (`dropped`), and the mean
    of its weights is scored (`averaged`).
    """
    model, streams = (
        make_model(len(data.vocab), 128, 0.1, seed),
        StreamBatches(data.train_ids, 32, NUM_STEPS),
    )
    optimizer, length = ADAM(model.parameters(), lr=lr), len(streams)
    decay = LinearLR(optimizer, 1, 0, total_iters=num_epochs * length) if falls else None
    run = train(model, streams, Options(num_epochs, carry_state=True), optimizer, decay)
    losses, sums = [], {}
    for record in run:
        if apart and record.epoch > num_epochs - 1:
            for name, p in model.state_dict().items():
                sums[name] = sums.get(name, 0) + p / length
        if record.step % length == 0 and (each or record.step == num_epochs * length):
            losses.append(score(model, data.val_ids))
        if apart and record.step == (num_epochs - 1) * length:
            before = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    result = {"validation": losses[-1]}
    if each:
        result["epochs"] = losses
    else:
        whole = StreamBatches(data.train_ids, 32, 1000)
        result["training"] = evaluate(model, whole, carry_state=True)
    if apart:
        model.load_state_dict(before[0])
        optimizer.load_state_dict(before[1])
        optimizer.param_groups[0]["lr"] = lr / 10
        fit(train(model, streams, Options(1, carry_state=True), optimizer))
        result["dropped"] = score(model, data.val_ids)
        model.load_state_dict(sums)
        result["averaged"] = score(model, data.val_ids)
    return result


def beginning(data, lr, seed):
    """The start of the opening run, with this rate: its loss after 64 and 1,224 updates."""
    model, options = make_model(len(data.vocab), 128, seed=seed), Options(10, lr)
    run, losses = train(model, shuffled(data.train_ids, 32, seed), options), []
    for num_updates in (64, 1224 - 64):
        fit(itertools.islice(run, num_updates))
        losses.append(score(model, data.val_ids))
    return {"at 64": losses[0], "validation": losses[1]}


def hunt(data, mistake, scores=False):
    """The loop of the hunt with one of its mistakes, or none: the loss after each epoch.

    It learns from 10,000 characters, in windows of 8.  With scores, return the losses at the end
    instead, {part: [with the state carried, with an empty state for each window]}.
    """
    model = make_model(len(data.vocab), 128, 0.1)
    few, others = (StreamBatches(ids[:10_000], 32, 8) for ids in (data.train_ids, data.val_ids))
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=1.0), []
    for _ in range(40):
        state = None
        for X, Y in few:
            if mistake == "state lost":
                state = None
            optimizer.zero_grad()
            logits, state = model.forward_with_state(X, state)
            cross_entropy(logits, Y).backward()
            if mistake != "clipped too late":
                clip_gradients(1.0, model)
            optimizer.step()
            state = state.detach()
        losses.append(evaluate(model, others, carry_state=True))
    if scores:
        parts = {"training": few, "validation": others}
        return {
            name: [evaluate(model, part, carry_state=carry) for carry in (True, False)]
            for name, part in parts.items()
        }
    return losses


def missions(data):
    """The missions at the controls: the loss after each, and of the third after each rate."""
    model, streams = (
        make_model(len(data.vocab), 128, 0.1),
        StreamBatches(data.train_ids, 32, NUM_STEPS),
    )

    def go_on(num_epochs, lr, theta):
        fit(train(model, streams, Options(num_epochs, lr, theta, carry_state=True)))
        return score(model, data.val_ids)

    result = {"start": go_on(4, 1.0, 1.0)}
    good = copy.deepcopy(model.state_dict())
    result["rate 5"] = go_on(1, 5.0, 1.0)
    model.load_state_dict(good)
    result["rate 5, theta 0.25"] = go_on(1, 5.0, 0.25)
    model.load_state_dict(good)
    return result | {"lowered": [go_on(10, lr, 1.0) for lr in (1.0, 0.5, 0.2, 0.05)]}


@torch.no_grad()
def extra_loss(model, ids, batch_size=64, num_steps=10):
    """Return the loss, summed over ten positions, above that with the right state: [empty, wrong].

    The right state has read the 200 characters before; the wrong one is that of another row.
    """
    length = (len(ids) - 1) // batch_size
    X, Y = (
        part.view(batch_size, length)
        for part in (ids[: batch_size * length], ids[1 : batch_size * length + 1])
    )
    losses, _, state = [], None, None
    for start in range(200, length - num_steps, num_steps):
        _, state = model.forward_with_state(X[:, start - 200 : start])
        here = slice(start, start + num_steps)
        starts = state, None, state.roll(1, dims=0)
        losses.append([cross_entropy(model(X[:, here], s), Y[:, here]).item() for s in starts])
    right, empty, wrong = (sum(column) / len(losses) for column in zip(*losses, strict=True))
    return [num_steps * (empty - right), num_steps * (wrong - right)]


def trials(data):
    """Yield the name of each trial, and what runs it."""
    yield "doublings", lambda: doublings(data)
    for seed in SEEDS:
        yield f"d2l {seed}", lambda s=seed: d2l(data, s)
    for seed, name in itertools.product(SEEDS, RECIPES):
        yield f"recipe {name} {seed}", lambda n=name, s=seed: recipe(data, *RECIPES[n], s)
    for seed, (optimizer, batch_size) in itertools.product(SEEDS, RATES):
        for lr in RATES[optimizer, batch_size]:
            settings = optimizer, batch_size, lr, seed
            yield f"rate {optimizer} {batch_size} {lr:g} {seed}", lambda s=settings: rate(data, *s)
    for seed in SEEDS:
        yield f"recipe streams emptied decay {seed}", lambda s=seed: emptied(data, s)
    yield "falls 0", lambda: streamed(data, 0.01, 0, falls=True)
    for seed, lr in itertools.product(SEEDS, (0.01, 0.002, 0.005)):
        yield (
            f"throughout {lr:g} {seed}",
            lambda r=lr, s=seed: streamed(data, r, s, apart=r == 0.01),
        )
    for seed, length in itertools.product(SEEDS, (4, 18)):
        settings = 0.01, seed, length, True, False, False
        yield f"ends {length} {seed}", lambda s=settings: streamed(data, *s)
    for seed in SEEDS:
        yield f"opening SGD 3 0.01 {seed}", lambda s=seed: beginning(data, 3.0, s)
    for lr in OTHER_RATES:
        yield f"opening SGD {lr:g} 0.01 0", lambda r=lr: beginning(data, r, 0)
    for mistake in ("none", "state lost", "clipped too late"):
        yield f"hunt {mistake}", lambda m=mistake: hunt(data, m)
    for seed, name in itertools.product(SEEDS, VARIED):
        yield f"varied {name} {seed}", lambda n=name, s=seed: varied(data, s, **VARIED[n])
    for seed, sigma in itertools.product(SEEDS, (0.1, 0.01)):
        yield (
            f"early sigma {sigma:g} {seed}",
            lambda s=seed, v=sigma: varied(data, s, sigma=v, num_updates=64),
        )
    for seed in SEEDS:
        yield f"memory {seed}", lambda s=seed: memory(data, s)
    yield "hunt scores", lambda: hunt(data, "state lost", scores=True)
    yield "missions", lambda: missions(data)
