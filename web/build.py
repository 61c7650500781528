"""Build the pages of the online edition; `web.site` adds the slides.

The pages are made from the notebooks, the docs, the docstrings, and the documents of the exercises.
"""

import base64
import copy
import html
import importlib.metadata
import itertools
import json
import re
import shutil
from importlib import resources
from pathlib import Path

import nbformat
import torch
from sphinx.cmd.build import main as sphinx

import charrnn_helpers
from charrnn_helpers import checks
from charrnn_helpers.book import story_path
from charrnn_helpers.data import preprocess
from charrnn_helpers.trained import recorded, trained_model
from tools.course import is_folded
from web import links
from web.bag import handout, key, title_of
from web.overview import cards
from web.questions import with_questions
from web.terms import scorer, with_terms

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"]
WORDS = {  # what is said to somebody at a kernel, and what is said here
    "<p>Run this cell, and its controls appear here.</p>": "",
    "Replace the dots with one of these, and run the cell again.": "",
    "Replace the dots with a number, and run the cell again.": "",
    " To go on, run the cell again.": "",
}
COLORS = {  # of verdicts, in the colors of the page, which may be dark
    "color: #111": "color: inherit",
    "background: #f7f7f7": "background: var(--color-background-secondary, #f7f7f7)",
    "background: #e8e8e8": "background: var(--color-background-border, #e8e8e8)",
}
TEXTS = {  # what is asked of somebody who can type a text, and of a reader of a page
    "Then type `listen silent`, and move": "Then choose `listen silent`, and move",
    "Type `Caf\u00e9 No. 9`.": "Choose `Caf\u00e9 No. 9`.",
    "Type a text:": "Choose a text:",
    "Type other words, and move": "Choose other words, and move",
    "Run a cell with **Shift + Enter**. A gray line": "A gray line",
    " Replace the dots with your guess, and run the cell": "",
    " Replace the dots, run the cell, and then the check beneath it, as often as you like.": "",
    "Run `score_with(": "In JupyterLab, run `score_with(",
    "Run the check, and mend the function.": "Mend the function.",
    "This passage comes from the validation part of *The Time Machine*. Click into the field "
    "*your guess*, and type how it goes on. If you are stuck, type `?`, and the remaining letters "
    "are tried for you, common ones first; each counts as a guess.": (
        "In JupyterLab, you play on the validation part of *The Time Machine*, until you find each "
        "character. Here, you have one guess for each, and the network guesses, too."
    ),
    "Find a hundred characters, which takes about ten minutes; from fifty on, you are on the "
    "board. Your score, two bounds in bits per character, is explained at the end.": (
        "There, a hundred characters take about ten minutes, and put you on the board at the end."
    ),
    "Try to find a beginning that leads elsewhere: we found none": (
        "We looked for a beginning that leads elsewhere, and found none"
    ),
    " `interact` turns the arguments of a function into sliders, and calls the function whenever "
    "you move one. At which settings do you like the story best?": "",
    "Type a beginning of your own, and move": "Choose another beginning, and move",
}
LIVE = {  # the demos of the notebooks that run in the page as well, and what is said above them
    "continuation": ("writer", "Here you can try it yourself:"),
    "guessing_game": ("game", "Here you can play against the network that notebook 6 trains:"),
    "next_character": ("writer", "Here you can write with the network of this notebook:"),
}
ANSWER = r" Answer `\"[^.]*\."  # the form lists the answers
SHADES = r"\b(black|white|dark|darker|darkest)\b"
LENGTH = 4000  # characters of the story, for the guessing game


def sources(folder, paper=False):
    """Gather everything that Sphinx reads, with the paths as in the repository."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(WEB, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "grids"))
    shutil.copy(WEB / "conf.py", folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    for name in PAGES:
        shutil.copy(ROOT / name, folder)
    book = folder / "charrnn_helpers" / "book"
    book.mkdir(parents=True)
    shutil.copy(ROOT / "charrnn_helpers" / "book" / "README.md", book)
    exercises = Path("charrnn_helpers", "checks", "exercises")
    (folder / exercises).mkdir(parents=True)
    for path in (ROOT / exercises).glob("*.md"):
        text = path.read_text(encoding="utf-8")
        page = folder / exercises / path.name
        page.write_text(f"---\norphan: true\nnosearch: true\n---\n\n{text}", encoding="utf-8")
    (folder / "key.md").write_text(key(), encoding="utf-8")
    (folder / "handout.md").write_text(handout(), encoding="utf-8")
    with (folder / "misconceptions.md").open("a", encoding="utf-8") as page:
        page.write(list_of_exercises(exercises))
    with (folder / "docs" / "teaching.md").open("a", encoding="utf-8") as page:
        page.write("\nIn this edition: {doc}`the slides and the key </decks>`.\n")
    (folder / "decks.md").write_text(decks(ROOT / "notebooks", paper), encoding="utf-8")
    overview = folder / "course.md"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    text = overview.read_text(encoding="utf-8")
    overview.write_text(
        text.replace("CHAPTERS", cards(readme, ROOT / "notebooks")), encoding="utf-8"
    )
    glossary = (ROOT / "notebooks" / "glossary.md").read_text(encoding="utf-8")
    (folder / "scorer.js").write_text(scorer(glossary), encoding="utf-8")
    for name in ("notebooks", "static/notebooks"):
        (folder / name).mkdir()
    for path in (ROOT / "notebooks").glob("*.md"):  # the glossary and the notation
        shutil.copy(path, folder / "notebooks")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook, number = nbformat.read(path, as_version=4), path.stem[:2]
        download = folder / "static" / "notebooks" / path.name
        nbformat.write(without_outputs(notebook), download)
        page = keep_white(folded(for_readers(notebook)))
        page = with_live_demos(page, number, "../_static")
        page = with_questions(with_terms(page, glossary))
        line = links.line_of(links.links(path.stem, paper, links.repository()))
        page.cells.insert(1, nbformat.v4.new_markdown_cell(line))
        nbformat.write(page, folder / "notebooks" / path.name)
    write_scripts(folder / "static")
    growth = f"const charrnnGrowth = {json.dumps(recorded('growth'))};\n"
    (folder / "static" / "growth.js").write_text(growth, encoding="utf-8")  # for the first page


def decks(folder, paper):
    """Return the page that leads to the slides, the handout, and the key."""
    lines = []
    for path in sorted(folder.glob("*.ipynb")):
        links_of = [f'<a href="slides/{path.stem}.html">slides</a>']
        links_of += [f'<a href="paper/{path.stem}.pdf">paper</a>'] * paper
        lines.append(f"- {html.escape(title_of(path))}: {', '.join(links_of)}")
    return (
        "# Slides and key\n\nA deck opens in a browser; an arrow key goes on, and S shows "
        "your notes.\n\n"
        + "\n".join(lines)
        + "\n\n{doc}`The key <key>` has all answers, and {doc}`the handout "
        "<handout>` all shapes, formulas, and functions. The {doc}`teaching guide <docs/teaching>` "
        "says how to use them.\n"
    )


def write_scripts(static):
    """Write the scripts that are made: controls, weights, formulas, and demos drawn beforehand."""
    show = resources.files(charrnn_helpers) / "show"
    script = (show / "controls.js").read_text(encoding="utf-8")
    (static / "controls.js").write_text(as_script(script), encoding="utf-8")
    (static / "controls.css").write_bytes((show / "controls.css").read_bytes())
    (static / "weights.js").write_text(weights(), encoding="utf-8")
    shutil.copy(mathjax(), static / "mathjax.js")
    (static / "grids").mkdir(exist_ok=True)
    for path in (WEB / "grids").glob("*.json.gz"):
        number = path.name[:2]
        script = f'const charrnnGrids = "{base64.b64encode(path.read_bytes()).decode("ascii")}";\n'
        (static / "grids" / f"{number}.js").write_text(script, encoding="utf-8")


def list_of_exercises(folder):
    """Return, for each notebook, its heading and a list that leads to its exercises.

    A list, and not a table of contents, which every page would repeat in its sidebar.
    """
    parts = []
    for number, exercises in itertools.groupby(checks.EXERCISES, lambda e: e.notebook):
        lines = "\n".join(
            f"- {{doc}}`{(folder / exercise.name).as_posix()}`" for exercise in exercises
        )
        parts.append(f"\n## Notebook {number}\n\n{lines}\n")
    return "".join(parts)


def without_outputs(notebook):
    """Return a copy without outputs and texts of slides, which is a tenth of the size."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.metadata.pop("slide", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def for_readers(notebook):
    """Take out what makes sense only where a cell can be run."""
    notebook.cells = [c for c in notebook.cells if not c.source.startswith("# Needed here: ")]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for word, other in TEXTS.items():
                cell.source = cell.source.replace(word, other)
            cell.source = re.sub(ANSWER, "", cell.source)
        for output in cell.get("outputs", []):
            for kind, text in output.get("data", {}).items():
                if kind.startswith("text/"):
                    for word, other in (WORDS | COLORS).items():
                        text = text.replace(word, other)
                    output.data[kind] = text
    return notebook


def folded(notebook):
    """Fold the same cells on the page, where their first line, a comment, can be clicked."""
    for cell in filter(is_folded, notebook.cells):
        line = cell.source.splitlines()[0].removeprefix("# ")
        cell.metadata.tags = [*cell.metadata.get("tags", []), "hide-input"]
        cell.metadata.mystnb = {"code_prompt_show": line, "code_prompt_hide": line}
    return notebook


def keep_white(notebook):
    """Tag each cell whose picture stays on white, because the text beside it says what is dark."""
    cells = notebook.cells
    for before, cell, after in zip(cells, cells[1:], cells[2:], strict=False):
        beside = "".join(c.source for c in (before, after) if c.cell_type == "markdown")
        if "<img " in str(cell.get("outputs")) and re.search(SHADES, beside, re.IGNORECASE):
            cell.metadata.tags = [*cell.metadata.get("tags", []), "keeps-white"]
    return notebook


def with_live_demos(notebook, number, static):
    """Let the demos of a notebook live in a page: with the model, or drawn beforehand.

    `static` is the address of the scripts.  The metadata `start` of a cell are the places of its
    sliders at first, where they would answer what the text asks.
    """
    cells, place = [], 0
    grids = (WEB / "grids" / f"{number}.json.gz").exists()
    for cell in notebook.cells:
        cells.append(cell)
        explored = re.search(r"^explore\(\s*(\w+),", cell.source, re.MULTILINE)
        if explored and explored[1] in LIVE:
            demo, words = LIVE[explored[1]]
            live = f'<div class="charrnn-live"><p>{words}</p><div data-demo="{demo}"></div></div>'
            cells.append(nbformat.v4.new_markdown_cell(live))
            cell.outputs = []  # a still picture of the same thing
        elif explored and grids:
            script = f'<script src="{static}/grids/{number}.js"></script>\n' if place == 0 else ""
            still = "".join(output["data"]["text/html"] for output in cell.outputs)
            white = "keeps-white" in cell.metadata.get("tags", [])
            kind = "charrnn-drawn charrnn-keeps-white" if white else "charrnn-drawn"
            start = html.escape(json.dumps(cell.metadata.get("start", {})))
            demo = f'<div class="{kind}" data-grid="{place}" data-start="{start}">{still}</div>'
            cells.append(nbformat.v4.new_markdown_cell(script + demo))
            cell.outputs, place = [], place + 1
    notebook.cells = cells
    return notebook


def as_script(module):
    """Turn the module of JupyterLab's controls into a script, which a page on a disk can load."""
    assert module.count("export default { render };") == 1
    return "const charrnnControls = (() => {\n" + module.replace(
        "export default { render };", "return { render };\n})();"
    )


def mathjax():
    """Return the path of MathJax in one file, as a package brings it along."""
    name = "sphinx-mathjax-offline"
    return next(f.locate() for f in importlib.metadata.files(name) if f.name == "tex-svg.js")


def weights():
    """Return a script that holds the shipped model's weights, its vocabulary, and a text."""
    model, vocab = trained_model()
    tensors = {name.removeprefix("rnn."): p.detach() for name, p in model.named_parameters()}
    numbers = torch.cat([tensor.flatten() for tensor in tensors.values()]).numpy()
    content = {
        "vocab": vocab.idx_to_token,
        "shapes": {name: list(tensor.shape) for name, tensor in tensors.items()},
        "numbers": base64.b64encode(numbers.astype("<f4").tobytes()).decode("ascii"),
        "text": preprocess(story_path().read_text(encoding="utf-8"))[:LENGTH],
    }
    return f"const charrnnWeights = {json.dumps(content)};\n"


def build(folder, paper=False):
    """Build the pages into the folder; return Sphinx's exit code, which is not 0 for a warning."""
    source = folder.with_name(f"{folder.name}-source")
    sources(source, paper)
    trees = folder.with_name(f"{folder.name}-trees")
    options = ["-q", "-a", "-E", "-W", "--keep-going", "-b", "html", "-d", str(trees)]
    return sphinx([*options, str(source), str(folder)])
