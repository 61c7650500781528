"""PyTorch's networks in place of ours, for trainings that would take too long in a Python loop."""

import functools

import torch
from torch import nn

from charrnn_helpers.model import GRUScratch, LSTMScratch, RNNScratch

WEIGHTS = {"W_x": "weight_ih_l0", "W_h": "weight_hh_l0", "b_": "bias_ih_l0"}  # ours: PyTorch's
LIBRARY = {RNNScratch: (nn.RNN, "h"), GRUScratch: (nn.GRU, "rzh"), LSTMScratch: (nn.LSTM, "ifco")}


class Library(nn.Module):
    """PyTorch's network with the initial weights of one of ours: the same numbers, in less time."""

    def __init__(self, cell, num_inputs, num_hiddens, sigma, generator):
        super().__init__()
        self.num_inputs, self.num_hiddens, self.sigma = num_inputs, num_hiddens, sigma
        ours = cell(num_inputs, num_hiddens, sigma, generator)
        module, gates = LIBRARY[cell]
        self.theirs = module(num_inputs, num_hiddens)
        self.cell, self.gates = cell, gates
        for letters, name in WEIGHTS.items():
            parts = torch.cat([getattr(ours, letters + gate).detach().t() for gate in gates])
            getattr(self.theirs, name).data.copy_(parts)
        self.theirs.bias_hh_l0.data.zero_()
        self.theirs.bias_hh_l0.requires_grad_(False)  # ours have one bias

    def forward(self, inputs, state=None):
        """Read inputs as the cell does, and return what it returns."""
        if state is not None:
            layers = state.unsqueeze(-3)  # (..., 1, batch_size, num_hiddens)
            state = tuple(layers) if isinstance(self.theirs, nn.LSTM) else layers
        outputs, state = self.theirs(inputs, state)
        state = torch.stack(state) if isinstance(self.theirs, nn.LSTM) else state
        return list(outputs), state.squeeze(-3)

    def ours(self):
        """Return the cell with these weights."""
        cell = self.cell(self.num_inputs, self.num_hiddens, self.sigma)
        for letters, name in WEIGHTS.items():
            parts = getattr(self.theirs, name).data.chunk(len(self.gates))
            for gate, part in zip(self.gates, parts, strict=True):
                getattr(cell, letters + gate).data.copy_(part.t())
        return cell


def fast(recipe):
    """Return the recipe with PyTorch's network in place of ours."""
    return recipe._replace(cell=functools.partial(Library, recipe.cell))


def as_built(model):
    """Return the model that was trained by a fast recipe, with our network for one-hot inputs."""
    model.rnn.rnn = model.rnn.rnn.ours()
    model.rnn = model.rnn.without()
    return model.eval()
