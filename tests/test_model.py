"""The model is nn.RNN plus nn.Linear, to float64 precision."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from charrnn_helpers.data import StreamBatches, Vocab
from charrnn_helpers.library import Library, faster
from charrnn_helpers.model import (
    GRUScratch,
    LSTMScratch,
    RNNLMScratch,
    RNNScratch,
    WithDropout,
    check_len,
    check_shape,
    dropout,
    one_hot,
)
from charrnn_helpers.sampling import predict, sample, surprisal
from charrnn_helpers.training import cross_entropy, evaluate
from tests.conftest import generator, make_model


def reference(model):
    """nn.RNN and nn.Linear with the model's weights (theirs are stored transposed)."""
    rnn = nn.RNN(model.vocab_size, model.rnn.num_hiddens).double()
    linear = nn.Linear(model.rnn.num_hiddens, model.vocab_size).double()
    with torch.no_grad():
        rnn.weight_ih_l0.copy_(model.rnn.W_xh.T)
        rnn.weight_hh_l0.copy_(model.rnn.W_hh.T)
        rnn.bias_ih_l0.copy_(model.rnn.b_h)
        rnn.bias_hh_l0.zero_()
        linear.weight.copy_(model.W_hq.T)
        linear.bias.copy_(model.b_q)
    return rnn, linear


@pytest.mark.parametrize("batch_size", [1, 2, 1024])
@pytest.mark.parametrize("with_state", [False, True])
def test_outputs_loss_and_gradients_are_those_of_pytorch(batch_size, with_state):
    model = make_model(sigma=0.3).double()
    rnn, linear = reference(model)
    X, Y = torch.randint(28, (2, batch_size, 16), generator=generator(5))
    state = None
    if with_state:
        state = torch.rand(batch_size, 32, generator=generator(6), dtype=torch.float64)

    logits, last = model.forward_with_state(X, state)
    loss = cross_entropy(logits, Y)
    loss.backward()

    inputs = F.one_hot(X.T, 28).double()
    H, their_last = rnn(inputs, None if state is None else state.unsqueeze(0))
    their_logits = linear(H).transpose(0, 1)
    their_loss = F.cross_entropy(their_logits.reshape(-1, 28), Y.reshape(-1))
    their_loss.backward()

    exact = {"rtol": 1e-12, "atol": 1e-13}
    torch.testing.assert_close(logits, their_logits, **exact)
    torch.testing.assert_close(last, their_last[0], **exact)
    torch.testing.assert_close(loss, their_loss, **exact)
    for ours, theirs in [
        (model.rnn.W_xh, rnn.weight_ih_l0),
        (model.rnn.W_hh, rnn.weight_hh_l0),
        (model.rnn.b_h, rnn.bias_ih_l0),
        (model.W_hq, linear.weight),
        (model.b_q, linear.bias),
    ]:
        torch.testing.assert_close(ours.grad, theirs.grad.t(), **exact)


GATES = {GRUScratch: (nn.GRU, "rzh"), LSTMScratch: (nn.LSTM, "ifco")}  # in PyTorch's order
CELLS = pytest.mark.parametrize("cell", [RNNScratch, *GATES], ids=lambda cell: cell.__name__)


@pytest.mark.parametrize("cell", GATES, ids=lambda cell: cell.__name__)
@pytest.mark.parametrize("with_state", [False, True])
def test_outputs_and_gradients_of_gated_cells_are_those_of_pytorch(cell, with_state):
    """Their weights stand side by side, transposed; their second bias is 0."""
    library, gates = GATES[cell]
    ours, theirs = cell(7, 5, 0.5, generator()).double(), library(7, 5).double()
    names = {"weight_ih_l0": "W_x", "weight_hh_l0": "W_h", "bias_ih_l0": "b_"}
    inputs = torch.randn(9, 3, 7, generator=generator(1), dtype=torch.float64)
    shape, state = (2, 3, 5) if cell is LSTMScratch else (3, 5), None
    with torch.no_grad():
        for p in ours.parameters():
            p += torch.randn(p.shape, generator=generator(2)) / 3
        for name, letters in names.items():
            getattr(theirs, name).copy_(torch.cat([getattr(ours, letters + g).t() for g in gates]))
        theirs.bias_hh_l0.zero_()
    if with_state:
        state = torch.randn(shape, generator=generator(3), dtype=torch.float64)
    their_state = None if state is None else state.unsqueeze(-3)
    if with_state and cell is LSTMScratch:
        their_state = tuple(their_state)

    outputs, last = ours(inputs, state)
    their_outputs, their_last = theirs(inputs, their_state)
    their_last = torch.cat(their_last) if cell is LSTMScratch else their_last[0]
    weights = torch.randn(shape, generator=generator(4), dtype=torch.float64)
    ((torch.stack(outputs) ** 2).sum() + (weights * last).sum()).backward()
    ((their_outputs**2).sum() + (weights * their_last).sum()).backward()

    exact = {"rtol": 1e-12, "atol": 1e-13}
    torch.testing.assert_close(torch.stack(outputs), their_outputs, **exact)
    torch.testing.assert_close(last, their_last, **exact)
    for name, letters in names.items():
        grads = torch.cat([getattr(ours, letters + gate).grad.t() for gate in gates])
        torch.testing.assert_close(grads, getattr(theirs, name).grad, **exact)


def test_dropout_keeps_the_mean_and_draws_anew_each_time():
    H = torch.randn(40, 8, 50, generator=generator())
    source = generator(2)
    first, second = (dropout(H, 0.4, source) for _ in range(2))
    assert ((first == 0) | torch.isclose(first, H / 0.6)).all()
    assert 0.38 < (first == 0).float().mean() < 0.42 and not torch.equal(first, second)
    assert torch.equal(dropout(H, 0.4, generator(2)), first)
    assert torch.equal(dropout(H, 0), H)


@CELLS
def test_an_rnn_without_its_dropout_is_the_same_with_the_embedding_multiplied_in(cell):
    rnn = cell(6, 5, 0.5, generator()).double()
    noisy = WithDropout(rnn, 28, (0, 0), generator(1)).double()
    inputs = one_hot(torch.randint(28, (9, 3), generator=generator(2)), 28).double()
    outputs, state = noisy(inputs)
    plain = noisy.without()
    assert type(plain) is cell and plain.num_inputs == 28
    expected, last = plain(inputs)
    torch.testing.assert_close(outputs, torch.stack(expected))
    torch.testing.assert_close(state, last)
    before = [p.clone() for p in rnn.parameters()]
    for p in plain.parameters():
        p.data += 1  # a copy: its weights are its own
    assert all(torch.equal(a, b) for a, b in zip(rnn.parameters(), before, strict=True))


@CELLS
def test_dropout_leaves_the_carried_state_whole(cell):
    rnn = cell(6, 50, 0.5, generator())
    noisy = WithDropout(rnn, 28, (0, 0.5), generator(1))
    inputs = one_hot(torch.randint(28, (9, 3), generator=generator(2)), 28)
    outputs, state = noisy(inputs)
    assert (outputs == 0).any() and torch.equal(state, rnn(inputs @ noisy.W_e)[1])


@CELLS
def test_in_evaluation_mode_nothing_is_dropped(cell):
    """As PyTorch users expect: the same numbers as without dropout, and none drawn."""
    noisy = WithDropout(cell(6, 5, 0.5, generator()), 28, (0.5, 0.5), draws := generator(1))
    inputs, before = (
        one_hot(torch.randint(28, (9, 3), generator=generator(2)), 28),
        draws.get_state(),
    )
    noisy.eval()
    outputs, _ = noisy(inputs)
    torch.testing.assert_close(outputs, torch.stack(noisy.without()(inputs)[0]))
    assert torch.equal(draws.get_state(), before)
    noisy.train()
    assert not torch.equal(noisy(inputs)[0], noisy(inputs)[0])


VOCAB = Vocab("abcdefghijklmnopqrstuvwxyz ")
USES = {
    "evaluate": lambda model: evaluate(model, StreamBatches(VOCAB.encode("abc " * 30), 2, 9)),
    "sample": lambda model: sample(model, "abc", 9, VOCAB, generator=generator()),
    "predict": lambda model: predict(model, "abc", 9, VOCAB),
    "surprisal": lambda model: surprisal(model, "abc abc", VOCAB).tolist(),
}


@pytest.mark.parametrize("use", USES)
def test_using_a_model_drops_nothing_and_restores_the_mode_of_each_part(use):
    rnn = WithDropout(LSTMScratch(6, 5, 0.5, generator()), 28, (0.5, 0.5), draws := generator(1))
    model, before = RNNLMScratch(rnn, 28, generator(2)), draws.get_state()
    model.rnn.rnn.eval()  # one part is in evaluation mode, and the others are not
    found = USES[use](model)
    assert [module.training for module in model.modules()] == [True, True, False]
    assert torch.equal(draws.get_state(), before)
    model.rnn = rnn.without()
    without = USES[use](model)
    assert found == (
        pytest.approx(without, rel=1e-5) if use in ("evaluate", "surprisal") else without
    )


def test_the_mode_is_restored_after_an_error():
    model = make_model()
    with pytest.raises(ZeroDivisionError):
        evaluate(model, [])
    assert model.training


@CELLS
def test_gradients_by_finite_differences(cell):
    model = make_model(vocab_size=4, num_hiddens=3, sigma=0.5, cell=cell).double()
    X, Y = torch.randint(4, (2, 2, 5), generator=generator())
    names = [name for name, _ in model.named_parameters()]

    def loss(*values):
        logits = torch.func.functional_call(model, dict(zip(names, values, strict=True)), X)
        return cross_entropy(logits, Y)

    assert torch.autograd.gradcheck(loss, tuple(model.parameters()))


def test_the_lessons_model_has_2876_parameters():
    assert sum(p.numel() for p in make_model().parameters()) == 2_876


def test_one_hot_gives_the_lessons_rows():
    expected = torch.tensor([[1.0, 0, 0, 0, 0], [0, 0, 1, 0, 0]])
    assert torch.equal(one_hot(torch.tensor([0, 2]), 5), expected)


def test_one_hot_of_any_shape_is_pytorchs():
    X = torch.randint(28, (3, 2, 5), generator=generator())
    assert torch.equal(one_hot(X, 28), F.one_hot(X, 28).float())
    assert one_hot(torch.empty(0, dtype=torch.long), 5).shape == (0, 5)


def test_shapes_are_the_lessons():
    model = make_model()
    X = torch.ones(2, 7, dtype=torch.long)
    outputs, state = model.rnn(one_hot(X.T, 28))
    check_len(outputs, 7)
    check_shape(outputs[0], (2, 32))
    check_shape(state, (2, 32))
    check_shape(model(X), (2, 7, 28))


@CELLS
def test_a_carried_state_makes_two_halves_one_whole(cell):
    model = make_model(sigma=0.3, cell=cell)
    X = torch.randint(28, (3, 20), generator=generator())
    whole, last = model.forward_with_state(X)
    first, state = model.forward_with_state(X[:, :8])
    second, state = model.forward_with_state(X[:, 8:], state)
    assert torch.equal(torch.cat([first, second], dim=1), whole)
    assert torch.equal(state, last)


def test_the_same_generator_gives_the_same_weights():
    for a, b in zip(make_model(seed=1).parameters(), make_model(seed=1).parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("shape", [(3, 32), (2, 31), (32,), (1, 2, 32)])
def test_a_state_of_the_wrong_shape_is_refused(shape):
    model = make_model()
    with pytest.raises(ValueError, match=r"shape is \(.*\), expected \(2, 32\)"):
        model(torch.zeros(2, 5, dtype=torch.long), torch.zeros(shape))


def test_guards_name_both_values():
    with pytest.raises(ValueError, match="length is 2, expected 3"):
        check_len([1, 2], 3)
    with pytest.raises(ValueError, match=r"shape is \(2,\), expected \(3,\)"):
        check_shape(torch.zeros(2), (3,))


def test_any_size_of_vocabulary():
    model = RNNLMScratch(RNNScratch(5, 3), 5)
    assert model(torch.zeros(1, 2, dtype=torch.long)).shape == (1, 2, 5)


@CELLS
def test_a_faster_model_reads_and_learns_as_ours(cell):
    """Its bias has two parts, one of which stays 0, so an update is the same."""
    ours = make_model(7, num_hiddens=5, sigma=0.5, seed=3, cell=cell).double()
    theirs, X = faster(ours), torch.randint(7, (2, 9), generator=generator(1))
    before = {name: W.detach().clone() for name, W in ours.named_parameters()}
    _, state = ours.forward_with_state(X)
    for model in (ours, theirs):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        logits, _ = model.forward_with_state(X, state.detach())
        cross_entropy(logits, X).backward()
        optimizer.step()
    logits, last = ours.forward_with_state(X)
    their_logits, their_last = theirs.forward_with_state(X)
    torch.testing.assert_close(their_logits, logits, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(their_last, last, rtol=1e-9, atol=1e-11)
    assert not torch.equal(before["W_hq"], ours.W_hq)
    found = dict(theirs.rnn.ours().double().named_parameters())
    for name, W in ours.rnn.named_parameters():
        torch.testing.assert_close(found[name], W, rtol=1e-5, atol=1e-6)  # ours() has 32 bits
    assert isinstance(theirs.rnn, Library) and not isinstance(ours.rnn, Library)
