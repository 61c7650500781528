"""The plans of the teaching guide work as written, and a section can be begun alone."""

import re

import nbformat
import pytest

from charrnn_helpers import lesson
from tools.course import NOTEBOOKS, ROOT, execute

BY_NUMBER = {int(path.stem[:2]): path for path in NOTEBOOKS}
ALL = {path: list(lesson.read(nbformat.read(path, 4).cells)) for path in NOTEBOOKS}


def plan(title):
    """Return [(number of a notebook, [sections; none for the whole])] of a plan, in its order."""
    text = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
    table = text.split(f"## {title}\n")[1].split("\n## ")[0]
    steps = []
    for row in re.findall(r"^\| *\d.*", table, re.M):
        for number, sections in re.findall(r"\*\*(\d+)\*\*:?([^|*]*(?:\*[^|*]+\*[, ]*)*)", row):
            steps.append((int(number), re.findall(r"\*([^*]+)\*", sections)))
    return steps


def with_cells(path, keep):
    """Return a notebook with the cells of code for which keep(section, cell) is true."""
    notebook, section, kept = nbformat.read(path, as_version=4), "", []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            titles = re.findall(r"^## (.*)", cell.source, re.M)
            section = titles[-1] if titles else section
        elif keep(section, cell):
            kept.append(cell)
    notebook.cells = kept
    return notebook


STEPS = plan("Ninety minutes")
TAUGHT = sorted({number for number, _ in STEPS})


def test_the_plans_name_sections_that_exist():
    assert TAUGHT == [1, 2, 3, 5, 6, 7] and all(sections for _, sections in STEPS)
    assert [number for number, _ in plan("Three times ninety minutes")] == [*range(1, 8)]
    for number, sections in STEPS:
        there = [cell.section for cell in ALL[BY_NUMBER[number]]]
        text = BY_NUMBER[number].read_text(encoding="utf-8")
        assert all(name in there or f"## {name}" in text for name in sections), sections


@pytest.mark.parametrize("number", TAUGHT)
def test_the_plan_works_as_written(number):
    """In a fresh kernel: the imports, and then what the plan names, in its order."""
    path = BY_NUMBER[number]
    named = [name for step, sections in STEPS if step == number for name in sections]
    order = dict.fromkeys(cell.section for cell in ALL[path] if cell.section in named)
    assert list(order) == [name for name in named if name in order]  # as in the notebook
    notebook = with_cells(path, lambda section, cell: section in ("", *named))
    _, problem = execute(path, notebook)
    assert problem is None, problem


NEEDED = [
    (path, section)
    for path in NOTEBOOKS
    for section in re.findall(r'catch_up\(\\"(.*?)\\"\)', path.read_text(encoding="utf-8"))
]


def test_each_section_of_the_plan_that_needs_others_brings_what_it_needs():
    for number, sections in STEPS:
        cells = ALL[BY_NUMBER[number]]
        imports = {c for c in cells if not c.section}
        for name in sections:
            if any(cell.section == name for cell in cells):
                others = set(lesson.needed(cells, name, ())) - imports
                before = sections[: sections.index(name)]
                if {cell.section for cell in others} - {*before}:
                    assert (BY_NUMBER[number], name) in NEEDED, name


SLOW = {"D2L's run": [pytest.mark.long]}


@pytest.mark.parametrize(
    ("path", "section"),
    [pytest.param(*pair, marks=SLOW.get(pair[1], []), id=pair[1]) for pair in NEEDED],
)
def test_a_student_who_has_fallen_behind_can_begin_at_a_section(path, section):
    """In a fresh kernel, the section alone: not even the imports were run."""
    notebook = with_cells(path, lambda where, cell: where == section)
    assert notebook.cells[0].source.startswith("# Needed here: ")
    executed, problem = execute(path, notebook)
    assert problem is None, problem
    assert "Earlier cells that were run: " in str(executed.cells[0].outputs)


@pytest.mark.long
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_section_can_be_begun_alone(path):
    for section in dict.fromkeys(cell.section for cell in ALL[path] if cell.section):
        if sum(section in {c.section for c in cells} for cells in ALL.values()) > 1:
            continue  # "The board" stands in each notebook
        notebook = with_cells(path, lambda where, cell, name=section: where == name)
        start = f"from charrnn_helpers.lesson import catch_up\ncatch_up({section!r})"
        notebook.cells.insert(0, nbformat.v4.new_code_cell(start))
        _, problem = execute(path, notebook)
        assert problem is None, (section, problem)


CELLS = [
    lesson.Cell("import math", ""),
    lesson.Cell("model = [1]", "A"),
    lesson.Cell("other = 5", "A"),
    lesson.Cell("for _ in range(3):\n    model.append(math.pi)", "B"),
    lesson.Cell("scores = {}", "B"),
    lesson.Cell("scores['b'] = model[0]", "C"),
    lesson.Cell("print(other)", "C"),
    lesson.Cell("total = sum(scores.values())", "D"),
]


@pytest.mark.parametrize(
    ("section", "known", "expected"),
    [
        ("A", (), []),
        ("B", (), [0, 1]),
        ("C", (), [0, 1, 2, 3, 4]),
        ("D", (), [0, 1, 3, 4, 5]),
        ("D", ("model",), [4, 5]),
        ("D", ("scores",), []),
    ],
)
def test_what_defines_or_changes_a_name_is_needed(section, known, expected):
    assert lesson.needed(CELLS, section, known) == [CELLS[k] for k in expected]


@pytest.mark.parametrize("section", ["No such section", "The board", ""])
def test_a_section_is_named_by_a_title_that_one_notebook_has(section):
    with pytest.raises(ValueError, match="name one"):
        lesson.cells_of(section)


def test_outside_of_a_notebook_nothing_is_run():
    with pytest.raises(RuntimeError, match="in a notebook"):
        lesson.catch_up("Perplexity")
