"""Choose what a slide says of a text: formulas, bold claims and terms, questions, and some more."""

import re

WORDS = 56  # on a slide, as counted here; some formulas are words
TAKEAWAY = 26  # of them, in what comes after what is seen
CAPTION = (
    r"^\*(?!\*).*?[.:]\*(?!\*)\s*(?:[a-z][^.]*\.\s*)?"  # with its full stop, and what goes on
    r"|^\*(?!\*)(?:[^*\s]+\s+){3,}[^*]*\*[^.*]*\.\s*"  # with the full stop after it
)
LINK = r"\[([^\]]+)\]\([\w./-]+\.(?:md|ipynb)(?:#[\w-]+)?\)"  # to another page of the course
LIST, ITEM = r"- |1\. ", r"\n(?=- |\d+\. )"
BOLD = 25  # letters of a sentence or most of one, and not of a term
LEANS = r"\**(?:It|Then|So|Their|They|This|That|These|Those|The first|The second|The two|For|But)\b"


def without_links(text):
    """Return a text without the links that lead to other pages of the course."""
    return re.sub(LINK, r"\1", text)


def count(text):
    """Return the number of words of a text, without its formulas and tables."""
    text = re.sub(r"\$[^$]+\$|^\|.*$", "", without_links(text), flags=re.MULTILINE)
    return len(re.findall(r"[^\W\d]+(?:['\u2019][^\W\d]+)?", text))


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
    ends = r"(?<=[.!?])(?:\*\*)?(?<!e\.g\.)(?<!al\.)(?<! [A-Z]\.)\s+(?=[A-Z*$`(\u201c])"
    found, start = [], 0
    for end in re.finditer(ends, paragraph):
        if paragraph[start : end.start()].count("**") % 2 == end.group().count("**") % 2:
            found.append(paragraph[start : end.end()].strip())
            start = end.end()
    return [*found, paragraph[start:].strip()]


def is_formal(paragraph):
    """Tell whether a paragraph is a formula, a table, a list, or set apart."""
    return bool(re.match(r"\$\$|\||- |\d+\. |> ", paragraph))


def shortened(paragraph):
    """Return a list with the first sentence of each of its items; others as they are."""
    if not re.match(LIST, paragraph):
        return paragraph
    items = []
    for item in re.split(ITEM, paragraph):
        mark, text = re.split(r"(?<=[-.])\s+", item, maxsplit=1)
        found = sentences(" ".join(text.split()))
        items.append(f"{mark} {' '.join(found[: 1 if count(found[0]) > 3 else 2])}")
    return "\n".join(items)


def plain_paragraphs(text):
    """Return the paragraphs of a text without its folded parts and without captions."""
    text = re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL)
    parts = [p.strip() for p in re.split(r"\n{2,}", text) if p.strip()]
    parts = [re.sub(CAPTION, "", p, flags=re.DOTALL) for p in parts]
    return [part for part in parts if part and not part.startswith(("```", "<"))]


def weighed(text):
    """Return (weight, piece) for the sentences, formulas, lists, and tables of a text.

    The smaller the weight, the sooner it is shown: 0 is a formula and what leads to it, and a
    sentence with a bold term or claim; 1 leads to what follows; 2 comes first; 3 is the rest.
    """
    found = []
    paragraphs = plain_paragraphs(text)
    for k, paragraph in enumerate(paragraphs):
        if is_formal(paragraph):
            found.append([3 if paragraph.startswith("> **") else 0, shortened(paragraph)])
            continue
        here = [s for s in sentences(paragraph) if not re.match('Answer `?"', s)]
        parts = [[0 if "**" in s else 3, s] for s in here]
        if parts and k + 1 < len(paragraphs) and is_formal(paragraphs[k + 1]):
            parts[-1][0] = 0
        found += parts
    if found and re.search(r"[:?]\**$", found[-1][1]):
        found[-1][0] = min(found[-1][0], 1)
    if found:
        found[0][0] = min(found[0][0], 2)
    return found


def needs(text):
    """Return the number of words of what a text cannot do without."""
    return sum(count(piece) for weight, piece in weighed(text) if weight == 0)


def picked(text, most):
    """Return what of a text is shown on a slide, in its order: the weightiest, up to `most` words.

    Two formulas at most; the first piece is shown even if it is too long.
    """
    found = weighed(text)
    kept = set()
    for k in sorted(range(len(found)), key=lambda k: (found[k][0], k)):
        group = {k}
        while min(group) and re.match(LEANS, found[min(group)][1]):
            group.add(min(group) - 1)  # what it leans on
        if not kept or sum(count(found[j][1]) for j in kept | group) <= most:
            kept |= group
    return together([found[k][1] for k in sorted(kept)])


def together(pieces):
    """Return pieces as a text: sentences side by side, and what is formal on lines of its own."""
    parts = []
    for piece in pieces:
        if parts and not is_formal(piece) and not is_formal(parts[-1]):
            parts[-1] += f" {piece}"
        else:
            parts.append(piece)
    return "\n\n".join(parts)


def pages(text):
    """Return a text in parts of no more words than a slide may have."""
    pieces = []
    for paragraph in plain_paragraphs(text):
        if re.match(LIST, paragraph):
            pieces += re.split(ITEM, paragraph)
        else:
            pieces += [paragraph] if is_formal(paragraph) else sentences(paragraph)
    number = -(-count(" ".join(pieces)) // WORDS) or 1
    most = min(WORDS, 1.2 * count(" ".join(pieces)) / number)  # about as much on each
    parts = []
    for piece in pieces:
        if parts and count(" ".join([*parts[-1], piece])) <= most:
            parts[-1].append(piece)
        else:
            parts.append([piece])
    return [re.sub(r"\n\n(?=- |[2-9]\. )", "\n", together(part)) for part in parts]


def is_claim(sentence):
    """Tell whether a sentence, or most of it, is bold, and not a term alone."""
    bold = [part for part in sentence.split("**")[1::2] if "[" not in part]
    return max(map(len, bold), default=0) >= BOLD


def told(text, pictured=False):
    """Return what a text says about the thing before it, and the rest: what leads to the next.

    It is the first bold sentence, or, of a picture, the first sentence, unless that leans on
    another; a question says nothing.  The rest is what its paragraph asks, and those after it.
    """
    paragraphs = plain_paragraphs(text)
    said = [
        (k, sentence)
        for k, paragraph in enumerate(paragraphs)
        if not is_formal(paragraph)
        for sentence in sentences(paragraph)
        if not re.search(r"\?\**$", sentence)
    ]
    bold = [found for found in said if is_claim(found[1])]
    alone = said and pictured and count(said[0][1]) > 5 and not re.match(LEANS, said[0][1])
    if not bold and not alone:
        return "", "\n\n".join(paragraphs)
    place, takeaway = (bold or said)[0]
    last = sentences(paragraphs[place])[-1]  # the others are about the same thing
    here = last if last != takeaway and re.search(r"[:?]\**$", last) else ""
    rest = "\n\n".join(part for part in (here, *paragraphs[place + 1 :]) if part)
    return takeaway if count(takeaway) <= TAKEAWAY else "", rest
