"""The book: find it, download it, verify it.  Import-only: no notebook builds this."""

import hashlib
import os
from importlib import resources
from pathlib import Path

import platformdirs

SHA256 = "8424dbd9532ac81f7e5f0b6add90e6952baea29158309d7d1bf3884f4e12c516"
MIRRORS = (
    # D2L's own bucket, then the copy that its Chinese edition keeps, at a fixed commit.
    "https://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt",
    "https://raw.githubusercontent.com/d2l-ai/d2l-zh/"
    "592fbef84a684e752393edbf267c07dbc53e082b/data/timemachine.txt",
)
STORY = "the_road_upon_the_fog"
CONNECT_SECONDS, READ_SECONDS = 5, 20


def load_time_machine(path=None, cache_dir=None, download=True):
    """Return the raw text (`str`) of the book.

    Taken from the first of: `path`; the file that the environment variable
    CHARRNN_TEXT names; the cache; a download, verified by SHA-256; and, with
    none of these, the story that comes with the course, with a notice.
    Raises FileNotFoundError or ValueError with the remedy in the message.
    """
    if path is not None:
        return read_text(path)
    if os.environ.get("CHARRNN_TEXT"):
        return read_text(os.environ["CHARRNN_TEXT"], named_by="CHARRNN_TEXT")
    cached = cache_path(cache_dir)
    if cached.is_file() and is_the_book(cached):
        return read_text(cached)
    if cached.exists():
        altered = f"the cached book {str(cached)!r} was altered (its SHA-256 is wrong)"
        if not download:
            raise ValueError(f"{altered}; delete the file, or call load_time_machine() online")
        print(f"Note: {altered}; it is being downloaded again.")
    problems = _download(cached) if download else ["downloading was switched off"]
    if not problems:
        return read_text(cached)
    print(_notice(problems, cached))
    return read_text(story_path())


def read_text(path, named_by=None):
    """Read a UTF-8 text file (with or without a byte order mark) whole.

    Raises FileNotFoundError if there is no such file, and ValueError if it is
    empty or not UTF-8; the message names the file and what to do.
    """
    path = Path(path).expanduser()
    source = f"{str(path)!r}" + (f" (from {named_by})" if named_by else "")
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no text file {source}; check the path"
            + (f", or unset {named_by} to download the book" if named_by else "")
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{source} is not UTF-8: byte {error.object[error.start]:#04x} at position "
            f"{error.start}; save it again as UTF-8 in a text editor"
        ) from error
    if not text.strip():
        raise ValueError(f"{source} is empty; give a file that holds the text of a book")
    return text


def cache_path(cache_dir=None):
    """Where the downloaded book is kept: `cache_dir`, CHARRNN_CACHE, or the user's cache."""
    folder = cache_dir or os.environ.get("CHARRNN_CACHE") or platformdirs.user_cache_dir("charrnn")
    return Path(folder).expanduser() / "timemachine.txt"


def story_path():
    """The bundled story, an original tale for machines without a network."""
    return Path(str(resources.files("charrnn_helpers") / "texts" / f"{STORY}.txt"))


def is_the_book(path):
    """Whether the file is, to the byte, the edition that the course was measured on."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() == SHA256


def _download(cached):
    """Fetch the book into the cache; return the list of what went wrong (empty: it is there)."""
    import pooch  # here, so that importing the package stays as quick as importing torch

    pooch.get_logger().setLevel("WARNING")
    problems = []
    for url in MIRRORS:
        fetcher = pooch.create(
            cached.parent,
            base_url="",
            registry={cached.name: f"sha256:{SHA256}"},
            urls={cached.name: url},
            retry_if_failed=1,
        )
        web = pooch.HTTPDownloader(progressbar=True, timeout=(CONNECT_SECONDS, READ_SECONDS))
        try:
            fetcher.fetch(cached.name, downloader=web)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            problems.append(f"{url.split('/')[2]} {_reason(error)}")
        else:
            return []
    return problems


def _reason(error):
    """What went wrong with one mirror, in a few words."""
    import requests

    if isinstance(error, requests.Timeout):
        return f"did not answer within {READ_SECONDS} seconds"
    if isinstance(error, requests.HTTPError):
        return f"answered with the status {error.response.status_code}"
    if isinstance(error, requests.ConnectionError):
        return "could not be reached: is this machine online?"
    if isinstance(error, ValueError):  # pooch: the hash does not match
        return "sent another file than the book, perhaps the log-in page of a network"
    return f"failed: {error}"


def _notice(problems, cached):
    return "\n".join(
        [
            "The Time Machine could not be loaded, so this is the bundled story instead.",
            "The course runs on it, but the numbers differ from those in the text.",
            *(f"  - {problem}" for problem in problems),
            "To use the book: go online and run this cell again, or let the environment variable",
            f"CHARRNN_TEXT name a text file, or put the book here: {cached}",
        ]
    )
