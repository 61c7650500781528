"""The handbook's script: two processes with half of each batch learn what one process learns."""

import os
import re
import subprocess
import sys

import pytest
import torch

from charrnn_helpers.book import story_path
from charrnn_helpers.checkpoint import load_checkpoint
from charrnn_helpers.data import TimeMachine
from charrnn_helpers.model import LSTMScratch, make_model
from charrnn_helpers.training import Options, fit, train
from tools.course import ROOT

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available() or sys.platform == "win32",
    reason="needs torch.distributed with gloo, and torchrun, which Windows' builds of PyTorch lack",
)
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}

# When Python ends as usual, gloo's threads sometimes abort it (pytorch, pull 179291).
END = """
import os, sys
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture
def script():
    page = (ROOT / "docs" / "handbook.md").read_text(encoding="utf-8")
    return re.search(r"`torchrun .*?```python\n(.*?)```", page, re.DOTALL)[1]


def run(folder, source):
    """Start the source as a script in the folder; the limit is only for one that hangs."""
    (folder / "script.py").write_text(source, encoding="utf-8")
    environment = os.environ | ENVIRONMENT | {"CHARRNN_TEXT": str(story_path())}
    return subprocess.run(
        [*TORCHRUN, "script.py"], cwd=folder, env=environment,
        capture_output=True, encoding="utf-8", timeout=600,
    )  # fmt: skip


def test_two_processes_learn_what_one_learns(script, story, tmp_path):
    theta = 0.1  # so low that most gradients are clipped
    source = script.replace("clip_gradients(1.0,", f"clip_gradients({theta},")
    source = source.replace("cell=LSTMScratch)", "cell=LSTMScratch).double()")
    done = run(tmp_path, source + END)
    assert done.returncode == 0, done.stderr[:6000]
    losses = dict(re.findall(r"process ([01]): loss (\d\.\d+)", done.stdout))
    assert losses.keys() == {"0", "1"} and losses["0"] != losses["1"]  # each has its own rows
    together, vocab, _ = load_checkpoint(tmp_path / "lstm.safetensors")

    def fresh():
        return make_model(len(vocab), 256, sigma=0.03, cell=LSTMScratch).double()

    alone = fresh()
    options = Options(1, lr=0.5, grad_clip_val=theta, carry_state=True)
    records = fit(train(alone, TimeMachine(64, 32, story).train_streams(), options))
    assert sum(record.grad_norm > theta for record in records) > 5
    for start, p, q in zip(*(m.parameters() for m in (fresh(), alone, together)), strict=True):
        assert (p - q).abs().max() < 1e-10 < 1e-4 < (p - start).abs().max()


def test_torchrun_names_the_error_of_a_process_and_ends_the_others(script, tmp_path):
    bad = "        if rank == 1:\n            raise RuntimeError('the disk is full')\n"
    done = run(tmp_path, script.replace("        optimizer.step()\n", bad))
    assert done.returncode != 0
    assert "[rank1]: RuntimeError: the disk is full" in done.stderr
    assert "ChildFailedError" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]
