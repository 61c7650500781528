"""Execute every notebook of the course and print a table; exit 1 if one fails.

python -m tests.course build        executed copies in build/
python -m tests.course --inplace    the notebooks themselves
"""

import argparse
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS_A_CELL = 300
WIDGET = "application/vnd.jupyter.widget-view+json"


def execute(path):
    """Execute a notebook; return it, with its outputs, and what went wrong (None: nothing)."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
        extra_arguments=["--IPKernelApp.log_level=40"],  # errors only
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return notebook, str(error)
    notebook.metadata.get("language_info", {}).pop("version", None)  # no needless difference
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)  # a widget is nothing without its kernel
    return notebook, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default="build")
    parser.add_argument("--inplace", action="store_true")
    arguments = parser.parse_args()
    folder = ROOT / ("notebooks" if arguments.inplace else arguments.folder)
    folder.mkdir(exist_ok=True)
    failures = []
    print(f"{'notebook':28} {'cells':>5} {'seconds':>8}  result")
    for path in NOTEBOOKS:
        start = time.perf_counter()
        notebook, problem = execute(path)
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
