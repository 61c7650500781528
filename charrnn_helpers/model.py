"""The model: one-hot inputs, the recurrence, and the output layer."""

import torch
from torch import nn

from charrnn_helpers.data import check_ids, check_size


def check_len(a, n):
    """Raise ValueError if the list `a` does not hold n items."""
    if len(a) != n:
        raise ValueError(f"list's length is {len(a)}, expected {n}")


def check_shape(a, shape):
    """Raise ValueError if the tensor `a` does not have this shape."""
    if tuple(a.shape) != tuple(shape):
        raise ValueError(f"tensor's shape is {tuple(a.shape)}, expected {tuple(shape)}")


def one_hot(X, vocab_size):
    """Turn ids of any shape `(...)` into rows `(..., vocab_size)`, all 0 except one 1.

    Raises ValueError for ids that are not whole numbers from 0 to vocab_size - 1.
    """
    return torch.eye(vocab_size, device=X.device)[check_ids(X, vocab_size)]


class RNNScratch(nn.Module):
    """The recurrence H_t = tanh(X_t W_xh + H_{t-1} W_hh + b_h)  (D2L, equation 9.4.5).

    The initial weights are normal with standard deviation sigma; the bias b_h starts at 0.
    """

    def __init__(self, num_inputs, num_hiddens, sigma=0.01, generator=None):
        super().__init__()
        check_size("num_inputs", num_inputs)
        check_size("num_hiddens", num_hiddens)
        self.num_inputs, self.num_hiddens, self.sigma = num_inputs, num_hiddens, sigma
        self.W_xh = nn.Parameter(sigma * torch.randn(num_inputs, num_hiddens, generator=generator))
        self.W_hh = nn.Parameter(sigma * torch.randn(num_hiddens, num_hiddens, generator=generator))
        self.b_h = nn.Parameter(torch.zeros(num_hiddens))

    def forward(self, inputs, state=None):
        """Read inputs `(num_steps, batch_size, num_inputs)`, starting from the state (0 if None).

        Returns the state after each step, a list of `(batch_size, num_hiddens)`, and the last one.
        Raises ValueError if the state has the wrong shape.
        """
        batch_size = inputs.shape[1]
        if state is None:
            state = inputs.new_zeros(batch_size, self.num_hiddens)
        check_shape(state, (batch_size, self.num_hiddens))
        outputs = []
        for X in inputs:  # X: (batch_size, num_inputs)
            state = torch.tanh(X @ self.W_xh + state @ self.W_hh + self.b_h)
            outputs.append(state)  # state: (batch_size, num_hiddens)
        return outputs, state


class RNNLMScratch(nn.Module):
    """A language model: an RNN and an output layer, O_t = H_t W_hq + b_q  (D2L, equation 9.4.6)."""

    def __init__(self, rnn, vocab_size, generator=None):
        super().__init__()
        self.rnn, self.vocab_size = rnn, check_size("vocab_size", vocab_size)
        weights = torch.randn(rnn.num_hiddens, vocab_size, generator=generator)
        self.W_hq = nn.Parameter(rnn.sigma * weights)
        self.b_q = nn.Parameter(torch.zeros(vocab_size))

    def output_layer(self, rnn_outputs):
        """Turn num_steps states into logits `(batch_size, num_steps, vocab_size)`."""
        outputs = [H @ self.W_hq + self.b_q for H in rnn_outputs]
        return torch.stack(outputs, 1)

    def forward_with_state(self, X, state=None):
        """Read ids X `(batch_size, num_steps)`; return the logits and the last state.

        Raises ValueError for ids outside the vocabulary, or a state of the wrong shape.
        """
        embs = one_hot(X.T, self.vocab_size)  # (num_steps, batch_size, vocab_size)
        rnn_outputs, state = self.rnn(embs.to(self.W_hq), state)
        return self.output_layer(rnn_outputs), state

    def forward(self, X, state=None):
        """Read ids X `(batch_size, num_steps)`; return the logits alone."""
        logits, _ = self.forward_with_state(X, state)
        return logits


def make_model(vocab_size, num_hiddens=32, sigma=0.01, seed=0, cell=RNNScratch, device=None):
    """Return a fresh RNNLMScratch, its weights drawn from a generator with this seed."""
    generator = torch.Generator().manual_seed(seed)
    rnn = cell(check_size("vocab_size", vocab_size), num_hiddens, sigma, generator)
    return RNNLMScratch(rnn, vocab_size, generator).to(device)
