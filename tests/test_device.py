"""Training, evaluation, sampling, and checkpoints on every device that the machine has."""

import itertools

import pytest
import torch

from charrnn_helpers.bptt import RNNByHand, RNNLMByHand
from charrnn_helpers.checkpoint import load_checkpoint, save_checkpoint
from charrnn_helpers.data import TimeMachine
from charrnn_helpers.model import make_model
from charrnn_helpers.sampling import predict, sample, surprisal
from charrnn_helpers.training import Options, evaluate, fit, train
from tests.conftest import generator

TEXT = "the time traveller for so it will be convenient to speak of him was expounding " * 8
DEVICES = ["cpu"]
DEVICES += ["cuda"] if torch.cuda.is_available() else []
DEVICES += ["mps"] if torch.backends.mps.is_available() else []
EACH = pytest.mark.parametrize("device", DEVICES)


def trained_on(device):
    """A model, its data, and its history, after a few steps on this device."""
    data = TimeMachine(4, 16, TEXT, device=device)
    model = make_model(len(data.vocab), 16, 0.3, device=device)
    options = Options(num_epochs=3, lr=0.5, carry_state=True)
    return model, data, fit(itertools.islice(train(model, data.train_streams(), options), 12))


@EACH
def test_everything_stays_on_the_device(device, tmp_path):
    model, data, history = trained_on(device)
    assert {p.device.type for p in model.parameters()} == {device} == {data.ids.device.type}
    assert history[-1].loss < history[0].loss
    batches = data.train_batches(generator())
    assert next(iter(batches))[0].device.type == device
    assert evaluate(model, data.val_batches()) > 0
    assert evaluate(model, data.train_streams(), carry_state=True) > 0
    assert surprisal(model, "the time", data.vocab).device.type == "cpu"
    save_checkpoint(tmp_path / "model.safetensors", model, data.vocab, history)
    loaded, vocab, _ = load_checkpoint(tmp_path / "model.safetensors", device=device)
    assert {p.device.type for p in loaded.parameters()} == {device}
    assert predict(loaded, "the ", 20, vocab) == predict(model, "the ", 20, vocab)


@EACH
def test_a_seed_gives_the_same_numbers_on_every_device(device):
    """Weights and draws come from generators on the CPU, wherever the model is."""
    (model, data, history), (other, _, expected) = trained_on(device), trained_on("cpu")
    for ours, theirs in zip(history, expected, strict=True):
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-3)
    options = {"temperature": 0.8, "top_k": 5}
    texts = [
        sample(m, "the ", 9, data.vocab, generator=generator(1), **options) for m in (model, other)
    ]
    assert texts[0] == texts[1]


@EACH
def test_the_backward_pass_by_hand_runs_there(device):
    model = RNNLMByHand(RNNByHand(7, 5, 0.3), 7).to(device)
    model(torch.randint(7, (3, 6), generator=generator()).to(device)).sum().backward()
    assert all(p.grad.device.type == device for p in model.parameters())
