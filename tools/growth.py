"""The network of notebook 1 while it learns: its weights in bytes, for the first page of the site.

Each look holds the update, the loss on the validation part in nats, and the weights, rounded as in
a checkpoint in bytes: multiples of the scale of their column.
"""

import base64
import copy

import torch

from charrnn_helpers.checkpoint import from_bytes, to_bytes
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
    small = to_bytes({name: W.detach() for name, W in model.named_parameters()})
    return {
        "update": update,
        "loss": evaluate(restored(model, small), validation, carry_state=True),
        "exact": evaluate(model, validation, carry_state=True),
        "weights": {name.removeprefix("rnn."): as_text(W) for name, W in small.items()},
    }


def restored(model, small):
    """Return a copy of the model with the weights that to_bytes() has rounded."""
    model = copy.deepcopy(model)
    model.load_state_dict(from_bytes(small))
    return model


def as_text(W):
    """Return 8-bit numbers as base64, row by row, and others as a list."""
    if W.dtype == torch.int8:
        return base64.b64encode(W.numpy().tobytes()).decode("ascii")
    return W.tolist()


def counted(data):
    """Return the loss of counting models on the validation part, {n-gram: nats}."""
    train_text, val_text = (data.vocab.decode(ids) for ids in (data.train_ids, data.val_ids))
    models = {n: KneserNey(train_text, n, len(data.vocab)) for n in (1, 2, 3, 4)}
    return {f"{n}-gram": model.loss(val_text) for n, model in models.items()}
