"""A Chromium: for the pages that are printed, and for the tests in a real browser."""

import os
import shutil
from pathlib import Path

BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
FLAGS = ["--disable-gpu", "--disable-background-networking", "--no-first-run"]


def find_browser(playwright):
    """Playwright's own Chromium or an installed one; None if there is neither."""
    own = playwright.chromium.executable_path
    if own and Path(own).is_file():
        return own
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def launch(playwright):
    """Start it, or end the program and say what is missing."""
    executable = find_browser(playwright)
    if executable is None:
        raise SystemExit("There is no Chromium: install Debian's chromium, or run `make browser`.")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    flags = [*FLAGS, "--no-sandbox"] if root else FLAGS
    return playwright.chromium.launch(executable_path=executable, args=flags)
