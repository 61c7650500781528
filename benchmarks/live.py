"""What live_plot costs: `make bench`.

One long training in a real kernel, where each picture is a message that has to be sent.  By
turns, for about a second each, its records are taken as they come, or through the generator
that draws them, with all that notebook 05 asks of it: lines, sample, time left.  (Validation
is work that the user asks for, and is left out.)  Printed: the extra time of the seconds with
drawing, in percent, with its standard error, and the updates a second.
"""

import statistics
import time
from itertools import islice

import nbformat
import torch
from nbclient import NotebookClient

from charrnn_helpers.book import load_time_machine
from charrnn_helpers.data import TimeMachine, WindowBatches
from charrnn_helpers.model import make_model
from charrnn_helpers.sampling import predict
from charrnn_helpers.show import live
from charrnn_helpers.training import Options, train

RECIPES = {  # batch_size, num_hiddens, sigma, options, steps a turn
    "lesson's run": (1024, 32, 0.01, Options(num_epochs=10_000, lr=1.0), 50),
    "better recipe": (
        *(32, 128, 0.1),
        Options(num_epochs=10_000, lr=0.01, optimizer=torch.optim.Adam),
        200,
    ),
}
TURNS = 60


def measure(name):
    batch_size, num_hiddens, sigma, options, count = RECIPES[name]
    data = TimeMachine(batch_size, 32, load_time_machine(), num_train=50_000)
    vocab = data.vocab
    model = make_model(len(vocab), num_hiddens, sigma)
    batches = WindowBatches(data.train_ids, batch_size, 32, torch.Generator().manual_seed(0))
    plain = train(model, batches, options)
    torch.set_num_threads(1)
    picture = live.LivePicture({"1-gram": 16.6, "2-gram": 9.5, "3-gram": 6.4}, options.num_epochs)
    drawn = live.drawn(plain, picture, sample=lambda: predict(model, "time traveller ", 60, vocab))
    updates, draw = [], live.LivePicture.draw
    live.LivePicture.draw = lambda picture: updates.append(1) or draw(picture)

    def seconds(records):
        start = time.perf_counter()
        assert len(list(islice(records, count))) == count
        return time.perf_counter() - start

    for records in (plain, drawn) * 3:  # warm up
        seconds(records)
    updates.clear()
    before, costs, elapsed = seconds(plain), [], 0.0
    for _ in range(TURNS):
        during, after = seconds(drawn), seconds(plain)
        costs.append(100 * (2 * during / (before + after) - 1))
        before, elapsed = after, elapsed + during
    error = statistics.stdev(costs) / TURNS**0.5
    print(
        f"{name}, batch {batch_size}: live_plot costs {statistics.mean(costs):.1f} % "
        f"(standard error {error:.1f}, median {statistics.median(costs):.1f}), "
        f"{len(updates) / elapsed:.1f} updates a second, "
        f"{1000 * elapsed / TURNS / count:.1f} ms a step"
    )


def main():
    for name in RECIPES:
        source = f"from benchmarks.live import measure\nmeasure({name!r})"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        quiet = ["--IPKernelApp.log_level=40"]
        NotebookClient(
            notebook, kernel_name="python3", timeout=1800, extra_arguments=quiet
        ).execute()
        print(*(o.text for o in notebook.cells[0].outputs if o.output_type == "stream"), end="")


if __name__ == "__main__":
    main()
