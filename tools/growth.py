"""The network of notebook 1 while it learns: its weights in bytes, for the first page of the site.

Each look holds the update, the loss on the validation part in nats, and the weights: for each
matrix its largest number, and then all numbers as multiples of a 127th of it, from -127 to 127.
"""

import base64
import copy

import torch

from charrnn_helpers.counting import KneserNey
from charrnn_helpers.data import StreamBatches
from charrnn_helpers.trained import RECIPES, start
from charrnn_helpers.training import evaluate

UPDATES = (0, 10, 40, 136, 408, 1224)  # 136 are one epoch, and 1,224 are all nine


def trials(data):
    yield "looks", lambda: looks(data)
    yield "n-grams", lambda: counted(data)


def looks(data):
    """Train the network as `make models` does, and look at it after some updates."""
    torch.set_num_threads(1)
    model, run = start(RECIPES["time_machine"], len(data.vocab), data.train_ids)
    found = [look(model, 0, data)]
    for record in run:
        if record.step in UPDATES:
            found.append(look(model, record.step, data))
    return found


def look(model, update, data):
    """Return the update, the loss of the model in bytes and of the model itself, its weights."""
    validation = StreamBatches(data.val_ids, 1, 1000)
    largest, numbers = in_bytes(model)
    return {
        "update": update,
        "loss": evaluate(from_bytes(model, largest, numbers), validation, carry_state=True),
        "exact": evaluate(model, validation, carry_state=True),
        "largest": largest,
        "numbers": base64.b64encode(numbers).decode("ascii"),
    }


def in_bytes(model):
    """Return the largest number of each parameter, and all of them in bytes."""
    largest, parts = {}, []
    for name, W in model.named_parameters():
        most = W.detach().abs().max().item()
        largest[name.removeprefix("rnn.")] = most
        scaled = W.detach() * (127 / most) if most else W.detach()
        parts.append(scaled.round().to(torch.int8).flatten())
    return largest, torch.cat(parts).numpy().tobytes()


def from_bytes(model, largest, numbers):
    """Return a copy of the model with the weights that the bytes hold."""
    model, at = copy.deepcopy(model), 0
    numbers = torch.frombuffer(bytearray(numbers), dtype=torch.int8)
    with torch.no_grad():
        for name, W in model.named_parameters():
            part = numbers[at : at + W.numel()].view_as(W)
            W.copy_(part * (largest[name.removeprefix("rnn.")] / 127))
            at += W.numel()
    return model


def counted(data):
    """Return the loss of counting models on the validation part, {n-gram: nats}."""
    train_text, val_text = (data.vocab.decode(ids) for ids in (data.train_ids, data.val_ids))
    models = {n: KneserNey(train_text, n, len(data.vocab)) for n in (1, 2, 3, 4)}
    return {f"{n}-gram": model.loss(val_text) for n, model in models.items()}
