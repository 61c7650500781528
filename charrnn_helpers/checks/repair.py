"""The repair: one small change of a learner's own code that makes it right, if there is one.

Each candidate runs on all cases, so what is said of it is true however the code is written.
"""

import ast
import re
from inspect import isfunction, unwrap
from typing import NamedTuple

from charrnn_helpers.checks.candidates import PIECE, candidates
from charrnn_helpers.checks.source import source_of
from charrnn_helpers.checks.trial import first

MOST = 150  # candidates; of 140 that were found to be right, the latest was the 130th
SECONDS = 0.2  # of computing for one candidate
KINDS = {  # from the likeliest to the least likely: the change in words
    "nothing returned": "return {word} after it",
    "a line too many": "leave out {piece}",
    "order of lines": "exchange this line and the next one",
    "indented too far": "indent this line less",
    "not indented": "this line belongs in the block above it",
    "result not kept": "keep its result, which is lost now",
    "added": "replace the old value, instead of adding to it",
    "replaced": "add to the old value, instead of replacing it",
    "changed in place": "make a new value, instead of changing the old one in place",
    "too much": "leave out {word}",
    "off by one": "{piece} is off by one",
    "parentheses": "other parentheses in {piece}",
    "another operator": "another operator in {piece}",
    "sides exchanged": "exchange the two sides of {piece}",
    "items exchanged": "exchange two items of {piece}",
    "another value": "another value in place of {piece}",
    "order of functions": "apply the functions in {piece} in another order",
    "another function": "another function in place of {word}",
    "another variable": "another variable in place of {piece}",
    "something missing": "add {word} to {piece}",
}
GUESSES = list(KINDS)[list(KINDS).index("another value") :]  # which may fit by accident
BLOCKS = {"a line too many": " with its block", "order of lines": " after its block"}
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


class Repair(NamedTuple):
    """A change: its kind, the word and the piece of code that it concerns, and the line."""

    kind: str
    word: str
    piece: str
    number: int
    line: str
    column: int = 0  # of the piece in the line

    @property
    def is_telling(self):
        """Tell whether the change is more likely to be the reason than two known mistakes."""
        return self.kind not in GUESSES

    @property
    def text(self):
        """What a learner is told."""
        piece, word = self.placed(self.piece), f"`{self.word.replace(PIECE, self.piece)}`"
        if not self.word:
            word = piece
        elif (
            PIECE not in self.word
            and self.kind in ("too much", "another function")
            and self.line.count(self.word) > 1
        ):
            word = f"{word} in {piece}"
        said = KINDS[self.kind].format(word=word, piece=piece)
        if self.piece.endswith(":"):
            said += BLOCKS.get(self.kind, "")
        return f"One change in line {self.number} would make it right: {said}."

    def placed(self, piece):
        """Return the piece as code, and which one it is if the line holds several."""
        alone = rf"(?<![\w.]){re.escape(piece)}(?![\w.])"
        places = [match.start() for match in re.finditer(alone, self.line)]
        if len(places) < 2 or self.column not in places:
            return f"`{piece}`"
        return f"the {ORDINALS[min(places.index(self.column), 7)]} `{piece}`"


def repair(answer, is_right):
    """Return a Repair of the answer, or None; is_right(candidate) tells whether one passes."""
    answer = unwrap(answer) if isfunction(answer) else answer
    source, definitions, names = source_of(answer)
    functions = [n for d in definitions for n in ast.walk(d) if isinstance(n, ast.FunctionDef)]
    found = sorted(candidates(functions, names), key=likelihood)

    def mends(change):
        candidate = changed(definitions, change, names, answer.__name__)
        return candidate is not None and is_right(candidate)

    change = first(found[:MOST], mends, SECONDS)
    if change is None:
        return None
    piece = ast.get_source_segment(source, change.about).splitlines()[0]
    line = source.splitlines()[change.about.lineno - 1]
    column = change.about.col_offset - (len(line) - len(line.lstrip()))
    return Repair(change.kind, change.word, piece, change.about.lineno, line.strip(), column)


def likelihood(change):
    """Return what changes are sorted by: the kind, then statements before their parts.

    If something is missing, it is most often in the last lines.
    """
    last = -change.about.lineno if change.kind == "something missing" else 0
    return list(KINDS).index(change.kind), last, not isinstance(change.about, ast.stmt)


def changed(definitions, change, names, name):
    """Return the answer with the change in it, or None if that is not Python."""
    old = getattr(change.parent, change.field)
    setattr(change.parent, change.field, change.new)
    try:
        tree = ast.fix_missing_locations(ast.Module(definitions, []))
        namespace = dict(names)
        exec(compile(tree, "<repair>", "exec"), namespace)
        return namespace[name]
    except (SyntaxError, TypeError, ValueError):
        return None
    finally:
        setattr(change.parent, change.field, old)
