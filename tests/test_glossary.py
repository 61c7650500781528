"""The glossary and the notation: each term is defined once, and the chapters link to it."""

import re

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tools.course import NOTEBOOKS, ROOT
from web import terms

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


def page(*texts):
    return new_notebook(cells=[new_markdown_cell(text) for text in texts])


def test_on_a_page_a_term_is_a_link_at_its_first_use():
    glossary = "### batch\nB ([n](01_a.ipynb)).\n\n### batch size\nS ([n](02_b.ipynb)).\n"
    notebook = page(
        "# Batch\n\nThe `batch` and $batch$.", "Batches have a *batch*, a batch\nsize, a batch."
    )
    found = [cell.source for cell in terms.with_terms(notebook, glossary).cells]
    assert found == [
        "# Batch\n\nThe `batch` and $batch$.",
        '[Batches](glossary.md#batch "B") have a *batch*, '
        'a [batch\nsize](glossary.md#batch-size "S"), a batch.',
    ]


def test_a_term_that_has_a_link_gets_no_second_one():
    glossary = "### batch\nB ([n](01_a.ipynb)).\n"
    text = "A batch. A **[batch](glossary.md#batch)** is this."
    titled = text.replace("#batch", '#batch "B"')  # what it means, when pointed at
    assert terms.with_terms(page(text), glossary).cells[0].source == titled


def test_nearly_every_term_says_on_a_page_what_it_means():
    text = " ".join(f"[t](glossary.md#{term.replace(' ', '-')})" for term in TERMS)
    titles = re.findall(r'\(glossary\.md#[a-z-]+ "([^"]+)"\)', terms.with_titles(text, GLOSSARY))
    assert len(titles) > 0.8 * len(TERMS) and not any(c in "".join(titles) for c in "$`*[]")


def test_the_search_knows_where_each_term_is_taught():
    found = terms.taught(GLOSSARY)
    assert list(found) == list(TERMS)
    assert found["exploding gradient"] == "05_gradient_clipping"
    assert all((ROOT / "notebooks" / f"{name}.ipynb").exists() for name in found.values())
