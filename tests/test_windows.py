"""The networks with fixed windows: what was recorded of them, and how they are made."""

import pytest
import torch

from charrnn_helpers.data import TimeMachine
from charrnn_helpers.trained import recorded
from tests.conftest import generator
from tools import windows
from tools.records import rounded


def test_the_record_is_what_would_be_written():
    assert recorded("fixed_windows") == rounded(recorded("fixed_windows"))
    found = recorded("fixed_windows")
    assert tuple(found["letters"]) == windows.LETTERS
    assert {len(scores) for scores in [*found["windows"], found["recurrent"]]} == {3}
    assert set(found["rates"]) <= set(windows.RATES)
    assert found["recurrent rate"] in windows.RNN_RATES[1:-1]  # not at the edge of what was tried


def test_a_record_that_is_not_there():
    with pytest.raises(ValueError, match="no record 'nothing'; choose from .*fixed_windows"):
        recorded("nothing")


@pytest.mark.parametrize("length", windows.LETTERS)
def test_all_fixed_windows_have_about_as_many_weights_as_the_recurrent_network(length):
    window = windows.FixedWindow(length, 28, generator())
    weights = sum(p.numel() for p in window.parameters())
    assert abs(weights - 23_708) < 0.01 * 23_708


def test_a_fixed_window_sees_its_characters_and_no_others():
    window = windows.FixedWindow(3, 5, generator())
    X = torch.tensor([[0, 1, 2], [0, 1, 2], [3, 1, 2]])
    a, b, c = window(X)
    assert torch.equal(a, b) and not torch.allclose(a, c)
    hidden = torch.tanh(window.W[0, 0] + window.W[1, 1] + window.W[2, 2] + window.b)
    assert torch.allclose(a, hidden @ window.V + window.c)


def test_a_score_is_a_perplexity_over_all_characters_from_a_place_on():
    ids = torch.arange(100) % 4
    assert windows.score(lambda X: torch.zeros(len(X), 4), 2, ids) == pytest.approx(4)
    certain = torch.nn.functional.one_hot
    assert windows.score(lambda X: 50.0 * certain((X[:, -1] + 1) % 4, 4), 2, ids) < 1.001


def test_the_best_rate_is_that_of_the_lowest_score_and_gets_all_seeds():
    found = windows.best_rate((1, 2, 3), lambda seed, lr: abs(lr - 2) + seed)
    assert found == (2, [0, 1, 2])


@pytest.mark.long
def test_the_windows_of_the_record_can_be_trained_again(book):
    data, found = TimeMachine(32, 64, book), recorded("fixed_windows")
    for k, length in enumerate(found["letters"][:3]):
        window = windows.learned_window(length, 0, data, found["rates"][k])
        again = windows.score(window, length, data.val_ids)
        assert again == pytest.approx(found["windows"][k][0], rel=0.01)
