"""Backpropagation through time by hand, in place of the loop of RNNScratch."""

import torch
from torch.autograd.function import once_differentiable

from charrnn_helpers.model import RNNLMScratch, RNNScratch, check_shape, one_hot
from charrnn_helpers.training import cross_entropy


def fast_forward(X, state, W_xh, W_hh, b_h):
    """Return all states in one tensor, H[0] to H[num_steps]."""
    H = state.new_empty(len(X) + 1, *state.shape)
    H[0] = state
    # For all time steps at once: X_t W_xh + b_h
    # out= works because flatten is a view here
    torch.addmm(b_h, X.flatten(0, 1), W_xh, out=H[1:].flatten(0, 1))
    each = H.unbind()  # views of H[0], H[1], ...
    for t in range(1, len(H)):
        each[t].addmm_(each[t - 1], W_hh).tanh_()
    return H


def fast_backward(from_above, X, H, W_hh):
    """Return dA, with the indices of H, and the gradients of three weights."""
    dA = H.square().neg_().add_(1)  # the slopes, which become dA in place
    dA[0] = 0
    each = dA.unbind()
    each[-1].mul_(from_above[-1])
    back = W_hh.T
    for t in range(len(H) - 2, 0, -1):
        each[t].mul_(torch.addmm(from_above[t], each[t + 1], back))
    rows = dA[1:].flatten(0, 1)  # (num_steps * batch_size, num_hiddens)
    dW_xh = X.flatten(0, 1).T @ rows
    dW_hh = H[:-1].flatten(0, 1).T @ rows
    return dA, dW_xh, dW_hh, rows.sum(dim=0)


class Recurrence(torch.autograd.Function):
    """The states of all time steps, with a backward pass by hand."""

    @staticmethod
    def forward(ctx, X, state, W_xh, W_hh, b_h):
        H = fast_forward(X, state, W_xh, W_hh, b_h)
        ctx.save_for_backward(X, H, W_xh, W_hh)
        return H[1:]  # (num_steps, batch_size, num_hiddens)

    @staticmethod
    @once_differentiable  # there is no gradient of these gradients
    def backward(ctx, from_above):
        X, H, W_xh, W_hh = ctx.saved_tensors
        above = [None, *from_above]  # no loss is above the initial state
        dA, dW_xh, dW_hh, db_h = fast_backward(above, X, H, W_hh)
        dX = dA[1:] @ W_xh.T if ctx.needs_input_grad[0] else None
        return dX, dA[1] @ W_hh.T, dW_xh, dW_hh, db_h


class RecurrenceInPieces(Recurrence):
    """Recurrence with a backward pass that goes back from piece to piece.

    A piece holds the time steps whose states have at most `most` numbers, so
    that large batches do not need new memory for all slopes at once.
    """

    most = 2**18  # a megabyte

    @staticmethod
    @once_differentiable
    def backward(ctx, from_above):
        X, H, W_xh, W_hh = ctx.saved_tensors
        length = max(1, RecurrenceInPieces.most // max(1, H[0].numel()))
        dX, dA, grads = [], None, [0, 0, 0]
        for end in range(len(X), 0, -length):
            start = max(0, end - length)
            above = [None, *from_above[start:end]]
            if dA is not None:  # of the piece to the right
                above[-1] = torch.addmm(above[-1], dA[1], W_hh.T)
            here = X[start:end], H[start : end + 1]
            dA, *parts = fast_backward(above, *here, W_hh)
            pairs = zip(grads, parts, strict=True)
            grads = [total + part for total, part in pairs]
            if ctx.needs_input_grad[0]:
                dX.insert(0, dA[1:] @ W_xh.T)
        return torch.cat(dX) if dX else None, dA[1] @ W_hh.T, *grads


class RNNByHand(RNNScratch):
    """RNNScratch with a recurrence by hand in place of its loop."""

    def forward(self, inputs, state=None):
        """Return the state after each time step, in one tensor, and the last.

        The inputs are `(num_steps, batch_size, num_inputs)`.
        """
        shape = inputs.shape[1], self.num_hiddens
        state = inputs.new_zeros(shape) if state is None else state
        check_shape(state, shape)
        weights = self.W_xh, self.W_hh, self.b_h
        outputs = RecurrenceInPieces.apply(inputs, state, *weights)
        return outputs, outputs[-1]


class RNNLMByHand(RNNLMScratch):
    """RNNLMScratch for an RNN that returns its states in one tensor."""

    def output_layer(self, rnn_outputs):
        """Turn states, time first, into logits, batch first, all at once."""
        logits = torch.addmm(self.b_q, rnn_outputs.flatten(0, 1), self.W_hq)
        return logits.unflatten(0, rnn_outputs.shape[:2]).transpose(0, 1)


def by_pytorch(model, ids, next_ids):
    """Return PyTorch's gradients of the loss of one batch, by name.

    They are those of the weights, of the logits (dO), and of the states (dH,
    which begins with the initial state); model is an RNNLMScratch.
    """
    X = one_hot(ids.T, model.vocab_size).to(model.W_hq)
    first = X.new_zeros(X.shape[1], model.rnn.num_hiddens).requires_grad_()
    outputs, _ = model.rnn(X, first)
    logits = model.output_layer(outputs)  # (batch_size, num_steps, vocab_size)
    loss = cross_entropy(logits, next_ids)
    names = [name.split(".")[-1] for name, _ in model.named_parameters()]
    wanted = [*model.parameters(), logits]
    *grads, dO = torch.autograd.grad(loss, wanted, retain_graph=True)
    dH = torch.autograd.grad(loss, [first, *outputs])
    found = {f"d{name}": grad for name, grad in zip(names, grads, strict=True)}
    return found | {"dO": dO.transpose(0, 1), "dH": torch.stack(dH)}
