"""Kneser-Ney: a distribution in every context, and the measured scores on the book."""

import math

import pytest

from charrnn_helpers.counting import KneserNey
from charrnn_helpers.data import preprocess


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("context", ["", "t", "the", "zzzz", "of the ti"])
def test_probabilities_add_up_to_one(story, vocab, n, context):
    model = KneserNey(preprocess(story)[:5_000], n, len(vocab))
    probs = [model.prob(context, token) for token in vocab.idx_to_token]
    assert min(probs) > 0
    assert math.isclose(sum(probs), 1, rel_tol=1e-12)


def test_one_gram_by_hand():
    model = KneserNey("aab", 1, vocab_size=4, discount=0.75)
    rest = 0.75 * 2 / 3 / 4
    assert math.isclose(model.prob("", "a"), 1.25 / 3 + rest)
    assert math.isclose(model.prob("x", "c"), rest)


def test_lower_orders_count_kinds_of_context():
    # "u" is frequent but seen after "q" only; "e" is rarer and seen after two characters.
    model = KneserNey("ququququ aebe", 2, vocab_size=30)
    assert model.prob("x", "e") > model.prob("x", "u")
    assert model.prob("q", "u") > 0.7


def test_loss_is_the_mean_surprisal(story):
    text = preprocess(story)
    model = KneserNey(text[:5_000], 3, 28)
    held_out = text[5_000:5_100]
    surprisals = [
        -math.log(model.prob(held_out[max(0, i - 2) : i], held_out[i])) for i in range(100)
    ]
    assert math.isclose(model.loss(held_out), sum(surprisals) / 100)


def test_scores_on_the_last_tenth_of_the_book(book):
    text = preprocess(book)
    cut = len(text) - len(text) // 10
    measured = [16.7, 9.6, 6.4, 4.6, 3.9, 3.8]
    for n, expected in enumerate(measured, start=1):
        score = math.exp(KneserNey(text[:cut], n, 28).loss(text[cut:]))
        assert abs(score - expected) < 0.05, (n, score)
