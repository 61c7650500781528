"""The training cockpit: a run that you can steer.

A second thread of the kernel (a subshell) handles the page's messages while the cell trains in
the main thread.  It only records settings and clicks; the training loop acts on them.
"""

import copy
import html
import importlib.metadata
import math
import time
from importlib import import_module
from queue import SimpleQueue

import torch
from IPython.display import HTML, display
from packaging.version import Version

from charrnn_helpers._guards import check_text
from charrnn_helpers.data import StreamBatches
from charrnn_helpers.sampling import sample
from charrnn_helpers.show.controls import STEERED, Button, Panel, Slider, spell
from charrnn_helpers.show.live import DRAWING, SAMPLING, LivePicture, Ration, Screen
from charrnn_helpers.training import Options, defer_interrupt, evaluate, train

LEARNING_RATES = [m * 10.0**k for k in (-4, -3, -2, -1, 0) for m in (1, 2, 5)] + [10.0]
THRESHOLDS = [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, None]
TEMPERATURES = [t / 10 for t in range(21)]
BUTTONS = {"play": "Play / Pause", "step": "One step"}
BUTTONS |= {"back": "Back to the last good state", "stop": "Stop"}
PATIENCE = 3.0  # seconds that a page has to respond
TESTING = 0.04  # share of the training time that validation may take
TRIAL = 5  # steps that must go well before a state counts as good
ALARM = 10  # a perplexity beyond this multiple of the vocabulary raises the alarm
MARGIN = 0.1  # nats by which the mean loss of a trial may exceed the best so far


class TrainingCockpit:
    """Train a model on TimeMachine data, with sliders and buttons to steer the run.

    run() trains for options.num_epochs, or until you click Stop or *Interrupt Kernel*; call it
    again to go on.  `history` holds the Records, and `changes` a line for each change of a setting.
    Raises ValueError if the model, the data, and the prefix do not match.
    """

    def __init__(self, model, data, options=None, hlines=None, prefix="time traveller ", seed=0):
        if model.vocab_size != len(data.vocab):
            sizes = f"the model has {model.vocab_size} tokens, but the data has {len(data.vocab)}"
            raise ValueError(f"{sizes}; make the model with make_model(len(data.vocab))")
        check_text(prefix, data.vocab)
        self.model, self.data, self.prefix, self.seed = model, data, prefix, seed
        self.options = options or Options(num_epochs=8, carry_state=True)
        generator = torch.Generator().manual_seed(seed)
        streams = self.options.carry_state
        self.batches = data.train_streams() if streams else data.train_batches(generator)
        self.val_streams = StreamBatches(data.val_ids, 8, data.num_steps)
        self.history, self.changes = [], []
        self.temperature = self.written_at = 0.5
        self.settings = {"temperature": 0.5}  # those of the last step
        self.picture = LivePicture(hlines, ceiling=math.log(2 * model.vocab_size), growing=True)
        self.optimizer = self.options.optimizer(model.parameters(), lr=self.options.lr)
        self.best, self.good = math.inf, self.state()
        self.candidate = self.good  # it becomes good if the next steps go well
        self.records = None  # the train() generator, while there is one

    def run(self):
        """Train until the step budget is used up or you stop the run; return the history."""
        self._open()
        self._extend()
        with defer_interrupt() as interrupted:
            try:
                while self.mode != "stop" and not interrupted():
                    self._obey()
                    if self.mode in ("play", "step"):
                        self._step()
                    elif self._alone():
                        break
                    else:
                        time.sleep(0.02)
                    if self.steps >= self.budget:
                        self._pause_or_end()
                    self.refresh()
                if interrupted():
                    self.picture.note, self.end = "interrupted", "Interrupted"
            finally:
                self._close()
        return self.history

    def _open(self):
        for problem in click_problems():
            display(HTML(f"<p><strong>{html.escape(problem)}</strong></p>"))
        lr, theta = self.options.lr, self.options.grad_clip_val
        controls = {
            "lr": Slider("learning rate", including(LEARNING_RATES, lr), lr),
            "theta": Slider("clipping: theta", including(THRESHOLDS, theta), theta),
            "temperature": Slider("sampling: temperature", TEMPERATURES, self.temperature),
        }
        self.wishes = SimpleQueue()  # of clicks; drops a second Stop from the last run
        controls |= {name: Button(label, None) for name, label in BUTTONS.items()}
        self.panel = Panel("Training cockpit", controls, self._set, self.wishes.put)
        self.panel.notes = list(self.changes)
        self.picture.begin()
        self.end = "The run ended"
        self._enter("play")
        self.place, self.screen = display(self.panel, display_id=True), Screen()
        self.drawing, self.writing = Ration(0.25, DRAWING), Ration(1.0, SAMPLING)
        self.testing, self.shown = Ration(1.0, TESTING), None

    def _close(self):
        """Show the last picture, and switch the controls off; nothing on the page moves."""
        self.picture.finished = True
        if self.history:
            self._test()
            self.write_sample()
        self.screen.put(self.picture.draw(), final=True)
        end = f"{self.end} after step {self.steps:,}. To go on, run the cell again."
        if self.panel.heard:
            self.panel.message, self.panel.disabled = end, list(self.panel.controls)
            self.panel.pressed = {"play": False}
        else:
            self.place.update({"text/html": f"<p>{end}</p>", "text/plain": end}, raw=True)
            self.panel.close()

    def _extend(self):
        """Allow another options.num_epochs."""
        self.budget = self.steps + int(self.options.num_epochs) * len(self.batches)
        self.picture.num_epochs = self.budget / len(self.batches)

    def _pause_or_end(self):
        """End a run that nobody watches; if a page is attached, pause, and allow another budget."""
        if self.panel.heard:
            epochs = round(self.picture.num_epochs, 1)
            self._extend()
            self._enter("pause", f"Paused after {epochs:g} epochs. Press Play for as many again.")
        else:
            self.mode = "stop"

    def _enter(self, mode, message=""):
        """Change the mode, and show it: in words, and by the button that is down."""
        self.mode = mode
        self.picture.note = {"pause": "paused", "stop": "stopped"}.get(mode, "")
        self.panel.message = message or {"play": "Training.", "pause": "Paused."}.get(mode, "")
        self.panel.pressed = {"play": mode == "play"}
        self.panel.disabled = self._senseless()

    def _senseless(self):
        """Return the names of the buttons that would do nothing now."""
        names = {"play": ["step"], "diverged": ["play", "step"]}.get(self.mode, [])
        nowhere_to_go = self.good[0] == self.steps and self.mode != "diverged"
        return [*names, "back"] if nowhere_to_go else names

    def _set(self, values):
        """Record the settings, in the second thread; all other methods run in the main thread."""
        self.options.lr, self.options.grad_clip_val = values["lr"], values["theta"]
        self.temperature = values["temperature"]

    def _obey(self):
        """Do what the next click in the queue asks for."""
        wish = None if self.wishes.empty() else self.wishes.get()
        if wish is None or wish in self._senseless():  # it was clicked too late
            return
        self.picture.clock.clear()
        if wish == "back":
            self.picture.alarm = ""
            self._go_back()
            self._enter("pause", f"Paused, with the weights of step {self.good[0]:,}.")
        elif wish == "play" and self.mode == "play":
            self._enter("pause")
        else:
            self.end = "Stopped" if wish == "stop" else self.end
            self._enter(wish)

    def _alone(self):
        """Return whether no page with buttons has responded, although it has had time to."""
        return not self.panel.heard and time.perf_counter() > self.picture.start + PATIENCE

    def _step(self):
        if self.records is None:
            self.records = train(self.model, self.batches, self.options, self.optimizer)
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.lr  # as the slider stands now
        try:
            self.add_record(next(self.records))
        except StopIteration:  # the epochs of train() are over, but the budget is not
            self.records = None
        except FloatingPointError as error:
            self.records = None
            what = f"the loss is {error.loss:.3g}, the gradient norm {error.norm:.3g}"
            self.picture.alarm = f"Diverged in step {self.steps + 1:,}: {what}. Go back, or stop."
            self._enter("diverged", self.picture.alarm)

    @property
    def steps(self):
        return len(self.history)

    def add_record(self, record):
        step = self.steps + 1
        record = record._replace(step=step, epoch=step / len(self.batches))
        new = {"learning rate": record.lr, "theta": record.grad_clip_val}
        new["temperature"] = self.temperature  # read once: the other thread may change it
        for name, old in self.settings.items():
            if new[name] != old:
                self._log(record, name, spell(old), spell(new[name]))
        self.settings = new
        self.history.append(record)
        self.picture.add(record)
        if self.mode == "step":
            self._enter("pause")
        self._sound_the_alarm(record)

    def _sound_the_alarm(self, record):
        """Warn of a perplexity far beyond the vocabulary, before it is infinite."""
        limit = ALARM * self.model.vocab_size
        loud = record.loss > math.log(limit)
        if loud != (self.picture.note == "alarm"):
            words = f"Alarm: perplexity above {limit:,}. Lower the learning rate, and go back."
            self.picture.note, self.panel.message = ("alarm", words) if loud else ("", "Training.")

    def _log(self, record, name, old, new):
        self.changes.append(f"step {record.step:,}: {name} from {old} to {new}")
        self.picture.flags.append(record.epoch)
        self.panel.notes = list(self.changes)

    def refresh(self):
        """Draw, sample, and validate, each when it is due; remember a good state."""
        if self.history and self.mode == "play" and self.testing.due():
            self.testing.timed(self._test)
        if self.history and (self.writing.due() or self.temperature != self.written_at):
            self.writing.timed(self.write_sample)
        if self.drawing.due():
            if self.mode == "play":
                self.keep_good_state()
            state = (self.steps, self.mode, self.picture.sample, len(self.changes))
            if state != self.shown:
                self.drawing.timed(lambda: self.screen.put(self.picture.draw()))
                self.shown, self.panel.disabled = state, self._senseless()

    def _test(self):
        loss = evaluate(self.model, self.val_streams, carry_state=True)
        self.picture.add_validation(self.history[-1].epoch, loss)

    def write_sample(self):
        self.written_at = temperature = self.temperature
        settings = {"generator": torch.Generator().manual_seed(self.seed)}
        settings |= {"vocab": self.data.vocab, "temperature": temperature}
        try:
            self.picture.sample = sample(self.model, self.prefix, 120, **settings)
        except ValueError:  # no distribution to draw from
            self.picture.sample = "(no text: the model's logits are not finite)"

    def state(self):
        """Return the step, and copies of the states of the model and the optimizer."""
        return self.steps, *copy.deepcopy((self.model.state_dict(), self.optimizer.state_dict()))

    def keep_good_state(self):
        """Remember a state if the first few steps after it were about as good as any before.

        A loss is measured before its update, so it does not reveal whether the update did harm.
        A state is therefore a candidate first, and is good once TRIAL steps from it go well.
        """
        trial = [record.loss for record in self.history[self.candidate[0] :]]
        if len(trial) < TRIAL:
            return
        mean, worst = sum(trial) / len(trial), max(trial)
        if worst <= self.best + 5 * MARGIN and mean <= self.best + MARGIN:
            self.best, self.good = min(self.best, mean), self.candidate
        self.candidate = self.state()

    def _go_back(self):
        """Restore the last good state of the model and the optimizer."""
        step, weights, memory = self.good
        self.model.load_state_dict(weights)
        self.optimizer.load_state_dict(copy.deepcopy(memory))  # the optimizer keeps what it gets
        self.records, self.candidate = None, self.state()
        if self.history:
            now, then = f"those of step {self.steps:,}", f"those of step {step:,}"
            self._log(self.history[-1], "weights", now, then)


def including(values, value):
    """Return the values in order, with this one added if it is missing; None stays last."""
    return sorted({*values, value}, key=lambda v: math.inf if v is None else v)


def click_problems():
    """Return a message, with the remedy, for each version that blocks clicks while a cell runs."""
    problem = (
        "With {} {}, clicks and sliders may not arrive while a cell runs. In an environment of "
        'your own, run pip install "{}", and restart the kernel. Elsewhere, Interrupt Kernel ends '
        "the run, and the model keeps what it has learned."
    )
    kernel, lab = version("ipykernel"), version("jupyterlab")
    found = []
    if kernel < Version("7.4"):
        found.append(("ipykernel", kernel, "ipykernel>=7.4"))
    elif not hasattr(import_module("ipykernel.comm.comm").BaseComm, STEERED):
        found.append(("ipykernel", kernel, "ipykernel==7.4.*"))
    if Version("0") < lab < Version("4.4"):
        found.append(("jupyterlab", lab, "jupyterlab>=4.4"))
    return [problem.format(*one) for one in found]


def version(package):
    """Return the installed version of the package; 0 if it is not installed."""
    try:
        return Version(importlib.metadata.version(package))
    except importlib.metadata.PackageNotFoundError:
        return Version("0")
