"""The exercises of notebook 10: biases, a hunt in an LSTM, a slope, and gates by hand."""

import math

import torch

from charrnn_helpers.checks.judge import Case, Exercise, case, draw, gradients
from charrnn_helpers.checks.values import Fact, as_tensor, identical, named, of_sizes, settle


def my_holding_bias(share, num_steps, written):
    z = share ** (1 / num_steps)
    least = math.log(z / (1 - z))
    most = math.log((1 - written) / written)
    return least, most


def kept_and_written(answer, share, num_steps, written):
    """Let gates with both biases act, and tell what is left of a value and what one writes."""
    found = settle(answer(share, num_steps, written))
    biases = as_tensor(found)
    if biases is None or biases.shape != (2,):
        return {"smallest bias": found}
    biases = biases.double()
    kept, new = (torch.sigmoid(biases[0]) ** num_steps).item(), torch.sigmoid(-biases[1]).item()
    return {
        "smallest bias": Fact(f"after {num_steps} time steps, {kept:.3g} of a value is left"),
        "largest bias": Fact(f"in one time step, {new:.3g} of a candidate is written"),
    }


BIAS_CASES = tuple(
    case(*args)
    for args in (
        (0.5, 100, 0.005),
        (0.5, 10, 0.01),
        (0.9, 50, 0.002),
        (0.1, 200, 0.01),
        (0.25, 2, 0.3),
    )
)


def my_lstm_step(X, H, C, write, keep, output, candidate):
    def total(W_x, W_h, b):
        return X @ W_x + H @ W_h + b

    I, F = torch.sigmoid(total(*write)), torch.sigmoid(total(*keep))
    O = torch.sigmoid(total(*output))
    new_C = F * C + I * torch.tanh(total(*candidate))
    return O * torch.tanh(new_C), new_C


def given_lstm_step(X, H, C, write, keep, output, candidate):
    def total(W_x, W_h, b):
        return X @ W_x + H @ W_h + b

    I, F = torch.sigmoid(total(*write)), torch.sigmoid(total(*keep))
    C = F * C + I * torch.tanh(total(*candidate))
    H = torch.tanh(C)
    O = torch.sigmoid(total(*output))
    return O * H, C


def with_gradients(answer, X, H, C, *weights):
    """Call an answer twice: for its result, and for the gradients of H and C.

    Where nothing flows back, the gradient is 0. If the first call changes its arguments, there is
    no second one.
    """
    before = settle((X, H, C, *weights))
    result = answer(X, H, C, *weights)
    if not identical(settle((X, H, C, *weights)), before):
        return {"result": result}
    leaves = [H.clone().requires_grad_(), C.clone().requires_grad_()]
    again = answer(X, *(leaf * 1 for leaf in leaves), *weights)  # these may be changed in place
    parts = again if isinstance(again, (tuple, list)) else (again,)
    parts = [part for part in parts if isinstance(part, torch.Tensor) and part.requires_grad]
    weighted = [(part * (1 + torch.arange(part.numel()).view_as(part))).sum() for part in parts]
    grads = gradients(sum(weighted), leaves) if parts else map(torch.zeros_like, leaves)
    of_H, of_C = grads
    return {"result": result, "gradient of H": of_H, "gradient of C": of_C}


SIZES = [(1, 1, 1), (1, 1, 2), (2, 3, 2), (3, 2, 3), (4, 5, 3)]  # batch_size, inputs, hiddens


def lstm_case(b, d, h, seed):
    def make():
        sizes = ((d, h), (h, h), (h,))
        weights = (
            tuple(draw(*size, seed=seed + 3 * k + i, scale=1.2) for i, size in enumerate(sizes))
            for k in range(4)
        )
        state = (draw(b, h, seed=seed + 13), draw(b, h, seed=seed + 14))
        return (draw(b, d, seed=seed + 12, scale=1.2), *state, *weights)

    show = f"(X {(b, d)}, H and C {(b, h)}, and weights for {h} hidden unit{'s'[: h > 1]})"
    return Case(show, make)


def kept():
    """Return what holds a memory of 1: a forget gate of 1, and an input gate of 0."""
    zero = torch.zeros(1, 1)
    parts = ((zero.clone(), zero.clone(), torch.tensor([b])) for b in (-20.0, 20.0, 0.0, 0.0))
    return (zero.clone(), zero.clone(), torch.ones(1, 1), *parts)


LSTM_STEP_CASES = (
    Case("(X=0, H=0, C=1, and weights of 0, except for b_i=-20 and b_f=20)", kept),
    *(lstm_case(*size, 100 + 20 * k) for k, size in enumerate(SIZES, 1)),
)


def my_gru_slope(h, v, b, w, a):
    z = 1 / (1 + math.exp(-(v * h + b)))
    c = math.tanh(w * h + a)
    dz = z * (1 - z) * v
    dc = (1 - c**2) * w
    return z + (h - c) * dz + (1 - z) * dc


SLOPE_CASES = (
    case(0.5, 0.0, 0.0, 1.0, 0.0),
    case(0.5, 1.0, 0.0, 0.0, 0.0),
    case(-0.8, 0.5, 2.0, 1.5, 0.3),
    case(0.3, -2.0, 1.0, -1.0, 0.7),
    case(0.9, 3.0, -1.0, 0.8, -0.5),
)


def my_hand_gates():
    W_xz, W_hz, b_z = torch.zeros(10, 2), torch.zeros(2, 2), torch.zeros(2)
    b_z[0] = -20
    b_z[1] = 20
    W_hz[0, 1] = -40
    return W_xz, W_hz, b_z


LETTERS, ASK, MARK = range(8), 8, 9


def candidates_by_hand():
    """Return what both units become, by id, if nothing is kept, `(10, 2)`."""
    candidates = torch.zeros(10, 2)
    candidates[MARK, 0] = 1
    candidates[:8, 1] = (torch.arange(8) - 3.5) / 4
    return candidates


def hand_played(answer, *gaps):
    """Play the second game with gates that have these weights, and tell what is won.

    If rounds are lost, tell where the gates are open: that tells the mistakes apart.
    """
    sizes = {"W_xz": (10, 2), "W_hz": (2, 2), "b_z": (2,)}
    found = named(answer(), *sizes)
    weights = list(of_sizes(found, sizes).values())
    if len(weights) < 3:
        return found
    for gap in gaps:
        won = _share_won(gap, *weights)
        if won < 1:
            shown = f"{won:.2f} of the rounds with {gap} letters in between"
            return found | {"rounds won": Fact("not all", shown, _where_open(*weights))}
    return found | {"rounds won": Fact("all")}


def _share_won(gap, W_xz, W_hz, b_z, count=160):
    """Return the share of rounds at whose end unit 1 is nearest to the letter after the mark."""
    generator = torch.Generator().manual_seed(gap)
    X = torch.randint(8, (count, gap + 3), generator=generator)
    place = torch.randint(gap + 1, (count, 1), generator=generator)
    letters = (torch.arange(count) % 8).unsqueeze(1)
    X.scatter_(1, place, MARK).scatter_(1, place + 1, letters)[:, -1] = ASK
    H, candidates = torch.zeros(count, 2), candidates_by_hand()
    for ids in X.T:
        Z = torch.sigmoid(W_xz[ids] + H @ W_hz + b_z)
        H = Z * H + (1 - Z) * candidates[ids]
    answers = (4 * H[:, 1] + 3.5).round()
    return (answers == letters[:, 0]).float().mean().item()


def _where_open(W_xz, W_hz, b_z):
    """Tell for both units, letters, and states whether the gate is near 0, near 1, or neither."""
    kinds = ""
    for state in [(flag, value) for flag in (0.0, 1.0) for value in (-0.8, 0.0, 0.8)]:
        Z = torch.sigmoid(W_xz + torch.tensor(state) @ W_hz + b_z)  # (10, 2)
        for z in torch.cat([Z[:8].mean(0), Z[ASK], Z[MARK]]).tolist():
            kinds += "0" if z < 0.05 else "1" if z > 0.95 else "-"
    return kinds


def _hand_case(words, *gaps):
    return Case(f"(), {words} in between", lambda: gaps)


HAND_CASES = (
    _hand_case("no letters", 0),
    _hand_case("10, 40, and 1,000 letters", 10, 40, 1000),
)

EXERCISES = (
    Exercise("holding_bias", 10, my_holding_bias, BIAS_CASES, kept_and_written),
    Exercise(
        "lstm_step",
        10,
        my_lstm_step,
        LSTM_STEP_CASES,
        with_gradients,
        given_lstm_step,
        told=False,  # what differs says at once where the mistake is
    ),
    Exercise("gru_slope", 10, my_gru_slope, SLOPE_CASES),
    Exercise("hand_gates", 10, my_hand_gates, HAND_CASES, hand_played, arguments=0),
)
