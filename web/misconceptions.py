"""The page of misconceptions, made from the exercises."""

from charrnn_helpers.checks import EXERCISES

HEAD = """# Misconceptions

These are the mistakes that the checks recognize, exercise by exercise, with the sentences that a
learner is shown. The page is generated from the exercises.
"""


def page():
    """Return the page as text."""
    parts, notebook = [HEAD], 0
    for exercise in EXERCISES:
        if exercise.notebook != notebook:
            notebook = exercise.notebook
            parts.append(f"## Notebook {notebook}\n")
        parts.append(f"### {exercise.title[0].upper()}{exercise.title[1:]} (`{exercise.name}`)\n")
        parts += [f"- **{name}**: {escape(slip.text)}" for name, slip in exercise.slips.items()]
        parts.append("")
    return "\n".join(parts)


def escape(text):
    """Return a sentence for Markdown, in which code may hold stars and underscores."""
    for sign in "\\*_`<>[]$":
        text = text.replace(sign, f"\\{sign}")
    return text
