"""The glossary on the pages: its terms are links, and the search puts first where one is taught."""

import functools
import json
import re

OTHER = ("bit", "bias")  # words that mean other things as well
HEADING = re.compile(r"^### (.+)\n((?:.+\n)+)", re.MULTILINE)
LINKED = re.compile(r"\]\(glossary\.md#([a-z-]+)\)")
# What holds no text that may become a link: code, formulas, links, headings, tables, captions
CLOSED = re.compile(
    r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|!?\[[^\]]*\]\([^)]*\)|<[^>]*>"
    r"|^#.*$|^\|.*$|\*\*.*?\*\*|\*[^*]+\*|^<details.*?</details>",
    re.MULTILINE | re.DOTALL,
)
SCORER = """// Sphinx's scores, but first comes the notebook that teaches the term.
const charrnnTaught = %s;
var Scorer = {
  score: ([page, title, anchor, description, score]) => {
    const query = new URLSearchParams(location.search).get("q") ?? "";
    const words = query.trim().toLowerCase().replace(/-/g, " ");
    const taught = charrnnTaught[words] ?? charrnnTaught[words.replace(/s$/, "")];
    return page === taught && !anchor ? score + 100 : score;
  },
  objNameMatch: 11, objPartialMatch: 6, objPrio: { 0: 15, 1: 5, 2: -5 }, objPrioDefault: 0,
  title: 15, partialTitle: 7, term: 5, partialTerm: 2,
};
"""


def taught(glossary):
    """Return, for each term of the glossary, the notebook that it names first."""
    return {
        term: re.search(r"\]\((\w+)\.ipynb\)", text)[1] for term, text in HEADING.findall(glossary)
    }


def scorer(glossary):
    """Return the script that ranks the results of a search."""
    pages = {term.replace("-", " "): f"notebooks/{name}" for term, name in taught(glossary).items()}
    return SCORER % json.dumps(pages)


def with_terms(notebook, glossary):
    """Make each term, at its first use in a notebook, a link to the glossary, unless it has one."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    prose = [cell for cell in cells if not re.search("You will learn|<div|<form", cell.source)]
    linked = {name for cell in cells for name in LINKED.findall(cell.source)}
    known = taught(glossary)
    terms = [t for t in known if t.replace(" ", "-") not in linked and t not in OTHER]
    for term in sorted(terms, key=len, reverse=True):  # of two that overlap, the longer
        spaced = r"\s".join(term.split())
        words = re.compile(rf"\b{spaced}(?:s|es)?\b", re.IGNORECASE)
        for cell in prose:
            source = with_link(cell.source, words, term.replace(" ", "-"))
            if source != cell.source:
                cell.source = source
                break
    for cell in cells:
        cell.source = with_titles(cell.source, glossary)
    return notebook


@functools.cache
def meanings(glossary):
    """Return what the terms mean, in words alone: those with a parenthesis are left out."""
    found = {
        term.replace(" ", "-"): re.sub(r"\s*\(\[.*|[$`*\\\"]", "", " ".join(text.split()))
        for term, text in HEADING.findall(glossary)
    }
    return {name: meaning for name, meaning in found.items() if "(" not in meaning}


def with_titles(source, glossary):
    """Return a text whose links to the glossary say what the term means when pointed at."""
    for name, meaning in meanings(glossary).items():
        if f"](glossary.md#{name})" in source:
            link = f'](glossary.md#{name} "{meaning}")'
            source = source.replace(f"](glossary.md#{name})", link)
    return source


def with_link(source, words, name):
    """Return a text whose first match, outside of what is closed, is a link to the glossary."""
    closed = [found.span() for found in CLOSED.finditer(source)]
    for found in words.finditer(source):
        if not any(a < found.end() and found.start() < b for a, b in closed):
            link = f"[{found[0]}](glossary.md#{name})"
            return source[: found.start()] + link + source[found.end() :]
    return source
