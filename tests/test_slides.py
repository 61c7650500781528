"""The slides: each deck opens from a disk, and nothing on a slide is cut off."""

import itertools
import re

import nbformat
import pytest

from tools.course import NOTEBOOKS
from web.slides import build, slide_type

pytestmark = pytest.mark.xdist_group("pages")  # one worker builds the decks for all

MEASURE = """async () => {
  await MathJax.startup.promise;
  for (let i = 0; i < 600 && !window.Reveal?.isReady?.(); i += 1) {
    await new Promise((done) => setTimeout(done, 100));
  }
  const found = [];
  for (const slide of Reveal.getSlides()) {
    const { h, v } = Reveal.getIndices(slide);
    Reveal.slide(h, v);
    await new Promise((done) => requestAnimationFrame(done));
    const shown = [...slide.querySelectorAll(".jp-Cell")].filter((cell) => !cell.closest("aside"));
    const [height, width] = [slide.scrollHeight, slide.scrollWidth];
    found.push({ place: [h, v], height, width, cells: shown.length });
  }
  return found;
}"""


def shown(path):
    """Return the cells of a notebook that are on its slides."""
    return [c for c in nbformat.read(path, 4).cells if slide_type(c) not in ("notes", "skip")]


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    return build(tmp_path_factory.mktemp("on a stick") / "slides")[0].parent


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_slide_overflows_and_none_is_empty(decks, browser, path):
    page = browser.new_context(offline=True, viewport={"width": 1280, "height": 720}).new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("requestfailed", lambda request: errors.append(request.url))
    page.goto((decks / f"{path.stem}.html").as_uri())
    slides = page.evaluate(MEASURE)
    assert slides and errors == []
    bad = [s for s in slides if s["height"] > 721 or s["width"] > 1281 or not s["cells"]]
    assert bad == []
    page.close()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_folded_cell_shows_its_picture_alone(decks, path):
    text = (decks / f"{path.stem}.html").read_text(encoding="utf-8")
    drawn = [c for c in shown(path) if c.source.startswith("# Drawn: ")]
    demos = [c for c in shown(path) if c.source.startswith("# Demo: ")]
    pictures = sum("<img " in str(cell.outputs) for cell in drawn)
    assert pictures + len(demos) >= 3 and text.count("<img ") >= pictures
    assert not re.search("# (Checked|Drawn|Demo|Imported): ", text)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_kinds_of_cells_are_known(path):
    kinds = [slide_type(cell) for cell in nbformat.read(path, 4).cells]
    known = {"slide", "subslide", "fragment", "-", "notes", "skip"}
    assert kinds[0] == "slide" and set(kinds) <= known


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_slide_shows_a_stub_beside_its_answer(path):
    for cell, after in itertools.pairwise(shown(path)):
        if "exercise" in cell.metadata.get("tags", []):
            assert slide_type(after) in ("slide", "subslide")


def has_picture(cell):
    data = [output.get("data", {}) for output in cell.get("outputs", [])]
    return any("<svg" in d.get("text/html", "") or "<img" in d.get("text/html", "") for d in data)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_caption_is_on_the_slide_of_its_picture(path):
    captions = [
        slide_type(after)
        for cell, after in itertools.pairwise(shown(path))
        if has_picture(cell) and after.cell_type == "markdown" and after.source.startswith("*")
    ]
    assert captions and set(captions) == {"-"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_answer_appears_only_after_the_question(path):
    cells, asked = shown(path), {}
    for i, cell in enumerate(cells):
        if found := re.search(r"checks\.(predict|reveal)\(\"(\w+)\"", cell.source):
            if found[1] == "predict":
                asked[found[2]] = i
            else:
                kinds = {slide_type(c) for c in cells[asked[found[2]] + 1 : i + 1]}
                assert kinds & {"slide", "subslide", "fragment"}, found[2]


def test_on_a_slide_the_answer_is_unfolded(decks):
    """A key brings it, so nothing has to be clicked."""
    text = "".join(path.read_text(encoding="utf-8") for path in decks.glob("*.html"))
    assert text.count("<details open><summary>Show the answer") >= 15
    assert "<details><summary>Show the answer" not in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_section_begins_with_its_heading(path):
    """The deck repeats it at the top of the slides that follow."""
    begins = [cell.source for cell in shown(path) if slide_type(cell) == "slide"]
    assert all(source.startswith("#") for source in begins)
