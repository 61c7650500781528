"""What live_plot costs: `make bench`.

One long training in a real kernel is cut into slices of some seconds each.  By turns a slice
is drained as it is, or drawn by live_plot with all that notebook 05 asks of it: lines, sample,
time left.  (Validation is work that the user asks for, and is left out of both.)  Printed: the
median cost over neighbouring slices, in percent of the training time, and updates a second.
"""

import statistics
import time
from itertools import islice

import nbformat
import torch
from nbclient import NotebookClient

from charrnn_helpers import live
from charrnn_helpers.book import load_time_machine
from charrnn_helpers.data import TimeMachine, WindowBatches
from charrnn_helpers.model import make_model
from charrnn_helpers.sampling import predict
from charrnn_helpers.training import Options, fit, train

RECIPES = {  # batch_size, num_hiddens, sigma, options, steps a slice, pairs of slices
    "lesson's run": (1024, 32, 0.01, Options(num_epochs=10_000, lr=1.0), 250, 12),
    "better recipe": (
        *(32, 128, 0.1),
        Options(num_epochs=10_000, lr=0.01, optimizer=torch.optim.Adam),
        *(1000, 12),
    ),
}


def measure(name):
    batch_size, num_hiddens, sigma, options, count, pairs = RECIPES[name]
    data = TimeMachine(batch_size, 32, load_time_machine(), num_train=50_000)
    vocab = data.vocab
    model = make_model(len(vocab), num_hiddens, sigma)
    batches = WindowBatches(data.train_ids, batch_size, 32, torch.Generator().manual_seed(0))
    records = train(model, batches, options)
    updates = []

    def plain():
        return len(fit(islice(records, count)))

    def drawn():
        draw = live.Screen.put
        live.Screen.put = lambda *args, **kwargs: updates.append(1) or draw(*args, **kwargs)
        try:
            return len(
                live.live_plot(
                    islice(records, count),
                    hlines={"1-gram": 16.6, "2-gram": 9.5, "3-gram": 6.4},
                    sample=lambda: predict(model, "time traveller ", 60, vocab),
                    num_epochs=options.num_epochs,
                )
            )
        finally:
            live.Screen.put = draw

    def seconds(run):
        start = time.perf_counter()
        assert run() == count
        return time.perf_counter() - start

    seconds(plain), seconds(drawn)  # warm up
    updates.clear()
    costs, elapsed = [], 0.0
    before = seconds(plain)
    for _ in range(pairs):
        during, after = seconds(drawn), seconds(plain)
        costs.append(100 * (2 * during / (before + after) - 1))
        before, elapsed = after, elapsed + during
    costs.sort()
    print(
        f"{name}, batch {batch_size}: live_plot costs {statistics.median(costs):.1f} % "
        f"(middle half {costs[pairs // 4]:.1f} to {costs[-pairs // 4 - 1]:.1f}), "
        f"{len(updates) / elapsed:.1f} updates a second, "
        f"{1000 * elapsed / pairs / count:.1f} ms a step"
    )


def main():
    """Measure in a kernel, where each picture is a message that has to be sent."""
    for name in RECIPES:
        source = f"from benchmarks.live import measure\nmeasure({name!r})"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        NotebookClient(notebook, kernel_name="python3", timeout=1800).execute()
        print(*(o.text for o in notebook.cells[0].outputs if o.output_type == "stream"), end="")


if __name__ == "__main__":
    main()
