"""The exercises of notebook 3: twins, likelihood, cross-entropy, a mean, dice."""

import math

import torch

from charrnn_helpers.checks.judge import Case, Exercise, case, draw, gradients
from charrnn_helpers.checks.source import functions_of
from charrnn_helpers.checks.trial import SECONDS
from charrnn_helpers.checks.values import Odd, attempt
from charrnn_helpers.checks.verdict import PASSED, WRONG, verdict


def my_twin(numbers, order):
    text = ""
    for number in numbers:
        tried = order(text)
        text += tried[number - 1]
    return text


def ring(letters, turn):
    """Return a player whose first guess depends on all that was read, in its order."""

    def order(before):
        place = sum((t + 1) * turn * (1 + letters.find(char)) for t, char in enumerate(before))
        place = (place + len(before)) % len(letters)
        return letters[place:] + letters[:place]

    return order


def after(pairs, letters):
    """Return a player who knows which letter follows which, and tries the others as they stand."""

    def order(before):
        likely = pairs.get(before[-1:], "")
        return likely + "".join(char for char in letters if char not in likely)

    return order


def by_first(letters, first):
    """Return a player who looks at the first letter alone, however long ago that was."""

    def order(before):
        return letters if not before or before[0] == first else letters[:-2] + letters[:-3:-1]

    return order


def twin_case(words, numbers, make_order, *given):
    """The numbers of guesses, and a player in words."""
    return Case(f"({numbers}, {words})", lambda: (list(numbers), make_order(*given)))


ALPHABET = "etaoin shrdlcumwfgypbvkjxqz.,?"  # 30 characters
PAIRS = {"": "t", "t": "h", "h": "ea", "e": " r", " ": "tm", "m": "e"}
TWIN_CASES = (
    twin_case('lambda before: "ab"', [1], lambda: lambda before: "ab"),
    twin_case('lambda before: "abc"', [3, 1], lambda: lambda before: "abc"),
    twin_case("order of a player who knows pairs", [1, 1, 1, 1, 2], after, PAIRS, " aehmrt"),
    twin_case("order of a player who knows pairs", [1, 1, 2, 3, 7], after, PAIRS, " aehmrt"),
    twin_case("order of a player who uses all letters", [1, 2, 5, 1, 4, 3], ring, "aehmt", 2),
    twin_case(
        "order of a player who uses all letters", [4, 4, 1, 3, 2, 6, 1, 5], ring, "abcdef", 3
    ),
    twin_case("order of a player who uses all letters", [2, 2, 2, 1, 1, 7], ring, "aceginr", 1),
    twin_case("lambda before: 30 characters", [28, 2, 30, 27], lambda: lambda before: ALPHABET),
    twin_case("order of a player who uses all letters", [1, 3, 2, 2, 2, 3, 1], ring, " no", 1),
    Case(
        "(60 numbers, order of a player who looks at the first letter)",
        lambda: ([2, *[3] * 58, 4], by_first("atoex", "t")),
    ),
)


def my_log_likelihood(text, probs):
    total = 0.0
    for t, char in enumerate(text):
        before = text[:t]
        p = probs[before][char]
        total += math.log(p)
    return total


def text_case(text, scale=1):
    """A text, with a distribution after each of its pieces, divided by the scale."""
    letters, ends = sorted({*text, "a", "b"}), range(len(text) + 1)
    starts = ends if len(text) < 20 else (0,)
    pieces = {text[i:j] for i in starts for j in ends} | set(text)

    def make():
        probs = {}
        for piece in sorted(pieces, key=lambda piece: (len(piece), piece)):
            place = 5 * len(piece) + 3 * text.find(piece)
            weights = [1 + (7 * k + place) % 9 for k in range(len(letters))]
            total = scale * sum(weights)
            probs[piece] = {c: w / total for c, w in zip(letters, weights, strict=True)}
        return text, probs

    if len(text) > 2:
        shown = repr(text) if len(text) < 20 else f"a text of {len(text)} characters"
        return Case(f"({shown}, its probabilities)", make)
    rows = {before: {c: round(p, 3) for c, p in row.items()} for before, row in make()[1].items()}
    return Case(f"({text!r}, {rows})", make)


LIKELIHOOD_CASES = (
    text_case("b"),
    text_case("ab"),
    text_case("aba"),
    text_case("tea"),
    text_case("bab b"),
    text_case("an apple"),
    text_case("abba " * 24, scale=1000),
)


def my_cross_entropy(logits, targets):
    logits = logits - logits.max(dim=-1, keepdim=True).values
    log_sums = logits.exp().sum(dim=-1).log()
    target_logits = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return (log_sums - target_logits).mean()


def loss_and_gradient(answer, logits, targets):
    """Return the loss, and the gradient that flows back from it to the logits."""
    loss, leaf = answer(logits, targets), logits.detach().clone().requires_grad_()
    again = attempt(answer, leaf * 1, targets)
    if not isinstance(again, torch.Tensor) or not again.requires_grad:
        return {"loss": loss, "gradient": Odd("missing: nothing flows back to the logits")}
    return {"loss": loss, "gradient": gradients(again.sum(), [leaf])[0]}


READY = {"logsumexp", "logaddexp", "log_softmax", "LogSoftmax", "cross_entropy", "Categorical"}
READY |= {"CrossEntropyLoss", "nll_loss", "NLLLoss"}  # PyTorch's functions that do the work


def words_of(code):
    """Return all global names and attributes in a code object, and in those inside it."""
    inner = [const for const in code.co_consts if hasattr(const, "co_names")]
    return set(code.co_names).union(*map(words_of, inner))


class ByHand(Exercise):
    """An exercise whose answer does without PyTorch's functions that do the work."""

    def judge(self, answer, seconds=SECONDS):
        """Return the Verdict on the answer, which is not right with one of those functions."""
        found = super().judge(answer, seconds)
        used = READY & {word for f in functions_of(answer) for word in words_of(f.__code__)}
        if found.status not in (PASSED, WRONG) or not used:
            return found
        right = "The result is right, but your" if found.status == PASSED else "Your"
        text = f"{right} code uses {' and '.join(f'`{name}`' for name in sorted(used))}, which "
        text += "hides what the exercise is about. Write the loss with exp(), sum(), and log()."
        return verdict(self.title, WRONG, text, "not by hand")


LOSS_CASES = (
    case(torch.tensor([[1.0, 0.0]]), torch.tensor([1])),
    case(torch.tensor([[0.0, 0.0], [3.0, 1.0]]), torch.tensor([0, 0])),
    case(draw(3, 4, seed=1, scale=2), torch.tensor([0, 3, 2])),
    case(draw(3, 3, seed=3, scale=2), torch.tensor([0, 2, 2])),
    case(draw(2, 3, 5, seed=2, scale=2), torch.tensor([[0, 4, 2], [1, 1, 3]])),
    case(torch.tensor([[1000.0, 998.0], [0.0, 0.0]]), torch.tensor([1, 0])),
    case(torch.tensor([[-1000.0, -1001.0], [2.0, 1.0]]), torch.tensor([0, 0])),
    case(torch.tensor([[95.0, 0.0]]), torch.tensor([1])),
    case(torch.tensor([[400.0, 398.0]]), torch.tensor([1])),
    case(torch.tensor([[3000.0, 0.0]]), torch.tensor([1])),
    case(torch.tensor([[3000.0, 0.0]]), torch.tensor([0])),
)


def my_mean_perplexity(losses, sizes):
    total = sum(loss * size for loss, size in zip(losses, sizes, strict=True))
    return math.exp(total / sum(sizes))


def given_mean_perplexity(losses, sizes):
    perplexities = [math.exp(loss) for loss in losses]
    return sum(perplexities) / len(perplexities)


MEAN_CASES = (
    case([1.0], [5]),
    case([1.0, 3.0], [10, 10]),
    case([2.0, 3.0], [1000, 10]),
    case([0.5, 2.5, 1.0], [3, 2, 7]),
    case([4.0, 4.5], [2, 6]),
    case([2.0, 2.0, 1.0], [3, 5, 4]),
    case([0.0, 1.0], [3, 5]),
)


def my_dice(shares):
    s = [*shares, 0.0]
    bits = 0.0
    for k in range(1, len(s)):
        height = s[k - 1] - s[k]
        bits += k * height * math.log2(k)
    return bits


DICE_CASES = (
    case([1.0]),
    case([0.5, 0.5]),
    case([0.75, 0.25]),
    case([0.4, 0.4, 0.2]),
    case([0.5, 0.3, 0.1, 0.1]),
    case([0.25, 0.25, 0.25, 0.25]),
    case([0.4, 0.3, 0.2, 0.1]),
    case([0.6, 0.2, 0.1, 0.06, 0.04]),
)


EXERCISES = (
    Exercise("twin", 3, my_twin, TWIN_CASES),
    Exercise("log_likelihood", 3, my_log_likelihood, LIKELIHOOD_CASES),
    ByHand("cross_entropy", 3, my_cross_entropy, LOSS_CASES, loss_and_gradient),
    Exercise("mean_perplexity", 3, my_mean_perplexity, MEAN_CASES, given=given_mean_perplexity),
    Exercise("dice", 3, my_dice, DICE_CASES),
)
