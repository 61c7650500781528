"""The project around the package: dependencies agree, commands exist, imports are cheap."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import yaml

import charrnn_helpers
from charrnn_helpers.__main__ import main
from tools.sync import TAUGHT

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
NOT_IN_CONDA = {
    "playwright", "axe-playwright-python", "sphinx-mathjax-offline", "sphinx-revealjs"
}  # fmt: skip


def requirements(key):
    block = re.search(rf"^{key} = \[\n(.*?)^\]", PYPROJECT, re.M | re.S).group(1)
    return re.findall(r'^\s+"([^"]+)",?$', block, re.M)


def name_of(requirement):
    return re.match(r"[a-z-]+", requirement).group(0)


def test_environment_yml_agrees_with_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    wanted, from_pip = [], []
    lab = requirements("lab")
    base = [r for r in requirements("dependencies") if name_of(r) not in map(name_of, lab)]
    for requirement in base + lab + requirements("test"):
        name = name_of(requirement)
        found = CONDA_NAMES.get(name, name) + requirement[len(name) :]
        (from_pip if name in NOT_IN_CONDA else wanted).append(found)
    assert sorted(conda) == sorted([*wanted, "python=3.12", "pip"])
    assert environment["dependencies"][-1] == {"pip": [*from_pip, "-e ."]}  # the package itself
    assert environment["channels"] == ["conda-forge", "nodefaults"]


def test_dependencies_are_ranges_without_local_versions():
    for requirement in requirements("dependencies") + requirements("lab") + requirements("test"):
        assert ">=" in requirement and "==" not in requirement and "+" not in requirement
    assert {"ipykernel>=7.4", "jupyterlab>=4.4"} <= set(requirements("lab"))


def test_what_the_course_is_announced_with_is_named():
    """And a notebook system of one's own is not needed where one is given, as on Colab."""
    named = {"dependencies": {"torch", "matplotlib", "ipywidgets", "requests"}}
    named |= {"lab": {"jupyter", "jupyterlab", "ipykernel"}, "test": {"nbval"}}
    for key, names in named.items():
        assert names <= set(map(name_of, requirements(key)))
    assert not named["lab"] & set(map(name_of, requirements("dependencies")))


def test_every_dependency_has_its_reason():
    for key in ("dependencies", "lab", "test"):
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


def said_by(code):
    """What a new Python prints that runs this code."""
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, cwd=ROOT)
    return run.stdout.strip()


def test_importing_the_model_needs_neither_jupyter_nor_matplotlib():
    code = (
        "import sys, charrnn_helpers.data, charrnn_helpers.model, charrnn_helpers.training, "
        "charrnn_helpers.sampling, charrnn_helpers.counting; "
        "print([m for m in ('IPython', 'matplotlib', 'requests') if m in sys.modules])"
    )
    assert said_by(code) == "[]"


def test_importing_the_package_imports_nothing_else():
    assert said_by("import sys, charrnn_helpers; print('torch' in sys.modules)") == "False"


def test_one_version():
    """In the package, in what is installed, and in the citation."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == charrnn_helpers.__version__
    assert importlib.metadata.version("charrnn-helpers") == charrnn_helpers.__version__


def test_the_console_command():
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name="charrnn")
    assert entry.load() is main


def test_importing_the_checks_needs_no_matplotlib():
    code = "import sys, charrnn_helpers.checks; print('matplotlib' in sys.modules)"
    assert said_by(code) == "False"


def test_what_builds_the_product_imports_nothing_from_the_tests():
    for folder in ("charrnn_helpers", "tools", "web"):
        for path in (ROOT / folder).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            assert not re.search(r"^\s*(from|import) tests\b", source, re.M), path


def test_actions_are_pinned_and_may_only_read():
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        source = path.read_text(encoding="utf-8")
        workflow = yaml.safe_load(source)
        assert workflow["permissions"] == {"contents": "read"}
        more = {name for name, job in workflow["jobs"].items() if "permissions" in job}
        assert more == ({"publish"} if path.stem == "publish" else set())
        used = re.findall(r"uses: (\S+)", source)
        assert used and all(re.search(r"@[0-9a-f]{40}$", action) for action in used)


def test_the_taught_modules_are_the_same_everywhere():
    """`make sync` copies them, and they are formatted apart, at 80 characters."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^TAUGHT = .*,([a-z ]+)\)$", makefile, re.M)
    excluded = re.findall(r'"charrnn_helpers/([a-z]+)\.py"', PYPROJECT)
    assert sorted(listed.split()) == sorted(excluded) == sorted(TAUGHT)
