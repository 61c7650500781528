"""Build a deck of slides from each notebook: `python -m web.slides [FOLDER]`, or `make slides`.

`web.compose` makes the slides, with notes for the speaker (press S).  A deck opens from a disk,
without a network.
"""

import importlib.resources
import re
import shutil
import sys
from pathlib import Path

import nbformat
import sphinx_revealjs
from nbconvert import SlidesExporter

from web.build import ROOT, WEB, for_readers, with_live_demos, write_scripts
from web.compose import composed

UNUSED = ["*.map", "*.esm.js", "*.eot", "*.ttf", "league-gothic", "preview.png"]
STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)


def build(folder, static="shared/static"):
    """Write the decks into the folder, and beside them what they share; return their paths.

    `static` is the address of the scripts, if they are not to be brought along.
    """
    shared, unused = folder / "shared", shutil.ignore_patterns(*UNUSED)
    shutil.rmtree(folder, ignore_errors=True)
    reveal = importlib.resources.files(sphinx_revealjs) / "_static" / "revealjs"
    for part in ("dist", "plugin/notes"):
        shutil.copytree(reveal / part, shared / "reveal" / part, ignore=unused)
    if static == "shared/static":
        shutil.copytree(WEB / "static", folder / static, ignore=unused)
        write_scripts(folder / static)
    shutil.copy(WEB / "deck" / "deck.css", shared)
    exporter = SlidesExporter(
        template_name="deck",
        extra_template_basedirs=[str(WEB)],
        reveal_url_prefix="shared/reveal",
        reveal_theme="white",  # its fonts are in its folder
    )
    decks = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = for_readers(nbformat.read(path, as_version=4))
        notebook = composed(with_live_demos(notebook, path.stem[:2], static))
        resources = {"metadata": {"name": path.stem}}
        if static != "shared/static":  # the deck is a part of the edition
            resources["chapter"] = f"../notebooks/{path.stem}.html"
        text, _ = exporter.from_notebook_node(notebook, resources)
        text = text.replace('"STATIC/', f'"{static}/')
        style = "\n".join(STYLE.findall(text))  # a quarter of a megabyte, the same in each deck
        (shared / "notebook.css").write_text(style, encoding="utf-8")
        text = STYLE.sub("", text)
        text = text.replace("<head>", '<head><link rel="stylesheet" href="shared/notebook.css">', 1)
        decks.append(folder / f"{path.stem}.html")
        decks[-1].write_text(text, encoding="utf-8")
    return decks


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "slides"
    print(f"Open {build(where)[0]}")
