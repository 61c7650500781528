"""Sampling, counting, windows, and imports: what each costs, beside D2L's where it has the same."""

import random
import statistics
import subprocess
import sys
import time
import tracemalloc

import torch

from benchmarks.peers import d2l_data, load_d2l
from benchmarks.report import ROOT, alternate, save, seconds
from charrnn_helpers.book import load_time_machine
from charrnn_helpers.counting import KneserNey
from charrnn_helpers.data import TimeMachine, preprocess, windows
from charrnn_helpers.model import make_model
from charrnn_helpers.sampling import predict

TAUGHT = ["data", "model", "counting", "training", "sampling", "bptt"]


def peak_memory(action):
    """Return the most memory that Python holds while the action runs, in MB."""
    tracemalloc.start()
    action()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def sampling(d2l, data):
    """Characters a second of predict(), the course's and D2L's, for 500 characters."""
    theirs = d2l.RNNLMScratch(d2l.RNNScratch(28, 32), 28)
    ours, vocab = make_model(28, 32), TimeMachine(32, 32, load_time_machine()).vocab
    found = alternate(
        {
            "D2L": lambda: theirs.predict("it has", 500, data.vocab),
            "the course": lambda: predict(ours, "it has", 500, vocab),
        }
    )
    return {name: 500 / middle for name, (middle, _) in found.items()}


def counting(text):
    """Seconds and MB for Kneser-Ney 6 on a text."""
    return seconds(lambda: KneserNey(text, 6, 28)), peak_memory(lambda: KneserNey(text, 6, 28))


def imports(rounds=7):
    """How much longer the import of each taught module takes than that of torch alone."""

    def took(code):
        source = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
        command = [sys.executable, "-c", source]
        run = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, cwd=ROOT)
        return float(run.stdout)

    codes = {"torch": "import torch"} | {name: f"import charrnn_helpers.{name}" for name in TAUGHT}
    times = {name: [] for name in codes}
    for _ in range(rounds):
        for name, code in codes.items():
            times[name].append(took(code))
    middle = {name: statistics.median(values) for name, values in times.items()}
    return {name: middle[name] / middle["torch"] - 1 for name in TAUGHT}


def main():
    torch.set_num_threads(1)
    d2l, folder = load_d2l()
    start = time.perf_counter()
    data = d2l_data(d2l, folder, batch_size=1024, num_steps=32)
    their_seconds = time.perf_counter() - start
    their_bytes = data.X.untyped_storage().nbytes() / 1e6  # X and Y share it
    text = preprocess(load_time_machine())
    ids = TimeMachine(1024, 32, load_time_machine()).ids
    our_seconds = seconds(lambda: TimeMachine(1024, 32, load_time_machine()))
    X, _ = windows(ids, 32)
    speed = sampling(d2l, data)
    rows = [
        {
            "what": "sampling, characters a second",
            "D2L": f"{speed['D2L']:.0f}",
            "the course": f"{speed['the course']:.0f}",
            "ratio": f"{speed['the course'] / speed['D2L']:.1f}",
        },
        {
            "what": "windows of the whole book, seconds",
            "D2L": f"{their_seconds:.2f}",
            "the course": f"{our_seconds:.2f}",
            "ratio": f"{their_seconds / our_seconds:.1f}",
        },
        {
            "what": "memory of the windows, MB",
            "D2L": f"{their_bytes:.1f}",
            "the course": f"{X.untyped_storage().nbytes() / 1e6:.1f}",
            "ratio": f"{their_bytes / (X.untyped_storage().nbytes() / 1e6):.0f}",
        },
    ]
    save("small", rows, "One thread.")
    rows = []
    words = random.Random(0).choices(text.split(), k=400_000)
    for name, content in {"the book": text, "2 MB": " ".join(words)}.items():
        took, memory = counting(content)
        size = f"{len(content):,}"
        rows.append({"text": name, "characters": size, "s": f"{took:.2f}", "MB": f"{memory:.0f}"})
    save("counting", rows, "Kneser-Ney of order 6. The 2 MB are words drawn from the book.")
    more = imports()
    rows = [
        {"module": name, "time beside import torch": f"{share:+.1%}"}
        for name, share in more.items()
    ]
    save("imports", rows, "Medians of 7 fresh processes each. (`counting` imports no torch.)")
