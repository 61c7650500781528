"""Influence: what a result depends on, compared with what the right answer's depends on.

One item of the arguments is changed at a time, in several ways: a number, a row, a step, a batch.
A whole argument is said to have no effect only if it has none in any case.
"""

import inspect
from functools import cache, partial
from typing import NamedTuple

import torch
from torch import nn

from charrnn_helpers.checks.trial import attempt_all, call
from charrnn_helpers.checks.values import as_tensor, compare, identical

MOST = 30  # items that are changed
LONGEST = 6  # items of one list, or slices along one axis
WAYS = 4  # to change an item


class Item(NamedTuple):
    """A part of the arguments: its name as code, the list or axis along which it was cut."""

    name: str
    group: tuple  # the argument, and the axis; for all of it "whole" or "model"
    change: object  # change(argument, way) -> another argument
    position: int  # of the argument


class Seen(NamedTuple):
    """What moved when an item was changed: names of rows or items, in the result and as due."""

    item: Item
    got: set
    want: set


def influence(exercise, answer, failing):
    """Return (name, sentence, case) on what the answer depends on, or None if that is right."""
    result, seen, idle = exercise.result, {}, None
    for i in dict.fromkeys([*failing, *range(len(exercise.cases))]):
        seen[i] = look(exercise, answer, i, whole=True)
        of_all = [found for k in seen for found in seen[k]]
        idle = without_effect(of_all, result, "in the calls that were tried")
        if len(seen) > 1 and not idle:
            break
    if idle:
        return *idle, failing[0]
    for i in failing[: len(seen)][:2]:
        parts_of = look(exercise, answer, i, whole=False)
        found = without_effect(parts_of, result, "in this call") or elsewhere(parts_of)
        found = found or needless(seen[i], result)
        if found:
            return *found, i
    return None


def look(exercise, answer, i, whole):
    """Return what is Seen when whole arguments, or parts of them, are changed in case i."""
    changed, cases, wanted = variations(exercise, i, whole)
    trial = attempt_all(answer, cases, exercise.drive)
    if trial.trouble or holds_nan(trial.outcomes[0].value):
        return []  # nan hides what it depends on
    found = {item: Seen(item, set(), set()) for item in changed}
    for item, got, want in zip(changed, trial.outcomes[1:], wanted[1:], strict=True):
        if got.error is None and want.error is None:
            found[item].got.update(moved(got, trial.outcomes[0]))
            found[item].want.update(moved(want, wanted[0]))
    return list(found.values())


@cache
def variations(exercise, i, whole):
    """Return the Items that are changed in case i, and the cases and right Outcomes.

    The first case and Outcome are those without a change; then there is one for each Item.
    """
    case = exercise.cases[i]
    items = [p for p in parts(case.make(), exercise) if isinstance(p.group[1], str) == whole][:MOST]
    ways = [(item, way) for item in items for way in range(WAYS if whole else 2)]
    cases = [case] + [case._replace(make=partial(varied, case, *changed)) for changed in ways]
    with torch.enable_grad():
        wanted = [call(exercise.answer, case, exercise.drive) for case in cases]
    return [item for item, _ in ways], cases, wanted


def redrawn(exercise, i):
    """Return case i with other numbers in its tensors, several times, and the right Outcomes."""
    found = []
    for way in range(2):
        case = exercise.cases[i]._replace(make=partial(with_other_numbers, exercise.cases[i], way))
        with torch.enable_grad():
            want = call(exercise.answer, case, exercise.drive)
        if want.error is None and not holds_nan(want.value):
            found.append((case, want))
    return found


def with_other_numbers(case, way):
    """Return new arguments of a case, with other numbers in those that hold decimals."""
    return tuple(
        another(x, way) if isinstance(x, torch.Tensor) and x.is_floating_point() else x
        for x in case.make()
    )


def holds_nan(value):
    """Tell whether a settled value is, or holds, nan."""
    if isinstance(value, dict):
        return any(map(holds_nan, value.values()))
    tensor = as_tensor(value)
    return tensor is not None and bool(tensor.isnan().any())


def parts(arguments, exercise):
    """Yield the Items of the arguments, whole arguments before their parts."""
    names = names_of(exercise, len(arguments))
    for k, value in enumerate(arguments):
        if can_change(value):
            kind = "model" if isinstance(value, nn.Module) else "whole"
            yield Item(names[k], (names[k], kind), another, k)
    for k, value in enumerate(arguments):
        if isinstance(value, torch.Tensor):
            for axis in range(value.dim()):
                for at in range(min(value.shape[axis], LONGEST) if value.shape[axis] > 1 else 0):
                    name = f"{names[k]}[{':, ' * axis}{at}]"
                    yield Item(name, (names[k], axis), partial(other_slice, axis, at), k)
        elif isinstance(value, (list, tuple)) and len(value) > 1:
            for at in range(min(len(value), LONGEST)):
                if can_change(value[at]):
                    change = partial(other_entry, at)
                    yield Item(f"{names[k]}[{at}]", (names[k], 0), change, k)


def names_of(exercise, number):
    """Return the names of the arguments of a case."""
    if exercise.arguments is None:  # they are those of the answer
        return list(inspect.signature(exercise.answer).parameters)
    parameters = list(inspect.signature(exercise.drive).parameters.values())[1:]
    names = [p.name for p in parameters if p.kind != p.VAR_POSITIONAL]
    rest = next((p.name for p in parameters if p.kind == p.VAR_POSITIONAL), "argument")
    return names + [f"{rest}[{k}]" for k in range(number - len(names))]


def can_change(value):
    return isinstance(value, (bool, int, float, torch.Tensor, nn.Module)) or (
        isinstance(value, (list, tuple)) and any(map(can_change, value))
    )


def another(value, way=0):
    """Return another value of the same kind and shape; there are several ways."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return (value + 1, 3 * value + 2, max(value - 1, 1), 2 * value + 7)[way]
    if isinstance(value, float):
        return (1.5 * value + 0.25, 20 * value + 3, 0.1 * value, 0.4)[way]
    if isinstance(value, (list, tuple)) and way == 3:
        return value[::-1]
    if isinstance(value, (list, tuple)):
        return type(value)(another(item, way) if can_change(item) else item for item in value)
    if isinstance(value, nn.Module):
        with torch.no_grad():
            for p in value.parameters():
                p.copy_(another(p.detach(), way))
        return value
    if value.dtype == torch.bool:
        return (value.roll(1), ~value, value.roll(-1), value.flip(0))[way]
    if value.is_floating_point():
        noise = torch.rand(value.shape, generator=torch.Generator().manual_seed(way))
        return (value + 0.5 + noise, 0.1 - value, -10 * value - 5 * noise, 1.5 * noise - 1)[way]
    if not value.numel():
        return value
    low, high = value.min(), value.max()  # ids stay among those that are there
    return (value - low + 1 + way) % (high - low + 1) + low


def other_slice(axis, at, tensor, way):
    """Return the tensor with one slice along the axis exchanged for another."""
    changed = tensor.clone()
    changed.select(axis, at).copy_(another(tensor, way).select(axis, at))
    return changed


def other_entry(at, items, way):
    """Return the list with one entry exchanged for another."""
    return type(items)(another(item, way) if k == at else item for k, item in enumerate(items))


def varied(case, item, way):
    """Return new arguments of a case, with this item changed."""
    arguments = list(case.make())
    arguments[item.position] = item.change(arguments[item.position], way)
    return tuple(arguments)


def moved(outcome, before):
    """Return the names of what differs between two outcomes: rows, items, or the result."""
    if identical(outcome.value, before.value):
        return set()
    return set(differences("result", outcome.value, before.value)) or {"result"}


def differences(name, value, before):
    """Yield the names of the rows or items that differ, as code; gradients depend on everything."""
    if isinstance(value, dict) and isinstance(before, dict):
        for part in value.keys() & before.keys():
            if "gradient" not in part:
                yield from differences(part, value[part], before[part])
    elif rows(value) and rows(value) == rows(before):
        yield from (f"{name}[{k}]" for k in range(rows(value)) if compare(value[k], before[k]))
    elif not identical(value, before):
        yield name


def rows(value):
    """Return how many rows or items a value has; 0 for a single thing."""
    many = isinstance(value, list) or (isinstance(value, torch.Tensor) and value.dim() > 0)
    return len(value) if many else 0


def without_effect(seen, result, where):
    """Return (name, sentence) if something that should have an effect has none.

    `where` says in which calls.
    """
    effects = {}  # {group: {item: does it have an effect?}}, of the items that should have one
    for item, got, want in seen:
        if want:
            of_group = effects.setdefault(item.group, {})
            of_group[item.name] = of_group.get(item.name, False) or bool(got)
    if len(effects) > 1 and not any(any(of.values()) for of in effects.values()):
        return "no effect", f"Whatever was changed {where}, {result} stayed the same."
    for group, of_group in effects.items():
        idle = [name for name, effect in of_group.items() if not effect]
        able = [name for name, effect in of_group.items() if effect]
        if idle and len(able) == 1:
            text = f"When parts of `{group[0]}` were changed {where}, {result} changed only with"
            return "no effect", f"{text} `{able[0]}`. The rest should matter as well."
        if idle:
            verb = "was" if len(idle) == 1 else "were"
            text = f"When {listed(idle)} {verb} changed {where}, {result} stayed the same,"
            return "no effect", f"{text} but it should change."
    return None


def elsewhere(seen):
    """Return (name, sentence) if an item has an effect on rows on which it should have none."""
    for item, got, want in seen:
        if want and got - want and "result" not in got | want:
            text = f"In this call, `{item.name}` has an effect on {listed(sorted(got - want))}. "
            text += f"It should have one only on {listed(sorted(want))}."
            return "effect elsewhere", text
    return None


def needless(seen, result):
    """Return (name, sentence) if something has an effect that should have none."""
    for item, got, want in seen:
        if got and not want and item.group != (item.name, "model"):
            text = (
                f"In this call, {result} changes with `{item.name}`, on which it should not depend."
            )
            return "needless effect", text
    return None


def listed(names):
    """Return the names as code, with commas and "and"; at most three of them."""
    code = [f"`{name}`" for name in names]
    if len(code) > 3:
        return f"{', '.join(code[:3])} and so on"
    return " and ".join(filter(None, [", ".join(code[:-1]), code[-1]]))
