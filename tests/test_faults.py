"""Training under faults: the model keeps its last good step, the history is kept, and the message
says what to do next.
"""

import math
import signal
import subprocess
import sys
import threading
from contextlib import suppress

import pytest
import torch

from charrnn_helpers.cockpit import TrainingCockpit
from charrnn_helpers.data import StreamBatches, TimeMachine, WindowBatches
from charrnn_helpers.guards import patient
from charrnn_helpers.live import live_plot
from charrnn_helpers.training import Options, Run, fit, train
from tests.conftest import generator, make_model
from tests.course import ROOT
from tests.test_cockpit import Place

IDS = torch.randint(28, (200,), generator=generator(7))
NUM_STEPS = 6  # two epochs of three batches
USUAL = (torch.is_grad_enabled(), torch.get_num_threads(), False)
OPTIMIZERS = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}


def settings():
    """What PyTorch is set to: gradients, threads, and whether the tiniest numbers become 0."""
    flushes = (torch.tensor(1e-40) * 1.0).item() == 0.0
    return torch.is_grad_enabled(), torch.get_num_threads(), flushes


class Training:
    """One small training run, and all the states that it may be in."""

    def __init__(self, optimizer="Adam", carry_state=False):
        self.options = Options(2, lr=0.02, carry_state=carry_state, optimizer=OPTIMIZERS[optimizer])
        self.model, self.run = make_model(num_hiddens=4, sigma=0.3), Run()
        self.batches = (
            StreamBatches(IDS, 4, 17) if carry_state else WindowBatches(IDS, 64, 9, generator(3))
        )
        assert len(self.batches) * 2 == NUM_STEPS

    def records(self):
        return train(self.model, self.batches, self.options, self.run)

    def state(self):
        """All that the next step depends on, copied."""
        memory = self.run.optimizer.state if self.run.optimizer else {}
        kept = [value for p in self.model.parameters() for value in memory.get(p, {}).values()]
        kept += [p.detach() for p in self.model.parameters()]
        kept += [place for place in (self.run.state,) if place is not None]
        return [value.clone() for value in kept]


@pytest.fixture(scope="module")
def truth():
    """The states after 0, 1, 2, ... steps of an undisturbed run, for each kind of run."""
    found = {}
    for optimizer in OPTIMIZERS:
        for carry_state in (False, True):
            training = Training(optimizer, carry_state)
            states = [training.state()]
            for _ in training.records():
                states.append(training.state())
            found[optimizer, carry_state] = states
    return found


KINDS = [(optimizer, carry) for optimizer in OPTIMIZERS for carry in (False, True)]
EACH = pytest.mark.parametrize(("optimizer", "carry_state"), KINDS)


def check(training, states, steps):
    """The training is where it was after so many steps, and goes on as if nothing had happened."""
    assert settings() == USUAL
    assert training.run.step == steps == len(training.run.history)
    assert [record.step for record in training.run.history] == list(range(1, steps + 1))
    if steps:
        assert equal(training.state(), states[steps])
    else:
        assert equal(training.state()[-5:], states[0])
    fit(training.records())
    assert training.run.step == NUM_STEPS and equal(training.state(), states[NUM_STEPS])


def equal(a, b):
    return len(a) == len(b) and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


# Interrupts.


class Interrupter:
    """Sends SIGINT, as *Interrupt Kernel* does, at certain lines of all the code that runs."""

    def __init__(self, *lines):
        self.lines, self.count = set(lines), 0

    def __enter__(self):
        self.before = sys.gettrace()
        sys.settrace(self.trace)
        return self

    def __exit__(self, *error):
        sys.settrace(self.before)

    def trace(self, frame, event, argument):
        if event == "line":
            self.count += 1
            if self.count in self.lines:
                signal.raise_signal(signal.SIGINT)
        return self.trace


def num_lines(action):
    with Interrupter() as counting:
        action()
    return counting.count


def fit_interrupted(states, optimizer, carry_state, *lines):
    """Fit, with interrupts at these lines; return the number of steps that were done."""
    training, history = Training(optimizer, carry_state), None
    try:
        with Interrupter(*lines):
            history = fit(training.records())
    except KeyboardInterrupt:  # it came outside of fit()
        pass
    done = training.run.step
    if history is not None:
        assert training.run.history[: len(history)] == history
        assert len(history) == done or len(lines) > 1
    check(training, states, done)
    return done


def interrupt_everywhere(truth, kind, num_moments, gap=None):
    total = num_lines(lambda: fit(Training(*kind).records()))
    moments = range(1, total, max(1, total // num_moments))
    done = [
        fit_interrupted(truth[kind], *kind, moment, *([moment + gap] if gap else []))
        for moment in moments
    ]
    assert set(done) == set(range(NUM_STEPS + 1)) and (gap or done == sorted(done))
    print(f"{len(done)} interrupts over {total} lines")


@EACH
def test_interrupted_at_some_moments(truth, capsys, optimizer, carry_state):
    interrupt_everywhere(truth, (optimizer, carry_state), 40)
    said = capsys.readouterr().out
    assert "Interrupted: the model is as it was after step 2. A Run can go on there." in said


@pytest.mark.parametrize("gap", [1, 10, 300])
def test_interrupted_twice(truth, gap):
    interrupt_everywhere(truth, ("Adam", True), 30, gap)


@pytest.mark.long
@EACH
def test_interrupted_at_a_thousand_moments(truth, optimizer, carry_state):
    interrupt_everywhere(truth, (optimizer, carry_state), 1000)


@pytest.mark.long
@pytest.mark.parametrize("gap", [1, 2, 5, 20, 100, 1000])
def test_interrupted_twice_at_many_moments(truth, gap):
    interrupt_everywhere(truth, ("Adam", True), 500, gap)


def test_a_loop_of_ones_own_is_interrupted_anywhere(truth):
    """Without fit() the interrupt comes at once, in the middle of a step."""

    def loop(training):
        for _ in training.records():
            pass

    total = num_lines(lambda: loop(Training()))
    for moment in range(1, total, total // 60):
        training = Training()
        with suppress(KeyboardInterrupt), Interrupter(moment):
            loop(training)
        check(training, truth["Adam", False], training.run.step)


def test_a_live_plot_and_a_cockpit_are_interrupted_anywhere(truth, capsys):
    total = num_lines(lambda: live_plot(Training().records(), seconds=0))
    for moment in range(total // 20, total, total // 25):
        training = Training()
        try:
            with Interrupter(moment):
                history = live_plot(training.records(), seconds=0)
        except KeyboardInterrupt:
            continue  # it came before the run or after it
        assert len(history) == training.run.step
        check(training, truth["Adam", False], training.run.step)


def test_a_cockpits_history_is_that_of_its_model(monkeypatch):
    for module in ("cockpit", "live"):
        monkeypatch.setattr(f"charrnn_helpers.{module}.display", lambda *_, **__: Place())
    text = "the time traveller for so it will be convenient to speak of him " * 4
    data = TimeMachine(8, 8, text)

    def cockpit():
        options = Options(num_epochs=2, lr=0.5, carry_state=True)
        return TrainingCockpit(make_model(len(data.vocab), num_hiddens=4), data, options)

    reference = cockpit()
    states = [reference._weights()]
    keep = reference._add
    reference._add = lambda record: (keep(record), states.append(reference._weights()))
    reference.run()
    total = num_lines(lambda: cockpit().run())
    for moment in range(total // 4, total, total // 20):
        flight = cockpit()
        with suppress(KeyboardInterrupt), Interrupter(moment):
            flight.run()
        assert settings() == USUAL
        assert equal(flight._weights(), states[flight.steps])


def test_an_interrupt_waits_and_a_second_one_does_not():
    reached = []
    with pytest.raises(KeyboardInterrupt), patient() as obey:
        signal.raise_signal(signal.SIGINT)
        reached.append("waits")
        obey()
        reached.append("too far")
    with pytest.raises(KeyboardInterrupt), patient():
        signal.raise_signal(signal.SIGINT)
        reached.append("waits again")
        signal.raise_signal(signal.SIGINT)
        reached.append("too far")
    assert reached == ["waits", "waits again"]


def test_the_handler_is_put_back_and_other_threads_have_none():
    before = signal.getsignal(signal.SIGINT)
    fit(Training().records())
    with pytest.raises(ZeroDivisionError), patient():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before
    lengths = []
    thread = threading.Thread(target=lambda: lengths.append(len(fit(Training().records()))))
    thread.start()
    thread.join()
    assert lengths == [NUM_STEPS]


# Numbers that are none.


def spoil(training, where, value):
    """From now on the loss, a gradient or an update is not finite; return what undoes that."""
    parameter = training.model.rnn.W_hh
    if where == "gradient":
        return parameter.register_hook(lambda grad: torch.full_like(grad, value)).remove
    if where == "loss":
        forward = training.model.forward_with_state

        def bad(X, state=None):
            logits, state = forward(X, state)
            return logits * value, state

        training.model.forward_with_state = bad
        return lambda: vars(training.model).pop("forward_with_state")
    optimizer = training.run.optimizer
    step = optimizer.step

    def bad_step():
        step()
        parameter.data[0, 1] = value

    optimizer.step = bad_step
    return lambda: vars(optimizer).pop("step")


@pytest.mark.parametrize("clipping", [1.0, None])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["loss", "gradient", "update"])
@EACH
def test_a_number_that_is_none(truth, where, value, clipping, optimizer, carry_state):
    for good in (1, 2, 3, 4):
        training = Training(optimizer, carry_state)
        records = training.records()
        for _ in range(good):
            next(records)
        undo = spoil(training, where, value)
        training.options.grad_clip_val = clipping
        with pytest.raises(FloatingPointError) as error:
            fit(records)
        message = str(error.value)
        assert message.startswith(f"step {good + 1}: ")
        assert "is nan" in message or "inf" in message
        assert "lower the learning rate or grad_clip_val" in message
        assert f"Model and history are as they were after step {good}." in message
        undo()
        training.options.grad_clip_val = 1.0
        check(training, truth[optimizer, carry_state], good)


def test_what_was_wrong_is_named():
    named = {"loss": "the loss is", "gradient": "the gradient's norm is", "update": "rnn.W_hh is"}
    for where, words in named.items():
        training = Training()
        records = training.records()
        next(records)
        spoil(training, where, math.inf)
        with pytest.raises(FloatingPointError, match=f"step 2: .*{words}"):
            next(records)


def test_a_live_plot_of_a_run_that_diverges_keeps_picture_and_records(capsys):
    training = Training("SGD")
    training.options.lr = 1e38
    with pytest.raises(FloatingPointError, match="step 2: the loss is"):
        live_plot(training.records())
    assert len(training.run.history) == 1
    assert "Perplexity, and the gradient's norm" in capsys.readouterr().out


def test_a_learning_rate_that_no_float_can_hold(truth):
    training = Training()
    records = training.records()
    next(records)
    training.options.lr = 1e38
    with pytest.raises(FloatingPointError, match="step 2: the update is inf; lower the learning"):
        fit(records)
    training.options.lr = 0.02
    check(training, truth["Adam", False], 1)


def test_weights_may_be_huge_as_long_as_they_are_numbers():
    training = Training("SGD")
    records = training.records()
    next(records)
    with torch.no_grad():
        training.model.rnn.W_hh.fill_(3e38)  # their sum is inf
    next(records)
    assert training.run.step == 2


# Memory.


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:98] DefaultCPUAllocator: can't allocate memory"
        ),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
    ids=["Python", "Linux", "Windows", "GPU"],
)
@EACH
def test_out_of_memory(truth, error, optimizer, carry_state):
    training = Training(optimizer, carry_state)
    records = training.records()
    next(records), next(records)

    def fail(grad):
        raise error

    hook = training.model.rnn.W_hh.register_hook(fail)
    with pytest.raises(MemoryError, match=r"step 3: .* smaller batch_size, num_steps or num_hid"):
        fit(records)
    hook.remove()
    check(training, truth[optimizer, carry_state], 2)


def test_another_error_goes_its_way(truth):
    training = Training()
    records = training.records()
    next(records)

    def fail(grad):
        raise RuntimeError("a bug of my own, somewhere in memory")

    hook = training.model.rnn.W_hh.register_hook(fail)
    with pytest.raises(RuntimeError, match="a bug of my own"):
        fit(records)
    hook.remove()
    check(training, truth["Adam", False], 1)


SMALL_MACHINE = """
import resource, torch
from charrnn_helpers.data import WindowBatches
from charrnn_helpers.model import make_model
from charrnn_helpers.training import Options, Run, fit, train
ids = torch.randint(28, (40_000,), generator=torch.Generator().manual_seed(0))
model, run = make_model(28), Run()
options = Options(1, lr=0.1)
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 400_000_000, resource.RLIM_INFINITY))
before = [p.detach().clone() for p in model.parameters()]
try:
    fit(train(model, WindowBatches(ids, 30_000, 64), options, run))
except MemoryError as error:
    print(error)
assert run.step == 0
assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
print(len(fit(train(model, WindowBatches(ids, 1024, 64), options))))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs RLIMIT_AS and /proc")
def test_a_machine_with_little_memory():
    run = subprocess.run(
        [sys.executable, "-c", SMALL_MACHINE], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    assert run.returncode == 0, run.stderr
    message, steps = run.stdout.splitlines()
    assert message.startswith("step 1: the memory is used up; take a smaller batch_size")
    assert int(steps) == 39  # with the smaller batches it works, in the same process


# Data.


class TooFew(list):
    def __len__(self):
        return 5


def test_batches_that_are_fewer_than_they_say():
    training = Training()
    training.batches = TooFew(list(training.batches))
    with pytest.raises(ValueError, match="length is 3, expected 5"):
        fit(training.records())
    assert training.run.step == 3


def test_batches_that_break_off(truth):
    training = Training()
    whole, training.batches = training.batches, Breaking(training.batches)
    with pytest.raises(OSError, match="the disk is gone"):
        fit(training.records())
    training.batches = whole
    check(training, truth["Adam", False], 2)


class Breaking:
    """The same batches, but for the third of the first epoch."""

    def __init__(self, batches):
        self.batches, self.generator = batches, batches.generator

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        for number, batch in enumerate(self.batches):
            if number == 2:
                raise OSError("the disk is gone")
            yield batch
