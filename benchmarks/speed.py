"""How long training takes, on one thread: `make bench`.

1. A step of the course's model against the same step with nn.RNN, nn.Linear and
   F.cross_entropy, alternating, as a ratio.
2. Seconds until the better recipe passes 7.2 and 5.2 on D2L's validation windows, and until
   D2L's recipe passes 7.26.
"""

import itertools
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

from charrnn_helpers.book import load_time_machine
from charrnn_helpers.data import TimeMachine, WindowBatches
from charrnn_helpers.model import make_model
from charrnn_helpers.training import Options, evaluate, perplexity, train, train_step


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


class TorchLM(nn.Module):
    """The same language model from PyTorch's parts."""

    def __init__(self, vocab_size, num_hiddens):
        super().__init__()
        self.rnn = nn.RNN(vocab_size, num_hiddens)
        self.linear = nn.Linear(num_hiddens, vocab_size)
        self.vocab_size = vocab_size

    def forward(self, X):
        outputs, _ = self.rnn(F.one_hot(X.T, self.vocab_size).float())
        return self.linear(outputs).transpose(0, 1)


def their_step(model, X, Y, optimizer):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X).flatten(0, 1), Y.flatten())
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def seconds(step, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        step()
    return (time.perf_counter() - start) / repeats


def compare_steps(ids, batch_size, num_hiddens, repeats):
    X, Y = next(iter(WindowBatches(ids, batch_size, 32, generator())))
    ours, theirs = make_model(28, num_hiddens), TorchLM(28, num_hiddens)
    our_optimizer = torch.optim.SGD(ours.parameters(), lr=0.1)
    their_optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
    our_times, their_times = [], []
    for _ in range(9):
        our_times.append(seconds(lambda: train_step(ours, X, Y, our_optimizer, 1.0), repeats))
        their_times.append(seconds(lambda: their_step(theirs, X, Y, their_optimizer), repeats))
    mine, other = statistics.median(our_times), statistics.median(their_times)
    print(
        f"batch {batch_size:5}, {num_hiddens:3} units: {1000 * mine:6.2f} ms a step, "
        f"with nn.RNN {1000 * other:6.2f} ms, ratio {mine / other:.2f}"
    )


def race(name, model, batches, options, val, goals, every, limit):
    """Train; print the seconds of training after which each perplexity was first passed."""
    steps, elapsed, goals = train(model, batches, options), 0.0, list(goals)
    while goals and elapsed < limit:
        start = time.perf_counter()
        records = list(itertools.islice(steps, every))
        elapsed += time.perf_counter() - start
        score = perplexity(evaluate(model, val))
        while goals and score < goals[0]:
            print(f"{name}: below {goals.pop(0)} after {records[-1].step} steps, {elapsed:.1f} s")
        if len(records) < every:
            break
    for goal in goals:
        print(f"{name}: not below {goal} in {elapsed:.1f} s (ended at {score:.2f})")


def main():
    torch.set_num_threads(1)
    data = TimeMachine(1024, 32, load_time_machine(), num_train=10_000, num_val=5_000)
    ids, val = data.ids, data.val_batches()
    compare_steps(ids, 1024, 32, 10)
    compare_steps(ids, 32, 128, 30)
    compare_steps(ids, 64, 128, 30)
    rest = torch.cat([ids[:10_000], ids[15_032:]])
    better = make_model(28, num_hiddens=128, sigma=0.1)
    options = Options(lr=0.01, optimizer=torch.optim.Adam)
    batches = WindowBatches(rest, 64, 32, generator())
    race("better recipe", better, batches, options, val, [7.26, 7.2, 5.2], every=50, limit=60)
    lesson, options = make_model(28), Options(num_epochs=110, lr=1.0)
    batches = data.train_batches(generator(1))
    race("D2L's recipe", lesson, batches, options, val, [9.41, 7.26], every=10, limit=120)


if __name__ == "__main__":
    main()
