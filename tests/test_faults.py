"""Training under faults: an interrupt waits for a step, and a bad number changes nothing."""

import math
import signal
import subprocess
import sys
import threading
from contextlib import suppress

import pytest
import torch
from torch.optim.lr_scheduler import LinearLR

from charrnn_helpers.data import StreamBatches, TimeMachine, WindowBatches
from charrnn_helpers.show.cockpit import TrainingCockpit
from charrnn_helpers.show.live import live_plot
from charrnn_helpers.training import Options, defer_interrupt, fit, train
from tests.conftest import generator, make_model
from tests.test_cockpit import Place
from tools.course import ROOT

IDS = torch.randint(28, (200,), generator=generator(7))
NUM_STEPS = 6  # two epochs of three batches
OPTIMIZERS = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}
KINDS = [(optimizer, carry) for optimizer in OPTIMIZERS for carry in (False, True)]
EACH = pytest.mark.parametrize("kind", KINDS, ids=str)


class Training:
    """One small training run."""

    def __init__(self, optimizer="Adam", carry_state=False):
        self.options = Options(2, carry_state=carry_state)
        self.model = make_model(num_hiddens=4, sigma=0.3)
        batches = (
            StreamBatches(IDS, 4, 17) if carry_state else WindowBatches(IDS, 64, 9, generator(3))
        )
        assert len(batches) * 2 == NUM_STEPS
        self.optimizer = OPTIMIZERS[optimizer](self.model.parameters(), lr=0.02)
        self.decay = LinearLR(self.optimizer, 1, 0, total_iters=NUM_STEPS)
        self.run = train(self.model, batches, self.options, self.optimizer, self.decay)
        self.history = []

    def weights(self):
        return [p.detach().clone() for p in self.model.parameters()]


@pytest.fixture(scope="module")
def truth():
    """The weights after 0, 1, 2, ... steps of an undisturbed run, for each kind of run."""
    found = {}
    for kind in KINDS:
        training = Training(*kind)
        found[kind] = [training.weights()] + [training.weights() for _ in training.run]
    return found


def equal(a, b):
    return len(a) == len(b) and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


class Interrupter:
    """Sends SIGINT, as *Interrupt Kernel* does, at one line of all the code that runs."""

    def __init__(self, line=None):
        self.line, self.count = line, 0

    def __enter__(self):
        self.before = sys.gettrace()
        sys.settrace(self.trace)
        return self

    def __exit__(self, *error):
        sys.settrace(self.before)

    def trace(self, frame, event, argument):
        if event == "line":
            self.count += 1
            if self.count == self.line:
                signal.raise_signal(signal.SIGINT)
        return self.trace


def num_lines(action):
    with Interrupter() as counting:
        action()
    return counting.count


def interrupt_everywhere(states, kind, action, num_moments):
    """Interrupt at many lines: the model is that of a complete step, and the run goes on."""
    total = num_lines(lambda: action(Training(*kind)))
    steps = set()
    for moment in range(total // 20, total - total // 20, max(1, total // num_moments)):
        training = Training(*kind)
        try:
            with Interrupter(moment):
                action(training)
        except KeyboardInterrupt:  # it came before the first step, or after the last
            assert len(training.history) in (0, NUM_STEPS)
        done = len(training.history)
        assert equal(training.weights(), states[done])
        assert training.decay.last_epoch == done  # the step and its learning rate go together
        action(training)  # the cell is run again
        assert [record.step for record in training.history] == list(range(1, NUM_STEPS + 1))
        assert equal(training.weights(), states[NUM_STEPS])
        steps.add(done)
    assert steps >= set(range(1, NUM_STEPS + 1))


def fitted(training):
    fit(training.run, training.history)


def plotted(training):
    live_plot(training.run, seconds=0, history=training.history)


@EACH
def test_a_fit_interrupted_at_some_moments(truth, kind, capsys):
    interrupt_everywhere(truth[kind], kind, fitted, 40)
    assert "Interrupted after step 2; the same run can go on" in capsys.readouterr().out


def test_a_live_plot_interrupted_at_some_moments(truth, capsys):
    interrupt_everywhere(truth["Adam", True], ("Adam", True), plotted, 30)


@pytest.mark.long
@EACH
def test_a_fit_interrupted_at_a_thousand_moments(truth, kind):
    interrupt_everywhere(truth[kind], kind, fitted, 1000)


@pytest.mark.long
def test_a_live_plot_interrupted_at_three_hundred_moments(truth, capsys):
    interrupt_everywhere(truth["Adam", True], ("Adam", True), plotted, 300)


def test_the_last_picture_after_an_interrupt_is_that_of_the_last_step(capsys):
    training = Training()

    def interrupted():
        for record in training.run:
            if record.step == 4:
                signal.raise_signal(signal.SIGINT)
            yield record

    history = live_plot(interrupted(), seconds=1000)
    assert len(history) == 4
    assert "step 4" in capsys.readouterr().out.split("Perplexity and")[-1]


def test_a_cockpits_history_is_that_of_its_model(monkeypatch):
    for module in ("cockpit", "live"):
        monkeypatch.setattr(f"charrnn_helpers.show.{module}.display", lambda *_, **__: Place())
    text = "the time traveller for so it will be convenient to speak of him " * 4
    data = TimeMachine(8, 8, text)

    def cockpit():
        options = Options(num_epochs=2, lr=0.5, carry_state=True)
        return TrainingCockpit(make_model(len(data.vocab), num_hiddens=4), data, options)

    def weights(cockpit):
        return [p.detach().clone() for p in cockpit.model.parameters()]

    reference = cockpit()
    states = [weights(reference)]
    add = reference.add_record
    monkeypatch.setattr(
        reference, "add_record", lambda r: (add(r), states.append(weights(reference)))
    )
    reference.run()
    total = num_lines(lambda: cockpit().run())
    for moment in range(total // 4, total, total // 20):
        flight = cockpit()
        with suppress(KeyboardInterrupt), Interrupter(moment):
            flight.run()
        assert equal(weights(flight), states[len(flight.history)])


def test_an_interrupt_waits_and_a_second_one_does_not():
    with defer_interrupt() as interrupted:
        assert not interrupted()
        signal.raise_signal(signal.SIGINT)
        assert interrupted()
    reached = []
    with pytest.raises(KeyboardInterrupt), defer_interrupt():
        signal.raise_signal(signal.SIGINT)
        reached.append("waits")
        signal.raise_signal(signal.SIGINT)
        reached.append("too far")
    assert reached == ["waits"]


@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN])
def test_a_handler_of_the_systems_own_is_put_back(handler):
    before = signal.signal(signal.SIGINT, handler)
    try:
        fitted(Training())
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_handler_is_put_back_and_other_threads_have_none():
    before = signal.getsignal(signal.SIGINT)
    fitted(Training())
    with pytest.raises(ZeroDivisionError), defer_interrupt():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before
    lengths = []
    thread = threading.Thread(target=lambda: lengths.append(len(fit(Training().run))))
    thread.start()
    thread.join()
    assert lengths == [NUM_STEPS]


# Numbers that are inf or nan.


def spoil(model, where, value):
    """From now on the loss, or a gradient, is not finite."""
    if where == "gradient":
        model.rnn.W_hh.register_hook(lambda grad: torch.full_like(grad, value))
        return
    forward = model.forward_with_state

    def bad(X, state=None):
        logits, state = forward(X, state)
        return logits * value, state

    model.forward_with_state = bad


@pytest.mark.parametrize("clipping", [1.0, None])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["loss", "gradient"])
@EACH
def test_a_number_that_is_not_finite_changes_nothing(truth, where, value, clipping, kind):
    training = Training(*kind)
    fit([next(training.run), next(training.run)], training.history)
    spoil(training.model, where, value)
    training.options.grad_clip_val = clipping
    with pytest.raises(FloatingPointError, match="lower lr or grad_clip_val") as error:
        fitted(training)
    assert not math.isfinite(error.value.loss if where == "loss" else error.value.norm)
    assert equal(training.weights(), truth[kind][2])
    assert [record.step for record in training.history] == [1, 2]


def test_a_live_plot_of_a_run_that_diverges_keeps_picture_and_records(capsys):
    training = Training("SGD")
    training.decay.base_lrs, training.optimizer.param_groups[0]["lr"] = [1e38], 1e38
    with pytest.raises(FloatingPointError, match="the loss is (nan|inf)"):
        plotted(training)
    assert len(training.history) == 1
    assert "Perplexity and gradient norm" in capsys.readouterr().out


# Memory.

SMALL_MACHINE = """
import resource, torch
from charrnn_helpers.data import WindowBatches
from charrnn_helpers.model import make_model
from charrnn_helpers.training import Options, fit, train
ids = torch.randint(28, (12_000,), generator=torch.Generator().manual_seed(0))
model = make_model(28)
options = Options(1, lr=0.1)
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 250_000_000, resource.RLIM_INFINITY))
before = [p.detach().clone() for p in model.parameters()]
try:
    fit(train(model, WindowBatches(ids, 11_000, 64), options))
except RuntimeError as error:
    print("can't allocate memory" in str(error))
assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
print(len(fit(train(model, WindowBatches(ids, 1024, 64), options))))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs RLIMIT_AS and /proc")
def test_a_machine_with_little_memory():
    run = subprocess.run(
        [sys.executable, "-c", SMALL_MACHINE], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [
        "True",
        "12",
    ]  # smaller batches fit
