"""A server that misbehaves: the right text or a clear error, and no bad file in the cache."""

import errno
import gc
import gzip
import hashlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import zlib
from contextlib import ExitStack, contextmanager
from email.utils import formatdate

import pytest
import requests
import trustme

from charrnn_helpers.book import download, load_time_machine
from charrnn_helpers.book import find as book
from charrnn_helpers.book.find import cache_path, story_path
from charrnn_helpers.book.formats import read_text
from tests.bad_server import (
    bad_server,
    chunked,
    deflated,
    first_then,
    head,
    packed,
    redirect,
    saying,
    status,
    whole,
)
from tests.lab import wait_for
from tools.course import ROOT

BOOK = b"A book that the tests can serve, since the real one may not be at hand.\n" * 500
SIZE = len(BOOK)
SETTINGS = download.PATIENCE, download.WAITS, book.SECONDS  # for the tests in real time
PORTAL = b"<!DOCTYPE html><html><title>Welcome to our hotel</title>Please log in.</html>"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Little patience, no proxy, and that book as the book."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr(download, "PATIENCE", 2.0)
    monkeypatch.setattr(download, "WAITS", (0.02, 0.04))
    monkeypatch.setattr(book, "SECONDS", 24)
    monkeypatch.setattr(book, "SHA256", hashlib.sha256(BOOK).hexdigest())


def cut(answer, length):
    """Say so many bytes of the body, and end."""
    body = answer.index(b"\r\n\r\n") + 4
    return saying(answer[: body + length])


def reset_after(length):
    def script(talk):
        talk.say(whole(BOOK)[: -SIZE + length])
        talk.reset()

    return script


def hang_after(data):
    def script(talk):
        talk.say(data)
        talk.hang()

    return script


def endless(talk):
    talk.say(head())
    while not talk.server.over.is_set():
        talk.say(BOOK)


def altered(position):
    return BOOK[:position] + bytes([BOOK[position] ^ 1]) + BOOK[position + 1 :]


PACKED = packed(BOOK)
CHUNKED = chunked(BOOK)
NO_LENGTH = head() + BOOK
HALF = SIZE // 2
BROKEN, WRONG, SLOW, PAGE = "broken connection", "wrong content", "time-out", "portal page"

FAULTS = {  # name: (script, the kind of problem that is to be named)
    "closes at once": (lambda talk: None, BROKEN),
    "resets at once": (lambda talk: talk.reset(), BROKEN),
    "resets in the body": (reset_after(HALF), BROKEN),
    "hangs before the headers": (lambda talk: talk.hang(), SLOW),
    "hangs in the status line": (hang_after(b"HTTP/1.1 2"), SLOW),
    "hangs in the headers": (hang_after(head()[:-4]), SLOW),
    "hangs before the body": (hang_after(whole(BOOK)[:-SIZE]), SLOW),
    "hangs in the body": (hang_after(whole(BOOK)[:-HALF]), SLOW),
    "hangs before the last byte": (hang_after(whole(BOOK)[:-1]), SLOW),
    "hangs in a chunk": (hang_after(CHUNKED[:-HALF]), SLOW),
    "drips its headers": (lambda talk: talk.drip(whole(BOOK)), SLOW),
    "drips its body": (lambda talk: (talk.say(head()), talk.drip(BOOK)), SLOW),
    "cuts before the body": (cut(whole(BOOK), 0), BROKEN),
    "cuts after 1 byte": (cut(whole(BOOK), 1), BROKEN),
    "cuts before a block of 1024 ends": (cut(whole(BOOK), 1023), BROKEN),
    "cuts after a block of 1024": (cut(whole(BOOK), 1024), BROKEN),
    "cuts after a block of 1024 and one": (cut(whole(BOOK), 1025), BROKEN),
    "cuts after a block of 16384": (cut(whole(BOOK), 16384), BROKEN),
    "cuts in the middle": (cut(whole(BOOK), HALF), BROKEN),
    "cuts the last byte": (cut(whole(BOOK), SIZE - 1), BROKEN),
    "cuts at the end of a line": (cut(whole(BOOK), BOOK.index(b"\n") + 1), BROKEN),
    "cuts an answer without a length": (cut(NO_LENGTH, HALF), WRONG),
    "cuts the last byte of one without a length": (cut(NO_LENGTH, SIZE - 1), WRONG),
    "cuts the size of a chunk": (cut(CHUNKED, 2), BROKEN),
    "cuts in a chunk": (cut(CHUNKED, 5000), BROKEN),
    "cuts between two chunks": (cut(CHUNKED, 4096 + 8), BROKEN),
    "cuts gzip in its header": (cut(PACKED, 5), BROKEN),
    "cuts gzip in the middle": (cut(PACKED, 100), BROKEN),
    "half of a gzip as a whole": (
        saying(whole(gzip.compress(BOOK)[:100], "Content-Encoding: gzip")),
        WRONG,
    ),
    "one byte too many": (saying(whole(BOOK + b"!")), WRONG),
    "the book twice": (saying(whole(BOOK + BOOK)), WRONG),
    "too much without a length": (saying(head() + BOOK + BOOK), WRONG),
    "without end": (endless, WRONG),
    "a bomb": (saying(packed(bytes(10**8))), WRONG),
    "nothing": (saying(whole(b"")), WRONG),
    "nothing without a length": (saying(head()), WRONG),
    "no content": (saying(head(204)), "HTTP status 204"),
    "a part": (saying(whole(BOOK[:HALF], code=206)), "HTTP status 206"),
    "a length that is too small": (saying(head(200, f"Content-Length: {HALF}") + BOOK), WRONG),
    "a length that is too large": (saying(head(200, "Content-Length: 999999") + BOOK), BROKEN),
    "a portal": (saying(whole(PORTAL)), PAGE),
    "a portal in capitals": (saying(whole(PORTAL.upper())), PAGE),
    "a portal with a mark": (saying(whole(b"\xef\xbb\xbf\r\n" + PORTAL)), PAGE),
    "a portal in gzip": (saying(packed(PORTAL)), PAGE),
    "a portal in chunks": (saying(chunked(PORTAL)), PAGE),
    "a portal in XHTML": (saying(whole(b'<?xml version="1.0"?>' + PORTAL)), PAGE),
    "a portal as long as the book": (saying(whole(PORTAL.ljust(SIZE))), PAGE),
    "a portal longer than the book": (saying(whole(PORTAL + BOOK)), PAGE),
    "a portal elsewhere": (redirect("/portal"), PAGE),
    "a portal by its status": (status(511), PAGE),
    "gzip that is none": (saying(whole(BOOK, "Content-Encoding: gzip")), WRONG),
    "deflate that is none": (saying(whole(BOOK, "Content-Encoding: deflate")), WRONG),
    "gzip of another text": (saying(packed(altered(99))), WRONG),
    "gzip with a wrong sum": (
        saying(whole(gzip.compress(BOOK)[:-8] + bytes(8), "Content-Encoding: gzip")),
        WRONG,
    ),
    "gzip twice, said once": (saying(packed(gzip.compress(BOOK))), WRONG),
    "gzip, not said": (saying(whole(gzip.compress(BOOK))), WRONG),
    "one bit is wrong": (saying(whole(altered(HALF))), WRONG),
    "the first bit is wrong": (saying(whole(altered(0))), WRONG),
    "the last bit is wrong": (saying(whole(altered(SIZE - 1))), WRONG),
    "zeros of the right length": (saying(whole(bytes(SIZE))), WRONG),
    "other line ends": (saying(whole(BOOK.replace(b"\n", b"\r\n"))), WRONG),
    "redirects to itself": (redirect("/fault"), "redirects"),
    "redirects in a circle": (redirect("/around"), "redirects"),
    "redirects to nothing": (redirect("/not-there"), "HTTP status 404"),
    "redirects to a closed door": (redirect("http://127.0.0.1:9/"), "connection refused"),
    "redirects to a file": (redirect("file:///etc/passwd"), "error"),
    "redirects nowhere": (saying(whole(b"", code=302)), "HTTP status 302"),
    **{
        f"status {code}": (status(code), f"HTTP status {code}")
        for code in (400, 401, 403, 404, 410, 451, 500, 502, 503, 504)
    },
    "a proxy wants a password": (status(407), "proxy"),
    "429 for an hour": (status(429, "Retry-After: 3600"), "HTTP status 429"),
    "429 until a day": (status(429, f"Retry-After: {formatdate(2e9)}"), "HTTP status 429"),
    "429 without sense": (status(429, "Retry-After: soon"), "HTTP status 429"),
    "429 into the past": (status(429, "Retry-After: -5"), "HTTP status 429"),
    "no HTTP": (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), BROKEN),
    "noise": (saying(bytes(range(256)) * 9), BROKEN),
    "a status that is no number": (saying(b"HTTP/1.1 good\r\n\r\n" + BOOK), BROKEN),
    "a header without end": (saying(b"HTTP/1.1 200 OK\r\nX: " + bytes(200_000)), BROKEN),
    "a thousand headers": (saying(head(200, *["X: x"] * 1000) + BOOK), BROKEN),
    "chunks of no size": (saying(head(200, "Transfer-Encoding: chunked") + b"zz\r\nab"), BROKEN),
}

RIGHT = {  # odd, but the book
    "plain": saying(whole(BOOK)),
    "in chunks": saying(CHUNKED),
    "in chunks of one byte": saying(chunked(BOOK, 1)),
    "in gzip": saying(PACKED),
    "in deflate": saying(deflated(BOOK)),
    "without a length": saying(NO_LENGTH),
    "with a length that makes no sense": saying(head(200, "Content-Length: abc") + BOOK),
    "called a web page": saying(whole(BOOK, "Content-Type: text/html")),
    "called a picture": saying(whole(BOOK, "Content-Type: image/png")),
    "with an encoding nobody knows": saying(whole(BOOK, "Content-Encoding: none-such")),
    "in pieces": lambda talk: [
        talk.say(whole(BOOK)[i : i + 999]) for i in range(0, SIZE + 99, 999)
    ],
    "after a redirect": redirect("/book"),
    "after a redirect for good": redirect("/book", 308),
}

OTHERS = {
    "/book": saying(whole(BOOK)),
    "/portal": saying(whole(PORTAL)),
    "/around": redirect("/and"),
    "/and": redirect("/around"),
}


def use(monkeypatch, *urls):
    monkeypatch.setattr(book, "MIRRORS", tuple((url, book.SHA256, SIZE) for url in urls))


def expect_the_book():
    assert load_time_machine() == BOOK.decode()
    assert cache_path().read_bytes() == BOOK
    assert leftovers() == []


def expect_a_problem(capsys, kind):
    """The story, and a notice with the kind of problem and the remedies; nothing in the cache."""
    assert load_time_machine() == read_text(story_path())
    said = " ".join(capsys.readouterr().out.split())
    assert f" - {kind}: " in said, said
    assert "put the book here" in said and str(cache_path()) in said and "CHARRNN_TEXT" in said
    assert not cache_path().exists() and leftovers() == []
    return said


def leftovers():
    folder = cache_path().parent
    names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    return sorted(names - {"timemachine.txt", "timemachine.txt.lock", "failed-download.txt"})


# Silences take two seconds each, and the same code ends them all; the kinds of a fault, too.
SILENCES = [name for name, (_, kind) in FAULTS.items() if kind == SLOW]
SOME_FAULTS = [
    pytest.param(name, marks=pytest.mark.long if name in SILENCES[1:-2] else []) for name in FAULTS
]
SEEN_FIRST = {kind: name for name, (_, kind) in reversed(FAULTS.items())}
FIRST_OF_EACH_KIND = [
    pytest.param(name, marks=[] if SEEN_FIRST[kind] == name else pytest.mark.long)
    for name, (_, kind) in FAULTS.items()
]


@pytest.mark.parametrize("name", SOME_FAULTS)
def test_a_fault_is_named_and_leaves_no_file(name, monkeypatch, capsys):
    script, kind = FAULTS[name]
    with bad_server({**OTHERS, "/fault": script}) as server:
        use(monkeypatch, server.url("/fault"))
        expect_a_problem(capsys, kind)
        asked = server.asked.copy()
        expect_a_problem(capsys, kind)  # the next notebook need not wait
        assert server.asked == asked


@pytest.mark.parametrize("name", FIRST_OF_EACH_KIND)
def test_the_next_mirror_has_it(name, monkeypatch):
    script, _ = FAULTS[name]
    with bad_server({**OTHERS, "/fault": script}) as server:
        use(monkeypatch, server.url("/fault"), server.url("/book"))
        expect_the_book()


@pytest.mark.parametrize("name", RIGHT)
def test_an_odd_answer_that_is_right(name, monkeypatch):
    with bad_server({**OTHERS, "/fault": RIGHT[name]}) as server:
        use(monkeypatch, server.url("/fault"))
        expect_the_book()


@pytest.mark.parametrize(
    "name", [name for name, (_, kind) in FAULTS.items() if kind in (BROKEN, WRONG)]
)
def test_a_fault_that_passes_is_tried_again(name, monkeypatch):
    script, _ = FAULTS[name]
    with bad_server({"/fault": first_then(script, saying(whole(BOOK)))}) as server:
        use(monkeypatch, server.url("/fault"))
        expect_the_book()
        assert server.asked["/fault"] == 2


@pytest.mark.parametrize("code", [500, 502, 503, 429, 408])
def test_a_busy_server_is_tried_again(code, monkeypatch):
    with bad_server({"/fault": first_then(status(code), saying(whole(BOOK)))}) as server:
        use(monkeypatch, server.url("/fault"))
        expect_the_book()


def test_no_more_than_three_tries(monkeypatch, capsys):
    with bad_server({"/fault": status(500), "/other": status(503)}) as server:
        use(monkeypatch, server.url("/fault"), server.url("/other"))
        said = expect_a_problem(capsys, "HTTP status 500")
        assert " - HTTP status 503: " in said  # of each mirror what was wrong
        assert server.asked == {"/fault": 3, "/other": 3}


@pytest.mark.parametrize(
    "name",
    [
        "status 404",
        "a portal",
        "redirects in a circle",
        "429 for an hour",  # it asks for more time than there is
        "hangs before the headers",
    ],
)
def test_what_does_not_pass_is_asked_once(name, monkeypatch, capsys):
    script, kind = FAULTS[name]
    with bad_server({**OTHERS, "/fault": script}) as server:
        use(monkeypatch, server.url("/fault"))
        expect_a_problem(capsys, kind)
        assert server.asked["/fault"] == 1


@pytest.mark.parametrize("name", ["a portal", "closes at once", "hangs before the headers"])
def test_a_failure_is_believed_for_ten_minutes(name, monkeypatch, capsys):
    script, kind = FAULTS[name]
    failure = cache_path().with_name("failed-download.txt")
    with bad_server({"/fault": script}) as server:
        use(monkeypatch, server.url("/fault"))
        said = expect_a_problem(capsys, kind)
        assert "load_time_machine(retry=True)" in said
        server.scripts["/fault"] = saying(whole(BOOK))
        for age in (0, 590, -590):  # a shared folder's clock may be another
            os.utime(failure, (time.time() - age,) * 2)
            assert expect_a_problem(capsys, kind) == said
        os.utime(failure, (time.time() - 610,) * 2)
        expect_the_book()
        assert not failure.exists()


def test_a_retry_does_not_wait_for_ten_minutes(monkeypatch, capsys):
    with bad_server({"/fault": first_then(status(404), saying(whole(BOOK)))}) as server:
        use(monkeypatch, server.url("/fault"))
        expect_a_problem(capsys, "HTTP status 404")
        time.sleep(0.05)  # a file's time is a little coarse
        assert load_time_machine(retry=True) == BOOK.decode()
        assert server.asked["/fault"] == 2


@pytest.mark.parametrize("content", [b"", b"\xff\n", b"one line\nanother"])
def test_whatever_the_failure_says_it_is_no_error(content, monkeypatch, capsys):
    cache_path().parent.mkdir()
    cache_path().with_name("failed-download.txt").write_bytes(content)
    with bad_server(OTHERS) as server:
        use(monkeypatch, server.url("/book"))
        text = load_time_machine()
        assert text == (read_text(story_path()) if content else BOOK.decode())


def test_a_line_that_is_slow_but_fast_enough(monkeypatch):
    """It takes longer than any silence may, and is not given up; see also "drips its body"."""

    def slow(talk):
        talk.say(head())
        for i in range(0, SIZE, SIZE // 40):
            talk.say(BOOK[i : i + SIZE // 40])
            time.sleep(0.04)

    with bad_server({"/fault": slow}) as server:
        use(monkeypatch, server.url("/fault"))
        monkeypatch.setattr(book, "SECONDS", 60)
        expect_the_book()


def test_waits_grow_and_are_not_the_same_for_all(monkeypatch):
    slept = []
    monkeypatch.setattr(download, "WAITS", (1.0, 2.0))
    monkeypatch.setattr(book, "SECONDS", 60)
    monkeypatch.setattr(download.time, "sleep", slept.append)
    for _ in range(5):
        with bad_server({"/fault": status(500)}) as server:
            use(monkeypatch, server.url("/fault"))
            load_time_machine(retry=True)
    first, second = slept[1::3], slept[2::3]
    assert all(1 <= wait <= 2 for wait in first) and all(2 <= wait <= 4 for wait in second)
    assert len(set(first)) == 5


def test_each_mirror_has_its_own_hash(monkeypatch):
    other = altered(7)
    with bad_server({"/other": saying(whole(other))}) as server:
        use(monkeypatch, server.url("/other"))
        monkeypatch.setattr(
            book, "MIRRORS", ((server.url("/other"), hashlib.sha256(other).hexdigest(), SIZE),)
        )
        assert load_time_machine() == other.decode()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # urllib3 leaves it to the collector
def test_two_lengths_at_once(monkeypatch, capsys):
    answer = head(200, f"Content-Length: {SIZE}", "Content-Length: 7") + BOOK
    with bad_server({"/fault": saying(answer)}) as server:
        use(monkeypatch, server.url("/fault"))
        expect_a_problem(capsys, "error")
    gc.collect()


def test_a_closed_door(monkeypatch, capsys):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and not listening
        use(monkeypatch, f"http://127.0.0.1:{closed.getsockname()[1]}/")
        expect_a_problem(capsys, "connection refused")


def test_a_name_that_nobody_knows(monkeypatch, capsys):
    use(monkeypatch, "http://book.invalid/")
    expect_a_problem(capsys, "name not found")


@contextmanager
def deaf():
    """The address of a server that takes no connection, as behind a firewall that drops them."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux is silent when a server's queue is full")
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(4)]
        sockets[0].bind(("127.0.0.1", 0))
        sockets[0].listen(0)
        address = sockets[0].getsockname()
        for other in sockets[1:]:  # they fill its queue
            other.setblocking(False)
            other.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}/"


def test_a_door_that_nobody_opens(monkeypatch, capsys):
    with deaf() as address:
        use(monkeypatch, address)
        expect_a_problem(capsys, "time-out")


def test_a_name_server_that_hangs(monkeypatch, capsys):
    def hang(*args, **kwargs):
        time.sleep(3)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    use(monkeypatch, "http://book.invalid/")
    expect_a_problem(capsys, "time-out")


@pytest.mark.parametrize("number", sorted(download.UNREACHABLE))
def test_no_network(number, monkeypatch, capsys):
    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "connect", fail)
    use(monkeypatch, "http://127.0.0.1:9/")
    expect_a_problem(capsys, "no network")


ALONE = """
import sys
from charrnn_helpers.book import find as book
book.MIRRORS = (("http://127.0.0.1:9/", book.SHA256, book.SIZE),)
print(len(book.load_time_machine()))
"""


def test_a_machine_without_any_network(tmp_path):
    """In a network namespace of its own, in which nothing is switched on."""
    alone = ["unshare", "--net", "--map-root-user"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*alone, "true"], capture_output=True).returncode
    ):
        pytest.skip("no network namespaces here")
    run = subprocess.run(
        [*alone, sys.executable, "-c", ALONE], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    assert "- no network: 127.0.0.1:9 is out of reach; go" in run.stdout and run.returncode == 0, (
        run
    )


@pytest.fixture
def authority():
    return trustme.CA()


@pytest.fixture
def encrypted(authority, monkeypatch):
    """The book over HTTPS, with a certificate from an authority that nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with bad_server(OTHERS) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        use(monkeypatch, server.url("/book").replace("http:", "https:"))
        yield server


def test_a_certificate_that_nobody_signed(encrypted, capsys):
    said = expect_a_problem(capsys, "certificate")
    assert "log-in page or a proxy probably intercepts" in said
    assert "clock" in said and "REQUESTS_CA_BUNDLE" in said


def test_certificates_come_from_the_environment(encrypted, authority, monkeypatch, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    expect_the_book()


def test_a_bundle_that_is_not_there(encrypted, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    expect_a_problem(capsys, "certificate")


def test_a_proxy_comes_from_the_environment(monkeypatch):
    with bad_server(OTHERS) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url(""))
        use(monkeypatch, "http://book.invalid/book")
        expect_the_book()
        assert server.asked["/book"] == 1


def test_no_proxy_for_those_that_are_named(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with bad_server(OTHERS) as server:
        use(monkeypatch, server.url("/book"))
        expect_the_book()


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "http://proxy.invalid:80", "nonsense://"])
def test_a_proxy_that_is_not_there(proxy, monkeypatch, capsys):
    monkeypatch.setenv("HTTP_PROXY", proxy)
    use(monkeypatch, "http://book.invalid/book")
    assert "HTTPS_PROXY" in expect_a_problem(capsys, "proxy")


def test_a_quick_one_shows_nothing(monkeypatch, capsys):
    with bad_server(OTHERS) as server:
        use(monkeypatch, server.url("/book"))
        expect_the_book()
    assert capsys.readouterr() == ("", "")


INTERRUPTED = """
import sys
from charrnn_helpers.book import find as book
book.SHA256, book.SIZE = sys.argv[2], int(sys.argv[3])
book.MIRRORS = ((sys.argv[1], book.SHA256, book.SIZE),)
text = book.load_time_machine()
print("the story" if text == book.read_text(book.story_path()) else "something else")
"""


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be interrupted from outside")
def test_an_interrupt_ends_the_wait_and_gives_the_story():
    """While it downloads, and while it waits for another process that downloads."""
    with bad_server({"/fault": FAULTS["drips its body"][0]}) as server:
        command = [sys.executable, "-c", INTERRUPTED, server.url("/fault"), book.SHA256, str(SIZE)]
        first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8")
        wait_for(lambda: server.asked["/fault"], 120)
        second = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8")
        note = second.stdout.readline()
        assert "another notebook is downloading" in note
        for process in (second, first):
            process.send_signal(signal.SIGINT)
            said = process.communicate()[0]
            assert process.returncode == 0 and said.endswith("the story\n"), said
            assert "interrupted: you ended the download" in said and "retry=True" in said
    assert leftovers() == [] and not cache_path().exists()


def test_an_unknown_error_is_told_as_it_is():
    problem = download.explain(requests.RequestException("the line is haunted"))
    assert "haunted" in problem.told("x")


def test_reasons_behind_reasons_are_found():
    inner = OSError(errno.ENETUNREACH, "Network is unreachable")
    assert (
        download.explain(requests.ConnectionError(requests.ConnectionError(inner))).kind
        == "no network"
    )


AS_BAD_AS_IT_GETS = {  # name: (script or address, settings of a proxy, what is named)
    "closed port": ("http://127.0.0.1:9/", {}, "connection refused"),
    "a port that swallows": ("swallow", {}, "time-out"),
    "silence": (lambda talk: talk.hang(), {}, "time-out"),
    "1 byte a second": (lambda talk: (talk.say(head()), talk.drip(BOOK, 1)), {}, "time-out"),
    "headers at 1 byte a second": (lambda talk: talk.drip(whole(BOOK), 1), {}, "time-out"),
    "a body without end": (lambda talk: (talk.say(head()), talk.drip(BOOK * 99, 0.001)), {}, SLOW),
    "a portal": (saying(whole(PORTAL)), {}, PAGE),
    "a portal with TLS": ("tls", {}, "certificate"),
    "a proxy with a password": (status(407), "itself", "proxy"),
    "a proxy that is not there": (status(200), {"HTTP_PROXY": "http://127.0.0.1:9"}, "proxy"),
    "redirects in a circle": (redirect("/around"), {}, "redirects"),
    "a wrong byte": (saying(whole(altered(HALF))), {}, WRONG),
    "a busy server": (status(503), {}, "HTTP status 503"),
    "a name server that hangs": ("no-dns", {}, "time-out"),
}


@contextmanager
def bad_mirrors(name, monkeypatch):
    """Two mirrors that are both as bad as that."""
    script, proxy, _ = AS_BAD_AS_IT_GETS[name]
    with ExitStack() as stack:
        server = stack.enter_context(bad_server({**OTHERS, "/1": script, "/2": script}))
        urls = [server.url("/1"), server.url("/2")]
        if proxy == "itself":
            proxy = {"HTTP_PROXY": server.url("")}
            urls = ["http://book.invalid/1", "http://book.invalid/2"]
        for variable, value in proxy.items():
            monkeypatch.setenv(variable, value)
        if script == "swallow":
            urls = [stack.enter_context(deaf())] * 2
        elif script == "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            urls = [url.replace("http:", "https:") for url in urls]
        elif script == "no-dns":
            monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: server.over.wait())
            urls = ["http://book.invalid/1", "http://elsewhere.invalid/2"]
        elif isinstance(script, str):
            urls = [script, script + "2"]
        use(monkeypatch, *urls)
        yield


@pytest.mark.long
@pytest.mark.parametrize("name", AS_BAD_AS_IT_GETS)
def test_nobody_waits_for_more_than_25_seconds(name, monkeypatch, capsys):
    """With the course's own settings; the next notebook does not wait at all."""
    monkeypatch.setattr(download, "PATIENCE", SETTINGS[0])
    monkeypatch.setattr(download, "WAITS", SETTINGS[1])
    monkeypatch.setattr(book, "SECONDS", SETTINGS[2])
    seconds = []
    with bad_mirrors(name, monkeypatch):
        for _ in range(2):
            start = time.monotonic()
            said = expect_a_problem(capsys, AS_BAD_AS_IT_GETS[name][2])
            seconds.append(time.monotonic() - start)
    with capsys.disabled():
        print(f"\n{name}: {seconds[0]:.1f} s, then {seconds[1]:.3f} s; {said.split(' - ')[1]}")
    assert seconds[0] < 25 and seconds[1] < 1


def test_there_are_many_cases():
    assert len(FAULTS) >= 80 and len({kind for _, kind in FAULTS.values()}) >= 15
    assert zlib.decompress(deflated(BOOK).partition(b"\r\n\r\n")[2]) == BOOK
