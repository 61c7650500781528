"""The repair: one small change of a learner's own code that makes it right, if there is one.

Each candidate runs on all cases, so what is said of it is true however the code is written.
"""

import ast
import linecache
from inspect import isfunction, unwrap
from typing import NamedTuple

from charrnn_helpers.checks.candidates import candidates
from charrnn_helpers.checks.trial import first

MOST = 250  # candidates; an answer of six lines has about two hundred
SECONDS = 0.2  # of computing for one candidate
DEFINITIONS = (ast.FunctionDef, ast.ClassDef)
KINDS = {  # from the likeliest to the least likely: what is said of a line, and of a piece of it
    "nothing returned": "`{}` should be returned after it",
    "a line too many": "leave out `{}`",
    "order of lines": "this line and the next one are in the wrong order",
    "indented too far": "it is indented too far",
    "not indented": "it belongs in the block above it",
    "result not kept": "it computes something, but the result is not kept",
    "replaced or added": "should it replace the old value, add to it, or change it in place?",
    "too much": "`{}` is too much",
    "off by one": "`{}` is off by one",
    "parentheses": "the parentheses of `{}` are in the wrong place",
    "another operator": "`{}` needs another operator",
    "sides exchanged": "the two sides of `{}` are exchanged",
    "another comparison": "`{}` needs another comparison",
    "arguments exchanged": "two items of `{}` are exchanged",
    "another setting": "`{}` should be something else",
    "order of functions": "the functions in `{}` are applied in the wrong order",
    "another function": "`{}` is not the function that is needed",
    "another variable": "`{}` is not the variable that is needed",
    "something missing": "`{}` is missing at `{piece}`",
}


class Repair(NamedTuple):
    """A change: its kind, the word and the piece of code that it concerns, and the line."""

    kind: str
    word: str
    piece: str
    number: int
    line: str

    @property
    def text(self):
        """What a learner is told."""
        said = KINDS[self.kind].format(self.word or self.piece, piece=self.piece)
        if self.kind == "a line too many" and self.piece.endswith(":"):
            said += " with its block"
        text = f"One change in line {self.number} would make it right: {said}"
        return text if text.endswith("?") else f"{text}."


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
    number = change.about.lineno
    line = source.splitlines()[number - 1].strip()
    return Repair(change.kind, change.word, piece, number, line)


def likelihood(change):
    """Return what changes are sorted by: the kind, then statements before their parts.

    If something is missing, it is most often in the last lines.
    """
    last = -change.about.lineno if change.kind == "something missing" else 0
    return list(KINDS).index(change.kind), last, not isinstance(change.about, ast.stmt)


def functions_of(answer):
    """Return the functions that an answer consists of: itself, or the methods of a class."""
    if isinstance(answer, type):
        return [method for method in vars(answer).values() if isfunction(method)]
    return [unwrap(answer)] if isfunction(answer) else []


def source_of(answer):
    """Return the source of the cell, the definitions in it that the answer needs, and its names.

    There are no definitions if the source cannot be found, or cannot be run alone.
    """
    functions = functions_of(answer)
    if not functions or any(set(f.__code__.co_freevars) - {"__class__"} for f in functions):
        return "", [], {}
    source = "".join(linecache.getlines(functions[0].__code__.co_filename))
    try:
        module = ast.parse(source)
    except SyntaxError:  # a magic command of the notebook, say
        return "", [], {}
    known = {node.name: node for node in module.body if isinstance(node, DEFINITIONS)}
    own = known.get(answer.__name__)
    first_line = functions[0].__code__.co_firstlineno  # that of a decorator, if there is one
    if not own or not first_line_of(own) <= first_line <= own.end_lineno:
        return "", [], {}
    return source, needed(own, known), functions[0].__globals__


def first_line_of(node):
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def needed(definition, known):
    """Return the definition and those of the known ones that it calls, the callers last."""
    found, left = [], [definition]
    while left:
        node = left.pop()
        if node not in found:
            found.append(node)
            used = (n.id for n in ast.walk(node) if isinstance(n, ast.Name))
            left += [known[name] for name in used if name in known]
    return found[::-1]


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
