"""The logbook: what has been passed and predicted, in one small file, for all notebooks."""

import contextlib
import json
import os
import tempfile
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

FORMAT = 1
WAIT = 3.0  # seconds for another kernel to finish its entry
EMPTY = {"format": FORMAT, "exercises": {}, "predictions": {}}


def logbook_path():
    """The file that CHARRNN_PROGRESS names, or one in the user's data folder."""
    named = os.environ.get("CHARRNN_PROGRESS")
    return Path(named) if named else platformdirs.user_data_path("charrnn") / "progress.json"


def read():
    """Return the logbook and a notice ("" if all is well).  A damaged one counts as empty."""
    try:
        return check(json.loads(logbook_path().read_text(encoding="utf-8"))), ""
    except FileNotFoundError:
        return json.loads(json.dumps(EMPTY)), ""
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or not a logbook
        return json.loads(
            json.dumps(EMPTY)
        ), "The record of your progress was damaged; a new one has been begun."
    except OSError as error:
        return json.loads(json.dumps(EMPTY)), unkept(error)


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
            book, notice = read()
            if notice:
                with contextlib.suppress(OSError):  # kept for the curious, if it can be
                    path.replace(path.with_suffix(".damaged.json"))
            before = json.dumps(book)
            change(book)
            if json.dumps(book) != before or notice:
                write(path, book)
            return book, notice
    except (OSError, Timeout, NotImplementedError) as error:
        book, _ = read()
        change(book)
        return book, unkept(error)


def write(path, book):
    """Write the logbook whole or not at all."""
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(book, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def unkept(error):
    """The notice for a logbook that cannot be read or written."""
    reason = (
        error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    )
    return (
        f"Your progress could not be kept ({reason}); "
        "let the environment variable CHARRNN_PROGRESS name a file that you may write."
    )


def note(name, status):
    """Write down that an exercise was tried or passed; a pass is never taken back."""

    def change(book):
        if book["exercises"].get(name) != "passed":
            book["exercises"][name] = status

    return update(change)[1]
