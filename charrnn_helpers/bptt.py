"""Backpropagation through time by hand, in place of the loop of RNNScratch."""

import torch
from torch.autograd.function import once_differentiable

from charrnn_helpers.model import RNNLMScratch, RNNScratch, check_shape


class Recurrence(torch.autograd.Function):
    """H_t = tanh(X_t W_xh + H_{t-1} W_hh + b_h), with a backward pass by hand.

    The inputs are `(num_steps, batch_size, num_inputs)`, the state is
    `(batch_size, num_hiddens)`, and the result, `(num_steps, batch_size,
    num_hiddens)`, holds the state after each step.
    """

    @staticmethod
    def forward(ctx, inputs, state, W_xh, W_hh, b_h):
        X = inputs.flatten(0, 1)
        H = state.new_empty(len(inputs) + 1, *state.shape)
        H[0] = state  # before the first step
        torch.addmm(b_h, X, W_xh, out=H[1:].flatten(0, 1))  # all steps at once
        for t in range(1, len(H)):
            H[t].addmm_(H[t - 1], W_hh).tanh_()  # in place
        ctx.save_for_backward(X, H, W_xh, W_hh)
        return H[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, from_above):
        X, H, W_xh, W_hh = ctx.saved_tensors
        # Slopes, which become dA step by step
        dA = H[1:].square().neg_().add_(1)
        dA[-1] *= from_above[-1]
        for t in range(len(dA) - 2, -1, -1):  # from above + from the right
            dA[t] *= torch.addmm(from_above[t], dA[t + 1], W_hh.T)
        H_before, flat = H[:-1].flatten(0, 1), dA.flatten(0, 1)
        dX = dA @ W_xh.T if ctx.needs_input_grad[0] else None
        dW_xh, dW_hh = X.T @ flat, H_before.T @ flat
        return dX, dA[0] @ W_hh.T, dW_xh, dW_hh, flat.sum(dim=0)


class RNNByHand(RNNScratch):
    """RNNScratch with Recurrence in place of its loop."""

    def forward(self, inputs, state=None):
        """Read inputs `(num_steps, batch_size, num_inputs)`.

        Return all states in one tensor, and the last one.
        """
        if state is None:
            state = inputs.new_zeros(inputs.shape[1], self.num_hiddens)
        check_shape(state, (inputs.shape[1], self.num_hiddens))
        outputs = Recurrence.apply(
            inputs, state, self.W_xh, self.W_hh, self.b_h
        )
        return outputs, outputs[-1]


class RNNLMByHand(RNNLMScratch):
    """RNNLMScratch for an RNN that returns its states in one tensor."""

    def output_layer(self, rnn_outputs):
        """Turn states, time first, into logits, batch first, all at once."""
        logits = torch.addmm(self.b_q, rnn_outputs.flatten(0, 1), self.W_hq)
        return logits.unflatten(0, rnn_outputs.shape[:2]).transpose(0, 1)
