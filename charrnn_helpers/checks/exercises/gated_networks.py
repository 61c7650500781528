"""The exercises of notebook 9: one step of a GRU, a broken LSTM, the mixture of two models."""

from functools import partial

import torch

from charrnn_helpers.checks.judge import Case, Exercise, draw
from charrnn_helpers.checks.values import identical, settle


def with_gradient(answer, *args, k, name):
    """Call an answer twice: for its result, and for the gradient of argument k.

    Where nothing flows back, the gradient is 0. If the first call changes its arguments, there is
    no second one.
    """
    before = settle(args)
    result = answer(*args)
    if not identical(settle(args), before):
        return {"result": result}
    leaf = args[k].clone().requires_grad_()
    again = answer(*args[:k], leaf * 1, *args[k + 1 :])  # leaf * 1 may be changed in place
    parts = again if isinstance(again, (tuple, list)) else (again,)
    parts = [part for part in parts if isinstance(part, torch.Tensor) and part.requires_grad]
    weighted = [(part * (1 + torch.arange(part.numel()).view_as(part))).sum() for part in parts]
    gradient = torch.zeros_like(leaf)
    if parts:
        options = {"allow_unused": True, "materialize_grads": True}
        (gradient,) = torch.autograd.grad(sum(weighted), leaf, **options)
    return {"result": result, f"gradient of {name}": gradient}


def my_gru_step(x_z, x_r, x_h, H, W_hz, W_hr, W_hh):
    Z = torch.sigmoid(x_z + H @ W_hz)
    R = torch.sigmoid(x_r + H @ W_hr)
    candidate = torch.tanh(x_h + R * (H @ W_hh))
    return Z * H + (1 - Z) * candidate


def gru_case(batch_size, num_hiddens, seed):
    b, h = batch_size, num_hiddens
    sizes = [(b, h)] * 4 + [(h, h)] * 3
    show = "(x_z {}, x_r {}, x_h {}, H {}, W_hz {}, W_hr {}, W_hh {})".format(*sizes)
    return Case(show, lambda: tuple(draw(*size, seed=seed + i) for i, size in enumerate(sizes)))


GRU_STEP = Exercise(
    name="gru_step",
    notebook=9,
    answer=my_gru_step,
    drive=partial(with_gradient, k=3, name="H"),
    cases=(
        gru_case(1, 1, 10),
        gru_case(1, 2, 20),
        gru_case(2, 3, 30),
        gru_case(3, 3, 40),
        gru_case(4, 5, 50),
    ),
)


def my_lstm_step(a_i, a_f, a_o, a_c, C):
    I, F, O = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o)
    new_C = F * C + I * torch.tanh(a_c)
    H = O * torch.tanh(new_C)
    return H, new_C


def given_lstm_step(a_i, a_f, a_o, a_c, C):
    I, F, O = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o)
    new_C = F * C + I * torch.tanh(a_c)
    H = O * torch.tanh(C)
    return H, new_C


def lstm_case(batch_size, num_hiddens, seed):
    b, h = batch_size, num_hiddens
    show = f"(a_i, a_f, a_o, a_c, and C, each {b, h})"
    return Case(show, lambda: tuple(draw(b, h, seed=seed + i, scale=1.2) for i in range(5)))


LSTM_STEP = Exercise(
    name="lstm_step",
    notebook=9,
    answer=my_lstm_step,
    given=given_lstm_step,
    drive=partial(with_gradient, k=4, name="C"),
    cases=(
        lstm_case(1, 1, 110),
        lstm_case(1, 2, 120),
        lstm_case(2, 3, 130),
        lstm_case(3, 3, 140),
        lstm_case(4, 5, 150),
    ),
)


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


MIXTURE_LOSS = Exercise(
    name="mixture_loss",
    notebook=9,
    answer=my_mixture_loss,
    unit="nats",
    cases=(
        mixture_case(1, 3, 0.5, 210),
        mixture_case(2, 3, 0.3, 220),
        mixture_case(4, 5, 0.8, 230),
        mixture_case(5, 5, 1, 240),
        mixture_case(5, 4, 0, 250),
        mixture_case(6, 28, 0.25, 260),
        mixture_case(5, 6, 0.5, 270, sharp=6.0),
    ),
)
EXERCISES = (GRU_STEP, LSTM_STEP, MIXTURE_LOSS)
