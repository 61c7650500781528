"""nbval: on the real book the outputs are compared; on the bundled story each notebook runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from charrnn_helpers.book import story_path
from tests.conftest import BOOK_PATH, needs_book

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"), reverse=True)  # the long ones first
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def nbval(path, text, *options):
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider"]
    command += [*options, "--nbval-current-env", "--nbval-cell-timeout", "600"]
    command += ["--nbval-sanitize-with", str(ROOT / "tests/nbval_sanitize.cfg"), str(path)]
    environment = {**os.environ, "CHARRNN_TEXT": str(text)}
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


@needs_book
@EACH
def test_outputs_on_the_book(path):
    nbval(path, BOOK_PATH, "--nbval")


@EACH
def test_runs_on_the_story(path):
    nbval(path, story_path(), "--nbval-lax")
