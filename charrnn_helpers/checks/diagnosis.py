"""The diagnosis: the known mistake, or the two, that explain what an answer did; or the facts.

A diagnosis comes from what an answer does in chosen cases; one change of its code is named only if
the answer with this change passed all of them.
"""

import inspect
import itertools
import linecache
import traceback
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from charrnn_helpers.checks.influence import influence, names_of, redrawn
from charrnn_helpers.checks.relations import degenerate, relation
from charrnn_helpers.checks.repair import Repair, repair
from charrnn_helpers.checks.source import (
    class_remarks,
    functions_of,
    global_remarks,
    idle_remarks,
)
from charrnn_helpers.checks.trial import attempt_all, call
from charrnn_helpers.checks.values import brief, compare, counted, error_text, identical

COURSE = Path(__file__).parents[1]  # the folder of the course's own code


class Diagnosis(NamedTuple):
    """The name of a mistake, a text about it, and the number of the case that shows it."""

    mistake: str
    text: str
    case: int
    change: Repair | None = None


REMARKS = (  # (part of an error's text, a name, what is true whatever its cause)
    ("is not defined", "unknown name", "Is the name spelled correctly, did you run the cell that "
        "defines it, or should it be one of the arguments?"),
    ("for ^", "xor", "In Python, ^ is not a power. A power is written with two stars, as in x**2."),
    ("can't multiply sequence", "list times number", "Lists cannot be multiplied element by "
        "element. Use a loop or tensors."),
    ("must be Tensor, not", "number to torch", "Functions in torch take tensors. For plain "
        "numbers, use those in math, or min and max."),
    ("clamp() received", "number to torch", "torch.clamp takes a tensor. For plain numbers, use "
        "min and max."),
    ("return_types", "values and indices", "topk, sort, and max with dim return two things, values "
        "and indices. Use .values to get the first."),
    ("shapes cannot be multiplied", "matrix shapes", "In A @ B, A must have as many columns as B "
        "has rows."),
    ("must match the size of tensor", "unlike shapes", "Two tensors are combined element by "
        "element, but their shapes do not match."),
    ("out of bounds", "no such index", "This axis has no such index: either the index or the axis "
        "is wrong. The last index is the length minus 1, and the first one from the end is -1."),
    ("index out of range", "no such index", "There is no such index. The last one is the length "
        "minus 1, and -1 counts from the end."),
    ("method' object", "method not called", "A method is used without its parentheses, so it is "
        "not called."),
    ("Boolean value of Tensor", "tensor as a condition", "if, and, or, and not need a single True "
        "or False. Use `is None` to test for None, and torch.where to choose element by element."),
    ("leaf Variable that requires grad", "weights in place", "A weight itself is changed in place, "
        "which is allowed only under torch.no_grad(). Its gradient is p.grad."),
    ("not implemented for 'Complex", "complex", "Complex numbers have no order. Take abs() first."),
    ("math domain error", "outside the domain", "A function in math was given a number for which "
        "it has no value, such as the logarithm of 0 or of a negative number."),
    ("Numerical result out of range", "overflow", "A number became too large to store."),
    ("float' object has no attribute 'backward", "number for tensor", "item() returns a plain "
        "number, which has no gradient. Call backward() on the tensor instead."),
)  # fmt: skip


def diagnose(exercise, answer, outcomes):
    """Return the Diagnosis of an answer that is not right, from its Outcomes.

    What explains all of it comes first, the bare numbers last.
    """
    failing = [i for i, outcome in enumerate(outcomes) if exercise.difference(outcome, i)]
    every = range(len(outcomes))
    found = of_mistakes(exercise, outcomes, every, (1,))
    if not found and by_chance(exercise, answer, outcomes):
        text = " ".join([BY_CHANCE, *class_remarks(answer)])
        return Diagnosis("another result each time", text, failing[0])
    change = None if found else repair(answer, partial(is_right, exercise, failing))
    if not found and not (change and change.is_telling):
        found = of_mistakes(exercise, outcomes, every, (2,))
        change = None if found else change
    calm = [i for i in every if outcomes[i].error is None]  # errors may need no explanation
    if not found and len(calm) < len(outcomes) and set(calm) & set(failing):
        found = of_mistakes(exercise, outcomes, calm, (1,) if change else (1, 2))
    remarks = [] if found else [*class_remarks(answer), *global_remarks(answer)]
    remarks = [change.text] if change else [*idle_remarks(answer), *remarks]
    found = found or unknown(exercise, answer, outcomes, failing, change)
    return found._replace(text=" ".join([found.text, *remarks]).strip(), change=change)


BY_CHANCE = (
    "When the same calls were made a second time, the results were different. Something in your "
    "code is drawn at random, as by `multinomial`, or kept from one call to the next."
)


def of_mistakes(exercise, outcomes, cases, numbers):
    """Return the Diagnosis of the known mistake, or the two, that explain these cases, or None.

    The order and the number of attempts are fixed, so timing plays no role.
    """
    suspicious = sorted(cases, key=lambda i: exercise.difference(outcomes[i], i) is None)
    telling = [i for i in suspicious if is_telling(exercise, outcomes, i)]
    for number in (number for number in numbers if number == 1 or telling):
        for names in itertools.combinations(exercise.mistakes, number):
            if not all(alike(exercise, outcomes, names, i) for i in suspicious):
                continue
            missed = (not alike(exercise, outcomes, (name,), i) for name in names for i in telling)
            if number == 1 or any(missed):  # both are needed, and not only for what says little
                text = " ".join(exercise.mistakes[name].text for name in names)
                return Diagnosis(" + ".join(names), text, suspicious[0])
    return None


def unknown(exercise, answer, outcomes, failing, change):
    """Return the Diagnosis of an answer that no mistake explains; `change` may repair it."""
    if outcomes[failing[0]].error is not None:
        return raised(exercise, answer, outcomes, failing[0])
    found = partly_known(exercise, outcomes, failing) or related(exercise, outcomes, failing)
    if change:
        return found or Diagnosis(change.kind, "", failing[0])
    calm = [i for i in failing if outcomes[i].error is None]
    return found or depends(exercise, answer, outcomes, calm)


def changed_arguments(exercise, outcomes):
    """Return the names of the arguments that an answer changes, as code."""
    changed = sorted({k for outcome in outcomes for k in outcome.changed})
    names = names_of(exercise, max(changed) + 1)
    return " and ".join(f"`{names[k]}`" for k in changed)


def is_telling(exercise, outcomes, i):
    """Tell whether a wrong result can show that there are two mistakes: it is not just nan, say."""
    wrong = outcomes[i].error is None and exercise.difference(outcomes[i], i)
    if not wrong:
        return False
    value = outcomes[i].value
    return not degenerate(value.get(wrong.part) if wrong.part else value)


def alike(exercise, outcomes, names, i):
    """Tell whether the answer behaves in case i like the model answer with these mistakes."""
    outcome, other = outcomes[i], exercise.outcome(names, i)
    if other is None or type(outcome.error) is not type(other.error):
        return False
    if outcome.error is None:
        return identical(outcome.value, other.value)
    # If errors are the only evidence, or two mistakes are blamed, their texts have to be the same.
    only_errors = all(o.error or not exercise.difference(o, k) for k, o in enumerate(outcomes))
    same = error_text(outcome.error) == error_text(other.error) or on_purpose(outcome.error)
    return same or not (only_errors or len(names) > 1)


def on_purpose(error):
    """Tell whether a raise statement in the answer raised the error, so that its text is free."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not Path(f.filename).is_relative_to(COURSE)][:1]
    last = frames[-1] if frames else None
    return bool(own) and own[0].filename == last.filename and last.line.startswith("raise ")


def partly_known(exercise, outcomes, failing):
    """Return the Diagnosis of a mistake that explains the first differing part in all cases."""
    part = exercise.difference(outcomes[failing[0]], failing[0]).part
    if not part or any(o.error is not None or part not in o.value for o in outcomes):
        return None
    wrong = exercise.wrong_parts(outcomes)
    for name, mistake in exercise.mistakes.items():
        mistaken = [exercise.outcome((name,), i) for i in range(len(outcomes))]
        explains = all(
            other.error is None and identical(o.value[part], other.value.get(part, ...))
            for o, other in zip(outcomes, mistaken, strict=True)
        )
        if explains and exercise.wrong_parts(mistaken) <= wrong:  # and nothing that is right
            return Diagnosis(name, mistake.text, failing[0])
    return None


def by_chance(exercise, answer, outcomes):
    """Tell whether the answer behaves differently if it is called again with the same arguments."""

    def other_luck(answer, *args):
        torch.manual_seed(12345)  # undone with everything else at the end of the trial
        return exercise.drive(answer, *args)

    again = attempt_all(answer, exercise.cases, other_luck).outcomes
    return not all(
        identical(a.value, b.value) and type(a.error) is type(b.error)
        for a, b in zip(outcomes, again, strict=False)
    )


def is_right(exercise, failing, answer):
    """Tell whether an answer passes, with other numbers in its cases as well.

    The cases that were failing are tried first.
    """
    others = [i for i in range(len(exercise.cases)) if i not in failing]
    for i in [*failing, *others]:
        outcome = call(answer, exercise.cases[i], exercise.drive)
        if exercise.difference(outcome, i) or outcome.changed:
            return False
    more = (found for i in range(len(exercise.cases)) for found in redrawn(exercise, i))
    return all(
        identical(call(answer, case, exercise.drive).value, want.value) for case, want in more
    )


def raised(exercise, answer, outcomes, i):
    """Return the Diagnosis of an error: Python's message, the line, and a remark if one fits."""
    error = outcomes[i].error
    number = exercise.arguments
    number = len(exercise.cases[0].make()) if number is None else number
    if isinstance(error, TypeError) and not takes(answer, number):
        text = f"Your code must accept {counted(number, 'argument')}. Python says: {error}."
        return Diagnosis("arguments", text, i)
    said = error_text(error)
    remarks = [(name, remark) for part, name, remark in REMARKS if part in said][:1]
    line = own_line(error, answer)
    texts = [f"Your code stops with {said}."]
    if line:
        texts.append(f"The error occurs in the line `{line}`.")
    texts += [remark for _, remark in remarks]
    calm = [k for k, outcome in enumerate(outcomes) if outcome.error is None]
    if calm and not any(exercise.difference(outcomes[k], k) for k in calm):
        texts.append("In the cases without an error, the result is right.")
    return Diagnosis(remarks[0][0] if remarks else "raises", " ".join(texts), i)


def takes(answer, num_arguments):
    """Tell whether the answer can be called with this many arguments."""
    try:
        inspect.signature(answer).bind(*[None] * num_arguments)
    except TypeError:
        return False
    except ValueError:  # a built-in function that does not say
        return True
    return True


def own_line(error, answer):
    """Return the line of the answer's own code that led to the error."""
    files = {function.__code__.co_filename for function in functions_of(answer)}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
    return linecache.getline(frames[-1].filename, frames[-1].lineno).strip() if frames else ""


def related(exercise, outcomes, failing):
    """Return the Diagnosis of a result that has a simple relation to the expected one."""
    first = exercise.difference(outcomes[failing[0]], failing[0])
    calm = [i for i in failing if outcomes[i].error is None]
    if {exercise.difference(outcomes[i], i).part for i in calm} != {first.part}:
        return None
    pairs = [(outcomes[i].value, exercise.wanted[i].value) for i in calm]
    if first.part:
        pairs = [(got.get(first.part), want[first.part]) for got, want in pairs]
    name, text = relation(pairs) or ("", "")
    return Diagnosis(name, first.of_part(text), failing[0]) if name else None


def depends(exercise, answer, outcomes, calm):
    """Return the Diagnosis of what a result depends on, or else of the bare facts."""
    first = exercise.difference(outcomes[calm[0]], calm[0])
    facts = Diagnosis(first.kind, first.sentence, calm[0])
    found = None if first.kind == "nothing" else influence(exercise, answer, calm)
    if not found:
        return facts
    text, i = found
    if first.kind == "value":
        return Diagnosis("no effect", text, i)
    return facts._replace(text=f"{facts.text} {text}")  # first of all the shape, say, is wrong


def evidence(exercise, outcome, i):
    """Return what was called, what it returned, and what was expected, as lines to be shown."""
    shown = exercise.shown(i)
    want = exercise.wanted[i].value
    if outcome.error is not None:
        return {"call": shown, "it raised": error_text(outcome.error), "expected": brief(want)}
    found = compare(outcome.value, want)
    part = found.part if found else ""
    got, want = (outcome.value.get(part), want[part]) if part else (outcome.value, want)
    shown_got, shown_want = brief(got), brief(want)
    if shown_got == shown_want:  # another type, or a number that is not shown here
        said = found.text.replace("{it}", "the result", 1) if found else shown_got
        shown_got = said.removeprefix("the result is ")
    label = f"{part}: " if part else ""
    return {"call": shown, "it returned": label + shown_got, "expected": label + shown_want}


def right_calls(exercise, outcomes):
    """Return the first calls with a right result, as a line to be shown; {} if there are none."""
    right = [i for i, outcome in enumerate(outcomes) if not exercise.difference(outcome, i)]
    shown = [exercise.shown(i) for i in right if len(exercise.shown(i)) < 40][:3]
    return {"right in": ", ".join(shown)} if shown else {}
