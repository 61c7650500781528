"""The overview for a reader: what each chapter asks, and its picture, made from the notebooks."""

import html
import re

import nbformat

CHAPTER = re.compile(
    r"^\| (\d+) \| \[(.+?)\]\(notebooks/(\w+)\.ipynb\) \| (.+?) \| (\d+) \|$", re.MULTILINE
)
IMAGE = re.compile(r'<img alt="([^"]*)"[^>]*? src="(data:image/[^"]+)"')

DEMOS = {  # whose pictures stand for the chapters
    "1": "journey",
    "2": "hand_memory",
    "3": "chain_rule",
    "4": "two_tables",
    "5": "cliff",
    "6": "doublings",
    "7": "circle",
    "8": "triangle_and_curve",
    "9": "steering",
    "10": "one_round",
    "11": "test_race",
}


def chapters(readme):
    """Return (number, title, stem, question, minutes) for each row of the README's table."""
    return CHAPTER.findall(readme)


def picture(notebook, demo):
    """Return the description and the address of the still picture of a demo."""
    call = re.compile(rf"^explore\(\s*{demo},", re.MULTILINE)
    (cell,) = [cell for cell in notebook.cells if call.search(cell.source)]
    image = IMAGE.search("".join(output.data["text/html"] for output in cell.outputs))
    return html.unescape(image[1]), image[2]


def cards(readme, folder):
    """Return the overview's list of chapters as HTML."""
    parts = []
    for number, title, stem, question, minutes in chapters(readme):
        notebook = nbformat.read(folder / f"{stem}.ipynb", as_version=4)
        description, address = picture(notebook, DEMOS[number])
        parts.append(
            f'<a class="charrnn-card" href="notebooks/{stem}.html">'
            f'<img alt="{html.escape(description)}" src="{address}">'
            f"<b>{number} · {html.escape(title)}</b>"
            f"<span>{html.escape(question)} {minutes} minutes.</span></a>"
        )
    return f'<div class="charrnn-cards">{"".join(parts)}</div>'
