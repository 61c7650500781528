"""Guards: what stands between a bad value and the model, each in a line or a `with`.

Notebook 02 builds the first two; the others are import-only.
"""

import math
import re
import signal
import threading
from contextlib import contextmanager
from numbers import Integral, Real

import torch


def check_len(a, n):
    """Raise ValueError if the list `a` does not hold n items."""
    if len(a) != n:
        raise ValueError(f"list's length is {len(a)}, expected {n}")


def check_shape(a, shape):
    """Raise ValueError if the tensor `a` does not have this shape."""
    if tuple(a.shape) != tuple(shape):
        raise ValueError(f"tensor's shape is {tuple(a.shape)}, expected {tuple(shape)}")


def check_ids(ids, vocab_size):
    """Return `ids` if they are whole numbers from 0 to vocab_size - 1; raise ValueError if not."""
    if ids.numel() == 0:
        return ids.long()
    if ids.is_floating_point() or ids.is_complex() or ids.dtype == torch.bool:
        raise ValueError(f"token ids are whole numbers, not {ids.dtype}; use ids.long()")
    low, high = (bound.item() for bound in ids.aminmax())
    if low < 0 or high >= vocab_size:
        bad = low if low < 0 else high
        raise ValueError(f"token id {bad} is not in 0 to {vocab_size - 1}; was another Vocab used?")
    return ids


def check_batch_size(batch_size, available, what):
    """Return batch_size if it is from 1 to `available`; raise ValueError if not."""
    if not 1 <= batch_size <= available:
        raise ValueError(
            f"batch_size is {batch_size}, but there are {available} {what}; "
            f"use a number from 1 to {available}, or a longer text"
        )
    return batch_size


def check_length(ids, needed, what):
    """Raise ValueError if the text has fewer characters than are needed."""
    if len(ids) < needed:
        raise ValueError(
            f"{needed} characters are needed for {what}, but there are {len(ids)}; "
            "ask for less, or use a longer text"
        )


def check_positive(name, value):
    """Return the value if it is a finite number above 0; raise ValueError if not."""
    if not is_finite(value) or value <= 0:
        raise ValueError(f"{name} is {value!r}; use a finite number above 0")
    return float(value)


def is_finite(value):
    """Whether the value is a number that is finite as a float."""
    try:
        return isinstance(value, Real) and math.isfinite(value)
    except OverflowError:  # a whole number of more than 308 digits
        return False


def check_share(name, value):
    """Return the value if it is a number above 0 and up to 1; raise ValueError if not."""
    if not is_finite(value) or not 0 < value <= 1:
        raise ValueError(f"{name} is {value!r}; use a number above 0 and up to 1")
    return float(value)


def check_whole(name, value, most):
    """Return the value if it is a whole number from 1 to `most`; raise ValueError if not."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not 1 <= value <= most:
        raise ValueError(f"{name} is {value!r}; use a whole number from 1 to {most}")
    return int(value)


def check_logits(logits):
    """Return the logits if the largest is a finite number; raise ValueError if not."""
    largest = logits.max().item()
    if not math.isfinite(largest):
        raise ValueError(
            f"the logits are no scores to choose by: the largest is {largest}; did the training "
            "diverge, or is the temperature too near to 0?"
        )
    return logits


def check_finite(name, value):
    """Return the value; raise FloatingPointError, with what to try, if it is inf or nan."""
    if not math.isfinite(value):
        raise FloatingPointError(
            f"{name} is {value}; build the model anew and lower the learning rate or grad_clip_val"
        )
    return value


def check_text(text, vocab, what="prefix"):
    """Raise ValueError, naming the character, if the text is empty or not in the vocabulary."""
    if not isinstance(text, str):
        raise ValueError(f"the {what} is {text!r}; give a text")
    if not text:
        raise ValueError(f"the {what} is empty; give at least one character to start from")
    for char in text:
        if char not in vocab.token_to_idx:
            raise ValueError(
                f"{char!r} in the {what} {text[:40]!r} is not in the vocabulary "
                f"{''.join(vocab.idx_to_token)!r}; preprocess({what}) turns it into text that is"
            )


def check_num_preds(num_preds):
    """Raise ValueError unless num_preds is a whole number, 0 or more."""
    if isinstance(num_preds, bool) or not isinstance(num_preds, Integral) or num_preds < 0:
        raise ValueError(f"num_preds is {num_preds!r}; use a whole number of characters, 0 or more")


@contextmanager
def one_thread():
    """Compute on one CPU thread and round the tiniest numbers to 0; then undo both settings.

    A small model gains little by two threads.  Numbers below 1e-38 slow a diverged run down.
    """
    keep_memory()
    num_threads = torch.get_num_threads()
    flushes = (torch.tensor(1e-40) * 1.0).item() == 0.0
    try:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
        yield
    finally:
        try:
            put_back_settings(num_threads, flushes)
        except KeyboardInterrupt:
            put_back_settings(num_threads, flushes)
            raise


def put_back_settings(num_threads, flushes):
    torch.set_num_threads(num_threads)
    torch.set_flush_denormal(flushes)


def keep_memory():
    """Make large tensors cheaper on Linux: steps with a batch of 1,024 gain a quarter.

    glibc hands large blocks back to the system and fetches them anew, page by page, at
    each step.  Once a block has been freed, it keeps blocks of up to that size (mallopt(3)).
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


@contextmanager
def all_or_nothing(model, run):
    """If the step in this block is broken off, put model and run back to what they were before.

    A step that leaves a weight inf or nan counts as broken off.  Raises FloatingPointError
    or MemoryError with the number of the step and what to try next.
    """
    weights = [p.detach().clone() for p in model.parameters()]
    memory, place = copy_memory(run.optimizer), dict(vars(run))
    length, with_grad = len(run.history), torch.is_grad_enabled()
    try:
        with torch.enable_grad():
            yield
        check_weights(model)
    except BaseException as error:
        with patient(), torch.no_grad():
            for p, old in zip(model.parameters(), weights, strict=True):
                p.copy_(old)
            run.optimizer.state.clear()
            run.optimizer.state.update(memory)
            vars(run).update(place)
            del run.history[length:]
        torch.set_grad_enabled(with_grad)  # an interrupt inside of PyTorch can leave it off
        name_the_step(error, length + 1)
        raise


def copy_memory(optimizer):
    """What the optimizer remembers of each parameter, such as Adam's running means."""
    return {
        p: {key: value.clone() if torch.is_tensor(value) else value for key, value in kept.items()}
        for p, kept in optimizer.state.items()
    }


def check_weights(model):
    """Raise FloatingPointError if the update has made a weight inf or nan."""
    if math.isfinite(sum(p.detach().sum() for p in model.parameters())):
        return  # a sum is quick, and inf or nan in it does not get lost
    for name, p in model.named_parameters():
        if not p.isfinite().all():
            check_finite(f"after the update, a weight in {name}", p[~p.isfinite()][0].item())


def name_the_step(error, step):
    """Raise the error anew, with the step and what is left, if that says more."""
    left = f"Model and history are as they were after step {step - 1}"
    if isinstance(error, RuntimeError) and "without overflow" in str(error):  # Adam's stride
        error = FloatingPointError("the update is inf; lower the learning rate")
    if isinstance(error, FloatingPointError):
        raise FloatingPointError(f"step {step}: {error}. {left}.") from error
    out_of_memory = re.search("out of memory|can't allocate memory|not enough memory", str(error))
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and out_of_memory):
        raise MemoryError(
            f"step {step}: the memory is used up; take a smaller batch_size, num_steps or "
            f"num_hiddens, or close other notebooks. {left}."
        ) from error


@contextmanager
def patient():
    """Let an interrupt wait until the yielded function is called; a second one does not wait.

    So a step of training and its record stay together.  Only the main thread is interrupted.
    """
    waiting = []

    def obey():
        if waiting:
            waiting.clear()
            raise KeyboardInterrupt

    def wait(*_):
        waiting.append(True)
        if len(waiting) > 1:
            obey()

    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield obey
        return
    signal.signal(signal.SIGINT, wait)
    try:
        yield obey
    finally:
        signal.signal(signal.SIGINT, before)
        if waiting:
            signal.raise_signal(signal.SIGINT)  # a block around this one may be patient, too


def check_run(run, model, batches, options):
    """Raise ValueError if the run was begun with another model, optimizer or kind of batches."""
    params = [p for group in run.optimizer.param_groups for p in group["params"]]
    if [id(p) for p in params] != [id(p) for p in model.parameters()]:
        raise ValueError("the run belongs to another model; begin another one with Run()")
    made = type(run.optimizer)
    if isinstance(options.optimizer, type) and made is not options.optimizer:
        raise ValueError(
            f"the run was begun with {made.__name__}, but options.optimizer is "
            f"{options.optimizer.__name__}; use the same one, or begin another run with Run()"
        )
    shuffled = getattr(batches, "generator", None) is not None
    if run.history and shuffled != (run.order is not None):
        raise ValueError(
            "either the run's batches are shuffled or these, but not both; hand in the same kind "
            "of batches, or begin another run with Run()"
        )
    if run.history and run.history[-1].epoch != run.step / len(batches):
        num_batches = round(run.step / run.history[-1].epoch)
        raise ValueError(
            f"the run was begun with {num_batches} batches an epoch, but here are {len(batches)}; "
            "use the same text, batch_size and num_steps, or begin another run with Run()"
        )
    if run.step >= options.num_epochs * len(batches):
        print(
            f"This run has all its {options.num_epochs} epochs. Raise options.num_epochs to go on, "
            "or begin another one with Run()."
        )
