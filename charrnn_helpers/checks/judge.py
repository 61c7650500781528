"""The exercise: a model answer, the cases to try an answer on, and a document of mistakes."""

import copy
import dis
import inspect
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import NamedTuple

import torch

from charrnn_helpers import logbook
from charrnn_helpers.checks import document
from charrnn_helpers.checks.diagnosis import (
    COURSE,
    changed_arguments,
    diagnose,
    evidence,
    right_calls,
)
from charrnn_helpers.checks.source import functions_of
from charrnn_helpers.checks.trial import SECONDS, Worker, attempt_all, call, restored
from charrnn_helpers.checks.values import Odd, brief, compare, settle
from charrnn_helpers.checks.verdict import (
    NOT_TRIED,
    PASSED,
    WRONG,
    Note,
    WrongAnswer,
    is_strict,
    verdict,
)


class Case(NamedTuple):
    """One call to try: the arguments in words, and a function that makes new copies of them."""

    show: str  # "(...)", as it stands behind the answer's name
    make: Callable


def case(*args):
    """Return a Case with these arguments, copied for each call."""
    shown = ", ".join(brief(settle(arg)) for arg in args)
    return Case(f"({shown})", partial(copy.deepcopy, args))


def draw(*shape, seed=0, scale=0.7):
    """Return random numbers with two decimals, so that they are easy to read."""
    generator = torch.Generator().manual_seed(seed)
    return (scale * torch.randn(*shape, generator=generator)).mul(100).round().div(100)


def drawn(seed, scale=0.7, **sizes):
    """Return a Case of random arguments, shown by their names and sizes."""
    shown = ", ".join(f"{name} {size}" for name, size in sizes.items())

    def make():
        return tuple(
            draw(*size, seed=k, scale=scale) for k, size in enumerate(sizes.values(), seed)
        )

    return Case(f"({shown})", make)


gradients = partial(torch.autograd.grad, allow_unused=True, materialize_grads=True)


def plain(answer, *args):
    """Call an answer, which is the usual way to drive it."""
    return answer(*args)


@dataclass(frozen=True, eq=False)
class Exercise:
    """A check: call it with an answer, and it returns a Verdict."""

    name: str
    notebook: int
    answer: Callable  # the model answer, a function or a class, named as in the notebook
    cases: tuple  # of Case, from small to large
    drive: Callable = plain  # drive(answer, *args) -> what is to be compared
    given: Callable | str = ""  # a hunt: the faulty code of the notebook, or the mistake in it
    arguments: int | None = None  # how many the answer takes; None: as in the cases
    told: bool = True  # a hunt: before the first attempt, what differs is told

    @cached_property
    def document(self):
        """The Document of the exercise, which is read when it is first needed."""
        return document.read(self.name)

    title = property(lambda self: self.document.title)
    tried = property(lambda self: self.document.tried, doc="What is tried, in words.")
    hints = property(lambda self: self.document.hints, doc="Three, from a nudge to nearly there.")
    mistakes = property(lambda self: self.document.mistakes, doc="{name: Mistake}")

    def __call__(self, answer=...):
        """Judge the answer and record the result; raise WrongAnswer only in strict mode."""
        found = self.judge(answer)
        notice = ""
        if found.status != NOT_TRIED:
            notice = logbook.write(exercise=self.name, status=found.status, diagnosis=found.mistake)
        if is_strict() and found.status != PASSED:
            raise WrongAnswer(repr(found))
        return replace(found, text=f"{found.text}\n{notice}") if notice else found

    def judge(self, answer, seconds=SECONDS):
        """Return the Verdict on the answer."""
        if isinstance(threading.current_thread(), Worker):
            return verdict(self.title, NOT_TRIED, "A check does not run inside an answer.")
        KEPT.clear()
        if answer is ...:
            return self._not_tried()
        if not callable(answer):
            text = (
                f"The check needs the function itself, but it was given {brief(settle(answer))}. "
                f"Leave out the parentheses: checks.{self.name}({self.answer.__name__})"
            )
            return verdict(self.title, WRONG, text, "not a function")
        trial = attempt_all(answer, self.cases, self.drive, seconds)
        if trial.trouble:
            text = TROUBLES[trial.trouble].format(seconds=seconds)
            lines = {"call": self.shown(len(trial.outcomes))}
            return verdict(self.title, WRONG, text, trial.trouble, lines, trial.printed)
        if any(map(has_dots, trial.outcomes)):
            return self._not_tried()
        with restored():
            return self._judge(answer, trial)

    def _judge(self, answer, trial):
        outcomes, printed = trial.outcomes, trial.printed
        wrong = [i for i, outcome in enumerate(outcomes) if self.difference(outcome, i)]
        if wrong and self.given and same_code(answer, self.given_code):
            text = f"This is still the code that you were given. {self.first_hint}"
            lines = evidence(self, outcomes[wrong[0]], wrong[0]) if self.told else {}
            return verdict(self.title, NOT_TRIED, text, "", lines)
        if wrong:
            found = diagnose(self, answer, outcomes)
            lines = evidence(self, outcomes[found.case], found.case)
            if not found.change and found.mistake not in self.mistakes:
                lines |= right_calls(self, outcomes)
            if found.change:
                lines = {f"line {found.change.number}": found.change.line} | lines
            text = found.text + keep_error(error_of(outcomes[found.case]))
            return verdict(self.title, WRONG, text, found.mistake, lines, printed)
        changed = next((i for i, outcome in enumerate(outcomes) if outcome.changed), None)
        if changed is not None:
            text = CHANGED.format(names=changed_arguments(self, outcomes))
            lines = {"call": self.shown(changed)}
            return verdict(self.title, WRONG, text, "input changed", lines, printed)
        return verdict(self.title, PASSED, f"Tried: {self.tried}.", printed=printed)

    @property
    def first_hint(self):
        return f'For a hint, run checks.hint("{self.name}")'

    def _not_tried(self):
        return verdict(self.title, NOT_TRIED, self.first_hint)

    def shown(self, i):
        """Return the call of case i, as the reader would write it."""
        return f"{self.answer.__name__}{self.cases[i].show}"

    @property
    def given_code(self):
        """The faulty code that the notebook gives."""
        return self.patched((self.given,)) if isinstance(self.given, str) else self.given

    @cached_property
    def wanted(self):
        """The Outcome of the model answer in each case."""
        with torch.enable_grad():
            return [call(self.answer, case, self.drive) for case in self.cases]

    @property
    def result(self):
        """What is compared, in words: the result, or parts with names."""
        value = self.wanted[0].value
        named = [f"`{part}`" for part in value] if isinstance(value, dict) else []
        return " and ".join(named) if 0 < len(named) < 3 else "the result"

    def difference(self, outcome, i):
        """Return what is not as expected in case i, or None."""
        return outcome.error or compare(outcome.value, self.wanted[i].value)

    def wrong_parts(self, outcomes):
        """Return the names of the parts that are not as expected in some case."""
        both = [(o.value, want.value) for o, want in zip(outcomes, self.wanted, strict=True)]
        return {k for got, want in both for k in want if k in got and compare(got[k], want[k])}

    @cache  # noqa: B019 - an exercise lives as long as the program
    def outcome(self, names, i):
        """Return the Outcome of the model answer with these mistakes in case i, or None.

        None means that there is no such answer, because the mistakes exclude each other.
        """
        answer = self.patched(names)
        with torch.enable_grad():
            return answer and call(answer, self.cases[i], self.drive, look_at_input=False)

    @cache  # noqa: B019
    def patched(self, names):
        """Return the model answer with these mistakes in it, or None if they exclude each other."""
        source = document.patched(self.source, [self.mistakes[name] for name in names])
        return self.build(source) if source else None

    def build(self, source):
        """Return what this source defines when it is run with the model answer's global names."""
        namespace = dict(functions_of(self.answer)[0].__globals__)
        try:
            exec(compile(source, f"<mistakes of {self.name}>", "exec"), namespace)
        except SyntaxError:
            return None
        return namespace[self.answer.__name__]

    @cached_property
    def source(self):
        """The model answer's source, ready to be pasted."""
        return inspect.getsource(self.answer)


TROUBLES = {
    "exit": "Your code ended the program instead of returning a result.",
    "time": "Your code did not return within {seconds:g} seconds, so it was stopped.",
    "cannot be stopped": "Your code did not return within {seconds:g} seconds, and it cannot be "
    "stopped during a single long call. If the notebook stays slow, restart the kernel.",
    "memory": "Your code asked for far more memory than the task needs, so it was stopped.",
    "interrupted": "You interrupted the check, so the exercise does not count as passed.",
}
CHANGED = (
    "The result is right, but your code changes {names}, which the caller may still need. "
    "Work on a copy, or use operations that return something new."
)

KEPT = []  # the error that the last check reported, and its traceback, if it reported one


def error_of(outcome):
    """Return the error that an answer raised, as a whole or in one of its parts; None without."""
    parts = outcome.value.values() if isinstance(outcome.value, dict) else [outcome.value]
    raised = [part.error for part in parts if isinstance(part, Odd)]
    return outcome.error or next(filter(None, raised), None)


def keep_error(error):
    """Keep the error for last_error(), and return a sentence that says so; "" without an error."""
    if error is None:
        return ""
    KEPT[:] = [error, without_course(error.__traceback__)]
    return " checks.last_error() shows the error with its traceback."


def without_course(frames):
    """Return a traceback without the course's own frames at its top; the last one always stays."""
    while frames.tb_next and Path(frames.tb_frame.f_code.co_filename).is_relative_to(COURSE):
        frames = frames.tb_next
    return frames


def last_error():
    """Raise again the error of your code that the last check reported, with its own traceback.

    After that, %debug leads to the line of your code.  Return a Note if the check kept no error.
    """
    if not KEPT:
        return Note("No error", "The last check kept no error that your code raised.")
    raise KEPT[0].with_traceback(KEPT[1])


def has_dots(outcome):
    """Tell whether there is still a `...` in the answer."""
    if outcome.error is not None:
        stub = isinstance(outcome.error, NotImplementedError) and not str(outcome.error)
        return stub or "ellipsis" in str(outcome.error).lower()
    return holds_dots(outcome.value)


def holds_dots(value):
    """Tell whether a settled value is, or holds, a `...`."""
    if isinstance(value, dict):
        value = list(value.values())
    return any(map(holds_dots, value)) if isinstance(value, list) else value is ...


def same_code(answer, given):
    """Tell whether two functions, or the methods of two classes, take the same steps."""
    own, theirs = ([steps(f.__code__) for f in functions_of(each)] for each in (answer, given))
    return own == theirs


def steps(code):
    """Return what a code object loads, stores, and computes, in order."""
    found = []
    for step in dis.get_instructions(code):
        if inspect.iscode(step.argval):
            found.append(steps(step.argval))
        elif step.opname.startswith(("LOAD", "STORE", "BINARY", "COMPARE", "UNARY")):
            found.append(step.argval)
    return found
