"""The exercises in the notebooks: where they stand, as they are, and with all answers filled in."""

import re

import nbformat
import pytest

from charrnn_helpers import checks
from charrnn_helpers.book.find import story_path
from charrnn_helpers.checks.predictions import PREDICTIONS
from charrnn_helpers.checks.verdict import NOT_TRIED
from tests import bank, course
from tests.conftest import BOOK_PATH, needs_book
from tests.course import NOTEBOOKS, fill_in

EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
SLOW = {"05_training", "09_gated_networks"}  # test_notebooks.py executes them as well
SLOW_ONES_FIRST = pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[pytest.mark.long] if p.stem in SLOW else []) for p in NOTEBOOKS[::-1]],
    ids=lambda path: path.stem,
)


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def number(path):
    return int(path.stem[:2])


@EACH
def test_each_exercise_is_a_stub_with_its_check_below(path):
    found = []
    cells = code_cells(path)
    for i, cell in enumerate(cells):
        if "exercise" in cell.metadata.get("tags", []):
            asked = re.fullmatch(r"checks\.(\w+)\((\w+)\)", cells[i + 1].source)
            exercise = checks.BY_NAME[asked.group(1)]
            assert exercise.answer.__name__ == asked.group(2)
            stub = bank.define(exercise.name, "RNNScratch = RNNScratch\n" + cell.source)
            assert exercise.judge(stub).status == NOT_TRIED
            found.append(exercise.name)
    assert found == [e.name for e in checks.EXERCISES if e.notebook == number(path)]
    assert 3 <= len(found) <= 4


@EACH
def test_each_exercise_has_its_title_above(path):
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    titles = [e.title for e in checks.EXERCISES if e.notebook == number(path)]
    assert re.findall(r"^### Your turn: (.+)$", text, re.M) == titles


def test_there_are_enough_from_one_line_to_a_hunt():
    assert len(checks.EXERCISES) >= 18
    for notebook in range(1, len(NOTEBOOKS) + 1):
        hunts = [e for e in checks.EXERCISES if e.notebook == notebook and e.given]
        assert len(hunts) == 1
    assert len(checks.BY_NAME) == len(checks.EXERCISES)
    assert checks.BY_NAME.keys() <= set(checks.__all__)


@EACH
def test_a_prediction_comes_before_its_outcome(path):
    sources = [cell.source for cell in code_cells(path)]
    asked = [re.fullmatch(r'checks\.predict\("(\w+)", \.\.\.\)', source) for source in sources]
    names = [match.group(1) for match in asked if match]
    assert names == [p.name for p in PREDICTIONS if p.notebook == number(path)]
    for name in names:
        shown = [i for i, source in enumerate(sources) if f'checks.reveal("{name}"' in source]
        assert len(shown) == 1 and shown[0] > sources.index(f'checks.predict("{name}", ...)')


@EACH
def test_the_board_stands_at_the_end(path):
    last = code_cells(path)[-1]
    assert last.source == "checks.progress()"
    assert f"0 of {len(checks.EXERCISES)} exercises passed" in last.outputs[0].data["text/plain"]


@pytest.mark.parametrize(
    "text", [story_path(), pytest.param(BOOK_PATH, marks=[needs_book, pytest.mark.long])]
)
@SLOW_ONES_FIRST
def test_with_all_model_answers_in_strict_mode(path, text):
    """Each solution is pasted as the reader would; each prediction is the right one.

    test_notebooks.py executes the notebooks as they are, without answers, on the book.
    """
    notebook = fill_in(nbformat.read(path, as_version=4))
    assert "..." not in [cell.source for cell in notebook.cells]
    settings = {"CHARRNN_STRICT": "1", "CHARRNN_TEXT": str(text)}
    notebook, problem = course.execute(path, notebook, **settings)
    assert problem is None, problem
    mine = [e for e in checks.EXERCISES if e.notebook == number(path)]
    made = [p for p in PREDICTIONS if p.notebook == number(path)]
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    board = cells[-1].outputs[0].data["text/plain"]
    assert (
        f"{len(mine)} of {len(checks.EXERCISES)} exercises passed; {len(made)} prediction" in board
    )
    assert f"{len(made)} right" in board


def test_one_wrong_answer_fails_the_strict_run():
    wrong = next(entry for entry in bank.entries("Wrong") if entry.exercise == "windows")
    notebook = fill_in(nbformat.read(NOTEBOOKS[0], as_version=4), {"windows": wrong.source})
    settings = {"CHARRNN_STRICT": "1", "CHARRNN_TEXT": str(story_path())}
    _, problem = course.execute(NOTEBOOKS[0], notebook, **settings)
    assert "WrongAnswer" in problem and "windows and targets" in problem


def test_an_untouched_exercise_fails_the_strict_run():
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    settings = {"CHARRNN_STRICT": "1", "CHARRNN_TEXT": str(story_path())}
    _, problem = course.execute(NOTEBOOKS[0], notebook, **settings)
    assert "WrongAnswer" in problem and "Not tried yet" in problem
