"""The exercises of notebook 6: comparing, Adam, streams, when to stop, a hunt."""

import copy
import math

import torch

from charrnn_helpers.checks.judge import Case, Exercise, case, draw
from charrnn_helpers.checks.values import Fact, named
from charrnn_helpers.model import make_model
from charrnn_helpers.training import clip_gradients, cross_entropy, evaluate


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


def my_adam(p, grad, m, v, update, lr):
    m = 0.9 * m + 0.1 * grad
    v = 0.999 * v + 0.001 * grad**2
    m_hat = m / (1 - 0.9**update)
    v_hat = v / (1 - 0.999**update)
    p = p - lr * m_hat / (v_hat.sqrt() + 1e-8)
    return p, m, v


def adam_updates(answer, num_updates, size, scale, lr):
    """Make some updates along random gradients; return the last means and weights.

    With more than one weight, the gradient of the last one is always 0.
    """
    p, m, v = draw(size, seed=size), torch.zeros(size), torch.zeros(size)
    for update in range(1, num_updates + 1):
        grad = scale * draw(size, seed=100 * num_updates + update)
        grad[1:][-1:] = 0
        found = named(answer(p, grad, m, v, update, lr), "p", "m", "v")
        if not all(isinstance(value, torch.Tensor) for value in found.values()):
            break
        p, m, v = found.values()
    return {name: found[name] for name in ("m", "v", "p") if name in found}


def adam_case(num_updates, size, scale, lr):
    updates = "one update" if num_updates == 1 else f"{num_updates} updates"
    show = f"(p {(size,)}, gradients of size {scale:g}, ..., lr {lr}), {updates} from m = v = 0"
    return Case(show, lambda: (num_updates, size, scale, lr))


ADAM_CASES = (
    adam_case(1, 1, 1.0, 0.1),
    adam_case(2, 2, 1.0, 0.1),
    adam_case(1, 3, 100.0, 0.5),
    adam_case(5, 3, 0.01, 0.02),
    adam_case(30, 4, 1.0, 0.3),
)


def my_streams(ids, batch_size):
    length = (len(ids) - 1) // batch_size
    end = batch_size * length
    X = ids[:end].view(batch_size, length)
    Y = ids[1 : end + 1].view(batch_size, length)
    return X, Y


def cut(answer, ids, batch_size):
    return named(answer(ids, batch_size), "X", "Y")


def numbered(length, batch_size):
    """Return a case with ids that are all different, in a random order."""
    ids = torch.randperm(length, generator=torch.Generator().manual_seed(length)).tolist()
    return Case(f"(torch.tensor({ids}), {batch_size})", lambda: (torch.tensor(ids), batch_size))


STREAMS_CASES = (
    numbered(7, 2),
    numbered(8, 2),
    numbered(6, 2),
    numbered(5, 1),
    numbered(11, 3),
    numbered(30, 4),
)


def my_early_stopping(losses, patience):
    best, best_epoch, waited = math.inf, 0, 0
    for epoch, loss in enumerate(losses, 1):
        if loss < best:
            best, best_epoch, waited = loss, epoch, 0
        else:
            waited += 1
        if waited == patience:
            break
    return epoch, best_epoch


def stopped(answer, losses, patience):
    return named(answer(losses, patience), "epochs trained", "epoch kept")


EARLY_STOPPING_CASES = (
    case([3.0, 2.0, 2.5, 2.6], 2),
    case([3.0, 2.0, 1.0], 2),
    case([3.0, 2.0, 2.5, 2.6, 2.7, 2.8], 2),
    case([3.0, 2.0, 2.5, 2.6, 2.7, 1.0], 2),
    case([3.0, 2.0, 2.4, 2.2, 2.1, 1.9], 3),
    case([3.0, 2.0, 2.5, 1.9, 2.5, 1.8, 2.5, 2.6, 1.0], 2),
    case([2.0, 2.0, 2.0, 2.0, 1.0], 2),
    case([3.0, 3.5, 2.0], 1),
    case([3.0, 3.1, 3.2, 2.9, 3.0, 3.1, 3.2, 3.3], 4),
)


def my_fair(a, b):
    found = {}
    for name, trials in (("a", a), ("b", b)):
        best = min(trials, key=lambda rate: max(trials[rate]))
        if best in (min(trials), max(trials)):
            return "more rates"
        found[name] = trials[best]
    if max(found["a"]) < min(found["b"]):
        return "a"
    if max(found["b"]) < min(found["a"]):
        return "b"
    return "tie"


def told(answer, a, b):
    """Call an answer; a text is compared as a whole."""
    word = answer(a, b)
    return Fact(repr(word)) if isinstance(word, str) else word


FAIR_CASES = (
    case(
        {1: [3.1, 3.2, 3.3], 2: [2.0, 2.1, 2.2], 4: [2.7, 2.8, 2.9]},
        {1: [3.5, 3.6, 3.7], 2: [2.5, 2.6, 2.7], 4: [3.0, 3.1, 3.2]},
    ),
    case(
        {1: [2.6, 2.7, 2.8], 2: [3.0, 3.1, 3.2], 4: [3.5, 3.6, 3.7], 8: [4.1, 4.2, 4.3]},
        {1: [3.5, 3.6, 3.7], 2: [3.3, 3.4, 3.5], 4: [2.0, 2.1, 2.2], 8: [3.1, 3.2, 3.3]},
    ),
    case(
        {1: [3.0, 3.1, 3.2], 2: [2.6, 2.7, 2.8], 4: [3.5, 3.6, 3.7], 8: [4.1, 4.2, 4.3]},
        {1: [3.5, 3.6, 3.7], 2: [3.3, 3.4, 3.5], 4: [2.0, 2.1, 2.2], 8: [3.1, 3.2, 3.3]},
    ),
    case(
        {1: [2.0, 2.1, 2.2], 2: [2.5, 2.6, 2.7], 4: [3.0, 3.1, 3.2]},
        {1: [3.5, 3.6, 3.7], 2: [2.5, 2.6, 2.7], 4: [3.0, 3.1, 3.2]},
    ),
    case(
        {1: [3.5, 3.6, 3.7], 2: [2.5, 2.6, 2.7], 4: [3.0, 3.1, 3.2]},
        {1: [3.5, 3.6, 3.7], 2: [2.5, 2.6, 2.7], 4: [2.0, 2.1, 2.2]},
    ),
    case(
        {1: [3.1, 3.2, 3.3], 2: [2.4, 2.5, 2.6], 4: [2.7, 2.8, 2.9]},
        {1: [3.5, 3.6, 3.7], 2: [2.0, 2.1, 2.7], 4: [3.0, 3.1, 3.2]},
    ),
    case(
        {1: [3.1, 3.2, 3.3], 2: [2.1, 2.1, 2.2], 4: [2.7, 2.8, 2.9]},
        {1: [3.5, 3.6, 3.7], 2: [2.0, 2.5, 2.6], 4: [3.0, 3.1, 3.2]},
    ),
    case(
        {1: [3.1, 3.2, 3.3], 2: [2.2, 2.3, 2.4], 4: [2.7, 2.8, 2.9]},
        {1: [3.5, 3.6, 3.7], 2: [2.4, 2.5, 2.6], 4: [3.0, 3.1, 3.2]},
    ),
    case(
        {1: [3.1, 3.2, 3.3], 2: [2.7, 2.8, 2.9], 4: [3.0, 3.1, 3.2]},
        {0.1: [3.5, 3.6, 3.7], 0.2: [1.5, 1.6, 9.0], 0.4: [2.1, 2.2, 2.3], 0.8: [3.0, 3.1, 3.2]},
    ),
    case(
        {1: [2.0, 2.1, 2.2], 2: [3.0, 3.1, 3.2], 4: [4.0, 4.1, 4.2]},
        {0.5: [5.0, 5.1, 5.2], 1: [3.0, 3.1, 3.2], 8: [6.0, 6.1, 6.2]},
    ),
    case(
        {4: [2.7, 2.8, 2.9], 1: [3.1, 3.2, 3.3], 2: [2.0, 2.1, 2.2]},
        {2: [2.5, 2.6, 2.7], 4: [3.0, 3.1, 3.2], 1: [3.5, 3.6, 3.7]},
    ),
    case(
        {1: [3.1, 3.2, 3.3], 2: [2.0, 2.1, 2.2], 4: [2.7, 2.8, 2.9], 8: [1.8, 9.0, 9.5]},
        {1: [3.5, 3.6, 3.7], 2: [2.1, 2.1, 2.6], 4: [2.4, 2.5, 2.55], 8: [3.0, 3.1, 3.2]},
    ),
    case(
        {1: [2.0, 2.1, 2.2], 2: [2.5, 2.6, 2.7], 4: [3.0, 3.1, 3.2]},
        {1: [3.5, 3.6, 3.7], 2: [2.9, 3.0, 3.1], 4: [2.7, 2.8, 2.9]},
    ),
    case(
        {1: [3.1, 3.2, 3.3], 2: [2.1, 2.2, 2.5], 4: [2.7, 2.8, 2.9]},
        {1: [3.5, 3.6, 3.7], 2: [2.4, 2.6, 2.7], 4: [3.0, 3.1, 3.2]},
    ),
    case(
        {1: [3.1, 3.2, 3.3], 2: [2.7, 2.8, 2.9], 4: [2.0, 2.1, 2.2]},
        {1: [3.5, 3.6, 3.7], 2: [2.5, 2.6, 2.7], 4: [3.0, 3.1, 3.2]},
    ),
    case(
        {1: [3.1, 3.2, 3.3], 2: [2.0, 2.1, 2.2], 4: [2.7, 2.8, 2.9]},
        {1: [2.5, 2.6, 2.7], 2: [3.0, 3.1, 3.2], 4: [3.5, 3.6, 3.7]},
    ),
    case(
        {1: [3.1, 3.2, 3.3], 2: [2.0, 2.1, 2.2], 4: [8.9, 9.0, 9.1], 8: [3.5, 3.6, 3.7]},
        {1: [3.5, 3.6, 3.7], 2: [2.5, 2.6, 2.7], 4: [8.8, 9.0, 9.2], 8: [3.7, 3.8, 3.9]},
    ),
)


def my_training(model, batches, val_batches, optimizer, grad_clip_val, num_epochs):
    scores = []
    for _ in range(num_epochs):
        state = None
        for X, Y in batches:
            optimizer.zero_grad()
            logits, state = model.forward_with_state(X, state)
            loss = cross_entropy(logits, Y)
            loss.backward()
            clip_gradients(grad_clip_val, model)
            optimizer.step()
            state = state.detach()
        scores.append(evaluate(model, val_batches, carry_state=True))
        if scores[-1] == min(scores):
            best = copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return scores


def given_training(model, batches, val_batches, optimizer, grad_clip_val, num_epochs):
    """The code of the notebook, with its three mistakes."""
    scores = []
    for _ in range(num_epochs):
        for X, Y in batches:
            state = None
            optimizer.zero_grad()
            logits, state = model.forward_with_state(X, state)
            loss = cross_entropy(logits, Y)
            loss.backward()
            optimizer.step()
            clip_gradients(grad_clip_val, model)
            state = state.detach()
        scores.append(evaluate(model, val_batches, carry_state=True))
        if scores[-1] == min(scores):
            best = model.state_dict()
    model.load_state_dict(best)
    return scores


def trained(answer, num_batches, num_epochs, grad_clip_val, lr, seed):
    """Train a tiny model on a stream; return the scores and the final weights.

    The seeds are chosen so that the mistakes of the given code make the scores worse, as they do in
    longer trainings, and not better by chance.
    """
    model = tiny_model(seed=5)
    optimizer = PlainSGD(model.parameters(), lr)
    batches = tiny_batches(*[(3, 4)] * num_batches, seed=seed)
    val_batches = tiny_batches((1, 9), (1, 5), seed=seed + 1000)
    scores = answer(model, batches, val_batches, optimizer, grad_clip_val, num_epochs)
    return {"scores": scores, "weights": weights_of(model)}


def training_case(seed, num_batches, num_epochs, grad_clip_val=100.0, lr=0.5):
    what = "1 batch" if num_batches == 1 else f"{num_batches} batches"
    show = f"(model, {what}, val_batches, SGD with lr {lr}, {grad_clip_val}, {num_epochs})"
    return Case(show, lambda: (num_batches, num_epochs, grad_clip_val, lr, seed))


TRAINING_CASES = (
    training_case(0, 1, 1),
    training_case(51, 2, 1),
    training_case(0, 1, 2),
    training_case(52, 1, 1, 0.1, 1.0),
    training_case(6, 3, 2, 0.2, 1.0),
    training_case(6, 3, 3, 100.0, 0.3),
    training_case(32, 2, 4, 0.5, 2.0),
    training_case(30, 2, 5, 0.5, 2.0),
)
EXERCISES = (
    Exercise("fair", 6, my_fair, FAIR_CASES, told),
    Exercise("adam", 6, my_adam, ADAM_CASES, adam_updates, arguments=6),
    Exercise("streams", 6, my_streams, STREAMS_CASES, cut),
    Exercise("early_stopping", 6, my_early_stopping, EARLY_STOPPING_CASES, stopped),
    Exercise("broken_loop", 6, my_training, TRAINING_CASES, trained, given_training, arguments=6),
)
