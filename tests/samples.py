"""Exercises of a few lines, on which the machinery of the checks is tried."""

import math

import torch

from charrnn_helpers.checks import document
from charrnn_helpers.checks.judge import Exercise, case, draw, drawn

TEXT = "# A sample\nTried: some calls.\n\n## Hints\n1. One.\n2. Two.\n3. Three.\n"


def sample(answer, *cases, mistakes="", **settings):
    """An exercise that is named like its answer, with a document of these mistakes."""
    name = answer.__name__.removeprefix("my_")
    exercise = Exercise(name=name, notebook=1, answer=answer, cases=cases, **settings)
    exercise.__dict__["document"] = document.parse(TEXT + mistakes)
    return exercise


def my_rnn_step(X, H, W_xh, W_hh, b_h):
    return torch.tanh(X @ W_xh + H @ W_hh + b_h)


def step_case(b, n, h, scale=0.7):
    return drawn(b, scale, X=(b, n), H=(b, h), W_xh=(n, h), W_hh=(h, h), b_h=(h,))


rnn_step = sample(
    my_rnn_step,
    *(step_case(*sizes) for sizes in [(1, 1, 1), (2, 2, 2), (3, 3, 3), (2, 5, 3), (1, 4, 6)]),
    step_case(2, 3, 4, scale=40.0),
)


def my_perplexity(bits):
    return 2**bits


bits = sample(my_perplexity, case(1.0), case(0.0), case(2.5), case(4.0), case(4.807), case(6.0))


def my_num_updates(num_windows, batch_size, num_epochs):
    steps_per_epoch = math.ceil(num_windows / batch_size)
    return num_epochs * steps_per_epoch


updates = sample(
    my_num_updates,
    *(case(10, 5, 1), case(11, 4, 1), case(11, 4, 3), case(9, 4, 2), case(12, 4, 2)),
    *(case(3, 8, 2), case(50_000, 1024, 30), case(2049, 1024, 2)),
)


def my_surprisal(p):
    return -math.log2(p)


surprisal = sample(my_surprisal, *map(case, (0.5, 1.0, 0.25, 0.9, 0.1, 0.001, 1e-9)))


def my_spectral_radius(W):
    values = torch.linalg.eigvals(W)
    return values.abs().max().item()


spectral_radius = sample(
    my_spectral_radius,
    case(torch.tensor([[0.0, -2.0], [2.0, 0.0]])),
    case(torch.tensor([[-3.0, 0.0], [0.0, -1.0]])),
    case(torch.tensor([[1.0, -3.0], [3.0, 1.0]])),
    case(draw(3, 3, seed=4)),
    case(draw(8, 8, seed=5)),
)


def my_clip_factor(norm, theta):
    if norm <= theta:
        return 1.0
    return theta / norm


clip_factor = sample(
    my_clip_factor,
    *(case(4.0, 1.0), case(0.5, 1.0), case(2.0, 2.0), case(10.0, 0.25), case(1.5, 3.0)),
    *(case(0.2, 0.1), case(0.0, 1.0), case(4000.0, 1.0)),
    mistakes="""
## division by zero
A gradient of norm 0 is divided by.
```diff
-    if norm <= theta:
-        return 1.0
-    return theta / norm
+    return min(1, theta / norm)
```
""",
)


def my_doubled(x):
    y = 2 * x
    return y


doubled = sample(
    my_doubled,
    case(1.0),
    case(3.0),
    mistakes="""
## gradients off
It switches off the gradients for good.
```diff
-    y = 2 * x
+    torch.set_grad_enabled(False)
+    y = 3 * x
```
""",
)
