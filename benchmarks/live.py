"""What live curves cost: the course's live_plot, and D2L's ProgressBoard.

Everything runs in a real kernel, where each picture is a message that has to be sent.  For the
course, one long training: by turns, for about a second each, its records are taken as they come,
or through the generator that draws them, with all that notebook 06 asks of it: lines, sample,
time left.  (Validation is work that the user asks for, and is left out.)  The cockpit is
compared with fit().  For D2L, its own fit() with and without display, by turns.  Then the time of
one picture, with few points and with many.
"""

import json
import statistics
import time
from itertools import islice

import nbformat
import torch
from nbclient import NotebookClient

from benchmarks.peers import d2l_data, load_d2l
from benchmarks.report import save, seconds
from charrnn_helpers.book import load_time_machine
from charrnn_helpers.data import TimeMachine, WindowBatches
from charrnn_helpers.model import make_model
from charrnn_helpers.sampling import predict
from charrnn_helpers.show import live
from charrnn_helpers.show.cockpit import TrainingCockpit
from charrnn_helpers.training import Options, Record, fit, train

RECIPES = {  # batch_size, num_hiddens, sigma, options, steps a turn
    "D2L's run": (1024, 32, 0.01, Options(num_epochs=10_000, lr=1.0), 50),
    "better recipe": (
        *(32, 128, 0.1),
        Options(num_epochs=10_000, lr=0.01, optimizer=torch.optim.Adam),
        200,
    ),
}
TURNS = 40


def count_updates():
    """Return a list that grows by one item with each picture that is drawn from now on."""
    updates, draw = [], live.LivePicture.draw
    live.LivePicture.draw = lambda picture: updates.append(1) or draw(picture)
    return updates


def measure(name):
    """Print what live_plot costs in one long training, turn by turn."""
    batch_size, num_hiddens, sigma, options, count = RECIPES[name]
    data = TimeMachine(batch_size, 32, load_time_machine(), num_train=50_000)
    vocab = data.vocab
    model = make_model(len(vocab), num_hiddens, sigma)
    batches = WindowBatches(data.train_ids, batch_size, 32, torch.Generator().manual_seed(0))
    plain = train(model, batches, options)
    torch.set_num_threads(1)
    picture = live.LivePicture({"1-gram": 16.6, "2-gram": 9.5, "3-gram": 6.4}, options.num_epochs)
    drawn = live.drawn(plain, picture, sample=lambda: predict(model, "time traveller ", 60, vocab))
    updates = count_updates()

    def took(records):
        start = time.perf_counter()
        assert len(list(islice(records, count))) == count
        return time.perf_counter() - start

    for records in (plain, drawn) * 3:  # warm up
        took(records)
    updates.clear()
    before, costs, elapsed = took(plain), [], 0.0
    for _ in range(TURNS):
        during, after = took(drawn), took(plain)
        costs.append(100 * (2 * during / (before + after) - 1))
        before, elapsed = after, elapsed + during
    print(json.dumps({"costs": costs, "updates a second": len(updates) / elapsed}))


def measure_cockpit():
    """Print what the cockpit costs beside fit() with the same model; no page is attached."""
    torch.set_num_threads(1)
    data = TimeMachine(32, 32, load_time_machine())
    options = Options(num_epochs=5, lr=0.1, carry_state=True)
    flight = TrainingCockpit(make_model(len(data.vocab), 128, 0.1), data, options)
    flight._test = lambda: None  # validation is work that is asked for
    updates, costs, elapsed = count_updates(), [], 0.0
    for _ in range(TURNS // 3):
        run = train(flight.model, flight.batches, options, flight.optimizer)
        plain, during = seconds(lambda r=run: fit(r)), seconds(flight.run)
        costs.append(100 * (during / plain - 1))
        elapsed += during
    print(json.dumps({"costs": costs, "updates a second": len(updates) / elapsed}))


def measure_d2l():
    """Print what D2L's board costs in its own training run of 10 epochs, as measure() does."""
    d2l, folder = load_d2l()
    torch.set_num_threads(1)
    data, times = d2l_data(d2l, folder, batch_size=1024, num_steps=32), {True: [], False: []}
    for shown in (True, False) * 5:
        model = d2l.RNNLMScratch(d2l.RNNScratch(28, 32), 28, lr=1)
        model.board.display = shown
        trainer = d2l.Trainer(max_epochs=10, gradient_clip_val=1)
        times[shown].append(seconds(lambda m=model, t=trainer: t.fit(m, data)))
        d2l.plt.close("all")
    pairs = zip(times[True], times[False], strict=True)
    costs = [100 * (shown / hidden - 1) for shown, hidden in pairs]
    print(json.dumps({"costs": costs, "updates a second": 30 / statistics.median(times[True])}))


def measure_growth():
    """Print the milliseconds of one picture of 100, 1,000, and 10,000 points, for both."""
    d2l, _ = load_d2l()
    found = {}
    for points in (100, 1_000, 10_000):
        picture, screen = live.LivePicture(), live.Screen()
        board = d2l.ProgressBoard(xlabel="epoch")
        for k in range(points):
            picture.add(Record(k + 1, k / 100, 3 - k / points, 1.0, 0.1, 1.0))
            board.display = k == points - 1  # only the last one is drawn
            start = time.perf_counter()
            board.draw(k / 100, 3 - k / points, "train_loss")
            theirs = time.perf_counter() - start
        ours = min(seconds(lambda p=picture, s=screen: s.put(p.draw())) for _ in range(5))
        found[points] = (1000 * ours, 1000 * theirs)
        d2l.plt.close("all")
    print(json.dumps(found))


def in_a_kernel(call):
    """Return what a call of this module prints as JSON, made in a kernel."""
    source = f"from benchmarks import live\nlive.{call}"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    quiet = ["--IPKernelApp.log_level=40"]
    client = NotebookClient(notebook, kernel_name="python3", timeout=1800, extra_arguments=quiet)
    client.execute()
    outputs = notebook.cells[0].outputs
    text = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")
    return json.loads(text.strip().splitlines()[-1])


def main():
    rows = []
    calls = {f"live_plot, {name}": f"measure({name!r})" for name in RECIPES}
    calls |= {"cockpit": "measure_cockpit()", "D2L's board, its own run": "measure_d2l()"}
    for name, call in calls.items():
        found = in_a_kernel(call)
        costs = found["costs"]
        rows.append(
            {
                "curves": name,
                "more time": f"{statistics.median(costs):.1f}%",
                "standard error of the mean": f"{statistics.stdev(costs) / len(costs) ** 0.5:.1f}%",
                "updates a second": f"{found['updates a second']:.1f}",
            }
        )
    save("live", rows, "One thread, in a kernel. The extra time is a median of alternating turns.")
    found = in_a_kernel("measure_growth()")
    rows = [
        {"points": points, "course, ms": f"{ours:.1f}", "D2L, ms": f"{theirs:.0f}"}
        for points, (ours, theirs) in found.items()
    ]
    save("picture", rows, "The time of one picture, drawn and sent.")
