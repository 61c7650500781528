"""The diagnosis: the known slip, or the two, that explain what an answer did; or just the facts.

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
from charrnn_helpers.checks.values import brief, compare, counted, error_text, identical, relation


class Diagnosis(NamedTuple):
    """The name of a mistake, a text about it, and the number of the case that shows it."""

    mistake: str
    text: str
    case: int


REMARKS = (  # (part of an error's text, a name, what is true whatever its cause)
    ("is not defined", "unknown name", "Is the name spelled correctly, and did you run the cell "
        "that defines it?"),
    ("for ^", "xor", "In Python, ^ is not a power. A power is written with two stars, as in x**2."),
    ("can't multiply sequence", "list times number", "Lists cannot be multiplied element by "
        "element. Use a loop or tensors."),
    ("must be Tensor, not", "number to torch", "Functions in torch take tensors. For plain "
        "numbers, use those in math, or min and max."),
    ("must be real number, not list", "list to math", "Functions in math take a single number."),
    ("clamp() received", "number to torch", "torch.clamp takes a tensor. For plain numbers, use "
        "min and max."),
    ("return_types", "values and indices", "topk, sort, and max with dim return two things, values "
        "and indices. Use .values to get the first."),
    ("shapes cannot be multiplied", "matrix shapes", "In A @ B, A must have as many columns as B "
        "has rows."),
    ("must match the size of tensor", "unlike shapes", "Two tensors are combined element by "
        "element, but their shapes do not match."),
    ("out of bounds", "index too large", "Indices count from 0, so the last one is the length "
        "minus 1."),
    ("index out of range", "index too large", "Indices count from 0, so the last one is the length "
        "minus 1."),
    ("Boolean value of Tensor", "tensor as a condition", "if, and, or, and not need a single True "
        "or False. Use `is None` to test for None, and torch.where to choose element by element."),
    ("leaf Variable that requires grad", "weights in place", "A weight itself is changed in place, "
        "which is allowed only under torch.no_grad(). Its gradient is p.grad."),
    ("does not require grad", "no gradient", "Gradients cannot flow back: something along the way "
        "is detached, or was computed under torch.no_grad()."),
    ("backward through the graph a second time", "backward twice", "The gradient runs back into a "
        "part of the computation that was already used, and whose record is gone."),
    ("not implemented for 'Complex", "complex", "Complex numbers have no order. Take abs() first."),
    ("for tensor of dimension 0", "number of axes", "The tensor is a single number, so it has no "
        "axes."),
    ("math domain error", "outside the domain", "A function in math was given a number for which "
        "it has no value, such as the logarithm of 0 or of a negative number."),
    ("Numerical result out of range", "overflow", "A number became too large to store."),
    ("float' object has no attribute 'backward", "number for tensor", "item() returns a plain "
        "number, which has no gradient. Call backward() on the tensor instead."),
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
        text = "Your code returns a different result each time for the same arguments. Is something"
        text += " in it random, or kept from one call to the next?"
        return Diagnosis("another result each time", text, failing[0])
    return partly_known(exercise, outcomes, failing) or difference(exercise, outcomes, failing)


def known(exercise, outcomes, cases):
    """Return the name of the slip, or of the two, that explain these cases; () if there is none.

    The order and the number of attempts are fixed, so timing plays no role.
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
    """Tell whether the answer behaves in case i like the model answer with these slips."""
    outcome, other = outcomes[i], exercise.outcome(slips, i)
    if other is None or type(outcome.error) is not type(other.error):
        return False
    if outcome.error is None:
        return identical(outcome.value, other.value)
    # If errors are the only evidence, their texts have to be the same.
    only_errors = all(o.error or not exercise.difference(o, k) for k, o in enumerate(outcomes))
    return not only_errors or error_text(outcome.error) == error_text(other.error)


def partly_known(exercise, outcomes, failing):
    """Return the Diagnosis of a slip that explains the first differing part in all cases."""
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
    """Tell whether the answer behaves differently if it is called again with the same arguments."""

    def other_luck(answer, *args):
        torch.manual_seed(12345)  # undone with everything else at the end of the trial
        return exercise.drive(answer, *args)

    again = attempt_all(answer, exercise.cases, other_luck).outcomes
    return not all(
        identical(a.value, b.value) and type(a.error) is type(b.error)
        for a, b in zip(outcomes, again, strict=False)
    )


def raised(exercise, answer, outcomes, i):
    """Return the Diagnosis of an error: Python's message, the line, and a remark if one fits."""
    error = outcomes[i].error
    if isinstance(error, TypeError) and not takes(answer, exercise.num_arguments):
        many = counted(exercise.num_arguments, "argument")
        return Diagnosis("arguments", f"Your code must accept {many}. Python says: {error}.", i)
    said = error_text(error)
    remarks = [(name, remark) for part, name, remark in REMARKS if part in said][:1]
    line = own_line(error, answer)
    texts = [f"Your code stops with {said}."]
    if line:
        texts.append(f"The error occurs in the line `{line}`.")
    texts += [remark for _, remark in remarks]
    if any(not exercise.difference(outcome, k) for k, outcome in enumerate(outcomes)):
        texts.append("For other arguments, the result is right.")
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
    answer = inspect.unwrap(answer) if inspect.isfunction(answer) else answer
    methods = vars(answer).values() if isinstance(answer, type) else (answer,)
    files = {m.__code__.co_filename for m in methods if inspect.isfunction(m)}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
    return linecache.getline(frames[-1].filename, frames[-1].lineno).strip() if frames else ""


def difference(exercise, outcomes, failing):
    """Return the Diagnosis of an answer that no slip explains: how its result differs."""
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
            return Diagnosis(name, first.of_part(text), failing[0])
    text = first.text[0].upper() + first.text[1:] + "."
    return Diagnosis(first.kind, first.of_part(text), failing[0])


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
        shown_got = re.sub(r"^the (result|shape|type) is ", "", found.text) if found else shown_got
    label = f"{part}: " if part else ""
    return {"call": shown, "it returned": label + shown_got, "expected": label + shown_want}
