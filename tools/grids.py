"""Draw the demos of the notebooks beforehand, for pages without Python: `make grids`.

A demo is a pure function of its controls, so a page can show it for each position of its sliders
if all pictures come along.  They share most of their parts, and take little room.  A text field
becomes a choice among some texts.  `web/grids/NN.json.gz` holds the demos of notebook NN.
"""

import contextlib
import gzip
import io
import itertools
import json
import re
import sys
from pathlib import Path

import nbformat

from charrnn_helpers import lesson
from charrnn_helpers.atomic import write_whole
from charrnn_helpers.show.controls import Button, Keys, Slider, Text, spell
from tools.course import NOTEBOOKS, ROOT

FOLDER = ROOT / "web" / "grids"
LIVE = {"continuation", "guessing_game", "next_character"}  # these run in the page, with the model
EXAMPLES = {  # {function: texts to choose from, besides the one in the notebook}
    "journey": ["listen silent", "Caf\u00e9 No. 9", "i saw the machine"],
    "growing_contexts": ["the machine", "traveller", "aaaa"],
    "hand_memory": ["to be or not to be", "the end of the tale", "a b c d"],
    "circle": ["it was ", "weena ", "i saw the machine ", "xyz "],
    "one_round": ["a" * 41, "b" + 8 * "hgfed", "hgadbecgah"],
}


def demos_of(path):
    """Run the cells that a notebook's demos need; return [(function, title, arguments)]."""
    cells = list(lesson.read(nbformat.read(path, as_version=4).cells))
    namespace, found = {"__name__": "__main__"}, []

    def note(function, title, **arguments):
        found.append((function, title, arguments))

    for k, cell in enumerate(cells):
        if re.search(r"^explore\(", cell.source, re.MULTILINE):
            before = [other._replace(section="before") for other in cells[:k]]
            marked = [*before, cell._replace(section="demo")]
            for other in [*lesson.needed(marked, "demo", namespace), cell]:
                namespace["explore"] = note  # an import has put the real one there
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(other.source, str(path), "exec"), namespace)
    return found


def grid(function, title, arguments):
    """Return a demo as {title, spec, now, pieces, pictures}, ready for JSON.

    `pictures` are lists of indices of pieces, one for each position of all controls, the last
    control being the fastest.
    """
    spec, now, axes, fixed = [], {}, {}, {}
    for name, argument in arguments.items():
        if isinstance(argument, Slider):
            labels, kind = [spell(value) for value in argument.values], "slider"
            axes[name], now[name] = list(argument.values), argument.raw(argument.value)
        elif isinstance(argument, Text):
            axes[name] = labels = [argument.value, *EXAMPLES[function.__name__]]
            kind, now[name] = "choice", 0
        elif isinstance(argument, (Keys, Button)):
            raise ValueError(f"{title}: {name} cannot be drawn beforehand")
        else:
            fixed[name] = argument
            continue
        spec.append({"kind": kind, "name": name, "label": argument.label, "labels": labels})
    pieces, pictures = {}, []
    for values in itertools.product(*axes.values()):
        picture = function(**fixed, **dict(zip(axes, values, strict=True))).inline()
        parts = re.split(r"(?<=>)", picture)
        pictures.append([pieces.setdefault(part, len(pieces)) for part in parts])
    return {"title": title, "spec": spec, "now": now, "pieces": list(pieces), "pictures": pictures}


def write(path):
    """Write the grids of a notebook; return the size of the file, or None if it has no demos."""
    demos = [demo for demo in demos_of(path) if demo[0].__name__ not in LIVE]
    if not demos:
        return None
    content = json.dumps([grid(*demo) for demo in demos], separators=(",", ":")).encode()
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"{path.stem[:2]}.json.gz"
    write_whole(file, gzip.compress(content, 9, mtime=0))
    return file.stat().st_size


if __name__ == "__main__":
    for notebook in NOTEBOOKS:
        if len(sys.argv) < 2 or notebook.stem[:2] in sys.argv[1:]:
            print(f"{Path(notebook).stem}: {write(notebook)} bytes", flush=True)
