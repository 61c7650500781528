"""Paper: each notebook as a PDF file, in which nothing is cut off."""

import re

import pytest

from charrnn_helpers import checks
from charrnn_helpers.checks.predictions import PREDICTIONS
from tools.course import NOTEBOOKS
from web import bag
from web.paper import print_pages

pytestmark = [  # one worker builds the site for all; the warnings are those of Sphinx's extensions
    pytest.mark.xdist_group("pages"),
    pytest.mark.filterwarnings("ignore"),
]
WIDTH = 658  # pixels of A4 between its margins
CUT_OFF = """() => [...document.querySelectorAll("pre, .cell_output, .cell_output *, img, table")]
  .filter((box) => box.getBoundingClientRect().right > innerWidth + 1)
  .map((box) => box.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("some", [slice(1), pytest.param(slice(None), marks=pytest.mark.long)])
def test_a_notebook_becomes_a_pdf_with_pages(site, browser, some, tmp_path):
    notebooks = sorted((site / "notebooks").glob("[0-9]*.html"))[some]
    printed = print_pages(browser, notebooks, tmp_path)
    assert len(printed) == len(notebooks)
    for path in printed:
        content = path.read_bytes()
        pages = len(re.findall(rb"/Type /Page\b(?!s)", content))
        assert content.startswith(b"%PDF") and 5 < pages < 80, (path.name, pages)


def test_nothing_is_cut_off(site, browser):
    page = browser.new_page(viewport={"width": WIDTH, "height": 900})
    page.emulate_media(media="print")
    for path in NOTEBOOKS:
        page.goto((site / "notebooks" / f"{path.stem}.html").as_uri())
        assert page.evaluate(CUT_OFF) == [], path.stem
        assert not page.locator(".skip-to-content").is_visible()


def pages_of(path):
    return len(re.findall(rb"/Type /Page\b(?!s)", path.read_bytes()))


def test_the_handout_is_one_page_and_the_key_a_booklet(site, browser, tmp_path):
    key, handout = print_pages(browser, [site / "key.html", site / "handout.html"], tmp_path)
    assert pages_of(handout) == 1 and 10 < pages_of(key) < 40


def test_the_key_answers_every_question():
    key = bag.key()
    for exercise in checks.EXERCISES:
        assert exercise.source.strip() in key, exercise.name
    for asked in PREDICTIONS:
        assert asked.question in key and f"*{asked.shown(asked.answer)}.*" in key, asked.name
    assert key.count("**Open exercises.**") == len(NOTEBOOKS) and "<details" not in key


def test_the_handout_has_the_shapes_and_the_functions():
    handout = bag.handout()
    assert "{" not in re.sub(r"\$.*?\$|`.*?`|H_\{t-1\}", "", handout)
    rows = [line for line in handout.splitlines() if line.startswith("| $")]
    assert len(rows) == bag.ROWS - 1  # one has no symbol
    for name in ("one_hot", "RNNScratch", "clip_gradients", "train", "sample"):
        assert f"- `{name}(" in handout
