"""Execute every notebook of the course and print a table; exit 1 if one fails.

python -m tools.course build        executed copies in build/
python -m tools.course --inplace    the notebooks themselves
python -m tools.course --filled     with all model answers filled in; a wrong one fails
"""

import argparse
import itertools
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from charrnn_helpers import checks
from charrnn_helpers.checks.predictions import find

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS_A_CELL = 300
ANSWER = "# Answer: "  # how a folded cell begins that holds the answer to an exercise
WIDGET = "application/vnd.jupyter.widget-view+json"


def is_folded(cell):
    """Tell whether JupyterLab hides the source of the cell, except for its first line."""
    return cell.metadata.get("jupyter", {}).get("source_hidden", False)


def unfolded(cell):
    """Return the source of a cell without the line that JupyterLab shows of a folded answer."""
    return cell.source.split("\n", 1)[1] if cell.source.startswith(ANSWER) else cell.source


def fill_in(notebook, answers=None):
    """Put the model answers, or others {name: source}, into the exercises, and predict rightly."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, after in itertools.pairwise(cells):
        if "exercise" in cell.metadata.get("tags", []):
            name = re.match(r"checks\.(\w+)\(", after.source).group(1)
            cell.source = (answers or {}).get(name) or checks.BY_NAME[name].source
        asked = re.fullmatch(r'checks\.predict\("(\w+)", \.\.\.\)', cell.source)
        if asked:
            cell.source = cell.source.replace("...", repr(find(asked.group(1)).answer))
    return notebook


def execute(path, notebook=None, **variables):
    """Execute a notebook; return it, with its outputs, and what went wrong (None: nothing).

    The record of progress is a new one each time; variables go into the environment.
    """
    notebook = notebook or nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        variables = {"CHARRNN_PROGRESS": str(Path(folder) / "progress.json"), **variables}
        with mock.patch.dict(os.environ, variables):
            return _execute(path, notebook)


def is_bare_widget(output):
    """Tell whether an output is a widget, and has no picture for those who have no kernel."""
    return output.get("data", {}).keys() == {WIDGET, "text/plain"}


def _execute(path, notebook):
    client = NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=True,  # without it, nbclient fails at the output of an `interact`
        extra_arguments=["--IPKernelApp.log_level=40"],  # errors only
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return notebook, str(error)
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)  # no needless difference
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = [output for output in cell.outputs if not is_bare_widget(output)]
        for output in cell.outputs:
            output.get("data", {}).pop(WIDGET, None)  # a widget is nothing without its kernel
    return notebook, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default="build")
    parser.add_argument("--inplace", action="store_true")
    parser.add_argument("--filled", action="store_true")
    arguments = parser.parse_args()
    folder = ROOT / ("notebooks" if arguments.inplace else arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    strict = {"CHARRNN_STRICT": "1"} if arguments.filled else {}
    failures = []
    print(f"{'notebook':28} {'cells':>5} {'seconds':>8}  result")
    for path in NOTEBOOKS:
        start = time.perf_counter()
        notebook = nbformat.read(path, as_version=4)
        notebook = fill_in(notebook) if arguments.filled else notebook
        notebook, problem = execute(path, notebook, **strict)
        if problem is None or not arguments.inplace:
            nbformat.write(notebook, folder / path.name)
        cells = sum(cell.cell_type == "code" for cell in notebook.cells)
        seconds = time.perf_counter() - start
        print(f"{path.stem:28} {cells:5} {seconds:8.1f}  {'failed' if problem else 'passed'}")
        failures += [f"\n{path.name}:\n{problem}"] if problem else []
    print("".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
