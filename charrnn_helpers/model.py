"""The model: one-hot inputs, the recurrence, and the output layer."""

import torch
from torch import nn

from charrnn_helpers.guards import check_ids, check_shape


def one_hot(X, vocab_size):
    """Turn ids of any shape `(...)` into rows `(..., vocab_size)`, all 0 but for one 1.

    Raises ValueError for ids that are not whole numbers from 0 to vocab_size - 1.
    """
    return torch.eye(vocab_size)[check_ids(X, vocab_size)]


class RNNScratch(nn.Module):
    """The recurrence H_t = tanh(X_t W_xh + H_{t-1} W_hh + b_h)  (D2L, equation 9.4.5)."""

    def __init__(self, num_inputs, num_hiddens, sigma=0.01, generator=None):
        super().__init__()
        if num_inputs < 1 or num_hiddens < 1:
            raise ValueError(f"sizes must be at least 1, not {num_inputs} and {num_hiddens}")
        self.num_inputs, self.num_hiddens, self.sigma = num_inputs, num_hiddens, sigma
        self.W_xh = nn.Parameter(sigma * torch.randn(num_inputs, num_hiddens, generator=generator))
        self.W_hh = nn.Parameter(sigma * torch.randn(num_hiddens, num_hiddens, generator=generator))
        self.b_h = nn.Parameter(torch.zeros(num_hiddens))

    def forward(self, inputs, state=None):
        batch_size = inputs.shape[1]  # inputs: (num_steps, batch_size, num_inputs)
        if state is None:
            state = inputs.new_zeros(batch_size, self.num_hiddens)
        check_shape(state, (batch_size, self.num_hiddens))
        outputs = []
        for X in inputs:  # X: (batch_size, num_inputs)
            state = torch.tanh(X @ self.W_xh + state @ self.W_hh + self.b_h)
            outputs.append(state)  # state: (batch_size, num_hiddens)
        return outputs, state


class RNNLMScratch(nn.Module):
    """A language model: the RNN, and an output layer that scores each next character."""

    def __init__(self, rnn, vocab_size, generator=None):
        super().__init__()
        self.rnn, self.vocab_size = rnn, vocab_size
        weights = torch.randn(rnn.num_hiddens, vocab_size, generator=generator)
        self.W_hq = nn.Parameter(rnn.sigma * weights)
        self.b_q = nn.Parameter(torch.zeros(vocab_size))

    def output_layer(self, rnn_outputs):
        outputs = [H @ self.W_hq + self.b_q for H in rnn_outputs]
        return torch.stack(outputs, 1)  # (batch_size, num_steps, vocab_size)

    def forward_with_state(self, X, state=None):
        embs = one_hot(X.T, self.vocab_size)  # (num_steps, batch_size, vocab_size)
        rnn_outputs, state = self.rnn(embs.to(self.W_hq), state)
        return self.output_layer(rnn_outputs), state

    def forward(self, X, state=None):
        logits, _ = self.forward_with_state(X, state)
        return logits


def make_model(vocab_size, num_hiddens=32, sigma=0.01, seed=0):
    """A fresh RNNLMScratch; its weights are drawn from a generator with this seed."""
    generator = torch.Generator().manual_seed(seed)
    rnn = RNNScratch(vocab_size, num_hiddens, sigma, generator)
    return RNNLMScratch(rnn, vocab_size, generator)
