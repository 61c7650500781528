"""Build the whole online edition: `python -m web.site [FOLDER] [--paper]`, or `make site`.

The pages, the slides, and with --paper, which needs a Chromium, the PDF files.
"""

import argparse
import base64
import hashlib
import re
from pathlib import Path

from web import build as pages
from web import slides


def build(folder, paper=False):
    """Build the edition into the folder; return Sphinx's exit code, not 0 for a warning."""
    code = pages.build(folder, paper)
    slides.build(folder / "slides", "../_static")
    share_images(folder)
    return code


IMAGE = re.compile(r'"data:image/(png|svg\+xml);base64,([^"]{1000,})"')


def share_images(folder):
    """Put the images of pages and slides into files, which a page and its deck share."""
    images = folder / "_images"
    images.mkdir(exist_ok=True)
    pages = [*(folder / "notebooks").glob("*.html"), *(folder / "slides").glob("*.html")]
    for page in [folder / "course.html", *pages]:
        up = "" if page.parent == folder else "../"

        def as_file(found, up=up):
            content = base64.b64decode(found[2])
            suffix = found[1].removesuffix("+xml")
            name = f"{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
            (images / name).write_bytes(content)
            return f'"{up}_images/{name}"'

        text = page.read_text(encoding="utf-8")
        page.write_text(IMAGE.sub(as_file, text), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(prog="web.site", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=pages.ROOT / "build" / "site")
    parser.add_argument("--paper", action="store_true", help="print the PDF files as well")
    arguments = parser.parse_args()
    folder = arguments.folder.absolute()
    code = build(folder, arguments.paper)
    if arguments.paper:
        from web.paper import print_site  # it needs Playwright

        print_site(folder, folder / "paper")
    print(f"Open {folder / 'index.html'}")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
