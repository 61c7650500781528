"""Each wrong answer of the banks gets its own diagnosis, each right one passes."""

import time
from collections import Counter

import pytest

from charrnn_helpers import checks
from charrnn_helpers.checks.verdict import NOT_TRIED, PASSED, WRONG
from tests import bank

RIGHT, WRONG_ONES = bank.entries("Right"), bank.entries("Wrong")
EACH_EXERCISE = pytest.mark.parametrize("exercise", checks.EXERCISES, ids=lambda e: e.name)
# What is said when no misconception was recognised.
GENERAL = {"value", "shape", "type", "nan", "dtype", "device", "raises"}


def judged(entry):
    """The verdict, within a second."""
    answer = bank.define(entry.exercise, entry.source)
    start = time.perf_counter()
    verdict = checks.BY_NAME[entry.exercise].judge(answer)
    assert time.perf_counter() - start < 1
    return verdict


@pytest.mark.parametrize("entry", RIGHT, ids=str)
def test_a_right_answer_passes(entry):
    verdict = judged(entry)
    assert verdict.status == PASSED, repr(verdict)


@pytest.mark.parametrize("entry", WRONG_ONES, ids=str)
def test_a_wrong_answer_gets_its_own_diagnosis(entry):
    verdict = judged(entry)
    assert (verdict.status, verdict.mistake) == (WRONG, entry.mistake), repr(verdict)
    assert verdict.mistake not in GENERAL
    assert {"try", "came out", "should have"} <= verdict.lines.keys()
    assert verdict.lines["came out"] != verdict.lines["should have"]
    for shown in (repr(verdict), verdict._repr_html_()):
        assert "came out" in shown and "should have" in shown


@EACH_EXERCISE
def test_the_bank_is_large_enough(exercise):
    wrong = [entry.mistake for entry in WRONG_ONES if entry.exercise == exercise.name]
    right = [entry for entry in RIGHT if entry.exercise == exercise.name]
    assert len(set(wrong)) >= 6 and len(right) >= 3
    assert all(entry.thought for entry in WRONG_ONES)


@EACH_EXERCISE
def test_every_slip_is_told_apart(exercise):
    """From a right answer, and from all other slips of the exercise."""
    for slip, text in exercise.slips.items():
        verdict = exercise.judge(exercise.imitate(frozenset({slip})))
        if exercise.broken == {slip}:
            assert verdict.status == NOT_TRIED
        else:
            assert (verdict.status, verdict.mistake) == (WRONG, slip)
            assert text in verdict.text
    same_words = Counter(exercise.slips.values())
    assert [text for text, times in same_words.items() if times > 1] == []


@EACH_EXERCISE
def test_the_model_answer_passes_and_needs_no_time(exercise):
    start = time.perf_counter()
    assert exercise.judge(exercise.solution).status == PASSED
    assert time.perf_counter() - start < 1
    assert exercise.judge(exercise.imitate(frozenset())).status == PASSED


@EACH_EXERCISE
def test_two_slips_at_once_are_judged_in_time(exercise):
    slips = list(exercise.slips)
    for first, second in zip(slips, slips[1:] + slips[:1], strict=True):
        start = time.perf_counter()
        verdict = exercise.judge(exercise.imitate(frozenset({first, second})))
        assert time.perf_counter() - start < 1
        if verdict.status == WRONG:  # a few pairs undo each other, and then it is right
            assert verdict.mistake and verdict.text
