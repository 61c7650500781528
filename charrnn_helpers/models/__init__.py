"""The small trained model that notebook 1 opens with.  `make models` trains it anew."""

from pathlib import Path

import torch

from charrnn_helpers.checkpoint import load_checkpoint, save_checkpoint
from charrnn_helpers.data import TimeMachine
from charrnn_helpers.model import make_model
from charrnn_helpers.training import Options, fit, linear_decay, train

PATH = Path(__file__).parent / "time_machine.safetensors"


def trained_model():
    """Return a model of 128 units, trained on 80% of The Time Machine, and its Vocab."""
    model, vocab, _ = load_checkpoint(PATH)
    return model, vocab


def make(path=PATH):
    """Train that model as notebook 5 does, and save it."""
    torch.set_num_threads(1)
    data = TimeMachine(batch_size=32, num_steps=32)
    model = make_model(len(data.vocab), num_hiddens=128, sigma=0.1)
    options = Options(num_epochs=9, lr=0.01, carry_state=True, optimizer=torch.optim.Adam)
    streams = data.train_streams()
    fit(linear_decay(train(model, streams, options), options, 9 * len(streams)))
    save_checkpoint(path, model, data.vocab)
