"""The exercises of notebook 3: cross-entropy, bits, an honest mean, a bigram table."""

import math

import torch

from charrnn_helpers.checks.judge import Exercise, case, draw
from charrnn_helpers.checks.values import Odd, attempt


def my_cross_entropy(logits, targets):
    logits = logits - logits.max(dim=-1, keepdim=True).values
    log_sums = logits.exp().sum(dim=-1).log()
    target_logits = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return (log_sums - target_logits).mean()


def loss_and_gradient(answer, logits, targets):
    """Return the loss, and the gradient that flows back from it to the logits."""
    loss, leaf = answer(logits, targets), logits.detach().clone().requires_grad_()
    again = attempt(answer, leaf * 1, targets)
    if not isinstance(again, torch.Tensor) or not again.requires_grad:
        return {"loss": loss, "gradient": Odd("missing: nothing flows back to the logits")}
    options = {"allow_unused": True, "materialize_grads": True}
    (found,) = torch.autograd.grad(again.sum(), leaf, **options)
    return {"loss": loss, "gradient": found}


CROSS_ENTROPY = Exercise(
    name="cross_entropy",
    notebook=3,
    answer=my_cross_entropy,
    unit="nats",
    drive=loss_and_gradient,
    cases=(
        case(torch.tensor([[1.0, 0.0]]), torch.tensor([1])),
        case(torch.tensor([[0.0, 0.0], [3.0, 1.0]]), torch.tensor([0, 0])),
        case(draw(3, 4, seed=1, scale=2), torch.tensor([0, 3, 2])),
        case(draw(3, 3, seed=3, scale=2), torch.tensor([0, 2, 2])),
        case(draw(2, 3, 5, seed=2, scale=2), torch.tensor([[0, 4, 2], [1, 1, 3]])),
        case(torch.tensor([[1000.0, 998.0], [0.0, 0.0]]), torch.tensor([1, 0])),
        case(torch.tensor([[-1000.0, -1001.0], [2.0, 1.0]]), torch.tensor([0, 0])),
        case(torch.tensor([[3000.0, 0.0]]), torch.tensor([1])),
    ),
)


def my_perplexity(bits):
    return 2**bits


BITS = Exercise(
    name="bits",
    notebook=3,
    answer=my_perplexity,
    cases=(case(1.0), case(0.0), case(2.5), case(4.0), case(4.807), case(6.0)),
)


def my_mean_perplexity(losses, sizes):
    total = sum(loss * size for loss, size in zip(losses, sizes, strict=True))
    return math.exp(total / sum(sizes))


def given_mean_perplexity(losses, sizes):
    perplexities = [math.exp(loss) for loss in losses]
    return sum(perplexities) / len(perplexities)


MEAN_PERPLEXITY = Exercise(
    name="mean_perplexity",
    notebook=3,
    answer=my_mean_perplexity,
    given=given_mean_perplexity,
    cases=(
        case([1.0], [5]),
        case([1.0, 3.0], [10, 10]),
        case([2.0, 3.0], [1000, 10]),
        case([0.5, 2.5, 1.0], [3, 2, 7]),
        case([4.0, 4.5], [2, 6]),
        case([2.0, 2.0, 1.0], [3, 5, 4]),
        case([0.0, 1.0], [3, 5]),
    ),
)


def my_bigram(ids, vocab_size):
    counts = torch.ones(vocab_size, vocab_size)
    pairs = list(zip(ids[:-1].tolist(), ids[1:].tolist(), strict=True))
    for a, b in pairs:
        counts[a, b] += 1
    return counts / counts.sum(dim=1, keepdim=True)


BIGRAM = Exercise(
    name="bigram",
    notebook=3,
    answer=my_bigram,
    cases=(
        case(torch.tensor([0, 1]), 2),
        case(torch.tensor([0, 1, 1, 1, 0, 1]), 2),
        case(torch.tensor([0, 1, 2, 0, 1, 0]), 4),
        case(torch.tensor([3, 1, 1, 1, 1, 0, 2, 2, 3]), 5),
        case(torch.randint(5, (40,), generator=torch.Generator().manual_seed(0)), 6),
        case(torch.tensor([0, 1] * 300), 2),
    ),
)
EXERCISES = (CROSS_ENTROPY, BITS, MEAN_PERPLEXITY, BIGRAM)
