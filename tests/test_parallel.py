"""Two processes with half of each batch take the same steps as one with the whole batch."""

import json
import os
import subprocess
import sys

import pytest
import torch

from tests.course import ROOT

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available() or sys.platform == "win32",
    reason="needs torch.distributed with gloo, and torchrun, which Windows' builds of PyTorch lack",
)

SCRIPT = """
import itertools, json, os, sys
import torch
import torch.distributed as dist
from charrnn_helpers.data import StreamBatches
from charrnn_helpers.model import make_model
from charrnn_helpers.parallel import Share, average_gradients
from charrnn_helpers.training import Options, fit, train

dist.init_process_group("gloo")
torch.set_num_threads(1)
ids = torch.randint(11, (2000,), generator=torch.Generator().manual_seed(0))

def learn(batch_size, share):
    model = make_model(11, 16, 0.3).double()
    batches = StreamBatches(ids, batch_size, 8)
    if share:
        average_gradients(model)
        batches = Share(batches)
    options = Options(num_epochs=9, lr=0.5, grad_clip_val=0.3, carry_state=True)
    return model, fit(itertools.islice(train(model, batches, options), 20))

alone, records = learn(8, share=False)
together, shared = learn(8, share=True)
pairs = zip(alone.parameters(), together.parameters())
found = {
    "weights": max((p - q).abs().max().item() for p, q in pairs),
    "norms": max(abs(a.grad_norm - b.grad_norm) for a, b in zip(records, shared)),
    "clipped": sum(a.grad_norm > 0.3 for a in records),
    "same loss": shared[0].loss == records[0].loss,
    "rows": len(next(iter(Share(StreamBatches(ids, 8, 8))))[0]),
}
try:
    learn(9, share=True)
except ValueError as error:
    found["odd"] = str(error)
with open(f"{sys.argv[1]}/{dist.get_rank()}.json", "w", encoding="utf-8") as file:
    json.dump(found, file)
dist.barrier()
dist.destroy_process_group()
os._exit(0)  # when Python ends as usual, gloo's threads sometimes abort it (pytorch, pull 179291)
"""


def test_two_processes_learn_what_one_learns(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [*command, str(tmp_path / "script.py"), str(tmp_path)],
        env=environment, capture_output=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[:6000]
    for rank in (0, 1):
        found = json.loads((tmp_path / f"{rank}.json").read_text(encoding="utf-8"))
        assert found["weights"] < 1e-10 and found["norms"] < 1e-10
        assert found["clipped"] > 0 and found["rows"] == 4
        assert not found["same loss"]  # each process reports the loss of its own rows
        assert "9 rows cannot be divided among 2 processes" in found["odd"]
