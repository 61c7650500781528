"""Predictions: a question before a cell is run, and afterward the answer next to what happened."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from charrnn_helpers import logbook
from charrnn_helpers.checks.verdict import (
    COLORS,
    NOT_TRIED,
    PASSED,
    WRONG,
    Note,
    WrongAnswer,
    is_strict,
    look_up,
)

LARGEST = 1e15  # a number that is predicted; neither infinity nor nan is below it


@dataclass(frozen=True)
class Prediction:
    """A question whose answer is a number or one of several choices."""

    name: str
    notebook: int
    question: str
    why: str  # shown with what happened
    right: Callable  # right(what was measured) -> the number, or the key of the right choice
    answer: object  # the right one on the book, for the run with all answers filled in
    choices: dict | None = None  # {key: what it means}; None: a number is asked for
    tolerance: float = 0.0  # of a number, relative

    def agrees(self, value, actual):
        right = self.right(actual)
        if self.choices:
            return value == right
        return math.isclose(value, right, rel_tol=self.tolerance, abs_tol=1e-9)

    def read(self, value):
        """Return the value as a number or a key, and what to give instead ("" if it is fine)."""
        if not self.choices:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return (value, "") if number and abs(value) < LARGEST else (None, "a number")
        keys = {key.lower(): key for key in self.choices}
        if isinstance(value, str) and value.strip().lower() in keys:
            return keys[value.strip().lower()], ""
        return None, "one of " + ", ".join(f'"{key}"' for key in self.choices)

    def shown(self, value):
        if self.choices:
            return f'"{value}" ({self.choices[value]})'
        return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def as_measured(value):
    return value


def window_or_memory(perplexities):
    windows, recurrent = perplexities
    if max(windows) < min(recurrent):
        return "window"
    return "memory" if max(recurrent) < min(windows) else "tie"


def strongest_path(shares):
    """Tell which path alone moves the share by most of what both do, {path: {alpha: share}}."""
    both, logits, memory = (max(by.values()) - min(by.values()) for by in shares.values())
    if logits > 0.8 * both and memory < 0.3 * both:
        return "logits"
    return "memory" if memory > 0.8 * both and logits < 0.3 * both else "half"


def leader(ends):
    """Return the kind `{kind: [perplexities]}` whose networks are ahead of all others, or "tie"."""
    first = min(ends, key=lambda kind: max(ends[kind]))
    others = [value for kind, values in ends.items() if kind != first for value in values]
    return first if max(ends[first]) < min(others) else "tie"


def ahead_of(perplexities):
    """Tell which of three models are ahead of the last, in the order of what was expected."""
    *ours, rival = perplexities
    ahead = [value < rival for value in ours]
    count = ahead.index(False) if False in ahead else len(ahead)
    return ("none", "reading", "mixtures", "all")[count]


def which_gate(means):
    """Return which gate alone brings more than half of the lead, `{kind: mean perplexity}`."""
    plain, needed = means["RNN"], (means["RNN"] - means["GRU"]) / 2
    enough = [gate for gate in ("update", "reset") if plain - means[gate] > needed]
    return enough[0] if len(enough) == 1 else "both" if enough else "none"


PREDICTIONS = (
    Prediction("unseen_words", 1, "On average, how many of 100 words in the validation part, "
        "repeats included, do not occur in the training part?", "Anything within a factor of two "
        "counts as right. A word that was never read has no id, and a model of words cannot write "
        "it.",
        lambda share: round(share, 1), 8, tolerance=0.5),
    Prediction("two_ones", 1, "A vector has two ones, at positions 1 and 3. What is its product "
        "with the matrix?", "Each row is multiplied by its number in the vector, and then all rows "
        "are added. So the product is row 1 plus row 3.",
        lambda numbers: "sum" if numbers == [12.0, 14.0, 16.0] else "other", "sum",
        {"two": "two rows, one below the other", "sum": "the sum of row 1 and row 3",
         "mean": "the mean of row 1 and row 3", "error": "PyTorch raises an error"}),
    Prediction("num_params", 2, "How many parameters does the model with 28 tokens and 32 "
        "hidden units have?", "They are 28 * 32 in W_xh, 32 * 32 in W_hh, 32 in b_h, 32 * 28 in "
        "W_hq, and 28 in b_q.", as_measured, 2876),
    Prediction("two_pasts", 2, 'The trained network reads "to" or "fo", and then sixty times the '
        "same letter. For how many of these letters do its two states differ by 0.01 or more in "
        "some unit?", "On the whole, the two states come closer. From the 16th letter o on, or the "
        "49th letter u, the beginning changes no unit by as much as 0.01.",
        lambda last: "few" if max(last) < 10 else "tens" if max(last) < 60 else "all", "tens",
        {"few": "fewer than 10", "tens": "10 to 59", "all": "all 60 that are read"}),
    Prediction("window_or_memory", 2, "After 9 epochs, which predicts the validation part better, "
        "the best of the windows or the recurrent network?", "The best windows have four or five "
        "characters, and each of their runs is better than each run of the recurrent network.",
        window_or_memory, "window",
        {"window": "the best window, in all three runs", "memory": "the recurrent network, in all "
         "three runs", "tie": "neither: their runs overlap"}),
    Prediction("large_logits", 3, "What does the naive loss give for logits a hundred times as "
        "large?", "Each row has a logit above 88.7, the largest whose exp() fits into a 32-bit "
        "number. So the sum becomes inf, and so does the loss.",
        lambda loss: "inf" if loss == math.inf else "nan" if loss != loss else "large",
        "inf", {"large": "a loss about a hundred times as large", "inf": "infinity",
                "nan": "not a number", "error": "PyTorch raises an error"}),
    Prediction("doubled_text", 3, "A model has a perplexity of 4 on a text. What is its perplexity "
        "if every character is written twice, and it is certain of each second one?", "Each second "
        "character has a surprisal of 0, so the mean surprisal is halved, and the perplexity "
        "becomes its square root.", as_measured, 2, tolerance=0.02),
    Prediction("longer_contexts", 4, "What happens to the perplexity on the validation part, from "
        "n = 1 to 12?", "A context that was never seen changes nothing. So the rise comes from the "
        "long contexts that were seen, and the text below finds out what is wrong with them.",
        lambda scores: "turns" if scores[-1] > 1.1 * min(scores) else "falls"
        if scores == sorted(scores, reverse=True) else "levels", "turns",
        {"falls": "each further character lowers it", "levels": "it falls, and then stays level",
         "turns": "it falls, and then rises again"}),
    Prediction("large_rate", 4, "What does the perplexity do in 30 updates with a learning rate of "
        "200?", "The text below computes how large the rate may be.",
        lambda by_rate: "fastest" if by_rate[200][-1] <= min(by_rate[50][-1], by_rate[5][-1])
        else "grows" if by_rate[200][-1] > by_rate[200][0] else "swings", "swings",
        {"fastest": "it falls faster than with 50, and ends lowest",
         "swings": "it goes up and down, and ends above that with 50",
         "grows": "it ends higher than it began"}),
    Prediction("long_windows", 5, "The same loop gets windows of 150 characters instead of 32. "
        "What does the perplexity do in 100 updates?", "The network ends no better than a table of "
        "the frequencies of the characters. With windows of 32, the perplexity jumps up as well, "
        "but comes back. The next section finds out why this one stays.",
        lambda ends: "nan" if not math.isfinite(ends[1]) else "better" if ends[1] < ends[0] - 0.05
        else "back" if ends[1] < ends[0] + 0.1 else "stays", "stays",
        {"better": "it falls below that with windows of 32",
         "back": "it jumps up at first, and ends near that with windows of 32",
         "stays": "it jumps up, and stays near the perplexity of the 1-gram",
         "nan": "it becomes nan"}),
    Prediction("which_clipped", 5, "Which of the two runs was clipped?", "The norms are measured "
        "before clipping, so clipping does not make them small. A was ruined by its first update: "
        "you have seen that almost no gradient comes through to its W_hh. B was clipped. It is "
        "still learning, and its gradients have an ordinary length.",
        lambda means: max(means, key=means.get).lower(), "b",
        {"a": "A: the norms become small", "b": "B: the norms stay near 1"}),
    Prediction("blame", 5, "One thing is changed: the windows are 32 long, the learning rate is "
        "0.1, or W_hh begins at 0.177. With which of the three are most networks still ruined?",
        "With this rate, eight of ten are ruined, and with each of the other changes, none is.",
        lambda ruined: max(ruined, key=ruined.get), "rate",
        {"windows": "windows of 32", "rate": "a learning rate of 0.1", "W_hh": "W_hh at 0.177"}),
    Prediction("uphill", 5, "Ten networks begin as the one that failed. Every gradient with a norm "
        "above 10 is turned around, and all are clipped at 1. How do most of them end?", "They end "
        "almost as well as the clipped ones.",
        lambda ends: "ruined" if sum(share > 0.5 for _, share, _ in ends) > 5 else "learned"
        if sum(loss < 12 for loss, *_ in ends) > 5 else "neither", "learned",
        {"ruined": "ruined", "neither": "not ruined, but with a perplexity above 12",
         "learned": "with a perplexity below 12, like the clipped ones"}),
    Prediction("equal_text", 6, "Two networks read the same 30,000 windows, one in batches of 64 "
        "and one in batches of 256. Which one predicts the validation part better?", "The small "
        "batches made 4 times as many updates. Whether the rate was fair to both comes next.",
        lambda losses: "same" if abs(losses[0] - losses[1]) < 0.05 else
        "small" if losses[0] < losses[1] else "large", "small",
        {"small": "the one with batches of 64", "large": "the one with batches of 256",
         "same": "both about equally well"}),
    Prediction("circles", 7, "A thousand beginnings from all over the book are continued greedily. "
        "In how many different circles do the texts end?", "Wherever it begins, the network ends "
        "up writing the same characters. The map below shows how.",
        lambda count: "one" if count == 1 else "several" if count <= 20 else "many", "one",
        {"one": "all of them in the same circle", "several": "in 2 to 20 circles",
         "many": "in more than 20 circles"}),
    Prediction("person", 7, "Does the model consider what a person wrote more likely than what it "
        "writes greedily, or less?", "A person does not write what is expected at each character.",
        lambda two: "less" if two[0] > two[1] else "more", "less",
        {"more": "more likely, so fewer bits for each character",
         "less": "less likely, so more bits for each character"}),
    Prediction("pile_up", 7, "The model goes on by itself after a passage by Wells. How sure is it "
        "of the next character, compared with Wells's own text?", "What it loses, it loses within "
        "the first ten characters. Later characters of its own make it no worse.",
        lambda gaps: "same" if gaps[1] < 0.005 else "grows" if gaps[1] > gaps[0] + 0.05 else "soon",
        "soon",
        {"grows": "less and less sure, the more it has written",
         "soon": "a little less sure after ten characters, and then no more so",
         "same": "just as sure"}),
    Prediction("missing_term", 8, "Two networks begin with the same weights and read the same "
        "windows. Which of them learns with a gradient that lacks a term?",
        "The curves cannot tell, but a nudge of W_hh can: the loss of this network does not grow "
        "at the rate that its gradient claims.",
        lambda gaps: max(gaps, key=gaps.get), "P", {"P": "network P", "Q": "network Q"}),
    Prediction("reach", 8, "A fresh network has 128 units, and a sigma of 0.01. How many time "
        "steps back until less than 1% of the gradient remains?",
        "A step back leaves 0.11: the size of W_hh, \u221a128 \u00b7 0.01, with slopes of "
        "nearly 1. Anything within a factor of two counts as right.",
        as_measured, 3, tolerance=0.5),
    Prediction("diagonals", 8, "How many diagonals of the triangle must a network keep in its "
        "gradient, so that its perplexity after training is at most 0.1 above that with all?",
        "One diagonal costs 0.34, and 0.18 at its best learning rate: even a loss that reaches its "
        "own state alone trains W_hh on the state before, and that state holds older characters.",
        lambda ends: min((k for k in ends if k.isdigit() and max(ends[k]) < min(ends["all"]) + 0.1),
                         key=int, default="all"), "2",
        {"1": "one, the diagonal alone", "2": "two", "4": "four", "8": "eight",
         "all": "more than eight"}),
    Prediction("short_windows", 8, "This pass is wrong. What is the shortest window, in "
        "characters, in which a comparison with the right pass finds the mistake?",
        "In shorter windows, it computes the same as the right pass. The exercise asks why.",
        lambda gaps: min(n for n in gaps if gaps[n] > 1e-9), 3),
    Prediction("untrained_probe", 9, "A probe reads the states of an untrained network. How well "
        "can it tell whether the character just read was a vowel?", "Each character adds its own "
        "row of W_xh to the sum inside tanh, and in 128 dimensions, a direction can separate 27 "
        "random rows in any way. 27 rows for each of the last few characters still fit into 128 "
        "dimensions.",
        lambda area: "chance" if area < 0.6 else "some" if area < 0.95 else "perfect", "perfect",
        {"chance": "an AUC below 0.6", "some": "an AUC between 0.6 and 0.95",
         "perfect": "an AUC above 0.95"}),
    Prediction("which_path", 9, "The push is sent on only one of its two paths. Which of them "
        "changes the share of vowels?", "What comes next is what the output layer computes. Below, "
        "we multiply u by its weights.", strongest_path, "logits",
        {"logits": "straight to the logits: nearly all of the change",
         "memory": "through the next state: nearly all of the change",
         "half": "each of them about half of the change"}),
    Prediction("last_vowel", 9, "The state is pushed along the direction of the probe that asks "
        "whether the last character was a vowel. As the push grows from -3 to 3, what does the "
        "share of vowels do?", "After a vowel, a consonant is likely, and the output layer has "
        "learned it: along this direction, it lowers the vowels. See the last line.",
        lambda by: "stays" if abs(by[3] - by[-3]) <= 0.1 else
                   "rises" if by[3] > by[-3] else "falls",
        "falls", {"rises": "it rises by more than 0.1", "falls": "it falls by more than 0.1",
                  "stays": "it changes by at most 0.1"}),
    Prediction("large_bias", 10, "With a bias of 6, the gates begin near 0.9975, and keep nearly "
        "everything over 40 letters. How many of ten networks pass the game after 300 updates?",
        "At first, the candidate is multiplied by 0.0025, so little is written. The section on "
        "the LSTM tests whether this is the cause.",
        lambda count: "few" if count < 3 else "some" if count < 8 else "most", "few",
        {"most": "eight or more, about as with a bias of 3", "some": "three to seven",
         "few": "at most two"}),
    Prediction("own_gates", 10, "You keep the network and its letters, but from the second letter "
        "on, you give it the update gates computed in another round. Does it still pass?",
        "The gates are computed from the state as well, and the state holds the first letter. "
        "One in eight of the other rounds happens to begin with the same letter.",
        lambda shares: "any" if shares["any"] > 0.9 else "same" if shares["same"] > 0.9 else "none",
        "same",
        {"any": "yes, with those of any other round",
         "same": "only with those of rounds that have the same first letter",
         "none": "not even with those"}),
    Prediction("one_gate", 10, "Two more kinds of networks have one of the two gates each, and "
        "about the same number of weights. Which gate, alone, brings more than half of the GRU's "
        "lead over the plain RNN?",
        "Without the reset gate, most of the lead is gone; without the update gate, nothing is "
        "lost. In the game, a value must last over 40 letters; the book asks for something else.",
        which_gate, "reset",
        {"update": "the update gate", "reset": "the reset gate", "both": "each of them",
         "none": "neither, so both are needed"}),
    Prediction("leader", 11, "Five kinds of networks have equal numbers of weights. Which kind "
        "leads on the validation part? A kind leads if all three of its networks are ahead of all "
        "others.", "It holds on this book, by this procedure.", leader, "LSTM",
        {"window": "the fixed window", "RNN": "the plain RNN", "GRU": "the GRU", "LSTM": "the LSTM "
         "of one layer", "two layers": "the LSTM of two layers", "tie": "none of them"}),
    Prediction("mixture", 11, "What will the perplexity of the equal mixture be?",
        "Half and half gives too much weight to a network that is so far behind. Other weights "
        "come next.",
        lambda three: "better" if three[2] < min(three[:2]) else
        "worse" if three[2] > max(three[:2]) else "between", "between",
        {"better": "lower than that of either", "between": "between the two",
         "worse": "higher than that of either"}),
    Prediction("zpaq", 11, "On the test part, zpaq has 3.56. On the validation part, the mixture "
        "that reads on has 3.28, the fixed mixture 3.33, and LSTM 640 alone 3.45. Which of them "
        "will be ahead of zpaq on the test part?",
        "All of them are worse on the test part than on the validation part. A later section asks "
        "why.",
        ahead_of, "mixtures",
        {"none": "none of them", "reading": "only the mixture that reads on",
         "mixtures": "the two mixtures", "all": "all three"}),
)  # fmt: skip
QUESTIONS = {asked.name: asked for asked in PREDICTIONS}


def find(name):
    """Return the Prediction with this name, or a Note that lists the names there are."""
    return look_up(name, QUESTIONS, "question")


def predict(name, value=...):
    """Record what the reader expects before a cell is run; return a Note.

    Once `reveal` has shown the outcome, the recorded prediction no longer changes.
    """
    asked = find(name)
    if isinstance(asked, Note):
        return asked
    lines = {f'"{key}"': text for key, text in (asked.choices or {}).items()}
    if value is ...:
        wanted = "one of these" if asked.choices else "a number"
        text = f"{asked.question} Replace the dots with {wanted}, and run the cell again."
        return Note("Predict before you run", text, lines, COLORS[NOT_TRIED], prose=True)
    kept, problem = asked.read(value)
    if problem:
        text = f"{value!r} is not an answer to this question. Enter {problem}."
        return Note("Predict before you run", text, lines, COLORS[WRONG])
    notice = logbook.write(prediction=asked.name, value=kept)
    text = f"{asked.question} Your prediction: {asked.shown(kept)}."
    if logbook.read()[1][asked.name]["value"] != kept:
        text += " Your prediction from before you saw the outcome is kept."
    return Note("Written down", f"{text}\n{notice}".strip(), {}, COLORS[NOT_TRIED])


def reveal(name, actual):
    """Show the prediction next to what happened, and why; return a Note."""
    asked = find(name)
    if isinstance(asked, Note):
        return asked
    _, kept, notice = logbook.read()
    made = kept.get(asked.name)
    value = asked.read(made["value"])[0] if made else None
    right = asked.shown(asked.right(actual))
    if value is None:
        _strict(asked, "nothing was predicted")
        text = f"Go back to the question, and answer it first. {notice}".strip()
        answer = f"It is {right}. {asked.why}"
        return Note("No prediction was made", text, {}, COLORS[NOT_TRIED], answer=answer)
    agrees = asked.agrees(value, actual)
    if not made.get("seen"):
        notice = logbook.write(prediction=asked.name, value=value, seen=True, right=agrees)
    if not agrees:
        _strict(asked, f"{value!r} was predicted, and it is {right}")
    lines = {"you said": asked.shown(value), "it is": right}
    title = "As predicted" if agrees else "Not as predicted"
    status = PASSED if agrees else WRONG
    return Note(title, f"{asked.why}\n{notice}".strip(), lines, COLORS[status], prose=True)


def _strict(asked, what):
    if is_strict():
        raise WrongAnswer(f"{asked.name}: {what}")
