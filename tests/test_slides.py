"""The slides: each deck opens from a disk, can be read from the last row, and its demos move."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.course import NOTEBOOKS, is_folded
from web import compose
from web.build import for_readers, with_live_demos
from web.compose import SHOWN, bare, composed
from web.measure import SCRIPT, VIEW, counts
from web.slides import build

pytestmark = pytest.mark.xdist_group("pages")  # one worker builds the decks for all


def kind(cell):
    return cell.metadata.get("slideshow", {}).get("slide_type", "-")


def slides_of(notebook):
    """Return the slides of a composed notebook, each a list of cells without the notes."""
    slides = []
    for cell in notebook.cells:
        if kind(cell) in ("slide", "subslide"):
            slides.append([])
        if kind(cell) != "notes":
            slides[-1].append(cell)
    return slides


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    return build(tmp_path_factory.mktemp("on a stick") / "slides")[0].parent


@pytest.fixture
def page(browser):
    page = browser.new_context(offline=True, viewport=VIEW).new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("requestfailed", lambda request: page.problems.append(request.url))
    yield page
    page.close()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_slide_can_be_read_from_the_last_row(decks, page, path):
    page.goto((decks / f"{path.stem}.html").as_uri())
    found = counts(page.evaluate(SCRIPT))
    assert page.problems == []
    assert 20 <= found.pop("slides") <= 45
    assert found.pop("more than half empty") <= 5
    assert set(found.values()) == {0}, found


def test_the_demos_of_the_page_move_on_the_slides(decks, page):
    page.goto((decks / "02_recurrence.html").as_uri())
    page.wait_for_function("window.Reveal?.isReady?.()")
    demo = page.locator(".charrnn-drawn").first
    address = demo.evaluate("(e) => Reveal.getIndices(e.closest('section'))")
    page.evaluate("({ h, v }) => Reveal.slide(h, v)", address)
    before = demo.locator(".charrnn-picture").inner_html()
    slider = demo.locator("input[type=range]").first
    slider.focus()
    slider.press("Home")
    page.wait_for_function(
        "([e, before]) => e.querySelector('.charrnn-picture').innerHTML !== before",
        arg=[demo.element_handle(), before],
    )
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.press("ArrowRight")  # the slider has let go of the keys
    assert page.evaluate("() => Reveal.getIndices()") != address
    assert page.problems == []


def test_the_model_writes_on_a_slide(decks, page):
    page.goto((decks / "07_sampling.html").as_uri())
    page.wait_for_function("window.Reveal?.isReady?.()")
    writer = page.locator("[data-demo=writer]")
    address = writer.evaluate("(e) => Reveal.getIndices(e.closest('section'))")
    page.evaluate("({ h, v }) => Reveal.slide(h, v)", address)
    before = writer.locator(".charrnn-book").inner_text()
    writer.get_by_role("button", name="One character").click()
    assert len(writer.locator(".charrnn-book").inner_text()) == len(before) + 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_answer_appears_only_after_the_question(path):
    asked, told = {}, {}
    for place, slide in enumerate(slides_of(deck_of(path))):
        for cell in slide:
            for output in cell.get("outputs", []):
                html = output.get("data", {}).get("text/html", "")
                if "Predict before you run" in html:
                    asked[place] = cell
                elif "Show the answer" in html:
                    told[place] = cell
    assert asked and len(asked) == len(told)
    assert all(a < b for a, b in zip(sorted(asked), sorted(told), strict=True))


def deck_of(path):
    notebook = for_readers(nbformat.read(path, as_version=4))
    return composed(with_live_demos(notebook, path.stem[:2], "static"))


def test_on_a_slide_the_answer_is_unfolded(decks):
    """A key brings it, so nothing has to be clicked."""
    text = "".join(path.read_text(encoding="utf-8") for path in decks.glob("*.html"))
    assert text.count("<details open><summary>Show the answer") >= 15
    assert "<details><summary>Show the answer" not in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_slide_shows_no_folded_code_and_every_picture(decks, path):
    text = (decks / f"{path.stem}.html").read_text(encoding="utf-8")
    assert not re.search("# (Checked|Drawn|Demo|Imported|Answer|Needed here): ", text)
    pictures = [
        output.data["text/html"]
        for cell in nbformat.read(path, 4).cells
        if kind(cell) != "skip" and cell.source.startswith("# Drawn: ")
        for output in cell.outputs
        if "<img " in output.data["text/html"]
    ]
    sources = [re.search(r'<img [^>]*src="([^"]+)"', picture)[1] for picture in pictures]
    assert len(sources) >= 2 and all(source in text for source in sources)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_metadata_of_a_cell_say_little_about_the_slides(path):
    for cell in nbformat.read(path, 4).cells:
        assert kind(cell) in ("-", "skip", "notes")
        if SHOWN in cell.metadata.get("tags", []):
            assert cell.cell_type == "code" and kind(cell) == "-" and not is_folded(cell)
            assert len(bare(cell.source).splitlines()) <= compose.LINES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_section_begins_with_its_heading_and_all_of_its_text_is_in_the_notes(path):
    notebook = deck_of(path)
    begins = [slide[0] for slide in slides_of(notebook) if kind(slide[0]) == "slide"]
    assert len(begins) > 10 and all(cell.source.startswith("#") for cell in begins)
    notes = "\n".join(cell.source for cell in notebook.cells if kind(cell) == "notes")
    for cell in for_readers(nbformat.read(path, 4)).cells:
        if cell.cell_type == "markdown" and kind(cell) != "skip":
            text = re.sub(r"^#+ .*\n*", "", cell.source, flags=re.MULTILINE)
            assert re.sub(compose.LINK, r"\1", text).split("\n\n")[0] in notes


def made(*cells):
    """Return the slides of a small notebook: texts, and pairs of code and its output."""
    found = [new_markdown_cell("# Title\n\nIt begins.")]
    for cell in cells:
        if isinstance(cell, str):
            found.append(new_markdown_cell(cell))
        else:
            source, printed, *tags = cell
            outputs = [new_output("stream", text=printed)] if printed else []
            found.append(new_code_cell(source, outputs=outputs, metadata={"tags": tags}))
    return slides_of(composed(new_notebook(cells=found)))


def test_what_is_seen_stands_between_a_lead_and_the_bold_sentence_after_it():
    section = "## A section\n\nWhat does it print?"
    after = "*A caption.* It prints a line. **The line is short.** More about it."
    slides = made(section, ("print('x' * 3)\n" * 8, "xxx\n" * 8), after)
    assert [cell.source for cell in slides[-1]] == [
        "## A section",
        "What does it print?",
        "",
        "**The line is short.**",
    ]


def test_code_is_shown_only_with_its_tag_and_without_asserts_and_docstrings():
    code = 'def f(x):\n    """Return x."""\n    assert x\n    return x\n\n\nf(1)'
    (*_, hidden) = made("## A\n\nLook.", (code, "1"))
    assert [cell.source for cell in hidden] == ["## A", "Look.", ""]
    (*_, shown) = made("## A\n\nLook.", (code, "1", SHOWN))
    assert shown[-1].source == "def f(x):\n    return x\n\n\nf(1)".replace("\n\n\n", "\n\n")


def test_code_without_a_text_says_what_its_docstring_says():
    code = 'def f(x):\n    """Return x.  Nothing else."""\n    return x'
    (*_, slide) = made("## A\n\nLook.", ("1\n" * 16, "1\n" * 18), (code, "", SHOWN))
    assert [cell.source for cell in slide] == ["Return x.", "def f(x):\n    return x"]


def test_a_long_list_becomes_slides_with_its_first_sentences():
    items = "\n".join(f"{k}. {'word ' * 20}ends. And more." for k in range(1, 6))
    slides = made(f"## Summary\n\n{items}")
    texts = ["\n".join(cell.source for cell in slide) for slide in slides[1:]]
    assert len(texts) == 3 and "more" not in "".join(texts)
    assert all(f"{k}. word" in "".join(texts) for k in range(1, 6))


@pytest.mark.parametrize(
    ("text", "takeaway", "rest"),
    [
        ("*A caption.* One. Two.", "One.", "Two."),
        ("One.\n\nTwo, which leads on.", "One.", "Two, which leads on."),
        ("One. **This is what it shows.** Two.", "**This is what it shows.**", ""),
        ("**This is what it shows.** Two.\n\nOn.", "**This is what it shows.**", "On."),
        ("**Is it fair?** We tried.", "We tried.", ""),
        ("It is 3.5 times as fast. Two.", "It is 3.5 times as fast.", "Two."),
        ("*Last* costs most. Two.", "*Last* costs most.", "Two."),
        ("*The place:* the last one. With weights, it wins.", "With weights, it wins.", ""),
        ("- a list\n- alone", "", "- a list\n- alone"),
    ],
)
def test_what_a_text_says_about_the_thing_before_it(text, takeaway, rest):
    assert compose.told(text) == (takeaway, rest)
