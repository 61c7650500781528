"""Thirty at once, kills at any moment, and disks that are full, locked or in the way."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from filelock import FileLock

from charrnn_helpers.book import download, load_time_machine
from charrnn_helpers.book import find as book
from charrnn_helpers.book.find import cache_path, story_path
from charrnn_helpers.book.formats import read_text
from tests.bad_server import bad_server, saying, whole
from tools.course import ROOT

BOOK = b"A book that the tests can serve, since the real one may not be at hand.\n" * 500
SHA256 = hashlib.sha256(BOOK).hexdigest()
START = """
import sys
from charrnn_helpers.book import find as book
book.SHA256 = sys.argv[2]
book.MIRRORS = ((sys.argv[1], sys.argv[2], int(sys.argv[3])),)
"""
LEARNER = START + "print(book.load_time_machine() == book.read_text(book.cache_path()))"
DOOMED = (
    START
    + """
import os, signal
import charrnn_helpers.book.download  # its imports are not what is to be broken off
steps = iter(range(int(sys.argv[4])))

def trace(frame, event, argument):
    if not any(name in frame.f_code.co_filename for name in ("charrnn", "tempfile", "filelock")):
        return None
    if event == "line" and next(steps, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    return trace

sys.settrace(trace)
book.load_time_machine()
"""
)


@pytest.fixture
def server(monkeypatch):
    """A server with that book, on a slow line."""

    def slow(talk):
        answer = whole(BOOK)
        for i in range(0, len(answer), 4000):
            talk.say(answer[i : i + 4000])
            time.sleep(0.01)

    monkeypatch.setattr(book, "SHA256", SHA256)
    with bad_server({"/book": slow, "/quick": saying(whole(BOOK))}) as server:
        monkeypatch.setattr(book, "MIRRORS", ((server.url("/quick"), SHA256, len(BOOK)),))
        yield server


def start(server, code, *arguments):
    command = [sys.executable, "-c", code, server.url("/book"), SHA256, str(len(BOOK)), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def in_the_cache():
    """What is there, but for the lock."""
    return sorted(path.name for path in cache_path().parent.iterdir() if path.suffix != ".lock")


def check_the_cache():
    """Whenever one looks, there is the right file or none."""
    try:
        assert cache_path().read_bytes() == BOOK
    except FileNotFoundError:
        return


def test_thirty_start_at_once(server):
    learners = [start(server, LEARNER) for _ in range(30)]
    while any(learner.poll() is None for learner in learners):
        check_the_cache()
        time.sleep(0.02)
    said = [learner.communicate()[0].decode() for learner in learners]
    assert all(words.splitlines()[-1] == "True" for words in said), said
    assert 1 <= server.asked["/book"] <= 3
    assert in_the_cache() == ["timemachine.txt"] and cache_path().read_bytes() == BOOK


SILENCE = (
    START
    + """
import time
book.SECONDS = float(sys.argv[4])
start = time.monotonic()
text = book.load_time_machine()
print(text == book.read_text(book.story_path()), time.monotonic() - start)
"""
)


def wait_in_silence(server, seconds):
    """Thirty at once on an empty cache, and a server that never answers."""
    server.scripts["/book"] = lambda talk: talk.hang()
    learners = [start(server, SILENCE, str(seconds)) for _ in range(30)]
    said = [learner.communicate()[0].decode() for learner in learners]
    last = [words.splitlines()[-1].split() for words in said]
    assert all(story == "True" for story, _ in last), said
    assert all("- time-out: 127.0.0.1:" in words for words in said)
    assert in_the_cache() == ["failed-download.txt"]
    return server.asked["/book"], max(float(waited) for _, waited in last)


def test_thirty_wait_in_silence_for_one_of_them(server):
    """The others read what the first has met, unless they have waited for too long."""
    asked, waited = wait_in_silence(server, seconds=60)
    print(f"{asked} asked; {waited:.1f} s")
    assert asked == 1


@pytest.mark.long
def test_thirty_wait_no_longer_than_30_seconds(server):
    """With the course's own settings."""
    asked, waited = wait_in_silence(server, book.SECONDS)
    print(f"{asked} asked; {waited:.1f} s")
    assert waited < 30


needs_sigkill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills need SIGKILL")


def kill_at_random(server, times, seed):
    """Of three that start on an empty cache one is killed; the others, and the next, are right."""
    moments, kills = random.Random(seed), 0
    while kills < times:
        shutil.rmtree(cache_path().parent, ignore_errors=True)
        learners = [start(server, LEARNER) for _ in range(3)]
        time.sleep(moments.uniform(0, 0.8))
        victim = moments.randrange(3)
        learners[victim].kill()
        said = [learner.communicate()[0].decode() for learner in learners]
        kills += learners[victim].returncode == -signal.SIGKILL  # it had not come to its end
        del said[victim]
        assert all(words.endswith("True\n") for words in said), said
        check_the_cache()
        check_the_next_start()


def check_the_next_start():
    assert load_time_machine() == BOOK.decode()
    assert cache_path().read_bytes() == BOOK
    parts = [name for name in in_the_cache() if name != "timemachine.txt"]
    assert all(name.endswith(".part") for name in parts)  # no file that anybody would read
    return len(parts)


def kill_at_each_step(server, steps):
    """Killed before its n-th line, for each of these n; return how often that left a part."""
    parts = 0
    for step in steps:
        shutil.rmtree(cache_path().parent, ignore_errors=True)
        victim = start(server, DOOMED, str(step))
        said = victim.communicate()[0]
        assert victim.returncode == -signal.SIGKILL, said
        check_the_cache()
        parts += check_the_next_start() > 0
    return parts


@pytest.fixture
def num_steps(server):
    """How many lines of code a download runs through."""
    for exponent in range(8, 20):
        shutil.rmtree(cache_path().parent, ignore_errors=True)
        victim = start(server, DOOMED, str(2**exponent))
        victim.communicate()
        if victim.returncode == 0:
            return 2 ** (exponent - 1)
    raise AssertionError("a download does not end")


@needs_sigkill
def test_killed_at_random(server):
    kill_at_random(server, 3, seed=1)


@needs_sigkill
@pytest.mark.long
def test_killed_at_random_two_hundred_times(server):
    kill_at_random(server, 200, seed=2)


@needs_sigkill
def test_killed_at_some_steps(server, num_steps):
    kill_at_each_step(server, range(20, num_steps, num_steps // 6))


@needs_sigkill
@pytest.mark.long
def test_killed_at_two_hundred_steps(server, num_steps):
    parts = kill_at_each_step(server, range(0, num_steps, max(1, num_steps // 200)))
    print(f"{num_steps} steps; unfinished folders were left {parts} times")
    assert parts > 0  # so it was killed while it wrote, too


def test_a_lock_that_is_never_given_back(server, monkeypatch, capsys):
    monkeypatch.setattr(book, "SECONDS", 0.5)
    cache_path().parent.mkdir()
    with FileLock(f"{cache_path()}.lock"):
        assert load_time_machine() == BOOK.decode()
    assert "another notebook is downloading the book" in capsys.readouterr().out
    assert cache_path().read_bytes() == BOOK


def test_a_disk_without_locks(server, monkeypatch):
    def no_locks(*args, **kwargs):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(book.FileLock, "acquire", no_locks)
    assert load_time_machine() == BOOK.decode()
    assert cache_path().read_bytes() == BOOK


@contextmanager
def disk(folder, options):
    """A disk of its own at this folder; skipped where nobody may mount one."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a disk needs root on Linux")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def expect_the_book_unkept(capsys, reason):
    assert load_time_machine() == BOOK.decode()
    said = capsys.readouterr().out
    assert f"could not be kept in {str(cache_path().parent)!r} ({reason})" in said
    assert "CHARRNN_CACHE" in said


def test_a_full_disk(server, tmp_path, capsys):
    with disk(cache_path().parent, "size=64k"):
        filler = cache_path().with_name("filler")
        filler.write_bytes(bytes(44_000))
        expect_the_book_unkept(capsys, "No space left on device")
        assert in_the_cache() == ["filler"]
        filler.unlink()
        assert load_time_machine() == BOOK.decode()
        assert cache_path().read_bytes() == BOOK and capsys.readouterr().out == ""


def test_a_read_only_disk(server, capsys):
    with disk(cache_path().parent, "ro"):
        expect_the_book_unkept(capsys, "Read-only file system")
        assert list(cache_path().parent.iterdir()) == []


def test_a_read_only_disk_with_the_book_on_it(server, capsys):
    with disk(cache_path().parent, "size=1m"):
        load_time_machine()
        subprocess.run(["mount", "-o", "remount,ro", str(cache_path().parent)], check=True)
        server.scripts.clear()
        assert load_time_machine() == BOOK.decode() and capsys.readouterr().out == ""


def test_a_folder_without_permission(server, capsys):
    cache_path().parent.mkdir()
    cache_path().parent.chmod(0o500)
    if os.access(cache_path().parent, os.W_OK):
        pytest.skip("root may write everywhere, and Windows does not know such folders")
    expect_the_book_unkept(capsys, "Permission denied")


def test_a_quota(server, capsys, monkeypatch):
    """No file may grow beyond 20 kB."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        text = load_time_machine()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert text == BOOK.decode() and in_the_cache() == []
    assert "could not be kept" in capsys.readouterr().out
    assert load_time_machine() == BOOK.decode()


def test_the_cache_is_a_file(server, capsys):
    cache_path().parent.write_text("not a folder", encoding="utf-8")
    expect_the_book_unkept(capsys, "File exists")
    assert cache_path().parent.read_text(encoding="utf-8") == "not a folder"


def test_the_cache_lies_below_a_file(server, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    monkeypatch.setenv("CHARRNN_CACHE", str(tmp_path / "file" / "deep" / "er"))
    expect_the_book_unkept(capsys, "Not a directory")


def test_the_book_is_a_folder(server, capsys):
    (cache_path() / "notes").mkdir(parents=True)
    assert load_time_machine() == BOOK.decode() and cache_path().read_bytes() == BOOK
    assert (cache_path().with_name("timemachine.altered.txt") / "notes").is_dir()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
@pytest.mark.parametrize("name", ["timemachine.txt", "failed-download.txt"])
def test_a_pipe_or_a_device_in_the_place_of_a_file(server, name, monkeypatch):
    """Reading one might never end."""
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        shutil.rmtree(cache_path().parent, ignore_errors=True)
        cache_path().parent.mkdir()
        make(cache_path().with_name(name))
        assert load_time_machine() == BOOK.decode() and cache_path().read_bytes() == BOOK
    monkeypatch.setenv("CHARRNN_CACHE", "/dev/null")
    assert load_time_machine() == BOOK.decode()


DAMAGE = {
    "empty": b"",
    "cut": BOOK[:-1],
    "longer": BOOK + b"!",
    "one bit": BOOK.replace(b"serve", b"serwe", 1),
    "a portal": b"<html>Please log in</html>",
    "no text": bytes(range(256)),
    "UTF-16": BOOK.decode().encode("utf-16"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_cache_is_mended(server, kind, capsys):
    cache_path().parent.mkdir()
    cache_path().write_bytes(DAMAGE[kind])
    assert load_time_machine() == BOOK.decode() and cache_path().read_bytes() == BOOK
    assert "had been altered" in capsys.readouterr().out
    assert cache_path().with_name("timemachine.altered.txt").read_bytes() == DAMAGE[kind]


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_cache_without_a_network(server, kind, capsys, monkeypatch):
    cache_path().parent.mkdir()
    cache_path().write_bytes(DAMAGE[kind])
    monkeypatch.setattr(download, "WAITS", ())
    server.scripts.clear()
    assert load_time_machine() == read_text(story_path())
    assert "was altered (its SHA-256 is wrong)" in " ".join(capsys.readouterr().out.split())
    assert cache_path().read_bytes() == DAMAGE[kind]


def test_a_shared_cache_can_be_read_by_all(server):
    load_time_machine()
    if os.name == "posix":
        assert cache_path().stat().st_mode & 0o777 == 0o644
