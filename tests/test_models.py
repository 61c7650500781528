"""The models that come with the course: small, as good as the notebooks say, and made as said."""

import math
import os
import subprocess
import sys

import pytest
import torch

import tools.trials
from charrnn_helpers.book.find import story_path
from charrnn_helpers.checkpoint import load_checkpoint
from charrnn_helpers.data import StreamBatches, TimeMachine, windows
from charrnn_helpers.model import make_model
from charrnn_helpers.trained import FOLDER, RECIPES, by_rate, recorded, start, trained_model
from charrnn_helpers.training import cross_entropy, evaluate, fit, gradient_norm, perplexity
from tools import clipping, insides
from tools.course import ROOT
from tools.models import make

GATED = [name for name in RECIPES if name != "time_machine"]
# On the first 5,000 characters of the test part.
ABOUT = {"time_machine": 5.16, "rnn": 4.11, "gru": 4.05, "lstm": 3.85, "large": 3.84}


def path_of(name, folder=FOLDER):
    return folder / f"{name}.safetensors"


def test_a_name_that_does_not_exist():
    with pytest.raises(ValueError, match="there is no model 'gpt'; choose from time_machine, rnn,"):
        trained_model("gpt")


@pytest.mark.parametrize("name", RECIPES)
def test_it_is_small(name):
    model, vocab = trained_model(name)
    most = {"time_machine": 150_000, "large": 2_000_000}.get(name, 700_000)
    assert path_of(name).stat().st_size < most
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


def test_the_record_of_clipping_has_each_setting():
    found = recorded("clipping")
    words = {f"words, {kind}" for kind in clipping.WORDS}
    assert found.keys() == clipping.SETTINGS.keys() | words
    for name, kept in found.items():
        assert len(kept) == len(clipping.FEW if name in words else clipping.SEEDS)
    ends = [end for name in clipping.SETTINGS for end in found[name]]
    assert all(len(end) == 3 and 0 <= end[1] <= 1 for end in ends)


def test_the_record_of_insides_has_each_network():
    found = recorded("insides")
    assert list(found) == [name for name, _ in insides.trials(None)]
    for kept in found.values():
        assert len(kept["next"]["both paths"]) == len(insides.ALPHAS)
        assert len(kept["random costs"]) == len(kept["random eight costs"]) == insides.COUNT
        assert len(kept["ways"]["biases"]["losses"]) == len(insides.STEPS)


def test_what_reads_a_state_gets_the_mean_along_a_direction_that_is_held():
    """The state of a copy is put in by hand, one time step after the other."""
    model, means = make_model(9, 4, 0.7, 1), torch.tensor([0.3, -0.2, 0.5, 0.1])
    u = torch.tensor([[0.6, 0.0, -0.8, 0.0], [0.0, 1.0, 0.0, 0.0]])  # at right angles
    X, H, logits = torch.tensor([[1, 5, 2]]), torch.zeros(1, 4), []

    def held(H):
        return H + (means - H) @ u.T @ u

    for x in X[0]:
        H = torch.tanh(model.rnn.W_xh[x] + held(H) @ model.rnn.W_hh + model.rnn.b_h)
        logits.append(held(H) @ model.W_hq + model.b_q)
    found = insides.hold(model, u, means)(X)[0]
    assert torch.allclose(found, torch.cat(logits), atol=1e-5)


@pytest.mark.parametrize("treatment", clipping.TREATMENTS)
def test_a_gradient_is_treated_as_the_notebook_says(treatment):
    """A long one; a short one stays as it is."""
    setting = clipping.Setting(treatment=treatment)
    for size, long in ((10.0, True), (0.001, False)):
        model = clipping.start(setting, 0, 9)
        for p in model.parameters():
            p.grad = torch.full_like(p, size)
        before = gradient_norm(model)
        clipping.TREATMENTS[treatment](1.0, model)
        length = before if treatment == "none" else 1
        assert gradient_norm(model) == pytest.approx(length if long else before)


def test_the_gradient_alone_is_weakened(book):
    """The logits are those of the model; a step back multiplies the gradient once more."""
    vocab = TimeMachine(64, 32, book).vocab
    model, (X, _) = (
        make_model(len(vocab), 32, 0.1, 0),
        clipping.words(3, 5, vocab, torch.Generator()),
    )
    whole, weak = (clipping.read(model, X, back) for back in (1.0, 0.5))
    assert torch.equal(whole, weak) or torch.allclose(whole, weak, atol=1e-6)
    assert torch.allclose(whole, model(X)[:, -1], atol=1e-6)
    first = vocab[" "]  # which is read first, 4 steps before the last letter
    rows = [torch.autograd.grad(logits.sum(), model.rnn.W_xh)[0][first] for logits in (whole, weak)]
    assert torch.allclose(rows[1], 0.5**4 * rows[0], rtol=1e-3)


def test_the_record_was_made_by_the_loop_of_the_notebook(book):
    """At a sigma of 0.177, which is not chaotic, and for a word."""
    data = TimeMachine(64, 32, book)
    model, losses, norms = clipping.learn(
        clipping.Setting(clipping.FINE, num_updates=3), 1, data.train_ids, len(data.vocab)
    )
    assert clipping.saturated(model, data.train_ids) < 0.05
    model, (X, Y) = make_model(len(data.vocab), 32, clipping.FINE, 1), windows(data.train_ids, 150)
    generator = torch.Generator().manual_seed(1)
    for loss, norm in zip(losses, norms, strict=True):
        rows = torch.randint(len(X), (64,), generator=generator)
        ours = cross_entropy(model(X[rows]), Y[rows])
        model.zero_grad()
        ours.backward()
        assert ours.item() == pytest.approx(loss, rel=1e-4)
        assert gradient_norm(model) == pytest.approx(norm, rel=1e-3)
        with torch.no_grad():
            for p in model.parameters():
                p -= p.grad
    assert clipping.at_the_end([math.log(9.0)] * 300) == pytest.approx(9)
    assert clipping.at_the_end([1.0] * 299) == math.inf
    assert clipping.remember(clipping.FINE, 2, 0, data.vocab, num_updates=80) > 900


def test_the_trials_are_those_that_the_script_runs():
    assert list(recorded("trials")) == [name for name, _ in tools.trials.trials(None)]
    assert (FOLDER / "trials.json").stat().st_size < 20_000
    for (name, batch_size), rates in tools.trials.RATES.items():
        found = by_rate(name, batch_size, 468)
        assert tuple(found) == rates and {len(losses) for losses in found.values()} == {3}
    assert by_rate("SGD", 64, 117) == {}


@pytest.mark.long
@pytest.mark.parametrize("name", ["rate Adam 64 0.02 0", "varied nothing 1", "throughout 0.01 1"])
def test_running_a_trial_again_gives_about_the_same(name, book):
    again = dict(tools.trials.trials(TimeMachine(32, 32, book)))[name]()
    (kept,), (found,) = (
        [value for key, value in result.items() if key in ("468", "validation")]
        for result in (recorded("trials")[name], again)
    )
    assert found == pytest.approx(kept, abs=0.03)
