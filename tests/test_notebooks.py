"""Each notebook executed: filled in and strict, on the book where it is at hand, or on the story.

nbval runs them and compares what they print with what is committed, where the text is the book and
no answer changes it.  `make course` executes them as they are.
"""

import os
import subprocess
import sys

import nbformat
import pytest

from charrnn_helpers import checks, logbook
from charrnn_helpers.book.find import story_path
from charrnn_helpers.checks.predictions import PREDICTIONS
from tests import bank
from tests.conftest import BOOK_PATH
from tools import course
from tools.course import NOTEBOOKS, ROOT, fill_in

# Long ones first, so that two workers end at about the same time.
SECONDS = {"10": 135, "06": 108, "11": 82, "09": 43, "05": 40, "08": 25, "07": 24, "04": 23}
LONG_ONES_FIRST = sorted(NOTEBOOKS, key=lambda path: -SECONDS.get(path.stem[:2], 0))
EACH = pytest.mark.parametrize("path", LONG_ONES_FIRST, ids=lambda path: path.stem)
ON_THE_BOOK = [pytest.mark.book] if BOOK_PATH else []


def nbval(path, *options, **variables):
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider"]
    command += [*options, "--nbval-current-env", "--nbval-cell-timeout", "600"]
    command += ["--nbval-sanitize-with", str(ROOT / "tests/nbval_sanitize.cfg"), str(path)]
    command += ["--rootdir", str(path.parent), "-c", str(ROOT / "pyproject.toml")]
    environment = {key: value for key, value in os.environ.items() if key != "CHARRNN_TEXT"}
    environment["PYTHONUTF8"] = "1"
    environment |= {key: str(value) for key, value in variables.items()}
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


def filled_in(path, folder):
    """A copy with all model answers; what they change is not compared.  Return its path."""
    notebook = nbformat.read(path, as_version=4)
    assert "..." in str([cell.source for cell in notebook.cells])
    fill_in(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code" and "checks." in cell.source:
            tags = {*cell.metadata.get("tags", []), "nbval-ignore-output"}
            cell.metadata["tags"] = sorted(tags)
    nbformat.write(notebook, folder / path.name)
    return folder / path.name


def number(path):
    return int(path.stem[:2])


def expect_all_right(path, monkeypatch, progress):
    """In the logbook, each exercise of the notebook is passed, and each prediction is right."""
    monkeypatch.setenv("CHARRNN_PROGRESS", str(progress))
    exercises, predictions, notice = logbook.read()
    mine = {e.name for e in checks.EXERCISES if e.notebook == number(path)}
    made = {p.name for p in PREDICTIONS if p.notebook == number(path)}
    assert exercises == dict.fromkeys(mine, "passed") and notice == ""
    assert predictions.keys() == made and all(event["right"] for event in predictions.values())


@pytest.mark.parametrize("text", [pytest.param(BOOK_PATH or story_path(), marks=ON_THE_BOOK)])
@EACH
def test_filled_in_and_strict(path, text, tmp_path, monkeypatch):
    """Each solution is pasted as the reader would; each prediction is the right one."""
    progress = tmp_path / "progress.jsonl"
    settings = {"CHARRNN_TEXT": text, "CHARRNN_STRICT": "1", "CHARRNN_PROGRESS": progress}
    compare = "--nbval" if text == BOOK_PATH else "--nbval-lax"
    nbval(filled_in(path, tmp_path), compare, **settings)
    expect_all_right(path, monkeypatch, progress)


@pytest.mark.long
@EACH
def test_filled_in_and_strict_on_the_story(path, tmp_path, monkeypatch, book_file):
    """Where there is no book, the test above does this."""
    progress = tmp_path / "progress.jsonl"
    settings = {"CHARRNN_STRICT": "1", "CHARRNN_PROGRESS": progress}
    nbval(filled_in(path, tmp_path), "--nbval-lax", CHARRNN_TEXT=story_path(), **settings)
    expect_all_right(path, monkeypatch, progress)


@pytest.mark.long
@EACH
def test_as_they_are_on_the_story(path):
    nbval(path, "--nbval-lax", CHARRNN_TEXT=story_path())


OLDER = {  # other instructions, so other roundings
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
}


@pytest.mark.long
@pytest.mark.parametrize("processor", [{}, OLDER], ids=["this processor", "an older one"])
@EACH
def test_as_they_are_on_the_book(path, processor, book_file):
    nbval(path, "--nbval", CHARRNN_TEXT=book_file, **processor)


def test_the_first_notebook_runs_without_a_network(tmp_path):
    nowhere = "http://127.0.0.1:9"  # a proxy that refuses every connection
    offline = {"HTTPS_PROXY": nowhere, "HTTP_PROXY": nowhere, "NO_PROXY": "", "no_proxy": ""}
    nbval(NOTEBOOKS[0], "--nbval-lax", CHARRNN_CACHE=tmp_path / "cache", **offline)
    assert not list(tmp_path.rglob("timemachine*.txt"))


def beginning(answers=None):
    """The first notebook up to its first check, filled in with these answers, or untouched."""
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    stubs = ["exercise" in cell.metadata.get("tags", []) for cell in notebook.cells]
    stub = notebook.cells[stubs.index(True)]
    notebook.cells, untouched = notebook.cells[: stubs.index(True) + 2], stub.source
    fill_in(notebook, answers)  # the predictions before it, too
    stub.source = untouched if answers is None else stub.source
    return notebook


def strictly(notebook):
    settings = {"CHARRNN_STRICT": "1", "CHARRNN_TEXT": str(story_path())}
    return course.execute(NOTEBOOKS[0], notebook, **settings)[1]


def test_one_wrong_answer_fails_the_strict_run():
    name = next(e.name for e in checks.EXERCISES if e.notebook == 1)
    wrong = next(entry for entry in bank.entries("Wrong") if entry.exercise == name)
    problem = strictly(beginning({name: wrong.source}))
    assert "WrongAnswer" in problem and checks.BY_NAME[name].title in problem


def test_an_untouched_exercise_fails_the_strict_run():
    problem = strictly(beginning())
    assert "WrongAnswer" in problem and "Not tried yet" in problem
