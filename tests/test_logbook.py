"""The record of progress: two kernels at once, damage, a disk that cannot be written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from charrnn_helpers import checks
from charrnn_helpers.checks import logbook
from tests.course import ROOT


@pytest.fixture
def path(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "er" / "progress.json"
    monkeypatch.setenv("CHARRNN_PROGRESS", str(path))
    return path


def passed():
    return checks.windows(checks.windows.solution)


def failed():
    return checks.windows(lambda *args: 0)


def test_what_was_passed_stays_passed(path):
    assert "0 of 23 exercises passed" in repr(checks.progress())
    failed()
    assert "\u2717 windows" in repr(checks.progress())
    passed()
    failed()
    assert "1 of 23 exercises passed" in repr(checks.progress())
    assert "\u2713 windows" in repr(checks.progress())
    assert "passed" in checks.progress()._repr_html_()
    assert json.loads(path.read_text(encoding="utf-8"))["exercises"] == {"windows": "passed"}
    assert sorted(p.name for p in path.parent.iterdir()) in (
        ["progress.json"],
        ["progress.json", "progress.json.lock"],
    )


def test_what_was_not_tried_is_not_written(path):
    checks.windows(...)
    assert not path.exists()


DAMAGE = {
    "empty": b"",
    "cut": b'{"format": 1, "exercises": {"win',
    "not JSON": b"<html>Log in</html>",
    "not UTF-8": b"\xff\xfe\x00",
    "a list": b"[]",
    "a number": b"7",
    "deep": b"[" * 100_000,
    "another format": b'{"format": 99, "exercises": {}, "predictions": {}}',
    "no exercises": b'{"format": 1, "predictions": {}}',
    "a foreign status": b'{"format": 1, "exercises": {"windows": "cheated"}, "predictions": {}}',
    "an odd prediction": b'{"format": 1, "exercises": {}, "predictions": {"large_logits": 3}}',
    "no value": b'{"format": 1, "exercises": {}, "predictions": {"large_logits": {}}}',
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_record_is_begun_anew_with_a_notice(path, kind):
    path.parent.mkdir(parents=True)
    path.write_bytes(DAMAGE[kind])
    assert "damaged" in repr(checks.progress())
    verdict = passed()
    assert verdict.status == "passed" and "was damaged; a new one has been begun" in repr(verdict)
    assert "damaged" not in repr(passed()) + repr(checks.progress())
    assert "1 of 23" in repr(checks.progress())
    kept = path.with_suffix(".damaged.json")
    assert kept.read_bytes() == DAMAGE[kind]


def test_names_of_a_later_version_are_kept(path):
    path.parent.mkdir(parents=True)
    book = {"format": 1, "exercises": {"attention": "passed"}, "predictions": {}}
    path.write_text(json.dumps(book), encoding="utf-8")
    passed()
    kept = json.loads(path.read_text(encoding="utf-8"))["exercises"]
    assert kept == {"attention": "passed", "windows": "passed"}
    assert "1 of 23" in repr(checks.progress())


def test_a_path_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for bad in (tmp_path / "file" / "progress.json", tmp_path):
        monkeypatch.setenv("CHARRNN_PROGRESS", str(bad))
        verdict = passed()
        assert verdict.status == "passed" and "could not be written down" in repr(verdict)
        assert "CHARRNN_PROGRESS" in repr(verdict)
        assert "could not be written down" in repr(checks.predict("large_logits", "inf"))
        assert "could not be written down" in repr(checks.reveal("large_logits", float("inf")))
        shown = repr(checks.progress())  # kept as long as the kernel runs
        assert "could not be written down" in shown and "1 of 23" in shown


def test_what_could_not_be_written_is_written_when_it_can_be(path, monkeypatch):
    path.mkdir(parents=True)
    assert "could not be written down" in repr(passed())
    path.rmdir()
    verdict = checks.one_hot(checks.one_hot.solution)
    assert "could not" not in repr(verdict)
    kept = json.loads(path.read_text(encoding="utf-8"))["exercises"]
    assert kept == {"windows": "passed", "one_hot": "passed"}


def test_a_lock_that_is_never_given_back(path, monkeypatch):
    monkeypatch.setattr(logbook, "WAIT", 0.2)
    path.parent.mkdir(parents=True)
    with FileLock(f"{path}.lock"):
        verdict = passed()
    assert verdict.status == "passed" and "could not be written down" in repr(verdict)


def test_a_disk_that_becomes_full_leaves_the_old_record(path, monkeypatch):
    passed()
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    verdict = checks.one_hot(checks.one_hot.solution)
    assert verdict.status == "passed" and "No space left on device" in repr(verdict)
    assert path.read_bytes() == before
    assert not [p for p in path.parent.iterdir() if p.suffix == ".part"]


def test_the_usual_place_is_in_the_users_data_folder(monkeypatch):
    monkeypatch.delenv("CHARRNN_PROGRESS")
    assert logbook.logbook_path().name == "progress.json"
    assert logbook.logbook_path().parent.name == "charrnn"


WRITER = """
import sys
from charrnn_helpers.checks import logbook
for i in range(int(sys.argv[2])):
    assert logbook.note(f"{sys.argv[1]}_{i}", "passed") == ""
"""


def write_at_once(path, num_processes, num_entries):
    command = [sys.executable, "-c", WRITER]
    environment = os.environ | {"CHARRNN_PROGRESS": str(path)}
    processes = [
        subprocess.Popen([*command, str(k), str(num_entries)], cwd=ROOT, env=environment)
        for k in range(num_processes)
    ]
    assert [process.wait() for process in processes] == [0] * num_processes
    book = json.loads(path.read_text(encoding="utf-8"))
    assert len(book["exercises"]) == num_processes * num_entries


def test_two_kernels_at_once_lose_nothing(path):
    write_at_once(path, 2, 20)


@pytest.mark.long
def test_eight_kernels_at_once_lose_nothing(path):
    write_at_once(path, 8, 100)


def kill_while_writing(path, times):
    """Start a writer, kill it at some moment, and read: the record is whole each time."""
    environment = os.environ | {"CHARRNN_PROGRESS": str(path)}
    entries = 0
    for k in range(times):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, f"w{k}", "1000000"], cwd=ROOT, env=environment
        )
        start = entries
        while True:
            now = len(read(path)["exercises"])
            if now > start + k % 7:
                break
        process.kill()
        process.wait()
        entries = len(read(path)["exercises"])
        assert entries >= now
        path.unlink()
        entries = 0
    assert not Path(f"{path.with_suffix('.damaged.json')}").exists()


def read(path):
    if not path.exists():
        return logbook.empty()
    return logbook.check(json.loads(path.read_text(encoding="utf-8")))


def test_a_kernel_killed_while_it_writes(path):
    kill_while_writing(path, 2)


@pytest.mark.long
def test_two_hundred_kernels_killed_while_they_write(path):
    kill_while_writing(path, 200)
