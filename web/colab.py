"""Notebooks for Colab and Kaggle, which lack the package: `python -m web.colab FOLDER ADDRESS`.

ADDRESS is that of the wheel.  A first cell installs it if the package is missing.
"""

import shutil
import sys
from pathlib import Path

import nbformat

from tools.course import NOTEBOOKS

FIRST = """\
# On Colab or Kaggle: install the package of the course, if it is missing
import importlib.util

if importlib.util.find_spec("charrnn_helpers") is None:
    %pip install --quiet "{address}"
"""


def with_install(notebook, address):
    """Return the notebook with a first cell that installs the wheel from this address."""
    cell = nbformat.v4.new_code_cell(FIRST.format(address=address).rstrip(), id="install")
    notebook.cells.insert(0, cell)
    return notebook


def write(folder, address):
    """Write all notebooks into the folder, and the pages that they link to."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in NOTEBOOKS:
        notebook = with_install(nbformat.read(path, as_version=4), address)
        nbformat.write(notebook, folder / path.name)
    for path in NOTEBOOKS[0].parent.glob("*.md"):
        shutil.copy(path, folder)


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2])
