"""Training: the loss, gradient clipping, the training loop, and evaluation."""

import math
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real
from typing import NamedTuple

import torch

from charrnn_helpers.data import check_size
from charrnn_helpers.model import check_shape, evaluating


def check_positive(name, value):
    """Return the value if it is a finite number above 0; raise ValueError if not."""
    try:
        good = isinstance(value, Real) and math.isfinite(value) and value > 0
    except OverflowError:  # an integer with more than 308 digits
        good = False
    if not good:
        raise ValueError(f"{name} is {value!r:.50}; use a finite number above 0")
    return float(value)


def check_finite(loss, norm):
    """Raise FloatingPointError, with `loss` and `norm` as attributes, if either is inf or nan."""
    if math.isfinite(loss) and math.isfinite(norm):
        return
    error = FloatingPointError(
        f"the loss is {loss:.3g} and the gradient norm {norm:.3g}, so this step was not taken; "
        "make a new model, and lower lr or grad_clip_val"
    )
    error.loss, error.norm = loss, norm
    raise error


def cross_entropy(logits, targets):
    """Return the mean over all positions of -ln softmax(logits)[target], in nats.

    The logits are `(..., vocab_size)` and the targets `(...)`.  Subtracting the largest logit
    from all of them changes nothing in exact arithmetic, but keeps exp() from overflowing.
    """
    check_shape(targets, logits.shape[:-1])
    logits = logits - logits.detach().max(dim=-1, keepdim=True).values
    log_sums = logits.exp().sum(dim=-1).log()  # (...)
    target_logits = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)  # (...)
    return (log_sums - target_logits).mean()


def perplexity(loss):
    """Return exp(loss), the effective number of choices, for a mean loss in nats per character."""
    return math.inf if loss > 700 else math.exp(loss)


def bits_per_char(loss):
    """Return the loss in bits per character: the loss in nats divided by ln 2."""
    return loss / math.log(2)


def gradient_norm(model):
    """Return the length of all gradients taken as one vector; a missing gradient counts as 0."""
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    return math.sqrt(sum(grad.pow(2).sum().item() for grad in grads))


def clip_gradients(grad_clip_val, model):
    """Scale g to min(1, theta / ||g||) g in place; return the old norm (Pascanu et al. 2013).

    Raises FloatingPointError if the norm is inf or nan, because no scaling can mend that.
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
    """The settings of a training run; lr and grad_clip_val may be changed during it."""

    num_epochs: int = 30
    lr: float = 1.0
    grad_clip_val: float | None = 1.0  # None: do not clip
    carry_state: bool = False  # keep the state from batch to batch (StreamBatches)
    optimizer: type = torch.optim.SGD  # or torch.optim.Adam (Kingma and Ba 2015), ...

    def __post_init__(self):
        check_options(self)


def check_options(options):
    """Raise ValueError, naming the value, if a setting makes no sense."""
    check_size("num_epochs", options.num_epochs)
    check_positive("lr", options.lr)
    if options.grad_clip_val is not None:
        check_positive("grad_clip_val", options.grad_clip_val)


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
    """Take one step of gradient descent; return the loss, the gradient norm, and the new state.

    Raises FloatingPointError, before the update, if the loss or the norm is inf or nan.
    """
    optimizer.zero_grad()
    logits, state = model.forward_with_state(X, state)  # (batch_size, num_steps, vocab_size)
    loss = cross_entropy(logits, Y)
    loss.backward()
    norm = gradient_norm(model)
    check_finite(loss.item(), norm)
    if grad_clip_val is not None:
        clip_gradients(grad_clip_val, model)
    optimizer.step()
    return loss.item(), norm, state.detach()


def train(model, batches, options, optimizer=None, scheduler=None):
    """Train, and yield a Record after each step; iterate again after a pause to go on.

    A run without an optimizer makes its own, which follows options.lr.  The learning rate of one
    that is given is left to it and to PyTorch's scheduler, which is advanced after each step.
    Raises ValueError for options that make no sense, and FloatingPointError if the run diverges.
    """
    follow = optimizer is None
    optimizer = optimizer or options.optimizer(model.parameters(), lr=options.lr)
    step = 0
    for _ in range(options.num_epochs):
        state = None
        for X, Y in batches:
            check_options(options)
            settings = optimizer.param_groups[0]  # where the optimizer keeps its learning rate
            if follow:
                settings["lr"] = options.lr
            lr, grad_clip_val = settings["lr"], options.grad_clip_val
            state = state if options.carry_state else None
            loss, norm, state = train_step(model, X, Y, optimizer, grad_clip_val, state)
            if scheduler is not None:
                scheduler.step()
            step += 1
            yield Record(step, step / len(batches), loss, norm, lr, grad_clip_val)


@contextmanager
def defer_interrupt():
    """Yield a function that returns whether *Interrupt Kernel* was pressed in the block.

    The first interrupt is only recorded; a second one raises KeyboardInterrupt at once.
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
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)


def fit(run, history=None):
    """Run train(...) to its end, or until an interrupt; return the list of its Records.

    An interrupt waits until the step is complete.  To go on after it, call fit again with the
    same run; pass the `history` so far to have the new records added to it.
    """
    history = [] if history is None else history
    with defer_interrupt() as interrupted:
        for record in run:
            history.append(record)
            if interrupted():
                print(f"Interrupted after step {record.step}; the same run can go on from here.")
                break
    return history


@torch.no_grad()
def evaluate(model, batches, carry_state=False):
    """Return the mean loss in nats over all characters of the batches, which may differ in size.

    The model is in evaluation mode meanwhile.  Raises ValueError if there are no batches.
    """
    total, count, state = 0.0, 0, None
    with evaluating(model):
        for X, Y in batches:
            logits, state = model.forward_with_state(X, state if carry_state else None)
            total += cross_entropy(logits, Y).item() * Y.numel()
            count += Y.numel()
    if count == 0:
        raise ValueError("there is nothing to evaluate: the batches hold no characters")
    return total / count
