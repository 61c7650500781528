"""The book: find it, download it, verify it; or a text of your own.  Import-only."""

import contextlib
import hashlib
import os
import re
import tempfile
import textwrap
from functools import partial
from importlib import resources
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from charrnn_helpers.encoding import foreign_format, name_of_encoding
from charrnn_helpers.files import disk_problem, unfinished

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
STORY = "the_road_upon_the_fog"
TURN_SECONDS = 60  # how long to wait for another process that downloads
LEAST, ENOUGH = 1_000, 55_032  # characters after preprocess(): to load a text, for all notebooks


def load_time_machine(path=None, cache_dir=None, download=True):
    """Return the raw text (`str`) of the book, or of a text of your own.

    Taken from the first of: `path`; the file that the environment variable
    CHARRNN_TEXT names; the cache; a download, verified by SHA-256; and, with
    none of these, the story that comes with the course, with a notice.
    Raises FileNotFoundError or ValueError with the remedy in the message.
    """
    if path is not None:
        return own_text(path)
    if os.environ.get("CHARRNN_TEXT"):
        return own_text(os.environ["CHARRNN_TEXT"], named_by="CHARRNN_TEXT")
    cached = cache_path(cache_dir)
    if is_the_book(cached):
        return read_text(cached)
    altered = f"the cached book {str(cached)!r} was altered (its SHA-256 is wrong)"
    if not download and cached.exists():
        raise ValueError(f"{altered}; delete the file, or call load_time_machine() online")
    text, problems = downloaded(cached) if download else (None, ["downloading was switched off"])
    if text is not None:
        return text
    problems += [altered] * cached.exists()
    print(notice(problems, cached))
    return read_text(story_path())


def own_text(path, named_by=None):
    """Read a text of the reader's own; Project Gutenberg's header and licence are left out.

    Raises what read_text() does, and ValueError if too little is left to learn from.
    """
    text = without_licence(read_text(path, named_by))
    usable = len(re.sub("[^a-z]+", " ", text[:1_000_000].lower()))
    if usable < LEAST:
        raise ValueError(
            f"{source(path, named_by)} is too short: when all but a to z becomes single spaces, "
            f"its length is {usable:,}; give a text of {LEAST:,} or more, in English letters"
        )
    if usable < ENOUGH:
        print(
            f"Note: {Path(path).name} has {usable:,} characters from a to z and single spaces. "
            f"Some notebooks need {ENOUGH:,}."
        )
    return text


def read_text(path, named_by=None):
    """Read a UTF-8 text file, with or without a byte order mark; all line ends become newlines.

    Raises FileNotFoundError if there is no such file, and ValueError if it is
    empty, not UTF-8 or not a text; the message names the file and what to do.
    """
    path, name = Path(path).expanduser(), source(path, named_by)
    if path.is_dir():
        raise FileNotFoundError(f"{name} is a folder; name the text file in it")
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no text file {name}; check the path"
            + (f", or unset {named_by} to download the book" if named_by else "")
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"{name} cannot be read ({error.strerror}); check its permissions and its drive, or "
            "use a copy"
        ) from error
    text = decode(content, name, path)
    del content  # a large text is not held twice
    if not text.strip():
        raise ValueError(f"{name} is empty; give a file that holds the text of a book")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def source(path, named_by):
    """The file as an error names it."""
    return f"{str(Path(path).expanduser())!r}" + (f" (from {named_by})" if named_by else "")


def decode(content, name, path):
    """The text of these bytes; ValueError, with the way to convert them, if they are not UTF-8."""
    foreign = foreign_format(content)
    if foreign:
        raise ValueError(f"{name} is {foreign}, not a plain text; save or export it as plain text")
    bad = content.find(b"\0", 0, 10_000)  # no text has a zero byte, but UTF-16 is full of them
    if bad < 0:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            bad = error.start
    what = f"{name} is not UTF-8: byte {content[bad]:#04x} at position {bad:,}"
    encoding = name_of_encoding(content, bad)
    if encoding is None:
        raise ValueError(f"{what}; open it in the program that made it, and save it as UTF-8")
    raise ValueError(
        f"{what}; it seems to be {encoding}. Convert it, and look whether it reads well:\n"
        f"  text = Path({str(path)!r}).read_text(encoding={encoding!r})\n"
        f"  Path({path.stem + '-utf8.txt'!r}).write_text(text, encoding='utf-8')"
    )


def without_licence(text):
    """The text between Project Gutenberg's marks, if it has them; what is left out is said."""
    if "PROJECT GUTENBERG EBOOK" not in text:
        return text  # quickly, however long it is
    start, end = (
        re.search(rf"^\*\*\* ?{word} OF TH(E|IS) PROJECT GUTENBERG EBOOK.*$", text, re.M)
        for word in ("START", "END")
    )
    if start is None:
        return text
    print("Note: the header and the licence of Project Gutenberg are left out.")
    return text[start.end() : end.start() if end else len(text)]


def cache_path(cache_dir=None):
    """Where the downloaded book is kept: `cache_dir`, CHARRNN_CACHE, or the user's cache."""
    folder = cache_dir or os.environ.get("CHARRNN_CACHE") or platformdirs.user_cache_dir("charrnn")
    return Path(folder).expanduser() / "timemachine.txt"


def story_path():
    """The bundled story, an original tale for machines without a network."""
    return Path(str(resources.files("charrnn_helpers") / "texts" / f"{STORY}.txt"))


def is_the_book(path):
    """Whether this is the edition that the course was measured on, whatever its line ends."""
    try:
        if Path(path).stat().st_size > 2 * SIZE:
            return False  # whatever it is, it need not be read
        content = Path(path).read_bytes()
    except OSError:
        return False
    content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    return hashlib.sha256(content).hexdigest() == SHA256


def downloaded(cached):
    """Download the book into the cache; return its text, and the list of what went wrong.

    If the cache cannot be written, the book is used all the same, and a notice says why.
    """
    from charrnn_helpers.download import DownloadError  # here: the package imports quickly

    try:
        try:
            return into_the_cache(cached), []
        except OSError as error:  # the disk; the network's errors are a DownloadError
            unkept = f"in {str(cached.parent)!r}: {disk_problem(error)}"
        with tempfile.TemporaryDirectory() as folder:
            text = fetched(Path(folder) / cached.name)
        print(
            f"Note: the book was downloaded, but could not be kept {unkept}, or let the "
            "environment variable CHARRNN_CACHE name another folder."
        )
        return text, []
    except DownloadError as error:
        return None, error.problems
    except OSError as error:
        return None, [f"it could not be kept {unkept}; nor elsewhere: {disk_problem(error)}"]


def into_the_cache(cached):
    """Download, one process after the other, and put the file in its place in one go."""
    cached.parent.mkdir(parents=True, exist_ok=True)
    with turn(cached), unfinished(cached) as part:
        if is_the_book(cached):  # another process has brought it meanwhile
            return read_text(cached)
        part.mkdir()
        text = fetched(part / cached.name)
        if cached.exists():
            altered = cached.with_suffix(".altered.txt")
            cached.replace(altered)
            print(f"Note: the cached book had been altered; it is now {altered.name!r} beside it.")
        (part / cached.name).replace(cached)
        return text


def fetched(path):
    """Download the book to this path, where nobody else writes; return its text."""
    from charrnn_helpers.download import Mirror, download

    download([Mirror(*mirror) for mirror in MIRRORS], path)
    path.chmod(0o644)  # a cache may be shared
    return read_text(path)


@contextlib.contextmanager
def turn(cached):
    """Wait until no other process downloads, but not for ever, and not where locks do not work."""
    lock = FileLock(f"{cached}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print("Note: another notebook is downloading the book; this one waits for it.")
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=TURN_SECONDS)
    except (OSError, NotImplementedError):
        pass  # two downloads at once do no harm
    try:
        yield
    finally:
        lock.release()


def notice(problems, cached):
    """What to say when the course runs on the story instead of the book."""
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
        "or let the environment variable CHARRNN_TEXT name a text file.",
    ]
    return "\n".join(lines)
