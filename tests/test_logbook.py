"""The record of progress: two kernels at once, damage, a disk that cannot be written."""

import json
import os
import subprocess
import sys

import pytest

from charrnn_helpers import checks, logbook
from charrnn_helpers.show.figures import scoreboard
from tools.course import ROOT


@pytest.fixture
def path(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "er" / "progress.json"
    monkeypatch.setenv("CHARRNN_PROGRESS", str(path))
    return path


def passed():
    return checks.windows(checks.windows.answer)


def failed():
    return checks.windows(lambda *args: 0)


def test_what_was_passed_stays_passed(path):
    assert f"0 of {len(checks.EXERCISES)} exercises passed" in repr(checks.progress())
    failed()
    assert "\u2717 windows" in repr(checks.progress())
    passed()
    failed()
    assert f"1 of {len(checks.EXERCISES)} exercises passed" in repr(checks.progress())
    assert "\u2713 windows" in repr(checks.progress())
    assert "passed" in checks.progress()._repr_html_()
    assert logbook.read() == ({"windows": "passed"}, {}, "")
    assert [p.name for p in path.parent.iterdir()] == ["progress.json"]


def test_what_was_not_tried_is_not_written(path):
    checks.windows(...)
    assert not path.exists()


DAMAGE = {
    "cut": b'{"exercise": "two_numbers", "status": "pas',
    "not JSON": b"<html>Log in</html>",
    "not UTF-8": b"\xff\xfe\x00",
    "a list": b"[]",
    "a number": b"7",
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_is_damaged_is_left_out_and_loses_nothing(path, kind):
    """The damage comes after a pass, and another pass after the damage."""
    passed()
    with path.open("ab") as file:
        file.write(DAMAGE[kind])
    verdict = checks.two_numbers(checks.two_numbers.answer)
    assert "damaged" not in repr(verdict)
    assert "skipped in the record of your progress: 1." in repr(checks.progress())
    assert f"2 of {len(checks.EXERCISES)}" in repr(checks.progress())


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"exercise": 7, "status": "passed"},
        {"exercise": "windows", "status": ["passed"]},
        {"prediction": "large_logits"},
        {"prediction": [], "value": 3},
        {"prediction": "large_logits", "value": {"a": 1}, "seen": True, "right": "yes"},
        {"exercise": "attention", "status": "passed"},  # of a later version
    ],
    ids=str,
)
def test_lines_that_mean_nothing_here(path, line):
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(line), encoding="utf-8")
    assert f"0 of {len(checks.EXERCISES)} exercises passed" in repr(checks.progress())
    assert " 0 right" in repr(checks.progress())
    checks.reveal("large_logits", float("inf"))
    passed()
    assert f"1 of {len(checks.EXERCISES)}" in repr(checks.progress())


def test_a_path_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for bad in (tmp_path / "file" / "progress.json", tmp_path):
        monkeypatch.setenv("CHARRNN_PROGRESS", str(bad))
        verdict = passed()
        assert verdict.status == "passed" and "could not be saved" in repr(verdict)
        assert "CHARRNN_PROGRESS" in repr(verdict)
        assert "could not be saved" in repr(checks.predict("large_logits", "inf"))
        assert "could not be saved" in repr(checks.reveal("large_logits", float("inf")))
        shown = repr(checks.progress())  # kept as long as the kernel runs
        assert "could not be read" in shown and f"1 of {len(checks.EXERCISES)}" in shown
        logbook.UNWRITTEN.clear()


def test_what_could_not_be_written_is_written_when_it_can_be(path):
    path.mkdir(parents=True)
    assert "could not be saved" in repr(passed())
    path.rmdir()
    verdict = checks.two_numbers(checks.two_numbers.answer)
    assert "could not" not in repr(verdict) and not logbook.UNWRITTEN
    assert logbook.read() == ({"windows": "passed", "two_numbers": "passed"}, {}, "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
def test_a_pipe_is_not_waited_for(path):
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert "is not a file" in repr(passed()) and f"1 of {len(checks.EXERCISES)}" in repr(
        checks.progress()
    )
    logbook.UNWRITTEN.clear()


def test_the_home_folder_may_be_named_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("CHARRNN_PROGRESS", "~/deep/progress")
    passed()
    assert (tmp_path / "deep" / "progress").is_file()


def test_the_usual_place_is_in_the_users_data_folder(monkeypatch):
    monkeypatch.delenv("CHARRNN_PROGRESS")
    assert logbook.logbook_path().name == "progress.jsonl"
    assert logbook.logbook_path().parent.name == "charrnn"


GUESSES = [
    {"guesses": 5, "game": "a"},
    {"guesses": ["a"], "game": "a"},
    {"guesses": "aa", "game": "a"},
    {"guesses": "".join(map(chr, range(97, 130))), "game": "a"},
    {"guesses": "a"},
    {"guesses": "a", "game": 3},
]


@pytest.mark.parametrize("event", GUESSES)
def test_guesses_that_cannot_be_are_left_out_and_the_board_stands(path, event):
    logbook.write(**event)
    logbook.write(game="a", guesses="xe")
    logbook.write(game="b", guesses="t")
    assert logbook.guesses() == ["xe", "t"] and logbook.guesses("a") == ["xe"]
    assert logbook.read() == ({}, {}, "")
    assert "you" not in scoreboard({"a": 1.0}).data


@pytest.mark.parametrize("kind", DAMAGE)
def test_the_board_stands_beside_any_damage(path, kind):
    for k in range(60):
        logbook.write(game="a", guesses="xe"[k % 2 :])
    path.write_bytes(path.read_bytes() + DAMAGE[kind])
    assert "you, 60 characters" in scoreboard({"a": 1.0}).data
    path.unlink()
    path.mkdir()
    assert "you" not in scoreboard({"a": 1.0}).data


WRITER = """
import sys
from charrnn_helpers import logbook
for i in range(int(sys.argv[2])):
    assert logbook.write(exercise=f"{sys.argv[1]}_{i}", status="passed") == ""
"""


def write_at_once(path, num_processes, num_entries):
    command = [sys.executable, "-c", WRITER]
    environment = os.environ | {"CHARRNN_PROGRESS": str(path)}
    processes = [
        subprocess.Popen([*command, str(k), str(num_entries)], cwd=ROOT, env=environment)
        for k in range(num_processes)
    ]
    assert [process.wait() for process in processes] == [0] * num_processes
    exercises, _, notice = logbook.read()
    assert len(exercises) == num_processes * num_entries and notice == ""


def test_two_kernels_at_once_lose_nothing(path):
    write_at_once(path, 2, 20)


@pytest.mark.long
def test_eight_kernels_at_once_lose_nothing(path):
    write_at_once(path, 8, 100)


def kill_while_writing(path, times):
    """Start a writer, kill it at some moment, and read: nothing that was there is lost."""
    environment = os.environ | {"CHARRNN_PROGRESS": str(path)}
    for k in range(times):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, f"w{k}", "1000000"], cwd=ROOT, env=environment
        )
        seen = {}
        while len(seen) <= k % 7:
            seen = logbook.read()[0]
        process.kill()
        process.wait()
        assert logbook.write(exercise="the next", status="passed") == ""
        kept, _, _ = logbook.read()
        assert kept.keys() >= {*seen, "the next"}
        path.unlink()


def test_a_kernel_killed_while_it_writes(path):
    kill_while_writing(path, 2)


@pytest.mark.long
def test_two_hundred_kernels_killed_while_they_write(path):
    kill_while_writing(path, 200)
