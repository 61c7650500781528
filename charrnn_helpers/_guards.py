"""Guards: what a door is given is checked before anything is done with it.

The taught code has no line that serves a caller's mistake.  A function that is a door carries
`@guarded_by(check)`, a line that its notebook leaves out; `check` gets the same arguments.
Each check raises ValueError with the value and the remedy.
"""

import math
import sys
from functools import wraps
from numbers import Integral, Real

from charrnn_helpers.text import preprocess


def guarded_by(check):
    """Return a decorator for a function that is preceded by a call of check(...)."""

    def decorate(function):
        @wraps(function)
        def guarded(*args, **kwargs):
            check(*args, **kwargs)
            return function(*args, **kwargs)

        return guarded

    return decorate


def check_size(name, value, least=1, most=None):
    """Refuse a value that is not a whole number from `least` to `most`."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        limits = f"of at least {least}" if most is None else f"from {least} to {most:,}"
        raise ValueError(f"{name} is {value!r}; use a whole number {limits}")


def check_positive(name, value):
    """Refuse a value that is not a finite number above 0."""
    if not isinstance(value, Real) or not 0 < value <= sys.float_info.max:
        raise ValueError(f"{name} is {value!r:.50}; use a finite number above 0")


def check_text(text, vocab, what="prefix"):
    """Refuse a text that is empty, or has a character that is not in the vocabulary."""
    if not isinstance(text, str):
        raise ValueError(f"the {what} is {text!r}; use a string")
    if not text:
        raise ValueError(f"the {what} is empty; use at least one character to start from")
    for char in text:
        if char not in vocab.token_to_idx:
            letters = "".join(vocab.idx_to_token)
            where = f"{char!r} in the {what} {text[:40]!r} is not in the vocabulary {letters!r}"
            raise ValueError(f"{where}; use preprocess({what}) instead")


def check_weights(model):
    """Refuse a model that has weights of inf or nan."""
    if not all(p.isfinite().all() for p in model.parameters()):
        remedy = "make a new model, and train it with a lower lr or grad_clip_val"
        raise ValueError(f"the model has weights that are inf or nan; {remedy}")


def check_window(length, num_steps):
    """Refuse a num_steps for which so many characters do not make a single window."""
    check_size("num_steps", num_steps)
    check_length(length, num_steps + 1, f"a window of {num_steps} and its target")


def check_cut(length, batch_size, num_steps):
    """Refuse sizes for which so many characters do not make a single batch of windows."""
    check_window(length, num_steps)
    check_batch_size(batch_size, length - num_steps, "windows")


def check_length(length, needed, what):
    """Refuse fewer characters than are needed; `what` names their purpose."""
    if length < needed:
        found = f"{needed} characters are needed for {what}, but there are {length}"
        raise ValueError(f"{found}; reduce the sizes, or use a longer text")


def check_batch_size(batch_size, available, what):
    """Refuse a batch_size that is not from 1 to `available`."""
    if isinstance(batch_size, bool) or batch_size not in range(1, available + 1):
        found = f"batch_size is {batch_size!r}, but there are {available} {what}"
        raise ValueError(f"{found}; use a number from 1 to {available}, or a longer text")


# Doors: each of these guards what its name says.


def check_time_machine(_, batch_size, num_steps, text, num_train=None, num_val=5_000, device=None):
    if not isinstance(text, str):
        raise ValueError(f"the text is {text!r:.40}; use a string, as load_time_machine() returns")
    length = len(preprocess(text))
    if num_train is None:
        length -= 2 * int(0.1 * length)  # the training part
    else:
        check_size("num_train", num_train)
        check_size("num_val", num_val)
        needed = num_train + num_val + num_steps
        check_length(length, needed, f"{num_train} + {num_val} windows")
        length = num_train + num_steps
    check_cut(length, batch_size, num_steps)


def check_window_batches(_, ids, batch_size, num_steps, generator=None):
    check_cut(len(ids), batch_size, num_steps)


def check_stream_batches(_, ids, batch_size, num_steps):
    check_window(len(ids), num_steps)
    check_batch_size(batch_size, len(ids) - 1, "characters with a target")


def check_make_model(vocab_size, num_hiddens=32, sigma=0.01, seed=0, cell=None, device=None):
    check_size("vocab_size", vocab_size)
    check_size("num_hiddens", num_hiddens)


def check_options(options):
    """Refuse settings of a training run that make no sense."""
    check_size("num_epochs", options.num_epochs)
    check_positive("lr", options.lr)
    if options.grad_clip_val is not None:
        check_positive("grad_clip_val", options.grad_clip_val)


def check_finite(loss, norm):
    """Raise FloatingPointError, with `loss` and `norm` as attributes, if either is inf or nan."""
    if math.isfinite(loss) and math.isfinite(norm):
        return
    what = f"the loss is {loss:.3g} and the gradient norm {norm:.3g}, so this step was not taken"
    error = FloatingPointError(f"{what}; make a new model, and lower lr or grad_clip_val")
    error.loss, error.norm = loss, norm
    raise error


def check_prediction(model, prefix, num_preds, vocab, *settings, **more):
    """Guard predict, and sample but for the settings, which next_probs checks."""
    check_size("num_preds", num_preds, least=0)
    check_text(prefix, vocab)
    check_weights(model)


def check_beam(model, prefix, num_preds, vocab, width):
    check_prediction(model, prefix, num_preds, vocab)
    check_size("width", width, most=len(vocab))


LEAST = 1e-37  # of top_p; what is far below is 0 in 32 bits


def check_settings(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature != 0:
        check_positive("temperature", temperature)
    largest = logits.max()
    if not (largest / (temperature or 1)).isfinite():
        what = f"the largest logit is {largest.item()}, and the temperature {temperature}"
        why = "did the training diverge, or is the temperature too close to 0?"
        raise ValueError(f"{what}, so no character can be chosen; {why}")
    if top_k is not None:
        check_size("top_k", top_k, most=len(logits))
    if top_p is not None and not (isinstance(top_p, Real) and LEAST < top_p <= 1):
        raise ValueError(f"top_p is {top_p!r}; use a number above 0 and at most 1")


def check_surprisal(model, text, vocab):
    check_text(text, vocab, "text")
    if len(text) < 2:
        raise ValueError(f"the text {text!r} is too short; surprisal needs 2 characters or more")
    check_weights(model)
