"""Copy the notebooks into a folder, and open JupyterLab there.

A notebook that you have changed is never overwritten: if there is a newer edition of it, that is
put beside yours.  Running the command again brings back what is missing.  Import-only.
"""

import hashlib
import json
import subprocess
import sys
from importlib import resources
from pathlib import Path

import charrnn_helpers
from charrnn_helpers.atomic import write_whole

LAID = ".charrnn.json"  # in the folder: {name: SHA-256 of the notebook as it was copied}


def add(parser):
    parser.add_argument("folder", type=Path, metavar="DIR", help="a new folder, or an earlier one")
    parser.add_argument("--copy-only", action="store_true", help="do not open JupyterLab")


def run(arguments):
    folder = arguments.folder.expanduser().absolute()
    for name, what in copy_notebooks(folder, notebooks()).items():
        print(f"{name}: {what}")
    if arguments.copy_only:
        return 0
    command = [sys.executable, "-m", "jupyterlab", str(min(folder.glob("01_*.ipynb")))]
    return subprocess.run(command, cwd=folder).returncode


def notebooks():
    """Return the course's notebooks {name: bytes}, from the wheel or beside the package."""
    inside = resources.files(charrnn_helpers) / "notebooks"
    folder = inside if inside.is_dir() else Path(charrnn_helpers.__file__).parents[1] / "notebooks"
    found = {f.name: f.read_bytes() for f in folder.iterdir() if f.name.endswith(".ipynb")}
    if not found:
        raise FileNotFoundError(f"{str(folder)!r} holds no notebooks; install the course again")
    return dict(sorted(found.items()))


def copy_notebooks(folder, ours):
    """Copy notebooks {name: bytes} into the folder; return {name: what was done}."""
    folder.mkdir(parents=True, exist_ok=True)
    laid, done = read_laid(folder), {}
    for name, content in ours.items():
        path, new = folder / name, digest(content)
        there = digest(path.read_bytes()) if path.exists() else None
        if there == new:
            done[name] = "there already"
        elif there is None or there == laid.get(name):  # it is as an earlier edition left it
            write_whole(path, content)
            done[name] = "copied" if there is None else "replaced by a newer edition"
        else:
            done[name] = put_beside(path, content, laid.get(name) == new)
            continue  # what was laid stays what the changed one came from
        laid[name] = new
    write_whole(folder / LAID, json.dumps(laid, indent=1).encode())
    return done


def put_beside(path, content, same_edition):
    """Put a newer edition beside a notebook that was changed; return what was done."""
    if same_edition:
        return "you changed it, so it was left alone"
    beside = path.with_name(f"{path.stem} (edition {digest(content)[:6]}).ipynb")
    if not beside.exists():
        write_whole(beside, content)
    return f"you changed it, so it was left alone; the newer edition is {beside.name!r}"


def digest(content):
    return hashlib.sha256(content).hexdigest()


def read_laid(folder):
    """Return what an earlier run wrote down; {} if it cannot be read, so that nothing is lost."""
    try:
        laid = json.loads((folder / LAID).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return laid if isinstance(laid, dict) else {}
