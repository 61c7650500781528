"""Hostile answers, hints, solutions, predictions, strict mode: nothing harms the notebook."""

import gc
import hashlib
import math
import random
import re
import sys
import threading
import time
import traceback
import weakref

import numpy as np
import pytest
import torch

from charrnn_helpers import checks
from charrnn_helpers.checks import trial
from charrnn_helpers.checks.predictions import PREDICTIONS, find
from charrnn_helpers.checks.values import compare, settle
from charrnn_helpers.checks.verdict import NOT_TRIED, PASSED, WRONG, Note
from tests import bank, samples
from tests.lab import wait_for

EVERY_EXERCISE = pytest.mark.parametrize("exercise", checks.EXERCISES, ids=lambda e: e.name)
# The same code judges all exercises, so three of different kinds are enough for hostile values.
FEW = {"windows", "clip_gradients", "rnn_loop"}
EACH_EXERCISE = pytest.mark.parametrize(
    "exercise",
    [pytest.param(e, marks=[] if e.name in FEW else pytest.mark.long) for e in checks.EXERCISES],
    ids=lambda e: e.name,
)
RETURNED = {
    "None": lambda: None,
    "a text": lambda: "hello",
    "a number": lambda: -17.5,
    "True": lambda: True,
    "an object": object,
    "a set": lambda: {1, 2},
    "a dict": lambda: {"a": 1},
    "a dict of odd keys": lambda: {1: 2, None: ...},
    "a generator": lambda: (i for i in range(3)),
    "a function": lambda: len,
    "a class": lambda: dict,
    "an empty list": list,
    "an empty tensor": lambda: torch.empty(0),
    "a ragged list": lambda: [[1, 2], [3]],
    "a list in itself": lambda: (lambda x: x.append(x) or x)([]),
    "a pair": lambda: (torch.zeros(2), None),
    "an array of objects": lambda: np.array([None, "a"], dtype=object),
    "an array of texts": lambda: np.array(["a", "b"]),
    "dates": lambda: np.array(["2020-01-01"], dtype="datetime64[D]"),
    "a complex number": lambda: 1 + 2j,
    "complex numbers": lambda: torch.ones(2, dtype=torch.complex64),
    "bits": lambda: torch.ones(2, dtype=torch.bool),
    "nan": lambda: torch.full((2, 2), math.nan),
    "inf": lambda: math.inf,
    "half precision": lambda: torch.ones(2, 2, dtype=torch.float16),
    "another device": lambda: torch.ones(2, 2, device="meta"),
    "a sparse tensor": lambda: torch.eye(2).to_sparse(),
    "a quantised tensor": lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
    "a very large tensor": lambda: torch.zeros(1).expand(10**12),
    "a very large range": lambda: range(10**12),
    "a module": lambda: torch.nn.Linear(2, 2),
    "itself": lambda: checks.windows,
}
RAISED = {
    "an error": ZeroDivisionError,
    "an error without words": lambda: ValueError(),
    "an error of many lines": lambda: ValueError("one\ntwo\n" + "x" * 10_000),
    "an exit": lambda: SystemExit(1),
    "an interrupt": KeyboardInterrupt,
    "a bare one": BaseException,
    "an end of iteration": StopIteration,
    "a group": lambda: RecursionError("maximum recursion depth exceeded"),
    "an assertion": lambda: AssertionError("no"),
}


def odd_answer(work):
    """For each exercise, whatever it expects: it does `work`."""

    def answer(*args, **kwargs):
        return work()

    return answer


@EACH_EXERCISE
def test_whatever_comes_back_there_is_a_verdict(exercise):
    for name, make in RETURNED.items():
        verdict = exercise.judge(odd_answer(make))
        assert verdict.status == WRONG or name in RIGHT_BY_CHANCE, (name, repr(verdict))
        assert repr(verdict) and verdict._repr_html_().startswith("<div")


RIGHT_BY_CHANCE = {"a dict of odd keys"}  # it holds a `...`, so it counts as not yet tried


@EACH_EXERCISE
def test_whatever_is_raised_there_is_a_verdict(exercise):
    for name, make in RAISED.items():

        def answer(*args, make=make, **kwargs):
            raise make()

        verdict = exercise.judge(answer)
        assert verdict.status == WRONG, (name, repr(verdict))


@pytest.mark.parametrize(
    "answer", [3, 10**30, int("9" * 4000), "text", None, [1], torch.ones(2), {"a": 1}, object()]
)
@EACH_EXERCISE
def test_an_answer_that_is_no_function(exercise, answer):
    verdict = exercise.judge(answer)
    assert verdict.mistake == "not a function"
    assert f"checks.{exercise.name}({exercise.answer.__name__})" in verdict.text


@EACH_EXERCISE
def test_dots_are_not_tried_yet(exercise):
    for answer in (..., lambda *args: ...):
        verdict = exercise.judge(answer)
        assert verdict.status == NOT_TRIED
        assert f'checks.hint("{exercise.name}")' in verdict.text
        assert exercise.hints[0] not in repr(verdict)  # a hint comes when it is asked for


@EACH_EXERCISE
def test_the_wrong_number_of_arguments(exercise):
    for answer in (lambda: 1, lambda a, b, c, d, e, f, g, h: 1, lambda *, key: 1):
        assert exercise.judge(answer).mistake == "arguments"


def endless():
    while True:
        pass


def stubborn():
    while True:
        try:
            while True:
                time.sleep(0.001)
        except Exception:
            continue


RELEASED = threading.Event()


def very_stubborn():
    while True:
        try:
            while True:
                time.sleep(0.001)
        except BaseException:
            if RELEASED.is_set():
                raise


@pytest.mark.parametrize(
    ("work", "mistake"),
    [
        (endless, "time"),
        (stubborn, "time"),
        (very_stubborn, "cannot be stopped"),
        (RELEASED.wait, "cannot be stopped"),
    ],
)
def test_an_answer_that_never_ends_is_stopped(work, mistake):
    """At once, or in the background as soon as it can be."""
    RELEASED.clear()
    verdict = checks.windows.judge(lambda *args: work(), seconds=0.2)
    RELEASED.set()
    assert verdict.mistake == mistake and "loop" not in verdict.text
    assert checks.windows.judge(checks.windows.answer).status == PASSED
    wait_for(lambda: not any(isinstance(t, trial.Worker) for t in threading.enumerate()), 300)


@EACH_EXERCISE
def test_every_exercise_stops_what_never_ends(exercise):
    verdict = exercise.judge(lambda *args, **kwargs: endless(), seconds=0.05)
    assert verdict.mistake == "time" and "0.05 seconds" in verdict.text


def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_the_limit_is_for_one_call_and_not_for_all():
    def answer(ids, num_steps):
        compute(0.4)
        return checks.windows.answer(ids, num_steps)

    assert len(checks.windows.cases) * 0.4 > 1.5
    assert checks.windows.judge(answer, seconds=1.5).status == PASSED


def test_on_a_busy_machine_an_answer_gets_the_time_that_it_needs():
    """While others compute, a call takes longer than the limit; only its own computing counts."""

    def answer(ids, num_steps):
        time.sleep(0.3)  # as if another process were running
        return checks.windows.answer(ids, num_steps)

    assert checks.windows.judge(answer, seconds=0.2).status == PASSED


def while_another_thread(does, answer):
    """Return the answer made to wait, in its first call, until another thread has done this."""
    asked, done = threading.Event(), threading.Event()

    def other():
        asked.wait()
        does()
        done.set()

    def waiting(*args):
        asked.set()
        done.wait()
        return answer(*args)

    threading.Thread(target=other, daemon=True).start()
    return waiting


def compute_in_c(seconds):
    """As compute, but other threads can go on meanwhile."""
    block, end = bytes(10**6), time.thread_time() + seconds
    while time.thread_time() < end:
        hashlib.sha256(block)


@pytest.mark.skipif(not hasattr(time, "pthread_getcpuclockid"), reason="needs clocks of threads")
def test_what_other_threads_compute_is_not_counted(monkeypatch):
    """The answer waits for another thread, so that this does not depend on who comes first."""
    monkeypatch.setattr(trial, "WAITING", 1000)
    answer = while_another_thread(lambda: compute_in_c(1.5), checks.windows.answer)
    assert checks.windows.judge(answer, seconds=0.5).status == PASSED


def test_where_threads_have_no_clock_that_of_the_process_is_read(monkeypatch):
    monkeypatch.setattr(trial, "WAITING", 1000)
    monkeypatch.delattr(time, "pthread_getcpuclockid", raising=False)
    assert checks.windows.judge(lambda *args: endless(), seconds=0.05).mistake == "time"


def test_the_clock_of_a_thread_can_be_read_before_and_after_its_life():
    worker = trial.Worker(lambda: compute(0.05))
    assert worker.computed() == 0
    worker.start()
    worker.join()
    assert worker.error is None and worker.computed() >= 0
    if hasattr(time, "pthread_getcpuclockid"):  # the system may need a moment to end the thread
        wait_for(lambda: worker.computed() == 0, 300)


class ImportingClock:
    """Stands in for the module `time`: it runs while an import does, and then ends that import."""

    started, now = threading.Event(), 0.0

    def process_time(self):
        self.now += 0.25 * self.started.is_set()
        if self.now > 5:
            RELEASED.set()
        return self.now

    def monotonic(self):
        return 0.0


def test_a_call_goes_on_after_an_import_that_took_long():
    """What it computes after the import is looked at before the next call begins."""
    worker = trial.Worker(lambda: None)
    worker.computed, worker.importing = (lambda: 5.0), (lambda: True)
    assert not worker.is_late(2.0)
    worker.importing = lambda: False
    assert not worker.is_late(2.0)
    worker.clock = lambda: 5.0
    worker.renew()
    assert worker.is_late(2.0)


def test_time_spent_on_imports_is_not_counted(tmp_path, monkeypatch):
    source = "from tests import test_checks as t\nt.ImportingClock.started.set()\nt.RELEASED.wait()"
    (tmp_path / "slow_to_load.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(trial, "time", ImportingClock())
    RELEASED.clear()

    def answer(ids, num_steps):
        import slow_to_load  # noqa: F401

        return checks.windows.answer(ids, num_steps)

    assert checks.windows.judge(answer, seconds=0.5).status == PASSED


@pytest.mark.parametrize(
    "work",
    [
        lambda: torch.ones(25 * 10**8),  # ten gigabytes
        lambda: torch.ones(10**15),
        lambda: [0] * 10**12,
        lambda: np.ones(10**13),
    ],
)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs RLIMIT_AS")
def test_an_answer_that_needs_ten_gigabytes(work):
    verdict = checks.windows.judge(lambda *args: work(), seconds=60)
    assert verdict.mistake == "memory", repr(verdict)
    assert checks.windows.judge(checks.windows.answer).status == PASSED


def test_an_answer_that_calls_its_own_check():
    def my_windows(ids, num_steps):
        checks.windows(my_windows)
        return checks.windows.answer(ids, num_steps)

    assert checks.windows(my_windows).status == PASSED

    def still_wrong(ids, num_steps):
        assert checks.windows(still_wrong).status == NOT_TRIED
        return ids, ids

    assert checks.windows(still_wrong).status == WRONG


def test_an_interrupt_ends_the_answer_and_says_so():
    import _thread

    def answer(*args):
        _thread.interrupt_main()
        endless()

    verdict = checks.windows.judge(answer, seconds=60)
    assert verdict.mistake == "interrupted"


def test_what_is_printed_is_cut_short(capsys):
    def answer(ids, num_steps):
        for i in range(5_000):
            print("line", i)
        return checks.windows.answer(ids, num_steps)

    verdict = checks.windows.judge(answer)
    assert verdict.status == PASSED and len(repr(verdict)) < 1000
    assert verdict.lines["it printed"].startswith("line 0")
    assert capsys.readouterr().out == ""


def print_to_both():
    print("from another thread", flush=True)
    sys.stderr.writelines(["also", " an error"])


def test_only_what_the_answer_itself_prints_is_in_the_verdict(capsys):
    def printing(*args):
        print("from the answer")
        sys.stderr.writelines(["also", " an error", "\n"])
        return checks.windows.answer(*args)

    answer = while_another_thread(print_to_both, printing)
    verdict = checks.windows.judge(answer, seconds=60)
    assert verdict.status == PASSED
    lines = verdict.lines["it printed"].split("\n")
    assert lines[:2] == ["from the answer", "also an error"] and len(set(lines)) == 2
    assert capsys.readouterr() == ("from another thread\n", "also an error")


def test_an_answer_that_closes_the_streams(capsys):
    def answer(*args):
        sys.stdout.close()
        sys.stderr.close()
        return checks.windows.answer(*args)

    assert checks.windows.judge(answer).status == PASSED
    print("still open")
    assert capsys.readouterr().out == "still open\n"


def test_a_stream_that_another_thread_finds_meanwhile_can_be_used_later(capsys):
    found = []
    answer = while_another_thread(lambda: found.append(sys.stdout), checks.windows.answer)
    assert checks.windows.judge(answer, seconds=60).status == PASSED
    assert found[0] is not sys.stdout and found[0].encoding == sys.stdout.encoding
    print("later", file=found[0])
    assert capsys.readouterr().out == "later\n"


def test_without_streams_a_check_still_works(monkeypatch):
    """As in a program without a console on Windows."""
    monkeypatch.setattr(sys, "stdout", None)
    answer = while_another_thread(lambda: print("nowhere"), checks.windows.answer)
    verdict = checks.windows.judge(answer, seconds=60)
    assert verdict.status == PASSED and "it printed" not in verdict.lines


SHOWS = "checks.last_error() shows the error with its traceback."


def frames_of_last_error(kind):
    """The frames below last_error: the file, the function, and its local names."""
    with pytest.raises(kind) as caught:
        checks.last_error()
    frames = [frame for frame, _ in traceback.walk_tb(caught.tb)]
    names = [frame.f_code.co_name for frame in frames]
    assert names[:2] == ["frames_of_last_error", "last_error"]
    return [(f.f_code.co_filename, f.f_code.co_name, f.f_locals) for f in frames[2:]]


def test_the_last_error_comes_with_its_own_frames():
    def inner(ids):
        length = len(ids)
        return length // 0

    def answer(ids, num_steps):
        return inner(ids)

    verdict = checks.windows(answer)
    assert verdict.text.endswith(SHOWS) and "ZeroDivisionError" in verdict.lines["it raised"]
    for _ in range(2):  # it can be raised again and again
        found = frames_of_last_error(ZeroDivisionError)
        assert [(file, name) for file, name, _ in found] == [
            (__file__, "answer"),
            (__file__, "inner"),
        ]
        assert found[-1][-1]["length"] > 0


def test_the_last_error_of_a_method_that_the_check_calls():
    class Broken(checks.vocabulary.answer):
        def encode(self, text):
            return {}[text]

    verdict = checks.vocabulary.judge(Broken)
    assert verdict.status == WRONG and verdict.text.endswith(SHOWS)
    assert frames_of_last_error(KeyError)[0][1] == "encode"


def test_the_last_error_of_a_call_that_does_not_fit():
    assert checks.windows(lambda: 1).text.endswith(SHOWS)
    assert len(frames_of_last_error(TypeError)) == 1  # the line that calls the answer


def test_the_last_error_is_not_that_of_the_model_answer_with_a_mistake_in_it():
    verdict = samples.clip_factor(lambda norm, theta: min(1, theta / norm))
    assert verdict.mistake == "division by zero" and verdict.text.endswith(SHOWS)
    assert [file for file, *_ in frames_of_last_error(ZeroDivisionError)] == [__file__]


def no_error_kept():
    found = checks.last_error()
    return isinstance(found, Note) and "no error" in found.text


@pytest.mark.parametrize(
    "answer",
    [
        checks.windows.answer,
        lambda *args: 0,
        lambda *args: ... + 1,
        lambda *args: sys.exit(),
        ...,
        5,
    ],
)
def test_a_later_check_forgets_the_last_error(answer):
    checks.windows(lambda *args: 1 / 0)
    frames_of_last_error(ZeroDivisionError)
    assert SHOWS not in repr(checks.windows(answer))
    assert no_error_kept()


def test_the_last_error_keeps_tensors_only_until_the_next_check():
    seen = []

    def answer(*args):
        large = torch.zeros(1000)
        seen.append(weakref.ref(large))
        return large / None

    checks.windows(answer)
    assert frames_of_last_error(TypeError)[0][-1]["large"] is seen[0]()
    checks.windows(checks.windows.answer)
    gc.collect()
    assert [ref() for ref in seen] == [None] * len(seen)


def random_states():
    return torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()


LEFT_BEHIND = {
    "random numbers": lambda: (torch.manual_seed(1), random.seed(1), np.random.seed(1)),
    "gradient mode": lambda: torch.set_grad_enabled(False),
    "number of threads": lambda: torch.set_num_threads(torch.get_num_threads() + 1),
    "default dtype": lambda: torch.set_default_dtype(torch.float64),
}


@pytest.mark.parametrize("wrong", [False, True])
@pytest.mark.parametrize("kind", LEFT_BEHIND)
def test_what_an_answer_leaves_behind_is_restored(kind, wrong):
    def answer(*args):
        LEFT_BEHIND[kind]()
        return None if wrong else checks.windows.answer(*args)

    def settings():
        return torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype()

    before, (of_torch, *others) = settings(), random_states()
    checks.windows.judge(answer)
    assert settings() == before
    assert torch.equal(random_states()[0], of_torch) and list(random_states()[1:]) == others


def test_the_mistakes_of_an_exercise_leave_gradients_as_they_are():
    """Among those of this sample is one that switches gradients off for good."""
    assert samples.doubled.judge(lambda x: 3 * x).mistake == "gradients off"
    assert torch.is_grad_enabled()


def test_random_numbers_of_the_notebook_are_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    checks.windows.judge(lambda *args: torch.rand(5))
    assert torch.equal(torch.rand(2), expected)


def test_an_input_that_is_changed_on_the_way():
    def my_top_p(logits, p):
        probs, order = logits.softmax(dim=0).sort(descending=True)
        logits[order[probs.cumsum(dim=0) - probs >= p]] = -math.inf
        return logits

    verdict = checks.top_p.judge(my_top_p)
    assert verdict.mistake == "input changed" and "my_top_p(logits with" in repr(verdict)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_another_floating_point_type_is_fine(dtype):
    right = checks.two_numbers.answer
    assert checks.two_numbers.judge(lambda n: right(n).to(dtype)).status == PASSED


def test_a_notebook_goes_on_after_hostile_answers(tmp_path):
    """In a real kernel: the time limit, and the cell after it runs."""
    import nbformat
    from nbclient import NotebookClient

    cells = [
        "from charrnn_helpers import checks\nimport torch\nkept = 5",
        "def my_windows(ids, n):\n    while True:\n        pass",
        "checks.windows(my_windows)",
        "def my_windows(ids, num_steps):\n    raise SystemExit",
        "checks.windows(my_windows)",
        "def my_windows(ids, num_steps):\n    return torch.ones(10**11), 0",
        "checks.windows(my_windows)",
        "print(kept, torch.tanh(torch.zeros(1)).item())",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    said = [cell.outputs[0].data["text/plain"] for cell in notebook.cells[2:7:2]]
    assert "Your code did not return within 2 seconds" in said[0]
    assert "Your code ended the program" in said[1]
    assert "far more memory" in said[2] or not sys.platform.startswith("linux")
    assert notebook.cells[-1].outputs[0].text == "5 0.0\n"


@EVERY_EXERCISE
def test_three_hints_and_then_the_solution(exercise):
    assert len(exercise.hints) == 3
    shown = [repr(checks.hint(exercise.name, step)) for step in (1, 2, 3)]
    for step, text in enumerate(shown, 1):
        assert all((hint in text) == (i < step) for i, hint in enumerate(exercise.hints))
    assert f'checks.hint("{exercise.name}", 2)' in shown[0]
    assert f'checks.solution("{exercise.name}")' in shown[2]
    assert repr(checks.hint(exercise.name)) == shown[0]
    assert repr(checks.hint(exercise)) == shown[0]  # checks.hint(checks.windows) works, too


@pytest.mark.parametrize("step", [0, -3, 99, "two", None, 1.5])
def test_an_odd_step_is_the_nearest_one(step):
    assert "Hint" in repr(checks.hint("windows", step))


@EVERY_EXERCISE
def test_a_solution_is_ready_to_be_pasted(exercise):
    source = checks.solution(exercise.name).lines[""]
    assert exercise.judge(bank.define(exercise.name, source + PASTED)).status == PASSED


PASTED = """
from charrnn_helpers.data import *
from charrnn_helpers.model import *
from charrnn_helpers.training import *
from charrnn_helpers.sampling import *
"""


@pytest.mark.parametrize("value", ["locked", "LOCKED", " locked "])
def test_a_teacher_can_lock_the_solutions(monkeypatch, value):
    monkeypatch.setenv("CHARRNN_SOLUTIONS", value)
    for exercise in checks.EXERCISES:
        shown = checks.solution(exercise.name)
        assert "locked" in repr(shown) and "def " not in repr(shown) + shown._repr_html_()


@pytest.mark.parametrize("ask", [checks.hint, checks.solution, checks.predict])
def test_a_name_that_does_not_exist(ask):
    assert 'Did you mean "' in repr(ask("windoes_in_1")) or "s are: " in repr(ask("windoes_in_1"))
    for odd in (None, 3, ..., ["windows"], ""):
        assert "s are: " in repr(ask(odd))
    assert "The questions are: " in repr(checks.reveal("no such", 3))


def test_strict_mode_raises_for_all_but_passed(monkeypatch):
    monkeypatch.setenv("CHARRNN_STRICT", "1")
    assert checks.windows(checks.windows.answer).status == PASSED
    for answer in (..., lambda *args: 1, 5):
        with pytest.raises(checks.WrongAnswer, match="windows"):
            checks.windows(answer)
    with pytest.raises(checks.WrongAnswer, match="nothing was predicted"):
        checks.reveal("doubled_text", 2.0)
    checks.predict("doubled_text", 5)
    with pytest.raises(checks.WrongAnswer, match="5 was predicted"):
        checks.reveal("doubled_text", 2.0)


def test_code_in_a_sentence_is_set_as_code():
    page = Note("A title", 'Run checks.hint("windows", 2), or use exp(-inf) and b_h.')
    found = re.findall(r"<code [^>]*>(.*?)</code>", page._repr_html_())
    assert found == ["checks.hint(&quot;windows&quot;, 2)", "exp(-inf)", "b_h"]
    plain = "Words only (in brackets), e.g. 3.5 nats; a/b."
    assert "<code" not in Note("A title", plain)._repr_html_()


def test_without_strict_mode_nothing_raises():
    for exercise in checks.EXERCISES:
        for answer in (..., 5, None, lambda *args: 1 / 0):
            assert exercise(answer).status in (NOT_TRIED, WRONG)


@pytest.mark.parametrize("asked", PREDICTIONS, ids=lambda p: p.name)
def test_a_prediction_is_kept_and_shown_beside_what_happened(asked):
    assert "Predict before you run" in repr(checks.predict(asked.name, ...))
    other = next(k for k in asked.choices if k != asked.answer) if asked.choices else -1
    actual = ACTUAL[asked.name]
    assert "No prediction was made" in repr(checks.reveal(asked.name, actual))
    assert "Written down" in repr(checks.predict(asked.name, other))
    assert "Written down" in repr(
        checks.predict(asked.name, asked.answer)
    )  # not seen yet: may change
    assert "As predicted" in repr(checks.reveal(asked.name, actual))
    assert "is kept" in repr(checks.predict(asked.name, other))  # seen: what was said stays
    again = checks.reveal(asked.name, actual)
    assert "As predicted" in repr(again) and {"you said", "it is"} <= again.lines.keys()
    assert find(asked.name).why in again.text


ACTUAL = {
    "unseen_words": 8.27,
    "two_ones": [12.0, 14.0, 16.0],
    "num_params": 2876,
    "two_pasts": [21, 19, 30],
    "window_or_memory": ([4.42, 4.48, 4.41], [4.65, 4.66, 4.67]),
    "large_logits": math.inf,
    "doubled_text": 2.0,
    "longer_contexts": [16.9, 3.9, 6.0],
    "large_rate": {5: [49.0, 28.0], 50: [49.0, 10.9], 200: [49.0, 15.6]},
    "equal_text": (1.96, 2.75),
    "long_windows": (2.6, 2.9),
    "which_clipped": {"A": 0.2, "B": 0.9},
    "blame": {"windows": 0, "rate": 8, "W_hh": 0},
    "uphill": [(9.0, 0.1, 500.0)] * 10,
    "circles": 1,
    "missing_term": {"P": 0.01, "Q": 1e-9},
    "diagonals": {"all": [4.66, 4.69], "8": [4.6, 4.7], "2": [4.7, 4.72], "1": [5.0, 5.1]},
    "reach": 3,
    "short_windows": {1: 0.0, 2: 1e-17, 3: 0.02, 4: 0.03},
    "untrained_probe": 1.0,
    "which_path": {"both": {-3: 0.02, 3: 0.86}, "logits": {0: 0.03, 3: 0.81}, "memory": {3: 0.3}},
    "last_vowel": {-3: 0.6, 3: 0.12},
    "large_bias": 0,
    "own_gates": {"any": 0.4, "same": 1.0},
    "one_gate": {"RNN": 4.66, "GRU": 4.37, "update": 4.62, "reset": 4.31},
    "leader": {"GRU": [3.68, 3.7], "LSTM": [3.5, 3.55]},
    "mixture": (4.65, 3.6, 3.71),
    "zpaq": [3.40, 3.46, 3.64, 3.56],
    "person": (2.2, 1.3),
    "pile_up": (0.1, 0.08),
}


def test_the_other_outcomes_of_a_prediction():
    assert find("two_pasts").right([3, 9, 4]) == "few"
    assert find("two_pasts").right([30, 60]) == "all"
    assert find("window_or_memory").right(([4.7, 4.8], [4.5, 4.6])) == "memory"
    assert find("window_or_memory").right(([4.5, 4.7], [4.6, 4.8])) == "tie"
    large = find("large_logits").right
    assert large(math.nan) == "nan" and large(330.0) == "large"
    assert find("longer_contexts").right([3.0, 2.0, 1.0]) == "falls"
    assert find("longer_contexts").right([3.0, 1.0, 1.05]) == "levels"
    ends = [(2.6, 2.0), (2.6, 2.62), (2.6, math.nan)]
    assert [find("long_windows").right(two) for two in ends] == ["better", "back", "nan"]
    ends = [(17.0, 0.9, 500.0)], [(17.0, 0.1, 500.0)]
    assert [find("uphill").right(some * 10) for some in ends] == ["ruined", "neither"]
    assert find("which_clipped").right({"A": 0.9, "B": 0.2}) == "a"
    assert find("equal_text").right((1.9, 1.9)) == "same"
    assert find("equal_text").right((2.5, 1.9)) == "large"
    gate = {"RNN": 4.0, "GRU": 3.0, "update": 3.9, "reset": 3.9}
    assert find("one_gate").right(gate) == "none"
    assert find("one_gate").right(gate | {"update": 3.2}) == "update"
    assert find("one_gate").right(gate | {"update": 3.2, "reset": 3.1}) == "both"
    assert find("circles").right(7) == "several" and find("circles").right(21) == "many"
    assert find("person").right((1.2, 1.3)) == "more"
    assert find("missing_term").right({"P": 1e-9, "Q": 0.01}) == "Q"
    assert find("diagonals").right({"all": [4.6], "8": [4.9], "1": [5.0]}) == "all"
    assert find("pile_up").right((0.1, 0.3)) == "grows"
    assert find("pile_up").right((0.001, 0.001)) == "same"
    area = find("untrained_probe").right
    assert area(0.5) == "chance" and area(0.8) == "some"
    ranges = {"both": {0: 0.0, 1: 0.9}, "logits": {0: 0.4, 1: 0.5}, "memory": {0: 0.1, 1: 0.9}}
    assert find("which_path").right(ranges) == "memory"
    assert find("which_path").right(ranges | {"logits": {0: 0.0, 1: 0.5}}) == "half"
    ends = [{-3: 0.1, 3: 0.6}, {-3: 0.31, 3: 0.3}]
    assert [find("last_vowel").right(by) for by in ends] == ["rises", "stays"]
    ends = {"GRU": [3.7, 3.6], "LSTM": [3.5, 3.55], "RNN": [3.8, 3.54]}
    assert find("leader").right(ends) == "tie"
    others = [[3.6, 3.7, 3.8, 3.56], [3.5, 3.57, 3.64, 3.56], [3.4, 3.5, 3.55, 3.56]]
    assert [find("zpaq").right(four) for four in others] == ["none", "reading", "all"]
    assert find("mixture").right((3.8, 3.7, 3.5)) == "better"
    assert find("mixture").right((3.8, 3.7, 3.9)) == "worse"


@pytest.mark.parametrize("value", ["seven", None, math.nan, math.inf, True, [7], 1j, torch.ones(1)])
def test_a_value_that_is_no_prediction(value):
    assert "is not an answer to this question. Enter a number" in repr(
        checks.predict("unseen_words", value)
    )
    assert 'Enter one of "few", "tens", "all"' in repr(checks.predict("two_pasts", value))
    assert "No prediction was made" in repr(checks.reveal("unseen_words", 7))


def test_a_choice_may_be_written_in_capitals():
    assert 'Your prediction: "few"' in repr(checks.predict("two_pasts", " Few"))
    for asked in PREDICTIONS:
        for key in asked.choices or ():
            assert asked.read(f" {key.swapcase()} ") == asked.read(key) == (key, "")


def test_settled_values_are_compared_with_lenience_where_nothing_is_lost():
    want = settle(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    for same in (
        [[1, 2], [3, 4]],
        np.array([[1.0, 2], [3, 4]]),
        [torch.tensor([1.0, 2]), [3, 4.0]],
    ):
        assert compare(settle(same), want) is None
    assert compare(settle(torch.tensor([[1, 2], [3, 4]])), want).kind == "dtype"
    assert compare(settle(torch.ones(4)), want).kind == "shape"


def test_a_variable_of_the_notebook_is_named():
    code = "def my_rnn_step(X, H, W_xh, W_hh, b_h):\n    return torch.tanh(X @ W + H.sum() + b_h)"
    namespace = {"torch": torch, "W": torch.ones(2, 2)}
    exec(code, namespace)
    verdict = samples.rnn_step.judge(namespace["my_rnn_step"])
    assert "reads `W` from the notebook" in verdict.text and "arguments" in verdict.text


def test_each_check_is_that_of_its_exercise():
    for exercise in checks.EXERCISES:
        assert getattr(checks, exercise.name) is exercise
