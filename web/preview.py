"""Draw the picture that stands for the edition where it is linked: `python -m web.preview SITE`.

It is the first page while the network writes.  Run this when that page has changed.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools.browser import launch
from web.build import WEB

SIZE = {"width": 1200, "height": 630}  # what sites that show links expect
LETTERS = 150
SEEDED = """let state = 7;
Math.random = () => (state = (state * 16807) % 2147483647) / 2147483647;"""


def draw(site, path):
    """Write the picture of a built site to a PNG file."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport=SIZE, reduced_motion="reduce", color_scheme="light")
        page.add_init_script(SEEDED)
        page.goto((site / "index.html").as_uri())
        page.get_by_role("button", name="Cold").click()
        for _ in range(LETTERS):
            page.get_by_role("button", name="One character").click()
        page.add_style_tag(content=".sidebar-drawer { display: none !important }")
        page.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    draw(Path(sys.argv[1]).absolute(), WEB / "static" / "preview.png")
