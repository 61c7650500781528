"""The notebooks as they come with the course, and a way to begin one at a later section.

In class, nobody runs every cell.  At the head of a section, `catch_up("Perplexity")` looks up which
names the cells of the section read, which of them the kernel lacks, and which earlier cells define
or change these.  Those cells are run, in their order, as they stand in the notebook of the course.
"""

import ast
import builtins
import dis
import json
import types
from pathlib import Path
from typing import NamedTuple

from IPython import get_ipython
from IPython.utils.capture import capture_output

import charrnn_helpers


def notebooks():
    """Return the notebooks and their glossary {name: bytes}, from the wheel or the repository."""
    package = Path(charrnn_helpers.__file__).parent
    inside, beside = package / "notebooks", package.parent / "notebooks"
    folder = inside if inside.is_dir() else beside
    paths = sorted([*folder.glob("*.ipynb"), *folder.glob("*.md")])
    return {path.name: path.read_bytes() for path in paths}


class Cell(NamedTuple):
    """A cell of code, and the section in which it stands."""

    source: str
    section: str


def catch_up(section):
    """Run the earlier cells that a section needs, where the kernel lacks their names.

    Raises ValueError if no notebook has such a section, or more than one, and RuntimeError outside
    of a notebook.  What the cells print and draw is not shown.
    """
    shell = get_ipython()
    if shell is None:
        raise RuntimeError("catch_up() runs cells of a notebook; call it in a notebook")
    cells = cells_of(section)
    lacking = needed(cells, section, shell.user_ns.keys())
    for cell in lacking:
        with capture_output():
            shell.run_cell(cell.source, store_history=False).raise_error()
    if lacking:
        sections = dict.fromkeys(cell.section for cell in lacking if cell.section)
        where = f", from {', '.join(sections)}" if sections else ""
        print(f"Earlier cells that were run: {len(lacking)}{where}.")


def cells_of(section):
    """Return the cells of code of the one notebook that has such a section."""
    found = []
    for name, content in notebooks().items():
        if name.endswith(".ipynb"):
            cells = list(read(json.loads(content)["cells"]))
            found += [cells] * any(cell.section == section for cell in cells)
    if len(found) != 1:
        raise ValueError(f"{section!r} is the name of {len(found)} sections; name one (## ...)")
    return found[0]


def read(cells):
    """Yield the cells of code, but not those that call catch_up themselves."""
    section = ""
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            titles = [line[3:] for line in source.splitlines() if line.startswith("## ")]
            section = titles[-1] if titles else section
        elif cell["cell_type"] == "code" and "catch_up(" not in source:
            yield Cell(source, section)


def needed(cells, section, known):
    """Return the cells before a section that must be run, if the names in `known` are there."""
    known = {*known, *vars(builtins)}
    wanted, chosen = taken(cells, section) - known, []
    at = [cell.section for cell in cells].index(section)
    for cell in reversed(cells[:at]):
        stored, loaded = stored_and_loaded(cell.source)
        if wanted & (stored | changed(cell.source)):
            chosen.insert(0, cell)
            wanted = wanted - stored | loaded - known
    return chosen


def taken(cells, section):
    """Return the names that the cells of a section read, and do not define before."""
    read, defined = set(), set()
    for cell in cells:
        if cell.section == section:
            stored, loaded = stored_and_loaded(cell.source)
            read |= loaded - defined
            defined |= stored
    return read - vars(builtins).keys()


def stored_and_loaded(source):
    """Return the names that a cell defines, and those of other cells that it reads."""
    stored, loaded, codes = set(), set(), [compile(source, "cell", "exec")]
    for code in codes:  # the cell, and then what is inside it
        for step in dis.get_instructions(code):
            if step.opname.startswith("STORE_NAME"):
                stored.add(step.argval)
            elif step.opname in ("LOAD_NAME", "LOAD_GLOBAL") and step.argval not in stored:
                loaded.add(step.argval)
        codes += [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return stored, loaded


SHOWS = {"print", "show", "explore", "checks", "HTML", "scoreboard"}  # they change no model


def changed(source):
    """Return names that a cell may change without defining them, as `fit(run)` does the run."""
    names, statements = set(), [*ast.parse(source).body]
    for statement in statements:
        if isinstance(statement, (ast.For, ast.While, ast.If, ast.With)):
            statements += [*statement.body, *getattr(statement, "orelse", [])]
        elif isinstance(statement, (ast.AugAssign, ast.Expr)):
            told = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
            names |= set() if told & SHOWS else told
        elif isinstance(statement, ast.Assign):  # scores["GRU"] = loss
            parts = [node for node in statement.targets if not isinstance(node, ast.Name)]
            walked = [node for part in parts for node in ast.walk(part)]
            names |= {node.id for node in walked if isinstance(node, ast.Name)}
    return names
