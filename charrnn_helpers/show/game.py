"""Shannon's game: the reader predicts a passage, letter by letter, and the score is kept."""

import hashlib
import math

from charrnn_helpers import logbook
from charrnn_helpers.show.controls import Button, Keys
from charrnn_helpers.show.figures import LEAST
from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, WIDTH, Drawing
from charrnn_helpers.training import shannon_bounds

LINE = 50
SHOWN, LENGTH = 100, 250  # characters of a passage that are given, and all of them
NEXT = "\n"  # stands in a record of guesses where another passage begins
LETTERS = " etaoinshrdlcumwfgypbvkjxqz"  # from frequent to rare in English
GROUPS = {"1": (1, 1), "2": (2, 2), "3": (3, 3), "4 to 6": (4, 6), "7 or more": (7, 27)}
WARM = (230, 159, 0)


class Game:
    """The game on five passages of a text; the logbook keeps what was guessed."""

    def __init__(self, text):
        starts = [_start(text, len(text) * k // 6) for k in range(1, 6)]
        self.passages = [text[start : start + LENGTH] for start in starts]
        self.name = hashlib.sha256("".join(self.passages).encode()).hexdigest()[:12]
        before = "".join(letters or NEXT for letters in logbook.guesses(self.name))
        self.keys = Keys("your guess", before, self.type)
        self.again = Button("Begin again with another passage", self.begin_again)

    def type(self, typed, guesses):
        """Take what was typed; `?` tries the letters in turn, from frequent to rare."""
        _, before, _ = played(self.passages, guesses)
        for key in typed.lower().replace("_", " "):
            if key in LETTERS:
                guesses += key
            elif key == "?":
                passage, found, _ = played(self.passages, guesses)
                guesses += LETTERS[: LETTERS.find((passage + " ")[SHOWN + len(found)]) + 1]
        for letters in played(self.passages, guesses)[1][len(before) :]:
            logbook.write(game=self.name, guesses=letters)
        return {"guesses": guesses}

    def begin_again(self, guesses):
        """Forget the score, and go on with another passage."""
        logbook.write(game=self.name, guesses="")
        return {"guesses": guesses + NEXT}


def _start(text, place):
    """Return the first place from `place` on where a word begins, and where one is to be guessed.

    The given part ends with a space, because the end of a word that looks complete is a trap.
    """
    places = range(place, len(text) - LENGTH)
    words = (i for i in places if text[i - 1] == text[i + SHOWN - 1] == " ")
    return next(words, place)


def played(passages, guesses):
    """Return the passage, the letters guessed for each character found, and the wrong ones now."""
    passage = passages[guesses.count(NEXT) % len(passages)]
    found, wrong = [], ""
    for letter in guesses.split(NEXT)[-1]:
        if SHOWN + len(found) >= len(passage):
            break
        if letter == passage[SHOWN + len(found)]:
            found, wrong = [*found, wrong + letter], ""
        elif letter in LETTERS and letter not in wrong:
            wrong += letter
    return passage, found, wrong


def guessing_game(passages, guesses):
    """Draw a passage as far as it was found, with the number of guesses below each character."""
    passage, found, wrong = played(passages, guesses)
    ranks = [len(letters) for letters in found]
    d = Drawing(WIDTH, 400)
    _passage(d, passage, ranks)
    _alphabet(d, 16.1 * d.em, wrong)
    _shares(d, 18.6 * d.em, ranks)
    words = _score(ranks, len(passage) - SHOWN)
    for k, line in enumerate(words):
        weight = "bold" if k == 1 else "normal"
        d.text(21.5 * d.em, (19.8 + 1.8 * k) * d.em, line, font_weight=weight)
    shown = "".join(map(visible, passage[SHOWN - 20 : SHOWN + len(found)]))
    return d.picture(f"After {shown}, which character comes next? {'; '.join(filter(None, words))}")


def _passage(d, passage, ranks):
    """Draw a passage as far as it was found, each character shaded by its number of guesses."""
    em, column = d.em, (WIDTH - 2 * d.em) / LINE
    small = {"size": 0.85, "color": "#555"}
    narrow = small | {"textLength": 0.8 * column, "lengthAdjust": "spacingAndGlyphs"}
    rows = {}  # {(y, kind): [(x, character)]}, to write what looks alike as one text
    for t, char in enumerate(passage):
        x, y = em + (t % LINE) * column, (1.6 + 2.75 * (t // LINE)) * em
        place, middle = t - SHOWN, x + column / 2
        if place == len(ranks):
            d.rect(x, y - 1.05 * em, column, 1.4 * em, "white", PALETTE[0])
            continue
        kind = "given" if place < 0 else "found" if place < len(ranks) else "open"
        letter = "\u00b7" if kind == "open" else visible(char)
        rows.setdefault((y, kind), []).append((middle, letter))
        if kind != "found":
            continue
        rank = ranks[place]
        if rank > 1:
            d.rect(x, y - 1.05 * em, column, 1.4 * em, warm(rank))
        if rank > 9:
            d.text(middle, y + 1.3 * em, str(rank), "middle", **narrow)
        else:
            rows.setdefault((y + 1.3 * em, "rank"), []).append((middle, str(rank)))
    colors = {"given": "#666", "open": "#666", "found": "#222"}
    for (y, kind), letters in rows.items():
        xs = " ".join(f"{x:.1f}" for x, _ in letters)
        look = small if kind == "rank" else {"color": colors[kind]} | MONO
        d.text(xs, y, "".join(letter for _, letter in letters), "middle", **look)


def warm(rank):
    """Return a color for a number of guesses: white for 1, and dark orange from 9 on."""
    part = min(math.log(rank) / math.log(9), 1.0)
    return "#" + bytes(round(255 - part * (255 - end)) for end in WARM).hex()


def _alphabet(d, y, wrong):
    """Draw the letters that can be guessed; those that were wrong here are crossed out."""
    column = (WIDTH - 2 * d.em) / len(LETTERS)
    for k, letter in enumerate(sorted(LETTERS)):
        x, out = d.em + (k + 0.5) * column, letter in wrong
        edge = d.em + k * column + 1
        d.rect(edge, y - 1.1 * d.em, column - 2, 1.6 * d.em, "#ddd" if out else "white", "#999")
        d.text(x, y, visible(letter), "middle", color="#666" if out else "#222", **MONO)
        if out:
            d.line(x - 0.6 * d.em, y + 0.3 * d.em, x + 0.6 * d.em, y - 0.9 * d.em, PALETTE[1], 2)


def _shares(d, top, ranks):
    """Draw which share of the characters took one guess, two, three, and so on."""
    left, whole = 10 * d.em, 7.5 * d.em
    for k, (name, (least, most)) in enumerate(GROUPS.items()):
        y, count = top + 1.7 * k * d.em, sum(least <= rank <= most for rank in ranks)
        share = count / max(len(ranks), 1)
        d.rect(left, y, share * whole, 1.2 * d.em, PALETTE[0])
        d.text(left - 0.5 * d.em, y + d.em, f"{name} guess{'es' * (k > 0)}", "end")
        d.text(left + share * whole + 0.3 * d.em, y + d.em, f"{100 * share:.0f}%")


def _score(ranks, most):
    """Return what is said about the score, in at most four lines."""
    if not ranks:
        return ["Nothing has been found yet.", "", "", "Type a letter, a space, or ? to give up."]
    low, high = shannon_bounds(ranks)
    score = f"between {low:.1f} and {high:.1f} bits per character"
    where = f"Your score goes on the board at {LEAST}, and is good at 100."
    if len(ranks) >= LEAST:
        where = "Your score is on the board."
        where += " It is surer at 100." if len(ranks) < 100 else " You can stop, or go on."
    if len(ranks) == most:
        where = "The passage is complete. Your score is on the board."
    return [f"found: {len(ranks)} characters", score if len(ranks) >= 20 else "", "", where]
