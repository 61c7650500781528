"""What models give to the characters of a text: fixed, mixed, or reading on."""

import math

import pytest
import torch

from charrnn_helpers.counting import KneserNey
from charrnn_helpers.data import Vocab
from charrnn_helpers.model import make_model
from charrnn_helpers.reading import (
    ReadingKneserNey,
    chances,
    count_while_reading,
    counted,
    learning_mixture,
    that_came,
    update_while_reading,
)

BEFORE, TEXT = "the time traveller for so it will be ", "convenient to speak of him the time "
VOCAB = Vocab(BEFORE + TEXT)
IDS, LATER = VOCAB.encode(BEFORE), VOCAB.encode(TEXT)


@pytest.fixture
def model():
    return make_model(len(VOCAB), 8, sigma=0.5)


def test_chances_are_those_of_one_character_after_the_other(model):
    state, found = None, []
    for idx in torch.cat([IDS[-1:], LATER[:-1]]):
        logits, state = model.forward_with_state(idx[None, None], state)
        found.append(logits[0, 0].softmax(dim=0))
    probs = chances(model, IDS, LATER)
    assert torch.allclose(probs, torch.stack(found), atol=1e-6)
    assert that_came(probs, LATER).tolist() == [
        row[idx].item() for row, idx in zip(probs, LATER, strict=True)
    ]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_what_is_counted_is_what_the_counts_say(n):
    counts = KneserNey(BEFORE, n, len(VOCAB))
    came = counted(counts, BEFORE, TEXT)
    whole = BEFORE + TEXT
    for i in range(len(TEXT)):
        end = len(BEFORE) + i
        assert came[i].item() == pytest.approx(counts.prob(whole[end - n + 1 : end], TEXT[i]))


@pytest.mark.parametrize("n", [1, 2, 5])
def test_who_counts_while_reading_ends_with_the_tables_of_the_whole_text(n):
    reader = ReadingKneserNey(BEFORE, n, len(VOCAB))
    came = count_while_reading(reader, BEFORE, TEXT)
    assert len(came) == len(TEXT)
    whole = KneserNey(BEFORE + TEXT, n, len(VOCAB))
    for k in range(n):
        seen = {gram: counts for gram, counts in reader.tables[k].items() if counts}
        assert seen == dict(whole.tables[k])
    for i in (0, 7, len(TEXT) - 1):  # each is predicted before it is counted
        before = BEFORE + TEXT[:i]
        prob = KneserNey(before, n, len(VOCAB)).prob(before[len(before) - n + 1 :], TEXT[i])
        assert came[i].item() == pytest.approx(prob)


def test_updates_while_reading_leave_the_model_alone_and_come_after_each_window(model):
    weights = [p.clone() for p in model.parameters()]
    fixed = update_while_reading(model, IDS, LATER, lr=0.0, num_steps=5)
    with torch.no_grad():
        _, state = model.forward_with_state(IDS[None, :-1])
        logits, _ = model.forward_with_state(torch.cat([IDS[-1:], LATER[:-1]])[None], state)
    assert torch.allclose(fixed, that_came(logits[0].softmax(dim=-1), LATER), atol=1e-6)
    learned = update_while_reading(model, IDS, LATER, lr=0.5, num_steps=5)
    assert torch.equal(learned[:5], fixed[:5]) and not torch.allclose(learned[5:], fixed[5:])
    assert learned[5:].log().mean() > fixed[5:].log().mean()
    for before, parameter in zip(weights, model.parameters(), strict=True):
        assert torch.equal(before, parameter)


def test_the_weight_of_a_mixture_descends_the_slope_of_its_surprisal():
    p, q = torch.tensor([0.5, 0.9, 0.1, 0.3]), torch.tensor([0.25, 0.2, 0.4, 0.3])
    a, found = torch.zeros((), dtype=torch.float64, requires_grad=True), []
    for p_t, q_t in zip(p, q, strict=True):
        m = a.sigmoid() * p_t + (1 - a.sigmoid()) * q_t
        found.append(m.item())
        (slope,) = torch.autograd.grad(-m.log(), a)
        a = (a - 0.7 * slope).detach().requires_grad_()
    assert learning_mixture(p, q, 0.7).tolist() == pytest.approx(found)
    assert math.isclose(found[0], 0.375)
