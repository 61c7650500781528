"""Loss, clipping, the loop and the evaluation, against PyTorch's own; and what bad values do."""

import copy
import itertools
import math
import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR

from charrnn_helpers.data import StreamBatches, Vocab, WindowBatches
from charrnn_helpers.sampling import predict
from charrnn_helpers.training import (
    Options,
    Record,
    bits_per_char,
    clip_gradients,
    cross_entropy,
    evaluate,
    fit,
    gradient_norm,
    perplexity,
    shannon_bounds,
    train,
    train_step,
)
from tests.conftest import generator, make_model

IDS = torch.randint(28, (500,), generator=generator(7))


@given(st.lists(st.integers(1, 4), min_size=0, max_size=3), st.floats(0.1, 1e4), st.integers(0, 99))
def test_cross_entropy_is_pytorchs(shape, scale, seed):
    logits = (scale * torch.randn(*shape, 7, generator=generator(seed))).double().requires_grad_()
    targets = torch.randint(7, shape, generator=generator(seed))
    theirs = F.cross_entropy(logits.reshape(-1, 7), targets.reshape(-1))
    ours = cross_entropy(logits, targets)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    (our_gradient,) = torch.autograd.grad(ours, logits)
    (their_gradient,) = torch.autograd.grad(theirs, logits)
    torch.testing.assert_close(our_gradient, their_gradient, rtol=1e-8, atol=1e-12)


def test_cross_entropy_of_huge_logits_is_finite():
    logits = torch.tensor([[1e30, -1e30, 0.0]])
    assert cross_entropy(logits, torch.tensor([0])) == 0
    assert math.isclose(cross_entropy(logits, torch.tensor([2])).item(), 1e30, rel_tol=1e-6)


def test_targets_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape is \(3,\), expected \(2, 5\)"):
        cross_entropy(torch.zeros(2, 5, 7), torch.zeros(3, dtype=torch.long))


def test_perplexity_and_bits():
    assert math.isclose(perplexity(math.log(28)), 28)
    assert math.isclose(2 ** bits_per_char(1.5), perplexity(1.5))
    assert perplexity(1e6) == math.inf
    assert math.isnan(perplexity(math.nan))


def with_gradients(scale=1.0):
    model = make_model(sigma=0.3)
    for seed, p in enumerate(model.parameters()):
        p.grad = scale * torch.randn(p.shape, generator=generator(seed))
    return model


@pytest.mark.parametrize("theta", [0.001, 0.25, 1.0, 50.0, 1000.0])
def test_clipping_is_pytorchs(theta):
    ours, theirs = with_gradients(), with_gradients()
    norm = clip_gradients(theta, ours)
    their_norm = nn.utils.clip_grad_norm_(theirs.parameters(), theta)
    assert math.isclose(norm, their_norm.item(), rel_tol=1e-6)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=2e-5, atol=1e-7)  # theirs adds 1e-6
    assert gradient_norm(ours) <= theta * (1 + 1e-6) or norm <= theta


def test_a_small_gradient_is_left_untouched():
    model, before = with_gradients(), with_gradients()
    clip_gradients(gradient_norm(model), model)
    for a, b in zip(model.parameters(), before.parameters(), strict=True):
        assert torch.equal(a.grad, b.grad)


def test_parameters_without_a_gradient_are_passed_over():
    model = with_gradients()
    model.b_q.grad = None
    norm = clip_gradients(0.5, model)
    assert model.b_q.grad is None
    assert norm > 0.5 and math.isclose(gradient_norm(model), 0.5, rel_tol=1e-5)
    assert gradient_norm(make_model()) == clip_gradients(1.0, make_model()) == 0


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_a_norm_that_is_not_finite_is_an_error(bad):
    model = with_gradients()
    model.W_hq.grad[0, 0] = bad
    before = [p.grad.clone() for p in model.parameters()]
    with pytest.raises(FloatingPointError, match=r"norm is (inf|nan)"):
        clip_gradients(1.0, model)
    for p, old in zip(model.parameters(), before, strict=True):
        torch.testing.assert_close(p.grad, old, equal_nan=True)


def test_evaluate_weights_each_character_alike():
    model = make_model(sigma=0.5)
    X, Y = torch.randint(28, (2, 9, 12), generator=generator())
    whole = F.cross_entropy(model(X).flatten(0, 1), Y.flatten()).item()
    unequal = [(X[:7], Y[:7]), (X[7:8], Y[7:8]), (X[8:], Y[8:])]
    assert math.isclose(evaluate(model, unequal), whole, rel_tol=1e-6)
    assert math.isclose(evaluate(model, [(X, Y)]), whole, rel_tol=1e-6)


def test_evaluate_with_a_carried_state_is_one_pass():
    model = make_model(sigma=0.5)
    whole = F.cross_entropy(model(IDS[:-1].unsqueeze(0))[0], IDS[1:]).item()
    for num_steps in (7, 64, 499):
        carried = evaluate(model, StreamBatches(IDS, 1, num_steps), carry_state=True)
        assert math.isclose(carried, whole, rel_tol=1e-5)
    assert not math.isclose(evaluate(model, StreamBatches(IDS, 1, 7)), whole, rel_tol=1e-5)


def test_evaluate_leaves_no_gradients():
    model = make_model()
    evaluate(model, WindowBatches(IDS, 8, 8))
    assert all(p.grad is None for p in model.parameters())


def test_a_fresh_model_has_a_perplexity_of_28():
    assert abs(perplexity(evaluate(make_model(), WindowBatches(IDS, 64, 16))) - 28) < 0.1


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("carry_state", [False, True])
def test_train_is_the_loop_written_with_pytorchs_parts(optimizer, carry_state):
    ours, theirs = make_model(sigma=0.3).double(), make_model(sigma=0.3).double()
    batches = StreamBatches(IDS, 4, 16)
    options = Options(2, lr=0.05, grad_clip_val=0.2, carry_state=carry_state, optimizer=optimizer)
    history = fit(train(ours, batches, options))

    stepper, losses = optimizer(theirs.parameters(), lr=0.05), []
    for _ in range(2):
        state = None
        for X, Y in batches:
            logits, state = theirs.forward_with_state(X, state if carry_state else None)
            state = state.detach()
            loss = F.cross_entropy(logits.flatten(0, 1), Y.flatten())
            stepper.zero_grad()
            loss.backward()
            norm = torch.cat([p.grad.flatten() for p in theirs.parameters()]).norm()
            for p in theirs.parameters():
                p.grad *= min(1, 0.2 / norm)
            stepper.step()
            losses.append(loss.item())

    torch.testing.assert_close([r.loss for r in history], losses, rtol=1e-9, atol=0)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-9)


def test_the_same_seeds_give_the_same_run():
    runs = [
        fit(train(make_model(), WindowBatches(IDS, 32, 8, generator(1)), Options(num_epochs=2)))
        for _ in range(2)
    ]
    assert [record.loss for record in runs[0]] == [record.loss for record in runs[1]]


def test_records_say_what_happened():
    batches = WindowBatches(IDS, 100, 8)
    history = fit(train(make_model(), batches, Options(num_epochs=3)))
    assert [record.step for record in history] == list(range(1, 3 * len(batches) + 1))
    assert history[-1].epoch == 3
    assert history[0].perplexity == math.exp(history[0].loss)
    assert all(record.grad_norm > 0 and record.lr == 1 for record in history)


def test_options_are_read_at_each_step():
    model, options = make_model(), Options(num_epochs=1, lr=0.5)
    steps = train(model, WindowBatches(IDS, 50, 8), options)
    next(steps)
    options.lr = 1e-12
    next(steps)  # the change holds from the next step on: this one moves nothing
    before = copy.deepcopy(model.state_dict())
    next(steps)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name])
    options.lr = -1
    with pytest.raises(ValueError, match="lr is -1"):
        next(steps)


def test_a_scheduler_of_pytorch_changes_the_learning_rate():
    model, batches = make_model(), WindowBatches(IDS, 50, 8)
    num_steps = 2 * len(batches)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    decay = LinearLR(optimizer, 1, 0, total_iters=num_steps)
    rates = [r.lr for r in train(model, batches, Options(num_epochs=2, lr=9), optimizer, decay)]
    assert rates == pytest.approx([0.5 * (1 - step / num_steps) for step in range(num_steps)])


def test_the_schedule_is_that_of_a_loop_written_out():
    """Two parameter groups, each with its own rate, along a cosine."""
    batches = WindowBatches(IDS, 50, 8)
    models = [make_model(sigma=0.3), make_model(sigma=0.3)]
    found = []
    for model in models:
        groups = [{"params": model.rnn.parameters(), "lr": 0.1}, {"params": [model.W_hq], "lr": 1}]
        optimizer = torch.optim.SGD(groups)
        found.append((optimizer, CosineAnnealingLR(optimizer, len(batches))))
    (optimizer, schedule), theirs = found
    fit(train(models[0], batches, Options(num_epochs=1, grad_clip_val=None), optimizer, schedule))
    optimizer, schedule = theirs
    for X, Y in batches:
        optimizer.zero_grad()
        cross_entropy(models[1](X), Y).backward()
        optimizer.step()
        schedule.step()
    for a, b in zip(*(model.parameters() for model in models), strict=True):
        torch.testing.assert_close(a, b)
    assert not torch.equal(models[0].W_hq, make_model(sigma=0.3).W_hq)


def test_the_learning_rate_of_an_optimizer_that_is_given_is_left_to_it():
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
    run = train(model, WindowBatches(IDS, 50, 8), Options(lr=1.0), optimizer)
    assert next(run).lr == 0.25
    optimizer.param_groups[0]["lr"] = 0.125
    assert next(run).lr == 0.125


def test_nothing_happens_before_it_is_asked_for():
    model = make_model()
    before = copy.deepcopy(model.state_dict())
    train(model, WindowBatches(IDS, 50, 8), Options())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_run_that_diverges_says_what_it_saw_and_takes_no_step():
    model = make_model()
    steps = train(model, WindowBatches(IDS, 50, 8), Options(lr=0.1))
    next(steps)
    with torch.no_grad():
        model.W_hq[0, 0] = math.nan
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(FloatingPointError, match=r"the loss is nan .* lower lr or") as error:
        next(steps)
    assert math.isnan(error.value.loss) and math.isnan(error.value.norm)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], equal_nan=True)


def test_a_run_goes_on_where_it_was_left():
    whole = make_model()
    expected = fit(train(whole, WindowBatches(IDS, 50, 8, generator(1)), Options(2)))
    model = make_model()
    run = train(model, WindowBatches(IDS, 50, 8, generator(1)), Options(2))
    history = list(itertools.islice(run, 7))
    assert fit(run, history) is history and history == expected
    for a, b in zip(model.parameters(), whole.parameters(), strict=True):
        assert torch.equal(a, b)


def test_with_an_optimizer_handed_in_training_goes_on_with_its_memory():
    """Two epochs in one go, and in two calls of train with one Adam."""
    models = [make_model(), make_model()]
    batches, options = StreamBatches(IDS, 4, 16), Options(2, lr=0.01, optimizer=torch.optim.Adam)
    fit(train(models[0], batches, options))
    options.num_epochs = 1
    optimizer = torch.optim.Adam(models[1].parameters(), lr=0.01)
    for _ in range(2):
        fit(train(models[1], batches, options, optimizer))
    for a, b in zip(*(model.parameters() for model in models), strict=True):
        assert torch.equal(a, b)


def test_no_global_random_number_is_drawn():
    torch.manual_seed(0)
    random.seed(0)
    before = torch.get_rng_state(), random.getstate()
    fit(train(make_model(), WindowBatches(IDS, 50, 8, generator()), Options(num_epochs=1)))
    assert torch.equal(torch.get_rng_state(), before[0]) and random.getstate() == before[1]


def test_train_step_reports_loss_norm_and_a_state_cut_loose():
    model = make_model()
    X, Y = next(iter(WindowBatches(IDS, 4, 8)))
    loss, norm, state = train_step(model, X, Y, torch.optim.SGD(model.parameters(), 0.1), None)
    assert isinstance(loss, float) and isinstance(norm, float)
    assert state.shape == (4, 32) and not state.requires_grad


def test_a_sentence_is_learned_by_heart():
    sentence = "the time traveller was expounding a recondite matter to us "
    vocab = Vocab(sentence)
    model = make_model(len(vocab), num_hiddens=64, sigma=0.1)
    batches = WindowBatches(vocab.encode(sentence), 16, 16, generator())
    options = Options(num_epochs=80, lr=0.02, optimizer=torch.optim.Adam)
    history = fit(train(model, batches, options))
    assert history[-1].perplexity < 1.3
    assert predict(model, "the time ", len(sentence) - 9, vocab) == sentence


def test_a_record_is_a_tuple():
    assert Record(1, 0.5, 2.0, 0.1, 1.0, None) == (1, 0.5, 2.0, 0.1, 1.0, None)


def test_the_bounds_of_guesses_by_hand():
    """Half of the characters come from a die with one face, and half from a coin."""
    upper = 0.75 * math.log2(4 / 3) + 0.25 * 2
    assert shannon_bounds([1, 1, 1, 2]) == pytest.approx((0.5, upper))
    assert shannon_bounds([1, 1, 1, 9]) == pytest.approx((0.5, upper))  # the largest share first
    assert shannon_bounds([1] * 5) == (0, 0)


@pytest.mark.parametrize("faces", [2, 3, 27])
def test_the_bounds_of_a_fair_die_meet(faces):
    assert shannon_bounds([*range(1, faces + 1)] * 4) == pytest.approx([math.log2(faces)] * 2)


def test_the_entropy_of_a_player_lies_between_the_bounds():
    """A player whose probabilities are right: the shares are the mean of sorted distributions."""
    players = [[0.9, 0.1, 0, 0], [0.4, 0.3, 0.2, 0.1], [0.25] * 4]
    entropy = -sum(p * math.log2(p) for row in players for p in row if p) / len(players)
    numbers = [k for row in players for k, p in enumerate(row, 1) for _ in range(round(20 * p))]
    low, high = shannon_bounds(numbers)
    assert low < entropy < high
