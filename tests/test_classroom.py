"""A class: logbooks that are handed in, the report on them, and the page that follows them."""

import json
import os
import subprocess
import sys
import time

import pytest

from charrnn_helpers import checks, logbook
from charrnn_helpers.__main__ import main
from charrnn_helpers.checks.predictions import PREDICTIONS
from charrnn_helpers.commands import handin, learners, report, watch

LIGHT = """
import pathlib, sys
from charrnn_helpers.commands import handin
folder = pathlib.Path(sys.argv[1])
for pseudonym in sys.argv[2:]:
    handin.hand_in(folder, *handin.identity(pseudonym))
"""


@pytest.fixture
def logbooks(tmp_path, monkeypatch):
    """Return three logbooks: two with the same mistake, one of them with a pass after it."""
    paths = []
    answers = [[lambda text: 5], [lambda text: 5, checks.vocabulary.answer], []]
    for number, tries in enumerate(answers):
        paths.append(tmp_path / f"{number}.jsonl")
        monkeypatch.setenv("CHARRNN_PROGRESS", str(paths[-1]))
        for answer in tries:
            checks.vocabulary(answer)
    paths[-1].write_text("\n", encoding="utf-8")
    return paths


def test_the_report_counts_learners_and_gives_the_sentences(logbooks, capsys, tmp_path):
    mistake = next(iter(checks.windows.mistakes))
    event = {"exercise": "windows", "status": "wrong", "diagnosis": mistake}
    with logbooks[0].open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(event)}\n" * 3)
    page = tmp_path / "report.html"
    assert main(["report", *map(str, logbooks), "--html", str(page)]) == 0
    text = capsys.readouterr().out
    assert "3 logbooks" in text and "tried by 2, passed by 1" in text
    assert f"1 learner: {mistake}. {checks.windows.mistakes[mistake].text}" in text
    assert "passed by 1 of 2" in page.read_text(encoding="utf-8")


def test_a_logbook_holds_no_code_and_no_name(logbooks):
    for line in filter(str.strip, logbooks[1].read_text(encoding="utf-8").splitlines()):
        assert json.loads(line).keys() == {"exercise", "status", "diagnosis"}


def test_damaged_and_hostile_files_are_named_and_the_others_are_read(logbooks, tmp_path, capsys):
    bad = {
        "huge": b" " * (learners.MOST_BYTES + 1),
        "picture": bytes(range(256)),
        "deep": b"[" * 100_000,
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    evil = '<script>alert("x")</script>\x1b[2J'
    lines = [{"exercise": evil, "status": evil}, {"exercise": "windows", "diagnosis": evil}]
    lines += [{"exercise": ["windows"]}, {"exercise": "windows", "diagnosis": "<b>bold</b>"}, 5]
    text = "\n".join(map(json.dumps, lines))
    (tmp_path / "evil").write_text(text, encoding="utf-8")
    names = [str(tmp_path / name) for name in [*bad, "nowhere", "evil"]]
    page = tmp_path / "report.html"
    words = ["report", *names, *map(str, logbooks), "--html", str(page)]
    assert main(words) == 1
    found = capsys.readouterr()
    assert all(name in found.err for name in [*bad, "nowhere"]) and "evil" not in found.err
    assert "4 logbooks" in found.out and "\x1b" not in found.out
    written = page.read_text(encoding="utf-8")
    assert "<script" not in written and "<b>bold" not in written and "&lt;b&gt;bold" in written


def test_without_a_single_logbook_there_is_no_report(tmp_path, capsys):
    assert main(["report", str(tmp_path / "nowhere")]) == 1
    assert "none of the files (1) is a logbook" in capsys.readouterr().err


def test_each_name_of_a_diagnosis_has_a_sentence():
    for exercise in checks.EXERCISES:
        for name in exercise.mistakes:
            assert report.sentence(exercise, name) == exercise.mistakes[name].text
    assert "seconds" in report.sentence(exercise, "time") and report.sentence(exercise, "xor")


# predictions


def test_the_report_counts_predictions_question_by_question(tmp_path, capsys):
    answers = [("two_ones", "sum"), ("two_ones", "mean"), ("two_ones", "sum")]
    for k, (question, value) in enumerate(answers):
        lines = [{"prediction": question, "value": value}]
        lines += [{**lines[0], "seen": True, "right": value == "sum"}] * (k > 0)
        lines += [{"prediction": question, "value": "error"}]  # after the outcome, it is too late
        lines += [{"prediction": "unseen_words", "value": number} for number in (3, k + 8)]
        text = "".join(f"{json.dumps(line)}\n" for line in lines[: None if k else 1] + lines[-1:])
        (tmp_path / f"{k}.jsonl").write_text(text, encoding="utf-8")
    page = tmp_path / "page.html"
    assert main(["report", str(tmp_path), "--html", str(page)]) == 0
    text = capsys.readouterr().out
    assert "prediction two_ones: A vector has two ones" in text
    assert "predicted by 3, right 1" in text
    assert '2 learners: "sum" (the sum of row 1 and row 3)' in text
    assert '1 learner: "mean" (the mean' in text and '0 learners: "error"' in text
    unseen = text.split("prediction unseen_words")[1]
    assert [f"1 learner: {n}" in unseen for n in (3, 8, 9, 10)] == [False, True, True, True]
    assert "right: 1 of 3" in page.read_text(encoding="utf-8")


def test_many_different_numbers_are_summed_up(tmp_path, capsys):
    for k in range(12):
        line = json.dumps({"prediction": "unseen_words", "value": 10 * k + 1})
        (tmp_path / f"{k}.jsonl").write_text(line, encoding="utf-8")
    assert main(["report", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert text.count("1 learner: ") == report.NUMBERS
    assert "7 learners: other numbers, from 1 to 111" in text


@pytest.mark.parametrize("value", [10**400, 1e300, "1e9", None, [1], {"a": 1}, True, "\x1b[2J"])
def test_a_hostile_prediction_is_left_out(tmp_path, capsys, value):
    lines = [{"prediction": p.name, "value": value} for p in PREDICTIONS]
    text = "\n".join(map(json.dumps, [*lines, {"exercise": "windows", "status": "passed"}]))
    (tmp_path / "one.jsonl").write_text(text, encoding="utf-8")
    assert main(["report", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "passed by 1" in text and "predicted by" not in text


# handing in


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """Return a shared folder, while the learner's own logbook is elsewhere."""
    monkeypatch.setenv("CHARRNN_PROGRESS", str(tmp_path / "own" / "progress.jsonl"))
    folder = tmp_path / "shared folder"
    folder.mkdir()
    return folder


def test_a_pseudonym_is_chosen_once_and_a_new_copy_replaces_the_old_one(shared, capsys):
    assert main(["handin", str(shared)]) == 1
    assert "choose a pseudonym" in capsys.readouterr().err
    assert main(["handin", str(shared), "--as", "quiet otter"]) == 0
    checks.windows(lambda text, n: 5)
    assert main(["handin", str(shared)]) == 0
    (path,) = shared.iterdir()
    assert path.name.startswith("quiet-otter-") and path.suffix == ".jsonl"
    assert path.read_bytes() == logbook.logbook_path().read_bytes()
    assert learners.read_logbook(path)[:1] == ("quiet-otter",)
    assert main(["handin", str(shared), "--as", "heron"]) == 0  # the same learner
    assert [path.name[:6] for path in shared.iterdir()] == ["heron-"]


@pytest.mark.parametrize(
    "name", ["../up", "a/b", "", " ", "a" * 25, "CON.", "x\x1b[2J", "a--b", "-a"]
)
def test_a_pseudonym_that_no_file_could_have_is_refused(shared, capsys, name):
    assert main(["handin", str(shared), f"--as={name}"]) == 1
    assert "pseudonym" in capsys.readouterr().err and not [*shared.iterdir()]


def test_a_folder_that_is_not_there_is_named(shared, capsys):
    assert main(["handin", str(shared / "typo"), "--as", "otter"]) == 1
    assert "typo" in capsys.readouterr().err


def test_an_identity_that_somebody_wrote_into_the_logbook_leads_nowhere_else(shared):
    logbook.write(learner="../../evil", key="00000000")
    logbook.write(learner="fine", key="../evil")
    assert main(["handin", str(shared), "--as", "otter"]) == 0
    assert [path.name[:6] for path in shared.iterdir()] == ["otter-"]


def test_following_hands_in_after_each_change(shared, monkeypatch, capsys):
    pseudonym, key = handin.identity("otter")
    path = handin.hand_in(shared, pseudonym, key)
    steps = iter(
        [lambda: checks.windows(5), lambda: None, lambda: shared.rename(shared.parent / "b")]
    )
    later = iter([lambda: checks.windows(6), lambda: None])

    def sleep(seconds):
        for step in (next(steps, None), None if path.parent.exists() else next(later, None)):
            if step:
                step()
        os.utime(logbook.logbook_path(), ns=(time.time_ns(), time.time_ns()))

    monkeypatch.setattr(handin.time, "sleep", sleep)
    handin.follow(shared, pseudonym, key, rounds=2)
    assert path.read_bytes() == logbook.logbook_path().read_bytes()
    capsys.readouterr()
    handin.follow(shared, pseudonym, key, rounds=3)
    assert capsys.readouterr().out.count("not handed in") == 1  # it is said once


def test_thirty_hand_in_at_once_and_no_file_is_lost(tmp_path):
    shared, started = tmp_path / "shared", []
    shared.mkdir()
    for k in range(30):
        own = tmp_path / f"{k}.jsonl"
        line = {"exercise": "windows", "status": "passed", "diagnosis": ""}
        own.write_text(f"{json.dumps(line)}\n" * 200, encoding="utf-8")
        command = [sys.executable, "-c", LIGHT, str(shared), "otter", f"otter-{k % 3}", "otter"]
        environment = os.environ | {"CHARRNN_PROGRESS": str(own)}
        started.append(subprocess.Popen(command, env=environment))
    assert [process.wait() for process in started] == [0] * 30
    found, refused = learners.read_all(learners.found([shared]))
    assert len(found) == 30 == len([*shared.iterdir()]) and not refused
    assert all(x.name == "otter" and x.exercises["windows"][0] for x in found)


# watching


def a_class(folder, number):
    """Write logbooks of so many learners, at three places; return the names of the files."""
    mistake = next(iter(checks.windows.mistakes))
    stages = [
        [],
        [{"prediction": "two_ones", "value": "sum"}],
        [{"exercise": "windows", "status": "wrong", "diagnosis": mistake}],
        [{"exercise": "rnn_loop", "status": "wrong", "diagnosis": ""}] * 2
        + [{"exercise": "rnn_loop", "status": "passed", "diagnosis": ""}],
    ]
    for k in range(number):
        events = [{"learner": f"learner-{k}", "key": f"{k:08x}"}, *stages[k % len(stages)]]
        text = "".join(f"\n{json.dumps(event)}\n" for event in events)
        (folder / f"learner-{k}-{k:08x}.jsonl").write_text(text, encoding="utf-8")


def test_sixty_learners_are_seen_at_a_glance(tmp_path):
    a_class(tmp_path, 60)
    read = watch.looked_at(learners.found([tmp_path]), {})
    page = watch.screen([learner for _, learner in read.values()], [], 100, 24)
    assert page[0] == "60 logbooks" and len(page) <= 24 and max(map(len, page)) <= 100
    assert [line[:15] for line in page[1:4]] == [
        "not begun    15",
        "notebook 1   30",
        "notebook 2   15",
    ]
    assert page[5] == "mistakes at the last try" and page[6].startswith(" 15  1, windows: ")
    assert len(page) == 7  # what was passed in the end is no mistake


def test_a_page_that_is_too_long_says_how_much_is_missing(tmp_path):
    a_class(tmp_path, 60)
    read = watch.looked_at(learners.found([tmp_path]), {})
    everybody = [learner for _, learner in read.values()]
    assert watch.screen(everybody, ["left out: a"] * 20, 80, 12)[-1] == "and 17 more lines"


def test_a_bad_file_changes_its_own_line_only(tmp_path, capsys):
    a_class(tmp_path, 8)
    assert watch.watch([tmp_path], rounds=1) == 0
    good = capsys.readouterr().out.rstrip("\n").splitlines()
    (tmp_path / "huge.jsonl").write_bytes(b" " * (learners.MOST_BYTES + 1))
    (tmp_path / "noise.jsonl").write_bytes(bytes(range(256)))
    (tmp_path / "deep.jsonl").write_bytes(b"[" * 100_000)
    evil = json.dumps({"learner": "\x1b[2J", "key": 5})
    (tmp_path / "evil\x1b[2J.jsonl").write_text(evil, encoding="utf-8")
    (tmp_path / "folder.jsonl").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jsonl")
    half = tmp_path / "learner-3-00000003.jsonl"
    half.write_bytes(half.read_bytes()[:-9])  # as if it were being written
    assert watch.watch([tmp_path], rounds=1) == 0
    page = capsys.readouterr().out.splitlines()
    assert "\x1b" not in "".join(page)
    for name in ("huge", "noise", "deep", "folder"):
        assert sum(name in line for line in page) == 1, name
    assert page[0] == "9 logbooks"
    assert [line for line in good[1:] if line not in page] == [
        "not begun     2  learner-0, learner-4"
    ]
    assert "not begun     3  learner-0, learner-4, unreadable" in page
    assert [line for line in page if "learner-3)" in line] == [
        "  1  2, rnn_loop: another wrong result (learner-3)"
    ]


def test_the_page_is_printed_again_only_after_a_change(tmp_path, monkeypatch, capsys):
    a_class(tmp_path, 4)
    steps = iter([lambda: None, lambda: a_class(tmp_path, 5), lambda: None])
    monkeypatch.setattr(watch.time, "sleep", lambda seconds: next(steps)())
    watch.watch([tmp_path], rounds=4)
    text = capsys.readouterr().out
    assert text.count("4 logbooks") == 1 == text.count("5 logbooks")


def test_what_has_not_changed_is_not_read_again(tmp_path, monkeypatch):
    a_class(tmp_path, 3)
    read = watch.looked_at(learners.found([tmp_path]), {})
    monkeypatch.setattr(watch, "read_logbook", lambda path: pytest.fail(f"read again: {path}"))
    assert watch.looked_at(learners.found([tmp_path]), read) == read
