"""Show which mistakes a class made, and what it predicted, from the logbooks that are handed in.

A logbook is the file progress.jsonl, or a copy of it that `handin` made.  It holds, for each try,
the exercise, whether it passed, and the name of the diagnosis, for each prediction the answer, but
no code.  A file that cannot be read is left out.
"""

import html
import sys
from collections import Counter
from pathlib import Path

from charrnn_helpers.checks import EXERCISES
from charrnn_helpers.checks.diagnosis import REMARKS
from charrnn_helpers.checks.judge import CHANGED, TROUBLES
from charrnn_helpers.checks.predictions import QUESTIONS
from charrnn_helpers.checks.repair import KINDS
from charrnn_helpers.checks.trial import SECONDS
from charrnn_helpers.checks.values import counted
from charrnn_helpers.commands.learners import found, read_all
from charrnn_helpers.commands.watch import watch

SHOWN = 3  # diagnoses for each exercise
NUMBERS = 5  # different answers to a question that asks for a number
GENERAL = {name: text for _, name, text in REMARKS}  # they fit every exercise
GENERAL |= {name: text.format(seconds=SECONDS) for name, text in TROUBLES.items()}
GENERAL |= {name: f"One change would make the answer right: {name}." for name in KINDS}
GENERAL |= {"input changed": CHANGED.format(names="its arguments"), "": "Another wrong result."}


def add(parser):
    words = "logbooks, and folders with logbooks (*.jsonl)"
    parser.add_argument("logbooks", nargs="+", type=Path, metavar="PATH", help=words)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with bars as well")
    words = "show who is where, and follow the folders until you press Ctrl-C"
    parser.add_argument("--watch", action="store_true", help=words)


def run(arguments):
    if arguments.watch:
        return watch(arguments.logbooks)
    learners, refused = read_all(found(arguments.logbooks))
    for trouble in refused:
        print(f"left out: {trouble}", file=sys.stderr)
    if not learners:
        raise ValueError(
            f"none of the files ({len(refused)}) is a logbook; name progress.jsonl files, or a "
            "folder into which learners handed in"
        )
    rows, expected = summary(learners), expectations(learners)
    print(as_text(rows, expected, len(learners)))
    if arguments.html:
        page = as_page(rows, expected, len(learners))
        arguments.html.write_text(page, encoding="utf-8")
    return 1 if refused else 0


def summary(learners):
    """Return a row (exercise, tried, passed, [(learners, diagnosis, sentence)]) for each exercise.

    Exercises that nobody tried are left out.  A diagnosis counts once for each learner.
    """
    rows = []
    for exercise in EXERCISES:
        of_it = [x.exercises[exercise.name] for x in learners if exercise.name in x.exercises]
        if of_it:
            counts = Counter(mistake for _, tries in of_it for mistake in tries)
            common = counts.most_common(SHOWN)
            mistakes = [(n, name or "other", sentence(exercise, name)) for name, n in common]
            rows.append((exercise, len(of_it), sum(passed for passed, _ in of_it), mistakes))
    return rows


def expectations(learners):
    """Return a row (question, learners, right, [(learners, answer)]) for each prediction.

    Questions that nobody answered are left out.  An answer that was given before the outcome was
    seen counts, right or wrong; `right` counts those that saw the outcome.
    """
    rows = []
    for question in QUESTIONS.values():
        events = [x.predictions[question.name] for x in learners if question.name in x.predictions]
        answers = [(question.read(event["value"])[0], event) for event in events]
        answers = [(value, event) for value, event in answers if value is not None]
        if answers:
            counts = Counter(value for value, _ in answers)
            right = sum(event.get("right") is True for _, event in answers)
            if question.choices:
                given = [(counts[key], question.shown(key)) for key in question.choices]
            else:
                common = sorted(value for value, _ in counts.most_common(NUMBERS))
                given = [(counts[value], question.shown(value)) for value in common]
                if len(counts) > NUMBERS:
                    others = f"other numbers, from {min(counts):.4g} to {max(counts):.4g}"
                    given.append((len(answers) - sum(n for n, _ in given), others))
            rows.append((question, len(answers), right, given))
    return rows


def sentence(exercise, diagnosis):
    """Return what the learner was told, or an empty text for an unknown diagnosis."""
    texts = GENERAL | {name: mistake.text for name, mistake in exercise.mistakes.items()}
    return " ".join(texts.get(name, "") for name in diagnosis.split(" + "))


def as_text(rows, expected, learners):
    lines = [counted(learners, "logbook")]
    for exercise, tried, passed, mistakes in rows:
        title = f"notebook {exercise.notebook}, {exercise.name}: {exercise.title}"
        lines.append(f"\n{title}\n  tried by {tried}, passed by {passed}")
        lines += [f"  {counted(n, 'learner')}: {name}. {text}" for n, name, text in mistakes]
    for question, answered, right, given in expected:
        title = f"notebook {question.notebook}, prediction {question.name}: {question.question}"
        lines.append(f"\n{title}\n  predicted by {answered}, right {right}")
        lines += [f"  {counted(n, 'learner')}: {answer}" for n, answer in given]
    return "\n".join(lines)


def as_page(rows, expected, learners):
    """Return an HTML page on which bars show who passed, the mistakes, and the predictions."""
    body = [f"<h1>{counted(learners, 'logbook')}</h1>"]
    for exercise, tried, passed, mistakes in rows:
        body.append(f"<h2>Notebook {exercise.notebook}: {html.escape(exercise.title)}</h2>")
        body.append(f"<p>{BAR.format(passed, tried)} passed by {passed} of {tried}</p><ul>")
        for n, name, text in mistakes:
            words = f"<b>{html.escape(name)}</b>. {html.escape(text)}"
            body.append(f"<li>{BAR.format(n, tried)} {counted(n, 'learner')}: {words}</li>")
        body.append("</ul>")
    for question, answered, right, given in expected:
        asked = html.escape(question.question)
        body.append(f"<h2>Notebook {question.notebook}, prediction</h2><p>{asked}</p>")
        body.append(f"<p>{BAR.format(right, answered)} right: {right} of {answered}</p><ul>")
        for n, answer in given:
            words = html.escape(answer)
            body.append(f"<li>{BAR.format(n, answered)} {counted(n, 'learner')}: {words}</li>")
        body.append("</ul>")
    return PAGE.format("\n".join(body))


BAR = '<meter value="{}" max="{}" aria-hidden="true"></meter>'
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>What the class got wrong</title>
<style>body{{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}}
meter{{width:200px}}</style></head>
<body>{}</body></html>
"""
