"""The answers in the documents of the exercises."""

from typing import NamedTuple

from charrnn_helpers import checks
from charrnn_helpers.commands import mistake


class Entry(NamedTuple):
    exercise: str
    kind: str  # Wrong or Right
    name: str  # of the mistake; of the style of a right one
    source: str

    def __str__(self):
        return f"{self.exercise}: {self.name}"


def entries(kind):
    """All answers of this kind, Wrong or Right."""
    found = []
    for exercise in checks.EXERCISES:
        for name, known in exercise.mistakes.items():
            found += [Entry(exercise.name, "Wrong", name, source) for source in known.answers]
        for other in exercise.document.others:
            of = "Right" if other.kind == "Right" else "Wrong"
            found.append(Entry(exercise.name, of, other.name, other.source))
    return [entry for entry in found if entry.kind == kind]


def define(exercise, source):
    """The answer that this source defines, as a cell of the notebook would."""
    return mistake.define(checks.BY_NAME[exercise], source)[0]
