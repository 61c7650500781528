"""Copy the notebooks and their glossary into a folder, and open JupyterLab there.

A notebook that you have changed is never overwritten: if there is a newer edition of it, that is
put beside yours.  Running the command again brings back what is missing.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from charrnn_helpers.atomic import write_whole
from charrnn_helpers.lesson import notebooks

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


def copy_notebooks(folder, ours):
    """Copy notebooks {name: bytes} into the folder; return {name: what was done}."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        laid = dict(json.loads((folder / LAID).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # without these notes, nothing is overwritten
        laid = {}
    done = {}
    for name, content in ours.items():
        path, new = folder / name, digest(content)
        there = digest(path.read_bytes()) if path.exists() else None
        if there == new:
            done[name] = "there already"
        elif there is None or there == laid.get(name):  # it is as an earlier edition left it
            write_whole(path, content)
            done[name] = "copied" if there is None else "replaced by a newer edition"
        else:
            done[name] = "you changed it, so it was left alone"
            if laid.get(name) != new:
                beside = path.with_name(f"{path.stem} (edition {new[:6]}){path.suffix}")
                if not beside.exists():
                    write_whole(beside, content)
                done[name] += f"; the newer edition is {beside.name!r}"
            continue  # what was laid stays what the changed one came from
        laid[name] = new
    write_whole(folder / LAID, json.dumps(laid, indent=1).encode())
    return done


def digest(content):
    return hashlib.sha256(content).hexdigest()
