"""The book: find it, download it, verify it."""

import contextlib
import hashlib
import os
import textwrap
import time
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from charrnn_helpers.atomic import write_whole
from charrnn_helpers.book.formats import read_text, source

SHA256 = "8424dbd9532ac81f7e5f0b6add90e6952baea29158309d7d1bf3884f4e12c516"
SIZE = 178_979  # bytes
CHINESE = "d2l-ai/d2l-zh/592fbef84a684e752393edbf267c07dbc53e082b"
MIRRORS = (  # (address, SHA-256 and size of the file there)
    # D2L's own bucket, then the copy that its Chinese edition keeps, at a fixed commit.
    ("https://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt", SHA256, SIZE),
    (f"https://raw.githubusercontent.com/{CHINESE}/data/timemachine.txt", SHA256, SIZE),
)
SECONDS = 20  # for a download, or for another process that downloads
SPARE = 4  # seconds more for a download of one's own after that
AGAIN = "next try: in ten minutes; or at once, with load_time_machine(retry=True)"
FAILED = "failed-download.txt"  # beside the cached book: what went wrong in the last download
BELIEVED = 600  # seconds for which a failure is believed, so that the next notebook need not wait


def load_time_machine(retry=False):
    """Return the raw text (`str`) of the book.

    It comes from the copy that the environment variable CHARRNN_TEXT names, the cache, or a
    download, verified by SHA-256.  With none of these, it is the story that comes with the course,
    with a notice.  The download takes 24 seconds at most; *Interrupt Kernel* ends it at once.  One
    that failed is tried again after ten minutes, or with `retry=True`.  Raises FileNotFoundError or
    ValueError, with the remedy.
    """
    if os.environ.get("CHARRNN_TEXT"):
        return named_copy(os.environ["CHARRNN_TEXT"])
    cached = cache_path()
    if is_the_book(cached):
        return read_text(cached)
    text, problems = downloaded(cached, retry)
    if text is not None:
        return text
    if cached.exists():
        problems.append(f"the cached book {str(cached)!r} was altered (its SHA-256 is wrong)")
    print(notice(problems, cached))
    return read_text(story_path())


def named_copy(path):
    """Return the text of the file that CHARRNN_TEXT names; it has to be the book, or the story."""
    text = read_text(path, named_by="CHARRNN_TEXT")
    the_book = hashlib.sha256(text.encode()).hexdigest() == SHA256
    if not the_book and text != read_text(story_path()):
        name = source(path, "CHARRNN_TEXT")
        remedy = "let CHARRNN_TEXT name a copy of it, or unset CHARRNN_TEXT. To train on a text of "
        remedy += "your own, use load_text(path), or python -m charrnn_helpers train"
        raise ValueError(f"{name} is not The Time Machine, a file of {SIZE:,} bytes; {remedy}")
    return text


def cache_path():
    """Return where the downloaded book is kept: in CHARRNN_CACHE, or the user's cache."""
    folder = os.environ.get("CHARRNN_CACHE") or platformdirs.user_cache_dir("charrnn")
    return Path(folder).expanduser().absolute() / "timemachine.txt"


def story_path():
    """Return the path of the bundled story, an original tale for machines without a network."""
    return Path(__file__).with_name("the_road_upon_the_fog.txt")


def is_the_book(path):
    """Tell whether this is the edition that the course was measured on, whatever its line ends."""
    path = Path(path)
    try:  # a pipe or a device may never end, and what is too large need not be read
        if not path.is_file() or path.stat().st_size > 2 * SIZE:
            return False
        content = path.read_bytes()
    except OSError:
        return False
    content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    return hashlib.sha256(content).hexdigest() == SHA256


def downloaded(cached, retry=False):
    """Download the book into the cache; return its text, or None, and the list of problems."""
    from charrnn_helpers.book.download import Mirror, download  # here: the package imports quickly

    since = time.time() if retry else time.time() - BELIEVED
    end = time.monotonic() + SECONDS + SPARE
    try:
        with turn(cached):
            if is_the_book(cached):  # another process may have brought it meanwhile
                return read_text(cached), []
            problems = failed(cached, since)
            if not problems:
                deadline = min(end, time.monotonic() + SECONDS)
                content, problems = download([Mirror(*mirror) for mirror in MIRRORS], deadline)
                if content is not None:
                    keep(content, cached)
                    return content.decode("utf-8-sig").replace("\r\n", "\n"), []
                note_failure(cached, problems)
    except KeyboardInterrupt:
        problems = ["interrupted: you ended the download"]
        note_failure(cached, problems)
    return None, [*problems, AGAIN]


def note_failure(cached, problems):
    """Write down what went wrong, for `failed`; where nothing can be written, it is tried again."""
    with contextlib.suppress(OSError):
        write_whole(cached.with_name(FAILED), "\n".join(problems).encode())


def failed(cached, since):
    """Return what went wrong in a download that failed since that time; [] if none did."""
    failure = cached.with_name(FAILED)
    with contextlib.suppress(OSError):
        if failure.is_file() and since <= failure.stat().st_mtime < time.time() + BELIEVED:
            return failure.read_text(encoding="utf-8", errors="replace").splitlines()
    return []


def keep(content, cached):
    """Write the book into the cache, or say why it cannot be kept."""
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        if cached.exists():
            altered = cached.with_suffix(".altered.txt")
            cached.replace(altered)
            print(f"Note: the cached book had been altered; it is now {altered.name!r} beside it.")
        write_whole(cached, content)
        cached.with_name(FAILED).unlink(missing_ok=True)
    except OSError as error:
        where = f"{str(cached.parent)!r} ({error.strerror or error})"
        print(f"Note: the book was downloaded, but could not be kept in {where}.")
        print("To keep it, let the environment variable CHARRNN_CACHE name another folder.")


@contextlib.contextmanager
def turn(cached):
    """Wait until no other process downloads, but not forever, nor where locks do not work."""
    lock = FileLock(f"{cached}.lock")
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        print("Note: another notebook is downloading the book; this one waits for it.")
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=SECONDS)
    except (OSError, NotImplementedError):
        pass  # two downloads at once do no harm
    try:
        yield
    finally:
        lock.release()


def notice(problems, cached):
    """Return what to print when the course runs on the story instead of the book."""
    whole = {"break_long_words": False, "break_on_hyphens": False}
    lines = [
        "The Time Machine could not be loaded, so this is the bundled story instead.",
        "The course runs on it, but the numbers differ from those in the text.",
        *[textwrap.fill(f"  - {p}", 95, subsequent_indent="    ", **whole) for p in problems],
        "Then run this cell again. Or put the book here, as a file:",
        f"  {cached}",
        "or let the environment variable CHARRNN_TEXT name the file.",
    ]
    return "\n".join(lines)
