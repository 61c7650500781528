"""Two networks, of which one lacks a term of its gradient, and five backward passes, some wrong.

Notebook 8 asks which, and where it shows.

If you are a reader of notebook 8, do not look here before you have found out.
"""

from functools import partial

import torch

from charrnn_helpers.model import RNNLMScratch, RNNScratch, one_hot


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


@torch.no_grad()
def _gradients(model, ids, next_ids, fault=""):
    """Return the gradient of each weight of the mean loss, {name: gradient}, with this fault."""
    rnn = model.rnn
    X = one_hot(ids.T, model.vocab_size).to(model.W_hq)
    outputs, _ = rnn(X)
    H = torch.stack([torch.zeros_like(outputs[0]), *outputs])
    dO = (H[1:] @ model.W_hq + model.b_q).softmax(-1) - one_hot(next_ids.T, model.vocab_size)
    if fault != "the sum instead of the mean":
        dO = dO / ids.numel()
    dH, dA = dO @ model.W_hq.T, torch.zeros_like(H[1:])
    back = rnn.W_hh if fault == "W_hh not transposed" else rnn.W_hh.T
    for t in range(len(dA) - 1, -1, -1):
        if t + 1 < len(dA) and (t or fault != "nothing from the right in the first time step"):
            dH[t] += dA[t + 1] @ back
        dA[t] = dH[t] * (1 - H[t + 1] ** 2)
    before = H[1:] if fault == "H[t] in dW_hh" else H[:-1]
    return {
        "W_xh": torch.einsum("tbi,tbj->ij", X, dA),
        "W_hh": torch.einsum("tbi,tbj->ij", before, dA),
        "b_h": dA.sum((0, 1)),
        "W_hq": torch.einsum("tbi,tbj->ij", H[1:], dO),
        "b_q": dO.sum((0, 1)),
    }


FAULTS = {
    "A": "H[t] in dW_hh",
    "B": "W_hh not transposed",
    "C": "",
    "D": "the sum instead of the mean",
    "E": "nothing from the right in the first time step",
}
PASSES = {name: partial(_gradients, fault=fault) for name, fault in FAULTS.items()}
