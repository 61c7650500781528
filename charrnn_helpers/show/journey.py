"""The pictures of notebook 1: from the letters of a text to the numbers that a network reads."""

from charrnn_helpers.data import preprocess
from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Drawing

LONGEST = 20  # characters that fit into the picture of a journey
MOST = 6  # questions in the picture of the contexts
BLUE, ORANGE = ("#cfe6f5", PALETTE[0]), ("#fbe3d3", PALETTE[1])  # (fill, edge) of a box
PICKED = "#e4e4e4"  # the fill of a picked row
BOXES = (("#d5efe6", PALETTE[2]), ("#f6e3ee", PALETTE[3]))  # of the windows of a batch
WHITE, GRAY, BLACK = (255, 255, 255), (238, 238, 238), (34, 34, 34)
GREEN, PINK = (0, 130, 95), (190, 75, 140)  # of the largest weights, positive and negative
MARK = "#222"  # the edge of what is picked


def weight_color(value):
    """Return a color for a weight from -1 (pink) through 0 (white) to 1 (green)."""
    part, end = min(abs(value), 1.0), GREEN if value > 0 else PINK
    return tuple(round(255 + (channel - 255) * part) for channel in end)


def journey(sentence, place, vocab, W):
    """Draw the first `place` characters of a sentence as ids, one-hot vectors, and rows of W.

    Time runs to the right.  Each column of the grid is a one-hot vector, and its black cell is
    level with the row of W, `(vocab_size, n)`, that it picks.  Below it stands this row, upright.
    """
    typed = preprocess(sentence).lstrip() or " "
    text = typed[:LONGEST]
    beyond, place = place > len(text), min(place, len(text), LONGEST - 1)
    ids = vocab.encode(text).tolist()
    colors = [[weight_color(w) for w in row] for row in (W / W.abs().max()).tolist()]
    em, width = Drawing(0, 0).em, 16 * len(colors[0])
    row, left, top, right = 1.0 * em, 5.6 * em, 5.4 * em, WIDTH - width - 1.6 * em
    column, high = (right - 3.4 * em - left) / LONGEST, 0.6 * em * len(colors[0])
    bottom = top + len(vocab) * row
    d = Drawing(WIDTH, bottom + high + 1.6 * em)
    _sentence(d, text, place, left, column)
    if len(typed) > LONGEST:
        x = left + (LONGEST + 0.3) * column
        d.text(x, 2.65 * em, f"\u2026 {LONGEST} fit", size=0.85, color="#555")
    if beyond:
        x = left + (len(text) + 1.3) * column
        d.text(x, 2.65 * em, "the text ends", size=0.85, color="#555")
    for x in (left - 0.5 * em, right - 0.4 * em):
        for k, token in enumerate(vocab.idx_to_token):
            lift = 0.25 * row if token == " " else 0.0  # its sign stands below the line
            d.text(x, top + (k + 0.82) * row - lift, visible(token), "end", size=0.85)
    grid = [[WHITE] * place + [GRAY] * (LONGEST - place) for _ in vocab.idx_to_token]
    for t, idx in enumerate(ids[:place]):
        weight = "bold" if t == place - 1 else "normal"
        x = left + (t + 0.5) * column
        d.text(x, 4.9 * em, str(idx), "middle", size=0.85, font_weight=weight)
        grid[idx][t] = BLACK
    _cells(d, left, top, LONGEST * column, bottom - top, grid)
    _cells(d, right, top, width, bottom - top, colors)
    picked = zip(*(colors[idx] for idx in ids[:place]), strict=True)
    _cells(d, left, bottom + 0.8 * em, place * column, high, list(picked))
    labels = {"id": 4.9 * em, "picked": bottom + high / 2 + 0.5 * em}
    for label, height in (labels | {"rows": labels["picked"] + 1.3 * em}).items():
        d.text(left - 0.7 * em, height, label, "end")
    turn = f"rotate(-90 {1.6 * em:.1f} {(top + bottom) / 2:.1f})"
    d.text(1.6 * em, (top + bottom) / 2, "one-hot vectors", "middle", transform=turn)
    now, x = ids[place - 1], left + (place - 1) * column
    y, low = top + now * row, bottom + 0.8 * em
    d.line(x + column, y + row / 2, right - 1.4 * em, y + row / 2, MARK, 2)
    _frame(d, x, y, column, row)
    _frame(d, right, y, width, row)
    _frame(d, x, low, column, high)
    side, turn = right + width + 0.8 * em, low + high / 2
    corners = [(right + width, y + row / 2), (side, y + row / 2), (side, turn)]
    d.path([*corners, (x + column + 4, turn)], MARK, 2)
    tip = [(x + column + 10, turn - 5), (x + column + 3, turn), (x + column + 10, turn + 5)]
    d.path(tip, MARK, 2)
    d.text(right + width / 2, 3.6 * em, "W", "middle", font_weight="bold")
    d.text(right + width / 2, 4.9 * em, f"row {now}", "middle")
    words = f"row {now} of W, turned upright"
    d.text(right + width / 2 + 0.8 * em, turn + 1.5 * em, words, "end", size=0.93)
    context, target = text[:place], (text[place:] or "\u25a2")[0]
    return d.picture(
        f"After {context!r} comes {target!r}.  The last character read has the id {now}, and its "
        f"one-hot vector picks row {now} of W."
    )


def _sentence(d, text, place, left, column):
    """Write the text: in a blue box what has been read, and in an orange one what comes next."""
    em = d.em
    d.text(left - 0.7 * em, 2.6 * em, "text", "end")
    d.rect(left, 1.4 * em, place * column, 1.8 * em, *BLUE)
    d.rect(left + place * column, 1.4 * em, column, 1.8 * em, *ORANGE)
    d.text(left, 1.0 * em, "read", size=0.85, color=BLUE[1])
    x = left + max(place + 0.5, 2.4) * column  # beside the other label
    d.text(x, 1.0 * em, "target", "middle", size=0.85, color=ORANGE[1])
    for t, char in enumerate((text + "\u25a2")[:LONGEST]):
        color = "#222" if t <= place else "#777"
        d.text(left + (t + 0.5) * column, 2.65 * em, visible(char), "middle", color=color, **MONO)


def _cells(d, x, y, width, height, rows):
    """Draw a matrix of colors with lines between the cells."""
    d.pixels(x, y, width, height, rows)
    for k in range(len(rows) + 1):
        line = y + k * height / len(rows)
        d.line(x, line, x + width, line, "#ddd")
    for k in range(len(rows[0]) + 1):
        line = x + k * width / len(rows[0])
        d.line(line, y, line, y + height, "#ddd")


def _frame(d, x, y, width, height):
    d.add("rect", x=x, y=y, width=width, height=height, fill="none", stroke=MARK,
          stroke_width=2.5)  # fmt: skip


def growing_contexts(window):
    """Draw the questions in up to seven characters: what has been read, and what comes next."""
    typed = preprocess(window).lstrip()
    window = typed[: MOST + 1]
    if len(window) < 2:
        raise ValueError("type at least two letters: one to read, and one to guess")
    em, row, wide = Drawing(0, 0).em, 2.1 * Drawing(0, 0).em, 2 * Drawing(0, 0).em
    steps = len(window) - 1
    edge = (WIDTH + (MOST - 3) * wide) / 2 + 2 * em  # where the contexts end
    d = Drawing(WIDTH, 2.4 * em + MOST * row)
    d.text(edge - wide / 2, 1.3 * em, "input", "middle", color=BLUE[1], font_weight="bold")
    d.text(edge - 1.7 * wide, 1.3 * em, "context", "end", color=BLUE[1])
    if len(typed) > MOST + 1:
        note = f"only {MOST + 1} characters fit"
        d.text(edge + 3.4 * wide, 1.3 * em, note, size=0.85, color="#555")
    d.text(edge + 2.5 * wide, 1.3 * em, "target", "middle", color=ORANGE[1])
    for t in range(steps):
        y = 1.9 * em + t * row
        d.text(edge - MOST * wide - 2 * em, y + 1.25 * em, f"time step {t}", "end")
        d.rect(edge - (t + 1) * wide, y, (t + 1) * wide, 1.8 * em, *BLUE)
        for k, char in enumerate(window[: t + 1]):
            x, weight = edge + (k - t - 0.5) * wide, "bold" if k == t else "normal"
            look = {"font_weight": weight, "color": "#222" if k == t else "#555"} | MONO
            d.text(x, y + 1.25 * em, visible(char), "middle", **look)
        _arrow(d, edge + 0.4 * wide, edge + 1.8 * wide, y + 0.9 * em)
        d.rect(edge + 2 * wide, y, wide, 1.8 * em, *ORANGE)
        d.text(edge + 2.5 * wide, y + 1.25 * em, visible(window[t + 1]), "middle", **MONO)
    spoken = "; ".join(
        f"{window[: t + 1]!r} is followed by {window[t + 1]!r}" for t in range(steps)
    )
    return d.picture(f"Contexts that grow: {spoken}.")


def _arrow(d, x1, x2, y, color="#555"):
    d.line(x1, y, x2, y, color, 2)
    d.path([(x2 - 6, y - 4), (x2, y), (x2 - 6, y + 4)], color, 2)


def picked_row(x, W):
    """Draw x, a list of zeros and ones, times W, a list of rows: the sum of some rows is left."""
    em, row, wide = Drawing(0, 0).em, 1.8 * Drawing(0, 0).em, 3 * Drawing(0, 0).em
    places, size, narrow = [k for k, one in enumerate(x) if one], len(W[0]), 2 * Drawing(0, 0).em
    total = [sum(W[k][j] for k in places) for j in range(size)]
    left = (WIDTH - len(x) * narrow - 2 * size * wide - 6 * em) / 2
    d = Drawing(WIDTH, 2 * em + len(W) * row)
    middle = 1.4 * em + (len(W) - 1) * row / 2
    second = left + len(x) * narrow + 3 * em
    third = second + size * wide + 3 * em
    for k, number in enumerate(x):
        fill, color = ("#222", "white") if number else ("white", "#222")
        d.rect(left + k * narrow, middle, narrow, row, fill, "#999")
        d.text(left + (k + 0.5) * narrow, middle + 1.25 * em, f"{number:g}", "middle", color=color)
    for t, numbers in enumerate([*W, total]):
        picked = t in places or t == len(W)
        y = middle if t == len(W) else 1.4 * em + t * row
        for k, number in enumerate(numbers):
            cell = (third if t == len(W) else second) + k * wide
            d.rect(cell, y, wide, row, PICKED if picked else "white", "#999")
            color = "#222" if picked else "#777"
            d.text(cell + wide / 2, y + 1.25 * em, f"{number:g}", "middle", color=color)
    for cell, sign in ((second, "\u00d7"), (third, "=")):
        d.text(cell - 1.5 * em, middle + 1.25 * em, sign, "middle", size=1.3)
    for cell, name in ((left, "x"), (second, "W"), (third, "x W")):
        d.text(cell, 1.0 * em if name == "W" else middle - 0.4 * em, name, font_weight="bold")
    for place in places:
        _frame(d, second, 1.4 * em + place * row, size * wide, row)
    _frame(d, third, middle, size * wide, row)
    rows = " plus ".join(f"row {place}" for place in places)
    return d.picture(f"The product of x with W is {rows} of W.")


def batch_box(windows, vocab):
    """Draw a batch of windows, and the box of its one-hot rows, a sheet for each time step."""
    em, steps, size = Drawing(0, 0).em, len(windows[0]), len(windows)
    row, pitch, top = 0.95 * em, (0.95 * size + 0.7) * em, 3.2 * em
    d = Drawing(WIDTH, top + steps * pitch + 0.3 * em)
    marked = [[(char, BOXES[b]) for char in window] for b, window in enumerate(windows)]
    sheets = list(zip(*marked, strict=True))
    _table(d, em, top, marked, 1.7 * em, "batch", (size, steps))
    _arrow(d, (1.7 * steps + 1.6) * em, (1.7 * steps + 3.4) * em, top + 1.7 * em)
    left = (1.7 * steps + 10) * em
    column = (WIDTH - left - 2 * em) / len(vocab)
    slant = 0.4 * column / steps  # so that each cell stays below its token
    d.text(left, top - 1.9 * em, "inputs", **MONO)
    d.text(left + 5 * em, top - 1.9 * em, f"{steps} \u00d7 {size} \u00d7 {len(vocab)}", size=0.9)
    for k, token in enumerate(vocab.idx_to_token):
        lift = 0.25 * em if token == " " else 0.0
        place = left + (k + 0.5) * column, top - 0.35 * em - lift
        d.text(*place, visible(token), "middle", size=0.85, color="#555", **MONO)
    for t, step in enumerate(sheets):
        y, start = top + t * pitch + 0.1 * em, left + t * slant
        d.text(left - 0.6 * em, y + row * size / 2 + 0.35 * em, f"time step {t}", "end", size=0.85)
        for edge in (0, len(vocab) * column):
            if t < steps - 1:
                ends = (start + edge, y + size * row), (start + edge + slant, y + pitch)
                d.path(ends, "#999", 1)
        rows = [[WHITE] * len(vocab) for _ in step]
        for b, (char, _) in enumerate(step):
            rows[b][vocab[char]] = BLACK
        _cells(d, start, y, len(vocab) * column, size * row, rows)
        for b, (char, look) in enumerate(step):
            d.rect(start + vocab[char] * column, y + b * row, column, row, look[1])
            lift = 0.25 * row if char == " " else 0.0  # its sign stands below the line
            place = start + (len(vocab) + 0.5) * column, y + (b + 0.85) * row - lift
            d.text(*place, visible(char), size=0.85, color=look[1], **MONO)
    spoken = ", ".join(repr("".join(char for char, _ in step)) for step in sheets)
    return d.picture(f"The box of the batch {windows} has the sheets {spoken}.")


def rows_or_windows(windows):
    """Draw the characters of windows by time step, and two ways to read them back."""
    em, steps, size = Drawing(0, 0).em, len(windows[0]), len(windows)
    top, high, wide = 3.2 * em, 1.7 * em, 1.7 * em
    second = top + (size + 2.6) * high
    d = Drawing(WIDTH, max(second + size * high, top + steps * high) + 0.4 * em)
    marked = [[(char, BOXES[b]) for char in window] for b, window in enumerate(windows)]
    rows = list(zip(*marked, strict=True))
    flat = [cell for row in rows for cell in row]
    mixed = [flat[k * steps : (k + 1) * steps] for k in range(size)]
    left, right = 14 * em, 20 * em + size * wide
    _table(d, left, top, rows, high, "ids", (steps, size))
    middle = top + steps * high / 2
    for t in range(steps):
        d.text(left - 0.6 * em, top + t * high + 1.2 * em, f"time step {t}", "end")
    for y, table, name in ((top, mixed, "read row by row"), (second, marked, ".T")):
        _table(d, right, y, table, high, name, (size, steps))
        said = " ".join("".join(char for char, _ in row) for row in table)
        d.text(right + steps * wide + em, y + size * high / 2 + 0.35 * em, said, **MONO)
        turn, goal = right - 3 * em, y + size * high / 2
        d.path([(left + size * wide + 0.8 * em, middle), (turn, middle), (turn, goal)], "#555", 2)
        _arrow(d, turn, right - 0.8 * em, goal)
    read = ["".join(char for char, _ in row) for row in mixed]
    return d.picture(
        f"Read row by row, the time steps of {windows} are {read}; .T gives them back."
    )


def _table(d, x, y, rows, height, name, shape):
    """Draw a table of letters, each in the colors of its window, below its name and shape."""
    em = d.em
    d.text(x, y - 1.9 * em, name, **MONO)
    d.text(x, y - 0.6 * em, f"{shape[0]} \u00d7 {shape[1]}", size=0.9)
    for r, row in enumerate(rows):
        for k, (char, (fill, edge)) in enumerate(row):
            cell = x + 1.7 * em * k, y + r * height
            d.rect(*cell, 1.7 * em, min(height, 1.7 * em), fill, edge)
            d.text(cell[0] + 0.85 * em, cell[1] + 1.2 * em, visible(char), "middle", **MONO)
