"""Read the logbooks of a class: files that may be damaged, hostile, or written at this moment."""

from collections import Counter
from typing import NamedTuple

from charrnn_helpers.checks import BY_NAME
from charrnn_helpers.checks.predictions import QUESTIONS
from charrnn_helpers.commands.handin import LONGEST, is_identity
from charrnn_helpers.logbook import merged, parsed

MOST_BYTES = 10_000_000  # of one logbook; a diligent learner writes less than a hundredth of it


class Learner(NamedTuple):
    """What a logbook tells."""

    name: str
    exercises: dict  # {exercise: (passed, {diagnosis: tries})}
    predictions: dict  # {question: its event}
    notebook: int  # of the last exercise or question; 0 before the first
    mistake: tuple | None  # (exercise, diagnosis) of the last try, unless it passed


def found(paths):
    """Return the paths, with the logbooks of a folder in its place."""
    lists = (sorted(p.glob("*.jsonl")) if p.is_dir() else [p] for p in paths)
    return [path for paths in lists for path in paths]


def read_all(paths):
    """Return the learners, and what is to be said of each file that is left out."""
    learners, refused = [], []
    for path in paths:
        try:
            learners.append(read_logbook(path))
        except (OSError, ValueError) as error:
            refused.append(printable(str(error), 200))
    return learners, refused


def read_logbook(path):
    """Return the learner of a logbook; refuse a file that is none."""
    if path.exists() and not path.is_file():  # reading from a pipe could wait forever
        raise ValueError(f"{path.name!r} is not a file")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path.name!r} is larger than {MOST_BYTES:,} bytes")
    lines = filter(str.strip, path.read_text("utf-8", "replace").splitlines())
    events = list(map(parsed, lines))
    if events and all(event is None for event in events):
        raise ValueError(f"{path.name!r} is not a logbook: no line of it is a JSON object")
    learner = Learner(printable(path.stem, LONGEST), {}, {}, 0, None)
    for event in filter(None, events):
        learner = after(learner, event)
    return learner


def after(learner, event):
    """Return the learner after one more event, which may be anything."""
    exercise, question = event.get("exercise"), event.get("prediction")
    if is_identity(event):
        return learner._replace(name=event["learner"])
    if isinstance(exercise, str) and exercise in BY_NAME:
        passed, tries = learner.exercises.get(exercise, (False, Counter()))
        done, mistake = event.get("status") == "passed", None
        if not done:
            mistake = printable(str(event.get("diagnosis", "")), 80)
            tries[mistake] += 1
        learner.exercises[exercise] = passed or done, tries
        mistake = None if done else (exercise, mistake)
        return learner._replace(notebook=BY_NAME[exercise].notebook, mistake=mistake)
    if isinstance(question, str) and question in QUESTIONS:
        learner.predictions.update(merged([*learner.predictions.values(), event])[1])
        return learner._replace(notebook=QUESTIONS[question].notebook)
    return learner


def printable(text, length):
    return text[:length] if text[:length].isprintable() else "unreadable"
