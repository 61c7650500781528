"""The document of an exercise: its title, hints, mistakes, and answers, in Markdown.

exercises/README.md describes the format.
"""

import difflib
import re
from itertools import pairwise, takewhile
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).with_name("exercises")
OTHERS = ("Together", "Unnamed", "Right")


class Mistake(NamedTuple):
    """What a learner is told, the patch of the model answer, and answers with this mistake."""

    text: str
    hunks: tuple  # of (old lines, new lines)
    answers: tuple


class Answer(NamedTuple):
    """An answer that does not belong to a single mistake: one of OTHERS, a name, the source."""

    kind: str
    name: str
    source: str


class Document(NamedTuple):
    """The contents of a document."""

    title: str
    tried: str
    hints: tuple
    mistakes: dict  # {name: Mistake}
    others: tuple  # of Answer


def read(name):
    """Return the Document of the exercise with this name."""
    path = FOLDER / f"{name}.md"
    return parse(path.read_text(encoding="utf-8"), path.name)


def parse(text, name="the document"):
    """Return the Document that this text is; raise ValueError if something in it is missing."""
    head, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    start = re.fullmatch(r"# (.+)\n+Tried: (.+)\.\n*", head)
    hints, mistakes, others = (), {}, []
    for section in sections:
        heading, _, body = section.partition("\n")
        kind, _, rest = heading.partition(": ")
        if heading == "Hints":
            hints = tuple(re.findall(r"^\d\. (.+)$", body, re.MULTILINE))
        elif kind in OTHERS:
            others += [Answer(kind, rest, source) for source in fenced(body, "python")]
        else:
            diffs, sentences = fenced(body, "diff"), body.partition("```")[0].strip()
            if len(diffs) != 1 or not sentences or heading in mistakes:
                raise ValueError(
                    f"{name}: the section {heading!r} needs a heading of its own, a sentence for "
                    f"the learner, and one ```diff block; it has {len(diffs)}"
                )
            mistakes[heading] = Mistake(sentences, hunks(diffs[0]), fenced(body, "python"))
    if not start or len(hints) != 3:
        raise ValueError(
            f"{name}: it has to begin with '# Title', 'Tried: ... .', and a section '## Hints' "
            f"with three numbered lines; there are {len(hints)}"
        )
    title = start[1][0].lower() + start[1][1:]  # it follows a colon
    return Document(title, start[2], hints, mistakes, tuple(others))


def fenced(body, language):
    """Return the blocks of code in this language."""
    return tuple(re.findall(rf"^```{language}\n(.*?)^```$", body, re.MULTILINE | re.DOTALL))


def hunks(diff):
    """Return (old lines, new lines) for each place of a diff; context stands in both."""
    found = []
    for place in filter(None, re.split(r"^@@.*\n", diff, flags=re.MULTILINE)):
        lines = place.splitlines()
        old = [line[1:] for line in lines if not line.startswith("+")]
        new = [line[1:] for line in lines if not line.startswith("-")]
        found.append((old, new))
    return tuple(found)


def edits(source, mistake):
    """Return (start, stop, new text) for each stretch of the source that the mistake changes.

    Stretches are trimmed to the characters that differ, so that two mistakes fit on one line.
    """
    lines = source.splitlines()
    found = []
    for old, new in mistake.hunks:
        places = places_of(old, lines)
        if len(places) != 1:
            text = "\n".join(old)
            raise ValueError(f"these lines stand {len(places)} times in the model answer:\n{text}")
        start = sum(len(line) + 1 for line in lines[: places[0]])
        if len(old) != len(new):  # whole lines, with their ends
            old, new = (["".join(f"{line}\n" for line in block)] for block in (old, new))
        for before, after in zip(old, new, strict=True):
            found.append(trimmed(start, before, after))
            start += len(before) + 1
    return [(start, stop, text) for start, stop, text in found if start < stop or text]


def trimmed(start, old, new):
    """Return an edit of the text `old` at this place, without what both have in common."""
    head = shared(old, new)
    old, new = old[head:], new[head:]
    tail = shared(old[::-1], new[::-1])
    return start + head, start + head + len(old) - tail, new[: len(new) - tail]


def shared(a, b):
    """Return how many characters two texts have in common at their beginning."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))))


def patched(source, mistakes):
    """Return the source with these mistakes in it, or None if they exclude each other."""
    changes = sorted(edit for mistake in mistakes for edit in edits(source, mistake))
    if any(stop > start for (_, stop, _), (start, _, _) in pairwise(changes)):
        return None
    for start, stop, text in reversed(changes):
        source = source[:start] + text + source[stop:]
    return source


def as_diff(before, after):
    """Return the diff between two sources, each place with as much context as makes it unique."""
    old, new = before.splitlines(), after.splitlines()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    places = []
    for _, start, stop, i, j in (step for step in matcher.get_opcodes() if step[0] != "equal"):
        first, last = start, stop
        while first == last or len(places_of(old[first:last], old)) > 1:
            first, last = (first - 1, last) if first else (first, last + 1)
        lines = [f" {line}" for line in old[first:start]] + [f"-{line}" for line in old[start:stop]]
        lines += [f"+{line}" for line in new[i:j]] + [f" {line}" for line in old[stop:last]]
        places.append("".join(f"{line}\n" for line in lines))
    return "@@\n".join(places)


def places_of(block, lines):
    """Return where a block of lines begins in the lines."""
    return [k for k in range(len(lines)) if lines[k : k + len(block)] == block]
