"""The demos that are drawn beforehand, for pages without Python (`make grids`)."""

import ast
import base64
import gzip
import json
import math
import re

import nbformat
import pytest
from playwright.sync_api import expect

from tools import grids
from tools.course import NOTEBOOKS
from web.build import for_readers

MOST_BYTES = 300_000  # of the demos of a notebook
pages = pytest.mark.xdist_group("pages")  # one worker builds the site for all


def demos_in(path):
    """Return (name of the function, title, cell) of each demo of a notebook."""
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        asked = re.search(r"^explore\(\s*(\w+),\s*(\"[^\"]*\"),", cell.source, re.MULTILINE)
        if cell.cell_type == "code" and asked:
            found.append((asked[1], ast.literal_eval(asked[2]), cell))
    return found


def drawn(path):
    file = grids.FOLDER / f"{path.stem[:2]}.json.gz"
    return json.loads(gzip.decompress(file.read_bytes())) if file.exists() else []


def svg_of(cell):
    """Return the drawing that a notebook keeps of a demo."""
    shown = "".join(output["data"].get("text/html", "") for output in cell.outputs)
    data = re.search(r"data:image/svg\+xml;base64,([^\"]+)", shown)[1]
    return base64.b64decode(data).decode()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_demo_is_drawn_at_each_position(path):
    demos = [demo for demo in demos_in(path) if demo[0] not in grids.LIVE]
    found = drawn(path)
    assert [demo["title"] for demo in found] == [title for _, title, _ in demos]
    for demo in found:
        sizes = [len(control["labels"]) for control in demo["spec"]]
        assert math.prod(sizes) == len(demo["pictures"]) > 1, demo["title"]
        assert all(0 <= demo["now"][c["name"]] < len(c["labels"]) for c in demo["spec"])
        assert all(demo["pieces"][p[0]].startswith("<svg role") for p in demo["pictures"])
        different = {"".join(map(str, picture)) for picture in demo["pictures"]}
        assert len(different) > len(demo["pictures"]) / 2, demo["title"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_they_are_those_of_the_notebook(path):
    """After a change of a demo or of a notebook, `make grids` draws them again."""
    demos = [demo for demo in demos_in(path) if demo[0] not in grids.LIVE]
    for (_, title, cell), demo in zip(demos, drawn(path), strict=True):
        index = 0
        for control in demo["spec"]:
            index = index * len(control["labels"]) + demo["now"][control["name"]]
        picture = "".join(demo["pieces"][piece] for piece in demo["pictures"][index])
        plain = re.sub(r' role="img" aria-label="[^"]*"', "", picture, count=1)
        assert plain == svg_of(cell), f"{title}: run make grids"


def test_they_are_small():
    sizes = {path.name: path.stat().st_size for path in grids.FOLDER.glob("*.gz")}
    print(f"\n{sum(sizes.values()):,} bytes in all, at most {max(sizes.values()):,}")
    assert len(sizes) >= 10 and max(sizes.values()) <= MOST_BYTES
    assert sum(sizes.values()) <= 1_000_000


def test_what_cannot_be_drawn_beforehand_is_named():
    keys = grids.Keys("guess", "", None)
    with pytest.raises(ValueError, match="A game: guesses"):
        grids.grid(None, "A game", {"guesses": keys})


@pages
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("number", ["03", "08"])
def test_on_the_page_a_slider_changes_the_picture(site, browser, number):
    (path,) = (site / "notebooks").glob(f"{number}_*.html")
    context = browser.new_context(offline=True)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    demo = page.locator("[data-grid='0']")
    picture, slider = demo.locator(".charrnn-picture svg"), demo.locator("input").first
    expect(picture).to_have_count(1)
    assert demo.locator("> img").count() == 0
    before = picture.get_attribute("aria-label")
    slider.press("Home")
    slider.press("ArrowRight")
    expect(picture).not_to_have_attribute("aria-label", before)
    assert errors == []
    context.close()


@pages
@pytest.mark.filterwarnings("ignore")
def test_a_text_becomes_a_choice(site, browser):
    (path,) = (site / "notebooks").glob("02_*.html")
    page = browser.new_context(offline=True).new_page()
    page.goto(path.as_uri())
    demo = page.locator("[data-grid='0']")
    picture = demo.locator(".charrnn-picture svg")
    before = picture.get_attribute("aria-label")
    demo.get_by_label("text", exact=True).select_option("to be or not to be")
    expect(picture).not_to_have_attribute("aria-label", before)
    page.context.close()


ASKS = r"(?i:\b(drag|move|type|press|click|run (?:it|the cell|this cell))\b)"
TELLS = r"(?i:\b(to|a|an|any|not|that|can|will|does|update|points?|states?|of|the) )$"
MAY_STAY = {  # what is asked for where the page can do it, and what is said of JupyterLab
    "click on it to see its code": "a fold of the page",
    "Type a beginning of your own. The bars": "the writer lives in the page",
    "Click into the field *your guess*, and type": "the game lives in the page",
    "If you are stuck, type `?`": "the game lives in the page",
    "and press Play": "the cockpit, which needs Python",
    "Replace the dots with your guess, and run the cell": "how a notebook asks",
    "Replace the dots, run the cell, and then": "how a notebook asks",
    "all logits move at once": "what a learning rate does",
    "update of Adam move a weight": "what a learning rate does",
    "whenever you move one": "what a slider of a library does",
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_page_asks_for_nothing_that_it_cannot_do(path):
    """Beside each request stands a demo with a slider; a text is chosen, and not typed."""
    cells = for_readers(nbformat.read(path, as_version=4)).cells
    titles = {
        title: {c["kind"] for c in demo["spec"]}
        for demo in drawn(path)
        for title in [demo["title"]]
    }
    kinds = {cell.id: titles.get(title, set()) for _, title, cell in demos_in(path)}
    for k, cell in enumerate(cells):
        text = cell.source if cell.cell_type == "markdown" else ""
        for words in MAY_STAY:
            text = text.replace(words, "")
        near = set().union(*(kinds.get(c.id, set()) for c in cells[max(0, k - 3) : k + 4]))
        for asked in re.finditer(ASKS, text):
            told = re.search(TELLS, text[: asked.start()])
            can = asked[1].lower() in ("drag", "move") and "slider" in near
            assert told or can, text[max(0, asked.start() - 60) : asked.end() + 60]
