"""The notebooks where the notebook system is given and must not be replaced, as on Colab."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from charrnn_helpers.book.find import story_path
from tests.conftest import BOOK_PATH
from tools.course import ROOT

pytestmark = pytest.mark.long

GIVEN = ["ipykernel==6.17.*", "ipython==7.34.*", "ipywidgets==7.7.*"]  # as on Colab
VERSIONS = "import ipykernel, IPython, ipywidgets as w; " + (
    "print(ipykernel.__version__, IPython.__version__, w.__version__)"
)
START = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A Python with such a kernel, and a folder in which Jupyter finds it as `python3`.

    What is not of the notebook system comes from this environment, so that it is not downloaded.
    """
    place = tmp_path_factory.mktemp("given") / "environment"
    venv.create(place, with_pip=True, symlinks=os.name != "nt")
    scheme = {"base": str(place), "platbase": str(place)}
    python = Path(sysconfig.get_path("scripts", "venv", scheme)) / Path(sys.executable).name
    packages = Path(sysconfig.get_path("purelib", "venv", scheme))
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *GIVEN], check=True)
    others = f"{ROOT}\n{sysconfig.get_path('purelib')}\n"  # after those of the environment
    (packages / "others.pth").write_text(others, encoding="utf-8")
    spec = place / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    kernel = {"argv": [str(python), *START], "language": "python", "display_name": "given"}
    (spec / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
    return python, place / "jupyter"


def test_all_notebooks_run_with_an_old_kernel(given, tmp_path):
    python, jupyter = given
    found = subprocess.run([python, "-c", VERSIONS], capture_output=True, encoding="utf-8").stdout
    assert [version.rsplit(".", 1)[0] for version in found.split()] == ["6.17", "7.34", "7.7"]
    environment = os.environ | {
        "JUPYTER_PATH": str(jupyter),
        "CHARRNN_TEXT": str(BOOK_PATH or story_path()),
    }
    command = [sys.executable, "-m", "tools.course", str(tmp_path / "build")]
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    print(run.stdout)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


def test_the_cockpit_says_what_an_old_kernel_lacks(given):
    python, _ = given
    code = "from charrnn_helpers.show.cockpit import click_problems; print(click_problems())"
    run = subprocess.run([python, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert "With ipykernel 6.17" in run.stdout and "Elsewhere, Interrupt Kernel" in run.stdout
