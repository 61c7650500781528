"""PyTorch's networks in place of ours: the same numbers, in less time."""

import copy

import torch
from torch import nn

from charrnn_helpers.model import GRUScratch, LSTMScratch, RNNScratch

WEIGHTS = {"W_x": "weight_ih_l0", "W_h": "weight_hh_l0", "b_": "bias_ih_l0"}  # ours: PyTorch's
LIBRARY = {RNNScratch: (nn.RNN, "h"), GRUScratch: (nn.GRU, "rzh"), LSTMScratch: (nn.LSTM, "ifco")}


class Library(nn.Module):
    """`nn.RNN`, `nn.GRU`, or `nn.LSTM` with the weights of one of ours; used like ours."""

    def __init__(self, ours):
        super().__init__()
        self.cell, self.sigma = type(ours), ours.sigma
        self.num_inputs, self.num_hiddens = ours.num_inputs, ours.num_hiddens
        module, self.gates = LIBRARY[self.cell]
        dtype = next(ours.parameters()).dtype
        self.theirs = module(self.num_inputs, self.num_hiddens, dtype=dtype)
        for letters, name in WEIGHTS.items():
            parts = torch.cat([getattr(ours, letters + gate).detach().t() for gate in self.gates])
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


def faster(model):
    """Return a copy of the model with PyTorch's network in place of its own."""
    model = copy.deepcopy(model)
    model.rnn = Library(model.rnn)
    return model
