"""Shannon's game: the reader predicts a passage, letter by letter, and the score is kept."""

import hashlib
import math

from charrnn_helpers import logbook
from charrnn_helpers.show.controls import Button, Keys
from charrnn_helpers.show.figures import LEAST, player_loss
from charrnn_helpers.show.style import PALETTE, visible
from charrnn_helpers.show.svg import MONO, Axes, Drawing
from charrnn_helpers.training import bits_per_char, perplexity

WIDTH, LINE = 750, 50
SHOWN, LENGTH = 100, 250  # characters of a passage that are given, and all of them
NEXT = "\n"  # stands in a record of guesses where another passage begins
LETTERS = " etaoinshrdlcumwfgypbvkjxqz"  # from frequent to rare in English
GROUPS = {"1": (1, 1), "2": (2, 2), "3": (3, 3), "4 to 6": (4, 6), "7 or more": (7, 27)}
WARM = (230, 159, 0)
ANCHORS = {"6-gram": "end", "3-gram": "start"}  # of labels that would touch others


class Game:
    """The game on five passages of a text; the logbook keeps what was guessed."""

    def __init__(self, text):
        starts = [text.index(" ", len(text) * k // 6) + 1 for k in range(1, 6)]
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
    em, column = d.em, (WIDTH - 2 * d.em) / LINE
    for t, char in enumerate(passage):
        x, y = em + (t % LINE) * column, (1.6 + 2.75 * (t // LINE)) * em
        place, middle = t - SHOWN, x + column / 2
        if place < 0:
            d.text(middle, y, visible(char), "middle", color="#666", **MONO)
        elif place < len(ranks):
            d.rect(x, y - 1.05 * em, column, 1.4 * em, warm(ranks[place]))
            d.text(middle, y, visible(char), "middle", **MONO)
            d.text(middle, y + 1.3 * em, str(ranks[place]), "middle", size=0.85, color="#555")
        elif place == len(ranks):
            d.rect(x, y - 1.05 * em, column, 1.4 * em, "white", PALETTE[0])
        else:
            d.text(middle, y, "\u00b7", "middle", color="#666", **MONO)
    _alphabet(d, 16.1 * em, wrong)
    _shares(d, 18.6 * em, ranks)
    words = _score(ranks, len(passage) - SHOWN)
    for k, line in enumerate(words):
        d.text(21.5 * em, (19.8 + 1.8 * k) * em, line, font_weight="bold" if k == 1 else "normal")
    shown = "".join(map(visible, passage[SHOWN - 20 : SHOWN + len(found)]))
    return d.picture(f"After {shown}, which character comes next? {'; '.join(filter(None, words))}")


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
    loss = player_loss(ranks)
    score = f"about {bits_per_char(loss):.1f} bits per character, perplexity {perplexity(loss):.1f}"
    where = f"Your score goes on the board at {LEAST}, and is good at 100."
    if len(ranks) >= LEAST:
        where = "Your score is on the board."
        where += " It is surer at 100." if len(ranks) < 100 else " You can stop, or go on."
    if len(ranks) == most:
        where = "The passage is complete. Your score is on the board."
    return [f"found: {len(ranks)} characters", score if len(ranks) >= 10 else "", "", where]


def calibration(players):
    """Draw players `{name: (bits by probabilities, bits by guesses in each game)}`."""
    d = Drawing(WIDTH, 330)
    box = (5 * d.em, 1.2 * d.em, WIDTH - 9 * d.em, 330 - 3 * d.em)
    axes = Axes(d, box, (0.5, 5.5), (0.5, 5.5))
    axes.frame("bits per character, by probabilities", "bits, by guesses")
    for shift, color, dash in ((0.0, "#555", "2 3"), (0.5, PALETTE[1], "7 4")):
        d.path(axes.points((0.5, 5.5 - shift), (0.5 + shift, 5.5)), color, 2, dash)
    d.text(axes.x(5.5) + 0.5 * d.em, axes.y(5.5) + 0.8 * d.em, "equal", color="#555")
    d.text(axes.x(5) - d.em, axes.y(5.5) + 0.8 * d.em, "half a bit more", "end", color="#A84300")
    spelled = []
    for name, (true, games) in players.items():
        mean, x = sum(games) / len(games), axes.x(true)
        d.line(x, axes.y(min(games)), x, axes.y(max(games)), PALETTE[0], 1.5)
        d.dot(x, axes.y(mean), PALETTE[0], 5)
        high = axes.y(max(games)) - 0.4 * d.em
        high = axes.y(min(games)) + d.em if name == "3-gram" else high  # below, between the lines
        d.text(x, high, name, ANCHORS.get(name, "middle"), size=0.93)
        spelled.append(f"{name} {true:.2f} and {mean:.2f}")
    return d.picture(f"Bits by probabilities, and by guesses: {', '.join(spelled)}.")
