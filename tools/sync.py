"""Copy each definition that changed in the package into its notebook: `make sync`.

The package is the source of truth, and the notebooks quote it.
"""

import ast
import importlib
import inspect
import re

import nbformat

from tools.course import NOTEBOOKS, unfolded

TAUGHT = [  # built, whole
    *["text", "data", "model", "counting", "training", "sampling", "bptt", "reading"],
]


def helpers():
    """Return {name: (module, source)} of every function and class that the notebooks may define."""
    found = {}
    for name in TAUGHT:
        module = importlib.import_module(f"charrnn_helpers.{name}")
        for key, value in vars(module).items():
            if getattr(value, "__module__", None) == module.__name__ and not key.startswith("_"):
                if key in found:
                    raise ValueError(f"both {found[key][0]} and {name} define {key}")
                found[key] = (name, taught(value))
    return found


def taught(value):
    """Return the source of a function or a class without the lines that make it a door."""
    return re.sub(r"^ *@guarded_by\(\w+\)\n", "", inspect.getsource(value), flags=re.M).strip("\n")


def defining(notebook):
    """Yield each cell with top-level definitions, and their names; leave out drafts and stubs."""
    for cell in notebook.cells:
        if cell.cell_type != "code" or {"draft", "exercise"} & set(cell.metadata.get("tags", [])):
            continue
        defined = (ast.FunctionDef, ast.ClassDef)
        names = [n.name for n in ast.parse(cell.source).body if isinstance(n, defined)]
        if names:
            yield cell, names


def main():
    known = helpers()
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        changed = []
        for cell, names in defining(notebook):
            if len(names) == 1 and names[0] in known and unfolded(cell) != known[names[0]][1]:
                cell.source = cell.source.removesuffix(unfolded(cell)) + known[names[0]][1]
                changed += names
        if changed:
            nbformat.write(notebook, path)
            print(f"{path.stem}: {', '.join(changed)}")


if __name__ == "__main__":
    main()
