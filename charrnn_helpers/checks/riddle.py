"""Two networks with the same states.  The gradient of one lacks a term: notebook 8 asks which.

If you are a reader of notebook 8, do not look here before you have found out.
"""

import torch

from charrnn_helpers.model import RNNLMScratch, RNNScratch


class _Cut(RNNScratch):
    """RNNScratch, except that nothing goes back from a state to the state before it."""

    def forward(self, inputs, state=None):
        outputs = []
        state = inputs.new_zeros(inputs.shape[1], self.num_hiddens) if state is None else state
        for X in inputs:
            state = torch.tanh(X @ self.W_xh + state.detach() @ self.W_hh + self.b_h)
            outputs.append(state)
        return outputs, state


def _network(cell, vocab_size):
    generator = torch.Generator().manual_seed(1)
    rnn = cell(vocab_size, 32, 0.1, generator)
    return RNNLMScratch(rnn, vocab_size, generator)


def network_p(vocab_size):
    """Return a fresh network P; its initial weights are always the same."""
    return _network(_Cut, vocab_size)


def network_q(vocab_size):
    """Return a fresh network Q, with the initial weights of P."""
    return _network(RNNScratch, vocab_size)
