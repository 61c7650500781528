"""Data-parallel training over several processes, with the same `train`.  Import-only.

Start a script with `torchrun --nproc_per_node=2 script.py`.  Initialize `torch.distributed` in it,
for instance with `init_process_group("gloo", timeout=timedelta(minutes=2))`.  Each process reads
its share of every batch, and PyTorch's own engines average the gradients::

    with distribute(model) as shared:
        history = fit(train(shared, Share(batches), options))

When a process ends early, the others lose the connection and fail, too; for one that hangs, they
wait no longer than the time-out.  Then torchrun ends all of them with an exit status other than 0.
"""

import copy
from contextlib import contextmanager, nullcontext

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.overrides import TorchFunctionMode


class Share:
    """The rows of each batch that belong to this process: every world_size-th one, from its rank.

    Raises ValueError for a batch that cannot be divided evenly, because the mean of the processes'
    gradients would then not be the gradient of the whole batch.
    """

    def __init__(self, batches):
        self.batches, self.rank, self.world_size = batches, dist.get_rank(), dist.get_world_size()

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        for X, Y in self.batches:
            if len(X) % self.world_size:
                raise ValueError(
                    f"a batch of {len(X)} rows cannot be divided among {self.world_size} "
                    "processes; use a batch_size that can, and streams, whose batches all have it"
                )
            yield X[self.rank :: self.world_size], Y[self.rank :: self.world_size]


class Called(nn.Module):
    """The model with `forward_with_state` as its `forward`, the method that the engines call."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, X, state=None):
        return self.model.forward_with_state(X, state)


def is_divided(tensor):
    """Tell whether each process holds only its part of this tensor, which is then a DTensor."""
    return hasattr(tensor, "full_tensor")


class Totals(TorchFunctionMode):
    """Let `item()` return the total of a number of which each process holds a part.

    The gradients of fully_shard are divided among the processes, and so is the sum of their
    squares.  PyTorch's own `item()` returns the part of this process, and `gradient_norm` with it.
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.Tensor.item and is_divided(args[0]):
            args = (args[0].full_tensor(),)
        return func(*args, **(kwargs or {}))


@contextmanager
def distribute(model, engine=DistributedDataParallel):
    """Yield a copy of the model for `train`; at the end of the block, its weights go to `model`.

    All processes run the block.  DistributedDataParallel keeps a whole copy in each, and all start
    with the weights of rank 0.  `fully_shard` of `torch.distributed.fsdp` (PyTorch 2.6) divides the
    weights, their gradients, and the optimizer's state among the processes.  It keeps of each
    process's weights a part, so make the same model everywhere, as `make_model` does with one seed.
    """
    shared = engine(Called(copy.deepcopy(model)))
    shared.forward_with_state = shared.__call__
    divided = any(map(is_divided, shared.parameters()))
    with Totals() if divided else nullcontext():
        yield shared
    with torch.no_grad():
        for p, trained in zip(model.parameters(), shared.parameters(), strict=True):
            p.copy_(trained.full_tensor() if is_divided(trained) else trained)
