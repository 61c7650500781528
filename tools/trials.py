"""The trainings that chapter 6 compares but has no time to run (see `tools.records`)."""

import copy
import functools
import itertools

import torch
from torch.optim.lr_scheduler import LinearLR

from charrnn_helpers.counting import KneserNey
from charrnn_helpers.data import StreamBatches, TimeMachine, WindowBatches
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
OPENING_RATE = 2.0
VARIED = {  # the recipe, and the recipe with one other setting
    "nothing": {},
    "SGD 1": {"optimizer": "SGD", "lr": 1.0},
    "SGD 2": {"optimizer": "SGD", "lr": 2.0},  # of the three rates, its worst run is best
    "SGD 3": {"optimizer": "SGD", "lr": 3.0},
    "momentum 0.2": {"optimizer": "momentum", "lr": 0.2},
    "momentum 0.4": {"optimizer": "momentum", "lr": 0.4},  # its worst run is best, too
    "momentum 0.6": {"optimizer": "momentum", "lr": 0.6},
    "v alone 0.005": {"optimizer": "v alone", "lr": 0.005},
    "v alone 0.01": {"optimizer": "v alone"},  # and here
    "v alone 0.02": {"optimizer": "v alone", "lr": 0.02},
    "rate 0.005": {"lr": 0.005},
    "rate 0.02": {"lr": 0.02},
    "not carried": {"carry": False},
    "windows": {"streams": False, "carry": False},
    "no clipping": {"grad_clip_val": None},
}


def score(model, ids):
    """Return the loss on the validation part, read as one text."""
    return evaluate(model, StreamBatches(ids, 1, 1000), carry_state=True)


def shuffled(ids, batch_size, seed):
    return WindowBatches(ids, batch_size, NUM_STEPS, torch.Generator().manual_seed(seed))


def opening_run(data, seed):
    """Return a fresh network, and the run of the opening demo that trains it."""
    model, options = make_model(len(data.vocab), 128, seed=seed), Options(10, OPENING_RATE)
    return model, train(model, shuffled(data.train_ids, 32, seed), options)


def doublings(data, last=13):
    """One run, looked at after 0, 1, 2, 4, ... updates: its loss, and what it writes.

    A sentence is written each time with the same random numbers.
    """
    text, val_text = data.vocab.decode(data.train_ids), data.vocab.decode(data.val_ids)
    (model, run), looks = opening_run(data, 0), []
    for step in [0, *(2**k for k in range(last + 1))]:
        fit(itertools.islice(run, step - (looks[-1]["step"] if looks else 0)))
        looks.append(
            {
                "step": step,
                "loss": score(model, data.val_ids),
                "sentence": write(model, data.vocab, 45, seed=6),
            }
        )
    levels = {f"{n}-gram": KneserNey(text, n, len(data.vocab)).loss(val_text) for n in (1, 2, 4)}
    known = set(text.split())
    shown = {word for look in looks for word in look["sentence"].split() if word in known}
    shown = sorted(word for word in shown if len(word) > 1 or word in "ai")
    return {"looks": looks, "n-grams": levels, "words": shown}


def write(model, vocab, num_preds, seed):
    """Return how the model continues the beginning, with the random numbers of this seed."""
    generator = torch.Generator().manual_seed(seed)
    written = sample(model, BEGINNING, num_preds, vocab, generator=generator)
    return written[len(BEGINNING) :].replace("<unk>", "?")


def rate(data, optimizer, batch_size, lr, seed):
    """Train with one rate; return the loss after some numbers of updates."""
    model = make_model(len(data.vocab), 32, 0.01, seed)
    options = Options(1000, lr, optimizer=OPTIMIZERS[optimizer])
    run = train(model, shuffled(data.train_ids, batch_size, seed), options)
    losses, done = {}, 0
    for num_updates in (117, 468) if batch_size == 256 else (468,):
        fit(itertools.islice(run, num_updates - done))
        losses[str(num_updates)], done = score(model, data.val_ids), num_updates
    return losses


def d2l(data, seed):
    """D2L's run: the losses on D2L's training and validation windows."""
    its = TimeMachine(1024, NUM_STEPS, data.text, num_train=10_000, num_val=5_000)
    model, result = make_model(len(its.vocab), seed=seed), {}
    run = train(model, its.train_batches(torch.Generator().manual_seed(seed)), Options(300))
    done = 0
    for epochs in (30, 100, 300) if seed == 0 else (30, 100):
        fit(itertools.islice(run, 10 * (epochs - done)))
        done = epochs
        parts = WindowBatches(its.train_ids, 1000, NUM_STEPS), its.val_batches()
        result[str(epochs)] = [evaluate(model, part) for part in parts]
    return result


def varied(data, seed, optimizer="Adam", lr=0.01, streams=True, carry=True, grad_clip_val=1.0):
    """The recipe with one other setting, for 1,224 updates: its loss."""
    model, ids = make_model(len(data.vocab), 128, 0.1, seed), data.train_ids
    batches = StreamBatches(ids, 32, NUM_STEPS) if streams else shuffled(ids, 32, seed)
    rule = OPTIMIZERS[optimizer](model.parameters(), lr=lr)
    decay = LinearLR(rule, 1, 0, total_iters=1224)
    options = Options(9, grad_clip_val=grad_clip_val, carry_state=carry)
    fit(itertools.islice(train(model, batches, options, rule, decay), 1224))
    return {"validation": score(model, data.val_ids)}


def streamed(data, lr, seed, num_epochs=9, falls=False, apart=False, each=True):
    """The recipe with a constant or a falling rate: its losses after each epoch, or at the end.

    With apart, the last epoch is made once more with a tenth of the rate (`dropped`).
    """
    model, streams = (
        make_model(len(data.vocab), 128, 0.1, seed),
        StreamBatches(data.train_ids, 32, NUM_STEPS),
    )
    optimizer, length = ADAM(model.parameters(), lr=lr), len(streams)
    decay = LinearLR(optimizer, 1, 0, total_iters=num_epochs * length) if falls else None
    run = train(model, streams, Options(num_epochs, carry_state=True), optimizer, decay)
    losses = []
    for record in run:
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
    return result


def opening(data, seed):
    """The start of the opening run: its loss after 1,224 updates."""
    model, run = opening_run(data, seed)
    fit(itertools.islice(run, 1224))
    return {"validation": score(model, data.val_ids)}


def hunt(data, mistake, carry=True):
    """The loop of the hunt with one of its mistakes, or none: the loss after each epoch.

    It learns from 10,000 characters, in windows of 8, and is scored with its state carried or not.
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
        losses.append(evaluate(model, others, carry_state=carry))
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


def trials(data):
    """Yield the name of each trial, and what runs it."""
    yield "doublings", lambda: doublings(data)
    for seed in SEEDS:
        yield f"d2l {seed}", lambda s=seed: d2l(data, s)
    for seed, (optimizer, batch_size) in itertools.product(SEEDS, RATES):
        for lr in RATES[optimizer, batch_size]:
            settings = optimizer, batch_size, lr, seed
            yield f"rate {optimizer} {batch_size} {lr:g} {seed}", lambda s=settings: rate(data, *s)
    yield "falls 0", lambda: streamed(data, 0.01, 0, falls=True)
    for seed, lr in itertools.product(SEEDS, (0.01, 0.002)):
        yield (
            f"throughout {lr:g} {seed}",
            lambda r=lr, s=seed: streamed(data, r, s, apart=r == 0.01),
        )
    for seed, length in itertools.product(SEEDS, (4, 18)):
        settings = 0.01, seed, length, True, False, False
        yield f"ends {length} {seed}", lambda s=settings: streamed(data, *s)
    for seed in SEEDS:
        yield f"opening {seed}", lambda s=seed: opening(data, s)
    for mistake in ("none", "state lost", "clipped too late"):
        yield f"hunt {mistake}", lambda m=mistake: hunt(data, m)
    yield "hunt state lost, none carried", lambda: hunt(data, "state lost", carry=False)
    for seed, name in itertools.product(SEEDS, VARIED):
        yield f"varied {name} {seed}", lambda n=name, s=seed: varied(data, s, **VARIED[n])
    yield "missions", lambda: missions(data)
