"""Formats: read a text file in UTF-8, and say what a file is that is not one."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from pathlib import Path

FORMATS = {  # how files begin that people take for texts
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a packed file (EPUB, Word, OpenDocument or ZIP)",
    b"\x1f\x8b": "a file packed with gzip",
    b"{\\rtf": "a rich text (RTF)",
    b"\xd0\xcf\x11\xe0": "an old Word document",
    (b"\x89PNG", b"\xff\xd8\xff"): "a picture",
    (b"<!doctype html", b"<html"): "a web page",
}
WESTERN = ["cp1252", "mac_roman"]
WORLD = ["cp1251", "koi8_r", "cp1253", "cp1255", "cp932", "euc_jp", "gb18030", "big5", "euc_kr"]


def beginning(content):
    """Return these bytes in lower case, without a byte order mark and white space in front."""
    return bytes(content).lstrip(b"\xef\xbb\xbf \t\r\n").lower()


def foreign_format(content):
    """Return what these bytes are, if they are a kind of file other than a text; None if not."""
    starts = content, beginning(content[:200])
    kinds = (kind for mark, kind in FORMATS.items() if any(s.startswith(mark) for s in starts))
    return next(kinds, None)


def name_of_encoding(content, position=0):
    """Return Python's name of the encoding that the bytes around this position seem to be in."""
    if content.startswith((BOM_UTF32_LE, BOM_UTF32_BE)):
        return "utf-32"
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf-16"
    sample = content[max(0, position - 5_000) : position + 15_000]
    if sample.count(0) > len(sample) / 4:
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    if 0 in sample:
        return None
    from charset_normalizer import from_bytes  # here: it is seldom needed

    western = sum(byte < 128 for byte in sample) > 0.85 * len(sample)
    found = from_bytes(sample, cp_isolation=WESTERN if western else WESTERN + WORLD).best()
    return found.encoding if found else ("latin-1" if western else None)


def is_utf8_but_for_a_few(content):
    """Tell whether most characters outside ASCII are valid UTF-8, so that the others are damage."""
    text = content.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", errors="ignore")) - bad > 10 * bad


def read_text(path, named_by=None):
    """Read a UTF-8 text file, with or without a byte order mark; all line ends become newlines.

    Raises FileNotFoundError if there is no such file, and ValueError if it is
    empty, not UTF-8 or not a text; the message names the file and what to do.
    """
    path, name = Path(path).expanduser(), source(path, named_by)
    if path.is_dir():
        raise FileNotFoundError(f"{name} is a folder; name the text file in it")
    if not path.is_file():
        unset = f", or unset {named_by} to download the book" if named_by else ""
        raise FileNotFoundError(f"there is no text file {name}; check the path{unset}")
    try:
        content = path.read_bytes()
    except OSError as error:
        remedy = "check its permissions and its drive, or use a copy"
        raise ValueError(f"{name} cannot be read ({error.strerror}); {remedy}") from error
    text = decode(content, name, path)
    del content  # a large text is not held twice
    if not text.strip():
        raise ValueError(f"{name} is empty; give a file that holds the text of a book")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def source(path, named_by=None):
    """Return the file as an error names it."""
    full = str(Path(path).expanduser().absolute())
    return f"{full!r}" + (f" (from {named_by})" if named_by else "")


def decode(content, name, path):
    """Return the text of these bytes; raise ValueError, with the remedy, if they are not UTF-8."""
    kind = foreign_format(content)
    if kind:
        raise ValueError(f"{name} is {kind}, not a plain text; save or export it as plain text")
    bad = content.find(b"\0", 0, 10_000)  # no text has a zero byte, but UTF-16 is full of them
    if bad < 0:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            bad = error.start
    if bad > 0 and is_utf8_but_for_a_few(content):
        start = content.rfind(b"\n", 0, bad) + 1
        line, column = content.count(b"\n", 0, bad) + 1, len(content[start:bad].decode()) + 1
        where = f"byte {content[bad]:#04x} in line {line:,}, column {column:,}"
        remedy = "Correct it there, or get the file again"
        raise ValueError(f"{name} is UTF-8, but damaged: {where} belongs to no character. {remedy}")
    what = f"{name} is not UTF-8: byte {content[bad]:#04x} at position {bad:,}"
    encoding = name_of_encoding(content, bad)
    if encoding is None:
        raise ValueError(f"{what}; open it in the program that made it, and save it as UTF-8")
    raise ValueError(
        f"{what}; it seems to be {encoding}. Convert it, and look whether it reads well:\n"
        f"  text = Path({str(path)!r}).read_text(encoding={encoding!r})\n"
        f"  Path({path.stem + '-utf8.txt'!r}).write_text(text, encoding='utf-8')"
    )
