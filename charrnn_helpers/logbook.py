"""The logbook: what was tried, passed, predicted, and guessed, one line of JSON for each event.

Events are only ever appended, and they are merged when they are read. So nothing is lost when
several kernels write at the same time, or when a kernel is killed while it writes.
"""

import json
import os
from pathlib import Path

import platformdirs

UNWRITTEN = []  # events that could not be written, kept by this kernel


def logbook_path():
    """Return the file that CHARRNN_PROGRESS names, or one in the user's data folder."""
    named = os.environ.get("CHARRNN_PROGRESS")
    if named:
        return Path(named).expanduser().absolute()
    return platformdirs.user_data_path("charrnn") / "progress.jsonl"


def write(**event):
    """Append an event to the logbook; return a notice, or "" if all went well."""
    UNWRITTEN.append(event)
    path = logbook_path()
    # A line may follow one that was cut when a kernel was killed, so it begins on a new line.
    lines = "".join(f"\n{json.dumps(event)}\n" for event in UNWRITTEN)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_kind(path)
        with path.open("ab", buffering=0) as file:
            file.write(lines.encode())
    except OSError as error:
        return (
            f"Your progress could not be saved ({error.strerror or error}), so it is kept only "
            "until this kernel ends. To save it, set the environment variable CHARRNN_PROGRESS to "
            "the path of a file that you can write to."
        )
    UNWRITTEN.clear()
    return ""


def check_kind(path):
    """Raise OSError if this is anything but a file: reading from a pipe could wait forever."""
    if path.exists() and not path.is_file():
        raise OSError(f"{str(path)!r} is not a file")


def read():
    """Return {exercise: "passed" or "tried"}, {question: its last event}, and a notice."""
    events, notice = _events()
    return *merged(events), notice


def guesses(game=None):
    """Return what was guessed in Shannon's game, a string of letters for each character found.

    The letters of a string are different, and the last one was right.  "" means that the player
    began again with another passage.  With a game, only what was guessed in it is returned.
    """
    found = []
    for event in events():
        name, letters = event.get("game"), event.get("guesses")
        whole = isinstance(name, str) and isinstance(letters, str)
        if whole and game in (None, name) and len(set(letters)) == len(letters) < 28:
            found.append(letters)
    return found


def events():
    """Return all events that can be read, in their order."""
    return _events()[0]


def _events():
    """Return all events that can be read, and a notice."""
    path, notice, events, damaged = logbook_path(), "", [], 0
    try:
        check_kind(path)
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    except OSError as error:
        lines, notice = [], f"Your progress could not be read: {error.strerror or error}."
    for line in filter(str.strip, lines):
        event = parsed(line)
        events += [] if event is None else [event]
        damaged += event is None
    if damaged:
        notice = f"Damaged lines that were skipped in the record of your progress: {damaged:,}."
    return [*events, *UNWRITTEN], notice


def parsed(line):
    """Return the event on a line, or None if it is damaged."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def merged(events):
    """Merge events; a pass stays, and so does a prediction whose outcome has been seen."""
    exercises, predictions = {}, {}
    for event in events:
        exercise, question = event.get("exercise"), event.get("prediction")
        if isinstance(exercise, str) and exercises.get(exercise) != "passed":
            exercises[exercise] = "passed" if event.get("status") == "passed" else "tried"
        seen = isinstance(question, str) and predictions.get(question, {}).get("seen")
        if isinstance(question, str) and "value" in event and not seen:
            predictions[question] = event
    return exercises, predictions
