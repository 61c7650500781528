"""The command line: `python -m charrnn_helpers`, and the same from a wheel in a new environment."""

import dataclasses
import io
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from charrnn_helpers import checks
from charrnn_helpers.__main__ import COMMANDS, main
from charrnn_helpers.book import find, story_path
from charrnn_helpers.checkpoint import load_checkpoint
from charrnn_helpers.checks import document
from charrnn_helpers.commands import computer, lab, mistake
from charrnn_helpers.text import preprocess
from tools.course import NOTEBOOKS, ROOT

STORY = str(story_path())


def test_help_names_each_command_and_teaches_by_examples(capsys):
    with pytest.raises(SystemExit) as error:
        main(["--help"])
    text = capsys.readouterr().out
    assert error.value.code == 0 and all(name in text for name in COMMANDS)
    assert "sample" in text and "--temperature 0.7" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit):
        main([name, "--help"])
    text = capsys.readouterr().out
    assert len(text) > 200 - 100 * (name == "check")


@pytest.mark.parametrize("words", [[], ["nonsense"], ["sample"], ["report"]])
def test_wrong_arguments_end_with_2(words):
    with pytest.raises(SystemExit) as error:
        main(words)
    assert error.value.code == 2


# sample and train


def test_the_shipped_model_writes_at_once_and_the_same_again(capsys):
    words = ["sample", "The Time-Traveller", "--length", "80", "--seed", "1", "--top-k", "5"]
    texts = []
    for _ in range(2):
        assert main(words) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] and texts[0].startswith("the time traveller ")
    assert len(" ".join(texts[0].split())) >= 95


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sample", ""], "the prefix is empty"),
        (["sample", "Жил-был"], "'ж' in the prefix 'жил был' is not in the vocabulary"),
        (["sample", "it", "--temperature", "-1"], "temperature is -1.0"),
        (["sample", "it", "--top-k", "99"], "top_k is 99"),
        (["sample", "it", "--length", "-3"], "num_preds is -3"),
        (["sample", "it", "--model", "nowhere.safetensors"], "No such file"),
        (["sample", "it", "--model", STORY], "is not a valid checkpoint"),
        (["train", "nowhere.txt"], "nowhere.txt"),
        (["train", STORY, "--epochs", "0"], "num_epochs is 0"),
        (["train", STORY, "--lr", "nan"], "lr is nan"),
        (["train", STORY, "--units", "0"], "num_hiddens is 0"),
        (["train", STORY, "--to", STORY], "exists; choose another name"),
        (["train", STORY, "--to", "no/such/folder/m"], "is not a folder; choose another file"),
    ],
)
def test_bad_values_are_named_and_end_with_1(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if words[0] == "train" and "--to" in words[2:3]:
        words = [*words, "--epochs", "1", "--units", "4"]
    assert main(words) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_ones_own_is_trained_saved_and_writes(tmp_path, capsys):
    path = tmp_path / "my model"
    train = ["train", STORY, "--to", str(path), "--epochs", "2", "--units", "16"]
    assert main(train) == 0
    text = capsys.readouterr().out
    scores = [float(score) for score in re.findall(r"validation perplexity +([\d.]+)", text)]
    assert len(scores) == 2 and scores[1] < scores[0] < 28
    _, _, history = load_checkpoint(path)
    assert history[-1].epoch == 2
    assert main(["sample", "it was", "--model", str(path), "--length", "20"]) == 0
    assert capsys.readouterr().out.startswith("it was")


RUSSIAN = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопярстувжьыз")
GREEK = str.maketrans("abcdefghijklmnopqrstuvwxyz", "αβκδεφγηιιχλμνοπκρστυβωξυζ")
POLISH = str.maketrans("acelnosxzvq", "ąćęłńóśźżwk")
TEXTS = {  # the story in other letters, some of which it takes two Latin ones to write
    "Polish": lambda story: story.lower().translate(POLISH),
    "Russian": lambda story: story.lower().replace("th", "ш").replace("ch", "ч").translate(RUSSIAN),
    "Greek": lambda story: story.lower().replace("th", "θ").replace("ph", "ϕ").translate(GREEK),
    "English, 2 MB": lambda story: story * (2_000_000 // len(story) + 1),
}


LANGUAGES = [pytest.param(name, marks=[pytest.mark.long] * ("MB" in name)) for name in TEXTS]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_in_any_alphabet_and_of_any_length(language, tmp_path, capsys):
    text, path = TEXTS[language](Path(STORY).read_text(encoding="utf-8")), tmp_path / "model"
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    train = ["train", str(tmp_path / "text.txt"), "--to", str(path)]
    assert main([*train, "--epochs", "1", "--units", "8"]) == 0
    model, vocab, _ = load_checkpoint(path)
    assert {c for c in text if c.isalpha() and c.islower()} <= set(vocab.idx_to_token)
    score = float(re.search(r"validation perplexity +([\d.]+)", capsys.readouterr().out)[1])
    assert score < model.vocab_size / 1.5  # already better than chance
    beginning = preprocess(text)[:10].lstrip()
    assert main(["sample", beginning, "--model", str(path), "--length", "20"]) == 0
    assert capsys.readouterr().out.startswith(beginning)


def test_a_training_that_diverges_ends_with_an_error_and_saves_nothing(tmp_path, capsys):
    path = tmp_path / "model"
    assert main(["train", STORY, "--to", str(path), "--lr", "1e37", "--units", "4"]) == 1
    assert "this step was not taken" in capsys.readouterr().err
    assert not path.exists()


# fetch


def test_fetch_copies_the_book_and_leaves_other_files_alone(tmp_path, monkeypatch, book, capsys):
    monkeypatch.delenv("CHARRNN_TEXT", raising=False)
    monkeypatch.setenv("CHARRNN_CACHE", str(tmp_path / "cache"))
    stick = tmp_path / "stick"
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "timemachine.txt").write_bytes(book.encode())
    assert main(["fetch", "--to", str(stick)]) == 0
    assert find.is_the_book(stick / "timemachine.txt")
    assert main(["fetch", "--to", str(stick)]) == 0
    assert "already there" in capsys.readouterr().out
    (stick / "timemachine.txt").write_text("my notes", encoding="utf-8")
    assert main(["fetch", "--to", str(stick)]) == 1
    assert (stick / "timemachine.txt").read_text(encoding="utf-8") == "my notes"


def test_fetch_without_a_network_says_why(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("CHARRNN_TEXT", raising=False)
    monkeypatch.setenv("CHARRNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(find, "MIRRORS", (("http://127.0.0.1:9/timemachine.txt", "", 1),))
    assert main(["fetch", "--to", str(tmp_path / "stick")]) == 1
    assert "could not be loaded" in capsys.readouterr().out
    assert not (tmp_path / "stick").exists()


# check


def test_check_finds_that_the_course_works_here(monkeypatch, capsys):
    monkeypatch.setenv("CHARRNN_TEXT", STORY)
    assert main(["check"]) == 0
    text = capsys.readouterr().out
    assert "kernel: it starts and computes" in text and "The course works here." in text


def test_any_terminal_can_show_the_output(tmp_path):
    """As on Windows, when the output is redirected to a file."""
    environment = os.environ | {"PYTHONIOENCODING": "cp1252", "CHARRNN_TEXT": STORY}
    environment["CHARRNN_CACHE"] = str(tmp_path / "łódź")
    command = [sys.executable, "-m", "charrnn_helpers", "check"]
    run = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr
    text = run.stdout.decode("cp1252")
    assert "The course works here." in text and "d\\u017a" in text


def test_check_names_what_does_not_work_and_the_remedy(monkeypatch, capsys, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("CHARRNN_TEXT", str(tmp_path / "nowhere.txt"))
    monkeypatch.setenv("CHARRNN_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(
        computer, "kernel", lambda: computer.Finding("ok", "kernel: not started here")
    )
    monkeypatch.setattr(computer, "click_problems", lambda: ["install another ipykernel"])
    monkeypatch.setattr(
        computer.importlib.metadata, "requires", lambda _: ["torch>=99", "no-such-package>=1"]
    )
    assert main(["check"]) == 1
    text = capsys.readouterr().out
    assert "torch>=99" in text and "no-such-package>=1 (installed: none)" in text
    assert "nowhere.txt" in text and "install another ipykernel" in text
    assert "CHARRNN_CACHE to another place" in text and "4 of 8 checks failed" in text


def test_check_says_when_a_smaller_pytorch_would_help(monkeypatch):
    monkeypatch.setattr(computer.torch.version, "cuda", "12.8")
    monkeypatch.setattr(computer.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(computer.sys, "platform", "linux")
    assert computer.SMALLER in computer.pytorch().text


# lab

OLD, NEW = (
    {"01_a.ipynb": b"old", "02_b.ipynb": b"same"},
    {"01_a.ipynb": b"new", "02_b.ipynb": b"same"},
)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != lab.LAID}


def test_the_notebooks_are_copied_once_and_missing_ones_come_back(tmp_path):
    folder = tmp_path / "my course"
    assert set(lab.copy_notebooks(folder, OLD).values()) == {"copied"}
    assert set(lab.copy_notebooks(folder, OLD).values()) == {"there already"}
    (folder / "01_a.ipynb").unlink()
    lab.copy_notebooks(folder, OLD)
    assert files(folder) == OLD


def test_a_newer_edition_replaces_only_what_nobody_changed(tmp_path):
    lab.copy_notebooks(tmp_path, OLD)
    lab.copy_notebooks(tmp_path, NEW)
    assert files(tmp_path) == NEW


def test_a_changed_notebook_is_kept_and_the_newer_edition_put_beside_it(tmp_path):
    lab.copy_notebooks(tmp_path, OLD)
    (tmp_path / "01_a.ipynb").write_bytes(b"mine")
    assert "left alone" in lab.copy_notebooks(tmp_path, OLD)["01_a.ipynb"]
    assert len(files(tmp_path)) == 2  # there is no newer edition yet
    for _ in range(2):
        assert "newer edition is" in lab.copy_notebooks(tmp_path, NEW)["01_a.ipynb"]
    found = files(tmp_path)
    assert found["01_a.ipynb"] == b"mine" and len(found) == 3 and b"new" in found.values()


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"01_a.ipynb": 5}'])
def test_without_its_notes_it_overwrites_nothing(tmp_path, damage):
    lab.copy_notebooks(tmp_path, OLD)
    (tmp_path / lab.LAID).write_text(damage, encoding="utf-8")
    lab.copy_notebooks(tmp_path, NEW)
    assert files(tmp_path)["01_a.ipynb"] == b"old"


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["lab", str(tmp_path / "file"), "--copy-only"]) == 1
    assert "file" in capsys.readouterr().err


def test_from_a_wheel_in_a_new_environment_the_course_comes_to_an_empty_folder(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    place = tmp_path / "new environment"
    venv.create(place, with_pip=True, symlinks=os.name != "nt")
    scheme = {"base": str(place), "platbase": str(place)}
    python = Path(sysconfig.get_path("scripts", "venv", scheme)) / Path(sys.executable).name
    packages = Path(sysconfig.get_path("purelib", "venv", scheme))
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    run = {"capture_output": True, "encoding": "utf-8", "check": True, "cwd": tmp_path}
    where = "import charrnn_helpers; print(charrnn_helpers.__file__)"
    found = subprocess.run([str(python), "-c", where], **run).stdout
    assert Path(found.strip()).is_relative_to(packages)
    command = [str(python), "-m", "charrnn_helpers"]
    subprocess.run([*command, "lab", "course", "--copy-only"], **run)
    copied = tmp_path / "course"
    glossary = [ROOT / "notebooks" / name for name in ("glossary.md", "notation.md")]
    assert {p.name: p.read_bytes() for p in (*NOTEBOOKS, *glossary)} == files(copied)
    text = subprocess.run([*command, "sample", "it", "--length", "9"], **run).stdout
    assert len(text.strip()) >= 9


# mistake


HEAD = """def my_rnn_loop(inputs, lengths, W_xh, W_hh, b_h):
    state = torch.zeros(inputs.shape[1], len(b_h))
    last = torch.zeros(inputs.shape[1], len(b_h))
    for t, X in enumerate(inputs, start=1):
        state = """
TAIL = "\n        last[lengths == t] = state[lengths == t]\n    return last\n"


def loop(step):
    """A loop over the inputs with this step."""
    return HEAD + step + TAIL


def told(tmp_path, capsys, source, name="rnn_loop"):
    """What the command prints about an answer, and its exit code."""
    (tmp_path / "answer.py").write_text(source, encoding="utf-8")
    code = main(["mistake", name, str(tmp_path / "answer.py")])
    return code, capsys.readouterr()


def test_a_known_mistake_is_named_with_its_section(tmp_path, capsys):
    source = loop("torch.tanh(X @ W_xh + F.linear(state, W_hh) + b_h)")
    source += "checks.rnn_loop(my_rnn_loop)\n"
    code, found = told(tmp_path, capsys, source)
    assert code == 0 and checks.rnn_loop.mistakes["W_hh transposed"].text in found.out
    assert "in the section 'W_hh transposed'" in found.out and "checks." not in found.out


def test_a_new_mistake_gets_a_section_that_teaches_it(tmp_path, capsys, monkeypatch):
    source = loop("torch.tanh(X @ W_xh - 2 * state @ W_hh.exp() + b_h)")
    code, found = told(tmp_path, capsys, source)
    assert code == 0 and "## NAME THE MISTAKE" in found.out
    section = found.out[found.out.index("## NAME") :].replace("NAME THE MISTAKE", "a new one")
    section = section.replace(mistake.NEW[1], "The matrix goes through exp().")
    path = document.FOLDER / "rnn_loop.md"
    text = path.read_text(encoding="utf-8").replace("## no tanh", f"{section}\n## no tanh", 1)
    taught = dataclasses.replace(checks.rnn_loop)
    taught.__dict__["document"] = document.parse(text)
    answer, _ = mistake.define(taught, source)
    assert taught.judge(answer).mistake == "a new one"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (loop("torch.tanh(b_h + state @ W_hh + X @ W_xh)"), "## Right: IN WHICH STYLE"),
        (loop("X @ W_xh + state @ W_hh"), "## Together: no tanh + no bias"),
    ],
)
def test_other_answers_get_their_sections(tmp_path, capsys, source, words):
    code, found = told(tmp_path, capsys, source)
    assert code == 0 and words in found.out


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def another(x):\n    return x\n", "does not define my_rnn_loop"),
        ("def my_rnn_loop(X:\n", "line 1"),
        ("1 / 0\nx = 1 / 0\n", "raises ZeroDivisionError"),
    ],
)
def test_a_file_that_holds_no_answer(tmp_path, capsys, source, words):
    code, found = told(tmp_path, capsys, source)
    assert code == 1 and words in found.err and "Traceback" not in found.err


def test_a_stub_is_not_tried_yet(tmp_path, capsys):
    code, found = told(tmp_path, capsys, loop("..."))
    assert code == 1 and "Not tried yet" in found.out


def test_an_unknown_exercise_a_missing_file_and_bytes(tmp_path, capsys):
    assert main(["mistake", "rnn_lop", "-"]) == 1
    assert 'Did you mean "rnn_loop"?' in capsys.readouterr().err
    assert main(["mistake", "rnn_loop", str(tmp_path / "nowhere.py")]) == 1
    assert "nowhere.py" in capsys.readouterr().err
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe\x00")
    assert main(["mistake", "rnn_loop", str(tmp_path / "bytes.py")]) == 1
    assert "is not UTF-8" in capsys.readouterr().err


def test_the_answer_can_be_pasted(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(loop("X @ W_xh + state @ W_hh + b_h")))
    assert main(["mistake", "rnn_loop", "-"]) == 0
    assert "in the section 'no tanh'" in capsys.readouterr().out
