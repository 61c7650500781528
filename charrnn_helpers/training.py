"""Training: the loss, gradient clipping, the training loop, and evaluation."""

import math
import signal
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch

from charrnn_helpers._guards import check_finite, check_options
from charrnn_helpers.model import check_shape, evaluating


def cross_entropy(logits, targets):
    """Return the mean of -ln softmax(logits)[target], in nats.

    The logits are `(..., vocab_size)` and the targets `(...)`.  Subtracting
    the largest logit from all of them changes nothing in exact arithmetic, but
    keeps exp() from overflowing.  No gradient needs to flow through what
    cancels.
    """
    check_shape(targets, logits.shape[:-1])
    logits = logits - logits.detach().max(dim=-1, keepdim=True).values
    log_sums = logits.exp().sum(dim=-1).log()  # (...)
    target_logits = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return (log_sums - target_logits).mean()


def perplexity(loss):
    """Return exp(loss), the effective number of choices, for a loss in nats."""
    return math.inf if loss > 700 else math.exp(loss)  # exp fails above 709


def bits_per_char(loss):
    """Return a loss in nats, divided by ln 2, in bits per character."""
    return loss / math.log(2)


def shannon_bounds(numbers):
    """Return a lower and an upper bound in bits per character.

    They are what the numbers of guesses in Shannon's game tell about the
    player, from the shares of the numbers, with the largest share first.
    """
    counts = sorted(Counter(numbers).values(), reverse=True)
    s = [count / len(numbers) for count in counts] + [0]
    dice = [k * (s[k - 1] - s[k]) * math.log2(k) for k in range(1, len(s))]
    return sum(dice), sum(p * math.log2(1 / p) for p in s if p)


def gradient_norm(model):
    """Return the length of all gradients, taken as one vector."""
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    return math.sqrt(sum(grad.pow(2).sum().item() for grad in grads))


def clip_gradients(grad_clip_val, model):
    """Scale g to min(1, theta / ||g||) g in place; return the old norm.

    The method is that of Pascanu et al. (2013).  Raises FloatingPointError if
    the norm is inf or nan, because no scaling can mend that.
    """
    norm = gradient_norm(model)
    if not math.isfinite(norm):
        raise FloatingPointError(f"the gradient norm is {norm}")
    if norm > grad_clip_val:
        for p in model.parameters():
            if p.grad is not None:
                p.grad *= grad_clip_val / norm
    return norm


@dataclass
class Options:
    """The settings of a training run, which may be changed during it."""

    num_epochs: int = 30
    lr: float = 1.0
    grad_clip_val: float | None = 1.0  # None: do not clip
    carry_state: bool = False  # from batch to batch (StreamBatches)
    optimizer: type = torch.optim.SGD  # or torch.optim.Adam, ...

    def __post_init__(self):
        check_options(self)


class Record(NamedTuple):
    """What one training step reports."""

    step: int
    epoch: float  # passes over the data so far
    loss: float  # nats per character
    grad_norm: float  # before clipping
    lr: float  # as it was in this step
    grad_clip_val: float | None

    @property
    def perplexity(self):
        return perplexity(self.loss)


def train_step(model, X, Y, optimizer, grad_clip_val, state=None):
    """Take one step; return the loss, the gradient norm, and the new state.

    Raises FloatingPointError, before the update, if the loss or the norm is inf
    or nan.
    """
    optimizer.zero_grad()
    logits, state = model.forward_with_state(X, state)
    loss = cross_entropy(logits, Y)
    loss.backward()
    norm = gradient_norm(model)
    check_finite(loss.item(), norm)
    if grad_clip_val is not None:
        clip_gradients(grad_clip_val, model)
    optimizer.step()
    return loss.item(), norm, state.detach()


def train(model, batches, options, optimizer=None, scheduler=None):
    """Train, and yield a Record after each step; it goes on after a pause.

    A run without an optimizer makes its own, which follows options.lr.  The
    learning rate of one that is given is left to it and to PyTorch's scheduler,
    which is advanced after each step.  Raises ValueError for options that make
    no sense, and FloatingPointError if the run diverges.
    """
    follow = optimizer is None
    if follow:
        optimizer = options.optimizer(model.parameters(), lr=options.lr)
    step = 0
    for _ in range(options.num_epochs):
        state = None
        for X, Y in batches:
            check_options(options)
            # It keeps its learning rate there
            settings = optimizer.param_groups[0]
            if follow:
                settings["lr"] = options.lr
            lr, grad_clip_val = settings["lr"], options.grad_clip_val
            state = state if options.carry_state else None
            loss, norm, state = train_step(
                model, X, Y, optimizer, grad_clip_val, state
            )
            if scheduler is not None:
                scheduler.step()
            step += 1
            epoch = step / len(batches)
            yield Record(step, epoch, loss, norm, lr, grad_clip_val)


@contextmanager
def defer_interrupt():
    """Yield a function that tells whether *Interrupt Kernel* was pressed.

    The first interrupt is only recorded; a second one raises KeyboardInterrupt
    at once.
    """
    pressed = []

    def press(*_):
        if pressed:
            raise KeyboardInterrupt
        pressed.append(True)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # only the main thread is interrupted
        return
    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: bool(pressed)
    finally:
        handler = signal.default_int_handler if before is None else before
        signal.signal(signal.SIGINT, handler)


def fit(run, history=None):
    """Run train(...) to its end, or until an interrupt; return its Records.

    An interrupt waits until the step is complete.  To go on after it, call fit
    again with the same run, and with the `history` so far, which grows.
    """
    history = [] if history is None else history
    with defer_interrupt() as interrupted:
        for record in run:
            history.append(record)
            if interrupted():
                where = f"Interrupted after step {record.step}"
                print(f"{where}; the same run can go on from here.")
                break
    return history


@torch.no_grad()
def evaluate(model, batches, carry_state=False):
    """Return the mean loss in nats over all characters of the batches.

    The model is in evaluation mode meanwhile.
    """
    total, count, state = 0.0, 0, None
    with evaluating(model):
        for X, Y in batches:
            state = state if carry_state else None
            logits, state = model.forward_with_state(X, state)
            total += cross_entropy(logits, Y).item() * Y.numel()
            count += Y.numel()
    return total / count
