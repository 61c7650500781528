"""The exercises of notebook 6: one step of training, and reading on."""

# The mistakes in the documents use it.
import math  # noqa: F401

import torch

from charrnn_helpers.checks.judge import Case, Exercise
from charrnn_helpers.checks.values import named
from charrnn_helpers.model import make_model
from charrnn_helpers.training import clip_gradients, cross_entropy


def tiny_model(seed=1):
    """Return a model with 4 tokens and 3 units, and weights large enough to matter."""
    return make_model(4, num_hiddens=3, sigma=0.8, seed=seed)


def tiny_batches(*shapes, seed=0):
    """Return batches (X, Y) of ids from 0 to 3, with these shapes."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(4, (2, *shape), generator=generator).unbind() for shape in shapes]


def weights_of(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


class PlainSGD:
    """torch.optim.SGD in a few lines, because PyTorch's own takes a second to load."""

    def __init__(self, params, lr):
        self.params, self.lr, self.num_steps = list(params), lr, 0
        self.param_groups = [{"params": self.params, "lr": lr}]

    def zero_grad(self, set_to_none=True):
        for p in self.params:
            p.grad = None if set_to_none or p.grad is None else torch.zeros_like(p)

    def step(self, closure=None):
        loss, self.num_steps = None if closure is None else closure(), self.num_steps + 1
        with torch.no_grad():
            for p in self.params:
                if p.grad is not None:
                    p -= self.lr * p.grad
        return loss


def trained_steps(answer, num_steps, grad_clip_val, lr, stale=False):
    """Take some steps on a tiny model; return the losses, the norms, and the final weights.

    If `stale`, the gradients of something else are still there at first.
    """
    model = tiny_model()
    for p in model.parameters() if stale else ():
        p.grad = torch.full_like(p, 0.1)
    optimizer, found = PlainSGD(model.parameters(), lr), {"loss": [], "norm": []}
    for X, Y in tiny_batches(*[(2, 3)] * num_steps):
        results = named(answer(model, X, Y, optimizer, grad_clip_val), "loss", "norm")
        for name, result in results.items():
            found[name].append(result)
    return found | {"weights": weights_of(model), "calls of step()": optimizer.num_steps}


def step_case(num_steps, grad_clip_val, lr, stale=False):
    steps = "one step" if num_steps == 1 else f"{num_steps} steps"
    old = ", with old gradients in the model" if stale else ""
    show = f"(model, X, Y, SGD with lr {lr}, {grad_clip_val}), {steps}{old}"
    return Case(show, lambda: (num_steps, grad_clip_val, lr, stale))


def my_train_step(model, X, Y, optimizer, grad_clip_val):
    optimizer.zero_grad()
    loss = cross_entropy(model(X), Y)
    loss.backward()
    norm = clip_gradients(grad_clip_val, model)
    optimizer.step()
    return loss.item(), norm


TOO_EARLY = "clipped before the gradient"  # what the code that is given does
STEP_CASES = (
    step_case(1, 100.0, 0.5),
    step_case(1, 0.1, 0.5),
    step_case(3, 0.2, 1.0),
    step_case(1, 100.0, 0.5, stale=True),
)


def stream_read(answer, num_batches, lr):
    """Read a stream; return the losses, the final weights, and whether a loss keeps its record."""
    model = tiny_model(seed=3)
    optimizer = PlainSGD(model.parameters(), lr)
    shapes = [(3, 4)] * (num_batches - 1) + [(3, 2)]  # the last batch is narrower
    losses = answer(model, tiny_batches(*shapes, seed=7), optimizer)
    graphs = isinstance(losses, (list, tuple)) and any(
        isinstance(loss, torch.Tensor) and loss.requires_grad for loss in losses
    )
    return {"losses": losses, "weights": weights_of(model), "losses with their record": graphs}


def stream_case(num_batches, lr=0.5):
    what = "1 batch" if num_batches == 1 else f"{num_batches} batches"
    return Case(f"(model, a stream of {what}, SGD with lr {lr})", lambda: (num_batches, lr))


def my_read_on(model, batches, optimizer):
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


READ_ON_CASES = (stream_case(1), stream_case(2), stream_case(3, 0.3), stream_case(5, 0.2))
EXERCISES = (
    Exercise("train_step", 6, my_train_step, STEP_CASES, trained_steps, TOO_EARLY, arguments=5),
    Exercise("read_on", 6, my_read_on, READ_ON_CASES, stream_read, arguments=3),
)
