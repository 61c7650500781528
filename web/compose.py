"""Compose slides from a notebook: what is to be seen, and a sentence or two about it.

A slide holds a heading, a lead, something to look at (a picture, printed lines, or code whose
cell has the tag `slide-code`), and a takeaway, which a key brings.  They are sentences of the text
around it; where these do not stand alone, the metadata `slide` of a text say what to show in its
place.  The speaker's notes hold all of the text.
"""

import ast
import html
import re
from dataclasses import dataclass, field, replace

from nbformat.v4 import new_code_cell, new_markdown_cell

from charrnn_helpers import checks
from web.prose import (
    WORDS,
    count,
    height_of,
    needs,
    pages,
    picked,
    plain_paragraphs,
    sentences,
    told,
    without_links,
)
from web.questions import ANSWER, CHECK, RIGHT

LIVE = ("<script", '<div class="charrnn-')
SHOWN = "slide-code"  # the tag of a cell whose code is to be shown
LEAD = 42  # of them, in what comes before the thing to look at
DEMO = 24  # of them, before a demo, which takes the room
LINES = 18  # of code
HEIGHT, SMALL = 640, 270  # in pixels; a slide is 720 high, and its text grows to fill it
PICTURE = 400
ELSEWHERE = (
    r"\b(?:below|later section|section on|See|comes? next|last picture|Anything within|asks why)\b"
)
UNTOLD = ("exercise", "predict")  # nothing is told after these
FURTHER = "## Further: "
BREAK = r"\n*^---$\n*"  # between two slides, in what is written for them
TODO = r"\**(?:Now )?(?:drag|move|press|choose|set|type|turn|go|push|click)\b"


@dataclass
class Block:
    """A part of a notebook: a heading, a text, or something to look at."""

    kind: str  # heading, text, note, or look
    text: str
    cell: object = None
    height: int = 0
    lines: int = 0  # of code
    asks: str = ""  # predict, reveal, or exercise, if it is one of them
    notes: str = ""  # the whole text of one that is shown in part
    said: str = ""  # the outcome of a prediction

    def is_picture(self):
        return self.kind == "look" and self.height >= PICTURE and not self.lines


@dataclass
class Slide:
    """The parts of a slide, in their order, and what is said about them."""

    head: str
    parts: list = field(default_factory=list)  # texts and blocks
    notes: list = field(default_factory=list)

    def looks(self):
        return [part for part in self.parts if isinstance(part, Block)]

    def say(self, text):
        """Add a sentence after what is to be seen, if it fits."""
        if text and self.words() + count(text) <= WORDS:
            self.parts.append(text if "**" in text else f"**{text}**")

    def hear(self, text):
        """Say what a text says about the thing to look at; return that, and the rest."""
        look = self.looks()[-1]
        if look.asks == "exercise":
            return "", text
        demo = look.asks.endswith("demo")
        takeaway, rest = told(self.ask(text) if demo else text, look.is_picture() and not demo)
        self.say(takeaway)
        return takeaway, rest

    def ask(self, text):
        """Put before a demo what a text says to do with it; return the rest of the text."""
        todo = [
            s
            for p in plain_paragraphs(text)
            for s in sentences(p)
            if re.match(TODO, s, re.IGNORECASE)
        ]
        if todo and self.words() + count(todo[0]) <= 2 * DEMO:
            self.parts.insert(len(self.parts) - 1, todo[0])
            text = text.replace(todo[0], "").strip()
        return text

    def words(self):
        return sum(count(part) for part in self.parts if isinstance(part, str))

    def height(self):
        texts = sum(height_of(part) for part in self.parts if isinstance(part, str))
        return 60 + texts + sum(look.height for look in self.looks())


def composed(notebook):
    """Return the notebook with cells that are slides."""
    cells, untold = [], []  # what is said about something that is left out
    for section in sections(with_pictures(blocks(notebook))):
        slides = [part for slide in slides_of(section) for part in by_methods(slide)]
        slides = joined([part for slide in slides for part in cut(slide)])
        kept = []
        for slide in slides:
            shown = explained(slide)
            if shown is None:
                untold += slide.notes
                continue
            shown.notes[:0], untold = untold, []
            kept.append(shown)
        if not slides:
            untold += [block.notes for block in section if block.notes]
        for k, slide in enumerate(kept):
            cells += cells_of(slide, "subslide" if k else "slide")
    notebook.cells = cells
    return notebook


def blocks(notebook):
    """Yield the blocks of a notebook, in their order."""
    following = [*(cell.source for cell in notebook.cells[1:]), ""]
    for cell, after in zip(notebook.cells, following, strict=True):
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        if checked := CHECK.fullmatch(cell.source):
            answer = checks.BY_NAME[checked[1] or checked[2]].source.strip()
            yield Block("note", "", notes=f"A solution:\n\n```python\n{answer}\n```")
        elif kind == "skip":
            if cell.cell_type == "code" and "<img " in str(cell.outputs):
                yield Block("gap", "")  # a picture that is left out; what follows is about it
        elif cell.cell_type == "code":
            if not after.startswith('<div class="charrnn-live"'):  # it is there, and it moves
                yield to_look_at(cell)
        elif cell.source.startswith(LIVE):  # a demo of the page
            demo = new_markdown_cell(cell.source)
            size = re.search(r'width="(\d+)" height="(\d+)"', cell.source)
            beside = size and int(size[2]) > 0.42 * int(size[1])  # what is said has room there
            yield Block("look", "", demo, PICTURE + 60, asks="high demo" if beside else "demo")
        else:
            shown = parts_of(cell.metadata.get("slide", cell.source))
            for text, whole in zip(shown, parts_of(cell.source), strict=True):
                if text.startswith("#"):
                    yield Block("heading", text)
                elif whole:
                    note = kind == "notes" or whole.startswith("You will learn")
                    first, *more = re.split(BREAK, text, flags=re.MULTILINE)
                    yield Block("note" if note else "text", first, notes=whole)
                    for part in more:
                        yield Block("break", "")
                        yield Block("text", part)


def parts_of(text):
    """Return the headings of a text, and what stands before, between, and after them."""
    return [part.strip() for part in re.split(r"^(#+ .*)$", text, flags=re.MULTILINE)]


def with_pictures(found):
    """Yield blocks; an outcome with a picture after it is shown by the picture."""
    outcome = None
    for block in found:
        if outcome and block.is_picture() and not block.asks:
            yield replace(block, asks="reveal", said=outcome.said, notes=outcome.notes)
            outcome = None
            continue
        if outcome:
            yield outcome
        outcome = block if block.said and not block.lines and not block.is_picture() else None
        if not outcome:
            yield block
    if outcome:
        yield outcome


def outcome_of(output):
    """Return the answer of a prediction: its beginning, for a slide, and the whole; "" if none."""
    found = ANSWER.search(output.get("data", {}).get("text/html", ""))
    if not found:
        return "", ""
    right = RIGHT.match(found[1])
    text = f"**The outcome:** {without_tags(right[2] or right[3])}."
    more = sentences(without_tags(found[1][right.end() :]))
    for sentence in more:
        if re.search(ELSEWHERE, sentence) or count(f"{text} {sentence}") > 34:
            break
        text += f" {sentence}"
    return text, without_tags(found[1])


def without_tags(text):
    """Return the text of HTML, with code as in Markdown."""
    return re.sub("</?code[^>]*>", "`", html.unescape(text))


def to_look_at(cell):
    """Return a block with what is to be seen of a cell of code; a gap if it is nothing."""
    tags = cell.metadata.get("tags", [])
    code = bare(cell.source) if SHOWN in tags else ""
    outputs = list(cell.outputs)
    if not code and not outputs:
        return Block("gap", "")
    if "<details><summary>" in str(outputs) and not ANSWER.search(str(outputs)):
        return Block("gap", "")  # an answer that unfolds is not for the class
    said, whole = outcome_of(outputs[-1]) if outputs else ("", "")
    outputs = outputs[: -1 if said else None]
    look = new_code_cell(code, outputs=outputs) if code else printed(outputs)
    lines = len(code.splitlines())
    height, words = 28 * lines + 10 * bool(code), ""
    for output in outputs:
        data = output.get("data", {})
        shown = data.get("text/html", "")
        if "<img" in shown or "<svg" in shown:
            height += PICTURE
        elif shown:
            words = re.sub("<[^>]*>", " ", shown)
            height += 40 + 34 * (1 + len(re.findall("<(?:p|tr|li|summary)[ >]", shown)))
        else:
            height += 28 * len((output.get("text") or data.get("text/plain", "")).splitlines())
    asks = re.search(r"^checks\.(predict|reveal)\(", cell.source, re.MULTILINE)
    kind = asks[1] if asks else "exercise" if "exercise" in tags else ""
    return Block("look", words, look, height, lines, kind, whole, said)


def printed(outputs):
    """Return a cell that shows outputs, and no code."""
    cell = new_code_cell("", outputs=outputs)
    cell.metadata.transient = {"remove_source": True}  # a name that nbconvert knows
    return cell


def bare(source):
    """Return code without asserts and docstrings, and a signature on one line."""
    gone = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert) or is_check(node):
            gone |= set(range(node.lineno, node.end_lineno + 1))
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            first = node.body[0]
            gone |= set(range(first.lineno, first.end_lineno + 1))
    lines = [line for k, line in enumerate(source.split("\n"), 1) if k not in gone]
    source = re.sub(r"(def \w+\()\n\s+(.*)\n\s*\):", r"\1\2):", "\n".join(lines))
    return re.sub(r"\n{3,}", "\n\n", source).strip("\n")


def is_check(node):
    """Tell whether a statement asks for a prediction, or checks an answer."""
    return isinstance(node, ast.Expr) and ast.unparse(node).startswith("checks.")


def sections(found):
    """Return lists of blocks, each beginning with a heading, and none with a heading alone.

    What is a sentence or two before the first subsection begins that subsection.
    """
    parts = []
    for block in found:
        if block.kind == "heading":
            few = [b for b in parts[-1][1:] if b.kind != "note"] if parts else []
            short = len(few) == 1 and few[0].kind == "text" and count(few[0].text) < 30
            inner = len(parts) > 1 and re.match("## .*\n### ", f"{parts[-1][0].text}\n{block.text}")
            begins = parts.pop()[1:] if inner and short and not is_task(block) else []
            parts.append([block, *begins])
        else:
            parts[-1].append(block)
    return [part for part in with_an_end(parts) if len(part) > 1]


def with_an_end(parts):
    """Return sections with a slide that ends the lesson, before those that go further."""
    further = [part for part in parts if part[0].text.startswith(FURTHER)]
    if not further:
        return parts
    titles = [part[0].text.removeprefix(FURTHER) for part in further]
    titles = "\n".join(f"- {title[0].upper()}{title[1:]}" for title in titles)
    text = f"The lesson ends here. The slides that follow go further:\n\n{titles}"
    k = parts.index(further[0])
    return [*parts[:k], [Block("heading", "## Further"), Block("text", text)], *parts[k:]]


def is_task(heading):
    """Tell whether a heading is that of an exercise."""
    return bool(re.match("#+ Your turn", heading.text))


def slides_of(section):
    """Return slides, one for each thing to look at, of the blocks of a section."""
    heading, *rest = section
    telling, fresh = Telling(heading.text, is_task(heading)), False
    for block in rest:
        if block.kind == "look":
            telling.show(block)
        elif block.kind == "break" and telling.texts:
            telling.show()
        elif block.kind in ("text", "note"):
            telling.hear(block, fresh)
        fresh = block.kind == "look" or (fresh and block.kind == "note")
    return telling.end()


@dataclass
class Telling:
    """The slides of a section while they are made, and what is still to be said."""

    head: str
    task: bool  # all of its text is shown, up to where the answer is to stand
    slides: list = field(default_factory=list)
    texts: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def show(self, look=None):
        """Add slides with what is still to be said, and the thing to look at."""
        before = len(self.slides)
        lead = self.add_texts(look)
        if look:
            parts = [self.again(len(self.slides)), lead, look, look.said]
            self.slides.append(Slide(self.head, [part for part in parts if part]))
            self.task = self.task and look.asks != "exercise"
        if self.slides:
            self.slides[min(before, len(self.slides) - 1)].notes += self.notes
        if look and look.notes:
            self.slides[-1].notes.append(look.notes)
        self.texts, self.notes = [], []

    def again(self, place):
        """Return the name of a task, which stands on each of its slides but the first."""
        return self.head if self.task and place else ""

    def add_texts(self, look):
        """Add slides for the texts that do not fit beside the look; return its lead."""
        text = "\n\n".join(self.texts)
        most = DEMO if look and look.asks == "demo" else LEAD  # beside a high one is room
        if look and look.text:
            most = max(16, LEAD - count(look.text))
        lead = text if self.task else picked(text, most)
        if look and not self.task and needs(text) <= most:
            return lead
        parts = pages(lead if self.task else picked(text, WORDS))
        lead = parts.pop() if self.task and look and parts else ""
        for part in parts:
            shown = [self.again(len(self.slides)), part]
            self.slides.append(Slide(self.head, [part for part in shown if part]))
        exercise = look and look.asks == "exercise" and not lead
        return "The exercise begins with this code:" if exercise else lead

    def hear(self, block, fresh):
        """Keep a text; what it says about the thing before it is said there."""
        takeaway, text = "", block.text if block.kind == "text" else ""
        before = self.slides[-1] if fresh else None
        if fresh and text:
            takeaway, text = before.hear(text)
        self.texts += [text] * (block.kind == "text")
        if fresh:
            here, later = apart(block.notes, takeaway) if text else (block.notes, "")
            before.notes.append(here)
            self.notes += [later] if later else []
        else:
            self.notes += [block.notes] if block.notes else []

    def end(self):
        """Return the slides, with a last one if something is still to be said."""
        text = "\n\n".join(self.texts)
        if self.texts and (not self.slides or self.task or needs(text)):
            self.show()
        elif self.slides:
            self.slides[-1].notes += self.notes
        return self.slides


def apart(text, takeaway):
    """Return the paragraphs of a text up to that with the takeaway, and those after it."""
    paragraphs = text.split("\n\n")
    k = 1 + next((k for k, part in enumerate(paragraphs) if takeaway in part), 0)
    return "\n\n".join(paragraphs[:k]), "\n\n".join(paragraphs[k:])


def by_methods(slide):
    """Return slides with the methods of a class, if together they are too long for one."""
    looks = slide.looks()
    if len(looks) != 1 or looks[0].lines <= LINES:
        return [slide]
    cell, texts = looks[0].cell, [part for part in slide.parts if isinstance(part, str)]
    parts = re.split(r"\n\n(?=    def )", cell.source)
    if len(parts) > 1 and "\n" not in parts[0]:  # the line of the class belongs to its first method
        parts[:2] = ["\n".join(parts[:2])]
    packed = parts[:1]
    for part in parts[1:]:
        if len(f"{packed[-1]}\n\n{part}".splitlines()) <= LINES:
            packed[-1] += f"\n\n{part}"
        else:
            packed.append(part)
    codes = [new_code_cell(part) for part in packed]
    codes[-1].outputs = cell.outputs
    blocks = [replace(looks[0], cell=c, lines=len(c.source.splitlines())) for c in codes]
    blocks = [replace(block, height=28 * block.lines, asks="method") for block in blocks]
    name = f"`{parts[0].splitlines()[0].removesuffix(':')}`"
    first = Slide(slide.head, [*(texts[:1] or [f"{name}:"]), blocks[0]], slide.notes)
    return [first, *(Slide(slide.head, [f"{name}, continued:", b]) for b in blocks[1:])]


def cut(slide):
    """Return the slide, or, if it is too high, one without the code, or one for what it prints."""
    if slide.height() <= HEIGHT:
        return [slide]
    for k, part in enumerate(slide.parts):
        if isinstance(part, Block) and part.lines and part.cell.outputs:
            high = 28 * part.lines + 10
            output = printed(part.cell.outputs)
            rest = Block("look", part.text, output, part.height - high, asks=part.asks)
            alone = Slide(slide.head, [*slide.parts[:k], rest, *slide.parts[k + 1 :]], slide.notes)
            if slide.parts[k + 1 :] == [] or part.asks:
                return [alone]
            code = replace(part, cell=new_code_cell(part.cell.source), height=high)
            return [
                Slide(slide.head, [*slide.parts[:k], code]),
                Slide(slide.head, [rest, *slide.parts[k + 1 :]], slide.notes),
            ]
    return [slide]


def joined(slides):
    """Return the slides of a section; one that would be half empty joins the one before it."""
    result = []
    for slide in slides:
        if result and (may_join(result[-1], slide) or answers(result[-1], slide)):
            before = result.pop()
            parts = [part for part in slide.parts if part != slide.head]  # once is enough
            slide = Slide(slide.head, before.parts + parts, before.notes + slide.notes)
        result.append(slide)
    return result


def answers(question, slide):
    """Tell whether a slide only says what came out, and can do so below its question."""
    looks = slide.looks()
    return (
        bool(question.looks())
        and question.parts[-1] is question.looks()[-1]
        and question.looks()[-1].asks == "predict"
        and [(look.asks, bool(look.cell.outputs)) for look in looks] == [("reveal", False)]
    )


def may_join(before, slide):
    """Tell whether two slides fit on one, and are better there; an answer stays on its own."""
    looks = before.looks() + slide.looks()
    pictures = sum(look.is_picture() for look in looks)
    seen = before.parts and before.parts[-1] in before.looks() and before.parts[-1].is_picture()
    asked = seen and [look.asks for look in slide.looks()] == ["predict"]  # about the picture
    return (
        min(before.height(), slide.height()) < SMALL
        and before.height() + slide.height() - 60 <= (HEIGHT + 120 if asked else HEIGHT)
        and before.words() + slide.words() <= WORDS
        and sum(look.lines for look in looks) <= LINES
        and pictures <= 1
        and not any(look.asks for look in before.looks())
        and (asked or not (before.looks() and any(look.asks for look in slide.looks())))
    )


def explained(slide):
    """Return the slide; of one without a sentence only its picture or its table, or None."""
    looks = slide.looks()
    if len(looks) < len(slide.parts) or any(look.asks for look in looks):
        return slide
    for look in looks:
        if look.lines:
            look.cell, look.lines = printed(look.cell.outputs), 0
    looks = [look for look in looks if is_shown(look.cell)]
    return replace(slide, parts=looks) if looks else None


def is_shown(cell):
    """Tell whether a cell shows what needs no words: a picture or a table."""
    outputs = cell.get("outputs", [])
    return cell.cell_type == "markdown" or any("text/html" in o.get("data", {}) for o in outputs)


def cells_of(slide, kind):
    """Return the cells of a slide."""
    parts = [*([slide.head] if kind == "slide" else []), *slide.parts]
    cells = []
    for part in parts:
        cells.append(
            part.cell if isinstance(part, Block) else new_markdown_cell(without_links(part))
        )
    seen = False  # what comes after it appears with a key
    for k, (cell, part) in enumerate(zip(cells, parts, strict=True)):
        outcome = isinstance(part, str) and part.startswith("**The outcome:** ")
        later = isinstance(part, str) and (seen or (outcome and k > 0))
        cell.metadata.slideshow = {"slide_type": "fragment" if later else "-" if k else kind}
        seen = isinstance(part, Block) and part.asks not in UNTOLD
    if slide.notes:
        cells.append(new_markdown_cell(without_links("\n\n".join(slide.notes))))
        cells[-1].metadata.slideshow = {"slide_type": "notes"}
    return cells
