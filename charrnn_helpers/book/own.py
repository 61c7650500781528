"""A text of the reader's own, in any alphabet, and what the notebooks need to run on it.

Import-only.
"""

import hashlib
import re
import unicodedata
from pathlib import Path

from charrnn_helpers.book.formats import read_text, source
from charrnn_helpers.text import preprocess

LEAST, ENOUGH = 1_000, 16_000  # characters after preprocess(): to load a text, for all notebooks
MOST_LETTERS = 300  # different ones: a one-hot vector has a number for each
NORMALISED = {  # SHA-256 of the book and of the story, as preprocess() leaves them
    "9f258eadf409c46591c5c61d72c087cb825faf419c9f87ceb580f0eacb30c506",
    "f00a03551d89673a547b60bc5ba7a715da636cefc29df51fdf04a0e1eb989fe5",
}


def own_text(path, named_by=None):
    """Return a text of the reader's own, without Project Gutenberg's header and license.

    Raises what read_text() does, and ValueError if the course cannot run on it.
    """
    text, name = without_licence(read_text(path, named_by)), source(path, named_by)
    usable = preprocess(text[:1_000_000])
    letters = len(set(usable))
    size = f"{len(usable):,} letters and spaces between words"
    if len(usable) < LEAST:
        raise ValueError(f"{name} is too short: it has {size}; give a text of {LEAST:,} or more")
    if letters > MOST_LETTERS:
        raise ValueError(
            f"{name} has {letters:,} different letters, and this course is made for alphabets of "
            f"at most {MOST_LETTERS}: a one-hot vector has a number for each; give another text"
        )
    if len(usable) < ENOUGH:
        print(f"Note: {Path(path).name} has {size}. Some notebooks need {ENOUGH:,}.")
    signs = signs_on_letters(text[:100_000])
    if len(signs) > 100:
        print(
            f"Note: {Path(path).name} has signs such as {signs[0]!r}, which are written onto a "
            "letter and are no letters themselves. Each becomes a space, so words fall apart."
        )
    return text


def signs_on_letters(text):
    """Return the combining characters that are left when letters and accents are composed."""
    composed = unicodedata.normalize("NFC", text)
    return [char for char in composed if unicodedata.category(char) in ("Mn", "Mc")]


def is_course_text(text):
    """Tell whether the text is the book or the story; if not, print that a claim is skipped.

    For assertions in the notebooks that hold for these two but need not hold for another text.
    """
    known = hashlib.sha256(preprocess(text).encode()).hexdigest() in NORMALISED
    if not known:
        print("Skipped: a claim about The Time Machine, which need not be true of another text.")
    return known


def phrase(wanted, text):
    """Return the phrase or, if the text lacks one of its letters, the text's beginning, as long.

    This way the examples of the notebooks can be encoded with any vocabulary.
    """
    return wanted if set(wanted) <= set(text) else text.lstrip()[: len(wanted)]


def without_licence(text):
    """Return the text between Project Gutenberg's marks, if it has them, and print a note."""
    if "PROJECT GUTENBERG EBOOK" not in text:
        return text  # quickly, however long it is
    start, end = (
        re.search(rf"^\*\*\* ?{word} OF TH(E|IS) PROJECT GUTENBERG EBOOK.*$", text, re.M)
        for word in ("START", "END")
    )
    if start is None:
        return text
    print("Note: the header and the license of Project Gutenberg are left out.")
    return text[start.end() : end.start() if end else len(text)]
