"""The exercise of notebook 4: a bigram table."""

import torch

from charrnn_helpers.checks.judge import Exercise, case


def my_bigram(ids, vocab_size):
    counts = torch.ones(vocab_size, vocab_size)
    pairs = list(zip(ids[:-1].tolist(), ids[1:].tolist(), strict=True))
    for a, b in pairs:
        counts[a, b] += 1
    return counts / counts.sum(dim=1, keepdim=True)


BIGRAM_CASES = (
    case(torch.tensor([0, 1]), 2),
    case(torch.tensor([0, 1, 1, 1, 0, 1]), 2),
    case(torch.tensor([0, 1, 2, 0, 1, 0]), 4),
    case(torch.tensor([3, 1, 1, 1, 1, 0, 2, 2, 3]), 5),
    case(torch.randint(5, (40,), generator=torch.Generator().manual_seed(0)), 6),
    case(torch.tensor([0, 1] * 300), 2),
)
EXERCISES = (Exercise("bigram", 4, my_bigram, BIGRAM_CASES),)
