"""Model answers where the package has none of its own, named as the notebooks name them.

They use what the notebooks have built or imported up to their place.
"""

import math

import torch

from charrnn_helpers.model import RNNScratch, one_hot
from charrnn_helpers.training import clip_gradients, cross_entropy


class MyVocab:
    def __init__(self, text):
        self.tokens = sorted({"<unk>", *text})

    def encode(self, text):
        known = [c if c in self.tokens else "<unk>" for c in text]
        return [self.tokens.index(token) for token in known]

    def decode(self, ids):
        return "".join(self.tokens[i] for i in ids)


def my_time_first(batch, vocab_size):
    """Ids (batch_size, num_steps) -> one-hot inputs (num_steps, batch_size, vocab_size)."""
    return one_hot(batch.T, vocab_size)  # swap the axes first; reshape would only re-deal them


def my_num_params(vocab_size, num_hiddens):
    recurrence = vocab_size * num_hiddens + num_hiddens * num_hiddens + num_hiddens
    output_layer = num_hiddens * vocab_size + vocab_size
    return recurrence + output_layer


def my_rnn_step(X, H, W_xh, W_hh, b_h):
    """The new state, from the inputs X (batch_size, num_inputs) and the old state H."""
    return torch.tanh(X @ W_xh + H @ W_hh + b_h)


def my_rnn_loop(inputs, state, W_xh, W_hh, b_h):
    """All states and the last one, from inputs (num_steps, batch_size, num_inputs)."""
    if state is None:
        state = inputs.new_zeros(inputs.shape[1], W_hh.shape[0])
    outputs = []
    for X in inputs:
        state = torch.tanh(X @ W_xh + state @ W_hh + b_h)
        outputs.append(state)
    return outputs, state


class MyRNN(RNNScratch):
    def forward(self, inputs, state=None):
        if state is None:
            state = inputs.new_zeros(inputs.shape[1], self.num_hiddens)
        outputs = []
        for X in inputs:
            state = torch.tanh(X @ self.W_xh + state @ self.W_hh + self.b_h)
            outputs.append(state)
        return outputs, state


def my_perplexity(bits):
    """The perplexity of a model that needs so many bits per character."""
    return 2**bits


def my_bigram(ids, vocab_size):
    """The table of probabilities (vocab_size, vocab_size), from counts with one added to each."""
    counts = torch.ones(vocab_size, vocab_size)
    for a, b in zip(ids[:-1], ids[1:]):
        counts[a, b] += 1
    return counts / counts.sum(dim=1, keepdim=True)


def my_mean_perplexity(losses, sizes):
    """The perplexity over several batches: exp of the mean loss over all characters."""
    total = sum(loss * size for loss, size in zip(losses, sizes))
    return math.exp(total / sum(sizes))


def my_clip_factor(norm, theta):
    """min(1, theta / norm), and 1 where the norm is 0."""
    return min(1.0, theta / norm) if norm > 0 else 1.0


def my_spectral_radius(W):
    """The largest absolute value among the eigenvalues of a square matrix."""
    return torch.linalg.eigvals(W).abs().max().item()


def my_num_updates(num_windows, batch_size, num_epochs):
    """How many steps a training run makes; the last, smaller batch of an epoch counts, too."""
    steps_an_epoch = -(-num_windows // batch_size)  # rounded up
    return num_epochs * steps_an_epoch


def my_train_step(model, X, Y, optimizer, grad_clip_val):
    """One step of gradient descent; return the loss and the gradient's norm before clipping."""
    optimizer.zero_grad()
    loss = cross_entropy(model(X), Y)
    loss.backward()
    norm = clip_gradients(grad_clip_val, model)
    optimizer.step()
    return loss.item(), norm


def my_read_on(model, batches, optimizer):
    """One step for each batch of a stream, the state carried over; return the losses."""
    losses, state = [], None
    for X, Y in batches:
        optimizer.zero_grad()
        logits, state = model.forward_with_state(X, state)
        loss = cross_entropy(logits, Y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        state = state.detach()
    return losses


def my_surprisal(p):
    """What a character costs that had the probability p, in bits."""
    return -math.log2(p)
