"""A change of a learner's own code that makes it right."""

import math

import pytest

from charrnn_helpers import checks
from charrnn_helpers.checks.verdict import WRONG
from charrnn_helpers.commands.mistake import define
from tests import samples

ADAM = (
    "def my_adam(p, grad, m, v, update, lr):\n"
    "    m = 0.9 * m + 0.1 * grad\n"
    "    v = 0.999 * v + 0.001 * grad**2\n"
    "    top = m / (1 - 0.9 ** {})\n"
    "    size = (v / (1 - 0.999**update)).sqrt()\n"
)
STEP = "def my_rnn_step(X, H, W_xh, W_hh, b_h):\n"
ANSWERS = {  # the kind: the exercise, the answer, the number of the line, and a word of the text
    "a line too many": (
        samples.rnn_step,
        STEP + "    Z = X @ W_xh + H @ W_hh\n    Z = Z.round()\n    return torch.tanh(Z + b_h)\n",
        3,
        "leave out `Z = Z.round()`",
    ),
    "a block too many": (
        samples.bits,
        "def my_perplexity(bits):\n    found = 2**bits\n    if found > 28:\n"
        "        found = 28\n    return found\n",
        3,
        "leave out `if found > 28:` with its block",
    ),
    "off by one": (
        "bigram_gradient",
        "def my_bigram_gradient(W, ids):\n    grad = torch.zeros_like(W)\n"
        "    for i in range(2, len(ids)):\n        a, b = ids[i - 1], ids[i]\n"
        "        grad[a] += W[a].softmax(dim=0)\n        grad[a, b] -= 1\n"
        "    return grad / (len(ids) - 1)\n",
        3,
        "`2` is off by one",
    ),
    "another operator": (
        samples.updates,
        "def my_num_updates(num_windows, batch_size, num_epochs):\n"
        "    full, rest = divmod(num_windows, batch_size)\n"
        "    return num_epochs * (full - (rest > 0))\n",
        3,
        "another operator in `full - (rest > 0)`",
    ),
    "too much": (
        samples.surprisal,
        "def my_surprisal(p):\n    return -math.log2(p + 1e-3)\n",
        2,
        "leave out `+ 1e-3`",
    ),
    "too much, in parentheses": (
        "adam",
        ADAM.format("update") + "    return p - lr / (update + 1) * top / (size + 1e-8), m, v\n",
        6,
        "leave out `/ (update + 1)`",
    ),
    "the first of two arguments": (
        "adam",
        ADAM.format("min(update, 4)") + "    return p - lr * top / (size + 1e-8), m, v\n",
        4,
        "leave out `min()`, and keep `update` alone",
    ),
    "order of a line and a block": (
        "early_stopping",
        "def my_early_stopping(losses, patience):\n"
        "    epoch, kept, waited = 0, 0, 0\n"
        "    for loss in losses:\n"
        "        waited += 1\n"
        "        if not epoch or loss < min(losses[:epoch]):\n"
        "            kept, waited = epoch + 1, 0\n"
        "        if waited == patience:\n"
        "            return epoch, kept\n"
        "        epoch += 1\n"
        "    return epoch, kept\n",
        7,
        "move this line and its block below the line that follows the block",
    ),
    "another function": (
        "few_units",
        "def my_few_units(w, H, k):\n    terms = H * w\n"
        "    terms = terms - terms.mean(dim=0)\n    effect = terms.sum(dim=0)\n"
        "    return effect.abs().topk(k).indices\n",
        4,
        "another function in place of `sum`",
    ),
}


NOT_KEPT = """def my_top_p(logits, p):
    logits = logits.clone()
    probs, order = logits.softmax(dim=0).sort(descending=True)
    logits.index_fill(0, order[probs.cumsum(dim=0) - probs >= p], -math.inf)
    return logits * 1
"""


def judged(exercise, source):
    exercise = checks.BY_NAME.get(exercise, exercise)
    return exercise.judge(define(exercise, source)[0])


@pytest.mark.parametrize("kind", ANSWERS)
def test_the_line_is_named(kind):
    exercise, source, number, words = ANSWERS[kind]
    verdict = judged(exercise, source)
    line = source.splitlines()[number - 1].strip()
    assert verdict.status == WRONG and verdict.lines[f"line {number}"] == line
    assert f"One change in line {number} would make it right" in verdict.text
    assert words in verdict.text


def test_a_line_whose_result_is_not_kept_is_named():
    said = "Line 4, `logits.index_fill(0, order[probs.cumsum(dim=0) - probs >= p], -math.inf)`"
    assert f"{said}, has no effect, because its" in judged("top_p", NOT_KEPT).text


def test_an_error_and_the_change_that_ends_it():
    head = "def my_read_back(inputs, vocab):\n    "
    rest = "return [vocab.decode(w) for w in inputs.argmax(dim=3).T]\n"
    verdict = judged("read_back", head + rest)
    assert "Your code stops with IndexError" in verdict.text and "line 2" in verdict.text


def test_a_helper_function_in_the_same_cell_is_searched_too():
    source = (
        "def ceiling(a, b):\n    return a // b\n\n\n"
        "def my_num_updates(num_windows, batch_size, num_epochs):\n"
        "    return math.ceil(ceiling(num_windows, batch_size)) * num_epochs\n"
    )
    verdict = judged(samples.updates, source)
    assert "line 2" in verdict.text


@pytest.mark.parametrize(
    "loop",
    ["while p < 2:\n        p = p * 1.0\n", "while True:\n        pass\n", "exit()\n"],
)
def test_candidates_that_do_not_end_are_stopped(loop):
    source = f"def my_surprisal(p):\n    if p > 7:\n        {loop}    return math.log2(p) * 0.7\n"
    source = source.replace("        p = p", "            p = p").replace(
        "        pass", "            pass"
    )
    assert judged(samples.surprisal, source).status == WRONG


def test_an_answer_without_source_or_with_a_closure_gets_a_verdict():
    def closure(factor):
        return lambda p: factor * math.log2(p)

    namespace = {"math": math}
    exec("def my_surprisal(p):\n    return math.log2(p) + p", namespace)
    for answer in (closure(3.3), namespace["my_surprisal"], math.log1p, print):
        verdict = samples.surprisal.judge(answer)
        assert verdict.status == WRONG and "One change" not in verdict.text


def test_the_answer_itself_is_left_as_it_is():
    answer, _ = define(samples.surprisal, "def my_surprisal(p):\n    return -math.log2(p + 1e-3)\n")
    before = answer.__code__
    samples.surprisal.judge(answer)
    assert answer.__code__ is before and answer(0.499) == 1.0
