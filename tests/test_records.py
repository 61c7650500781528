"""The records that chapters read, and the program that makes them."""

import json
import math
import os
import subprocess
import sys

import pytest
import torch

from charrnn_helpers.book import story_path
from charrnn_helpers.checks.exercises.gated_networks import given_lstm_step
from charrnn_helpers.data import TimeMachine
from charrnn_helpers.model import one_hot
from charrnn_helpers.trained import recorded
from tools import backward, gates, records
from tools.course import ROOT


@pytest.mark.parametrize("name", records.RECORDS)
def test_a_record_has_the_trials_that_the_program_runs(name, story):
    names = [trial for trial, _ in records.RECORDS[name].trials(TimeMachine(32, 64, story))]
    assert set(recorded(name)) == set(names) and len(names) == len(set(names))


def test_a_record_that_was_stopped_goes_on(tmp_path):
    path, ran = tmp_path / "some.json", []

    def trials(fail):
        for name in "abc":

            def run(name=name):
                if name == fail:
                    raise KeyboardInterrupt
                ran.append(name)
                return {"x": [1 / 3, 2]}

            yield name, run

    with pytest.raises(KeyboardInterrupt):
        list(records.make(path, trials("c")))
    assert json.loads(path.read_text("utf-8")) == {k: {"x": [0.33333, 2]} for k in "ab"}
    assert [name for name, _ in records.make(path, trials(None))] == ["c"]
    assert ran == ["a", "b", "c"] and [p.name for p in tmp_path.iterdir()] == ["some.json"]
    assert set(json.loads(path.read_text("utf-8"))) == set("abc")


@pytest.mark.parametrize(
    ("names", "text"), [(["nothing"], None), (["trials"], story_path())], ids=["name", "text"]
)
def test_a_wrong_request_is_an_error_that_says_what_to_do(names, text, tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "tools.records", *names, "--to", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | ({"CHARRNN_TEXT": str(text)} if text else {}),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    said = "let CHARRNN_TEXT name the book" if text else "no record 'nothing'; choose from enc"
    assert run.returncode == 2 and said in run.stderr


@pytest.mark.parametrize("cell", gates.CELLS)
def test_networks_side_by_side_compute_what_each_computes_alone(cell):
    setting = gates.Setting(cell, bias=1.5)
    together = gates.Networks(setting, [3, 4], 9, 6)
    X, first = gates.fresh(7, 5, [0, 1], salt=0)
    _, last, _ = together.forward(X)
    logits = together.logits(last)
    alone = [gates.build(setting, seed, 9, 6) for seed in (3, 4)]
    for k, model in enumerate(alone):
        assert (model(X[k])[:, -1] - logits[k]).abs().max() < 1e-6
    optimizer = torch.optim.SGD(together.weights, lr=1.0)
    before = together.W_hq.detach().clone()
    together.learn(gates.losses_of(logits, first), optimizer)
    for k, model in enumerate(alone):
        torch.nn.functional.cross_entropy(model(X[k])[:, -1], first[k]).backward()
        norm = sum(p.grad.square().sum() for p in model.parameters()).sqrt()
        step = min(1, 1 / norm.item()) * model.W_hq.grad
        assert (before[k] - together.W_hq[k] - step).abs().max() < 1e-6


def test_in_the_second_game_the_answer_follows_the_mark():
    X, answers = gates.fresh(7, 5, [0, 1], 0, gates.marked_rounds)
    assert X.shape == (2, 5, 10) and (X[..., -1] == 8).all() and (X == 9).sum() == 10
    places = (X == 9).nonzero()[:, 2].view(2, 5, 1)
    assert (X.gather(2, places + 1)[..., 0] == answers).all() and answers.max() < 8


def test_a_gate_of_its_own_writes_and_a_coupled_one_does_not():
    X, _ = gates.fresh(3, 2, [0], 0)
    kept = gates.Setting(bias=50.0)  # a gate of 1
    ends = [
        gates.Networks(setting, [0], 9, 4).forward(X)[1].abs().max()
        for setting in (kept, kept._replace(write=0.5), kept._replace(cell="LSTM", coupled=True))
    ]
    assert ends[0] == ends[2] == 0 < ends[1]


def test_the_late_output_gate_is_that_of_the_hunt():
    setting = gates.Setting("LSTM", sigma=0.8, late=True)
    rnn = gates.build(setting, 3, 9, 6).rnn
    X, _ = gates.fresh(2, 4, [0], 0)
    state = gates.Networks(setting, [3], 9, 6).forward(X)[1][0]
    parts = [tuple(getattr(rnn, f"{w}{gate}") for w in ("W_x", "W_h", "b_")) for gate in "ifoc"]
    H = C = torch.zeros(4, 6)
    for ids in X[0].T:
        H, C = given_lstm_step(one_hot(ids, 9), H, C, *parts)
    torch.testing.assert_close(state, torch.cat([H, C], -1))


def test_the_mark_comes_first():
    X, answers = gates.fresh(7, 5, [0], 0, gates.first_rounds)
    assert (X[..., 0] == 9).all() and (X[..., 1] == answers).all()


def test_what_notebook_8_says_of_its_record_is_so():
    found = recorded("backward")

    def ends(name):
        return [math.exp(found[f"{name} {seed}"]) for seed in range(3)]

    def mean(name):
        return sum(ends(name)) / 3

    assert max(ends("2")) < min(ends("all")) + 0.1 < min(ends("1"))
    assert max(min(ends("8")), min(ends("4"))) < max(ends("all"))
    assert round(mean("1") - mean("all"), 1) == 0.3
    assert max(ends("W_hh zero")) < 9.55
    assert min(ends("W_hh frozen")) > 5.6 > 5.1 > max(ends("1"))
    for kept, best in (("1", 0.02), ("all", 0.01)):
        worst = {lr: max(ends(f"{kept} at {lr}")) for lr in backward.RATES}
        worst[0.01] = max(ends(kept))
        assert min(worst, key=worst.get) == best
    assert round(mean("1 at 0.02") - mean("all"), 1) == 0.2
    words = {k: found[f"words {k}"] for k in range(1, 7)}
    assert [sum(share > 0.99 for share in words[k]) for k in words] == [0, 0, 0, 4, 9, 10]
