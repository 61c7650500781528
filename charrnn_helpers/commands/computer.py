"""Show what works on this computer, what does not, and the remedy.

The exit code is 1 if something does not work.  Nothing is downloaded.  Import-only.
"""

import importlib.metadata
import os
import platform
import sys
from typing import NamedTuple

import torch
from packaging.requirements import Requirement

from charrnn_helpers.book import load_time_machine
from charrnn_helpers.book.find import cache_path, is_the_book
from charrnn_helpers.checks.logbook import logbook_path
from charrnn_helpers.show.cockpit import click_problems

WORDS = {"good": "ok", "note": "note", "bad": "FAILED"}  # plain letters, for any terminal


class Finding(NamedTuple):
    """One line of the report: what was found, and whether it is good, bad, or worth a note."""

    kind: str
    text: str


def add(parser):
    pass  # there is nothing to choose


def run(arguments):
    kinds = []
    for look in (python, packages, clicks, kernel, pytorch, book, cache, progress):
        finding = look()
        kinds.append(finding.kind)
        print(f"{WORDS[finding.kind]:6} {finding.text}", flush=True)
    bad = kinds.count("bad")
    print(f"{bad} of {len(kinds)} checks failed." if bad else "The course works here.")
    return 1 if bad else 0


def python():
    return Finding("good", f"Python {platform.python_version()}, {platform.platform()}")


def packages():
    """Compare the installed packages with those that the course needs."""
    wrong = []
    for line in importlib.metadata.requires("charrnn-helpers"):
        needed = Requirement(line)
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue
        try:
            there = importlib.metadata.version(needed.name)
        except importlib.metadata.PackageNotFoundError:
            there = "none"
        if there == "none" or not needed.specifier.contains(there, prereleases=True):
            wrong.append(f"{needed.name}{needed.specifier} (installed: {there})")
    if wrong:
        return Finding("bad", f"packages: install {', '.join(wrong)} with pip or conda")
    return Finding("good", "packages: all are there, in the versions that the course needs")


def clicks():
    problems = click_problems()
    return Finding("bad" if problems else "good", " ".join(problems) or "sliders and buttons work")


def kernel():
    """Start a kernel, as JupyterLab does, and let it compute something."""
    try:
        from jupyter_client.manager import start_new_kernel  # here: it is not there without Jupyter

        manager, client = start_new_kernel(60, extra_arguments=QUIET)
    except Exception as error:  # whatever it is, notebooks will not run
        return Finding("bad", f"kernel: it does not start ({error}); {INSTALL_KERNEL}")
    try:
        reply = client.execute_interactive("1 + 1", silent=True, timeout=60)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if reply["content"]["status"] == "ok":
        return Finding("good", "kernel: it starts and computes")
    return Finding("bad", f"kernel: it starts, but does not compute; {INSTALL_KERNEL}")


INSTALL_KERNEL = "run python -m ipykernel install --sys-prefix"
QUIET = ["--IPKernelApp.log_level=40"]


def pytorch():
    """Tell the version and the device; name the smaller build where it would help."""
    text = f"PyTorch {torch.__version__}"
    if torch.cuda.is_available():
        return Finding("good", f"{text}, GPU {torch.cuda.get_device_name()}")
    if torch.version.cuda and sys.platform == "linux":
        return Finding("note", f"{text}; it has GPU libraries, but there is no GPU. {SMALLER}")
    return Finding("good", f"{text}, no GPU (the course does not need one)")


SMALLER = "The build for CPUs takes several gigabytes less; docs/handbook.md says how to install it"


def book():
    named = os.environ.get("CHARRNN_TEXT")
    if named:
        try:
            return Finding("good", f"text: {len(load_time_machine()):,} characters in {named!r}")
        except (OSError, ValueError) as error:
            return Finding("bad", f"text: {error}")
    if is_the_book(cache_path()):
        return Finding("good", "text: the book is in the cache")
    remedy = "notebook 1 will download it; without a network, see python -m charrnn_helpers fetch"
    return Finding("note", f"text: the book is not here yet; {remedy}")


def cache():
    return writable("cache", cache_path().parent, "CHARRNN_CACHE")


def progress():
    return writable("progress", logbook_path().parent, "CHARRNN_PROGRESS")


def writable(what, folder, variable):
    """Tell whether files can be written into the folder, or into one that has to be made for it."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if there.is_dir() and os.access(there, os.W_OK):
        return Finding("good", f"{what}: {str(folder)!r} is writable")
    remedy = f"set the environment variable {variable} to another place"
    return Finding("bad", f"{what}: {str(folder)!r} is not writable; {remedy}")
