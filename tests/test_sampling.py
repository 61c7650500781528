"""Greedy decoding, temperature, top-k, top-p, and surprisal."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charrnn_helpers.model import GRUScratch, LSTMScratch
from charrnn_helpers.sampling import (
    advance,
    apply_temperature,
    beam_search,
    beam_step,
    keep_top_k,
    keep_top_p,
    next_probs,
    predict,
    sample,
    surprisal,
    warm_up,
    write_many,
)
from tests.conftest import generator, make_model

LOGITS = torch.randn(28, generator=generator(1))
logits_lists = st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=40)


@pytest.fixture(scope="module")
def model():
    return make_model(sigma=0.4)


def test_many_texts_are_written_like_one(model, vocab):
    X = torch.stack([vocab.encode("time traveller"), vocab.encode("the morlocks  ")])
    many = write_many(model.train(), X, 20, lambda logits: logits.argmax(dim=-1, keepdim=True))
    assert model.training and many.shape == (2, 20)
    for row, written in zip(X, many, strict=True):
        prefix = vocab.decode(row)
        assert predict(model, prefix, 20, vocab) == prefix + vocab.decode(written)


def test_predict_is_the_argmax_of_reading_everything_again(model, vocab):
    ids = vocab.encode("time traveller")
    for _ in range(20):
        ids = torch.cat([ids, model(ids.unsqueeze(0))[0, -1:].argmax(dim=-1)])
    assert predict(model, "time traveller", 20, vocab) == vocab.decode(ids)


def test_advance_goes_on_where_warm_up_ended(model, vocab):
    logits, state = warm_up(model, "time", vocab)
    logits, state = advance(model, vocab["s"], state)
    expected, expected_state = warm_up(model, "times", vocab)
    torch.testing.assert_close(logits, expected)
    torch.testing.assert_close(state, expected_state)
    assert not logits.requires_grad


def test_predicting_nothing_gives_the_prefix(model, vocab):
    assert predict(model, "time", 0, vocab) == sample(model, "time", 0, vocab) == "time"


def test_a_beam_of_one_is_greedy(model, vocab):
    assert beam_search(model, "time", 40, vocab, 1) == predict(model, "time", 40, vocab)
    assert beam_search(model, "time", 0, vocab, 4) == "time"


def test_a_wide_beam_finds_the_likeliest_of_all_texts(vocab):
    """A beam of 28 loses nothing in two steps, so all 28 * 28 endings are tried instead."""
    model = make_model(sigma=1.0)
    ids = vocab.encode("time")
    both = torch.cartesian_prod(torch.arange(28), torch.arange(28))  # (784, 2)
    X = torch.cat([ids.expand(len(both), -1), both], dim=1)
    log_probs = model(X)[:, len(ids) - 1 : -1].log_softmax(dim=-1)  # (784, 2, 28)
    best = log_probs.gather(2, both[:, :, None]).sum(dim=(1, 2)).argmax()
    assert beam_search(model, "time", 2, vocab, 28) == "time" + vocab.decode(both[best])


def test_the_best_texts_of_one_more_character():
    log_probs = torch.tensor([[0.5, 0.5], [0.1, 0.9]]).log()
    scores, rows, ids = beam_step(torch.tensor([0.2, 0.3]).log(), log_probs, 3)
    torch.testing.assert_close(scores.exp(), torch.tensor([0.27, 0.1, 0.1]))
    assert rows.tolist() == [1, 0, 0] and sorted(ids[1:].tolist()) == [0, 1] and ids[0] == 1


@pytest.mark.parametrize("cell", [GRUScratch, LSTMScratch])
def test_a_beam_keeps_the_states_of_its_texts(vocab, cell):
    model = make_model(sigma=0.8, cell=cell)
    written = beam_search(model, "time", 12, vocab, 3)
    assert len(written) == 16 and beam_search(model, "time", 12, vocab, 1) != written


def test_temperature_zero_is_greedy(model, vocab):
    greedy = predict(model, "time", 40, vocab)
    assert sample(model, "time", 40, vocab, temperature=0) == greedy
    assert sample(model, "time", 40, vocab, temperature=1e-6) == greedy
    assert sample(model, "time", 40, vocab, top_k=1) == greedy


@given(logits_lists, st.floats(0.05, 20))
def test_temperature_keeps_the_order(values, temperature):
    logits = torch.tensor(values)
    cooled = apply_temperature(logits, temperature)
    assert torch.equal(cooled.argsort(stable=True), logits.argsort(stable=True)) or (
        cooled.unique().numel() < logits.unique().numel()  # rounding made two of them equal
    )
    torch.testing.assert_close(cooled * temperature, logits)


@given(logits_lists, st.integers(1, 40))
def test_top_k_keeps_the_k_largest(values, top_k):
    logits = torch.tensor(values)
    top_k = min(top_k, len(logits))
    kept = keep_top_k(logits, top_k).isfinite()
    assert kept.sum() >= top_k
    assert logits[kept].min() >= logits.sort(descending=True).values[top_k - 1]
    assert kept.sum() == top_k or logits.unique().numel() < len(logits)  # more only with ties


@given(logits_lists, st.floats(0.01, 1))
def test_top_p_keeps_the_fewest_that_reach_p(values, top_p):
    logits = torch.tensor(values, dtype=torch.float64)
    probs = logits.softmax(dim=0)
    kept = keep_top_p(logits, top_p).isfinite()
    assert kept.any()
    assert probs[kept].sum() >= top_p - 1e-9
    if kept.sum() > 1:  # without the least likely of them it would be too little
        assert probs[kept].sum() - probs[kept].min() < top_p + 1e-9
    if not kept.all():
        assert probs[kept].min() >= probs[~kept].max()


def test_next_probs_by_default_is_the_softmax():
    torch.testing.assert_close(next_probs(LOGITS), LOGITS.softmax(dim=0))
    torch.testing.assert_close(next_probs(LOGITS, top_k=28, top_p=1.0), LOGITS.softmax(dim=0))


@pytest.mark.parametrize("settings", [{}, {"temperature": 0.5}, {"top_k": 5}, {"top_p": 0.8}])
def test_draws_follow_the_distribution(settings):
    probs = next_probs(LOGITS, **settings)
    drawn = torch.multinomial(probs, 50_000, replacement=True, generator=generator())
    counts = torch.bincount(drawn, minlength=28)
    expected = 50_000 * probs
    possible = expected > 0
    assert counts[~possible].sum() == 0
    chi2 = ((counts - expected)[possible] ** 2 / expected[possible]).sum()
    assert chi2 < 60  # 27 degrees of freedom at most: p < 0.0003


def test_the_same_generator_gives_the_same_sample(model, vocab):
    first, second, other = (
        sample(model, "time", 60, vocab, generator=generator(seed)) for seed in (1, 1, 2)
    )
    assert first == second != other


def test_surprisal_is_minus_log2_of_each_probability(model, vocab):
    text = "time traveller"
    bits = surprisal(model, text, vocab)
    assert bits.shape == (len(text) - 1,)
    for t in range(1, len(text)):
        logits, _ = warm_up(model, text[:t], vocab)
        p = logits.softmax(dim=0)[vocab[text[t]]].item()
        assert math.isclose(bits[t - 1].item(), -math.log2(p), rel_tol=1e-3)
