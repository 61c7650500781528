"""Train networks with windows of fixed length, and record how well they predict.

`make models` runs it.  It takes some minutes, and writes `build/models/fixed_windows.json`; the
file of that name in `charrnn_helpers/trained` was made by it.
"""

import argparse
import json
from pathlib import Path

import torch
from torch.nn import functional as F
from torch.optim.lr_scheduler import LinearLR

from charrnn_helpers.book import load_time_machine
from charrnn_helpers.data import StreamBatches, TimeMachine
from charrnn_helpers.trained import trained_model
from charrnn_helpers.training import evaluate, perplexity

LETTERS = (1, 2, 3, 4, 6, 8, 10, 16)
FIRST = 40  # the first character of the validation part that is scored


class FixedWindow(torch.nn.Module):
    """Scores for the next character from the last `length` characters: one layer of tanh units.

    It has about as many weights as an RNNLMScratch of 128 units over the same vocabulary.
    """

    def __init__(self, length, vocab_size, generator):
        super().__init__()
        weights = 2 * 128 * vocab_size + 128**2 + 128
        units = round(weights / ((length + 1) * vocab_size + 1))
        shapes = {"W": (length, vocab_size, units), "V": (units, vocab_size)}
        for name, shape in shapes.items():
            values = 0.1 * torch.randn(shape, generator=generator)
            setattr(self, name, torch.nn.Parameter(values))
        self.b = torch.nn.Parameter(torch.zeros(units))
        self.c = torch.nn.Parameter(torch.zeros(vocab_size))

    def forward(self, X):
        """Read ids X `(batch_size, length)`; return the logits `(batch_size, vocab_size)`."""
        H = torch.tanh(sum(W[x] for W, x in zip(self.W, X.T, strict=True)) + self.b)
        return H @ self.V + self.c


def learned_window(length, seed, data, num_epochs=9, batch_size=1024, lr=0.01):
    """Train a fixed window with as many steps and characters as the model of 128 units had."""
    generator = torch.Generator().manual_seed(seed)
    model = FixedWindow(length, len(data.vocab), generator)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    X, Y = data.train_ids[:-1].unfold(0, length, 1), data.train_ids[length:]
    num_batches = len(X) // batch_size
    decay = LinearLR(optimizer, 1, 0, total_iters=num_epochs * num_batches)
    for _ in range(num_epochs):
        order = torch.randperm(len(X), generator=generator)
        for places in order[: num_batches * batch_size].split(batch_size):
            loss = F.cross_entropy(model(X[places]), Y[places])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            decay.step()
    return model


@torch.no_grad()
def score(logits_of, length, ids):
    """Return the perplexity of all characters from FIRST on, each from the `length` before it."""
    X, Y = ids[:-1].unfold(0, length, 1)[FIRST - length :], ids[FIRST:]
    pairs = zip(X.split(2000), Y.split(2000), strict=True)
    total = sum(F.cross_entropy(logits_of(x), y, reduction="sum").item() for x, y in pairs)
    return perplexity(total / len(Y))


def fixed_windows(data):
    """Return perplexities on the validation part by the number of characters that are seen.

    "fixed windows" are networks that were trained with windows of this length, three seeds each;
    "from an empty state" is the recurrent model of 128 units, which reads only so many.
    """
    model, _ = trained_model()
    found = {"letters": LETTERS, "fixed windows": [], "from an empty state": []}
    for length in LETTERS:
        nets = [learned_window(length, seed, data) for seed in range(3)]
        found["fixed windows"].append([score(net, length, data.val_ids) for net in nets])
        reset = score(lambda X: model(X)[:, -1], length, data.val_ids)
        found["from an empty state"].append(reset)
        print(f"fixed_windows: {length} characters", flush=True)
    loss = evaluate(model, StreamBatches(data.val_ids, 1, 1000), carry_state=True)
    return found | {"with its state": perplexity(loss)}


def rounded(value):
    """Return the value with all its numbers to four digits."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main():
    parser = argparse.ArgumentParser(prog="tools.windows", description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("build/models"), metavar="FOLDER")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.to.mkdir(parents=True, exist_ok=True)
    text = json.dumps(rounded(fixed_windows(TimeMachine(32, 64, load_time_machine()))), indent=1)
    (arguments.to / "fixed_windows.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
