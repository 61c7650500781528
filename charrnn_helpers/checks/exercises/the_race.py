"""The exercise of notebook 11: the mixture of two models."""

import torch

from charrnn_helpers.checks.judge import Case, Exercise


def my_mixture_loss(p, q, w, targets):
    mixed = w * p + (1 - w) * q
    probs = mixed.gather(1, targets.unsqueeze(1))
    return -probs.log().mean()


def mixture_case(num_chars, vocab_size, w, seed, sharp=1.5):
    def make():
        generator = torch.Generator().manual_seed(seed)
        logits = torch.randn(2, num_chars, vocab_size, generator=generator)
        targets = torch.randint(vocab_size, (num_chars,), generator=generator)
        p, q = ((sharp * logits[i]).softmax(dim=-1) for i in (0, 1))
        return p, q, w, targets

    return Case(f"(p and q {num_chars, vocab_size}, w = {w}, targets ({num_chars},))", make)


MIXTURE_LOSS_CASES = (
    mixture_case(1, 3, 0.5, 210),
    mixture_case(2, 3, 0.3, 220),
    mixture_case(4, 5, 0.8, 230),
    mixture_case(5, 5, 1, 240),
    mixture_case(5, 4, 0, 250),
    mixture_case(6, 28, 0.25, 260),
    mixture_case(5, 6, 0.5, 270, sharp=6.0),
)
EXERCISES = (Exercise("mixture_loss", 11, my_mixture_loss, MIXTURE_LOSS_CASES),)
