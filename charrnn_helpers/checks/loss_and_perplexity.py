"""The exercises of notebook 3: bits, cross-entropy, an honest mean, a bigram table."""

import math
import statistics

import torch

from charrnn_helpers import training
from charrnn_helpers.checks import answers
from charrnn_helpers.checks.exercise import Exercise, by_slip, case, draw

PERPLEXITIES = {
    "exp": math.exp,
    "bits times 2": lambda bits: 2 * bits,
    "square": lambda bits: bits**2,
    "nats to bits": lambda bits: bits / math.log(2),
    "logarithm": lambda bits: math.log2(bits),
    "natural logarithm": lambda bits: math.log(bits),
    "divided by ln 2": lambda bits: math.exp(bits / math.log(2)),
    "in nats": lambda bits: bits * math.log(2),
    "ten": lambda bits: 10.0**bits,
}


def imitate_bits(slips):
    power = by_slip(PERPLEXITIES, slips, lambda bits: 2.0**bits)

    def answer(bits):
        bits = math.ceil(bits) if "whole bits" in slips else bits
        bits = math.floor(bits) if "cut to whole bits" in slips else bits
        return power(-bits if "one half" in slips else bits) - ("one less" in slips)

    return answer


bits = Exercise(
    name="bits",
    notebook=3,
    title="from bits to perplexity",
    answer_name="my_perplexity",
    tried="0, 1, 2.5, 4 bits and more",
    cases=(case(1.0), case(0.0), case(2.5), case(4.0), case(4.807)),
    solution=answers.my_perplexity,
    imitate=imitate_bits,
    slips={
        "exp": "That is e to the power of the bits. e belongs to nats; a bit is a choice "
        "between two.",
        "bits times 2": "That doubles the bits. One bit more doubles the *perplexity*: "
        "2 * 2 * 2 ..., a factor for each bit.",
        "square": "That is the square of the bits. Base and exponent are exchanged.",
        "one half": "There is a minus sign too many: that is a probability. The perplexity is one "
        "divided by it.",
        "logarithm": "That goes the other way, from a perplexity to bits.",
        "divided by ln 2": "The conversion goes the wrong way: nats are bits *times* ln 2, "
        "because a bit is the smaller unit.",
        "in nats": "That is the loss in nats. The perplexity is exp of it.",
        "nats to bits": "Dividing by ln 2 turns nats into bits, and these are bits already. "
        "The perplexity has them as an exponent.",
        "natural logarithm": "That is a logarithm. The bits are a logarithm already; the way back "
        "to the perplexity is a power.",
        "whole bits": "The bits were rounded up. On average a character may cost 2.5 bits, and "
        "2 to the power of 2.5 is a perplexity like any other.",
        "cut to whole bits": "The fraction of the bits was cut off. 2 to the power of 2.5 is a "
        "perplexity like any other.",
        "one less": "1 was taken away. The perplexity counts all choices, the right one too.",
        "ten": "That is ten to the power of the bits. A bit is a choice between two.",
    },
    hints=(
        "How many equally likely characters can be told apart with 1 bit, with 2, with 3?",
        "The two formulas above say what the perplexity is in bits. Which number has the bits "
        "as its exponent?",
        "In Python a power is written with two stars: the base is 2.",
    ),
)


def imitate_cross_entropy(slips):
    def answer(logits, targets):
        if "argument is probabilities" in slips:
            return -pick(logits.log(), targets).mean()
        if "softmax twice" in slips:
            logits = logits.softmax(-1)
        axis = {"wrong axis": 0, "one sum for all": None}
        dim = by_slip(axis, slips, -1)
        shifted = logits - shift_of(logits, slips)
        sums = shifted.exp().sum() if dim is None else shifted.exp().sum(dim, keepdim=True)
        if "overflows to nan" in slips:
            log_probs = (shifted.exp() / sums).log()
        else:
            log_probs = (logits if "target not shifted" in slips else shifted) - sums.log()
        if {"rounded to 0", "epsilon", "log of the mean"} & slips:
            shifted = logits - shift_of(logits, slips)
            probs = pick(shifted.exp() / shifted.exp().sum(-1, keepdim=True), targets)
            probs = probs.mean() if "log of the mean" in slips else probs
            return reduced(-(probs + 1e-9 * ("epsilon" in slips)).log(), slips)
        chosen = log_probs.amax(-1) if "the largest instead" in slips else pick(log_probs, targets)
        if "no logarithm" in slips:
            chosen = chosen.exp()
        if "all characters" in slips:
            chosen = log_probs
        if "score alone" in slips:
            chosen = pick(logits, targets)
        return reduced(-chosen, slips, logits.shape[-1])

    return answer


def pick(scores, targets):
    """From each row the number that belongs to the target."""
    return scores.gather(-1, targets.unsqueeze(-1)).squeeze(-1)


def shift_of(logits, slips):
    """What is taken away from the logits before exp()."""
    if "overflows" in slips or "overflows to nan" in slips:
        return torch.zeros(())
    if "one maximum for all" in slips or "one sum for all" in slips:
        return logits.max()
    return logits.amax(0 if "wrong axis" in slips else -1, keepdim=True)


def reduced(prices, slips, width=1):
    """The prices of all positions as one number, or what a slip makes of them."""
    if "1 - p" in slips:
        prices = 1 - (-prices).exp()
    if "sign" in slips:
        prices = -prices
    if "in bits" in slips:
        prices = prices / math.log(2)
    if "last step only" in slips and prices.dim() > 1:
        prices = prices[..., -1]
    if "one for each position" in slips:
        return prices
    if "sum over time" in slips and prices.dim() > 1:
        return prices.sum(-1).mean()
    loss = prices.sum() if "sum" in slips else prices.mean()
    loss = loss / width if "mean over the vocabulary, too" in slips else loss
    return loss.exp() if "perplexity" in slips else loss


cross_entropy = Exercise(
    name="cross_entropy",
    notebook=3,
    title="cross-entropy that does not overflow",
    answer_name="my_cross_entropy",
    tried="logits of shape (1, 2), (3, 4) and (2, 3, 5), logits of 1,000 and -1,000",
    cases=(
        case(torch.tensor([[1.0, 0.0]]), torch.tensor([1])),
        case(torch.tensor([[0.0, 0.0], [3.0, 1.0]]), torch.tensor([0, 0])),
        case(draw(3, 4, seed=1, scale=2), torch.tensor([0, 3, 2])),
        case(draw(2, 3, 5, seed=2, scale=2), torch.tensor([[0, 4, 2], [1, 1, 3]])),
        case(torch.tensor([[1000.0, 998.0], [0.0, 0.0]]), torch.tensor([1, 0])),
        case(torch.tensor([[-1000.0, -1001.0], [2.0, 1.0]]), torch.tensor([0, 0])),
        case(torch.tensor([[3000.0, 0.0]]), torch.tensor([1])),
    ),
    solution=training.cross_entropy,
    imitate=imitate_cross_entropy,
    slips={
        "overflows": "It is right for small logits and fails for large ones: exp(1000) is inf. "
        "Take the largest logit of each row away from the row first; that changes no "
        "probability.",
        "overflows to nan": "It is right for small logits and gives nan for large ones: exp(1000) "
        "is inf, and inf divided by inf is nan. Take the largest logit of each row away first.",
        "rounded to 0": "It fails where a probability is very small: the softmax rounds it to 0, "
        "and the logarithm of 0 is -inf. Take the logarithm in the formula: the target's logit "
        "less the logarithm of the sum, without ever computing the probability.",
        "epsilon": "The small number that is added to the probability hides a logarithm of 0, "
        "and caps the price at about 20. Compute the logarithm without the probability: the "
        "target's logit less the logarithm of the sum.",
        "log of the mean": "The logarithm of the mean probability was taken. The mean of the "
        "logarithms is wanted: each character has its own price.",
        "one maximum for all": "One maximum was taken for all rows. A row that lies far below it "
        "becomes exp(-2000) = 0 everywhere, and the logarithm of that is -inf. Each row needs "
        "its own maximum.",
        "target not shifted": "The largest logit was taken away inside the sum, but not from the "
        "target's logit. Both must be shifted, or neither counts.",
        "sum": "The prices are added up; the loss is their mean, so that it does not depend on "
        "the size of the batch.",
        "mean over the vocabulary, too": "The mean was taken over a table with zeros for all that "
        "is not the target, so the loss was divided by vocab_size as well. Divide by the number of "
        "positions.",
        "sum over time": "The prices are added along the steps. The mean runs over all "
        "positions, over batch and time alike.",
        "one for each position": "There is a price for each position. One number is wanted: "
        "their mean.",
        "last step only": "Only the last step of each text counts. Every step is a question.",
        "sign": "The sign is missing. The logarithm of a probability is negative, and a price "
        "is -ln p.",
        "in bits": "That is in bits. The loss is in nats: natural logarithms.",
        "perplexity": "That is the perplexity, exp of the loss. The loss itself is wanted.",
        "1 - p": "That is 1 minus the probability. The price is -ln p, which grows without "
        "bound as p goes to 0.",
        "no logarithm": "That is the probability itself, without a logarithm.",
        "softmax twice": "The softmax was applied twice. cross-entropy starts from logits, and "
        "the logarithm of the sum of exp() is the softmax already.",
        "argument is probabilities": "The logits are treated as if they were probabilities. "
        "Put them through a softmax first.",
        "wrong axis": "The sum of exp() runs over the wrong axis. For each position it runs over "
        "the vocabulary: the last axis, dim=-1.",
        "one sum for all": "One sum of exp() was taken over everything. Each row of logits is a "
        "distribution of its own: sum over dim=-1.",
        "the largest instead": "That is the price of the likeliest character. The price of the "
        "*target* is wanted, likely or not.",
        "all characters": "The mean runs over all characters of the vocabulary. Only the "
        "target's price counts.",
        "score alone": "That is minus the target's logit alone. The logarithm of the sum over "
        "all exp(logits) is missing: -ln p = ln(sum of exp) - logit.",
    },
    errors={
        "rows for columns": (
            "out of bounds",
            "An index goes past the end: tensor[targets] picks whole rows. From each row one "
            "number is wanted, that of the target; gather does it, as in the draft.",
        ),
        "axes to flatten": (
            "to match target batch_size",
            "flatten(0, 1) needs two axes of positions, and here the logits have one. "
            "flatten(0, -2) joins all axes but the last, however many there are.",
        ),
    },
    hints=(
        "The formula has two parts: the logarithm of a sum over the vocabulary, and the "
        "target's logit. Which part can overflow?",
        "Whatever is taken away from all logits of a row cancels. So make all of them 0 or less "
        "before exp() sees them, and use the same smaller logits in both parts.",
        "logits = logits - logits.max(dim=-1, keepdim=True).values; then the two lines of the "
        "draft.",
    ),
)


def imitate_mean(slips):
    def answer(losses, sizes):
        total, n = sum(sizes), len(losses)
        alike = {"mean of perplexities", "batches count alike", "divided by all"} & slips
        weights = [1] * n if alike else sizes
        weights = [1 / size for size in sizes] if "divided by the sizes" in slips else weights
        rising = {"mean of perplexities", "weighted perplexities", "harmonic"} & slips
        values = [math.exp(loss) for loss in losses] if rising else losses
        if "a single batch" in slips:
            values, weights = values[-1:], [1]
        if "the worst batch" in slips:
            values, weights = [max(values)], [1]
        if "median" in slips:
            values, weights = [statistics.median(values)], [1]
        divisors = {"no mean": 1, "divided by batches": n, "divided by all": total}
        divisor = by_slip(divisors, slips, sum(weights))
        values = [1 / v for v in values] if "harmonic" in slips else values
        mean = sum(w * v for w, v in zip(weights, values, strict=True)) / divisor
        mean = 1 / mean if "harmonic" in slips else mean
        if rising or "no exp" in slips:
            return mean
        mean = -mean if "sign" in slips else mean
        return 2.0**mean if "in bits" in slips else math.exp(min(mean, 700))

    return answer


mean_perplexity = Exercise(
    name="mean_perplexity",
    notebook=3,
    title="the mistake that is most often made",
    answer_name="my_mean_perplexity",
    tried="one batch, batches of equal size, of unequal size, and one that is nearly empty",
    cases=(
        case([1.0], [5]),
        case([1.0, 3.0], [10, 10]),
        case([2.0, 3.0], [1000, 10]),
        case([0.5, 2.5, 1.0], [3, 2, 7]),
    ),
    solution=answers.my_mean_perplexity,
    imitate=imitate_mean,
    broken=frozenset({"mean of perplexities"}),
    slips={
        "mean of perplexities": "That averages the perplexities. Average the losses, and take "
        "exp at the very end.",
        "batches count alike": "It averages the losses first, which is right, but a batch of 10 "
        "characters counts as much as one of 1,000. Weight each loss with its size.",
        "weighted perplexities": "The sizes are taken into account, but it is still the "
        "perplexities that are averaged. Average the losses, and take exp at the very end.",
        "no exp": "That is the mean loss. The perplexity is exp of it.",
        "no mean": "It was added up, and not divided by anything. A mean is wanted.",
        "divided by batches": "It was divided by the number of batches; it should be the number "
        "of characters.",
        "divided by all": "It was divided by the number of all characters, but each loss is a "
        "mean already, and was not multiplied with the size of its batch before.",
        "divided by the sizes": "The losses are divided by the sizes, so that a small batch "
        "counts more than a large one. Multiply.",
        "in bits": "The losses are in nats, so the base is e, not 2.",
        "sign": "The sign is wrong: that is a probability. The perplexity is never below 1.",
        "a single batch": "Only the last batch counts.",
        "the worst batch": "Only the worst batch counts.",
        "harmonic": "That averages the probabilities 1/perplexity. Average the losses, and take "
        "exp at the very end.",
        "median": "That takes the median. A single surprising batch belongs into the mean.",
    },
    hints=(
        "What would the answer be if all characters had been in one single batch?",
        "The mean loss over all characters comes first, and exp last. What is the total price "
        "of a batch, if you know its mean and its size?",
        "sum(loss * size ...) / sum(sizes) is the mean over all characters. Then math.exp.",
    ),
)


def imitate_bigram(slips):
    def answer(ids, vocab_size):
        start = 0.0 if {"nothing added", "added to the empty only"} & slips else 1.0
        counts = torch.full((vocab_size, vocab_size), start)
        pairs = list(zip(ids[:-1].tolist(), ids[1:].tolist(), strict=True))
        pairs += [(ids[-1].item(), ids[0].item())] if "wrapped round" in slips else []
        pairs = pairs[:-1] if "last pair left out" in slips else pairs
        pairs = set(pairs) if "each pair once" in slips else pairs
        pairs = [] if "nothing counted" in slips else pairs
        pairs = list(pairs)[::2] if "pairs without overlap" in slips else pairs
        for a, b in pairs:
            counts[(b, a) if "next and before exchanged" in slips else (a, b)] += 1
            if "both ways" in slips:
                counts[b, a] += 1
        if "added to the empty only" in slips:
            counts = counts.clamp(min=1)
        if "diagonal" in slips:
            counts = counts + torch.diag(torch.bincount(ids, minlength=vocab_size).float())
        return shares(counts, slips)

    return answer


def shares(counts, slips):
    """The counts as probabilities."""
    if "counts" in slips:
        return counts
    if "columns add up" in slips:
        return counts / counts.sum(dim=0, keepdim=True)
    if "everything adds up" in slips:
        return counts / counts.sum()
    if "wrong way broadcast" in slips:
        return counts / counts.sum(dim=1)
    sums = counts.sum(dim=1, keepdim=True)
    probs = counts / (sums - counts.shape[1] if "sums without the ones" in slips else sums)
    if "softmax" in slips:
        return counts.softmax(dim=1)
    return probs.log() if "logarithms" in slips else probs


def sums_of_rows(got, want, *args):
    """A row whose sum is not 1, in words."""
    if not isinstance(got, torch.Tensor) or got.shape != want.shape:
        return None
    sums = got.double().sum(dim=1)
    wrong = (sums - 1).abs() > 1e-3
    if not wrong.any():
        return None
    row = wrong.nonzero()[0].item()
    return (
        f"Row {row} adds up to {sums[row].item():.4g}. Each row is a distribution: it adds up to 1."
    )


bigram = Exercise(
    name="bigram",
    notebook=3,
    title="a table of pairs",
    answer_name="my_bigram",
    tried="texts of 2 to 40 characters, pairs that occur often, once and never",
    cases=(
        case(torch.tensor([0, 1]), 2),
        case(torch.tensor([0, 1, 1, 1, 0, 1]), 2),
        case(torch.tensor([0, 1, 2, 0, 1, 0]), 4),
        case(torch.randint(5, (40,), generator=torch.Generator().manual_seed(0)), 6),
    ),
    solution=answers.my_bigram,
    imitate=imitate_bigram,
    symptoms={"rows do not add up": sums_of_rows},
    slips={
        "nothing added": "No one was added to the counts. A pair that never occurred then has "
        "probability 0, and a row without any pair is 0/0, nan.",
        "added to the empty only": "One was added only where the count was 0. Then a pair that "
        "occurred once is as likely as one that never did; add it to every count.",
        "next and before exchanged": "Rows and columns are exchanged before the division: row a "
        "counts what came *before* a. It should count what comes after.",
        "columns add up": "The columns add up to 1. Row a is a distribution over what comes "
        "after a, so the rows should: sum over dim=1.",
        "everything adds up": "The whole table adds up to 1: the probability of the pair. Each "
        "row should, for itself: what comes next if a was there.",
        "wrong way broadcast": "The sums of the rows were divided into the columns: without "
        "keepdim=True the sums lie down as a row. No error, since the table is square.",
        "counts": "These are counts. Divide each row by its sum.",
        "softmax": "The softmax turns counts into something far too sharp: exp of a count. "
        "Divide each row by its sum.",
        "logarithms": "These are the logarithms of the probabilities.",
        "sums without the ones": "The rows were summed before the ones were added, so they add up "
        "to more than 1.",
        "wrapped round": "The last character and the first were counted as a pair. "
        "The text is not a ring.",
        "last pair left out": "The last pair is missing.",
        "pairs without overlap": "Every second pair is missing: the text was cut into pairs. Each "
        "character but the last begins one.",
        "nothing counted": "All rows are even: not one pair was counted. (Tensors as keys of a "
        "Counter are never found again; use plain numbers, ids.tolist().)",
        "each pair once": "Each pair was counted once, however often it occurs. Was it "
        "counts[a, b] += 1 with whole tensors of indices? Then equal pairs do not add up.",
        "both ways": "Each pair was counted in both directions.",
        "diagonal": "The single characters were counted as well, on the diagonal.",
    },
    hints=(
        "How often does each pair occur? Start from a table full of ones, and go through the "
        "text pair by pair.",
        "zip(ids[:-1], ids[1:]) gives the pairs. After counting, each row has to add up to 1.",
        "counts = torch.ones(vocab_size, vocab_size); counts[a, b] += 1 for each pair; then "
        "divide by counts.sum(dim=1, keepdim=True).",
    ),
)

EXERCISES = (cross_entropy, bits, mean_perplexity, bigram)
