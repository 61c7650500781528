"""Compose slides from a notebook: what is to be seen, and a sentence or two about it.

A slide holds a heading, a lead, something to look at (a picture, printed lines, or code whose
cell has the tag `slide-code`), and a takeaway.  The speaker's notes hold all of the text.
"""

import ast
import re
from dataclasses import dataclass, field, replace

from nbformat.v4 import new_code_cell, new_markdown_cell

LIVE = ("<script", '<div class="charrnn-')
SHOWN = "slide-code"  # the tag of a cell whose code is to be shown
WORDS = 56  # on a slide, as counted here; some formulas are words
LEAD = 38  # of them, in what comes before the thing to look at
TAKEAWAY = 26  # of them, in what comes after it
LINES = 18  # of code
HEIGHT, SMALL = 640, 270  # in pixels; a slide is 720 high, and its text grows to fill it
PICTURE = 330
CAPTION = r"^\*(?!\*).*?[.:]\*(?!\*)\s*(?:[a-z][^.]*\.\s*)?"
LINK = r"\[([^\]]+)\]\((?!https?:)[^)]*\)"  # to another page of the course
LIST, ITEM = r"- |1\. ", r"\n(?=- |\d+\. )"


@dataclass
class Block:
    """A part of a notebook: a heading, a text, or something to look at."""

    kind: str  # heading, text, note, or look
    text: str
    cell: object = None
    height: int = 0
    lines: int = 0  # of code
    asks: str = ""  # predict or reveal, if it is a question or its outcome
    document: str = ""  # the first sentence of a docstring, for code without a text


@dataclass
class Slide:
    """The parts of a slide, in their order, and what is said about them."""

    head: str
    parts: list = field(default_factory=list)  # texts and blocks
    notes: list = field(default_factory=list)

    def looks(self):
        return [part for part in self.parts if isinstance(part, Block)]

    def say(self, text):
        """Add a sentence after what is to be seen, or before code that has none, if it fits."""
        before = isinstance(self.parts[0], Block) and self.parts[0].lines
        if text and self.words() + count(text) <= WORDS:
            self.parts.insert(0 if before else len(self.parts), text)

    def words(self):
        return sum(count(part) for part in self.parts if isinstance(part, str))

    def height(self):
        texts = sum(height_of(part) for part in self.parts if isinstance(part, str))
        return 60 + texts + sum(look.height for look in self.looks())


def composed(notebook):
    """Return the notebook with cells that are slides."""
    cells = []
    for section in sections(blocks(notebook)):
        slides = [s for slide in slides_of(section) for s in in_two(slide)]
        slides = joined([s for s in map(explained, joined(slides)) if s is not None])
        for k, slide in enumerate(slides):
            cells += cells_of(slide, "subslide" if k else "slide")
    notebook.cells = cells
    return notebook


def blocks(notebook):
    """Yield the blocks of a notebook, in their order."""
    for cell in notebook.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        if kind == "skip":
            continue
        if cell.cell_type == "code":
            if (look := to_look_at(cell)) is not None:
                yield look
        elif cell.source.startswith(LIVE):  # a demo of the page
            yield Block("look", "", new_markdown_cell(cell.source), PICTURE + 60)
        else:
            source = re.sub(LINK, r"\1", cell.source)
            for text in re.split(r"^(#+ .*)$", source, flags=re.MULTILINE):
                if text.startswith("#"):
                    yield Block("heading", text)
                elif text.strip():
                    yield Block("note" if kind == "notes" else "text", text.strip())


def to_look_at(cell):
    """Return a block with what is to be seen of a cell of code, or None."""
    code = bare(cell.source) if SHOWN in cell.metadata.get("tags", []) else ""
    outputs = list(cell.outputs)
    if not code and not outputs:
        return None
    look = new_code_cell(code, outputs=outputs)
    if not code:
        look.metadata.transient = {"remove_source": True}  # a name that nbconvert knows
    lines = len(code.splitlines())
    height, words = 28 * lines + 10 * bool(code), ""
    for output in outputs:
        data = output.get("data", {})
        html = data.get("text/html", "")
        if "<img" in html or "<svg" in html:
            height += PICTURE
        elif html:
            words = re.sub("<[^>]*>", " ", html)
            height += 40 + 34 * (1 + len(re.findall("<(?:p|tr|li|summary)[ >]", html)))
        else:
            height += 28 * len((output.get("text") or data.get("text/plain", "")).splitlines())
    asks = re.search(r"^checks\.(predict|reveal)\(", cell.source, re.MULTILINE)
    asks = asks[1] if asks else ""
    return Block("look", words, look, height, lines, asks, document(cell.source) if code else "")


def document(source):
    """Return the first sentence of the first docstring, or ""."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    found = [ast.get_docstring(n) for n in ast.parse(source).body if isinstance(n, kinds)]
    text = re.sub(r"\s+", " ", next(filter(None, found), "").split("\n\n")[0])
    return sentences(text)[0]


def bare(source):
    """Return code without asserts and docstrings."""
    gone = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert):
            gone |= set(range(node.lineno, node.end_lineno + 1))
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            first = node.body[0]
            gone |= set(range(first.lineno, first.end_lineno + 1))
    lines = [line for k, line in enumerate(source.split("\n"), 1) if k not in gone]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def sections(found):
    """Return lists of blocks, each beginning with a heading, and none with a heading alone."""
    parts = []
    for block in found:
        if block.kind == "heading":
            parts.append([])
        parts[-1].append(block)
    return [part for part in parts if len(part) > 1]


def slides_of(section):
    """Return slides, one for each thing to look at, of the blocks of a section."""
    heading, *rest = section
    slides, texts, notes = [], [], []
    for block in rest:
        if block.kind == "look":
            lead = lead_of("\n\n".join(texts), max(16, LEAD - count(block.text)))
            slides.append(Slide(heading.text, [lead, block] if lead else [block], notes))
            texts, notes = [], []
            continue
        notes.append(block.text)
        if block.kind == "note":
            continue
        if slides and not texts and isinstance(slides[-1].parts[-1], Block):
            takeaway, rest = told(block.text)
            slides[-1].say(takeaway)
            slides[-1].notes += notes
            notes, texts = [], [rest] if rest else []
        else:
            texts.append(block.text)
    lead = lead_of("\n\n".join(texts), WORDS)
    if slides and not re.search(rf"^(\$\$|\||{LIST})", lead, re.MULTILINE):
        slides[-1].notes += notes  # nothing to look at
    elif lead:
        slides.append(Slide(heading.text, [lead], notes))
    return slides


def in_two(slide):
    """Return the slide, or two if it is too high: one for the code, and one for what it prints.

    One with too many words becomes slides for its text, its list, and the rest.  A list of more
    than a slide may hold is cut.
    """
    if slide.words() <= WORDS:
        return cut(slide) if slide.height() > HEIGHT else [slide]
    text, items = "", []
    for part in "\n\n".join(p for p in slide.parts if isinstance(p, str)).split("\n\n"):
        if re.match(LIST, part):
            items = re.split(ITEM, part)
        else:
            text = f"{text}\n\n{part}".strip()
    lists = []
    for item in items:
        longer = f"{lists[-1]}\n{item}" if lists else ""
        if longer and count(longer) <= WORDS:
            lists[-1] = longer
        else:
            lists.append(item)
    looks = [[look] for look in slide.looks()]
    parts = [part for part in ([text], *([x] for x in lists), *looks) if part != [""]]
    return [Slide(slide.head, part, [] if k else slide.notes) for k, part in enumerate(parts)]


def cut(slide):
    """Return a slide for the code, and one for what it prints, of a slide that has both."""
    for k, part in enumerate(slide.parts):
        if isinstance(part, Block) and part.lines and part.cell.outputs:
            output = new_code_cell("", outputs=part.cell.outputs)
            output.metadata.transient = {"remove_source": True}
            high = 28 * part.lines + 10
            code = replace(part, cell=new_code_cell(part.cell.source), height=high)
            rest = Block("look", part.text, output, part.height - high, asks=part.asks)
            return [
                Slide(slide.head, [*slide.parts[:k], code], slide.notes),
                Slide(slide.head, [rest, *slide.parts[k + 1 :]]),
            ]
    return [slide]


def joined(slides):
    """Return the slides of a section; one that would be half empty joins the one before it."""
    result = []
    for slide in slides:
        if result and may_join(result[-1], slide):
            before = result.pop()
            slide = Slide(slide.head, before.parts + slide.parts, before.notes + slide.notes)
        result.append(slide)
    return result


def may_join(before, slide):
    """Tell whether two slides fit on one, and are better there; an answer stays on its own."""
    looks = before.looks() + slide.looks()
    pictures = sum(look.height >= PICTURE and not look.lines for look in looks)
    return (
        min(before.height(), slide.height()) < SMALL
        and before.height() + slide.height() - 60 <= HEIGHT
        and before.words() + slide.words() <= WORDS
        and sum(look.lines for look in looks) <= LINES
        and pictures <= 1
        and not any(look.asks == "predict" for look in before.looks())
        and not (before.looks() and any(look.asks for look in slide.looks()))
    )


def explained(slide):
    """Return the slide, whose code has a sentence; without any, only what it prints is left."""
    looks = slide.looks()
    if len(looks) < len(slide.parts) or not any(look.lines for look in looks):
        return slide
    if text := next((look.document for look in looks if look.document), ""):
        return replace(slide, parts=[text, *looks])
    outputs = [part for part in cut(slide)[1:] if part.looks()]
    return outputs[0] if outputs else None


def cells_of(slide, kind):
    """Return the cells of a slide."""
    cells = [new_markdown_cell(slide.head)] if kind == "slide" else []
    for part in slide.parts:
        cells.append(part.cell if isinstance(part, Block) else new_markdown_cell(part))
    for k, cell in enumerate(cells):
        cell.metadata.slideshow = {"slide_type": "-" if k else kind}
    if slide.notes:
        cells.append(new_markdown_cell("\n\n".join(slide.notes)))
        cells[-1].metadata.slideshow = {"slide_type": "notes"}
    return cells


def count(text):
    """Return the number of words of a text, without its formulas."""
    return len(re.findall(r"[^\W\d]+(?:['\u2019][^\W\d]+)?", re.sub(r"\$[^$]+\$", "", text)))


def height_of(text):
    """Return about how high a text is, in pixels."""
    lines = 0
    for paragraph in text.split("\n\n"):
        rows = paragraph.splitlines() if is_formal(paragraph) else [paragraph]
        lines += 0.5 + sum(1 + len(row) // 100 for row in rows)
        lines += 1.2 * paragraph.startswith("$$")
    return round(33 * lines)


def sentences(paragraph):
    """Return the sentences of a paragraph; a dot inside of a number ends none."""
    ends = r"(?<=[.!?:])(?:\*\*)?(?<!e\.g\.)(?<!al\.)\s+(?=[A-Z*$`(\u201c])"
    found, start = [], 0
    for end in re.finditer(ends, paragraph):
        if paragraph[start : end.start()].count("**") % 2 == end.group().count("**") % 2:
            found.append(paragraph[start : end.end()].strip())
            start = end.end()
    return [*found, paragraph[start:].strip()]


def is_formal(paragraph):
    """Tell whether a paragraph is a formula, a table, or a list."""
    return bool(re.match(r"\$\$|\||- |1\. ", paragraph))


def shortened(paragraph):
    """Return a list with the first sentence of each of its items; others as they are."""
    if not re.match(LIST, paragraph):
        return paragraph
    items = []
    for item in re.split(ITEM, paragraph):
        mark, text = re.split(r"(?<=[-.])\s+", item, maxsplit=1)
        items.append(f"{mark} {sentences(' '.join(text.split()))[0]}")
    return "\n".join(items)


def plain_paragraphs(text):
    """Return the paragraphs of a text without its folded parts and without captions."""
    text = re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL)
    parts = [p.strip() for p in re.split(r"\n{2,}", text) if p.strip()]
    parts = [re.sub(CAPTION, "", p, flags=re.DOTALL) for p in parts]
    return [part for part in parts if part and not part.startswith(("```", "<", ">"))]


def lead_of(text, most):
    """Return the first sentences of a text, and its first formula, table, or list."""
    paragraphs = plain_paragraphs(text)
    formal = next((shortened(p) for p in paragraphs if is_formal(p)), "")
    if re.match(LIST, formal):
        most = max(16, WORDS - count(formal))
    kept, words = [], 0
    for sentence in (s for p in paragraphs if not is_formal(p) for s in sentences(p)):
        if kept and words + count(sentence) > most:
            break
        kept.append(sentence)
        words += count(sentence)
    if formal.startswith("|") and count(formal) + words > WORDS:
        formal = ""
    return "\n\n".join(part for part in (" ".join(kept), formal) if part)


def told(text):
    """Return what a text says about the thing before it, and the rest: what leads to the next.

    It is the first bold sentence, and then the rest is the paragraphs after it; or else it is the
    first sentence.
    """
    said = [(k, s) for k, p in enumerate(plain_paragraphs(text)) for s in told_in(p)]
    if not said:
        return "", text
    bold = [k for k, (_, s) in enumerate(said) if re.search(r"\*\*[^*\[]{12,}\*\*", s)]
    place = bold[0] if bold else 0
    paragraph, takeaway = said[place]
    rest = [s for k, (p, s) in enumerate(said) if k > place and (p > paragraph or not bold)]
    if count(takeaway) > TAKEAWAY or takeaway.endswith("?"):
        takeaway = ""
    return takeaway, " ".join(rest)


def told_in(paragraph):
    """Return the sentences of a paragraph of text that say something; a question does not."""
    if is_formal(paragraph):
        return []
    return [s for s in sentences(paragraph) if not re.search(r"\?\**$", s)]
