"""The book is found, verified, downloaded; a bad file is refused and never kept."""

import re
import subprocess
import sys
import timeit
import tracemalloc
from contextlib import ExitStack
from pathlib import Path

import pytest

from charrnn_helpers.book import find as book
from charrnn_helpers.book import load_text, load_time_machine
from charrnn_helpers.book.find import cache_path, story_path
from charrnn_helpers.book.formats import read_text
from charrnn_helpers.data import preprocess
from tests.bad_server import bad_server, saying, whole

PORTAL = b"<html><title>Welcome to our hotel</title>Please log in.</html>"


LINE = "The Time Traveller smiled at us, and said that he would explain it after dinner.\n"
LONG = LINE * 20


@pytest.fixture
def served(monkeypatch):
    """Let the book's one mirror be a server on loopback that says this."""
    with ExitStack() as servers:

        def use(*answers):
            scripts = {f"/{i}": saying(answer) for i, answer in enumerate(answers)}
            server = servers.enter_context(bad_server(scripts))
            urls = [server.url(path) for path in scripts]
            monkeypatch.setattr(book, "MIRRORS", [(url, book.SHA256, book.SIZE) for url in urls])
            return server

        yield use


def test_charrnn_text_names_a_copy_of_the_book_or_the_story(tmp_path, monkeypatch, story):
    copy = tmp_path / "copy.txt"
    copy.write_bytes(b"\xef\xbb\xbf" + story_path().read_bytes().replace(b"\n", b"\r\n"))
    monkeypatch.setenv("CHARRNN_TEXT", str(copy))
    assert load_time_machine() == story


def test_charrnn_text_names_another_text(tmp_path, monkeypatch):
    (tmp_path / "b.txt").write_text("another text\n" + LONG, encoding="utf-8")
    monkeypatch.setenv("CHARRNN_TEXT", str(tmp_path / "b.txt"))
    with pytest.raises(
        ValueError,
        match=r"b\.txt' \(from CHARRNN_TEXT\) is not The Time Machine.*"
        r"178,979 bytes.*use load_text\(path\), or python -m charrnn_helpers train",
    ):
        load_time_machine()
    assert load_text(tmp_path / "b.txt") == "another text\n" + LONG


def test_charrnn_text_names_the_book(book_file, monkeypatch, tmp_path):
    (tmp_path / "b.txt").write_bytes(book_file.read_bytes().replace(b"\n", b"\r\n"))
    monkeypatch.setenv("CHARRNN_TEXT", str(tmp_path / "b.txt"))
    assert load_time_machine() == read_text(book_file)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["Unix", "Windows", "old Mac"])
def test_marks_and_line_ends_make_no_difference(tmp_path, mark, end):
    (tmp_path / "a.txt").write_bytes(mark + LONG.replace("\n", end).encode())
    assert load_text(tmp_path / "a.txt") == LONG


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\r\r\n", "\n\r"])
def test_rare_line_ends_are_spaces_to_the_model(tmp_path, end):
    (tmp_path / "a.txt").write_bytes(LONG.replace("\n", end).encode())
    assert preprocess(load_text(tmp_path / "a.txt")) == preprocess(LONG)


def test_the_letters_of_all_alphabets_are_kept(tmp_path, capsys):
    text = "Caf\u00e9 \u4f60\u597d \U0001f600 z\u00fcrich\n" + LONG
    (tmp_path / "a.txt").write_text(text, "utf-8")
    cleaned = preprocess(load_text(tmp_path / "a.txt"))
    assert cleaned.startswith("caf\u00e9 \u4f60\u597d z\u00fcrich the time")
    assert "which are written onto a letter" not in capsys.readouterr().out


def test_an_alphabet_with_signs_on_its_letters_gets_a_notice(tmp_path, capsys):
    hindi = "\u0938\u092e\u092f \u0915\u0940 \u092e\u0936\u0940\u0928 "  # the time machine
    (tmp_path / "a.txt").write_text(hindi * 500, "utf-8")
    load_text(tmp_path / "a.txt")
    assert "signs such as '\u0940'" in capsys.readouterr().out


def test_thousands_of_different_characters_are_too_many(tmp_path):
    (tmp_path / "a.txt").write_text("".join(map(chr, range(0x4E00, 0x5E00))), "utf-8")
    with pytest.raises(ValueError, match="4,096 different letters.*alphabets of at most 300"):
        load_text(tmp_path / "a.txt")


def test_one_damaged_byte_is_named_with_its_place(tmp_path):
    russian = ("\u043c\u0430\u0448\u0438\u043d\u0430 " * 9 + "\n") * 99
    content = bytearray(russian.encode())
    place = len("\n".join(russian.split("\n")[:4]).encode()) + 1 + 2 * 3  # line 5, the 4th letter
    content[place] = 0xFF
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged: byte 0xff in line 5, column 4 belongs to no"):
        load_text(tmp_path / "a.txt")


@pytest.mark.parametrize("name", ["a.txt", "~/a.txt"])
def test_relative_paths_and_the_home_folder(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("CHARRNN_TEXT", name)
    with pytest.raises(FileNotFoundError, match=re.escape(repr(str(tmp_path / "a.txt")))):
        load_time_machine()  # the whole path is named
    (tmp_path / "a.txt").write_bytes(story_path().read_bytes())
    assert load_time_machine() == read_text(story_path())


def test_a_path_that_does_not_exist(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"no text file '.*gone\.txt'; check the path"):
        load_text(tmp_path / "gone.txt")
    monkeypatch.setenv("CHARRNN_TEXT", str(tmp_path / "gone.txt"))
    with pytest.raises(FileNotFoundError, match="from CHARRNN_TEXT.*unset CHARRNN_TEXT"):
        load_time_machine()
    with pytest.raises(FileNotFoundError, match="is a folder; name the text file in it"):
        load_text(tmp_path)


def test_a_file_on_a_drive_that_fails(tmp_path, monkeypatch):
    def fail(path):
        raise OSError(5, "Input/output error")

    (tmp_path / "a.txt").write_text(LONG, encoding="utf-8")
    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(
        ValueError, match=r"a\.txt' cannot be read \(Input/output error\); check its"
    ):
        load_text(tmp_path / "a.txt")


def test_a_home_folder_may_be_written_as_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "a.txt").write_text(LONG, encoding="utf-8")
    assert load_text("~/a.txt") == LONG


FRENCH = "Le café était fermé à l'été; où êtes-vous? dit-il, déjà fâché, près de la fenêtre.\n"
RUSSIAN = "Путешественник рассказывал нам о будущем.\n"  # noqa: RUF001
JAPANESE = "時間旅行者は私たちに難解な話をしていた。\n"
ENCODINGS = [  # (text, as it is written, as it is named)
    (FRENCH, "cp1252", "cp1252"),
    (FRENCH, "mac_roman", "mac_roman"),
    (LINE * 5 + FRENCH, "latin-1", "cp1252"),  # the same bytes for these letters
    (LINE, "utf-16", "utf-16"),
    (LINE, "utf-16-le", "utf-16-le"),
    (LINE, "utf-16-be", "utf-16-be"),
    (RUSSIAN, "utf-16", "utf-16"),
    (LINE, "utf-32", "utf-32"),
    (RUSSIAN, "cp1251", "cp1251"),
    (RUSSIAN, "koi8_r", "koi8_r"),
    (JAPANESE, "shift_jis", "cp932"),
    (JAPANESE, "euc_jp", "euc_jp"),
]


@pytest.mark.parametrize(("text", "encoding", "name"), ENCODINGS, ids=lambda value: value[:9])
def test_another_encoding_is_named_and_can_be_converted_as_told(
    tmp_path, text, encoding, name, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_bytes((text * 30).encode(encoding))
    with pytest.raises(
        ValueError, match=rf"a\.txt' is not UTF-8: .* seems to be {name}\."
    ) as error:
        load_text("a.txt")
    lines = str(error.value).splitlines()[1:]
    subprocess.run(
        [
            sys.executable,
            "-c",
            "from pathlib import Path\n" + "\n".join(line.strip() for line in lines),
        ],
        check=True,
    )
    assert read_text("a-utf8.txt") == text * 30
    assert Path("a.txt").read_bytes() == (text * 30).encode(encoding)  # nothing is lost


def test_the_place_of_a_wrong_byte_is_named(tmp_path):
    (tmp_path / "a.txt").write_bytes("caf\u00e9".encode("latin-1"))
    with pytest.raises(ValueError, match=r"a\.txt' is not UTF-8: byte 0xe9 at position 3"):
        read_text(tmp_path / "a.txt")


def test_bytes_in_no_encoding(tmp_path):
    (tmp_path / "a.txt").write_bytes(bytes(range(256)) * 40)
    with pytest.raises(ValueError, match="is not UTF-8: byte 0x00 at position 0; open it in"):
        read_text(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7 ...", "a PDF"),
        (b"PK\x03\x04mimetypeapplication/epub+zip", "a packed file"),
        (b"\x1f\x8b\x08 ...", "a file packed with gzip"),
        (b"{\\rtf1\\ansi The Time Machine}", "a rich text"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (PORTAL, "a web page"),
        (b"\xef\xbb\xbf\n<!DOCTYPE HTML>" + PORTAL, "a web page"),
    ],
)
def test_a_file_that_is_no_text(tmp_path, content, name):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.txt' is {name}.*, not a plain text; save or export"):
        load_text(tmp_path / "a.txt")


@pytest.mark.parametrize("content", [b"", b" \n", b"\xef\xbb\xbf", b"\r\n\r\n"])
def test_an_empty_file(tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ValueError, match="is empty; give a file that holds"):
        load_text(tmp_path / "a.txt")


def test_a_short_text_is_refused(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("Too short, " * 50, encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"a\.txt' is too short: it has 500 letters .*; give a text of 1,000"
    ):
        load_text(tmp_path / "a.txt")
    (tmp_path / "b.txt").write_text("3.14159, " * 999, encoding="utf-8")
    with pytest.raises(ValueError, match=r"is too short: it has 1 letters"):
        load_text(tmp_path / "b.txt")
    assert capsys.readouterr().out == ""
    (tmp_path / "c.txt").write_text(LONG, encoding="utf-8")
    assert load_text(tmp_path / "c.txt") == LONG
    (tmp_path / "d.txt").write_text(LINE * 800, encoding="utf-8")
    load_text(tmp_path / "d.txt")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("which", ["THE", "THIS"])
def test_the_license_of_project_gutenberg_is_left_out(tmp_path, which, capsys):
    marked = (
        "\ufeffThe Project Gutenberg eBook of The Time Machine\r\n\r\nYou may copy it ...\r\n"
        f"*** START OF {which} PROJECT GUTENBERG EBOOK THE TIME MACHINE ***\r\n{LONG}"
        f"*** END OF {which} PROJECT GUTENBERG EBOOK THE TIME MACHINE ***\r\nSection 1. Terms ...\n"
    )
    (tmp_path / "a.txt").write_text(marked, encoding="utf-8", newline="")
    assert load_text(tmp_path / "a.txt").strip() == LONG.strip()
    assert "license of Project Gutenberg are left out" in capsys.readouterr().out
    (tmp_path / "b.txt").write_text(LONG + "A PROJECT GUTENBERG EBOOK is named.", encoding="utf-8")
    assert load_text(tmp_path / "b.txt").startswith(LONG)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(LINE, marks=pytest.mark.long, id="ASCII"),
        pytest.param(LINE.replace("\n", "\r\n"), marks=pytest.mark.long, id="Windows"),
        pytest.param(LINE + "\u201cQuoted\u201d \U0001f600\r\n", id="wide"),
    ],
)
def test_a_text_of_fifty_megabytes(tmp_path, line):
    """Whatever is in it: in a few times what the decoding takes, and 10 bytes a character."""
    path = tmp_path / "big.txt"
    path.write_bytes(line.encode() * (50_000_000 // len(line.encode()) + 1))
    assert path.stat().st_size >= 50_000_000
    length = len(load_text(path))
    loading, decoding = (
        min(timeit.repeat(work, number=1, repeat=5))
        for work in (lambda: load_text(path), lambda: path.read_text(encoding="utf-8"))
    )
    tracemalloc.start()
    load_text(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{loading / decoding:.1f} times, {peak / length:.1f} bytes a character")
    assert length > 45_000_000 and loading < 10 * decoding and 1 < peak / length < 10


def test_without_a_network_it_is_the_story_and_says_so(served, capsys):
    served()
    text = load_time_machine()
    said = capsys.readouterr().out
    assert text == read_text(story_path())
    assert "bundled story" in said and "CHARRNN_TEXT" in said
    assert not cache_path().exists()


def test_the_next_mirror_is_tried_and_the_book_is_kept(served, capsys, book_file):
    server = served(whole(b"", code=404), whole(PORTAL), whole(book_file.read_bytes()))
    text = load_time_machine()
    assert text == read_text(book_file)
    assert cache_path().read_bytes() == book_file.read_bytes()
    asked = server.asked.total()
    assert load_time_machine() == text  # from the cache
    assert server.asked.total() == asked == 3
    assert "story" not in capsys.readouterr().out


def test_an_altered_cache_is_refused_or_replaced(served, capsys, book_file):
    altered = book_file.read_bytes().replace(b"Time Traveller", b"Tim Traveller")
    cache_path().parent.mkdir()
    cache_path().write_bytes(altered)
    served(whole(PORTAL))
    load_time_machine()
    assert "was altered" in " ".join(capsys.readouterr().out.split())
    assert cache_path().read_bytes() == altered  # as long as there is nothing better
    served(whole(book_file.read_bytes()))
    assert load_time_machine(retry=True) == read_text(book_file)
    assert cache_path().read_bytes() == book_file.read_bytes()
    assert cache_path().with_name("timemachine.altered.txt").read_bytes() == altered
    assert "had been altered" in capsys.readouterr().out


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_book_put_there_with_other_line_ends_is_the_book(mark, book_file):
    cache_path().parent.mkdir()
    cache_path().write_bytes(mark + book_file.read_bytes().replace(b"\n", b"\r\n"))
    assert load_time_machine() == read_text(book_file)


def test_the_cache_is_where_it_is_asked_to_be(tmp_path, monkeypatch):
    monkeypatch.setenv("CHARRNN_CACHE", str(tmp_path / "b"))
    assert cache_path() == tmp_path / "b" / "timemachine.txt"
    monkeypatch.delenv("CHARRNN_CACHE")
    assert cache_path() == Path(book.platformdirs.user_cache_dir("charrnn")) / "timemachine.txt"


def test_the_story_is_long_and_never_repeats_itself(story):
    text = preprocess(story)
    assert len(text) >= 60_000
    passages = [text[i : i + 60] for i in range(len(text) - 59)]
    assert len(set(passages)) == len(passages)
    assert set(text) == set("abcdefghijklmnopqrstuvwxyz ")
    assert story.isascii()


def test_the_book_is_the_measured_edition(book):
    assert len(book) == 178_979
    assert len(preprocess(book)) == 173_428
