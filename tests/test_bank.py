"""The documents: a wrong answer gets the diagnosis that it ought to get, a right one passes."""

import itertools
import time
from collections import Counter

import pytest

from charrnn_helpers import checks
from charrnn_helpers.checks.verdict import NOT_TRIED, PASSED, WRONG
from tests import bank

RIGHT, WRONG_ONES = bank.entries("Right"), bank.entries("Wrong")


def together(value, name, marks=()):
    """A parameter whose tests share a worker with all of that exercise, and what it remembers."""
    return pytest.param(value, marks=[pytest.mark.xdist_group(f"bank of {name}"), *marks])


EACH_EXERCISE = pytest.mark.parametrize(
    "exercise", [together(e, e.name) for e in checks.EXERCISES], ids=lambda e: e.name
)


def one_of_each(entries):
    """Leave the second answers with a mistake to `make test-long`."""
    marked, seen = [], set()
    for entry in entries:
        again = (entry.exercise, entry.name) in seen
        seen.add((entry.exercise, entry.name))
        marked.append(together(entry, entry.exercise, [pytest.mark.long] if again else []))
    return marked


def judged(entry):
    return checks.BY_NAME[entry.exercise].judge(bank.define(entry.exercise, entry.source))


@pytest.mark.parametrize("entry", [together(entry, entry.exercise) for entry in RIGHT], ids=str)
def test_a_right_answer_passes(entry):
    verdict = judged(entry)
    assert verdict.status == PASSED, repr(verdict)


@pytest.mark.parametrize("entry", one_of_each(WRONG_ONES), ids=str)
def test_a_wrong_answer_gets_its_own_diagnosis(entry):
    verdict = judged(entry)
    assert (verdict.status, verdict.mistake) == (WRONG, entry.name), repr(verdict)
    if verdict.mistake in ("input changed", "not by hand"):
        return
    outcome = {"it returned", "it raised"} & verdict.lines.keys()
    assert {"call", "expected"} <= verdict.lines.keys() and len(outcome) == 1
    assert verdict.lines[outcome.pop()] != verdict.lines["expected"]
    for shown in (repr(verdict), verdict._repr_html_()):
        assert "call" in shown and "expected" in shown


@EACH_EXERCISE
def test_every_mistake_is_told_apart(exercise):
    """From the right answer, and from all other mistakes of the exercise."""
    for name, mistake in exercise.mistakes.items():
        answer = exercise.patched((name,))
        outcomes = [exercise.outcome((name,), i) for i in range(len(exercise.cases))]
        assert any(exercise.difference(outcome, i) for i, outcome in enumerate(outcomes)), name
        verdict = exercise.judge(answer)
        if verdict.status != NOT_TRIED:  # the code that a hunt gives
            assert (verdict.status, verdict.mistake) == (WRONG, name)
            assert mistake.text in verdict.text
    same_words = Counter(mistake.text for mistake in exercise.mistakes.values())
    assert [text for text, times in same_words.items() if times > 1] == []


@EACH_EXERCISE
def test_the_model_answer_passes(exercise):
    assert exercise.judge(exercise.answer).status == PASSED


@EACH_EXERCISE
def test_the_code_that_a_hunt_gives_is_not_tried_yet(exercise):
    if exercise.given:
        verdict = exercise.judge(exercise.given_code)
        assert verdict.status == NOT_TRIED
        assert f'checks.hint("{exercise.name}")' in verdict.text


@EACH_EXERCISE
def test_the_search_is_bounded(exercise):
    """At most every mistake, and every pair of them that can be put together, in every case."""
    pairs = itertools.combinations(exercise.mistakes, 2)
    size = len(exercise.mistakes) + sum(exercise.patched(pair) is not None for pair in pairs)
    assert size <= 500
    strange = exercise.judge(lambda *args: "something that no mistake explains")
    assert strange.status == WRONG


@pytest.mark.long
@EACH_EXERCISE
def test_two_mistakes_at_once_get_a_verdict(exercise):
    names = list(exercise.mistakes)
    start, count = time.perf_counter(), 0
    for first, second in zip(names, names[1:] + names[:1], strict=True):
        answer = exercise.patched((first, second))
        if answer is not None:
            verdict = exercise.judge(answer)
            count += 1
            if verdict.status == WRONG:  # a few pairs undo each other, and then it is right
                assert verdict.mistake and verdict.text
    print(f"{exercise.name}: {count} pairs, {(time.perf_counter() - start) / count:.2f} s each")
