"""The slides: each deck opens from a disk, and nothing on a slide is cut off."""

import itertools

import nbformat
import pytest

from tests.course import NOTEBOOKS
from web.slides import build

MEASURE = """async () => {
  await MathJax.startup.promise;
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
    assert len(slides) > 20 and errors == []
    bad = [s for s in slides if s["height"] > 721 or s["width"] > 1281 or not s["cells"]]
    assert bad == []
    page.close()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_cell_says_what_it_is_on_the_slides(path):
    cells = nbformat.read(path, 4).cells
    kinds = [cell.metadata.slideshow.slide_type for cell in cells]
    assert kinds[0] == "slide" and set(kinds) <= {"slide", "subslide", "-", "notes", "skip"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_slide_shows_a_stub_beside_its_answer(path):
    cells = nbformat.read(path, 4).cells
    shown = [c for c in cells if c.metadata.slideshow.slide_type not in ("notes", "skip")]
    for cell, after in itertools.pairwise(shown):
        if "exercise" in cell.metadata.get("tags", []):
            assert after.metadata.slideshow.slide_type in ("slide", "subslide")
