"""The networks of the race, all with about 645,000 weights, from the training part (see `records`).

PROVISIONAL: one setting for each kind, and one seed.
"""

import torch
from torch import nn

from tools.opinions import LSTM, Kind, learned, losses_of

SEEDS = (0,)


class Window(nn.Module):
    """One layer of tanh units on the last `length` embeddings, in place of a recurrent module."""

    def __init__(self, num_inputs, num_hiddens, length=8):
        super().__init__()
        self.length, self.num_inputs = length, num_inputs
        self.layer = nn.Linear(length * num_inputs, num_hiddens)

    def forward(self, embs, state=None):
        if state is None:
            state = embs.new_zeros(self.length - 1, *embs.shape[1:])
        read = torch.cat([state, embs])
        windows = read.unfold(0, self.length, 1).flatten(2)  # (num_steps, batch_size, ...)
        return torch.tanh(self.layer(windows)), read[len(embs) :]


KINDS = {
    "RNN": Kind(nn.RNN, 768, lr=0.003, rates=(0.1, 0.4)),
    "GRU": Kind(nn.GRU, 448),
    "window": Kind(Window, 1190, rates=(0.1, 0.4)),
    "two layers": Kind(nn.LSTM, 226, (2,)),
    "LSTM": LSTM,
}


def trials(data):
    """Yield the name of each trial, and what runs it."""

    def one(name, seed):
        model, *_ = learned(KINDS[name], data, seed)
        return {"validation": losses_of(model, data.val_ids).mean().item()}

    for seed in SEEDS:
        for name in KINDS:
            yield f"{name} {seed}", lambda n=name, s=seed: one(n, s)
