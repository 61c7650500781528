"""Build a deck of slides from each notebook: `python -m web.slides [FOLDER]`, or `make slides`.

The metadata of a cell say whether it begins a slide, continues one, is a note for the speaker
(press S), or is left out.  A deck opens from a disk, without a network.
"""

import shutil
import sys
from importlib import resources
from pathlib import Path

import sphinx_revealjs
from nbconvert import SlidesExporter

from web.build import NOTE, ROOT, WEB, mathjax


def build(folder):
    """Write the decks into the folder, and beside them what they share; return their paths."""
    shared = folder / "shared"
    shutil.rmtree(folder, ignore_errors=True)
    reveal = resources.files(sphinx_revealjs) / "_static" / "revealjs"
    for part in ("dist", "plugin/notes"):
        shutil.copytree(reveal / part, shared / "reveal" / part)
    shutil.copy(mathjax(), shared / "mathjax.js")
    shutil.copy(WEB / "deck" / "deck.css", shared)
    exporter = SlidesExporter(
        template_name="deck",
        extra_template_basedirs=[str(WEB)],
        reveal_url_prefix="shared/reveal",
        reveal_theme="white",  # its fonts are in its folder
    )
    decks = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        text, _ = exporter.from_filename(str(path))
        decks.append(folder / f"{path.stem}.html")
        decks[-1].write_text(text.replace(NOTE, ""), encoding="utf-8")
    return decks


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "slides"
    print(f"Open {build(where)[0]}")
