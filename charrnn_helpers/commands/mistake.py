"""Show what a check tells the writer of an answer, and what to add to the exercise's document.

FILE holds the answer as it stands in the notebook, and - means standard input.  The answer is
run, so read it first.
"""

import ast
import copy
import itertools
import linecache
import math
import sys
from collections import Counter, defaultdict

import torch
from torch import nn
from torch.nn import functional as F

from charrnn_helpers import data, model, sampling, training
from charrnn_helpers.book.formats import read_text
from charrnn_helpers.checks import BY_NAME
from charrnn_helpers.checks.document import as_diff
from charrnn_helpers.checks.verdict import NOT_TRIED, PASSED, Note, look_up

# What the notebooks have defined when they ask for an answer
NAMES = {"torch": torch, "nn": nn, "F": F, "math": math, "copy": copy}
NAMES |= {"Counter": Counter, "defaultdict": defaultdict}
for module in (data, model, training, sampling):
    own = vars(module).items()
    NAMES |= {name: v for name, v in own if getattr(v, "__module__", "") == module.__name__}
NUMBERS = itertools.count()
NEW = ("NAME THE MISTAKE", "Say in a sentence or two what is wrong and what to do.")


def add(parser):
    parser.add_argument("name", metavar="NAME", help="the exercise, such as rnn_step")
    parser.add_argument("file", metavar="FILE", help="a file with the answer, or -")


def run(arguments):
    exercise = look_up(arguments.name, BY_NAME, "exercise")
    if isinstance(exercise, Note):
        raise ValueError(f"{exercise.title}. {exercise.text}")
    source = sys.stdin.read() if arguments.file == "-" else read_text(arguments.file)
    answer, source = define(exercise, source, arguments.file)
    verdict = exercise.judge(answer)
    print(verdict)
    if verdict.status == NOT_TRIED:
        return 1
    print(f"\nFor charrnn_helpers/checks/exercises/{exercise.name}.md:\n")
    print(section(exercise, verdict, source))
    return 0


def define(exercise, source, file="the answer"):
    """Return the answer that this source defines, and the source without its calls of a check."""
    name = exercise.answer.__name__
    try:
        lines = source.splitlines()
        for statement in ast.parse(source).body:
            if isinstance(statement, ast.Expr):
                for k in range(statement.lineno - 1, statement.end_lineno):
                    lines[k] = ""
        source = "\n".join(lines).strip("\n") + "\n"
        namespace = dict(NAMES)
        file_name = f"<{exercise.name} {next(NUMBERS)}>"
        linecache.cache[file_name] = len(source), None, source.splitlines(keepends=True), file_name
        exec(compile(source, file_name, "exec"), namespace)
    except SyntaxError as error:
        raise ValueError(f"{file}, line {error.lineno}: {error.msg}; correct the code") from error
    except Exception as error:  # the code at hand can raise anything
        raise ValueError(f"{file} raises {type(error).__name__}: {error}; correct it") from error
    if name not in namespace:
        raise ValueError(f"{file} does not define {name}; paste the whole definition")
    return namespace[name], source


def section(exercise, verdict, source):
    """Return what the document lacks, as Markdown."""
    if verdict.status == PASSED:
        lines = ["## Right: IN WHICH STYLE"]
    elif verdict.mistake in exercise.mistakes:
        lines = [f"(in the section {verdict.mistake!r}, below the diff)"]
    elif exercise.mistakes.keys() >= set(verdict.mistake.split(" + ")):
        lines = [f"## Together: {verdict.mistake}"]
    else:
        diff = as_diff(exercise.source, source).rstrip("\n")
        lines = [f"## {NEW[0]}", NEW[1], "```diff", diff, "```"]
    return "\n".join([*lines, "```python", source.rstrip("\n"), "```"])
