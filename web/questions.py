"""Predictions and exercises on a page: the outcome waits for an answer, and hints unfold."""

import html
import re

from nbformat.v4 import new_markdown_cell
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from charrnn_helpers import checks
from charrnn_helpers.checks.predictions import find
from charrnn_helpers.checks.verdict import with_code

ASK = re.compile(r'checks\.predict\("(\w+)", \.\.\.\)')
REVEAL = re.compile(r'^checks\.reveal\("(\w+)"', re.MULTILINE)
CHECK = re.compile(r"checks\.(\w+)\(my_\w+\)|checks\.(\w+)\(My\w+\)")
ANSWER = re.compile("<summary>Show the answer</summary>(.*?)</details>", re.DOTALL)
RIGHT = re.compile(r"It is (?:&quot;(\w+)&quot; \(([^)]*)\)|(.+?))\.(?: |$)")
PROGRESS = "checks.progress()"
OWN = ""  # style of code: that of the page


def with_questions(notebook):
    """Put a form in place of each prediction, and hints in place of each check that was not run.

    The form says what came out.  The board of progress is left out: it is that of nobody.
    """
    cells, told = [], {}
    for cell in notebook.cells:
        if revealed := REVEAL.search(cell.source):
            told[revealed[1]] = outcome(cell)
    for cell in notebook.cells:
        if cell.source == PROGRESS or cell.source.startswith("## How far are you?"):
            continue
        asked, revealed = ASK.fullmatch(cell.source), REVEAL.search(cell.source)
        checked = CHECK.fullmatch(cell.source)
        if asked:
            cells.append(new_markdown_cell(form(find(asked[1]), told[asked[1]])))
        elif checked:
            cells.append(new_markdown_cell(hints(checks.BY_NAME[checked[1] or checked[2]])))
        else:
            if revealed:  # a class of its element on the page, which page.js looks for
                cell.metadata.tags = [*cell.metadata.get("tags", []), f"outcome-{revealed[1]}"]
            cells.append(cell)
    notebook.cells = cells
    return notebook


def outcome(cell):
    """Take what came out, and why, out of the outputs of a cell, and return it as HTML."""
    (box,) = [
        o for o in cell.outputs if "Show the answer" in o.get("data", {}).get("text/html", "")
    ]
    cell.outputs = [output for output in cell.outputs if output is not box]
    return ANSWER.search(box["data"]["text/html"])[1]


def form(asked, told):
    """Return a form that asks a question; page.js shows the outcome after the answer."""
    right = RIGHT.match(told)
    (key, words, number), why = right.groups(), told[right.end() :]
    if asked.choices:
        rows = [
            f'<label><input type="radio" name="{asked.name}" value="{html.escape(key)}"> '
            f"{html.escape(words)}</label>"
            for key, words in asked.choices.items()
        ]
    else:
        rows = ['<label>A number: <input type="number" step="any"></label>']
    asks = f'data-asks="{asked.name}" data-right="{key or number}" data-near="{asked.tolerance}"'
    return (
        f'<form class="charrnn-question" {asks}><p><strong>Predict before you read on.</strong> '
        f"{with_code(asked.question, OWN)}</p>{''.join(rows)}"
        '<p><button type="submit">Predict</button> <button type="button">Show the outcome</button>'
        '</p><p role="status"></p><p class="charrnn-outcome" hidden><strong>It is: '
        f"{words or number}.</strong> {why}</p></form>"
    )


def marked(text):
    """Return a text with code, emphasis, and formulas as HTML."""
    text = re.sub(r"(?<![*\w])\*([^*\s][^*]*)\*(?!\*)", r"<em>\1</em>", with_code(text, OWN))
    return re.sub(r"\$([^$]+)\$", r'<span class="math">\\(\1\\)</span>', text)


def hints(exercise):
    """Return the hints of an exercise and its model answer, each of which unfolds."""
    parts = [
        f"<details><summary>Hint {k}</summary><p>{marked(hint)}</p></details>"
        for k, hint in enumerate(exercise.document.hints, 1)
    ]
    code = highlight(exercise.source.strip(), PythonLexer(), HtmlFormatter()).strip()
    code = code.replace("\n", "&#10;")  # one line of Markdown
    parts.append(f"<details><summary>A solution</summary>{code}</details>")
    page = f"../charrnn_helpers/checks/exercises/{exercise.name}.html"
    told = (
        "In JupyterLab, a check tells you whether your answer is right, and what is wrong with it."
    )
    known = f'<p>After your own try: <a href="{page}">the mistakes that the check knows</a>.</p>'
    return f'<div class="charrnn-hints"><p>{told}</p>{"".join(parts)}{known}</div>'
