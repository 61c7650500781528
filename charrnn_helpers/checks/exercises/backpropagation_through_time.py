"""The exercises of notebook 8: a whole window, five suspects, the first state, a fast pass."""

import torch

from charrnn_helpers.checks.judge import Case, Exercise, draw
from charrnn_helpers.checks.riddle import FAULTS
from charrnn_helpers.checks.values import Fact, Odd, named


def states(*size, seed):
    """Return numbers between -1 and 1 with two decimals."""
    return draw(*size, seed=seed).tanh().mul(100).round().div(100)


def my_window_backward(from_above, H, W_hh):
    num_steps = len(H) - 1
    dA = torch.zeros_like(H)
    for t in range(num_steps, 0, -1):
        dH = from_above[t]
        if t < num_steps:
            dH = dH + dA[t + 1] @ W_hh.T
        dA[t] = dH * (1 - H[t] ** 2)
    return dA


def window_of(seed, num_steps, b, h):
    """Return what comes from above, 0 at the initial state, the states, and W_hh."""
    from_above = draw(num_steps + 1, b, h, seed=seed)
    from_above[0] = 0
    return from_above, states(num_steps + 1, b, h, seed=seed + 1), draw(h, h, seed=seed + 2)


def window_case(seed, num_steps, b, h):
    size = num_steps + 1, b, h
    shown = f"(from_above {size}, H {size}, W_hh {h, h})"
    return Case(shown, lambda: window_of(seed, num_steps, b, h))


WINDOW_BACKWARD_CASES = (
    window_case(210, 1, 1, 2),
    window_case(220, 2, 1, 2),
    window_case(230, 3, 2, 3),
    window_case(240, 4, 3, 3),
    window_case(250, 6, 2, 4),
)


def my_wrong_weights():
    wrong = {}
    wrong["A"] = ["W_hh"]
    wrong["B"] = ["W_xh", "W_hh", "b_h"]
    wrong["C"] = []
    wrong["D"] = ["W_xh", "W_hh", "b_h", "W_hq", "b_q"]
    wrong["E"] = ["W_xh", "b_h"]
    return wrong


WEIGHTS = ("W_xh", "W_hh", "b_h", "W_hq", "b_q")


def suspected(answer):
    """Tell of each pass whether it was judged rightly; what is right is not shown."""
    found, judged, wanted = answer(), {}, my_wrong_weights()
    if not isinstance(found, dict):
        found = dict.fromkeys(FAULTS, found if found is ... else Odd("not in a dictionary"))
    for name in FAULTS:
        said, right = (in_words(pairs.get(name) or ()) for pairs in (found, wanted))
        if isinstance(said, Fact):
            said = right_or_wrong(said.word, right.word)
        judged[f"pass {name}"] = said
    return judged


def right_or_wrong(said, right):
    """Return a Fact that a reader may see: whether nudges agree."""
    if said == right:
        return Fact("confirmed by nudges")
    return Fact("contradicted by nudges", f"you named {said}", said)


def in_words(weights):
    """Name the weights in the order of the chapter; anything else is returned as it is."""
    weights = (weights,) if isinstance(weights, str) else weights
    if isinstance(weights, Odd) or not isinstance(weights, (list, tuple, set)):
        return weights
    if not all(isinstance(name, str) for name in weights):
        return next((name for name in weights if name is ...), list(weights))
    names = {name.strip().removeprefix("d") for name in weights}
    known = [name for name in WEIGHTS if name in names]
    return Fact(", ".join([*known, *sorted(names - {*WEIGHTS})]) or "none")


WRONG_WEIGHTS_CASES = (Case("()", lambda: ()),)


def my_sent_back(dA, W_hh):
    dH_0 = dA[1] @ W_hh.T
    return dH_0.sum(dim=0)


def sent_case(seed, num_steps, b, h):
    def make():
        dA = draw(num_steps + 1, b, h, seed=seed)
        dA[0] = 0
        return dA, draw(h, h, seed=seed + 1)

    return Case(f"(dA {num_steps + 1, b, h}, W_hh {h, h})", make)


SENT_BACK_CASES = (
    sent_case(310, 1, 1, 2),
    sent_case(320, 2, 2, 2),
    sent_case(330, 3, 2, 3),
    sent_case(340, 5, 4, 3),
    sent_case(350, 4, 3, 3),
)


def my_fast_backward(from_above, X, H, W_hh):
    slopes = 1 - H**2
    slopes[0] = 0  # no tanh leads to the initial state
    dA = slopes * from_above
    for t in range(len(H) - 2, 0, -1):
        dA[t] += slopes[t] * (dA[t + 1] @ W_hh.T)
    rows = dA[1:].flatten(0, 1)
    dW_xh = X.flatten(0, 1).T @ rows
    dW_hh = H[:-1].flatten(0, 1).T @ rows
    return dW_xh, dW_hh, rows.sum(dim=0)


def weight_gradients(answer, *args):
    """Return the three results by their names."""
    return named(answer(*args), "dW_xh", "dW_hh", "db_h")


def fast_case(seed, num_steps, b, i, h):
    def make():
        from_above, H, W_hh = window_of(seed, num_steps, b, h)
        return from_above, draw(num_steps, b, i, seed=seed + 3), H, W_hh

    size = num_steps + 1, b, h
    return Case(f"(from_above {size}, X {num_steps, b, i}, H {size}, W_hh {h, h})", make)


FAST_BACKWARD_CASES = (
    fast_case(410, 1, 1, 1, 2),
    fast_case(420, 2, 1, 1, 2),
    fast_case(425, 3, 1, 2, 2),
    fast_case(430, 4, 1, 2, 2),
    fast_case(440, 4, 3, 2, 3),
    fast_case(450, 6, 2, 3, 4),
)
EXERCISES = (
    Exercise("window_backward", 8, my_window_backward, WINDOW_BACKWARD_CASES),
    Exercise("wrong_weights", 8, my_wrong_weights, WRONG_WEIGHTS_CASES, suspected),
    Exercise("sent_back", 8, my_sent_back, SENT_BACK_CASES),
    Exercise(
        "fast_backward", 8, my_fast_backward, FAST_BACKWARD_CASES, weight_gradients, "all at once"
    ),
)
