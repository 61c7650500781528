"""The exercises and the predictions in the notebooks: where they stand, as they are."""

import re

import nbformat
import pytest

from charrnn_helpers import checks
from charrnn_helpers.checks.predictions import PREDICTIONS
from charrnn_helpers.checks.verdict import NOT_TRIED
from tests import bank
from tools.course import NOTEBOOKS

EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


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


@EACH
def test_each_exercise_has_its_title_above(path):
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    titles = [e.title for e in checks.EXERCISES if e.notebook == number(path)]
    assert re.findall(r"^### Your turn: (.+)$", text, re.M) == titles


def test_most_notebooks_have_a_hunt():
    """In a hunt, the reader repairs code; none in 5, 7, 9, and 11."""
    hunts = [e.notebook for e in checks.EXERCISES if e.given]
    assert hunts == sorted({number(path) for path in NOTEBOOKS} - {5, 7, 9, 11})
    assert len(checks.BY_NAME) == len(checks.EXERCISES)
    assert checks.BY_NAME.keys() <= set(checks.__all__)


@EACH
def test_a_prediction_comes_before_its_outcome(path):
    sources = [cell.source for cell in code_cells(path)]
    asked = [re.fullmatch(r'checks\.predict\("(\w+)", \.\.\.\)', source) for source in sources]
    names = [match.group(1) for match in asked if match]
    assert names == [p.name for p in PREDICTIONS if p.notebook == number(path)]
    shown = re.findall(r'checks\.reveal\(\s*"(\w+)"', "\n".join(sources))
    assert sorted(names) == sorted(shown)
    for name in names:
        reveal = re.compile(rf'checks\.reveal\(\s*"{name}"')
        shown = [i for i, source in enumerate(sources) if reveal.search(source)]
        assert len(shown) == 1 and shown[0] > sources.index(f'checks.predict("{name}", ...)')


@EACH
def test_the_board_stands_before_the_summary(path):
    cells = nbformat.read(path, as_version=4).cells
    end = next(i for i, cell in enumerate(cells) if cell.source.startswith("## Summary"))
    last = next(cell for cell in reversed(cells[:end]) if cell.cell_type == "code")
    assert last.source == "checks.progress()"
    assert f"0 of {len(checks.EXERCISES)} exercises passed" in last.outputs[0].data["text/plain"]
