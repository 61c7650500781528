"""What the doors say of bad input: the value and the remedy, before anything is done."""

import math

import pytest
import torch

from charrnn_helpers.data import StreamBatches, TimeMachine, WindowBatches
from charrnn_helpers.model import GRUScratch
from charrnn_helpers.model import make_model as door
from charrnn_helpers.sampling import beam_search, next_probs, predict, sample, surprisal
from charrnn_helpers.training import Options
from tests.conftest import generator, make_model

TEXT = "the time traveller for so it will be convenient to speak of him was expounding"
LOGITS = torch.randn(28, generator=generator(1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"batch_size": 8, "num_steps": 200},
            "201 characters are needed for a window of 200 and its target, but there are 64",
        ),
        ({"batch_size": 500, "num_steps": 5}, "batch_size is 500, but there are 59 windows"),
        (
            {"batch_size": 8, "num_steps": 5, "num_train": 9_999},
            "15004 characters are needed for 9999 . 5000 windows, but there are 78",
        ),
        ({"batch_size": 8, "num_steps": 5, "num_train": 0}, "num_train is 0; use a whole number"),
        ({"batch_size": 8, "num_steps": 2.0}, "num_steps is 2.0; use a whole number"),
        ({"batch_size": 8, "num_steps": 5, "text": None}, "the text is None; use a string"),
        ({"batch_size": 8, "num_steps": 5, "text": ""}, "6 characters are needed"),
    ],
)
def test_a_text_too_short_for_its_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        TimeMachine(**{"text": TEXT} | settings)


@pytest.mark.parametrize("batch_size", [0, -3, 10_000, True, None])
@pytest.mark.parametrize("cut", [WindowBatches, StreamBatches])
def test_a_batch_larger_than_the_data(cut, batch_size):
    with pytest.raises(ValueError, match=f"batch_size is {batch_size}, but there are .* from 1 to"):
        cut(torch.arange(100), batch_size, 5)


@pytest.mark.parametrize("cut", [WindowBatches, StreamBatches])
def test_a_window_longer_than_the_data(cut):
    with pytest.raises(ValueError, match="num_steps is 0; use a whole number"):
        cut(torch.arange(100), 1, 0)
    with pytest.raises(ValueError, match="101 characters are needed .* there are 100; reduce"):
        cut(torch.arange(100), 1, 100)


@pytest.mark.parametrize("bad", [0, -1, 4.0, True, "4", None])
def test_sizes_of_a_model(bad):
    with pytest.raises(ValueError, match=f"vocab_size is {bad!r}; use a whole number of at least"):
        door(bad)
    with pytest.raises(ValueError, match=f"num_hiddens is {bad!r}; use a whole number of at"):
        door(28, bad, cell=GRUScratch)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": -1}, "lr is -1; use"),
        ({"lr": 0}, "lr is 0; use"),
        ({"lr": math.nan}, "lr is nan"),
        ({"grad_clip_val": 0}, "grad_clip_val is 0"),
        ({"grad_clip_val": -0.5}, "grad_clip_val is -0.5"),
        ({"grad_clip_val": math.inf}, "grad_clip_val is inf"),
        ({"grad_clip_val": "1"}, "grad_clip_val is '1'; use a finite number above 0"),
        ({"lr": 10**400}, "lr is 1000"),
        ({"num_epochs": 0}, "num_epochs is 0"),
        ({"num_epochs": 1.5}, "num_epochs is 1.5; use a whole number"),
    ],
)
def test_options_that_mean_nothing(settings, message):
    with pytest.raises(ValueError, match=message):
        Options(**settings)


@pytest.fixture(scope="module")
def model():
    return make_model(sigma=0.4)


@pytest.mark.parametrize("write", [predict, sample])
@pytest.mark.parametrize(
    ("prefix", "num_preds", "message"),
    [
        ("Time", 5, "'T' in the prefix 'Time' is not in the vocabulary.*preprocess"),
        ("caf\u00e9", 5, "'\u00e9' in the prefix"),
        ("", 5, "the prefix is empty"),
        (None, 5, "the prefix is None; use a string"),
        ("time", -1, "num_preds is -1"),
        ("time", 2.5, "num_preds is 2.5"),
    ],
)
def test_a_bad_prefix_or_number(model, vocab, write, prefix, num_preds, message):
    with pytest.raises(ValueError, match=message):
        write(model, prefix, num_preds, vocab)


@pytest.mark.parametrize("temperature", [-1, -0.001, math.nan, math.inf, 1e-40, "1"])
def test_a_temperature_that_means_nothing(model, vocab, temperature):
    said = "temperature is .*; use a finite number above 0|is the temperature too close to 0"
    with pytest.raises(ValueError, match=said):
        next_probs(LOGITS, temperature)
    with pytest.raises(ValueError, match=said):
        sample(model, "time", 3, vocab, temperature)


@pytest.mark.parametrize("top_p", [0, -0.1, 1.1, "1", 7.6e-305])
def test_top_p_out_of_range(model, vocab, top_p):
    with pytest.raises(ValueError, match=f"top_p is {top_p!r}; use a number above 0"):
        next_probs(LOGITS, top_p=top_p)
    with pytest.raises(ValueError, match=f"top_p is {top_p!r}; use a number above 0"):
        sample(model, "time", 3, vocab, top_p=top_p)


@pytest.mark.parametrize("top_k", [0, -1, 29, 1.0])
def test_top_k_out_of_range(top_k):
    with pytest.raises(ValueError, match=f"top_k is {top_k}; use a whole number from 1 to 28"):
        next_probs(LOGITS, top_k=top_k)


@pytest.mark.parametrize("width", [0, 29, 2.0, None])
def test_the_width_of_a_beam(model, vocab, width):
    with pytest.raises(ValueError, match=f"width is {width}; use a whole number from 1 to 28"):
        beam_search(model, "time", 3, vocab, width)
    with pytest.raises(ValueError, match="the prefix is empty"):
        beam_search(model, "", 3, vocab, 2)


def test_logits_of_inf_or_nan():
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match=f"the largest logit is {bad}.*did the training"):
            next_probs(torch.tensor([0.0, bad]))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_model_whose_training_diverged(vocab, bad):
    model = make_model()
    with torch.no_grad():
        model.rnn.W_hh[0, 0] = bad
    said = "weights that are inf or nan.*make a new model"
    for write in (predict, sample):
        with pytest.raises(ValueError, match=said):
            write(model, "time", 5, vocab)
    with pytest.raises(ValueError, match=said):
        surprisal(model, "time", vocab)


@pytest.mark.parametrize(("text", "message"), [("a", "too short"), ("", "empty"), ("aB", "'B'")])
def test_surprisal_of_a_bad_text(model, vocab, text, message):
    with pytest.raises(ValueError, match=message):
        surprisal(model, text, vocab)
