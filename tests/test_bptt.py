"""The backward pass by hand: against the loop, nn.RNN, and gradcheck, and as a drop-in."""

import itertools

import pytest
import torch
from torch import nn

from charrnn_helpers.bptt import (
    Recurrence,
    RecurrenceInPieces,
    RNNByHand,
    RNNLMByHand,
    by_pytorch,
)
from charrnn_helpers.checks.exercises.backpropagation_through_time import my_wrong_weights
from charrnn_helpers.checks.riddle import PASSES, network_p, network_q
from charrnn_helpers.data import StreamBatches
from charrnn_helpers.model import RNNScratch, make_model
from charrnn_helpers.training import Options, cross_entropy, fit, train
from tests.conftest import generator
from tools import backward

SIZES = [(1, 1, 1, 1), (5, 3, 4, 6), (7, 1, 3, 2), (2, 4, 6, 3)]  # steps, batch, inputs, hiddens
EACH = pytest.mark.parametrize("sizes", SIZES, ids=str)


def arguments(sizes, seed=0):
    """Inputs, a state, and the three weights, in float64."""
    steps, batch, inputs, hiddens = sizes
    shapes = [(steps, batch, inputs), (batch, hiddens), (inputs, hiddens), (hiddens, hiddens)]
    numbers = generator(seed)
    return [
        torch.randn(shape, dtype=torch.double, generator=numbers).requires_grad_()
        for shape in [*shapes, (hiddens,)]
    ]


@EACH
def test_gradcheck(sizes):
    assert torch.autograd.gradcheck(Recurrence.apply, arguments(sizes))


@EACH
@pytest.mark.parametrize("most", [1, 40, 1000])
def test_pieces_of_any_length_give_the_same_gradients(sizes, most, monkeypatch):
    monkeypatch.setattr(RecurrenceInPieces, "most", most)
    whole, pieces = arguments(sizes), arguments(sizes)
    Recurrence.apply(*whole).square().sum().backward()
    RecurrenceInPieces.apply(*pieces).square().sum().backward()
    for one, other in zip(whole, pieces, strict=True):
        assert torch.allclose(one.grad, other.grad, rtol=0, atol=1e-12)


@EACH
def test_states_and_gradients_are_those_of_pytorch(sizes):
    steps, batch, inputs, hiddens = sizes
    ours, theirs = arguments(sizes), nn.RNN(inputs, hiddens).double()
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(ours[2].T)
        theirs.weight_hh_l0.copy_(ours[3].T)
        theirs.bias_ih_l0.copy_(ours[4])
        theirs.bias_hh_l0.zero_()
    X, state = (a.detach().clone().requires_grad_() for a in ours[:2])
    weights = torch.randn(steps, batch, hiddens, dtype=torch.double, generator=generator(9))
    H = Recurrence.apply(*ours)
    (H * weights).sum().backward()
    outputs, _ = theirs(X, state.unsqueeze(0))
    (outputs * weights).sum().backward()
    assert torch.allclose(H, outputs, rtol=0, atol=1e-12)
    rnn_grads = [theirs.weight_ih_l0.grad.T, theirs.weight_hh_l0.grad.T, theirs.bias_ih_l0.grad]
    for their_grad, a in zip([X.grad, state.grad, *rnn_grads], ours, strict=True):
        assert torch.allclose(their_grad, a.grad, rtol=0, atol=1e-10)


def test_logits_and_gradients_are_those_of_the_language_model():
    X = torch.randint(11, (3, 6), generator=generator(5))
    by_step = make_model(11, 4, 0.5).double()
    at_once = RNNLMByHand(RNNByHand(11, 4, 0.5), 11).double()
    at_once.load_state_dict(by_step.state_dict())
    assert torch.allclose(by_step(X), at_once(X), rtol=0, atol=1e-12)
    for model in (by_step, at_once):
        cross_entropy(model(X), X).backward()
    for p, q in zip(by_step.parameters(), at_once.parameters(), strict=True):
        assert torch.allclose(p.grad, q.grad, rtol=0, atol=1e-10)


def test_inputs_that_need_no_gradient_get_none():
    inputs, state, *weights = arguments((3, 2, 4, 5))
    Recurrence.apply(inputs.detach(), state.detach(), *weights).sum().backward()
    assert inputs.grad is None and state.grad is None
    assert all(weight.grad is not None for weight in weights)


def test_gradients_of_gradients_are_refused():
    a = arguments((2, 1, 2, 2))
    (grad,) = torch.autograd.grad(Recurrence.apply(*a).square().sum(), a[3], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()


def test_a_state_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"tensor's shape is \(3, 4\), expected \(2, 4\)"):
        RNNByHand(5, 4)(torch.zeros(6, 2, 5), torch.zeros(3, 4))


@pytest.mark.parametrize("carry_state", [False, True])
def test_training_goes_the_same_way_as_with_the_loop(carry_state):
    """It is a drop-in: the same train, the same weights after 20 steps."""
    ids = torch.randint(11, (700,), generator=generator(3))
    models = [make_model(11, 16, 0.3, cell=cell).double() for cell in (RNNScratch, RNNByHand)]
    for model in models:
        options = Options(num_epochs=9, lr=0.5, carry_state=carry_state)
        fit(itertools.islice(train(model, StreamBatches(ids, 4, 8), options), 20))
    for p, q in zip(*(model.parameters() for model in models), strict=True):
        assert torch.allclose(p, q, rtol=0, atol=1e-10)


def recorded(grad_fn, seen):
    """How many operations stand in PyTorch's record from here back."""
    if grad_fn is None or grad_fn in seen:
        return 0
    seen.add(grad_fn)
    return 1 + sum(recorded(node, seen) for node, _ in grad_fn.next_functions)


def test_pytorch_records_one_operation_instead_of_several_for_each_step():
    """What makes it fast, counted rather than timed."""
    inputs = torch.zeros(24, 3, 7)
    loop, by_hand = (cell(7, 5)(inputs)[1].grad_fn for cell in (RNNScratch, RNNByHand))
    assert recorded(loop, set()) > 24 * 4
    assert recorded(by_hand, set()) < 8


def gradients(model):
    return gradients_of(model, torch.randint(11, (3, 6), generator=generator(5)))


def gradients_of(model, X):
    cross_entropy(model(X), X).backward()
    return {name: p.grad for name, p in model.named_parameters()}


def test_of_the_two_networks_of_the_notebook_one_lacks_what_comes_from_the_right():
    X = torch.randint(11, (3, 6), generator=generator(5))
    assert torch.equal(network_p(11)(X), network_q(11)(X))
    ours, theirs = (gradients(network(11)) for network in (network_p, network_q))
    same = {name for name, grad in ours.items() if torch.allclose(grad, theirs[name])}
    assert same == {"W_hq", "b_q"}


@pytest.mark.parametrize("name", PASSES)
def test_each_suspect_is_wrong_where_the_exercise_says(name):
    X = torch.randint(11, (3, 6), generator=generator(5))
    model = network_q(11).double()
    theirs = {k.split(".")[-1]: grad for k, grad in gradients_of(model, X).items()}
    ours = PASSES[name](model, X, X)
    wrong = [k for k in ours if not torch.allclose(ours[k], theirs[k], rtol=0, atol=1e-9)]
    assert wrong == my_wrong_weights()[name]


def test_the_gradient_with_all_diagonals_is_complete_and_with_one_is_that_of_the_notebook():
    whole, six, five, one = (
        gradients(backward.start(1, 11, kept, num_hiddens=32).double()) for kept in (None, 6, 5, 1)
    )
    lone = gradients(network_p(11).double())
    for name, grad in whole.items():
        assert torch.allclose(grad, six[name], rtol=0, atol=1e-12)
        assert torch.allclose(one[name], lone[name], rtol=0, atol=1e-12)
    assert not torch.allclose(whole["rnn.b_h"], five["rnn.b_h"], rtol=0, atol=1e-6)


def test_the_control_without_recurrent_weights_sees_one_character():
    model = backward.start(0, 11, frozen=True, num_hiddens=5, zero=True)
    first, second = torch.tensor([[1, 2, 3]]), torch.tensor([[4, 5, 3]])
    assert torch.equal(model(first)[:, 2], model(second)[:, 2])
    learned = {name for name, p in model.named_parameters() if p.requires_grad}
    assert learned == {"rnn.W_xh", "rnn.b_h", "W_hq", "b_q"}


def test_by_pytorch_returns_the_gradients_of_weights_logits_and_states():
    model = make_model(7, 5).double()
    X, Y = torch.randint(7, (2, 3, 4), generator=generator())
    cross_entropy(model(X), Y).backward()
    found = by_pytorch(model, X, Y)
    assert list(found) == ["dW_hq", "db_q", "dW_xh", "dW_hh", "db_h", "dO", "dH"]
    for grad, p in zip(found.values(), model.parameters(), strict=False):
        assert torch.allclose(grad, p.grad, atol=1e-12)
    assert found["dO"].shape == (4, 3, 7) and found["dH"].shape == (5, 3, 5)
    assert torch.allclose(found["dO"].sum((0, 1)), found["db_q"])
    assert torch.allclose(found["dH"][4], found["dO"][3] @ model.W_hq.T)
