"""The teacher's bag: the key to all questions, and a handout of one page, made from the sources."""

import importlib
import inspect
import re

import nbformat

from charrnn_helpers import checks
from charrnn_helpers.checks.predictions import PREDICTIONS
from charrnn_helpers.lesson import read
from tools.course import NOTEBOOKS, ROOT

TAUGHT = ("text", "data", "model", "counting", "training", "sampling")
GUARDS = {"check_len", "check_shape", "evaluating"}
ROWS = 14  # of the table of symbols: those of notebooks 1 to 7


def title_of(path):
    """Return the title of a notebook, with its number."""
    return nbformat.read(path, as_version=4).cells[0].source.splitlines()[0].lstrip("# ")


def key():
    """Return the key as Markdown: for each notebook, predictions, exercises, and open exercises."""
    parts = [
        "---\norphan: true\nnosearch: true\n---\n\n# Key\n\nFor teachers: the outcome of each "
        "prediction on the book, the model answer of each exercise, and answers to the open "
        "exercises. A check accepts every function that does the same, and its feedback names the "
        "mistake."
    ]
    for path in NOTEBOOKS:
        number = int(path.stem[:2])
        parts.append(f"## {title_of(path)}")
        for asked in PREDICTIONS:
            if asked.notebook == number:
                answer = asked.shown(asked.answer)
                parts.append(f"**Prediction.** {asked.question}\n\n*{answer}.* {asked.why}")
        for exercise in checks.EXERCISES:
            if exercise.notebook == number:
                code = f"```python\n{exercise.source.strip()}\n```"
                parts.append(f"**Exercise `{exercise.name}`: {exercise.title}.**\n\n{code}")
        parts += open_exercises(path)
    return "\n\n".join(parts) + "\n"


def open_exercises(path):
    """Return the open exercises of a notebook, with their answers unfolded."""
    cells = nbformat.read(path, as_version=4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    section = text.split("## Exercises\n")[1].split("\n## ")[0].strip()
    section = re.sub(r"<details>\s*<summary>(\w+)</summary>\n", r"*\1.*\n", section)
    return ["**Open exercises.**", section.replace("</details>", "").strip()]


def handout():
    """Return the handout as Markdown: symbols with their shapes, formulas, and functions."""
    notation = (ROOT / "notebooks" / "notation.md").read_text(encoding="utf-8")
    rows = [line for line in notation.splitlines() if line.startswith("|")][: ROWS + 2]
    functions = "\n".join(f"- `{name}{what}` {text}" for name, what, text in taught_functions())
    page = (ROOT / "web" / "handout.md").read_text(encoding="utf-8")
    return page.replace("{symbols}", "\n".join(rows)).replace("{functions}", functions)


def taught_functions():
    """Yield the name, the arguments, and the first sentence of what notebooks 1 to 7 use."""
    cells = [cell for path in NOTEBOOKS[:7] for cell in read(nbformat.read(path, 4).cells)]
    words = {word for cell in cells for word in re.findall(r"\w+", cell.source)}
    for module in TAUGHT:
        found = importlib.import_module(f"charrnn_helpers.{module}")
        for name, what in vars(found).items():
            if name in words - GUARDS and getattr(what, "__module__", "") == found.__name__:
                names = ", ".join(inspect.signature(what).parameters)
                yield name, f"({names})", inspect.getdoc(what).split("\n")[0]
