"""Influence: what has no effect on a result, although it has one on the right answer's.

One item of the arguments is changed at a time, in two ways: a number, a row, a step, a batch.
A whole argument is said to have no effect only if it has none in any case.
"""

import inspect
from functools import cache, partial
from typing import NamedTuple

import torch
from torch import nn

from charrnn_helpers.checks.trial import attempt_all, call
from charrnn_helpers.checks.values import as_tensor, identical

MOST = 30  # items that are changed
LONGEST = 6  # items of one list, or slices along one axis
WAYS = 2  # to change an item


class Item(NamedTuple):
    """A part of the arguments: its name as code, the list or axis along which it was cut."""

    name: str
    group: tuple  # the argument, and the axis; "whole" for all of it
    change: object  # change(argument, way) -> another argument
    position: int  # of the argument


def influence(exercise, answer, failing):
    """Return (sentence, case) on what has no effect on the result, or None if all has."""
    effects, idle = {}, None
    for count, i in enumerate(dict.fromkeys([*failing, *range(len(exercise.cases))])):
        for item, effect in look(exercise, answer, i, whole_items).items():
            effects[item] = effects.get(item, False) or effect
        idle = without_effect(effects, exercise.result, "in the calls that were tried")
        if count and not idle:
            break
    if idle:
        return idle, failing[0]
    for i in failing[:2]:
        effects = look(exercise, answer, i, parts)
        found = without_effect(effects, exercise.result, "in this call")
        if found:
            return found, i
    return None


def look(exercise, answer, i, cut):
    """Return {(name, group): has it an effect?} for the items that should have one in case i."""
    items, cases, wanted = variations(exercise, i, cut)
    trial = attempt_all(answer, cases, exercise.drive)
    if trial.trouble or holds_nan(trial.outcomes[0].value):
        return {}  # nan hides what it depends on
    effects, due = {}, set()
    for item, got, want in zip(items, trial.outcomes[1:], wanted[1:], strict=True):
        key = item.name, item.group
        if got.error is None and want.error is None:
            effects[key] = effects.get(key) or not identical(got.value, trial.outcomes[0].value)
            if not identical(want.value, wanted[0].value):
                due.add(key)
    return {key: effect for key, effect in effects.items() if key in due}


@cache
def variations(exercise, i, cut):
    """Return the Items that are changed in case i, and the cases and right Outcomes.

    The first case and Outcome are those without a change; then there is one for each Item.
    """
    case = exercise.cases[i]
    arguments = case.make()
    items = list(cut(arguments, names_of(exercise, len(arguments))))[:MOST]
    ways = [(item, way) for item in items for way in range(WAYS)]
    cases = [case] + [case._replace(make=partial(varied, case, *changed)) for changed in ways]
    with torch.enable_grad():
        wanted = [call(exercise.answer, case, exercise.drive) for case in cases]
    return [item for item, _ in ways], cases, wanted


@cache
def redrawn(exercise, i):
    """Return case i with other numbers in its tensors, several times, and the right Outcomes."""
    found = []
    if not any(map(holds_decimals, exercise.cases[i].make())):
        return found
    for way in range(WAYS):
        case = exercise.cases[i]._replace(make=partial(with_other_numbers, exercise.cases[i], way))
        with torch.enable_grad():
            want = call(exercise.answer, case, exercise.drive)
        if want.error is None and not holds_nan(want.value):
            found.append((case, want))
    return found


def with_other_numbers(case, way):
    """Return new arguments of a case, with other numbers in those that hold decimals."""
    return tuple(another(x, way) if holds_decimals(x) else x for x in case.make())


def holds_decimals(x):
    """Tell whether an argument is a tensor of decimals."""
    return isinstance(x, torch.Tensor) and x.is_floating_point()


def holds_nan(value):
    """Tell whether a settled value is, or holds, nan."""
    if isinstance(value, dict):
        return any(map(holds_nan, value.values()))
    tensor = as_tensor(value)
    return tensor is not None and bool(tensor.isnan().any())


def whole_items(arguments, names):
    """Yield an Item for each argument that can be changed."""
    for k, value in enumerate(arguments):
        if can_change(value):
            yield Item(names[k], (names[k], "whole"), another, k)


def parts(arguments, names):
    """Yield the Items that are slices of tensors, or entries of lists."""
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
    """Return another value of the same kind and shape; there are two ways."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return (value + 1, max(value - 1, 1))[way]
    if isinstance(value, float):
        return (1.5 * value + 0.25, 0.1 * value)[way]
    if isinstance(value, (list, tuple)):
        return type(value)(another(item, way) if can_change(item) else item for item in value)
    if isinstance(value, nn.Module):
        with torch.no_grad():
            for p in value.parameters():
                p.copy_(another(p.detach(), way))
        return value
    if value.dtype == torch.bool:
        return (value.roll(1), ~value)[way]
    if value.is_floating_point():
        noise = torch.rand(value.shape, generator=torch.Generator().manual_seed(way))
        return (value + 0.5 + noise, 0.1 - value)[way]
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


def without_effect(effects, result, where):
    """Return a sentence if something has no effect, or None; `where` says in which calls."""
    groups = {}  # {group: {item: has it an effect?}}
    for (name, group), effect in effects.items():
        groups.setdefault(group, {})[name] = effect
    for group, of_group in groups.items():
        idle = [name for name, effect in of_group.items() if not effect]
        able = [name for name, effect in of_group.items() if effect]
        if idle and len(able) == 1:
            text = f"When parts of `{group[0]}` were changed {where}, {result} changed only with"
            return f"{text} `{able[0]}`. It should change with {listed(idle)} as well."
        if idle:
            verb = "was" if len(idle) == 1 else "were"
            text = f"When {listed(idle)} {verb} changed {where}, {result} stayed the same,"
            return f"{text} but {'they' if ' and ' in result else 'it'} should change."
    return None


def listed(names):
    """Return the names as code, with commas and "and"; at most three of them."""
    code = [f"`{name}`" for name in names]
    if len(code) > 3:
        return f"{', '.join(code[:3])} and so on"
    return " and ".join(filter(None, [", ".join(code[:-1]), code[-1]]))
