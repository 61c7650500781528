"""What answers a question or an exercise is not in view while it is asked."""

import ast
import itertools
import re

import nbformat
import pytest

from charrnn_helpers import checks
from charrnn_helpers.checks.predictions import PREDICTIONS
from tools.course import NOTEBOOKS, is_folded

CELLS = [nbformat.read(path, as_version=4).cells for path in NOTEBOOKS]
LEAST = 9  # nodes of an expression that is asked for: `x + y` may stand anywhere

# Exercises whose answer, or a part of it, stands above them in the same section, and why.
ABOVE = {
    "rnn_loop": "the formula is given; it asks where each row ends",
    "cross_entropy": "it begins with the draft, and asks for what does not overflow",
}
FORMULAS = {  # a formula that would give an exercise away: a pattern of it
    "twin": r"order\(text\)\[",
    "log_likelihood": r"\\sum_\{?t.*\\ln p",
    "dice": r"s_\{?k.* - s_\{k ?\+ ?1",
    "two_numbers": r"\\cos|\\sin|\^2",
    "mean_perplexity": r"\\sum_[bk].*n_[bk]",
    "interpolate": r"kinds\}?\(h\)|N\(hc\)",
    "bigram_gradient": r"s_a|p_\{ab\}",
    "largest_rate": r"2 / \(|\\frac\{2\}|r \\, \(1 - r\)",
    "fair": r"max\(.*< ?min\(|key=lambda rate",
    "streams": r"- 1\) ?// ?batch_size|\\lfloor",
    "adam": r"1 ?- ?0\.9|\\beta_1\^t",
    "window_backward": r"\\mathbf\{W\}_\{hh\}\^\\top",
    "build_in": r"\\mathbf\{v\} ?(\\, ?)?\\mathbf\{W\}|bias",
    "hold": r"outer|\\mathbf\{u\} ?(\\, ?)?\\mathbf\{W\}|bias",
    "few_units": r"\|w_u\||standard deviation of (the|a) unit",
    "learning_mixture": r"1 - w\) ?/|p - q|w \\?,? ?\(1 - w\)",
    "lead": r"\.std\(|\*\* ?0\.5|\\sqrt",
    "drop": r"1 ?- ?rate|>= ?rate",
    "rnn_loop": r"\\mathbf\{H\}_t = \\tanh",
    "cross_entropy": r"\\ln \\Big\( \\sum_j",
    "three_steps": r"\\sum_t|da3",
    "good_sigma": r"\\sqrt\{(32|n)\}",
    "clip_gradients": r"\\min\\Big",
    "uphill": r"\*= -1",
    "holding_bias": r"\\ln|\\log|1/n\}",
    "gru_slope": r"z \(1 - z\)|h - c",
    "hand_gates": r"W_hz\[0, 1\]|-40",
}


def between(asked):
    """The cells between a question and the cell that shows the outcome, and that cell."""
    cells = CELLS[asked.notebook - 1]
    first, last = (
        next(i for i, c in enumerate(cells) if re.search(rf'{call}\(\s*"{asked.name}"', c.source))
        for call in ("predict", "reveal")
    )
    return cells[first + 1 : last], cells[last]


def said(asked):
    """A pattern of the answer: a number as a word, or a choice as code."""
    if asked.choices is None:
        return rf"(?<![\d.,]){re.escape(str(asked.answer))}(?![\d,]|\.\d)"
    return rf"`\"{re.escape(str(asked.answer))}\"`"


@pytest.mark.parametrize("asked", PREDICTIONS, ids=lambda asked: asked.name)
def test_between_a_question_and_its_outcome_nothing_answers_it(asked):
    cells, outcome = between(asked)
    for cell in cells:
        if cell.cell_type == "markdown":
            assert not re.search(said(asked), cell.source), cell.source
        elif not re.match(r"checks\.\w+\(my_", cell.source):
            assert cell.outputs == [], cell.source
            assert is_folded(cell) or not re.search(r"^\s*assert\b", cell.source, re.M)
    (note,) = [o.data for o in outcome.outputs if "No prediction was made" in str(o)]
    shown, unfolded = note["text/html"].split("<details>")
    assert "Show the answer" in unfolded and "It is" not in shown


class Anonymous(ast.NodeTransformer):
    """Names are left out, so that an expression with other names is the same."""

    def visit_Name(self, node):
        return ast.Name("_", ast.Load())

    def visit_Attribute(self, node):
        self.generic_visit(node)
        of_self = isinstance(node.value, ast.Name) and node.attr.startswith(("W_", "b_"))
        return ast.Name("_", ast.Load()) if of_self else ast.Attribute(node.value, node.attr, None)


def expressions(source):
    """The larger expressions in a piece of code, without their names."""
    tree = Anonymous().visit(ast.parse(source))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    return {ast.dump(n) for n in nodes if sum(1 for _ in ast.walk(n)) >= LEAST}


def above(exercise):
    """The cells above an exercise in its section, without those that are folded."""
    cells = CELLS[exercise.notebook - 1]
    place = next(i for i, c in enumerate(cells) if c.source.startswith(f"checks.{exercise.name}("))
    start = max(i for i, c in enumerate(cells[:place]) if c.source.startswith("## "))
    return [c for c in cells[start : place - 1] if not is_folded(c)]


def given_away(exercise):
    """What stands above the exercise: expressions of its answer, and its formula."""
    cells = above(exercise)
    asked = expressions(exercise.source)
    code = [c.source for c in cells if c.cell_type == "code"]
    found = [c for c in code if asked & expressions(c)]
    pattern = FORMULAS.get(exercise.name)
    prose = [c.source for c in cells if c.cell_type == "markdown"]
    return found + [c for c in prose if pattern and re.search(pattern, c, re.M)]


def below(exercise):
    """The cells of code after an exercise in its section, without those that are folded."""
    cells = CELLS[exercise.notebook - 1]
    place = next(i for i, c in enumerate(cells) if c.source.startswith(f"checks.{exercise.name}("))
    after = itertools.takewhile(lambda c: not c.source.startswith("## "), cells[place + 1 :])
    return [c for c in after if c.cell_type == "code" and not is_folded(c)]


@pytest.mark.parametrize("exercise", checks.EXERCISES, ids=lambda e: e.name)
def test_below_an_exercise_its_answer_is_folded(exercise):
    """A cell that says more than half of the answer, or has its name, begins as `ANSWER`."""
    asked = expressions(exercise.source)
    name = re.sub("^(my_|My)", "", exercise.answer.__name__)
    for cell in below(exercise):
        assert 2 * len(asked & expressions(cell.source)) <= len(asked) or not asked, cell.source
        assert not re.search(rf"^(def|class) {name}\b", cell.source, re.M), cell.source


@pytest.mark.parametrize("exercise", checks.EXERCISES, ids=lambda e: e.name)
def test_above_an_exercise_its_answer_is_not_given(exercise):
    found = given_away(exercise)
    assert bool(found) == (exercise.name in ABOVE), found
