"""The project around the package: dependencies agree, commands exist, imports are cheap."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
NOT_IN_CONDA = {
    "playwright", "axe-playwright-python", "sphinx-mathjax-offline", "sphinx-revealjs"
}  # fmt: skip


def requirements(key):
    block = re.search(rf"^{key} = \[\n(.*?)^\]", PYPROJECT, re.M | re.S).group(1)
    return re.findall(r'^\s+"([^"]+)",?$', block, re.M)


def test_environment_yml_agrees_with_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    wanted, from_pip = [], []
    for requirement in requirements("dependencies") + requirements("test"):
        name = re.match(r"[a-z-]+", requirement).group(0)
        found = CONDA_NAMES.get(name, name) + requirement[len(name) :]
        (from_pip if name in NOT_IN_CONDA else wanted).append(found)
    assert sorted(conda) == sorted([*wanted, "python=3.12", "pip"])
    assert environment["dependencies"][-1] == {"pip": [*from_pip, "-e ."]}  # the package itself
    assert environment["channels"] == ["conda-forge", "nodefaults"]


def test_dependencies_are_ranges_without_local_versions():
    for requirement in requirements("dependencies") + requirements("test"):
        assert ">=" in requirement and "==" not in requirement and "+" not in requirement
    assert "ipykernel>=7.4" in requirements("dependencies")
    assert "jupyterlab>=4.4" in requirements("dependencies")


def test_every_dependency_has_its_reason():
    for key in ("dependencies", "test"):
        block = re.search(rf"^{key} = \[\n(.*?)^\]", PYPROJECT, re.M | re.S).group(1)
        reasons, names = block.count("    # "), len(requirements(key))
        assert reasons >= names - 1, key  # pytest needs none


def test_the_readmes_commands_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make ([a-z-]+)", readme)):
        assert re.search(rf"^{target}:", makefile, re.M), target
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"notebooks/{notebook.name}" in readme


def test_the_readmes_links_lead_somewhere():
    for name in ("README.md", "CONTRIBUTING.md", "docs/handbook.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            near = (ROOT / name).parent / target
            assert target.startswith("https://") or near.exists(), target


def test_importing_the_model_needs_neither_jupyter_nor_matplotlib():
    code = (
        "import sys, charrnn_helpers.data, charrnn_helpers.model, charrnn_helpers.training, "
        "charrnn_helpers.sampling, charrnn_helpers.counting; "
        "print([m for m in ('IPython', 'matplotlib', 'requests') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True, cwd=ROOT
    )
    assert run.stdout.strip() == "[]"


def test_importing_the_package_imports_nothing_else():
    code = "import sys, charrnn_helpers; print('torch' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True, cwd=ROOT
    )
    assert run.stdout.strip() == "False"


def test_functions_are_short():
    """What a learner reads is short: 30 lines at most."""
    for path in (ROOT / "charrnn_helpers").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 30, f"{path.name}: {node.name}"
