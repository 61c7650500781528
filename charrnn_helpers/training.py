"""Training: the loss, its gradient clipped, the loop, and the evaluation."""

import itertools
import math
import time
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from charrnn_helpers.guards import (
    all_or_nothing,
    check_finite,
    check_len,
    check_positive,
    check_run,
    check_shape,
    one_thread,
    patient,
)


def cross_entropy(logits, targets):
    """Mean over all positions of -ln softmax(logits)[target], in nats.

    logits `(..., vocab_size)`, targets `(...)` of whole numbers.  Taking the largest logit
    away from all of them changes nothing in exact arithmetic, and exp() cannot overflow.
    """
    check_shape(targets, logits.shape[:-1])
    logits = logits - logits.detach().max(dim=-1, keepdim=True).values
    log_sums = logits.exp().sum(dim=-1).log()  # (...)
    target_logits = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)  # (...)
    return (log_sums - target_logits).mean()


def perplexity(loss):
    """exp(loss): the effective number of choices, from a mean loss in nats a character."""
    return math.exp(loss) if loss < 700 else math.inf


def bits_per_char(loss):
    """The same loss in bits: nats divided by ln 2."""
    return loss / math.log(2)


def gradient_norm(model):
    """The length of all gradients taken as one vector; parameters without one count as 0."""
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    return math.sqrt(sum(grad.pow(2).sum().item() for grad in grads))


def clip_gradients(grad_clip_val, model):
    """Scale g to min(1, theta / ||g||) g, in place; return the norm before (Pascanu et al. 2013).

    Raises FloatingPointError if the norm is inf or nan: no scaling can mend that.
    """
    check_positive("grad_clip_val", grad_clip_val)
    norm = check_finite("the gradient's norm", gradient_norm(model))
    if norm > grad_clip_val:
        for p in model.parameters():
            if p.grad is not None:
                p.grad *= grad_clip_val / norm
    return norm


@dataclass
class Options:
    """The settings of a training run; lr and grad_clip_val may be changed while it goes on."""

    num_epochs: int = 30
    lr: float = 1.0
    grad_clip_val: float | None = 1.0  # None: do not clip
    carry_state: bool = False  # keep the state from batch to batch (StreamBatches)
    optimizer: type = torch.optim.SGD  # the class; train() makes the object

    def __post_init__(self):
        self.check()

    def check(self):
        check_positive("num_epochs", self.num_epochs)
        if self.num_epochs != int(self.num_epochs):
            raise ValueError(f"num_epochs is {self.num_epochs}; use a whole number")
        check_positive("lr", self.lr)
        if self.grad_clip_val is not None:
            check_positive("grad_clip_val", self.grad_clip_val)


class Record(NamedTuple):
    """What one training step reports."""

    step: int
    epoch: float  # passes over the data so far
    loss: float  # nats a character
    grad_norm: float  # before clipping
    chars_per_second: float
    lr: float  # as it was in this step
    grad_clip_val: float | None

    @property
    def perplexity(self):
        return perplexity(self.loss)


def train_step(model, X, Y, optimizer, grad_clip_val, state=None):
    """One step of gradient descent; return the loss, the gradient's norm, the new state.

    Raises FloatingPointError, before the update, if the loss or the norm is inf or nan.
    """
    optimizer.zero_grad()
    logits, state = model.forward_with_state(X, state)  # (batch_size, num_steps, vocab_size)
    loss = cross_entropy(logits, Y)
    loss.backward()
    check_finite("the loss", loss.item())
    if grad_clip_val is None:
        norm = check_finite("the gradient's norm", gradient_norm(model))
    else:
        norm = clip_gradients(grad_clip_val, model)
    optimizer.step()
    return loss.item(), norm, state.detach()


def order_of(batches):
    """The state of the random generator that shuffles these batches; None if nothing does."""
    generator = getattr(batches, "generator", None)
    return None if generator is None else generator.get_state()


@dataclass
class Run:
    """Where a run is: what the next step depends on, besides model, batches and options."""

    optimizer: torch.optim.Optimizer | None = None
    state: torch.Tensor | None = None  # the hidden state after the last batch
    order: torch.Tensor | None = None  # order_of(batches) when the epoch began
    history: list = field(default_factory=list)  # a Record for each step

    @property
    def step(self):
        return len(self.history)

    def rest_of_epoch(self, batches):
        """Yield the batches that are still to come; ValueError if there are not len(batches)."""
        if self.order is None:
            self.order = order_of(batches)
        else:
            batches.generator.set_state(self.order)
        done = self.step % len(batches)
        end = self.step - done + len(batches)
        yield from itertools.islice(batches, done, None)
        check_len(self.history, end)

    def complete(self, record, state, batches):
        """Note down a step that is done."""
        self.history.append(record)
        self.state = state
        if self.step % len(batches) == 0:  # the next epoch has no state yet, and a new order
            self.state, self.order = None, order_of(batches)


def train(model, batches, options, run=None):
    """Train, and yield a Record after each step; whoever iterates decides when to stop.

    With a Run it goes on after that run's last step.  A step that is broken off, by an error
    or by KeyboardInterrupt, leaves model and run as they were before.  Raises FloatingPointError
    if the run diverges, MemoryError if it is too large, both with the number of the step.
    """
    run = Run() if run is None else run
    if run.optimizer is None:
        run.optimizer = options.optimizer(model.parameters(), lr=options.lr)
    check_run(run, model, batches, options)
    while run.step < options.num_epochs * len(batches):
        for X, Y in run.rest_of_epoch(batches):
            options.check()
            lr, grad_clip_val = options.lr, options.grad_clip_val
            run.optimizer.param_groups[0]["lr"] = lr
            state = run.state if options.carry_state else None
            start, step = time.perf_counter(), run.step + 1
            with one_thread(), all_or_nothing(model, run):
                loss, norm, state = train_step(model, X, Y, run.optimizer, grad_clip_val, state)
                speed = X.numel() / (time.perf_counter() - start)
                record = Record(step, step / len(batches), loss, norm, speed, lr, grad_clip_val)
                run.complete(record, state, batches)
            yield record


def linear_decay(records, options, num_steps, step=0):
    """Pass the records of train(...) on, and let options.lr fall in a straight line towards 0.

    A run that goes on is at `step` already.  In the end options.lr is what it was.
    """
    start = options.lr
    try:
        options.lr = start * max(1 - step / num_steps, 1e-3)
        for record in records:
            options.lr = start * max(1 - record.step / num_steps, 1e-3)
            yield record
    finally:
        options.lr = start


def fit(records):
    """Run train(...) to its end, or to KeyboardInterrupt; return the list of its Records."""
    history = []
    try:
        with patient() as obey:
            for record in records:
                history.append(record)
                obey()  # an interrupt that came during the step
    except KeyboardInterrupt:
        step = history[-1].step if history else 0
        print(f"Interrupted: the model is as it was after step {step}. A Run can go on there.")
    return history


@torch.no_grad()
def evaluate(model, batches, carry_state=False):
    """Mean loss in nats over all characters of the batches, however unequal their sizes."""
    total, count, state = 0.0, 0, None
    with one_thread():
        for X, Y in batches:
            logits, state = model.forward_with_state(X, state if carry_state else None)
            total += cross_entropy(logits, Y).item() * Y.numel()
            count += Y.numel()
    return total / count
