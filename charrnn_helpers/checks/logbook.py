"""The logbook: what has been passed and predicted, in one small file, for all notebooks."""

import contextlib
import copy
import json
import os
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from charrnn_helpers.files import write_whole

FORMAT = 1
WAIT = 3.0  # seconds for another kernel to finish its entry
UNWRITTEN = {}  # {path: (logbook, notice)} while a path cannot be written: kept by the kernel


def logbook_path():
    """The file that CHARRNN_PROGRESS names, or one in the user's data folder."""
    named = os.environ.get("CHARRNN_PROGRESS")
    return Path(named) if named else platformdirs.user_data_path("charrnn") / "progress.json"


def empty():
    return {"format": FORMAT, "exercises": {}, "predictions": {}}


def read():
    """Return the logbook and a notice ("" if all is well).  A damaged one counts as empty."""
    path = logbook_path()
    if path in UNWRITTEN:
        return copy.deepcopy(UNWRITTEN[path])
    try:
        return load(path)
    except OSError as error:
        return empty(), unkept(error)


def load(path):
    """Read the file; return the logbook and a notice.  Raises OSError if it cannot be read."""
    try:
        return check(json.loads(path.read_text(encoding="utf-8"))), ""
    except FileNotFoundError:
        return empty(), ""
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or not a logbook
        return empty(), "The record of your progress was damaged; a new one has been begun."


def check(book):
    """Return the logbook if it is one; raise ValueError if not."""
    if not isinstance(book, dict) or book.get("format") != FORMAT:
        raise ValueError("not a logbook of this format")
    exercises, predictions = book.get("exercises"), book.get("predictions")
    if not isinstance(exercises, dict) or not isinstance(predictions, dict):
        raise ValueError("exercises or predictions are missing")
    if not all(status in ("passed", "tried") for status in exercises.values()):
        raise ValueError("an exercise has an unknown status")
    if not all(isinstance(made, dict) and "value" in made for made in predictions.values()):
        raise ValueError("a prediction has no value")
    return book


def update(change):
    """Read, let change(book) alter the logbook, write it; return (book, notice).

    One kernel at a time, and the file is replaced whole: nothing is lost, nothing half written.
    If it cannot be written, the notice says why and what to do.
    """
    path = logbook_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=WAIT):
            book, notice = load(path)
            if path in UNWRITTEN:
                book = copy.deepcopy(UNWRITTEN[path][0])
            if notice:
                with contextlib.suppress(OSError):  # kept for the curious, if it can be
                    path.replace(path.with_suffix(".damaged.json"))
            before = json.dumps(book)
            change(book)
            if json.dumps(book) != before or notice or path in UNWRITTEN:
                write_whole(path, json.dumps(book, indent=1).encode())
                UNWRITTEN.pop(path, None)
            return book, notice
    except (OSError, Timeout, NotImplementedError) as error:
        book, _ = read()
        change(book)
        UNWRITTEN[path] = (book, unkept(error))
        return UNWRITTEN[path]


def unkept(error):
    """The notice for a logbook that cannot be read or written."""
    reason = getattr(error, "strerror", None) or type(error).__name__
    return (
        f"Your progress could not be written down ({reason}), and is kept only as long as this "
        "notebook runs; let the environment variable CHARRNN_PROGRESS name a file that you may "
        "write."
    )


def note(name, status):
    """Write down that an exercise was tried or passed; a pass is never taken back."""

    def change(book):
        if book["exercises"].get(name) != "passed":
            book["exercises"][name] = status

    return update(change)[1]
