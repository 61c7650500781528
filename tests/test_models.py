"""The models that come with the course: small, as good as the notebooks say, and made as said."""

import os
import subprocess
import sys

import pytest
import torch

from charrnn_helpers.book.find import story_path
from charrnn_helpers.checkpoint import load_checkpoint
from charrnn_helpers.data import StreamBatches, TimeMachine
from charrnn_helpers.trained import FOLDER, RECIPES, start, trained_model
from charrnn_helpers.training import evaluate, fit, perplexity
from tools.course import ROOT
from tools.models import make

GATED = [name for name in RECIPES if name != "time_machine"]
# On the first 5,000 characters of the test part.
ABOUT = {"time_machine": 5.16, "rnn": 4.16, "gru": 4.05, "lstm": 3.89, "lstm_2": 3.93}


def path_of(name, folder=FOLDER):
    return folder / f"{name}.safetensors"


def test_a_name_that_does_not_exist():
    with pytest.raises(ValueError, match="there is no model 'gpt'; choose from time_machine, rnn,"):
        trained_model("gpt")


@pytest.mark.parametrize("name", RECIPES)
def test_it_is_small(name):
    model, vocab = trained_model(name)
    assert path_of(name).stat().st_size < (2_000_000 if name in GATED else 150_000)
    assert model.vocab_size == len(vocab) == 28 and model.b_q.dtype == torch.float32
    assert type(model.rnn) is RECIPES[name].cell


@pytest.mark.parametrize("name", RECIPES)
def test_it_predicts_a_part_of_the_book_that_it_has_not_read(name, book):
    model, vocab = trained_model(name)
    data = TimeMachine(8, 64, book)
    assert data.vocab.idx_to_token == vocab.idx_to_token
    loss = evaluate(model, StreamBatches(data.test_ids[:5000], 1, 1000), carry_state=True)
    assert perplexity(loss) == pytest.approx(ABOUT[name], rel=0.01)


@pytest.mark.parametrize("name", GATED)
def test_its_recipe_takes_the_first_steps_that_its_file_records(name, book):
    """The same on every machine, up to rounding."""
    data = TimeMachine(32, 64, book)
    ids = torch.cat([data.train_ids, data.val_ids])
    _, run = start(RECIPES[name], len(data.vocab), ids)
    _, _, history = load_checkpoint(path_of(name))
    for record, kept in zip([next(run) for _ in range(3)], history, strict=False):
        assert record.step == kept.step and record.loss == pytest.approx(kept.loss, rel=1e-3)
    epochs = RECIPES[name].num_epochs
    assert [record.epoch for record in history[5:]] == list(range(1, epochs + 1))
    assert history[-1].loss < 0.6 * history[0].loss


def test_models_are_made_once_and_resumed(tmp_path, book, book_file, monkeypatch):
    """With a recipe of one step an epoch: the whole way, from the command line to the board."""
    tiny = RECIPES["lstm"]._replace(num_hiddens=4, num_epochs=2, batch_size=1500)
    monkeypatch.setitem(RECIPES, "lstm", tiny)
    epochs = list(make("lstm", path_of("lstm", tmp_path), TimeMachine(32, 64, book)))
    assert [record.epoch for record in epochs] == [1, 2]
    model, _, _ = load_checkpoint(path_of("lstm", tmp_path))
    assert model.rnn.num_inputs == 28 and model.rnn.W_xi.shape == (28, 4)  # the embedding is in it
    content = path_of("rnn").read_bytes()
    path_of("rnn", tmp_path).write_bytes(content)
    command = [sys.executable, "-m", "tools.models", "rnn", "--to", str(tmp_path)]
    options = {"cwd": ROOT, "capture_output": True, "encoding": "utf-8"}
    environment = os.environ | {"CHARRNN_TEXT": str(book_file)}
    run = subprocess.run(command, **options, env=environment, check=True)
    assert run.stdout.startswith("rnn: perplexity 3.9") and run.stdout.count("\n") == 1
    assert path_of("rnn", tmp_path).read_bytes() == content
    environment["CHARRNN_TEXT"] = str(story_path())
    run = subprocess.run(command, **options, env=environment, check=False)
    assert run.returncode == 2 and "let CHARRNN_TEXT name the book" in run.stderr


@pytest.mark.long
@pytest.mark.parametrize("name", RECIPES)
def test_training_it_again_gives_a_model_as_good(name, tmp_path, book):
    data = TimeMachine(32, 64, book)
    fit(make(name, path_of(name, tmp_path), data))
    test = StreamBatches(data.test_ids, 1, 1000)
    models = [load_checkpoint(path_of(name, f))[0].float() for f in (FOLDER, tmp_path)]
    losses = [evaluate(model, test, carry_state=True) for model in models]
    print(f"{name}: {perplexity(losses[0]):.3f}, and again {perplexity(losses[1]):.3f}")
    assert abs(losses[0] - losses[1]) < 0.02
