"""The exercise: what to try an answer on, what should come out, and which slips are known.

A diagnosis comes from what an answer does.  Each exercise has an imitation, a model answer into
which slips can be built; the check looks for the slip, or the two, with which the imitation does
on all cases what the answer did.  Failing that it looks for properties that are violated, then
for a simple relation between what came out and what should have, and at last names the first
difference.
"""

import copy
import inspect
import itertools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import NamedTuple

import torch

from charrnn_helpers.checks import logbook
from charrnn_helpers.checks.comparing import (
    Failure,
    as_tensor,
    brief,
    compare,
    error_text,
    relation,
    settle,
    where_they_differ,
)
from charrnn_helpers.checks.errors import meaning, own_line, wrong_arguments
from charrnn_helpers.checks.running import SECONDS, is_memory_error, run
from charrnn_helpers.checks.verdict import (
    NOT_TRIED,
    PASSED,
    WRONG,
    WrongAnswer,
    is_strict,
    verdict,
)

PATIENCE = 0.4  # seconds for the search among all pairs of slips


class Case(NamedTuple):
    """One call to try: the arguments in words, and a function that makes them anew."""

    show: str  # "(...)", what stands behind the answer's name
    make: Callable


def case(*args):
    """A Case with these arguments, copied for each call."""
    shown = ", ".join(brief(settle(arg)) for arg in args)
    return Case(f"({shown})", partial(copy.deepcopy, args))


def draw(*shape, seed=0, scale=0.7):
    """Random numbers with two decimals, so that they can be read."""
    generator = torch.Generator().manual_seed(seed)
    return (scale * torch.randn(*shape, generator=generator)).mul(100).round().div(100)


def by_slip(table, slips, default):
    """What the first of the slips that stands in the table {slip: value} stands for."""
    return next((value for slip, value in table.items() if slip in slips), default)


class Outcome(NamedTuple):
    """What an answer did in one case: a settled value, or an error; and did its input stay?"""

    value: object
    error: Exception | None
    kept: bool


def call(answer, *args):
    """The usual way to try an answer: call it."""
    return answer(*args)


@dataclass(frozen=True, eq=False)
class Exercise:
    """A check: call it with an answer, and it returns a Verdict."""

    name: str
    notebook: int
    title: str
    answer_name: str  # what the notebook calls the reader's function
    tried: str  # what is tried, in words, for those who passed
    cases: tuple  # of Case, from small to large
    solution: object  # the model answer, a function or a class
    imitate: Callable  # imitate(slips) -> an answer with these slips in it
    slips: dict  # {name: what to say of it}
    hints: tuple  # three, from a nudge to nearly there
    drive: Callable = call  # drive(answer, *args) -> what is to be compared
    symptoms: dict = field(default_factory=dict)  # {name: f(got, want, *args) -> text or None}
    errors: dict = field(default_factory=dict)  # {name: (part of an error's text, what to say)}
    broken: frozenset = frozenset()  # a hunt: the slips in the code that the notebook gives
    parameters: int | None = None  # how many arguments the answer takes; None: as in the cases

    def __call__(self, answer=...):
        """Judge the answer and write the result down; never raises, but in strict mode."""
        found = self.judge(answer)
        notice = ""
        if found.status != NOT_TRIED:
            notice = logbook.write(exercise=self.name, status=found.status, diagnosis=found.mistake)
        if is_strict() and found.status != PASSED:
            raise WrongAnswer(repr(found))
        return replace(found, text=f"{found.text}\n{notice}") if notice else found

    def judge(self, answer, seconds=SECONDS):
        """The Verdict on the answer."""
        try:
            return self._judge(answer, seconds)
        except Exception as error:
            return self._wrong("unexpected", UNEXPECTED.format(error=error_text(error)))

    def _judge(self, answer, seconds):
        if answer is ...:
            return self._not_tried()
        if not callable(answer):
            return self._wrong("not a function", self._not_a_function(answer))
        done = run(partial(self._try_all, answer), namespace_of(answer), seconds)
        printed = printed_text(done)
        if done.trouble:
            text = TROUBLES[done.trouble].format(seconds=seconds)
            return self._wrong(done.trouble, text, printed=printed)
        outcomes = done.value
        if any(map(unfinished, outcomes)):
            return self._not_tried()
        if self.broken and self._matches(outcomes, self.broken):
            return self._still_broken(outcomes)
        if done.replaced:
            names = ", ".join(sorted(done.replaced))
            return self._wrong("global", GLOBAL.format(names=names), printed=printed)
        failing = self._failing(outcomes)
        if failing:
            mistake, text = self._diagnose(answer, outcomes, failing)
            evidence = self._evidence(outcomes, failing[0])
            return self._wrong(mistake, text, printed=printed, **evidence)
        changed = [i for i, outcome in enumerate(outcomes) if not outcome.kept]
        if changed:
            shown = self._shown(changed[0])
            return self._wrong("input changed", CHANGED, printed=printed, **{"try": shown})
        return verdict(self.title, PASSED, f"Tried: {self.tried}.", printed=printed)

    def _try_all(self, answer):
        return [self._try(answer, case) for case in self.cases]

    def _try(self, answer, case):
        args, fresh = case.make(), case.make()
        try:
            value = settle(self.drive(answer, *args))
        except Exception as error:
            return Outcome(None, error, True)
        kept = identical(settle(list(args)), settle(list(fresh)))
        return Outcome(value, None, kept)

    @cached_property
    def wanted(self):
        """What should come out, case by case."""
        return [settle(self.drive(self.imitate(frozenset()), *c.make())) for c in self.cases]

    @cached_property
    def _imitations(self):
        return {}

    def imitation(self, slips, i):
        """What an answer with these slips does in case i."""
        if (slips, i) not in self._imitations:
            self._imitations[slips, i] = self._try(self.imitate(slips), self.cases[i])
        return self._imitations[slips, i]

    def _difference(self, i, outcome):
        return compare(outcome.value, self.wanted[i])

    def _failing(self, outcomes):
        return [i for i, o in enumerate(outcomes) if o.error or self._difference(i, o)]

    def _matches(self, outcomes, slips):
        return all(same(o, self.imitation(slips, i)) for i, o in enumerate(outcomes))

    def _diagnose(self, answer, outcomes, failing):
        """Name and sentences for what is wrong."""
        if all(outcome.error for outcome in outcomes):
            return self._raised(answer, outcomes[0].error)
        found, shown = self._known(outcomes, failing)
        if found:
            failing[:] = [shown]  # what is shown shall be what is spoken of
            return " + ".join(found), " ".join(self.slips[slip] for slip in found)
        first = outcomes[failing[0]]
        if first.error:
            name, text = self._raised(answer, first.error)
            some = failing[0] > 0  # the examples before it were right
            return name, f"It works for some arguments, and not for these. {text}" if some else text
        if self._drawn_by_lot(answer, outcomes):
            return "another result each time", LOT
        for i in failing:
            found = self._symptom(outcomes[i], i)
            if found:
                return found
        return self._relation(outcomes, failing) or self._first_difference(outcomes, failing)

    def _known(self, outcomes, failing):
        """The slip or two that explain all that the answer did, or what came first; and where."""
        sets = [s for size in (1, 2) for s in itertools.combinations(self.slips, size)]
        everything = list(enumerate(outcomes))
        calm = [(i, outcome) for i, outcome in everything if not outcome.error]
        both = [i for i, _ in calm if i in failing]
        first = outcomes[failing[0]]
        part = "" if first.error else self._difference(failing[0], first).part
        views = [(everything, "", failing[0])]
        if len(calm) < len(outcomes) and len(both) > 1:
            views.append((calm, "", both[0]))
        views += [(calm, part, failing[0])] if part else []
        end = time.monotonic() + PATIENCE
        for (pairs, part, shown), slips in itertools.product(views, sets):
            if len(slips) > 1 and time.monotonic() > end:
                continue  # on a slow computer: a general diagnosis now, not a better one later
            if all(self._alike(i, o, frozenset(slips), part) for i, o in pairs):
                return slips, shown
        return (), failing[0]

    def _alike(self, i, outcome, slips, part):
        """Did the answer do in case i what the imitation does, in this part or in all of it?"""
        other = self.imitation(slips, i)
        if not part:
            return same(outcome, other)
        return not other.error and identical(outcome.value[part], other.value[part])

    def _drawn_by_lot(self, answer, outcomes):
        """Does the answer do something else when it is asked the same again?"""

        def again_with_other_luck():
            torch.manual_seed(12345)  # undone with all else that the thread does
            return [self._try(answer, case) for case in self.cases]  # one may be equal by chance

        again = run(again_with_other_luck, namespace_of(answer), 0.5)
        return not again.trouble and not all(map(same, again.value, outcomes))

    def _first_difference(self, outcomes, failing):
        difference = self._difference(failing[0], outcomes[failing[0]])
        num_right = len(outcomes) - len(failing)
        text = sentence(difference)
        if difference.kind == "nothing" and num_right:
            return "nothing at times", f"{text} Does every branch have one?"
        return difference.kind, text

    def _symptom(self, outcome, i):
        if outcome.error or self._difference(i, outcome) is None:
            return None
        args = self.cases[i].make()
        for name, look in self.symptoms.items():
            text = look(outcome.value, self.wanted[i], *args)
            if text:
                return name, text
        return None

    def _relation(self, outcomes, failing):
        """What relates the parts that differ, if they are always the same parts."""
        pairs = [(outcomes[i].value, self.wanted[i]) for i in failing if not outcomes[i].error]
        if any(isinstance(want, dict) for _, want in pairs):
            parts = {difference.part for difference in itertools.starmap(compare, pairs)}
            if len(parts) != 1:
                return None
            part = parts.pop()
            pairs = [(got[part], want[part]) for got, want in pairs]
        return relation(pairs)

    def _evidence(self, outcomes, i):
        """The smallest input that shows it, what came out, and what should have."""
        outcome, want = outcomes[i], self.wanted[i]
        if outcome.error:
            return {
                "try": self._shown(i),
                "came_out": error_text(outcome.error),
                "should_have": brief(want),
            }
        difference = self._difference(i, outcome)
        got, part = outcome.value, difference.part
        if part:
            got, want = got[part], want[part]
        shown = [brief(got), brief(want)]
        if difference.kind == "value" and isinstance(want, torch.Tensor) and want.numel() > 30:
            shown = list(where_they_differ(got, want))
        elif shown[0] == shown[1]:  # another type, or a number that is left out here
            shown[0] = sentence(difference)
        shown = [f"{part} {text}" if part else text for text in shown]
        return {"try": self._shown(i), "came_out": shown[0], "should_have": shown[1]}

    def _shown(self, i):
        return f"{self.answer_name}{self.cases[i].show}"

    def _raised(self, answer, error):
        if isinstance(error, TypeError) and wrong_arguments(answer, self._arguments()):
            return "arguments", (
                f"It is called with {len(self._arguments())} arguments, "
                f"and does not take them: {error}."
            )
        if is_memory_error(error):
            return "memory", TROUBLES["memory"]
        name, text = meaning(error, self.errors)
        line = own_line(error, answer)
        return name, f"{text} It happens in your line: {line}" if line else text

    def _arguments(self):
        args = self.cases[0].make()
        return args if self.parameters is None else args[: self.parameters]

    def _not_a_function(self, answer):
        return (
            f"A function is expected here, and this is {brief(settle(answer))}. Hand over "
            f"the function itself, without parentheses: checks.{self.name}({self.answer_name})"
        )

    def _not_tried(self):
        return verdict(
            self.title, NOT_TRIED, f'{self.hints[0]} More: checks.hint("{self.name}", 2)'
        )

    def _still_broken(self, outcomes):
        text = "It does exactly what the given code does. (If you have changed something, it made "
        text += f"no difference.) {self.hints[0]}"
        evidence = self._evidence(outcomes, self._failing(outcomes)[0])
        return verdict(self.title, NOT_TRIED, text, **evidence)

    def _wrong(self, mistake, text, **lines):
        return verdict(self.title, WRONG, text, mistake, **lines)

    def source(self):
        """The model answer, under the name that the notebook uses."""
        source = inspect.getsource(self.solution)
        return re.sub(rf"\b{self.solution.__name__}(?=\()", self.answer_name, source)


TROUBLES = {
    "raises": "It ended the run by itself; a function should return.",
    "never ends": "It did not come to an end within {seconds:g} seconds and was stopped. "
    "Is there a loop whose condition never becomes false?",
    "cannot be stopped": "It did not come to an end within {seconds:g} seconds, and cannot be "
    "stopped yet: it is in a single long call. If the notebook stays slow, restart the kernel.",
    "memory": "It asked for far more memory than the task needs and was stopped. "
    "Is there a list or a tensor that grows without end, or a shape that is far too large?",
    "interrupted": "You interrupted it. Nothing was written down as passed.",
}
GLOBAL = (
    "It changed something outside itself: {names}. That has been put back. "
    "A function should work with its arguments, and return its result."
)
UNEXPECTED = (
    "The check could not cope with what came back ({error}). "
    "Is it a plain tensor, number, list or text?"
)
LOT = (
    "It gives another result each time, for the same arguments. Is something random in it, or "
    "does it keep something from one call to the next?"
)
CHANGED = (
    "The result is right, but the input was changed on the way, and whoever calls it still needs "
    "it. Work on a copy (clone), or use an operation without an underscore at its end."
)


FAMILIES = (  # of errors that come from the same mistake in different words
    {"KeyError", "IndexError", "ValueError"},
    {"AttributeError", "TypeError"},
)


def kin(name):
    """The family of an error, or its own name."""
    return next((sorted(family)[0] for family in FAMILIES if name in family), name)


def same(outcome, other):
    """Did two answers do the same in a case: the same value, or an error both?"""
    if outcome.error or other.error:
        return kin(type(outcome.error).__name__) == kin(type(other.error).__name__)
    return identical(outcome.value, other.value)


def identical(a, b):
    """Are two settled values the same, whichever of the two is taken as the measure?"""
    if as_tensor(a) is not None and as_tensor(b) is not None:
        return compare(a, b) is None and compare(b, a) is None
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(identical(a[key], b[key]) for key in b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, Failure) and isinstance(b, Failure):
        return kin(a.what.split(":")[0]) == kin(b.what.split(":")[0])
    if isinstance(a, list | dict | torch.Tensor) or isinstance(b, list | dict | torch.Tensor):
        return False
    return type(a) is type(b) and a == b


def unfinished(outcome):
    """Is there still a `...` in the answer?"""
    if outcome.error:
        stub = isinstance(outcome.error, NotImplementedError) and not str(outcome.error)
        return stub or "ellipsis" in str(outcome.error).lower()
    return holds_ellipsis(outcome.value)


def holds_ellipsis(value):
    if isinstance(value, dict):
        value = list(value.values())
    return any(map(holds_ellipsis, value)) if isinstance(value, list) else value is ...


def namespace_of(answer):
    """Where the answer's global names live."""
    answer = inspect.unwrap(answer) if inspect.isfunction(answer) else answer
    if isinstance(answer, type):
        methods = [m for m in vars(answer).values() if inspect.isfunction(m)]
        return methods[0].__globals__ if methods else {}
    return getattr(answer, "__globals__", {})


def printed_text(done):
    """What the answer printed, cut short."""
    if not done.num_printed:
        return ""
    shown = "\n".join(done.printed.splitlines()[:5])
    rest = done.num_printed - len(shown)
    return shown + (f" ... and {rest:,} characters more" if rest > 1 else "")


def sentence(difference):
    """A Difference as a sentence."""
    text = f"In {difference.part}: {difference.text}." if difference.part else f"{difference.text}."
    extra = {
        "nothing": " Is there a return at the end?",
        "nan": " Where does 0/0 or inf - inf arise?",
    }
    return text[0].upper() + text[1:] + extra.get(difference.kind, "")
