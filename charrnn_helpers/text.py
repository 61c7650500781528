"""The text: letters and single spaces, whatever the alphabet."""

import re
import unicodedata


def preprocess(text):
    """Lowercase the text, and turn each run of non-letters into one space.

    A letter and its accent become one character (NFC).
    """
    text = unicodedata.normalize("NFC", text.lower())
    return re.sub(r"[\W\d_]+", " ", text)
