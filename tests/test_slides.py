"""The slides: each deck opens from a disk, can be read from the last row, and its demos move."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import expect

from tools.course import NOTEBOOKS, is_folded
from web import compose, prose
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
    assert 20 <= found.pop("slides") <= 48
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
    book = writer.locator(".charrnn-book")
    before = book.text_content()
    writer.get_by_role("button", name="One character").click()
    expect(book).not_to_have_text(before, use_inner_text=False)
    assert len(book.text_content()) == len(before) + 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_answer_appears_only_after_the_question(path):
    """It is a text that a key brings, under what there is to be seen."""
    asked, told = [], []
    for place, slide in enumerate(slides_of(deck_of(path))):
        for k, cell in enumerate(slide):
            if "Predict before you run" in str(cell.get("outputs")):
                asked.append((place, k))
            if cell.cell_type == "markdown" and cell.source.startswith("**The outcome:** "):
                assert kind(cell) == "fragment" and len(cell.source) > 18
                told.append((place, k))
    assert asked and len(asked) == len(told)
    assert all(a < b for a, b in zip(asked, told, strict=True))
    assert all(b < a for a, b in zip(asked[1:], told, strict=False))


def deck_of(path):
    notebook = for_readers(nbformat.read(path, as_version=4))
    return composed(with_live_demos(notebook, path.stem[:2], "static"))


def test_nothing_has_to_be_unfolded_on_a_slide(decks):
    text = "".join(path.read_text(encoding="utf-8") for path in decks.glob("*.html"))
    assert text.count("The outcome:") >= 28 and "Show the answer" not in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_slide_shows_no_folded_code_and_every_picture(decks, path):
    text = (decks / f"{path.stem}.html").read_text(encoding="utf-8")
    assert not re.search("# (Checked|Drawn|Demo|Imported|Answer|Needed here): ", text)
    pictures = [
        output.data["text/html"]
        for cell in nbformat.read(path, 4).cells  # but the answers that unfold
        if kind(cell) != "skip" and cell.source.startswith("# Drawn: ")
        for output in cell.outputs
        if "<img " in output.data["text/html"] and "<details>" not in output.data["text/html"]
    ]
    sources = [re.search(r'<img [^>]*src="([^"]+)"', picture)[1] for picture in pictures]
    assert len(sources) >= 2 and all(source in text for source in sources)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_metadata_of_a_cell_say_little_about_the_slides(path):
    for cell in nbformat.read(path, 4).cells:
        assert kind(cell) in ("-", "skip", "notes")
        if SHOWN in cell.metadata.get("tags", []):
            assert cell.cell_type == "code" and kind(cell) == "-" and not is_folded(cell)
            methods = bare(cell.source).split("\n\n    def ")
            assert max(len(part.splitlines()) for part in methods) <= compose.LINES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_section_begins_with_its_heading_and_all_of_its_text_is_in_the_notes(path):
    notebook = deck_of(path)
    begins = [slide[0] for slide in slides_of(notebook) if kind(slide[0]) == "slide"]
    assert len(begins) > 10 and all(cell.source.startswith("#") for cell in begins)
    notes = "\n".join(cell.source for cell in notebook.cells if kind(cell) == "notes")
    for cell in for_readers(nbformat.read(path, 4)).cells:
        if cell.cell_type == "markdown" and kind(cell) != "skip":
            text = re.sub(r"^#+ .*\n*", "", cell.source, flags=re.MULTILINE)
            assert re.sub(prose.LINK, r"\1", text).split("\n\n")[0] in notes


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
    after = "*A caption.* It prints a line. **The line is as short as can be.** More about it."
    slides = made(section, ("print('x' * 3)\n" * 8, "xxx\n" * 8), after)
    assert [cell.source for cell in slides[-1]] == [
        "## A section",
        "What does it print?",
        "",
        "**The line is as short as can be.**",
    ]


def test_code_is_shown_only_with_its_tag_and_without_asserts_and_docstrings():
    code = 'def f(x):\n    """Return x."""\n    assert x\n    return x\n\n\nf(1)'
    (*_, hidden) = made("## A\n\nLook.", (code, "1"))
    assert [cell.source for cell in hidden] == ["## A", "Look.", ""]
    (*_, shown) = made("## A\n\nLook.", (code, "1", SHOWN))
    assert shown[-1].source == "def f(x):\n    return x\n\n\nf(1)".replace("\n\n\n", "\n\n")


def test_what_is_too_high_loses_its_code_and_code_without_a_text_is_left_out():
    slides = made("## A\n\nLook.", ("f()\n" * 16, "x\n" * 18, SHOWN), ("g()\n" * 16, "y\n", SHOWN))
    sources = [cell.source for slide in slides for cell in slide]
    assert not any("f()" in source or "g()" in source for source in sources)
    printed = [o.text for slide in slides for c in slide for o in c.get("outputs", [])]
    assert printed == ["x\n" * 18]  # the code above it is too long to stand beside it


def test_all_of_a_task_is_shown_and_nothing_joins_its_stub():
    task = "One. " * 40 + "Write two. " * 15 + "Return three."
    stub = ("def f():\n    return ...", "", SHOWN, "exercise")
    slides = made(f"### Your turn: a task\n\n{task}", stub, "**This would be too soon to tell.**")
    texts = ["".join(cell.source for cell in slide) for slide in slides[1:]]
    assert len(texts) == 3 and texts[0].startswith("### Your turn: a taskOne.")
    assert texts[1].endswith("Return three." + stub[0])
    assert texts[2] == "**This would be too soon to tell.**"


def test_a_formula_stays_with_its_sentence():
    text = "First. It follows that\n\n$$a = b$$\n\nMore words. " + "And so on. " * 30
    slides = made(f"## A\n\n{text}", ("f()\n" * 16, "1\n" * 20, SHOWN))
    shown = "".join(cell.source for slide in slides for cell in slide)
    assert "It follows that\n\n$$a = b$$" in shown


def test_the_methods_of_a_long_class_are_on_slides_of_their_own():
    methods = [f"    def m{k}(self):\n" + "        pass\n" * 11 for k in range(2)]
    code = "class C:\n" + "\n".join(methods)
    slides = made("## A\n\nLook.", (code, "", SHOWN))
    assert [slide[-1].source.count("def ") for slide in slides[-2:]] == [1, 1]
    assert "`class C`, continued:" in slides[-1][0].source


def test_a_long_list_becomes_slides_with_all_of_its_items():
    items = "\n".join(f"{k}. {'word ' * 20}ends. And more." for k in range(1, 6))
    slides = made(f"## Summary\n\n{items}")
    texts = ["\n".join(cell.source for cell in slide) for slide in slides[1:]]
    assert len(texts) == 3 and all(f"{k}. word" in "".join(texts) for k in range(1, 6))


FIRST = "It is 3.5 times as fast as the one before it."
PLAIN = "The curve falls 3.5 times as fast as before."
BOLD = "**This is what the picture shows.**"


@pytest.mark.parametrize(
    ("text", "takeaway", "rest"),
    [
        (f"*A caption.* {PLAIN} Two.", PLAIN, ""),
        (f"*A caption.* {PLAIN} Two?", PLAIN, "Two?"),
        (f"{PLAIN}\n\nTwo, which leads on.", PLAIN, "Two, which leads on."),
        (f"One. {BOLD} Two.", BOLD, ""),
        (f"{BOLD} Two.\n\nOn.\n\n$$a$$", BOLD, "On.\n\n$$a$$"),
        (f"**Is it fair to both of them?** {PLAIN}", PLAIN, ""),
        (FIRST, "", FIRST),  # it leans on another sentence
        ("Ann wins.", "", "Ann wins."),
        (f"*The place:* the last one. {PLAIN}", PLAIN, ""),
        (f"*The ten likeliest after* he was. {PLAIN}", PLAIN, ""),
        ("A **[term](glossary.md#term)** is this.", "", "A **[term](glossary.md#term)** is this."),
        ("- a list\n- alone", "", "- a list\n- alone"),
    ],
)
def test_what_a_text_says_about_a_picture(text, takeaway, rest):
    assert prose.told(text, pictured=True) == (takeaway, rest)


def test_only_a_bold_sentence_is_said_of_what_is_printed():
    assert prose.told(f"{PLAIN} Two.") == ("", f"{PLAIN} Two.")
    assert prose.told(f"{PLAIN} {BOLD}") == (BOLD, "")


def test_the_notes_of_an_exercise_hold_a_solution():
    cells = [
        new_markdown_cell("# Title\n\nIt begins."),
        new_markdown_cell("### Your turn: clip\n\nWrite it."),
        new_code_cell("def my_clip_gradients():\n    ...", metadata={"tags": [SHOWN, "exercise"]}),
        new_code_cell("checks.clip_gradients(my_clip_gradients)"),
    ]
    notes = composed(new_notebook(cells=cells)).cells[-1]
    assert kind(notes) == "notes" and "A solution:\n\n```python\n" in notes.source
    assert "checks." not in notes.source


def test_a_demo_has_its_takeaway_beside_it(decks, page):
    page.goto((decks / "10_gated_networks.html").as_uri())
    page.evaluate(SCRIPT)
    told = page.locator(".charrnn-beside .charrnn-rows .fragment")
    assert told.count() and "GRU arrives at the answer" in told.first.text_content()


def test_code_in_brackets_is_no_link():
    assert prose.without_links('`P["A"](x)` and [n](a_b.ipynb#c)') == '`P["A"](x)` and n'


def test_two_terms_in_a_sentence_are_no_claim():
    text = "A **beam** keeps a few texts at each step, and a **width** of them."
    assert prose.told(text) == ("", text)
    assert not prose.is_claim("The **[softmax](glossary.md#softmax)** is a function.")


def test_what_is_written_for_a_slide_stands_there_and_the_text_in_the_notes():
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# Title\n\nIt begins."),
            new_markdown_cell("## A\n\nA long text."),
            new_code_cell("f()", outputs=[new_output("stream", text="1\n")]),
        ]
    )
    notebook.cells[1].metadata.slide = "## A\n\nThe result of f:"
    cells = composed(notebook).cells[-4:]
    assert [cell.source for cell in cells] == ["## A", "The result of f:", "", "A long text."]
    assert kind(cells[-1]) == "notes"


ANSWER = (
    "<div><strong>No prediction was made.</strong><details><summary>Show the answer</summary>It is "
    "&quot;up&quot; (it rises). It is steep. See the text below.</details></div>"
)
PICTURE = '<img alt="A curve." src="x">'


def shown(source, *html):
    outputs = [new_output("display_data", {"text/html": text}) for text in html]
    return new_code_cell(source, outputs=outputs)


def test_the_outcome_is_told_by_the_picture_after_it_once_a_key_brings_it():
    after = "*A caption.* **It rises because of what has been said before.** More."
    cells = [
        new_markdown_cell("# Title\n\nIt begins."),
        new_markdown_cell("## A\n\nWhat does it do?"),
        shown('checks.predict("a", ...)', "<div>Predict before you run.</div>"),
        shown('checks.reveal("a", 1)', ANSWER),
        shown("# Drawn: a curve", PICTURE),
        new_markdown_cell(after),
        new_markdown_cell("## B\n\nThe end."),
        shown('checks.reveal("b", 1)', ANSWER),
    ]
    notebook = composed(new_notebook(cells=cells))
    _, _, outcome, last = slides_of(notebook)
    picture, told, takeaway = outcome
    assert picture.outputs[0].data["text/html"] == PICTURE and kind(picture) == "subslide"
    assert told.source == "**The outcome:** it rises. It is steep."
    assert takeaway.source == "**It rises because of what has been said before.**"
    assert [kind(cell) for cell in (told, takeaway)] == ["fragment", "-"]  # with one key
    assert last[-1].source == told.source  # the last thing of a notebook, without a picture
    place = next(k for k, cell in enumerate(notebook.cells) if cell is takeaway)
    notes = notebook.cells[place + 1]  # of its own slide, with the whole answer
    assert kind(notes) == "notes" and after in notes.source and "See the text" in notes.source


def test_a_picture_stays_while_the_room_votes_about_it():
    cells = [
        new_markdown_cell("# Title\n\nIt begins."),
        new_markdown_cell("## A\n\nHere are two curves."),
        shown("# Drawn: two curves", PICTURE),
        shown('checks.predict("a", ...)', "<div>Predict before you run.</div>"),
    ]
    (*_, last) = slides_of(composed(new_notebook(cells=cells)))
    assert len([cell for cell in last if cell.get("outputs")]) == 2
    assert not any(kind(cell) == "fragment" for cell in last)


def test_a_lesson_ends_before_what_goes_further():
    slides = made("## Summary\n\n1. One.", "## Further: an LSTM\n\nMore.", "## Next\n\nOn.")
    heads = [slide[0].source for slide in slides]
    assert heads[1:] == ["## Summary", "## Further", "## Further: an LSTM", "## Next"]
    assert slides[2][-1].source.endswith("\n- An LSTM")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_written_for_a_slide_has_the_headings_and_the_numbers_of_the_notebook(path):
    cells = nbformat.read(path, 4).cells
    numbers = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
    whole = set(numbers.findall(" ".join(f"{c.source} {c.get('outputs', '')}" for c in cells)))
    written = [cell for cell in cells if "slide" in cell.metadata]
    assert len(written) > 15
    for cell in written:
        text = cell.metadata.slide
        headings = re.compile("^#+ .*$", re.MULTILINE)
        assert headings.findall(text) == headings.findall(cell.source)
        assert set(numbers.findall(text)) <= whole, text
        assert cell.cell_type == "markdown" and text != cell.source


def test_an_outcome_that_only_says_something_stands_below_its_question():
    cells = [
        new_markdown_cell("# Title\n\nIt begins."),
        new_markdown_cell("## A\n\nWhat does it do?"),
        shown('checks.predict("a", ...)', "<div>Predict before you run.</div>"),
        shown('checks.reveal("a", 1)', ANSWER),
    ]
    (*_, last) = slides_of(composed(new_notebook(cells=cells)))
    assert [cell.source for cell in last if cell.cell_type == "markdown"][-1].startswith(
        "**The out"
    )
    assert kind(last[-1]) == "fragment" and "Predict" in str(last[-3].outputs)


def test_a_line_divides_what_is_written_for_a_slide():
    one, two = "One. " * 30, "**Two is enough.** " * 10  # too many words for one slide
    notebook = new_notebook(cells=[new_markdown_cell("# Title\n\nIt begins.")])
    notebook.cells[0].metadata.slide = f"# Title\n\n{one.strip()}\n\n---\n\n{two.strip()}"
    slides = slides_of(composed(notebook))
    assert [slide[-1].source for slide in slides] == [one.strip(), two.strip()]


def test_a_check_is_no_code_for_a_slide():
    assert bare('x = 1\nchecks.reveal("a", x)\nprint(x)') == "x = 1\nprint(x)"


def test_a_high_picture_has_its_text_beside_it_and_nothing_of_the_notes(decks, page):
    page.goto((decks / "08_backpropagation_through_time.html").as_uri())
    page.evaluate(SCRIPT)
    rows = page.locator(".charrnn-sides")
    assert rows.count() >= 2 and not page.locator(".charrnn-sides aside:visible").count()
    wide = rows.evaluate_all("e => e.map((row) => [row.querySelectorAll('img').length])")
    assert all(number == [1] for number in wide)
    assert page.locator("aside.notes .jp-Cell, aside .jp-Cell").count() >= 20
