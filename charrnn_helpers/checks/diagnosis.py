"""The diagnosis: which known slip, or which two, explain what an answer did; if none, the facts.

A diagnosis comes from what an answer does, never from how it is written.
"""

import inspect
import itertools
import linecache
import re
import traceback
from typing import NamedTuple

import torch

from charrnn_helpers.checks.trial import attempt_all
from charrnn_helpers.checks.values import brief, compare, error_text, identical, relation


class Diagnosis(NamedTuple):
    """The name of a mistake, sentences about it, and the number of the case that shows it."""

    mistake: str
    text: str
    case: int


REMARKS = (  # (part of an error's text, a name, what is true whatever its cause)
    ("is not defined", "unknown name", "Is the name spelled right, and was the cell that defines "
        "it run?"),
    ("for ^", "xor", "In Python ^ is not a power; a power is written with two stars."),
    ("can't multiply sequence", "list times number", "A list has no elementwise product: use a "
        "loop, or tensors."),
    ("must be Tensor, not", "number to torch", "Functions of torch take tensors; for plain numbers "
        "there are those of math, and min and max."),
    ("must be real number, not list", "list to math", "Functions of math take a single number."),
    ("clamp() received", "number to torch", "torch.clamp takes a tensor; for plain numbers there "
        "are min and max."),
    ("return_types", "values and indices", "max, topk and sort with dim return two things, values "
        "and indices; .values takes the first."),
    ("shapes cannot be multiplied", "matrix shapes", "In A @ B, A must have as many columns as B "
        "has rows."),
    ("must match the size of tensor", "unlike shapes", "Two tensors are combined element by "
        "element, and their shapes do not fit."),
    ("out of bounds", "index too large", "Indices count from 0, so the last one is the length "
        "minus 1."),
    ("index out of range", "index too large", "Indices count from 0, so the last one is the length "
        "minus 1."),
    ("Boolean value of Tensor", "tensor as a condition", "if, and, or and not need a single True "
        "or False. Test for None with `is None`; choose element by element with torch.where."),
    ("leaf Variable that requires grad", "weights in place", "A weight itself is changed in place; "
        "its gradient is p.grad, and weights may be changed only under torch.no_grad()."),
    ("does not require grad", "no gradient", "Gradients cannot flow: something on the way is "
        "detached, or was computed under torch.no_grad()."),
    ("backward through the graph a second time", "backward twice", "The gradient runs back into a "
        "part that was used before, and whose record is gone."),
    ("not implemented for 'Complex", "complex", "Complex numbers have no order: take abs() first."),
    ("for tensor of dimension 0", "number of axes", "The tensor is a single number, without any "
        "axis."),
    ("math domain error", "outside the domain", "A function of math was given a number for which "
        "it has no value, such as the logarithm of 0 or of a negative number."),
    ("Numerical result out of range", "overflow", "A number became too large to be held."),
    ("float' object has no attribute 'backward", "number for tensor", "item() gives a plain "
        "number, which has no gradient; call backward() on the tensor."),
)  # fmt: skip


def diagnose(exercise, answer, outcomes):
    """Return the Diagnosis of an answer that is not right, from its Outcomes."""
    failing = [i for i, outcome in enumerate(outcomes) if exercise.difference(outcome, i)]
    calm = [i for i in failing if outcomes[i].error is None]
    found = known(exercise, outcomes, range(len(outcomes)))
    if not found and calm and len(calm) < len(failing):
        found = known(exercise, outcomes, [i for i, o in enumerate(outcomes) if o.error is None])
        failing = calm if found else failing
    if found:
        text = " ".join(exercise.slips[name].text for name in found)
        return Diagnosis(" + ".join(found), text, failing[0])
    if outcomes[failing[0]].error is not None:
        return raised(exercise, answer, outcomes, failing[0])
    if by_chance(exercise, answer, outcomes):
        text = "It returns something else each time, for the same arguments. Is something in it "
        text += "random, or kept from one call to the next?"
        return Diagnosis("another result each time", text, failing[0])
    return partly_known(exercise, outcomes, failing) or difference(exercise, outcomes, failing)


def known(exercise, outcomes, cases):
    """Return the names of the slip, or of the two, that explain these cases; () if none do.

    The order and the number of attempts are fixed, so the clock has no part in it.
    """
    sets = [(name,) for name in exercise.slips]
    if any(outcomes[i].error is None for i in cases):
        sets += itertools.combinations(exercise.slips, 2)
    suspicious = sorted(cases, key=lambda i: exercise.difference(outcomes[i], i) is None)
    for slips in sets:
        if all(alike(exercise, outcomes, slips, i) for i in suspicious):
            return slips
    return ()


def alike(exercise, outcomes, slips, i):
    """Tell whether the answer did in case i what the model answer with these slips does."""
    outcome, other = outcomes[i], exercise.outcome(slips, i)
    if other is None or type(outcome.error) is not type(other.error):
        return False
    if outcome.error is None:
        return identical(outcome.value, other.value)
    # Where nothing but errors speaks, they have to be the same to the letter.
    only_errors = all(o.error or not exercise.difference(o, k) for k, o in enumerate(outcomes))
    return not only_errors or error_text(outcome.error) == error_text(other.error)


def partly_known(exercise, outcomes, failing):
    """Return the Diagnosis of a slip that explains the first part that differs, in all cases."""
    part = exercise.difference(outcomes[failing[0]], failing[0]).part
    if not part or any(o.error is not None or part not in o.value for o in outcomes):
        return None
    wrong = exercise.wrong_parts(outcomes)
    for name, slip in exercise.slips.items():
        slipped = [exercise.outcome((name,), i) for i in range(len(outcomes))]
        if any(other.error is not None or part not in other.value for other in slipped):
            continue
        explains = all(
            identical(o.value[part], other.value[part])
            for o, other in zip(outcomes, slipped, strict=True)
        )
        if explains and exercise.wrong_parts(slipped) <= wrong:  # and nothing that is right
            return Diagnosis(name, slip.text, failing[0])
    return None


def by_chance(exercise, answer, outcomes):
    """Tell whether the answer does something else when it is asked the same again."""

    def other_luck(answer, *args):
        torch.manual_seed(12345)  # undone with everything else at the end of the trial
        return exercise.drive(answer, *args)

    again = attempt_all(answer, exercise.cases, other_luck).outcomes
    return not all(
        identical(a.value, b.value) and type(a.error) is type(b.error)
        for a, b in zip(outcomes, again, strict=False)
    )


def raised(exercise, answer, outcomes, i):
    """Return the Diagnosis of an error: Python's own words, the line, and a remark if one fits."""
    error = outcomes[i].error
    if isinstance(error, TypeError) and not takes(answer, exercise.num_arguments):
        many = f"{exercise.num_arguments} argument" + "s" * (exercise.num_arguments != 1)
        return Diagnosis("arguments", f"It must take {many}. Python says: {error}.", i)
    said = error_text(error)
    remarks = [(name, remark) for part, name, remark in REMARKS if part in said][:1]
    line = own_line(error, answer)
    texts = [f"It stops with {said}."]
    texts += [f"The line is: {line}"] * bool(line)
    texts += [remark for _, remark in remarks]
    if any(not exercise.difference(outcome, k) for k, outcome in enumerate(outcomes)):
        texts.append("For other arguments it is right.")
    return Diagnosis(remarks[0][0] if remarks else "raises", " ".join(texts), i)


def takes(answer, num_arguments):
    """Tell whether the answer can be called with so many arguments."""
    try:
        inspect.signature(answer).bind(*[None] * num_arguments)
    except TypeError:
        return False
    except ValueError:  # a built-in function that does not say
        return True
    return True


def own_line(error, answer):
    """Return the line of the answer's own code in which the error arose."""
    answer = inspect.unwrap(answer) if inspect.isfunction(answer) else answer
    methods = vars(answer).values() if isinstance(answer, type) else (answer,)
    files = {m.__code__.co_filename for m in methods if inspect.isfunction(m)}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
    return linecache.getline(frames[-1].filename, frames[-1].lineno).strip() if frames else ""


def difference(exercise, outcomes, failing):
    """Return the Diagnosis of an answer that no slip explains: how it differs."""
    first = exercise.difference(outcomes[failing[0]], failing[0])
    calm = [i for i in failing if outcomes[i].error is None]
    parts = {exercise.difference(outcomes[i], i).part for i in calm}
    if len(parts) == 1:
        pairs = [(outcomes[i].value, exercise.wanted[i].value) for i in calm]
        if first.part:
            pairs = [(got.get(first.part), want[first.part]) for got, want in pairs]
        related = relation(pairs)
        if related:
            name, text = related
            return Diagnosis(name, f"In {first.part}: {text}" if first.part else text, failing[0])
    text = first.text[0].upper() + first.text[1:] + "."
    return Diagnosis(first.kind, f"In {first.part}: {text}" if first.part else text, failing[0])


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
    if shown_got == shown_want:  # another type, or a number that is left out here
        shown_got = re.sub(r"^the (result|shape|type) is ", "", found.text) if found else shown_got
    label = f"{part}: " if part else ""
    return {"call": shown, "it returned": label + shown_got, "expected": label + shown_want}
