"""The verdict: what a check says, as HTML in a notebook and as plain text elsewhere."""

import difflib
import html
import os
import re
from dataclasses import dataclass, field

from charrnn_helpers.show.style import PALETTE, zoom

NOT_TRIED, PASSED, WRONG = "not tried yet", "passed", "wrong"
COLORS = {NOT_TRIED: PALETTE[0], PASSED: PALETTE[2], WRONG: PALETTE[1], "": "#777777"}
SIGNS = {NOT_TRIED: "\u25cb", PASSED: "\u2713", WRONG: "\u2717"}
TITLES = {NOT_TRIED: "Not tried yet", PASSED: "Passed", WRONG: "Not right yet"}


@dataclass(frozen=True, repr=False)
class Note:
    """A message in a box: a title, sentences, and lines of code or numbers `{label: text}`."""

    title: str
    text: str
    lines: dict = field(default_factory=dict)
    color: str = COLORS[""]
    prose: bool = field(default=False, kw_only=True)  # are the lines sentences, and not code?
    answer: str = field(default="", kw_only=True)  # on a page, it unfolds with a click

    def _repr_html_(self):
        rows = "".join(self._row(label, text) for label, text in self.lines.items())
        box = (
            f"font-size: {100 * zoom():.0f}%; border-left: 6px solid {self.color}; "
            "padding: 0.4em 0.9em; margin: 0.3em 0; color: #111; background: #f7f7f7; "
            "max-width: 55em; line-height: 1.45"
        )
        text = with_code(self.text).replace("\n", "<br>")
        if self.answer:
            unfolded = with_code(self.answer).replace("\n", "<br>")
            text += f"<details><summary>Show the answer</summary>{unfolded}</details>"
        return f'<div style="{box}"><strong>{html.escape(self.title)}.</strong> {text}{rows}</div>'

    def _row(self, label, text):
        pre = f"<pre style='{PRE}'>{html.escape(text)}</pre>"
        text = f"<span>{with_code(text)}</span>" if self.prose else pre
        label = html.escape(label) and (
            f"<span style='flex: 0 0 7em; white-space: nowrap'>{html.escape(label)}</span>"
        )
        return f"<div style='display: flex; gap: 0.8em; margin-top: 0.2em'>{label}{text}</div>"

    def __repr__(self):
        lines = [f"{self.title}. {self.text} {self.answer}".rstrip()]
        for label, text in self.lines.items():
            first, *rest = text.splitlines() or [""]
            lines.append(f"  {label:<13} {first}")
            lines += [" " * 16 + line for line in rest]
        return "\n".join(lines)


PRE = (
    "margin: 0; padding: 0; background: none; font-family: monospace; color: #111; "
    "white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere"
)


# What is code in a sentence: what stands in backticks, a call, a name with an underscore or a dot.
CODE = re.compile(
    r"`([^`]+)`|(\.?[A-Za-z_][\w.]*\((?:[^()]|\([^()]*\))*\)|\b[A-Za-z]\w*_\w+(?:\.\w+)*"
    r"|\b[a-z]\w+\.[a-z]\w+\b)"
)


def with_code(sentence, style="color: #111; background: #e8e8e8; padding: 0 0.2em"):
    """Return the sentence as HTML, with its code set as code."""
    code = rf'<code style="{style}">{{}}</code>'
    return CODE.sub(lambda found: code.format(found[1] or found[2]), html.escape(sentence))


class WrongAnswer(AssertionError):  # noqa: N818
    """Raised in place of any verdict other than *passed* if CHARRNN_STRICT is 1."""


def is_strict():
    """Tell whether CHARRNN_STRICT asks for errors instead of verdicts."""
    return os.environ.get("CHARRNN_STRICT") == "1"


@dataclass(frozen=True, repr=False)
class Verdict(Note):
    """What a check says about an answer; `mistake` names the diagnosis in a word or two."""

    status: str = NOT_TRIED
    mistake: str = ""


def verdict(title, status, text, mistake="", lines=None, printed=""):
    """Return a Verdict on an exercise, with lines of evidence and what the answer printed."""
    lines = (lines or {}) | ({"it printed": printed} if printed else {})
    title = f"{SIGNS[status]} {TITLES[status]}: {title}"
    return Verdict(title, text, lines, COLORS[status], status, mistake)


def look_up(name, known, what):
    """Return known[name], or a Note that lists the names and suggests one that may be meant."""
    if isinstance(name, str) and name in known:
        return known[name]
    close = difflib.get_close_matches(str(name), known, n=1)
    guess = f' Did you mean "{close[0]}"?' if close else ""
    return Note(f"No {what} {name!r}", f"{guess} The {what}s are: {', '.join(known)}.".strip())
