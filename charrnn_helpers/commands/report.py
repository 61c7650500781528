"""Show which mistakes a class made, from the logbooks that learners hand in.

A logbook is the file progress.jsonl.  It holds, for each try, the exercise, whether it passed,
and the name of the diagnosis, but no code and no name.  A file that cannot be read is left out.
"""

import html
import sys
from collections import Counter, defaultdict
from pathlib import Path

from charrnn_helpers.checks import BY_NAME, EXERCISES
from charrnn_helpers.checks.diagnosis import REMARKS
from charrnn_helpers.checks.judge import CHANGED, TROUBLES
from charrnn_helpers.checks.repair import KINDS
from charrnn_helpers.checks.trial import SECONDS
from charrnn_helpers.checks.values import counted
from charrnn_helpers.logbook import check_kind, parsed

MOST_BYTES = 10_000_000  # of one logbook; a diligent learner writes less than a hundredth of it
SHOWN = 3  # diagnoses for each exercise
GENERAL = {name: text for _, name, text in REMARKS}  # they fit every exercise
GENERAL |= {name: text.format(seconds=SECONDS) for name, text in TROUBLES.items()}
GENERAL |= {name: f"One change would make the answer right: {name}." for name in KINDS}
GENERAL |= {"input changed": CHANGED.format(names="its arguments"), "": "Another wrong result."}


def add(parser):
    parser.add_argument("logbooks", nargs="+", type=Path, metavar="LOGBOOK")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with bars as well")


def run(arguments):
    books, refused = [], 0
    for path in arguments.logbooks:
        try:
            books.append(read_logbook(path))
        except (OSError, ValueError) as error:
            refused += 1
            print(f"left out: {error}", file=sys.stderr)
    if not books:
        raise ValueError(f"none of the files ({refused}) is a logbook; name progress.jsonl files")
    rows = summary(books)
    print(as_text(rows, len(books)))
    if arguments.html:
        arguments.html.write_text(as_page(rows, len(books)), encoding="utf-8")
    return 1 if refused else 0


def read_logbook(path):
    """Return {exercise: (passed, {diagnosis: tries})} of a logbook; refuse what is none."""
    check_kind(path)
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path.name!r} is larger than {MOST_BYTES:,} bytes")
    lines = filter(str.strip, path.read_text("utf-8", "replace").splitlines())
    events = list(map(parsed, lines))
    if events and all(event is None for event in events):
        raise ValueError(f"{path.name!r} is not a logbook: no line of it is a JSON object")
    passed, found = set(), defaultdict(Counter)
    for event in filter(None, events):
        exercise, mistake = event.get("exercise"), str(event.get("diagnosis", ""))[:80]
        if not isinstance(exercise, str) or exercise not in BY_NAME:
            continue
        tries = found[exercise]
        if event.get("status") == "passed":
            passed.add(exercise)
        else:
            tries[mistake if mistake.isprintable() else "unreadable"] += 1
    return {name: (name in passed, tries) for name, tries in found.items()}


def summary(books):
    """Return a row (exercise, tried, passed, [(learners, diagnosis, sentence)]) for each exercise.

    Exercises that nobody tried are left out.  A diagnosis counts once for each learner.
    """
    rows = []
    for exercise in EXERCISES:
        of_it = [book[exercise.name] for book in books if exercise.name in book]
        if of_it:
            counts = Counter(mistake for _, tries in of_it for mistake in tries)
            common = counts.most_common(SHOWN)
            mistakes = [(n, name or "other", sentence(exercise, name)) for name, n in common]
            rows.append((exercise, len(of_it), sum(passed for passed, _ in of_it), mistakes))
    return rows


def sentence(exercise, diagnosis):
    """Return what the learner was told, or an empty text for an unknown diagnosis."""
    texts = GENERAL | {name: mistake.text for name, mistake in exercise.mistakes.items()}
    return " ".join(texts.get(name, "") for name in diagnosis.split(" + "))


def as_text(rows, learners):
    lines = [counted(learners, "logbook")]
    for exercise, tried, passed, mistakes in rows:
        title = f"notebook {exercise.notebook}, {exercise.name}: {exercise.title}"
        lines.append(f"\n{title}\n  tried by {tried}, passed by {passed}")
        lines += [f"  {counted(n, 'learner')}: {name}. {text}" for n, name, text in mistakes]
    return "\n".join(lines)


def as_page(rows, learners):
    """Return an HTML page on which bars show how many passed, and how frequent each mistake was."""
    body = [f"<h1>{counted(learners, 'logbook')}</h1>"]
    for exercise, tried, passed, mistakes in rows:
        body.append(f"<h2>Notebook {exercise.notebook}: {html.escape(exercise.title)}</h2>")
        body.append(f"<p>{BAR.format(passed, tried)} passed by {passed} of {tried}</p><ul>")
        for n, name, text in mistakes:
            words = f"<b>{html.escape(name)}</b>. {html.escape(text)}"
            body.append(f"<li>{BAR.format(n, tried)} {counted(n, 'learner')}: {words}</li>")
        body.append("</ul>")
    return PAGE.format("\n".join(body))


BAR = '<meter value="{}" max="{}" aria-hidden="true"></meter>'
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>What the class got wrong</title>
<style>body{{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}}
meter{{width:200px}}</style></head>
<body>{}</body></html>
"""
