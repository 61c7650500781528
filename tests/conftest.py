"""Fixtures: the real book where it is at hand, the bundled story, small models."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # child processes, too, before torch is imported

import signal
from pathlib import Path

import hypothesis
import pytest
import torch
from playwright.sync_api import sync_playwright

from charrnn_helpers import model
from charrnn_helpers.book.find import cache_path, is_the_book, story_path
from charrnn_helpers.book.formats import read_text
from charrnn_helpers.data import Vocab, preprocess
from tools.browser import find_browser, launch


def book_path():
    """The real book: the file that CHARRNN_TEXT names, or the cached one; None without."""
    for path in (os.environ.get("CHARRNN_TEXT"), cache_path()):
        if path and Path(path).is_file() and is_the_book(path):
            return Path(path).resolve()
    return None


signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
torch.set_num_threads(1)  # two processes share two cores, and threads would wait for each other
hypothesis.settings.register_profile("course", deadline=None)  # two processes share two cores
hypothesis.settings.load_profile("course")

BOOK_PATH = book_path()  # before the fixture below takes CHARRNN_TEXT away


@pytest.fixture(autouse=True)
def no_outside_settings(monkeypatch, tmp_path):
    """No test reads the user's text, or writes the user's cache or record of progress."""
    for name in ("CHARRNN_TEXT", "CHARRNN_STRICT", "CHARRNN_SOLUTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CHARRNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CHARRNN_PROGRESS", str(tmp_path / "progress.json"))


@pytest.fixture(scope="session")
def book_file():
    """The file with the real book; a test that asks for it is skipped where there is none."""
    if BOOK_PATH is None:
        pytest.skip("needs the real book: let CHARRNN_TEXT name timemachine.txt")
    return BOOK_PATH


@pytest.fixture(scope="session")
def book(book_file):
    return read_text(book_file)


@pytest.fixture(scope="session")
def story():
    return read_text(story_path())


@pytest.fixture(scope="session")
def vocab(story):
    return Vocab(preprocess(story))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def make_model(vocab_size=28, **settings):
    return model.make_model(vocab_size, **settings)


def pytest_collection_modifyitems(items):
    """Mark what needs the book, so that `pytest -m book` runs all of that and nothing else."""
    for item in items:
        if "book_file" in item.fixturenames:
            item.add_marker("book")


def pytest_terminal_summary(terminalreporter):
    """The tally of the banks: how many answers, and how many got what they should."""
    lines = {
        "test_a_wrong_answer": "wrong answers diagnosed",
        "test_a_right_answer": "right passed",
    }
    said = []
    for test, words in lines.items():
        counts = {}
        for outcome in ("passed", "failed"):
            reports = terminalreporter.stats.get(outcome, [])
            counts[outcome] = sum(f"test_bank.py::{test}" in report.nodeid for report in reports)
        if sum(counts.values()):
            said.append(f"{counts['passed']} of {sum(counts.values())} {words}")
    if said:
        terminalreporter.write_line(f"Banks of the exercises: {', '.join(said)}.")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The online edition, built without a warning."""
    from web.site import build  # here: Sphinx is imported only where it is needed

    folder = tmp_path_factory.mktemp("online edition") / "site"
    assert build(folder) == 0
    return folder


@pytest.fixture(scope="session")
def browser():
    """A Chromium; skips the test where there is none, unless CHARRNN_BROWSER is "required"."""
    with sync_playwright() as playwright:
        if find_browser(playwright) is None:
            message = "needs a browser: install Debian's chromium, or run `make browser`"
            required = os.environ.get("CHARRNN_BROWSER") == "required"
            pytest.fail(message) if required else pytest.skip(message)
        browser = launch(playwright)
        yield browser
        browser.close()
