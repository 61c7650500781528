"""What has no effect on the result of an answer, though it should have one."""

import pytest

from charrnn_helpers import checks
from charrnn_helpers.checks.influence import influence
from charrnn_helpers.commands.mistake import define
from tests import samples

STEP = "def my_rnn_step(X, H, W_xh, W_hh, b_h):\n    "
ANSWERS = {
    "an argument": (
        samples.rnn_step,
        STEP + "return torch.tanh(X.cos() @ W_xh + H.cos() @ W_hh)",
        "When `b_h` was changed in the calls that were tried, the result stayed the same, but it",
    ),
    "one row of several": (
        samples.rnn_step,
        STEP + "return torch.tanh(X[:1].cos() @ W_xh + H @ W_hh + b_h)",
        "When parts of `X` were changed in this call, the result changed only with `X[0]`.",
    ),
    "only one batch": (
        "mean_perplexity",
        "def my_mean_perplexity(losses, sizes):\n    return math.exp(losses[0]) * sizes[0]",
        "the result changed only with `losses[0]`.",
    ),
    "nothing at all": (
        samples.bits,
        "def my_perplexity(bits):\n    return 3.7",
        "When `bits` was changed in the calls that were tried, the result stayed the same",
    ),
    "nothing at all of several": (
        samples.rnn_step,
        STEP + "return torch.full((len(X), len(b_h)), 0.3)",
        "When `X` was changed in the calls that were tried, the result stayed the same",
    ),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_is_said_of_an_answer(kind):
    name, source, words = ANSWERS[kind]
    exercise = checks.BY_NAME.get(name, name)
    answer, _ = define(exercise, source)
    found = [influence(exercise, answer, [i]) for i in range(len(exercise.cases))]
    texts = [text for text, _ in filter(None, found)]
    assert any(words in text for text in texts), texts


@pytest.mark.parametrize("exercise", checks.EXERCISES, ids=lambda e: e.name)
def test_nothing_is_said_of_the_model_answer(exercise):
    assert influence(exercise, exercise.answer, range(len(exercise.cases))) is None


def test_the_verdict_says_it():
    exercise = samples.rnn_step
    answer, _ = define(exercise, STEP + "return torch.tanh(X[:1].cos() @ W_xh + H @ W_hh + b_h)")
    verdict = exercise.judge(answer)
    assert verdict.mistake == "no effect" and "changed only with `X[0]`" in verdict.text
