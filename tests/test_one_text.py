"""The notebooks and the package hold one text: each definition is the helper, to the letter."""

import ast
from collections import Counter

import nbformat
import pytest

from tools import sync
from tools.course import NOTEBOOKS, ROOT, unfolded
from tools.sync import defining, helpers

IMPORT_ONLY = {  # what joins other parts, and the loop with all that a long run needs
    *{"TimeMachine", "evaluating", "Options", "Record", "train_step", "train", "fit"},
    "defer_interrupt",
    "KneserNey",
    *{"check_len", "check_shape"},
    "write_many",
    *{"fast_forward", "fast_backward", "Recurrence", "RecurrenceInPieces"},
    *{"RNNByHand", "RNNLMByHand", "by_pytorch"},
    *{"chances", "that_came", "counted", "count_while_reading", "write_together"},
    "ReadingKneserNey",
}
ORDER = [  # a module imports only from those above it
    *["text", "_guards", "data", "model", "counting", "training", "sampling", "bptt", "reading"],
    "library",
    *["atomic", "logbook", "book.formats", "book.download", "book.own", "book.find", "book"],
    "checkpoint",
    *["show.style", "show.figures", "show.svg", "show.cliff", "show.live", "show.controls"],
    *[
        "show.cockpit",
        "show.demos",
        "show.journey",
        "show.encodings",
        "show.memory",
        "show.latch",
    ],
    *["show.chain", "show.game", "show.guesses", "show.tables", "show.descent"],
    "show.dice",
    "show.overfitting",
    *["show.doublings", "show.valley", "show.spread", "show.runs", "show.circle", "show.choices"],
    *["show.mistakes", "show.steering", "show.triangle", "show.gates", "show.envelope"],
    *["show", "trained"],
    *[
        f"checks.{name}"
        for name in ("values", "trial", "source", "candidates", "repair", "influence")
    ],
    *[f"checks.{name}" for name in ("relations", "diagnosis", "verdict", "document")],
    *["checks.judge", "checks.riddle", "lesson"],
    *[f"checks.exercises.{path.stem[3:]}" for path in NOTEBOOKS],
    *["checks.exercises", "checks.predictions", "checks"],
    *[
        f"commands.{name}"
        for name in ("computer", "fetch", "sample", "train", "lab", "handin", "learners", "watch")
    ],
    *["commands.report", "commands.mistake", "commands", "__main__"],
]


def test_the_notebooks_in_their_order():
    assert [path.stem for path in NOTEBOOKS] == [
        "01_one_hot_encoding",
        "02_recurrence",
        "03_loss_and_perplexity",
        "04_counting",
        "05_gradient_clipping",
        "06_training",
        "07_sampling",
        "08_backpropagation_through_time",
        "09_inside_the_hidden_state",
        "10_gated_networks",
        "11_the_race",
    ]


def definitions(path):
    """Each definition of a notebook that is not a draft: its name, and its cell's source."""
    for cell, names in defining(nbformat.read(path, as_version=4)):
        for name in names:
            yield name, unfolded(cell).strip("\n")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_definition_is_the_helper(path):
    known = helpers()
    for name, source in definitions(path):
        assert name in known, f"{name} is in no helper module: tag its cell draft, or add it"
        assert source == known[name][1], f"{name} differs from {known[name][0]}: make sync"


def test_each_helper_is_built_exactly_once():
    built = Counter(name for path in NOTEBOOKS for name, _ in definitions(path))
    assert set(built) == helpers().keys() - IMPORT_ONLY and helpers().keys() > IMPORT_ONLY
    assert [name for name, times in built.items() if times != 1] == []


def test_a_changed_definition_is_copied_into_its_notebook(tmp_path, monkeypatch):
    path = tmp_path / NOTEBOOKS[0].name
    source = NOTEBOOKS[0].read_text(encoding="utf-8")
    path.write_text(source.replace("def preprocess(text):", "def preprocess(old):"), "utf-8")
    monkeypatch.setattr(sync, "NOTEBOOKS", [path])
    sync.main()
    assert path.read_text(encoding="utf-8") == source


def test_drafts_are_not_copied_from_notebook_to_notebook():
    drafts = Counter()
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            if "draft" in cell.metadata.get("tags", []):
                drafts.update(
                    node.name
                    for node in ast.parse(cell.source).body
                    if isinstance(node, (ast.FunctionDef, ast.ClassDef))
                )
    assert [name for name, times in drafts.items() if times > 1] == []


def imports(path):
    """The modules of the package that a module imports, without the package's name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("charrnn_helpers"):
            module = node.module.removeprefix("charrnn_helpers").removeprefix(".")
            inside = [f"{module}.{alias.name}".removeprefix(".") for alias in node.names]
            yield from [name for name in inside if name in ORDER] or [module]


def test_modules_import_only_from_above():
    folder, found = ROOT / "charrnn_helpers", []
    for path in folder.rglob("*.py"):
        name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        if name != "__init__":
            assert set(imports(path)) <= set(ORDER[: ORDER.index(name)]), name
            found.append(name)
    assert sorted(found) == sorted(ORDER)
