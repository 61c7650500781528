"""What a wrong result has to do with the expected one."""

import math

import pytest
import torch

from charrnn_helpers.checks.relations import degenerate, relation
from charrnn_helpers.checks.values import one_object

WANT = torch.tensor([[1.5, -2.25], [0.5, 3.75], [4.5, 0.25]])
BOX = torch.arange(12.0).view(2, 1, 3, 2) + 0.5


@pytest.mark.parametrize(
    ("name", "got", "want"),
    [
        ("sign", -WANT, WANT),
        ("absolute value", WANT.abs(), WANT),
        ("rounded down", WANT.floor(), WANT),
        ("cut to integers", WANT.trunc(), WANT),
        ("rounded", (WANT + 0.1).round(), WANT + 0.1),
        ("factor", 3 * WANT, WANT),
        ("transposed", WANT.T, WANT),
        ("transposed", BOX.transpose(0, 2), BOX),
        ("axis moved", BOX.movedim(-1, 0), BOX),
        ("an axis of length 1", BOX.squeeze(), BOX),
        ("another shape", BOX.flatten(), BOX),
        ("last only", WANT[-1], WANT),
        ("first only", WANT[0], WANT),
        ("mean of it", WANT.mean(), WANT),
        ("sum of it", WANT.sum(), WANT),
        ("cut off", WANT.clamp(max=1), WANT),
        ("cut off", (WANT - 1).clamp(min=-0.6), WANT - 1),
        ("nearly right", WANT + 0.001, WANT),
        ("square", WANT**2, WANT),
        ("all zero", 0 * WANT, WANT),
    ],
)
def test_a_relation_is_found(name, got, want):
    assert relation([(got, want)]).name == name
    assert relation([(got.tolist(), want.tolist()), (got, want)]).name == name


def test_there_is_none():
    assert relation([(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([3.0, 1.0, 7.0]))]) is None
    assert relation([(2.0, 1.0)]) is None  # a single number has any relation
    assert relation([(3.0, 1.0), (5.0, 2.5), (1.0, 0.25), (9.0, 4.0)]) is None


@pytest.mark.parametrize(
    ("unit", "factor", "name"),
    [
        ("nats", 1 / math.log(2), "bits"),
        ("bits", math.log(2), "nats"),
        ("nats", math.log(2), "factor"),
        ("bits", 1 / math.log(2), "factor"),
        ("", math.log(2), "factor"),
    ],
)
def test_a_unit_is_named_only_if_the_exercise_has_the_other(unit, factor, name):
    want = torch.tensor([1.0, 2.5, 4.0])
    found = relation([(factor * want, want)], unit)
    assert found.name == name and ("expected result is in" in found.text) == (name != "factor")


@pytest.mark.parametrize(
    "value", [[], "", torch.full((3,), -math.inf), torch.full((2,), math.nan), torch.ones(2, 2)]
)
def test_a_result_that_says_little(value):
    assert degenerate(value)


@pytest.mark.parametrize("value", [[1, 2], "a", torch.tensor([1.0, -math.inf, 2.0]), 3.0])
def test_a_result_that_says_something(value):
    assert not degenerate(value)


def test_one_tensor_several_times():
    state = torch.zeros(2)
    assert one_object([state, state]) and one_object(([state, state], state))
    assert not one_object([state, state.clone()]) and not one_object([state])
    assert not one_object(list(torch.zeros(3, 2))) and not one_object((state, [state.clone()]))
