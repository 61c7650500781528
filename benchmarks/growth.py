"""How the time of a step grows with units, window, batch, and text, as a picture and a table."""

import itertools
import math
import statistics

import matplotlib.pyplot as plt
import torch

from benchmarks.report import DOCS, FOLDER, save, seconds
from charrnn_helpers.bptt import RNNByHand, RNNLMByHand
from charrnn_helpers.data import StreamBatches
from charrnn_helpers.training import train_step

BASE = {"batch_size": 32, "num_steps": 32, "num_hiddens": 128, "length": 200_000}
RANGES = {
    "num_hiddens": [16, 32, 64, 128, 256, 512, 1024],
    "num_steps": [8, 16, 32, 64, 128, 256, 512],
    "batch_size": [1, 4, 16, 64, 256, 1024, 4096],
    "length": [10_000, 100_000, 1_000_000, 10_000_000, 50_000_000],
}


def step_time(batch_size, num_steps, num_hiddens, length):
    """Return the median seconds of a training step on a text of this length."""
    generator = torch.Generator().manual_seed(0)
    length = max(length, batch_size * num_steps + 1)
    ids = torch.randint(28, (length,), generator=generator)
    model = RNNLMByHand(RNNByHand(28, num_hiddens, 0.1, generator), 28, generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    batches = StreamBatches(ids, batch_size, num_steps)
    endless = itertools.chain.from_iterable(itertools.repeat(batches))

    def step():
        X, Y = next(endless)
        train_step(model, X, Y, optimizer, 1.0)

    step()
    repeats = max(1, round(0.05 / max(seconds(step), 1e-4)))
    return statistics.median(seconds(step, repeats) for _ in range(5))


def slope(xs, ys):
    """Return the exponent a of y ~ x^a between two points."""
    return math.log(ys[1] / ys[0]) / math.log(xs[1] / xs[0])


def main():
    torch.set_num_threads(1)
    rows, (fig, axes) = [], plt.subplots(1, 4, figsize=(12, 3), sharey=True)
    for ax, (name, values) in zip(axes, RANGES.items(), strict=True):
        times = [step_time(**BASE | {name: value}) for value in values]
        ax.loglog(values, [1000 * t for t in times], "o-")
        ax.set(xlabel=name)
        ax.grid(alpha=0.3)
        rows.append(
            {
                "what grows": name,
                "from, to": f"{values[0]:,}, {values[-1]:,}",
                "ms": f"{1000 * times[0]:.2f}, {1000 * times[-1]:.1f}",
                "slope at first": f"{slope(values[:2], times[:2]):.2f}",
                "slope at last": f"{slope(values[-2:], times[-2:]):.2f}",
            }
        )
    axes[0].set_ylabel("ms per training step")
    fig.tight_layout()
    fig.savefig(FOLDER / "growth.png", dpi=100)
    fig.savefig(DOCS.parent / "growth.png", dpi=100)
    note = "One thread; the others are 32 rows, 32 steps, 128 units, 200,000 characters."
    save("growth", rows, f"{note} The slope is that on logarithmic axes, the power of what grows.")
