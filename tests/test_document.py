"""The documents of the exercises: what is in them, and what a patch does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn_helpers import checks
from charrnn_helpers.checks import document
from charrnn_helpers.checks.document import Mistake, as_diff, edits, hunks, parse, patched

TEXT = """# One step
Tried: two cases.

## Hints
1. first
2. second
3. third

## no tanh
The `tanh` is missing.
```diff
-    return tanh(a + b)
+    return a + b
```
```python
def f(a, b):
    return b + a
```

## Together: no tanh + no b
```python
def f(a, b):
    return a
```

## Right: plain
```python
def f(a, b):
    return tanh(a + b)
```
"""
SOURCE = "def f(a, b):\n    c = a\n    return tanh(c + b)\n"


def mistake(diff):
    return Mistake("", hunks(diff), ())


def test_a_document_is_read():
    found = parse(TEXT)
    assert (found.title, found.tried, found.hints) == (
        "one step",
        "two cases",
        ("first", "second", "third"),
    )
    assert list(found.mistakes) == ["no tanh"]
    assert found.mistakes["no tanh"].text == "The `tanh` is missing."
    assert found.mistakes["no tanh"].answers == ("def f(a, b):\n    return b + a\n",)
    assert [(other.kind, other.name) for other in found.others] == [
        ("Together", "no tanh + no b"),
        ("Right", "plain"),
    ]


DAMAGED = {
    "no diff": (TEXT.replace("```diff", "```text"), "'no tanh' needs .*it has 0"),
    "two diffs": (TEXT.replace("```python", "```diff", 1), "'no tanh' needs .*it has 2"),
    "no sentence": (TEXT.replace("The `tanh` is missing.\n", ""), "'no tanh' needs"),
    "the same heading twice": (TEXT + TEXT[TEXT.index("## no tanh") :], "heading of its own"),
    "two hints": (TEXT.replace("3. third\n", ""), "there are 2"),
    "no title": (TEXT[1:], "it has to begin with"),
    "no cases in words": (TEXT.replace("Tried: two cases.\n", ""), "it has to begin with"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_document_is_named_with_the_remedy(kind):
    text, message = DAMAGED[kind]
    with pytest.raises(ValueError, match=f"(?s)^step.md: .*{message}"):
        parse(text, "step.md")


def test_two_mistakes_on_one_line_go_together():
    no_tanh = mistake("-    return tanh(c + b)\n+    return (c + b)\n")
    minus = mistake("-    return tanh(c + b)\n+    return tanh(c - b)\n")
    assert edits(SOURCE, minus) == [(SOURCE.index("+"), SOURCE.index("+") + 1, "-")]
    assert "return (c - b)" in patched(SOURCE, [minus, no_tanh])


def test_two_mistakes_in_one_place_exclude_each_other():
    both = [mistake(f"-    return tanh(c + b)\n+    return {x}\n") for x in ("c", "b")]
    assert patched(SOURCE, both) is None


def test_a_mistake_in_two_places_and_one_that_adds_a_line():
    two = mistake("-    c = a\n+    c = b\n@@\n-    return tanh(c + b)\n+    return tanh(c)\n")
    assert patched(SOURCE, [two]) == "def f(a, b):\n    c = b\n    return tanh(c)\n"
    more = mistake("     c = a\n+    c = c * 2\n")
    assert patched(SOURCE, [more]).splitlines()[2] == "    c = c * 2"


@pytest.mark.parametrize("line", ["    c = b", "    return"])
def test_lines_that_are_not_there_once_are_named(line):
    source = SOURCE + "    return\n    return\n"
    with pytest.raises(ValueError, match=f"stand (0|2) times in the model answer:\n{line}"):
        edits(source, mistake(f"-{line}\n"))


LINES = st.lists(st.sampled_from(["a", "b", " c", "+", "-", "@", ""]), min_size=1, max_size=8)


@given(LINES, LINES)
def test_a_diff_leads_from_one_source_to_the_other(before, after):
    old, new = ("".join(f"{line}\n" for line in lines) for lines in (before, after))
    assert patched(old, [mistake(as_diff(old, new))]) == new


def test_each_exercise_has_a_document_and_each_document_an_exercise():
    found = {path.stem for path in document.FOLDER.glob("*.md")} - {"README"}
    assert found == set(checks.BY_NAME)


@pytest.mark.parametrize("exercise", checks.EXERCISES, ids=lambda e: e.name)
def test_each_patch_changes_the_model_answer(exercise):
    for name, known in exercise.mistakes.items():
        source = patched(exercise.source, [known])
        assert source != exercise.source, name
        compile(source, name, "exec")


@pytest.mark.parametrize("exercise", checks.EXERCISES, ids=lambda e: e.name)
def test_code_in_sentences_is_marked(exercise):
    texts = [*exercise.hints, *(known.text for known in exercise.mistakes.values())]
    for text in texts:
        assert text.count("`") % 2 == 0, text
        assert not re.search(r"\b[A-Za-z]\w*_\w+", re.sub(r"`[^`]*`", "", text)), text
