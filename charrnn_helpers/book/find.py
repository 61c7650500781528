"""The book: find it, download it, verify it.  Import-only."""

import contextlib
import hashlib
import os
import textwrap
import time
from functools import partial
from importlib import resources
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from charrnn_helpers.atomic import write_whole
from charrnn_helpers.book.formats import read_text, source

SHA256 = "8424dbd9532ac81f7e5f0b6add90e6952baea29158309d7d1bf3884f4e12c516"
SIZE = 178_979  # bytes
MIRRORS = (  # (address, SHA-256 and size of the file there)
    # D2L's own bucket, then the copy that its Chinese edition keeps, at a fixed commit.
    ("https://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt", SHA256, SIZE),
    (
        "https://raw.githubusercontent.com/d2l-ai/d2l-zh/"
        "592fbef84a684e752393edbf267c07dbc53e082b/data/timemachine.txt",
        SHA256,
        SIZE,
    ),
)
SECONDS = 20  # for a download, or for another process that downloads
SPARE = 4  # seconds more for a download of one's own after that
BELIEVED = 600  # seconds for which a failure is believed, so that the next notebook need not wait


def load_time_machine(cache_dir=None, download=True, retry=False):
    """Return the raw text (`str`) of the book.

    Taken from the first of: the copy that the environment variable CHARRNN_TEXT
    names; the cache; a download, verified by SHA-256; and, with none of these,
    the story that comes with the course, with a notice.
    The download takes 24 seconds at most; *Interrupt Kernel* ends it at once.
    One that failed is tried again after ten minutes, or with `retry=True`.
    Raises FileNotFoundError or ValueError with the remedy in the message.
    """
    if os.environ.get("CHARRNN_TEXT"):
        return named_copy(os.environ["CHARRNN_TEXT"])
    cached = cache_path(cache_dir)
    if is_the_book(cached):
        return read_text(cached)
    altered = f"the cached book {str(cached)!r} was altered (its SHA-256 is wrong)"
    if not download and cached.exists():
        raise ValueError(f"{altered}; delete the file, or call load_time_machine() online")
    if download:
        text, problems = downloaded(cached, retry)
    else:
        text, problems = None, ["downloading was switched off"]
    if text is not None:
        return text
    if cached.exists():
        problems.append(altered)
    print(notice(problems, cached))
    return read_text(story_path())


def named_copy(path):
    """Return the text of the file that CHARRNN_TEXT names: the book, or the story.

    Raises what read_text() does, and ValueError if it is another text.
    """
    text = read_text(path, named_by="CHARRNN_TEXT")
    the_book = hashlib.sha256(text.encode()).hexdigest() == SHA256
    if not the_book and text != read_text(story_path()):
        raise ValueError(
            f"{source(path, 'CHARRNN_TEXT')} is not The Time Machine as the course uses it, a file "
            f"of {SIZE:,} bytes; let CHARRNN_TEXT name a copy of that file, or unset it. To train "
            "on a text of your own, use load_text(path), or python -m charrnn_helpers train"
        )
    return text


def cache_path(cache_dir=None):
    """Return where the downloaded book is kept: `cache_dir`, CHARRNN_CACHE, or the user's cache."""
    folder = cache_dir or os.environ.get("CHARRNN_CACHE") or platformdirs.user_cache_dir("charrnn")
    return Path(folder).expanduser().absolute() / "timemachine.txt"


def story_path():
    """Return the path of the bundled story, an original tale for machines without a network."""
    return Path(str(resources.files("charrnn_helpers.book") / "the_road_upon_the_fog.txt"))


def is_the_book(path):
    """Tell whether this is the edition that the course was measured on, whatever its line ends."""
    try:  # a pipe or a device may never end, and what is too large need not be read
        if not Path(path).is_file() or Path(path).stat().st_size > 2 * SIZE:
            return False
        content = Path(path).read_bytes()
    except OSError:
        return False
    content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    return hashlib.sha256(content).hexdigest() == SHA256


def downloaded(cached, retry=False):
    """Download the book into the cache; return its text, and the list of what went wrong.

    If the cache cannot be written, the book is used all the same, and a notice says why.
    """
    from charrnn_helpers.book.download import DownloadError  # here: the package imports quickly

    since = time.time() if retry else time.time() - BELIEVED
    end = time.monotonic() + SECONDS + SPARE
    try:
        with turn(cached):
            if is_the_book(cached):  # another process may have brought it meanwhile
                return read_text(cached), []
            problems = failed(cached, since)
            if problems:
                return None, [*problems, AGAIN]
            try:
                content = fetched(min(end, time.monotonic() + SECONDS))
            except DownloadError as error:
                note_failure(cached, error.problems)
                return None, [*error.problems, AGAIN]
            keep(content, cached)
            return content.decode("utf-8-sig").replace("\r\n", "\n"), []
    except KeyboardInterrupt:
        problems = ["interrupted: you ended the download"]
        note_failure(cached, problems)
        return None, [*problems, AGAIN]


AGAIN = (
    "next try: in ten minutes, so that no notebook waits in vain; or at once, with "
    "load_time_machine(retry=True)"
)


def failure_path(cached):
    """Return where the last failed download is written down, beside the cached book."""
    return cached.with_name("failed-download.txt")


def note_failure(cached, problems):
    """Write down what went wrong, for `failed`; where nothing can be written, it is tried again."""
    with contextlib.suppress(OSError):
        write_whole(failure_path(cached), "\n".join(problems).encode())


def failed(cached, since):
    """Return what went wrong in a download that failed since that time; [] if none did."""
    failure = failure_path(cached)
    try:
        if failure.is_file() and since <= failure.stat().st_mtime < time.time() + BELIEVED:
            return failure.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return []


def fetched(deadline):
    """Return the bytes of the book, from the first mirror that has it."""
    from charrnn_helpers.book.download import Mirror, download

    return download([Mirror(*mirror) for mirror in MIRRORS], deadline)


def keep(content, cached):
    """Write the book into the cache, or say why it cannot be kept."""
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        if cached.exists():
            altered = cached.with_suffix(".altered.txt")
            cached.replace(altered)
            print(f"Note: the cached book had been altered; it is now {altered.name!r} beside it.")
        write_whole(cached, content)
        failure_path(cached).unlink(missing_ok=True)
    except OSError as error:
        print(
            f"Note: the book was downloaded, but could not be kept in {str(cached.parent)!r} "
            f"({error.strerror or error}). To keep it, let the environment variable "
            "CHARRNN_CACHE name another folder."
        )


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
    fill = partial(
        textwrap.fill, width=95, initial_indent="  - ", subsequent_indent="    ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    lines = [
        "The Time Machine could not be loaded, so this is the bundled story instead.",
        "The course runs on it, but the numbers differ from those in the text.",
        *map(fill, problems),
        "Then run this cell again. Or put the book here, as a file:",
        f"  {cached}",
        "or let the environment variable CHARRNN_TEXT name the file.",
    ]
    return "\n".join(lines)
