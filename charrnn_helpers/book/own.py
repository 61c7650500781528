"""A text of the reader's own, in any alphabet."""

import re
import unicodedata
from pathlib import Path

from charrnn_helpers.book.formats import read_text, source
from charrnn_helpers.text import preprocess

LEAST = 1_000  # characters after preprocess()
MOST_LETTERS = 300  # different ones: a one-hot vector has a number for each


def load_text(path):
    """Return a text of your own (`str`), without Project Gutenberg's header and license.

    The file is UTF-8, and its letters may belong to any alphabet.  Raises FileNotFoundError or
    ValueError, with the remedy, if a model cannot be trained on it.
    """
    text, name = without_licence(read_text(path)), source(path)
    usable = preprocess(text[:1_000_000])
    letters = len(set(usable))
    if len(usable) < LEAST:
        size = f"{len(usable):,} letters and spaces between words"
        raise ValueError(f"{name} is too short: it has {size}; give a text of {LEAST:,} or more")
    if letters > MOST_LETTERS:
        limit = f"this course is made for alphabets of at most {MOST_LETTERS}; give another text"
        raise ValueError(f"{name} has {letters:,} different letters, and {limit}")
    composed = unicodedata.normalize("NFC", text[:100_000])
    signs = [char for char in composed if unicodedata.category(char) in ("Mn", "Mc")]
    if len(signs) > 100:
        what = f"signs such as {signs[0]!r}, which are written onto a letter and are no letters"
        print(f"Note: {Path(path).name} has {what}. Each becomes a space, so words fall apart.")
    return text


def without_licence(text):
    """Return the text between Project Gutenberg's marks, if it has them, and print a note."""
    if "PROJECT GUTENBERG EBOOK" not in text:
        return text  # quickly, however long it is
    mark = r"^\*\*\* ?{} OF TH(E|IS) PROJECT GUTENBERG EBOOK.*$"
    start, end = (re.search(mark.format(word), text, re.M) for word in ("START", "END"))
    if start is None:
        return text
    print("Note: the header and the license of Project Gutenberg are left out.")
    return text[start.end() : end.start() if end else len(text)]
