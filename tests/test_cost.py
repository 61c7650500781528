"""What things cost, in counts and ratios: operators, bytes, and points, never seconds."""

import json

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks import report
from benchmarks.peers import TorchLM, torch_step
from charrnn_helpers.bptt import RNNByHand, RNNLMByHand
from charrnn_helpers.data import StreamBatches, windows
from charrnn_helpers.model import make_model
from charrnn_helpers.sampling import predict
from charrnn_helpers.show.live import LivePicture
from charrnn_helpers.training import Record, train_step

VOCAB = 28


class Operators(TorchDispatchMode):
    """Count the operators that PyTorch starts within the block."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += 1
        return func(*args, **(kwargs or {}))


def operators(action):
    with Operators() as counter:
        action()
    return counter.count


def a_step(name, num_steps):
    """Return the number of operators in one training step."""
    models = {
        "loop": make_model(VOCAB, 8),
        "nn.RNN": TorchLM(VOCAB, 8),
        "by hand": RNNLMByHand(RNNByHand(VOCAB, 8), VOCAB),
    }
    model, ids = models[name], torch.zeros(4, num_steps, dtype=torch.long)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    step = torch_step if name == "nn.RNN" else train_step
    clipping = () if name == "nn.RNN" else (1.0,)  # torch_step clips at 1
    return operators(lambda: step(model, ids, ids, optimizer, *clipping))


@pytest.mark.parametrize(("name", "most"), [("loop", 31), ("by hand", 12)])
def test_each_character_of_a_window_costs_a_fixed_number_of_operators(name, most):
    each = (a_step(name, 64) - a_step(name, 32)) / 32
    assert each == (a_step(name, 32) - a_step(name, 16)) / 16
    assert each <= most


def test_the_step_by_hand_starts_the_fewest_operators():
    counts = {name: a_step(name, 32) for name in ("loop", "nn.RNN", "by hand")}
    assert counts["by hand"] < counts["nn.RNN"] < counts["loop"]


def test_a_sampled_character_costs_a_fixed_number_of_operators(vocab):
    model = make_model(len(vocab), 8)
    short, long = (operators(lambda n=n: predict(model, "it has ", n, vocab)) for n in (20, 120))
    assert (long - short) / 100 <= 22


def test_windows_and_streams_hold_no_copy_of_the_text():
    ids = torch.arange(1000) % VOCAB
    batches = StreamBatches(ids, 4, 8)
    for view in (*windows(ids, 32), batches.X, batches.Y):
        assert view.untyped_storage().data_ptr() == ids.untyped_storage().data_ptr()


def test_a_picture_of_many_steps_is_hardly_larger_than_one_of_few():
    def length(steps):
        picture = LivePicture()
        for k in range(steps):
            picture.add(Record(k + 1, k / 100, 3 - k / steps, 1.0, 0.1, 1.0))
        return len(picture.draw().inline())

    assert length(10_000) < 1.5 * length(1_000)


def test_a_benchmark_takes_turns_and_gives_the_median():
    calls = []
    found = report.alternate({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3)
    assert calls == ["a", "b"] * 4  # the first two warm up
    assert found.keys() == {"a", "b"}


def test_tables_are_written_and_take_their_place_in_the_docs(tmp_path, monkeypatch):
    docs = tmp_path / "performance.md"
    docs.write_text("Before.\n\n<!-- step -->\nold\n<!-- end of step -->\n\nAfter.\n")
    monkeypatch.setattr(report, "FOLDER", tmp_path / "bench")
    monkeypatch.setattr(report, "DOCS", docs)
    report.save("step", [{"who": "D2L", "times": "1.0"}], "A note.")
    report.publish()
    report.publish()  # a second time changes nothing
    text = docs.read_text()
    assert "| who | times |\n| --- | --- |\n| D2L | 1.0 |\n\nA note. (" in text
    assert "old" not in text and text.startswith("Before.") and text.endswith("\n\nAfter.\n")
    saved = json.loads((tmp_path / "bench" / "step.json").read_text())
    assert saved["rows"] == [{"who": "D2L", "times": "1.0"}]
