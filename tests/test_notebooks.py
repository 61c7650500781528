"""nbval: on the real book the outputs are compared; in another alphabet each notebook runs.

test_exercises.py executes them on the bundled story, with all answers filled in.
"""

import os
import subprocess
import sys

import pytest

from charrnn_helpers.book.find import story_path
from tests.conftest import BOOK_PATH, needs_book
from tests.course import NOTEBOOKS, ROOT

LONG_ONES_FIRST = NOTEBOOKS[::-1]
EACH = pytest.mark.parametrize("path", LONG_ONES_FIRST, ids=lambda path: path.stem)


def nbval(path, *options, **variables):
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider"]
    command += [*options, "--nbval-current-env", "--nbval-cell-timeout", "600"]
    command += ["--nbval-sanitize-with", str(ROOT / "tests/nbval_sanitize.cfg"), str(path)]
    environment = {key: value for key, value in os.environ.items() if key != "CHARRNN_TEXT"}
    environment["PYTHONUTF8"] = "1"
    environment |= {key: str(value) for key, value in variables.items()}
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


@needs_book
@EACH
def test_outputs_on_the_book(path):
    nbval(path, "--nbval", CHARRNN_TEXT=BOOK_PATH)


OLDER = {  # other instructions, so other roundings
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
}


@needs_book
@pytest.mark.long
@EACH
def test_outputs_with_the_roundings_of_an_older_processor(path):
    nbval(path, "--nbval", CHARRNN_TEXT=BOOK_PATH, **OLDER)


CYRILLIC = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопярстувжьыз")
LATER = [pytest.param(path, marks=pytest.mark.long) for path in NOTEBOOKS[2:]]


@pytest.mark.parametrize("path", NOTEBOOKS[:2] + LATER, ids=lambda path: path.stem)
def test_runs_in_another_alphabet(path, tmp_path):
    """The story in Cyrillic letters, with some that it takes two Latin ones to write."""
    story = story_path().read_text(encoding="utf-8").lower()
    story = story.replace("th", "ш").replace("sh", "щ").replace("ch", "ч").translate(CYRILLIC)
    (tmp_path / "story.txt").write_text(story, encoding="utf-8")
    nbval(path, "--nbval-lax", CHARRNN_TEXT=tmp_path / "story.txt")


def test_the_first_notebook_runs_without_a_network(tmp_path):
    nowhere = "http://127.0.0.1:9"  # a proxy that refuses every connection
    offline = {"HTTPS_PROXY": nowhere, "HTTP_PROXY": nowhere, "NO_PROXY": "", "no_proxy": ""}
    nbval(NOTEBOOKS[0], "--nbval-lax", CHARRNN_CACHE=tmp_path / "cache", **offline)
    assert not list(tmp_path.rglob("timemachine*.txt"))
