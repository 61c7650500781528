"""The board: what has been passed, notebook by notebook, in words, signs and colours."""

import html
from dataclasses import dataclass

from charrnn_helpers.checks.verdict import COLOURS, NOT_TRIED, PASSED, SIGNS, WRONG
from charrnn_helpers.show.figures import zoom

WORDS = {PASSED: "passed", WRONG: "tried", NOT_TRIED: "open"}


@dataclass(frozen=True, repr=False)
class Board:
    """Rows of (notebook, [(name, status), ...], number of predictions, how many were right)."""

    rows: tuple
    notice: str = ""

    def heading(self):
        statuses = [status for _, exercises, _, _ in self.rows for _, status in exercises]
        made, right = (sum(row[i] for row in self.rows) for i in (2, 3))
        text = f"{statuses.count(PASSED)} of {len(statuses)} exercises passed"
        return f"{text}; {made} {'prediction' if made == 1 else 'predictions'} seen, {right} right"

    def __repr__(self):
        lines = [f"Your progress: {self.heading()}"]
        for notebook, exercises, made, right in self.rows:
            cells = "  ".join(f"{SIGNS[status]} {name}" for name, status in exercises)
            said = f"  ({right} of {made} predictions right)" if made else ""
            lines.append(f"  {notebook}  {cells}{said}")
        return "\n".join([*lines, *([self.notice] if self.notice else [])])

    def _repr_html_(self):
        rows = "".join(self._row(*row) for row in self.rows)
        notice = f"<p>{html.escape(self.notice)}</p>" if self.notice else ""
        return (
            f'<div style="font-size: {100 * zoom():.0f}%; color: #111; background: #f7f7f7; '
            'padding: 0.4em 0.9em; max-width: 55em">'
            f"<strong>Your progress: {self.heading()}.</strong>"
            f"<table style='margin: 0.5em 0'>{rows}</table>{notice}</div>"
        )

    def _row(self, notebook, exercises, made, right):
        cells = "".join(self._cell(name, status) for name, status in exercises)
        said = f"{right} of {made} predictions right" if made else "no predictions yet"
        return (
            f"<tr><th scope='row' style='{CELL}'>{notebook}</th>"
            f"<td style='{CELL}'>{cells}</td><td style='{CELL}; color: #444'>{said}</td></tr>"
        )

    def _cell(self, name, status):
        return (
            f"<span style='display: inline-block; margin: 0 1.2em 0.2em 0; white-space: nowrap; "
            f"border-bottom: 3px solid {COLOURS[status]}'>{SIGNS[status]} {name} "
            f"<small style='color: #444'>{WORDS[status]}</small></span>"
        )


CELL = "text-align: left; vertical-align: top; padding: 0.2em 0.8em 0.2em 0; background: none"


def board(exercises, predictions, kept, made, notice):
    """A Board: all exercises and predictions, and what became of them."""
    rows = []
    for notebook in sorted({exercise.notebook for exercise in exercises}):
        statuses = [
            (e.name, {"passed": PASSED, "tried": WRONG}.get(kept.get(e.name), NOT_TRIED))
            for e in exercises
            if e.notebook == notebook
        ]
        seen = [made.get(p.name, {}) for p in predictions if p.notebook == notebook]
        seen = [one for one in seen if one.get("seen")]
        rows.append((notebook, statuses, len(seen), sum(one.get("right") is True for one in seen)))
    return Board(tuple(rows), notice)
