"""Download The Time Machine and verify it, for a classroom without a network.

Copy the file to the computers, and set the environment variable CHARRNN_TEXT to its path there.
"""

from pathlib import Path

from charrnn_helpers.atomic import write_whole
from charrnn_helpers.book import load_time_machine
from charrnn_helpers.book.find import cache_path, is_the_book


def add(parser):
    words = "the folder for timemachine.txt (the current one)"
    parser.add_argument("--to", type=Path, default=Path(), metavar="DIR", help=words)


def run(arguments):
    path = (arguments.to / "timemachine.txt").expanduser().absolute()
    if is_the_book(path):
        print(f"The book is already there: {path}")
        return 0
    if path.exists():
        raise ValueError(f"{str(path)!r} is another file; move it away, or choose another folder")
    cached = cache_path()
    if not is_the_book(cached):
        load_time_machine(retry=True)  # brings it into the cache, or prints why it cannot
    if not is_the_book(cached):
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, cached.read_bytes())
    print(f"The book is now there: {path}\nOn the other computers, set CHARRNN_TEXT to its path.")
    return 0
