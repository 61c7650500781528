"""Two processes with half of each batch take the same steps as one with the whole batch."""

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from importlib import import_module

import nbformat
import psutil
import pytest
import torch

from charrnn_helpers.book import story_path
from tools.course import NOTEBOOKS, ROOT

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available() or sys.platform == "win32",
    reason="needs torch.distributed with gloo, and torchrun, which Windows' builds of PyTorch lack",
)
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}

LEARN = """
import functools, itertools, json, sys
import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.nn.parallel import DistributedDataParallel
from charrnn_helpers.data import StreamBatches
from charrnn_helpers.model import LSTMScratch, RNNScratch, make_model
from charrnn_helpers.parallel import Share, distribute
from charrnn_helpers.training import Options, evaluate, fit, train

folder, engine = sys.argv[1:]
dist.init_process_group("gloo")
if engine == "fully_shard":
    from torch.distributed.fsdp import fully_shard
    engine, seed = functools.partial(fully_shard, mesh=init_device_mesh("cpu", (2,))), 0
else:
    engine, seed = DistributedDataParallel, dist.get_rank()  # rank 0 sends its weights
ids = torch.randint(11, (2000,), generator=torch.Generator().manual_seed(0))

def steps(model, batches, cell, optimizer, theta):
    lr = 0.5 if optimizer is torch.optim.SGD else 0.01
    options = Options(9, lr, grad_clip_val=theta, carry_state=True, optimizer=optimizer)
    return fit(itertools.islice(train(model, batches, options), 20))

def compare(cell, optimizer, theta):
    batches = StreamBatches(ids, 8, 8)
    alone = make_model(11, 17, 0.3, cell=cell).double()
    records = steps(alone, batches, cell, optimizer, theta)
    together = make_model(11, 17, 0.3, seed, cell).double()
    with distribute(together, engine) as shared:
        parts = steps(shared, Share(batches), cell, optimizer, theta)
        loss = evaluate(shared, batches, carry_state=True)
    pairs = list(zip(alone.parameters(), together.parameters()))
    return {
        "weights": max((p - q).abs().max().item() for p, q in pairs),
        "plain": all(type(p) is type(q) and p.shape == q.shape for p, q in pairs),
        "norms": max(abs(a.grad_norm - b.grad_norm) for a, b in zip(records, parts)),
        "evaluated": abs(loss - evaluate(together, batches, carry_state=True)),
        "clipped": sum(record.grad_norm > theta for record in records),
        "same loss": parts[0].loss == records[0].loss,
    }

found = {
    "runs": [
        compare(RNNScratch, torch.optim.SGD, 0.3),
        compare(LSTMScratch, torch.optim.SGD, 0.1),
        compare(LSTMScratch, torch.optim.Adam, 0.1),
    ],
    "rows": len(next(iter(Share(StreamBatches(ids, 8, 8))))[0]),
}
try:
    next(iter(Share(StreamBatches(ids, 9, 8))))
except ValueError as error:
    found["odd"] = str(error)
with open(f"{folder}/{dist.get_rank()}.json", "w", encoding="utf-8") as file:
    json.dump(found, file)
dist.barrier()
dist.destroy_process_group()
"""

# When Python ends as usual, gloo's threads sometimes abort it (pytorch, pull 179291).
END = """
import os, sys
sys.stdout.flush()
os._exit(0)
"""

FAIL = """
import os, pathlib, signal, sys, time
from datetime import timedelta
import torch
import torch.distributed as dist
from charrnn_helpers.data import StreamBatches
from charrnn_helpers.model import make_model
from charrnn_helpers.parallel import Share, distribute
from charrnn_helpers.training import Options, train

folder, how, seconds = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
rank = int(os.environ["RANK"])
(folder / f"{rank}.pid").write_text(str(os.getpid()))
while len(list(folder.glob("*.pid"))) < 2:
    time.sleep(0.05)  # so that the time-out begins when both have started
dist.init_process_group(
    "gloo", f"file://{folder}/store", timedelta(seconds=seconds), rank=rank, world_size=2
)
ids = torch.randint(11, (2000,), generator=torch.Generator().manual_seed(0))
with distribute(make_model(11, 16)) as shared:
    for record in train(shared, Share(StreamBatches(ids, 8, 8)), Options()):
        if rank == 1 and record.step == 5:
            if how == "raises":
                raise RuntimeError("the disk is full")
            if how == "is killed":
                os.kill(os.getpid(), signal.SIGKILL)
            while True:
                time.sleep(1)
"""


def start(command, folder, source, *arguments, **variables):
    """Save the source as a script in the folder, and start it there."""
    (folder / "script.py").write_text(source, encoding="utf-8")
    return subprocess.Popen(
        [*command, str(folder / "script.py"), *arguments], cwd=folder,
        env=os.environ | ENVIRONMENT | variables,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip


def wait(run):
    """What a run has printed as a result, and as errors; the limit is only for one that hangs."""
    try:
        return run.communicate(timeout=600)
    finally:
        run.kill()


@pytest.mark.parametrize(
    "engine", ["DistributedDataParallel", pytest.param("fully_shard", marks=pytest.mark.long)]
)
def test_two_processes_learn_what_one_learns(engine, tmp_path):
    if engine == "fully_shard" and not hasattr(import_module("torch.distributed.fsdp"), engine):
        pytest.skip("needs PyTorch 2.6")
    run = start(TORCHRUN, tmp_path, LEARN + END, str(tmp_path), engine)
    _, errors = wait(run)
    assert run.returncode == 0, errors[:6000]
    for rank in (0, 1):
        found = json.loads((tmp_path / f"{rank}.json").read_text(encoding="utf-8"))
        for one in found["runs"]:
            assert one["weights"] < 1e-10 and one["norms"] < 1e-10 and one["evaluated"] < 1e-10
            assert one["clipped"] > 0 and one["plain"]
            assert not one["same loss"]  # each process reports the loss of its own rows
        assert found["rows"] == 4
        assert "9 rows cannot be divided among 2 processes" in found["odd"]


def assert_gone(folder):
    pids = [int(path.read_text()) for path in folder.glob("*.pid")]
    assert len(pids) == 2
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_torchrun_names_the_error_of_a_process_and_ends_the_others(tmp_path):
    run = start(TORCHRUN, tmp_path, FAIL, str(tmp_path), "raises", "600")
    _, errors = wait(run)
    assert run.returncode != 0
    assert "[rank1]: RuntimeError: the disk is full" in errors and "ChildFailedError" in errors
    assert_gone(tmp_path)


@pytest.mark.long
def test_a_killed_process_ends_the_others_without_torchrun(tmp_path):
    arguments = ([sys.executable], tmp_path, FAIL, str(tmp_path), "is killed", "600")
    runs = [start(*arguments, RANK=rank) for rank in "01"]
    errors = [wait(run)[1] for run in runs]
    assert runs[0].returncode > 0, errors[0]
    assert re.search(r"\[rank0\]: .*Error: .*(Connection|Broken pipe)", errors[0])
    assert runs[1].returncode == -9
    assert_gone(tmp_path)


@pytest.mark.long
def test_a_process_that_hangs_ends_the_run_after_the_time_out(tmp_path):
    run = start(TORCHRUN, tmp_path, FAIL, str(tmp_path), "hangs", "60")
    _, errors = wait(run)
    assert run.returncode != 0
    assert re.search(r"\[rank0\]: .*Error: .*Timed out waiting 60000ms", errors)
    assert_gone(tmp_path)


@pytest.mark.long
def test_the_script_in_the_notebook(tmp_path):
    cells = nbformat.read(NOTEBOOKS[-1], as_version=4).cells
    [text] = [cell.source for cell in cells if "`torchrun " in cell.source]
    [script] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    run = start(TORCHRUN, tmp_path, script + END, CHARRNN_TEXT=str(story_path()))
    printed, errors = wait(run)
    assert run.returncode == 0, errors[:6000]
    losses = dict(re.findall(r"^([01]) (\d\.\d+)$", printed, re.MULTILINE))
    assert losses.keys() == {"0", "1"}
