"""The measured facts that the text quotes, on the real book."""

import itertools
import math

import pytest
import torch

from charrnn_helpers.data import TimeMachine, WindowBatches, windows
from charrnn_helpers.training import (
    Options,
    clip_gradients,
    cross_entropy,
    evaluate,
    fit,
    perplexity,
    train,
)
from tests.conftest import generator, make_model


@pytest.fixture(scope="module")
def small_split(book):
    return TimeMachine(1024, 32, book, num_train=10_000, num_val=5_000)


@pytest.mark.parametrize(
    ("num_epochs", "expected"), [(30, 9.41), pytest.param(100, 7.26, marks=pytest.mark.long)]
)
def test_d2ls_run_on_its_own_split(small_split, num_epochs, expected):
    """D2L's own code gives 9.41 after 30 epochs and 7.26 after 100."""
    model = make_model(28)
    options = Options(num_epochs, lr=1.0, grad_clip_val=1.0)
    records = fit(train(model, small_split.train_batches(generator(1)), options))
    score = perplexity(evaluate(model, small_split.val_batches()))
    print(f"\nafter {num_epochs} epochs {score:.2f}")
    assert len(records) == 10 * num_epochs
    assert abs(score - expected) < 0.2
    assert max(record.grad_norm for record in records) < 1  # nothing was ever clipped


@pytest.mark.long
def test_the_better_recipe_on_the_lessons_validation_windows(small_split):
    """Below 7.2 after 300 steps, below 5.2 after 1,000; `make bench` says how long they take."""
    ids = small_split.ids
    rest = torch.cat([ids[:10_000], ids[15_032:]])
    val = WindowBatches(ids[10_000:15_032], 1000, 32)
    assert torch.equal(val.X, small_split.val_batches().X)
    model = make_model(28, num_hiddens=128, sigma=0.1)
    batches = WindowBatches(rest, 64, 32, generator())
    steps = train(model, batches, Options(lr=0.01, optimizer=torch.optim.Adam))
    fit(itertools.islice(steps, 300))
    after_300 = perplexity(evaluate(model, val))
    fit(itertools.islice(steps, 700))
    after_1000 = perplexity(evaluate(model, val))
    print(f"\nafter 300 steps {after_300:.2f}, after 1,000 {after_1000:.2f}")
    assert after_300 < 7.2
    assert after_1000 < 5.2


def five_lines(book, seed, theta=None, num_updates=150):
    """Notebook 4's loop on windows of 150 characters: the mean loss of its last 20 steps."""
    ids = TimeMachine(64, 32, book).ids[:156_086]
    model = make_model(28, num_hiddens=32, sigma=0.3, seed=seed)
    X, Y = windows(ids, 150)
    draws, losses = generator(seed), []
    for _ in range(num_updates):
        rows = torch.randint(len(X), (64,), generator=draws)
        loss = cross_entropy(model(X[rows]), Y[rows])
        model.zero_grad()
        loss.backward()
        if theta is not None:
            clip_gradients(theta, model)
        with torch.no_grad():
            for p in model.parameters():
                p -= p.grad
        losses.append(loss.item())
    return sum(losses[-20:]) / 20


@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.long) for s in (2, 3))])
def test_five_lines_on_long_windows_are_ruined_and_rescued_by_clipping(book, seed):
    assert five_lines(book, seed) > math.log(16) > math.log(13) > five_lines(book, seed, theta=1.0)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
def test_five_lines_to_the_end(book, seed):
    ruined = perplexity(five_lines(book, seed, num_updates=300))
    rescued = perplexity(five_lines(book, seed, theta=1.0, num_updates=300))
    print(f"\nseed {seed}: {ruined:.1f} without clipping, {rescued:.1f} with theta = 1")
    assert ruined > 16 and rescued < 12


@pytest.mark.long
def test_the_lessons_run_on_50000_windows(book):
    """The lesson reports 7.2; 7.26 was measured on the 5,000 windows that follow."""
    data = TimeMachine(1024, 32, book, num_train=50_000, num_val=5_000)
    scores = []
    for seed in (1, 2, 3):
        model = make_model(28, seed=seed)
        fit(train(model, data.train_batches(generator(seed)), Options(num_epochs=30, lr=1.0)))
        scores.append(perplexity(evaluate(model, data.val_batches())))
    print(f"\nafter 30 epochs on 50,000 windows: {[round(score, 2) for score in scores]}")
    assert all(abs(score - 7.26) < 0.25 for score in scores)
