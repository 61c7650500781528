"""Encodings: what a file is that is no text in UTF-8.  Import-only."""

FORMATS = {  # how files begin that people take for texts
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a packed file (EPUB, Word, OpenDocument or ZIP)",
    b"\x1f\x8b": "a file packed with gzip",
    b"{\\rtf": "a rich text (RTF)",
    b"\xd0\xcf\x11\xe0": "an old Word document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
}
MARKS = {  # the longer ones first
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
WESTERN = ["cp1252", "mac_roman"]
WORLD = ["cp1251", "koi8_r", "cp1253", "cp1255", "cp932", "euc_jp", "gb18030", "big5", "euc_kr"]


def beginning(content):
    """These bytes without a mark and white space before them, in lower case."""
    return bytes(content).lstrip(b"\xef\xbb\xbf \t\r\n").lower()


def foreign_format(content):
    """What these bytes are if they are another kind of file than a text; None if not."""
    start = beginning(content[:200])
    for mark, name in FORMATS.items():
        if content.startswith(mark) or start.startswith(mark):
            return name
    return None


def name_of_encoding(content, position=0):
    """Python's name of the encoding that the bytes seem to be in; None if there is no telling.

    `position` is that of a byte that is not UTF-8: bytes around it tell more than the beginning.
    """
    for mark, name in MARKS.items():
        if content.startswith(mark):
            return name
    sample = content[max(0, position - 5_000) : position + 15_000]
    if sample.count(0) > len(sample) / 4:
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    if 0 in sample:
        return None
    from charset_normalizer import from_bytes  # here: it is seldom needed

    ascii_share = sum(byte < 128 for byte in sample) / len(sample)
    names = WESTERN if ascii_share > 0.85 else WESTERN + WORLD
    found = from_bytes(sample, cp_isolation=names).best()
    return found.encoding if found else ("latin-1" if ascii_share > 0.85 else None)
