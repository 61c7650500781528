"""Print each notebook, the key, and the handout: `python -m web.paper [FOLDER]`, or `make pdf`.

The pages of the site are printed by a browser, with the site's print style: wrapped code, no
sidebars, page numbers.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools.browser import launch
from web.build import ROOT, build

MARGIN = {"top": "18mm", "bottom": "18mm", "left": "18mm", "right": "18mm"}
NUMBER = (
    '<div style="font-size: 9px; width: 100%; text-align: center">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)


def print_pages(browser, pages, folder):
    """Print pages of a site that has been built; return the paths of the PDF files."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for path in pages:
        page = browser.new_page(color_scheme="light")
        page.goto(path.as_uri())
        page.evaluate("MathJax.startup.promise.then(() => undefined)")
        page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        found.append(folder / f"{path.stem}.pdf")
        page.pdf(
            path=found[-1],
            format="A4",
            margin=MARGIN,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=NUMBER,
        )
        page.close()
    return found


def print_site(site, folder):
    """Print the notebooks, the key, and the handout of a site; return the paths."""
    pages = [*sorted((site / "notebooks").glob("[0-9]*.html")), site / "key.html"]
    with sync_playwright() as playwright:
        return print_pages(launch(playwright), [*pages, site / "handout.html"], folder)


def main(folder):
    """Build the site beside the folder, and print it; return Sphinx's exit code."""
    site = folder.with_name("site")
    code = build(site)
    printed = print_site(site, folder)
    print(f"Printed: {', '.join(path.name for path in printed)}")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "paper"))
