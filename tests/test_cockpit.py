"""The training cockpit, headless: the page's messages are put in by hand."""

import math
import re
import signal

import nbformat
import pytest
import torch
from ipykernel.comm.comm import BaseComm
from nbclient import NotebookClient

from charrnn_helpers.data import TimeMachine
from charrnn_helpers.sampling import predict
from charrnn_helpers.show import cockpit as module
from charrnn_helpers.show.cockpit import TrainingCockpit, click_problems
from charrnn_helpers.training import Options, Record
from tests.conftest import make_model

TEXT = "the time traveller for so it will be convenient to speak of him was expounding " * 8


class Place:
    """Stands in for a display handle."""

    def __init__(self):
        self.shown = []

    def update(self, bundle, raw=False):
        self.shown.append(bundle)


@pytest.fixture
def places(monkeypatch):
    made = []

    def display(content, **_):
        made.append(Place())
        made[-1].shown.append(content)
        return made[-1]

    monkeypatch.setattr(module, "display", display)
    monkeypatch.setattr("charrnn_helpers.show.live.display", display)
    return made


@pytest.fixture
def data():
    return TimeMachine(batch_size=8, num_steps=8, text=TEXT)


def build(data, num_epochs=2, model=None, **settings):
    model = model or make_model(len(data.vocab), sigma=0.1)
    settings = {"lr": 0.5, "carry_state": True} | settings
    return TrainingCockpit(model, data, Options(num_epochs=num_epochs, **settings))


def script(cockpit, monkeypatch, messages):
    """Send the page's messages `{turn of the loop: message}` while the cockpit runs.

    When all are sent, and the run pauses at the end of its budget, it is stopped.
    """
    look, turns = cockpit.refresh, []

    def looked():
        turns.append(1)
        if len(turns) in messages:
            for message in messages[len(turns)]:
                cockpit.panel.receive(cockpit.panel, message, [])
        if len(turns) > max(messages) and cockpit.mode == "pause":
            cockpit.wishes.put("stop")
        assert len(turns) < 500, "the run does not end"
        look()

    monkeypatch.setattr(cockpit, "refresh", looked)


def click(name):
    return {"click": name}


def test_headless_it_trains_its_budget_and_ends(data, places):
    cockpit = build(data, num_epochs=3)
    history = cockpit.run()
    assert len(history) == 3 * len(cockpit.batches)
    assert [r.step for r in history] == list(range(1, len(history) + 1))
    assert history[-1].epoch == 3 and history[-1].loss < history[0].loss
    assert cockpit.changes == []


def test_it_leaves_one_figure_and_no_dead_control(data, places):
    build(data).run()
    controls, screen = places
    assert "widget-view" not in str(controls.shown[-1])
    assert "The run ended after step" in controls.shown[-1]["text/html"]
    assert screen.shown[-1]["text/html"].startswith("<img")


def test_without_options_the_default_budget_is_used(data, places):
    cockpit = TrainingCockpit(make_model(len(data.vocab)), data)
    assert len(cockpit.run()) == 8 * len(cockpit.batches)


def test_sliders_take_effect_in_the_next_step_and_are_logged(data, places, monkeypatch):
    cockpit = build(data, num_epochs=6)
    lr, theta = module.LEARNING_RATES.index(2.0), module.THRESHOLDS.index(0.25)
    moves = [{"set": {"lr": lr}}, {"set": {"theta": theta}}, {"set": {"temperature": 0}}]
    script(cockpit, monkeypatch, {4: moves})
    history = cockpit.run()
    assert [(r.lr, r.grad_clip_val) for r in history[2:6]] == [
        *[(0.5, 1.0)] * 2,
        *[(2.0, 0.25)] * 2,
    ]
    assert [str(change) for change in cockpit.changes] == [
        "step 5: learning rate from 0.5 to 2",
        "step 5: theta from 1 to 0.25",
        "step 5: temperature from 0.5 to 0",
    ]
    assert cockpit.picture.flags == [history[4].epoch] * 3
    assert cockpit.panel.notes == [str(change) for change in cockpit.changes]
    greedy = predict(cockpit.model, cockpit.prefix, 120, data.vocab)
    assert cockpit.picture.sample == greedy  # temperature 0


def test_clipping_can_be_switched_off(data, places, monkeypatch):
    cockpit = build(data)
    script(cockpit, monkeypatch, {2: [{"set": {"theta": len(module.THRESHOLDS) - 1}}]})
    assert cockpit.run()[-1].grad_clip_val is None
    assert str(cockpit.changes[0]) == "step 3: theta from 1 to off"


@pytest.mark.parametrize("end", [0, -1])
def test_a_slider_at_its_ends(data, places, monkeypatch, end):
    cockpit = build(data, num_epochs=3)
    places_of = {"lr": module.LEARNING_RATES, "theta": module.THRESHOLDS}
    places_of["temperature"] = module.TEMPERATURES
    ends = {name: 0 if end == 0 else len(values) - 1 for name, values in places_of.items()}
    script(cockpit, monkeypatch, {3: [{"hello": 1}, {"set": ends}], 20: [click("stop")]})
    history = cockpit.run()
    assert history[3].lr == module.LEARNING_RATES[end]
    assert all(math.isfinite(r.loss) for r in history)


def test_pause_holds_the_model_and_one_step_makes_one(data, places, monkeypatch):
    cockpit = build(data)
    seen = []

    def note(message):
        seen.append(len(cockpit.history))
        return message

    class Noting(dict):
        def __getitem__(self, turn):
            return [note(message) for message in super().__getitem__(turn)]

    actions = {5: "play", 10: "step", 15: "step", 20: "play", 60: "stop"}
    script(cockpit, monkeypatch, Noting({t: [click(name)] for t, name in actions.items()}))
    history = cockpit.run()
    assert seen[:4] == [5, 5, 6, 7]
    assert len(history) > 7


def test_the_end_of_the_budget_is_a_pause_if_a_page_is_attached(data, places, monkeypatch):
    cockpit = build(data, num_epochs=1)
    epoch = len(cockpit.batches)
    said = {}

    class Asking(dict):
        def __getitem__(self, turn):
            said[turn] = (len(cockpit.history), cockpit.mode, cockpit.panel.message)
            return super().__getitem__(turn)

    late, later = epoch + 5, 3 * epoch + 5
    messages = {1: [{"hello": 1}], late: [click("play")], later: [{"hello": 1}]}
    script(cockpit, monkeypatch, Asking(messages))
    assert len(cockpit.run()) == 2 * epoch
    assert said[late] == (epoch, "pause", "Paused after 1 epochs. Press Play for as many again.")
    assert said[later][:2] == (2 * epoch, "pause")


def test_what_would_do_nothing_is_disabled_and_the_button_shows_the_mode(data, places, monkeypatch):
    cockpit = build(data)
    monkeypatch.setattr(module, "Ration", Never)
    seen, look, turns = {}, cockpit.refresh, []

    def looked():
        turns.append(1)
        panel, turn = cockpit.panel, len(turns)
        seen[turn] = (panel.pressed["play"], list(panel.disabled), panel.message)
        if turn == 1:
            panel.receive(panel, {"hello": 1}, [])
        if turn == 3:
            cockpit.wishes.put("play")
        if turn == 6:
            explode(cockpit)
            cockpit.wishes.put("step")
        if turn == 9:
            cockpit.wishes.put("stop")
        look()

    monkeypatch.setattr(cockpit, "refresh", looked)
    cockpit.run()
    assert seen[2] == (True, ["step", "back"], "Training.")  # no step from which to go back
    assert seen[5] == (False, [], "Paused.")
    pressed, disabled, message = seen[8]
    assert (pressed, disabled) == (False, ["play", "step"])
    assert message.startswith("Diverged in step 4: the loss is nan")
    assert set(cockpit.panel.disabled) == {
        "lr",
        "theta",
        "temperature",
        "play",
        "step",
        "back",
        "stop",
    }
    assert cockpit.panel.message == "Stopped after step 3. To go on, run the cell again."
    assert len(places[0].shown) == 1  # the page keeps its panel: nothing jumps


def test_a_perplexity_far_beyond_the_vocabulary_raises_the_alarm(data, places, monkeypatch):
    cockpit = build(data)
    cockpit._open()
    record = Record(0, 0.0, 2.0, 1.0, 0.5, 1.0)
    limit = 10 * len(data.vocab)
    for loss, loud in [
        (2.0, False),
        (math.log(limit) + 0.01, True),
        (math.log(limit) - 0.01, False),
    ]:
        cockpit.add_record(record._replace(loss=loss))
        assert (cockpit.picture.note == "alarm") == loud
        assert (f"above {limit:,}" in cockpit.panel.message) == loud
    assert cockpit.mode == "play"  # only a loss that is not finite stops the run


def test_stop_ends_the_run_and_running_again_goes_on(data, places, monkeypatch):
    cockpit = build(data)
    script(cockpit, monkeypatch, {4: [click("stop"), click("stop")]})
    assert len(cockpit.run()) == 4
    monkeypatch.undo()
    monkeypatch.setattr(module, "display", lambda *_, **__: Place())
    monkeypatch.setattr("charrnn_helpers.show.live.display", lambda *_, **__: Place())
    history = cockpit.run()
    assert len(history) == 4 + 2 * len(cockpit.batches)
    assert [r.step for r in history] == list(range(1, len(history) + 1))


def test_an_interrupt_ends_it_cleanly_and_the_model_is_usable(data, places, monkeypatch):
    cockpit = build(data)

    look, turns = cockpit.refresh, []

    def looked():
        turns.append(1)
        if len(turns) == 6:
            signal.raise_signal(signal.SIGINT)
        look()

    monkeypatch.setattr(cockpit, "refresh", looked)
    assert len(cockpit.run()) == 6
    assert "interrupted" in places[-1].shown[-1]["text/plain"]
    assert len(predict(cockpit.model, "time", 5, data.vocab)) == 9


def explode(cockpit):
    """The next step finds a loss that is no number."""
    with torch.no_grad():
        cockpit.model.W_hq[0, 0] = math.nan


def test_a_divergence_is_shown_and_ends_a_run_that_nobody_watches(data, places, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    cockpit = build(data)
    explode(cockpit)
    assert cockpit.run() == []
    assert "Diverged in step 1: the loss is nan" in places[-1].shown[-1]["text/plain"]


def state_of(cockpit):
    """All tensors of model and optimizer, copied: for Adam its running means as well."""
    memory = [m for kept in cockpit.optimizer.state.values() for m in kept.values()]
    tensors = [*cockpit.model.parameters(), *filter(torch.is_tensor, memory)]
    return [tensor.detach().clone() for tensor in tensors]


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_back_to_the_last_good_state(data, places, monkeypatch, optimizer):
    cockpit = build(data, num_epochs=4, lr=0.02, optimizer=optimizer)
    first_optimizer = cockpit.optimizer
    look, turns, kept = cockpit.refresh, [], {}

    def looked():
        turns.append(1)
        turn = len(turns)
        if turn in (5, 11):
            cockpit.keep_good_state()
        if turn == 5:
            kept["then"] = state_of(cockpit)
        if turn == 12:
            assert cockpit.good[0] == 5  # six steps from there went well
            cockpit.panel.receive(cockpit.panel, {"hello": 1}, [])
            explode(cockpit)
        if turn == 15:
            assert cockpit.mode == "diverged" and "Diverged in step 13" in cockpit.picture.alarm
            for wish in ("play", "pause", "step"):
                cockpit.wishes.put(wish)  # no use: the weights are still bad
        if turn == 20:
            assert cockpit.mode == "diverged"
            cockpit.wishes.put("back")
        if turn == 25:
            assert cockpit.mode == "pause" and cockpit.picture.alarm == ""
            kept["now"] = state_of(cockpit)
            cockpit.wishes.put("play")
        if turn > 30 and cockpit.mode == "pause":  # at the end of the budget
            cockpit.wishes.put("stop")
        look()

    monkeypatch.setattr(cockpit, "refresh", looked)
    monkeypatch.setattr(module, "Ration", Never)
    history = cockpit.run()
    assert cockpit.optimizer is first_optimizer
    for now, then in zip(kept["now"], kept["then"], strict=True):
        assert torch.equal(now, then)
    assert [str(c) for c in cockpit.changes] == [
        "step 12: weights from those of step 12 to those of step 5"
    ]
    assert len(history) == 4 * len(cockpit.batches) and math.isfinite(history[-1].loss)
    assert [r.step for r in history] == list(range(1, len(history) + 1))


class Never:
    """A ration that is never due."""

    def __init__(self, *_):
        pass

    def due(self):
        return False

    def timed(self, action):
        return action()


def test_weights_thrown_over_a_cliff_are_not_kept(data, places):
    cockpit = build(data)
    cockpit.run()
    cockpit.keep_good_state()
    good, bad = cockpit.good, [r._replace(loss=r.loss + 3) for r in cockpit.history[-20:]]
    for count in (0, 1, 4, 20):  # one loss that is bad is enough, and no loss is not
        cockpit.history += bad[:count]
        cockpit.keep_good_state()
        assert cockpit.good is good


def test_after_a_divergence_and_stop_the_next_run_can_go_back(data, places, monkeypatch):
    cockpit = build(data)
    explode(cockpit)
    script(cockpit, monkeypatch, {1: [{"hello": 1}], 4: [click("stop")]})
    cockpit.run()
    monkeypatch.undo()
    monkeypatch.setattr(module, "display", lambda *_, **__: Place())
    monkeypatch.setattr("charrnn_helpers.show.live.display", lambda *_, **__: Place())
    messages = {5: [{"hello": 1}], 8: [click("back")], 10: [click("play")]}
    script(cockpit, monkeypatch, messages)
    cockpit.good = (0, make_model(len(data.vocab), sigma=0.1).state_dict(), cockpit.good[2])
    assert len(cockpit.run()) == 2 * len(cockpit.batches)


def test_the_clock_starts_with_each_run(data, places):
    cockpit = build(data)
    cockpit.picture.start -= 1000
    cockpit.run()
    assert cockpit.picture.status().endswith("s in all") and "1000" not in cockpit.picture.status()


def test_two_cockpits_on_one_model(data, places):
    model = make_model(len(data.vocab), sigma=0.1)
    first, second = build(data, model=model), build(data, model=model, lr=0.2)
    end = first.run()[-1].loss
    assert second.run()[0].loss < first.history[0].loss  # goes on where the first ended
    first.panel.receive(first.panel, {"set": {"lr": 0}}, [])
    assert second.options.lr == 0.2  # the old sliders move nothing of the new
    assert second.history[-1].loss < end + 0.2


def test_a_cell_run_twice(data, places):
    model = make_model(len(data.vocab), sigma=0.1)
    for _ in range(2):
        cockpit = build(data, model=model)
        cockpit.run()
    assert cockpit.history[0].step == 1


def test_data_with_a_single_batch(data, places):
    num_windows = len(data.train_ids) - 8
    one = TimeMachine(batch_size=num_windows, num_steps=8, text=TEXT)
    cockpit = build(one, num_epochs=3, carry_state=False)
    assert len(cockpit.batches) == 1
    assert [r.epoch for r in cockpit.run()] == [1, 2, 3]


def test_a_start_value_that_is_no_place_of_the_slider(data, places):
    cockpit = build(data, lr=0.3, grad_clip_val=None)
    cockpit.run()
    assert cockpit.panel.read()["lr"] == 0.3 and cockpit.panel.read()["theta"] is None


def test_a_model_that_does_not_fit_the_data(data):
    with pytest.raises(ValueError, match=r"the model has 9 tokens.*make_model\(len"):
        TrainingCockpit(make_model(9), data)


def test_a_prefix_that_is_not_in_the_vocabulary(data):
    with pytest.raises(ValueError, match="'T' in the prefix"):
        TrainingCockpit(make_model(len(data.vocab)), data, prefix="Time")


def test_logits_that_are_not_finite_are_told_and_not_thrown(data, places):
    cockpit = build(data)
    cockpit.run()
    explode(cockpit)
    cockpit.write_sample()
    assert "not finite" in cockpit.picture.sample


@pytest.mark.parametrize(
    "kernel, lab, told",
    [
        ("7.4.0", "4.6.6", []),
        ("7.4.1", None, []),
        ("6.31.0", "4.6.6", ["ipykernel 6.31.0"]),
        ("7.3.0", None, ["ipykernel 7.3.0"]),
        ("7.1.0", "4.3.8", ["ipykernel 7.1.0", "jupyterlab 4.3.8"]),
    ],
)
def test_versions_that_let_no_click_through_are_named(monkeypatch, kernel, lab, told):
    def version(package):
        found = {"ipykernel": kernel, "jupyterlab": lab}[package]
        if found is None:
            raise module.importlib.metadata.PackageNotFoundError(package)
        return found

    monkeypatch.setattr(module.importlib.metadata, "version", version)
    problems = click_problems()
    assert [re.search("With (.*), clicks", problem).group(1) for problem in problems] == told
    assert all("pip install" in p and "Interrupt Kernel" in p for p in problems)


def test_a_kernel_whose_comms_are_made_otherwise_is_named(monkeypatch):
    """Then the remedy of Panel has no effect, and clicks may go astray."""
    assert click_problems() == []
    monkeypatch.delattr(BaseComm, "_reply_subshell_for")
    (problem,) = click_problems()
    assert 'pip install "ipykernel==7.4.*"' in problem


def test_the_problem_is_shown_before_the_run(data, places, monkeypatch):
    monkeypatch.setattr(module, "click_problems", lambda: ["nothing <works>"])
    build(data).run()
    assert "nothing &lt;works&gt;" in places[0].shown[0].data


def test_in_a_notebook_without_a_page_it_ends_with_one_figure():
    source = (
        "from charrnn_helpers.show.cockpit import TrainingCockpit\n"
        "from charrnn_helpers.data import TimeMachine\n"
        "from charrnn_helpers.model import make_model\n"
        f"data = TimeMachine(8, 8, text={TEXT!r})\n"
        "history = TrainingCockpit(make_model(len(data.vocab)), data).run()"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, kernel_name="python3", store_widget_state=False).execute()
    words, figure = notebook.cells[0].outputs
    assert "The run ended after step" in words.data["text/html"]
    assert figure.data["text/html"].count("<img ") == 1
    assert "widget-view" not in str(notebook.cells[0].outputs)
