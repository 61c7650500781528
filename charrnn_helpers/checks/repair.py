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

MOST = 150  # candidates; of 180 that were found to be right, the latest was the 125th
SECONDS = 0.2  # of computing for one candidate
KINDS = {  # from the likeliest to the least likely: the change in words
    "nothing returned": "return {word} after it",
    "a line too many": "leave out {piece}",
    "order of lines": "exchange this line and the next one",
    "too much": "leave out {word}",
    "off by one": "{piece} is off by one",
    "parentheses": "other parentheses in {piece}",
    "another operator": "another operator in {piece}",
    "sides exchanged": "exchange the two sides of {piece}",
    "items exchanged": "exchange two items of {piece}",
    "another value": "another value in place of {piece}",
    "another function": "another function in place of {word}",
    "another variable": "another variable in place of {piece}",
}
GUESSES = list(KINDS)[list(KINDS).index("another value") :]  # which may fit by accident
BLOCKS = {  # what is said of a line that begins a block, or that stands before one
    "a line too many": "leave out {piece} with its block",
    "order of lines": "move this line and its block below the line that follows the block",
    "order of a block": "move this line below the block that follows it",
    "order of blocks": "exchange this block and the next one",
}
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


class Repair(NamedTuple):
    """A change: its kind, what a learner is told, and the line."""

    kind: str
    text: str
    number: int
    line: str

    @property
    def is_telling(self):
        """Tell whether the change is more likely to be the reason than two known mistakes."""
        return self.kind not in GUESSES


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
    return change and described(change, source)


def described(change, source):
    """Return the Repair that a change of this source is."""
    number = change.about.lineno
    line = source.splitlines()[number - 1]
    code = ast.get_source_segment(source, change.about).splitlines()[0]
    places = [m.start() for m in re.finditer(rf"(?<![\w.]){re.escape(code)}(?![\w.])", line)]
    piece = f"`{code}`"
    if len(places) > 1 and change.about.col_offset in places:
        piece = f"the {ORDINALS[min(places.index(change.about.col_offset), 7)]} {piece}"
    inside = f"({code})" if in_parentheses(change.about, line) else code
    word = f"`{change.word.replace(PIECE, inside)}`" if change.word else piece
    said = (BLOCKS.get(kind_of_block(change)) or KINDS[change.kind]).format(word=word, piece=piece)
    if keeps_the_first(change):
        said += f", and keep `{ast.unparse(change.about.args[0])}` alone"
    text = f"One change in line {number} would make it right: {said}."
    return Repair(change.kind, text, number, line.strip())


def in_parentheses(node, line):
    """Tell whether an operand has parentheses of its own in its line."""
    start, stop = node.col_offset, node.end_col_offset
    return isinstance(node, ast.BinOp) and line[start - 1 : start] + line[stop : stop + 1] == "()"


def keeps_the_first(change):
    """Tell whether a call of several arguments gives way to the first of them."""
    call = change.kind == "too much" and isinstance(change.about, ast.Call) and change.about
    new = change.new if isinstance(change.new, list) else [change.new]
    return bool(call and call.args[1:] and any(item is call.args[0] for item in new))


def kind_of_block(change):
    """Return the key in BLOCKS of a change that concerns a block, or "" if it concerns none."""
    block = hasattr(change.about, "body")
    if change.kind != "order of lines":
        return change.kind if block else ""
    after = change.new[change.new.index(change.about) - 1]  # it is the other way around in `new`
    if hasattr(after, "body"):
        return "order of blocks" if block else "order of a block"
    return change.kind if block else ""


def likelihood(change):
    """Return what changes are sorted by: the kind, then statements before their parts."""
    return list(KINDS).index(change.kind), not isinstance(change.about, ast.stmt)


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
