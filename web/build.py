"""Build the online edition: `python -m web.build [FOLDER]`, or `make site`.

The pages are made from the notebooks, the docs, the docstrings, and the documents of the exercises.
"""

import base64
import importlib.metadata
import itertools
import json
import re
import shutil
import sys
from importlib import resources
from pathlib import Path

import nbformat
import torch
from sphinx.cmd.build import main as sphinx

import charrnn_helpers
from charrnn_helpers import checks
from charrnn_helpers.book import story_path
from charrnn_helpers.data import preprocess
from charrnn_helpers.trained import trained_model
from tools.course import is_folded

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"]
WORDS = {  # what is said to somebody at a kernel, and what is said here
    "<p>Run this cell, and its controls appear here.</p>": "",
    "Replace the dots with one of these, and run the cell again.": "",
    "Replace the dots with a number, and run the cell again.": "",
    "No prediction was made.</strong> Go back to the question, and answer it first.": (
        "The outcome:</strong>"
    ),
}
LIVE = {  # the demos of the notebooks that run in the page as well, and what is said above them
    "continuation": ("writer", "You can try it here, too. The trained network runs in this page."),
    "guessing_game": ("game", "Here you can play against the network that notebook 6 trains:"),
    "next_character": ("writer", "The network of this notebook also runs in this page:"),
}
LENGTH = 4000  # characters of the story, for the guessing game


def sources(folder):
    """Gather everything that Sphinx reads, with the paths as in the repository."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(WEB, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
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
        shutil.copy(path, folder / exercises)
    with (folder / "misconceptions.md").open("a", encoding="utf-8") as page:
        page.write(list_of_exercises(exercises))
    (folder / "notebooks").mkdir()
    for path in (ROOT / "notebooks").glob("*.md"):  # the glossary and the notation
        shutil.copy(path, folder / "notebooks")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        page = with_live_demos(folded(for_readers(notebook)))
        nbformat.write(page, folder / "notebooks" / path.name)
    show = resources.files(charrnn_helpers) / "show"
    script = (show / "controls.js").read_text(encoding="utf-8")
    static = folder / "static"
    (static / "controls.js").write_text(as_script(script), encoding="utf-8")
    (static / "controls.css").write_bytes((show / "controls.css").read_bytes())
    (static / "weights.js").write_text(weights(), encoding="utf-8")
    shutil.copy(mathjax(), static / "mathjax.js")


def list_of_exercises(folder):
    """Return, for each notebook, its heading and a list that leads to its exercises."""
    parts = []
    for number, exercises in itertools.groupby(checks.EXERCISES, lambda e: e.notebook):
        paths = "\n".join((folder / exercise.name).as_posix() for exercise in exercises)
        parts.append(f"\n## Notebook {number}\n\n```{{toctree}}\n:maxdepth: 1\n\n{paths}\n```\n")
    return "".join(parts)


def for_readers(notebook):
    """Take out of the outputs what makes sense only where a cell can be run."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for kind, text in output.get("data", {}).items():
                if kind.startswith("text/"):
                    for word, other in WORDS.items():
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


def with_live_demos(notebook):
    """Put a demo that runs in the page below the pictures of those in the notebook."""
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        explored = re.search(r"^explore\(\s*(\w+),", cell.source, re.MULTILINE)
        if explored and explored[1] in LIVE:
            demo, words = LIVE[explored[1]]
            html = f'<div class="charrnn-live"><p>{words}</p><div data-demo="{demo}"></div></div>'
            cells.append(nbformat.v4.new_markdown_cell(html))
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


def build(folder):
    """Build the site into the folder; return Sphinx's exit code, which is not 0 for a warning."""
    source = folder.with_name(f"{folder.name}-source")
    sources(source)
    return sphinx(["-q", "-W", "--keep-going", "-b", "html", str(source), str(folder)])


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site"
    code = build(where)
    print(f"Open {where / 'index.html'}")
    sys.exit(code)
