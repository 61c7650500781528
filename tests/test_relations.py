"""What a wrong result has to do with the expected one."""

import math

import pytest
import torch

from charrnn_helpers.checks.relations import degenerate, relation

WANT = torch.tensor([[1.5, -2.25], [0.5, 3.75], [4.5, 0.25]])
BOX = torch.arange(12.0).view(2, 1, 3, 2) + 0.5


@pytest.mark.parametrize(
    ("name", "got", "want"),
    [
        ("factor", 3 * WANT, WANT),
        ("factor", -WANT, WANT),
        ("transposed", WANT.T, WANT),
        ("transposed", BOX.transpose(0, 2), BOX),
        ("an axis of length 1", BOX.squeeze(), BOX),
    ],
)
def test_a_relation_is_found(name, got, want):
    assert relation([(got, want)])[0] == name
    assert relation([(got.tolist(), want.tolist()), (got, want)])[0] == name


def test_there_is_none():
    assert relation([(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([3.0, 1.0, 7.0]))]) is None
    assert relation([(2.0, 1.0)]) is None  # a single number has any relation
    assert relation([(WANT, WANT)]) is None  # the type may be wrong, say
    assert relation([(3.0, 1.0), (5.0, 2.5), (1.0, 0.25), (9.0, 4.0)]) is None


@pytest.mark.parametrize(
    "value", [[], "", torch.full((3,), -math.inf), torch.full((2,), math.nan), torch.ones(2, 2)]
)
def test_a_result_that_says_little(value):
    assert degenerate(value)


@pytest.mark.parametrize("value", [[1, 2], "a", torch.tensor([1.0, -math.inf, 2.0]), 3.0])
def test_a_result_that_says_something(value):
    assert not degenerate(value)
