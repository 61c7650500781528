"""The book is found, verified, downloaded; a bad file is refused and never kept."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from charrnn_helpers import book
from charrnn_helpers.book import cache_path, load_time_machine, read_text, story_path
from charrnn_helpers.data import preprocess
from tests.conftest import BOOK_PATH, needs_book

PORTAL = b"<html><title>Welcome to our hotel</title>Please log in.</html>"


@pytest.fixture
def server():
    """A web server on loopback; `server.pages[path] = (status, body)`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            status, body = self.server.pages.get(self.path, (404, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.pages, server.asked = {}, []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mirrors(server, monkeypatch):
    """Let the book's mirrors be pages of that server."""

    def use(*paths):
        urls = [f"http://127.0.0.1:{server.server_port}{path}" for path in paths]
        monkeypatch.setattr(book, "MIRRORS", tuple(urls))

    return use


def test_a_path_comes_first(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("by path", encoding="utf-8")
    (tmp_path / "b.txt").write_text("by variable", encoding="utf-8")
    monkeypatch.setenv("CHARRNN_TEXT", str(tmp_path / "b.txt"))
    assert load_time_machine(tmp_path / "a.txt") == "by path"
    assert load_time_machine() == "by variable"


def test_a_mark_at_the_start_is_not_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfThe Time Machine")
    assert read_text(tmp_path / "a.txt") == "The Time Machine"


def test_a_path_that_does_not_exist(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"no text file '.*gone\.txt'; check the path"):
        load_time_machine(tmp_path / "gone.txt")
    monkeypatch.setenv("CHARRNN_TEXT", str(tmp_path / "gone.txt"))
    with pytest.raises(FileNotFoundError, match="from CHARRNN_TEXT.*unset CHARRNN_TEXT"):
        load_time_machine()


def test_a_file_that_is_not_utf8(tmp_path):
    (tmp_path / "a.txt").write_bytes("caf\u00e9".encode("latin-1"))
    with pytest.raises(ValueError, match=r"a\.txt' is not UTF-8: byte 0xe9 at position 3; save"):
        read_text(tmp_path / "a.txt")


def test_an_empty_file(tmp_path):
    (tmp_path / "a.txt").write_text(" \n", encoding="utf-8")
    with pytest.raises(ValueError, match="is empty"):
        read_text(tmp_path / "a.txt")


def test_without_a_network_it_is_the_story_and_says_so(mirrors, capsys):
    mirrors("/not-there")
    text = load_time_machine()
    said = capsys.readouterr().out
    assert text == read_text(story_path())
    assert "bundled story" in said and "404" in said and "CHARRNN_TEXT" in said
    assert not cache_path().exists()


def test_an_unreachable_mirror_is_told_apart(monkeypatch, capsys):
    monkeypatch.setattr(book, "MIRRORS", ("http://127.0.0.1:9/timemachine.txt",))
    load_time_machine()
    assert "could not be reached" in capsys.readouterr().out


def test_downloading_can_be_switched_off(capsys):
    assert load_time_machine(download=False) == read_text(story_path())
    assert "switched off" in capsys.readouterr().out


def test_a_login_page_is_not_the_book(server, mirrors, capsys):
    server.pages["/portal"] = (200, PORTAL)
    mirrors("/portal")
    assert load_time_machine() == read_text(story_path())
    assert "another file than the book" in capsys.readouterr().out
    assert not cache_path().exists()


@needs_book
def test_the_next_mirror_is_tried_and_the_book_is_kept(server, mirrors, capsys):
    server.pages["/portal"] = (200, PORTAL)
    server.pages["/good"] = (200, BOOK_PATH.read_bytes())
    mirrors("/not-there", "/portal", "/good")
    text = load_time_machine()
    assert text == read_text(BOOK_PATH)
    assert cache_path().read_bytes() == BOOK_PATH.read_bytes()
    asked = len(server.asked)
    assert load_time_machine(download=False) == text  # from the cache
    assert len(server.asked) == asked
    assert "story" not in capsys.readouterr().out


@needs_book
def test_an_altered_cache_is_refused_or_replaced(server, mirrors, capsys):
    cache_path().parent.mkdir()
    cache_path().write_bytes(BOOK_PATH.read_bytes().replace(b"Time Traveller", b"Tim Traveller"))
    with pytest.raises(ValueError, match=r"timemachine\.txt' was altered.*delete the file"):
        load_time_machine(download=False)
    server.pages["/good"] = (200, BOOK_PATH.read_bytes())
    mirrors("/good")
    assert load_time_machine() == read_text(BOOK_PATH)
    assert cache_path().read_bytes() == BOOK_PATH.read_bytes()
    assert "was altered" in capsys.readouterr().out


def test_the_cache_is_where_it_is_asked_to_be(tmp_path, monkeypatch):
    assert cache_path(tmp_path) == tmp_path / "timemachine.txt"
    monkeypatch.setenv("CHARRNN_CACHE", str(tmp_path / "b"))
    assert cache_path() == tmp_path / "b" / "timemachine.txt"
    monkeypatch.delenv("CHARRNN_CACHE")
    assert cache_path() == Path(book.platformdirs.user_cache_dir("charrnn")) / "timemachine.txt"


def test_the_story_is_long_and_never_repeats_itself(story):
    text = preprocess(story)
    assert len(text) >= 60_000
    passages = [text[i : i + 60] for i in range(len(text) - 59)]
    assert len(set(passages)) == len(passages)
    assert set(text) == set("abcdefghijklmnopqrstuvwxyz ")
    assert story.isascii()


@needs_book
def test_the_book_is_the_measured_edition(book):
    assert len(book) == 178_979
    assert len(preprocess(book)) == 173_428
