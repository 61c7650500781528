"""Show what works on this computer, what does not, and the remedy.

The exit code is 1 if something does not work.  Nothing is downloaded.
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
from charrnn_helpers.logbook import logbook_path
from charrnn_helpers.show.cockpit import click_problems

SMALLER = "The build for CPUs takes several gigabytes less; docs/handbook.md says how to install it"


class Finding(NamedTuple):
    """One line of the report: a word, which is "ok", "note", or "FAILED", and what was found."""

    word: str
    text: str


def add(parser):
    pass  # there is nothing to choose


def run(arguments):
    words = []
    for finding in findings():
        words.append(finding.word)
        print(f"{finding.word:6} {finding.text}", flush=True)
    bad = words.count("FAILED")
    print(f"{bad} of {len(words)} checks failed." if bad else "The course works here.")
    return 1 if bad else 0


def findings():
    yield Finding("ok", f"Python {platform.python_version()}, {platform.platform()}")
    yield packages()
    problems = click_problems()
    text = " ".join(problems) or "sliders and buttons work"
    yield Finding("FAILED" if problems else "ok", text)
    yield kernel()
    yield pytorch()
    yield book()
    yield writable("cache", cache_path().parent, "CHARRNN_CACHE")
    yield writable("progress", logbook_path().parent, "CHARRNN_PROGRESS")


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
        return Finding("FAILED", f"packages: install {', '.join(wrong)} with pip or conda")
    return Finding("ok", "packages: all are there, in the versions that the course needs")


def kernel():
    """Start a kernel, as JupyterLab does, and let it compute something."""
    try:
        from jupyter_client.manager import run_kernel  # here: it is not there without Jupyter

        options = ["--IPKernelApp.log_level=40"]  # it prints nothing but errors
        with run_kernel(startup_timeout=60, extra_arguments=options) as client:
            client.execute_interactive("1 + 1", silent=True, timeout=60)
    except Exception as error:  # whatever it is, notebooks will not run
        remedy = "run python -m ipykernel install --sys-prefix"
        return Finding("FAILED", f"kernel: it does not work ({error}); {remedy}")
    return Finding("ok", "kernel: it starts and computes")


def pytorch():
    """Tell the version and the device; name the smaller build where it would help."""
    text = f"PyTorch {torch.__version__}"
    if torch.cuda.is_available():
        return Finding("ok", f"{text}, GPU {torch.cuda.get_device_name()}")
    if torch.version.cuda and sys.platform == "linux":
        return Finding("note", f"{text}; it has GPU libraries, but there is no GPU. {SMALLER}")
    return Finding("ok", f"{text}, no GPU (the course does not need one)")


def book():
    named = os.environ.get("CHARRNN_TEXT")
    if named:
        try:
            return Finding("ok", f"text: {len(load_time_machine()):,} characters in {named!r}")
        except (OSError, ValueError) as error:
            return Finding("FAILED", f"text: {error}")
    if is_the_book(cache_path()):
        return Finding("ok", "text: the book is in the cache")
    remedy = "notebook 1 will download it; without a network, see python -m charrnn_helpers fetch"
    return Finding("note", f"text: the book is not here yet; {remedy}")


def writable(what, folder, variable):
    """Tell whether files can be written into the folder, or into one that has to be made for it."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if there.is_dir() and os.access(there, os.W_OK):
        return Finding("ok", f"{what}: {str(folder)!r} is writable")
    remedy = f"set the environment variable {variable} to another place"
    return Finding("FAILED", f"{what}: {str(folder)!r} is not writable; {remedy}")
