"""The glossary and the notation: each term is defined once, and the chapters link to it."""

import re

import nbformat
import pytest

from tools.course import NOTEBOOKS, ROOT

GLOSSARY = (ROOT / "notebooks" / "glossary.md").read_text(encoding="utf-8")
TERMS = dict(re.findall(r"^### (.+)\n((?:.+\n)+)", GLOSSARY, re.M))
LINK = r"\]\(glossary\.md#([a-z-]+)\)"


def linked(path):
    """Return the terms that a notebook links to, in order."""
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return [name.replace("-", " ") for name in re.findall(LINK, text)]


def test_the_terms_are_sorted_and_their_names_work_as_links_everywhere():
    """JupyterLab, GitHub, and the site agree on the link to a heading in small letters."""
    assert list(TERMS) == sorted(TERMS)
    assert all(re.fullmatch(r"[a-z]+([ -][a-z]+)*", term) for term in TERMS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_every_link_into_the_glossary_leads_to_a_term(path):
    known = {term.replace("-", " ") for term in TERMS}
    found = linked(path)
    assert found and set(found) <= known, set(found) - known
    assert len(found) == len(set(found))  # at the first use in a chapter, and then no more


@pytest.mark.parametrize("term", TERMS)
def test_the_notebook_that_a_term_names_links_to_it(term):
    named = re.findall(r"\]\((\d\d_\w+\.ipynb)\)", re.sub(r"\s+", " ", TERMS[term]))
    assert named
    for name in named:
        path = ROOT / "notebooks" / name
        assert term.replace("-", " ") in linked(path), name
