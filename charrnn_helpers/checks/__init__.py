"""The exercises: `checks.NAME(answer)` says whether an answer is right, and if not, why not.

`hint(name)`, `solution(name)`, `predict(name, value)`, `reveal(name, actual)`, `progress()`,
`last_error()`.

A diagnosis comes from what an answer does in chosen cases, as it stands or with one change of its
code.  Learners get no exceptions from here, except their own, and only from `last_error()`; but
with CHARRNN_STRICT=1 in the environment, as in CI, everything except *passed* raises WrongAnswer.

=============  ==========================================================================
values         what an answer returned, what was expected, and how the two differ
trial          calls an answer with a limit on time and memory
diagnosis      the known mistake, or two, that explain what it did; or just the facts
repair         one change of the learner's own code that makes it right
candidates     the changes that are tried
influence      what has no effect on a result, although it should have one
relations      how a result is related to the expected one
verdict        what the learner sees
judge          the exercise: a model answer, and cases to try an answer on; the last error
document       what a person wrote about it: title, hints, mistakes, and answers
exercises/     one module per notebook, and one document per exercise
predictions    questions that are asked before a cell is run
=============  ==========================================================================
"""

import os

from charrnn_helpers import logbook
from charrnn_helpers.checks.exercises import (
    backpropagation_through_time,
    counting,
    gated_networks,
    gradient_clipping,
    inside_the_hidden_state,
    loss_and_perplexity,
    one_hot_encoding,
    recurrence,
    sampling,
    the_race,
    training,
)
from charrnn_helpers.checks.judge import last_error
from charrnn_helpers.checks.predictions import predict, reveal
from charrnn_helpers.checks.verdict import (
    NOT_TRIED,
    PASSED,
    SIGNS,
    WRONG,
    Note,
    WrongAnswer,
    look_up,
)

vocabulary, windows, two_numbers, read_back = one_hot_encoding.EXERCISES
rnn_loop, odd_letters, broken_rnn = recurrence.EXERCISES
twin, log_likelihood, cross_entropy, mean_perplexity, dice = loss_and_perplexity.EXERCISES
interpolate, bigram_gradient, broken_descent, largest_rate = counting.EXERCISES
three_steps, good_sigma, clip_gradients, uphill = gradient_clipping.EXERCISES
fair, adam, streams, early_stopping, broken_loop = training.EXERCISES
draw_with, beam_step, top_p = sampling.EXERCISES
window_backward, wrong_weights, sent_back, fast_backward = backpropagation_through_time.EXERCISES
build_in, hold, few_units = inside_the_hidden_state.EXERCISES
holding_bias, lstm_step, gru_slope, hand_gates = gated_networks.EXERCISES
drop, learning_mixture, lead = the_race.EXERCISES

NOTEBOOKS = (one_hot_encoding, recurrence, loss_and_perplexity, counting, gradient_clipping)
NOTEBOOKS += (training, sampling, backpropagation_through_time, inside_the_hidden_state)
NOTEBOOKS += (gated_networks, the_race)
EXERCISES = tuple(exercise for notebook in NOTEBOOKS for exercise in notebook.EXERCISES)
BY_NAME = {exercise.name: exercise for exercise in EXERCISES}
__all__ = [
    *BY_NAME,
    "WrongAnswer",
    "hint",
    "last_error",
    "predict",
    "progress",
    "reveal",
    "solution",
]


def _find(name):
    """Return the exercise with this name, or a Note; checks.hint(checks.windows) works, too."""
    return look_up(getattr(name, "name", name), BY_NAME, "exercise")


def hint(name, step=1):
    """Show the first `step` of three hints, from a nudge to almost the answer."""
    exercise = _find(name)
    if isinstance(exercise, Note):
        return exercise
    step = min(max(step, 1), 3) if isinstance(step, int) else 1
    more = f'checks.hint("{exercise.name}", {step + 1})'
    more = more if step < 3 else f'checks.solution("{exercise.name}")'
    lines = {f"hint {i}": text for i, text in enumerate(exercise.hints[:step], 1)}
    return Note(f"Hint {step} of 3: {exercise.title}", f"Next: {more}", lines, prose=True)


def solution(name):
    """Show the model answer, ready to be pasted; CHARRNN_SOLUTIONS=locked locks it."""
    exercise = _find(name)
    if isinstance(exercise, Note):
        return exercise
    if os.environ.get("CHARRNN_SOLUTIONS", "").strip().lower() == "locked":
        text = "The solutions are locked on this computer, but the hints are open."
        return Note(f"Locked: {exercise.title}", f'{text} Try checks.hint("{exercise.name}", 3).')
    text = "This is one way to do it. Compare it with yours, line by line."
    return Note(f"A solution: {exercise.title}", text, {"": exercise.source})


def progress():
    """Show all exercises, with what has been passed and predicted so far."""
    tried, predicted, notice = logbook.read()
    seen = [made for made in predicted.values() if made.get("seen")]
    right = sum(made.get("right") is True for made in seen)
    passed = [exercise for exercise in EXERCISES if tried.get(exercise.name) == "passed"]
    heading = f"{len(passed)} of {len(EXERCISES)} exercises passed"
    legend = ", ".join(f"{SIGNS[status]} {word}" for status, word in WORDS.items())
    lines = {}
    for exercise in EXERCISES:
        status = {"passed": PASSED, "tried": WRONG}.get(tried.get(exercise.name), NOT_TRIED)
        label, entry = f"notebook {exercise.notebook}", f"{SIGNS[status]} {exercise.name}"
        lines[label] = f"{lines[label]}   {entry}" if label in lines else entry
    revealed = f"{len(seen)} prediction{'s' * (len(seen) != 1)} revealed, {right} right"
    text = f"{heading}; {revealed}. ({legend})\n{notice}"
    return Note("Your progress", text.strip(), lines)


WORDS = {PASSED: "passed", WRONG: "tried", NOT_TRIED: "not tried"}
