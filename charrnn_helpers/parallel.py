"""Data-parallel training over several processes, with the same `train`.  Import-only.

Start a script with `torchrun --nproc_per_node=2 script.py`.  Each process holds the whole model and
reads its share of every batch; the gradients are averaged.  `torch.distributed` has to be
initialized first, for instance with `init_process_group("gloo")`.
"""

import torch.distributed as dist


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


def average_gradients(model):
    """Average each gradient over all processes, as soon as backward() has computed it."""

    def average(p):
        dist.all_reduce(p.grad)  # the sum, in every process
        p.grad /= dist.get_world_size()

    for p in model.parameters():
        p.register_post_accumulate_grad_hook(average)
