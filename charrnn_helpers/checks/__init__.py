"""The exercises: `checks.NAME(answer)` says whether an answer is right, and if not, why not.

`hint(name)`, `solution(name)`, `predict(name, value)`, `reveal(name, actual)`, `progress()`.

A diagnosis comes from what an answer does on chosen inputs, never from its source.  Nothing here
raises at a learner; with CHARRNN_STRICT=1 in the environment, as in CI, everything but *passed*
raises WrongAnswer.

=======================  ================================================================
comparing                what came out beside what should have, and how they are related
errors                   what Python and PyTorch say, and what it usually means
running                  an answer's code, with a limit on time and on memory
logbook                  what was passed and predicted, in one small file
verdict, board           what is shown
exercise                 the exercise: cases, slips, hints, and the search for the slip
answers                  model answers where the package has none of its own
predictions              questions that are asked before a cell is run
one module a notebook    one_hot_encoding, recurrence, ..., sampling: the exercises
=======================  ================================================================
"""

import os

from charrnn_helpers.checks import (
    gradient_clipping,
    logbook,
    loss_and_perplexity,
    one_hot_encoding,
    recurrence,
    sampling,
    training,
)
from charrnn_helpers.checks.board import board
from charrnn_helpers.checks.gradient_clipping import clip_factor, clip_gradients, spectral_radius
from charrnn_helpers.checks.loss_and_perplexity import bigram, bits, cross_entropy, mean_perplexity
from charrnn_helpers.checks.one_hot_encoding import one_hot, time_first, vocabulary, windows
from charrnn_helpers.checks.predictions import PREDICTIONS, predict, reveal
from charrnn_helpers.checks.recurrence import broken_rnn, num_params, rnn_loop, rnn_step
from charrnn_helpers.checks.sampling import continue_text, surprisal, temperature, top_k
from charrnn_helpers.checks.training import evaluate, read_on, train_step, updates
from charrnn_helpers.checks.verdict import Note, WrongAnswer, look_up

EXERCISES = (
    *one_hot_encoding.EXERCISES,
    *recurrence.EXERCISES,
    *loss_and_perplexity.EXERCISES,
    *gradient_clipping.EXERCISES,
    *training.EXERCISES,
    *sampling.EXERCISES,
)
BY_NAME = {exercise.name: exercise for exercise in EXERCISES}
__all__ = [
    "WrongAnswer",
    "bigram",
    "bits",
    "broken_rnn",
    "clip_factor",
    "clip_gradients",
    "continue_text",
    "cross_entropy",
    "evaluate",
    "hint",
    "mean_perplexity",
    "num_params",
    "one_hot",
    "predict",
    "progress",
    "read_on",
    "reveal",
    "rnn_loop",
    "rnn_step",
    "solution",
    "spectral_radius",
    "surprisal",
    "temperature",
    "time_first",
    "top_k",
    "train_step",
    "updates",
    "vocabulary",
    "windows",
]


def _find(name):
    """The exercise with this name, or a Note; checks.hint(checks.windows) is as good."""
    return look_up(getattr(name, "name", name), BY_NAME, "exercise")


def hint(name, step=1):
    """The first `step` of three hints, from a nudge to nearly there; a Note."""
    exercise = _find(name)
    if isinstance(exercise, Note):
        return exercise
    step = min(max(step, 1), 3) if isinstance(step, int) else 1
    more = f'checks.hint("{exercise.name}", {step + 1})'
    more = more if step < 3 else f'checks.solution("{exercise.name}")'
    lines = {f"hint {i}": text for i, text in enumerate(exercise.hints[:step], 1)}
    return Note(f"Hint {step} of 3: {exercise.title}", f"Next: {more}", lines, prose=True)


def solution(name):
    """The model answer's source, ready to be pasted; a Note.  CHARRNN_SOLUTIONS=locked locks it."""
    exercise = _find(name)
    if isinstance(exercise, Note):
        return exercise
    if os.environ.get("CHARRNN_SOLUTIONS", "").strip().lower() == "locked":
        text = "The solutions are locked on this computer; the hints are open."
        return Note(f"Locked: {exercise.title}", f'{text} Try checks.hint("{exercise.name}", 3).')
    text = "One way to do it. Compare it with yours line by line: where do they differ, and why?"
    return Note(f"A solution: {exercise.title}", text, {"": exercise.source()})


def progress():
    """The course, with what has been passed and predicted so far; a Board."""
    return board(EXERCISES, PREDICTIONS, *logbook.read())
