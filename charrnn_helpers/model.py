"""The model: one-hot inputs, the recurrence, and the output layer."""

import copy
from contextlib import contextmanager

import torch
from torch import nn

from charrnn_helpers._guards import check_make_model, guarded_by


def check_len(a, n):
    """Raise ValueError if the list `a` does not hold n items."""
    if len(a) != n:
        raise ValueError(f"list's length is {len(a)}, expected {n}")


def check_shape(a, shape):
    """Raise ValueError if the tensor `a` does not have this shape."""
    if tuple(a.shape) != tuple(shape):
        found = tuple(a.shape)
        raise ValueError(f"tensor's shape is {found}, expected {tuple(shape)}")


def one_hot(X, vocab_size):
    """Turn ids `(...)` into rows `(..., vocab_size)`, all 0 except one 1."""
    return torch.eye(vocab_size, device=X.device)[X]


class RNNScratch(nn.Module):
    """H_t = tanh(X_t W_xh + H_{t-1} W_hh + b_h)  (D2L, equation 9.4.5)."""

    def __init__(self, num_inputs, num_hiddens, sigma=0.01, generator=None):
        super().__init__()
        self.num_inputs, self.num_hiddens = num_inputs, num_hiddens
        self.sigma = sigma
        W_xh = torch.randn(num_inputs, num_hiddens, generator=generator)
        W_hh = torch.randn(num_hiddens, num_hiddens, generator=generator)
        self.W_xh = nn.Parameter(sigma * W_xh)
        self.W_hh = nn.Parameter(sigma * W_hh)
        self.b_h = nn.Parameter(torch.zeros(num_hiddens))

    def forward(self, inputs, state=None):
        """Return a list of the state after each time step, and the last one."""
        batch_size = inputs.shape[1]  # of (num_steps, batch_size, num_inputs)
        if state is None:
            state = inputs.new_zeros(batch_size, self.num_hiddens)
        check_shape(state, (batch_size, self.num_hiddens))
        outputs = []
        for X in inputs:  # X: (batch_size, num_inputs)
            state = torch.tanh(X @ self.W_xh + state @ self.W_hh + self.b_h)
            outputs.append(state)  # state: (batch_size, num_hiddens)
        return outputs, state


def gate_weights(num_inputs, num_hiddens, sigma, generator):
    """Return the weights of a gate, W_x and W_h, drawn with sigma, and b, 0."""
    W_x = sigma * torch.randn(num_inputs, num_hiddens, generator=generator)
    W_h = sigma * torch.randn(num_hiddens, num_hiddens, generator=generator)
    b = torch.zeros(num_hiddens)
    return nn.Parameter(W_x), nn.Parameter(W_h), nn.Parameter(b)


class GRUScratch(nn.Module):
    """A GRU (Cho et al. 2014), with R on H W_hh, as in nn.GRU, not on H."""

    def __init__(self, num_inputs, num_hiddens, sigma=0.01, generator=None):
        super().__init__()
        sizes = num_inputs, num_hiddens
        self.num_inputs, self.num_hiddens, self.sigma = *sizes, sigma
        self.W_xz, self.W_hz, self.b_z = gate_weights(*sizes, sigma, generator)
        self.W_xr, self.W_hr, self.b_r = gate_weights(*sizes, sigma, generator)
        self.W_xh, self.W_hh, self.b_h = gate_weights(*sizes, sigma, generator)

    def forward(self, inputs, state=None):
        """Read inputs as RNNScratch does; return all states, and the last."""
        shape = (inputs.shape[1], self.num_hiddens)
        H, outputs = inputs.new_zeros(shape) if state is None else state, []
        check_shape(H, shape)
        for X in inputs:  # X: (batch_size, num_inputs)
            # How much of the old state to keep, and how much of it to look at
            Z = torch.sigmoid(X @ self.W_xz + H @ self.W_hz + self.b_z)
            R = torch.sigmoid(X @ self.W_xr + H @ self.W_hr + self.b_r)
            A = X @ self.W_xh + R * (H @ self.W_hh) + self.b_h
            H = Z * H + (1 - Z) * torch.tanh(A)  # (batch_size, num_hiddens)
            outputs.append(H)
        return outputs, H


class LSTMScratch(nn.Module):
    """Long short-term memory (Hochreiter and Schmidhuber 1997).

    In place of RNNScratch.  The state `(2, batch_size, num_hiddens)` holds H,
    which the output layer reads, and the memory C.
    """

    def __init__(self, num_inputs, num_hiddens, sigma=0.01, generator=None):
        super().__init__()
        sizes = num_inputs, num_hiddens
        self.num_inputs, self.num_hiddens, self.sigma = *sizes, sigma
        self.W_xi, self.W_hi, self.b_i = gate_weights(*sizes, sigma, generator)
        self.W_xf, self.W_hf, self.b_f = gate_weights(*sizes, sigma, generator)
        self.W_xo, self.W_ho, self.b_o = gate_weights(*sizes, sigma, generator)
        self.W_xc, self.W_hc, self.b_c = gate_weights(*sizes, sigma, generator)
        self.b_f.data += 1  # at first, more is kept than forgotten

    def forward(self, inputs, state=None):
        """Read inputs as RNNScratch does; return each H, and the last state."""
        shape = (2, inputs.shape[1], self.num_hiddens)
        state, outputs = inputs.new_zeros(shape) if state is None else state, []
        check_shape(state, shape)
        H, C = state  # each (batch_size, num_hiddens)
        for X in inputs:  # X: (batch_size, num_inputs)
            # How much to write, to keep, and to show
            I = torch.sigmoid(X @ self.W_xi + H @ self.W_hi + self.b_i)
            F = torch.sigmoid(X @ self.W_xf + H @ self.W_hf + self.b_f)
            O = torch.sigmoid(X @ self.W_xo + H @ self.W_ho + self.b_o)
            A = X @ self.W_xc + H @ self.W_hc + self.b_c
            C = F * C + I * torch.tanh(A)
            H = O * torch.tanh(C)
            outputs.append(H)
        return outputs, torch.stack([H, C])


def dropout(H, rate, generator=None):
    """Set numbers to 0 with probability `rate`; divide the rest by 1 - rate."""
    keep = torch.rand(H.shape, generator=generator) >= rate
    return H * keep.to(H.device) / (1 - rate)


class WithDropout(nn.Module):
    """An RNN that reads embeddings X W_e, with dropout in training."""

    def __init__(self, rnn, vocab_size, rates=(0.2, 0.5), generator=None):
        super().__init__()
        self.rnn, self.rates, self.generator = rnn, rates, generator
        self.num_hiddens, self.sigma = rnn.num_hiddens, rnn.sigma
        W_e = torch.randn(vocab_size, rnn.num_inputs, generator=generator)
        self.W_e = nn.Parameter(W_e)

    def forward(self, inputs, state=None):
        drop = dropout if self.training else lambda H, *_: H
        embs = drop(inputs @ self.W_e, self.rates[0], self.generator)
        outputs, state = self.rnn(embs, state)
        return drop(torch.stack(outputs), self.rates[1], self.generator), state

    def without(self):
        """Return the RNN for one-hot inputs: (X W_e) W_x = X (W_e W_x)."""
        rnn = copy.deepcopy(self.rnn)
        rnn.num_inputs = len(self.W_e)
        for name, W in self.rnn.named_parameters():
            if name.startswith("W_x"):
                setattr(rnn, name, nn.Parameter((self.W_e @ W).detach()))
        return rnn


class RNNLMScratch(nn.Module):
    """An RNN and an output layer, O = H W_hq + b_q  (D2L, equation 9.4.6)."""

    def __init__(self, rnn, vocab_size, generator=None):
        super().__init__()
        self.rnn, self.vocab_size = rnn, vocab_size
        weights = torch.randn(rnn.num_hiddens, vocab_size, generator=generator)
        self.W_hq = nn.Parameter(rnn.sigma * weights)
        self.b_q = nn.Parameter(torch.zeros(vocab_size))

    def output_layer(self, rnn_outputs):
        """Return the logits `(batch_size, num_steps, vocab_size)`."""
        outputs = [H @ self.W_hq + self.b_q for H in rnn_outputs]
        return torch.stack(outputs, 1)

    def forward_with_state(self, X, state=None):
        """Read ids X `(batch_size, num_steps)`; return logits and the state."""
        inputs = one_hot(X.T, self.vocab_size)  # time first
        rnn_outputs, state = self.rnn(inputs.to(self.W_hq), state)
        return self.output_layer(rnn_outputs), state

    def forward(self, X, state=None):
        """Read ids X `(batch_size, num_steps)`; return the logits alone."""
        logits, _ = self.forward_with_state(X, state)
        return logits


@contextmanager
def evaluating(model):
    """Switch the model to evaluation mode, and afterward back."""
    switched = [module for module in model.modules() if module.training]
    for module in switched:
        module.training = False
    try:
        yield
    finally:
        for module in switched:
            module.training = True


@guarded_by(check_make_model)
def make_model(
    vocab_size, num_hiddens=32, sigma=0.01, seed=0, cell=RNNScratch, device=None
):
    """Return a fresh RNNLMScratch, its weights drawn with this seed."""
    generator = torch.Generator().manual_seed(seed)
    rnn = cell(vocab_size, num_hiddens, sigma, generator)
    return RNNLMScratch(rnn, vocab_size, generator).to(device)
