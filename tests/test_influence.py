"""What the result of an answer depends on, and what it should depend on."""

import pytest

from charrnn_helpers import checks
from charrnn_helpers.checks.influence import influence
from charrnn_helpers.commands.mistake import define

STEP = "def my_rnn_step(X, H, W_xh, W_hh, b_h):\n    "
ANSWERS = {
    "an argument": (
        "rnn_step",
        STEP + "return torch.tanh(X.cos() @ W_xh + H.cos() @ W_hh)",
        "When `b_h` was changed in the calls that were tried, the result stayed the same, but it",
    ),
    "one row of several": (
        "rnn_step",
        STEP + "return torch.tanh(X[:1].cos() @ W_xh + H @ W_hh + b_h)",
        "When parts of `X` were changed in this call, the result changed only with `X[0]`.",
    ),
    "only one batch": (
        "mean_perplexity",
        "def my_mean_perplexity(losses, sizes):\n    return math.exp(losses[0]) * sizes[0]",
        "the result changed only with `losses[0]`.",
    ),
    "another row": (
        "total_variation",
        "def my_total_variation(p, q):\n    d = (p - q).abs()\n    return d.sum(1) / d.sum()",
        "has an effect on",
    ),
    "what should not matter": (
        "clip_factor",
        "def my_clip_factor(norm, theta):\n    return 1 / (1 + norm + theta)",
        "on which it should not depend",
    ),
    "nothing at all": (
        "bits",
        "def my_perplexity(bits):\n    return 3.7",
        "When `bits` was changed in the calls that were tried, the result stayed the same",
    ),
    "nothing at all of several": (
        "rnn_step",
        STEP + "return torch.full((len(X), len(b_h)), 0.3)",
        "Whatever was changed in the calls that were tried, the result stayed the same.",
    ),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_is_said_of_an_answer(kind):
    name, source, words = ANSWERS[kind]
    exercise = checks.BY_NAME[name]
    answer, _ = define(exercise, source)
    found = [influence(exercise, answer, [i]) for i in range(len(exercise.cases))]
    texts = [text for _, text, _ in filter(None, found)]
    assert any(words in text for text in texts), texts


@pytest.mark.parametrize("exercise", checks.EXERCISES, ids=lambda e: e.name)
def test_nothing_is_said_of_the_model_answer(exercise):
    assert influence(exercise, exercise.answer, range(len(exercise.cases))) is None


def test_the_verdict_says_it():
    exercise = checks.rnn_step
    answer, _ = define(exercise, STEP + "return torch.tanh(X[:1].cos() @ W_xh + H @ W_hh + b_h)")
    verdict = exercise.judge(answer)
    assert verdict.mistake == "no effect" and "changed only with `X[0]`" in verdict.text
