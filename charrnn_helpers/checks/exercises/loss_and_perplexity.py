"""The exercises of notebook 3: cross-entropy, bits, an honest mean, a bigram table."""

import math

import torch

from charrnn_helpers.checks.exercise import Exercise, Slip, case, draw


def my_cross_entropy(logits, targets):
    logits = logits - logits.max(dim=-1, keepdim=True).values
    log_sums = logits.exp().sum(dim=-1).log()
    target_logits = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return (log_sums - target_logits).mean()


SHIFT = "logits = logits - logits.max(dim=-1, keepdim=True).values"
SUMS = "log_sums = logits.exp().sum(dim=-1).log()"
TARGET = "target_logits = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)"
MEAN = "return (log_sums - target_logits).mean()"
PROBS = "probs = logits.softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)\n    "
CROSS_ENTROPY_SLIPS = {
    "overflows": Slip(SHIFT, "pass", "It is right for small logits and fails for large ones, "
        "because exp(1000) is inf. Subtract the largest logit of each row from the row first; "
        "that changes no probability."),
    "overflows to nan": Slip(SHIFT, "probs = logits.exp() / logits.exp().sum(-1, "
        "keepdim=True)\n    return -probs.log().gather(-1, targets.unsqueeze(-1)).mean()",
        "It is right for small logits and gives nan for large ones, because exp(1000) is inf, "
        "and inf divided by inf is nan. Subtract the largest logit of each row first."),
    "softmax along axis 1": Slip(SHIFT,
        "return -logits.log_softmax(1).gather(-1, targets.unsqueeze(-1)).mean()",
        "The softmax runs along axis 1, which is the vocabulary only for targets in one row. "
        "dim=-1 is always the last axis."),
    "rounded to 0": Slip(MEAN, PROBS + "return -probs.log().mean()", "It fails where a "
        "probability is very small: the softmax rounds it to 0, and the logarithm of 0 is -inf. "
        "Take the logarithm in the formula instead: the logarithm of the sum minus the target's "
        "logit, without computing the probability."),
    "epsilon": Slip(MEAN, PROBS + "return -(probs + 1e-9).log().mean()", "The small number added "
        "to the probability hides a logarithm of 0, and limits the loss to about 20. Compute the "
        "logarithm of the sum minus the target's logit instead."),
    "one maximum for all": Slip(SHIFT, "logits = logits - logits.max()", "One maximum is "
        "subtracted from all rows. In a row far below it every exp() becomes 0, and the "
        "logarithm of their sum is -inf. Each row needs its own maximum."),
    "max without keepdim": Slip("dim=-1, keepdim=True", "dim=-1", "The maximum has lost its "
        "axis, so it does not line up with the rows. Keep it: max(dim=-1, keepdim=True)."),
    "sum for maximum": Slip("logits.max(dim=-1, keepdim=True).values",
        "logits.sum(dim=-1, keepdim=True)", "The sum of each row is subtracted. That cancels as "
        "well, but only the maximum makes sure that exp() cannot overflow."),
    "cut at a limit": Slip(SHIFT, "logits = logits.clamp(-50, 50)", "The logits are cut off at a "
        "limit, which changes the probabilities. Subtract the maximum of each row."),
    "target not shifted": Slip(f"{SHIFT}\n    {SUMS}\n    {TARGET}",
        f"{TARGET}\n    {SHIFT}\n    {SUMS}", "The maximum is subtracted inside the sum, but not "
        "from the target's logit. Both must be shifted by the same amount."),
    "target logit missing": Slip(MEAN, "return log_sums.mean()", "That is the loss of the "
        "likeliest character: the target's logit is missing, or the largest took its place."),
    "sum": Slip(".mean()", ".sum()", "The losses of all positions are added up. The loss is "
        "their mean, so that it does not depend on the size of the batch."),
    "mean over the vocabulary as well": Slip(".mean()", ".mean() / logits.shape[-1]",
        "The mean was taken over a table with vocab_size entries for each position, so the loss "
        "is divided by vocab_size as well. Divide by the number of positions."),
    "sum over time": Slip(MEAN,
        "return (log_sums - target_logits).reshape(len(targets), -1).sum(-1).mean()",
        "The losses are added up along the steps. The mean is over all positions, over batch and "
        "time alike."),
    "one for each position": Slip(".mean()", "", "There is a loss for each position. One number "
        "is wanted: their mean."),
    "sign": Slip("(log_sums - target_logits)", "(target_logits - log_sums)",
        "The sign is reversed. The logarithm of a probability is negative, and the loss is -ln p."),
    "in bits": Slip(".mean()", ".mean() / math.log(2)", "That is in bits. The loss is in nats, "
        "with natural logarithms."),
    "perplexity": Slip(".mean()", ".mean().exp()", "That is the perplexity, exp of the loss. The "
        "loss itself is wanted."),
    "1 - p": Slip(MEAN, PROBS + "return (1 - probs).mean()", "That is 1 minus the probability. "
        "The loss is -ln p, which grows without bound as p approaches 0."),
    "no logarithm": Slip(MEAN, PROBS + "return -probs.mean()", "That is minus the probability "
        "itself. Its logarithm is missing."),
    "softmax first": Slip(SHIFT, "logits = logits.softmax(-1)", "The logits went through a "
        "softmax first, and the formula has one in it already."),
    "wrong axis": Slip("logits.exp().sum(dim=-1)", "logits.exp().sum(dim=0)",
        "The sum of exp() runs over the wrong axis. For each position it runs over the "
        "vocabulary, dim=-1."),
    "one sum for all": Slip("logits.exp().sum(dim=-1)", "logits.exp().sum()",
        "One sum of exp() is taken over everything. Each row of logits is a distribution of its "
        "own: sum over dim=-1."),
    "rows for columns": Slip(TARGET, "target_logits = logits[targets]", "logits[targets] picks "
        "whole rows. From each row one number is wanted, that of the target: gather does it."),
    "not flattened": Slip(MEAN, "return torch.nn.functional.cross_entropy(logits, targets)",
        "F.cross_entropy wants the classes on axis 1, so it needs flattened positions: "
        "logits.flatten(0, -2) and targets.flatten()."),
    "flattened over two axes": Slip(MEAN,
        "return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())",
        "flatten(0, 1) joins two axes, and here the positions may have only one. flatten(0, -2) "
        "joins all axes but the last."),
}  # fmt: skip
CROSS_ENTROPY = Exercise(
    name="cross_entropy",
    notebook=3,
    title="cross-entropy that does not overflow",
    answer=my_cross_entropy,
    tried="logits of shape (1, 2), (3, 4) and (2, 3, 5), logits of 1,000 and -1,000",
    cases=(
        case(torch.tensor([[1.0, 0.0]]), torch.tensor([1])),
        case(torch.tensor([[0.0, 0.0], [3.0, 1.0]]), torch.tensor([0, 0])),
        case(draw(3, 4, seed=1, scale=2), torch.tensor([0, 3, 2])),
        case(draw(3, 3, seed=3, scale=2), torch.tensor([0, 2, 2])),
        case(draw(2, 3, 5, seed=2, scale=2), torch.tensor([[0, 4, 2], [1, 1, 3]])),
        case(torch.tensor([[1000.0, 998.0], [0.0, 0.0]]), torch.tensor([1, 0])),
        case(torch.tensor([[-1000.0, -1001.0], [2.0, 1.0]]), torch.tensor([0, 0])),
        case(torch.tensor([[3000.0, 0.0]]), torch.tensor([1])),
    ),
    hints=(
        "The formula has two parts: the logarithm of a sum over the vocabulary, and the target's "
        "logit. Which part can overflow?",
        "Whatever is subtracted from all logits of a row cancels. So make all of them 0 or less "
        "before exp() sees them, and use the same smaller logits in both parts.",
        "logits = logits - logits.max(dim=-1, keepdim=True).values; then the two lines of the "
        "draft.",
    ),
    slips=CROSS_ENTROPY_SLIPS,
)


def my_perplexity(bits):
    return 2**bits


BITS_SLIPS = {
    "exp": Slip("2**bits", "math.exp(bits)", "That is e to the power of the bits. The base e "
        "belongs to nats; a bit is a choice between two."),
    "bits times 2": Slip("2**bits", "2 * bits", "That is twice the bits. One more bit doubles "
        "the perplexity, so it is 2 * 2 * 2 ..., a factor for each bit."),
    "square": Slip("2**bits", "bits**2", "That is the square of the bits. Base and exponent are "
        "exchanged."),
    "one half": Slip("2**bits", "2**-bits", "That is a probability: the exponent has a minus "
        "sign too many. The perplexity is one divided by it."),
    "logarithm": Slip("2**bits", "math.log2(bits)", "That is the opposite direction, from a "
        "perplexity to bits."),
    "divided by ln 2": Slip("2**bits", "math.exp(bits / math.log(2))", "The conversion goes the "
        "wrong way: nats are bits times ln 2, because a bit is the smaller unit."),
    "in nats": Slip("2**bits", "bits * math.log(2)", "That is the loss in nats. The perplexity "
        "is exp of it."),
    "base 2 on nats": Slip("2**bits", "2 ** (bits * math.log(2))", "The bits are converted to "
        "nats, and then used as an exponent of 2. Nats are an exponent of e."),
    "whole bits": Slip("2**bits", "2 ** math.ceil(bits)", "The bits are rounded up. On average a "
        "character may cost 2.5 bits, and 2 to the power of 2.5 is a perplexity like any other."),
    "cut to whole bits": Slip("2**bits", "2 ** int(bits)", "The fraction of the bits is cut off. "
        "2 to the power of 2.5 is a perplexity like any other."),
    "rounded": Slip("2**bits", "round(2**bits)", "The result is rounded. A perplexity need not "
        "be a whole number."),
    "one less": Slip("2**bits", "2**bits - 1", "1 is subtracted. The perplexity counts all "
        "choices, the right one as well."),
    "xor": Slip("2**bits", "2 ^ bits", "In Python ^ is not a power. A power is written with two "
        "stars: 2**bits."),
}  # fmt: skip
BITS = Exercise(
    name="bits",
    notebook=3,
    title="from bits to perplexity",
    answer=my_perplexity,
    tried="0, 1, 2.5, 4 bits and more",
    cases=(case(1.0), case(0.0), case(2.5), case(4.0), case(4.807)),
    hints=(
        "How many equally likely characters can be told apart with 1 bit, with 2, with 3?",
        "The two formulas above say what the perplexity is in bits. Which number has the bits as "
        "its exponent?",
        "In Python a power is written with two stars, and the base is 2.",
    ),
    slips=BITS_SLIPS,
)


def my_mean_perplexity(losses, sizes):
    total = sum(loss * size for loss, size in zip(losses, sizes, strict=True))
    return math.exp(total / sum(sizes))


def given_mean_perplexity(losses, sizes):
    perplexities = [math.exp(loss) for loss in losses]
    return sum(perplexities) / len(perplexities)


TOTAL = "total = sum(loss * size for loss, size in zip(losses, sizes, strict=True))"
RESULT = "return math.exp(total / sum(sizes))"
POWERS = "sum(size * math.exp(loss) for loss, size in zip(losses, sizes, strict=True))"
MEAN_PERPLEXITY_SLIPS = {
    "mean of perplexities": Slip(RESULT, "return sum(map(math.exp, losses)) / len(losses)",
        "That averages the perplexities. Average the losses, and take exp at the very end."),
    "batches count alike": Slip(RESULT, "return math.exp(sum(losses) / len(losses))",
        "The losses are averaged first, which is right, but a batch of 10 characters counts as "
        "much as one of 1,000. Weight each loss by its size."),
    "weighted perplexities": Slip(RESULT, f"return {POWERS} / sum(sizes)", "The sizes count, but "
        "it is still the perplexities that are averaged. Average the losses, and take exp at the "
        "very end."),
    "no exp": Slip(RESULT, "return total / sum(sizes)", "That is the mean loss. The perplexity "
        "is exp of it."),
    "sum of losses": Slip(RESULT, "return math.exp(sum(losses))", "The losses are added up, not "
        "averaged. The mean over all characters is wanted."),
    "divided by batches": Slip("total / sum(sizes)", "min(total / len(losses), 700)",
        "The total is divided by the number of batches. It should be the number of characters."),
    "divided by all": Slip(TOTAL, "total = sum(losses)", "The sum of the losses is divided by "
        "the number of characters, but each loss is a mean already: multiply it by the size of "
        "its batch first."),
    "divided by the sizes": Slip(TOTAL + "\n    " + RESULT, "weights = [1 / size for size in "
        "sizes]\n    return math.exp(sum(loss * w for loss, w in zip(losses, weights)) / "
        "sum(weights))", "The losses are divided by the sizes, so that a small batch counts more "
        "than a large one. Multiply instead."),
    "in bits": Slip("math.exp(total / sum(sizes))", "2 ** (total / sum(sizes))",
        "The losses are in nats, so the base is e, not 2."),
    "sign": Slip("math.exp(total", "math.exp(-total", "The sign is reversed: that is a "
        "probability. A perplexity is never below 1."),
    "the last batch": Slip(RESULT, "return math.exp(losses[-1])", "Only the last batch counts."),
    "perplexities over the characters": Slip(RESULT,
        "return sum(map(math.exp, losses)) / sum(sizes)", "The sum of the perplexities is "
        "divided by the number of characters. Average the losses, each weighted by its size, and "
        "take exp at the very end."),
}  # fmt: skip
MEAN_PERPLEXITY = Exercise(
    name="mean_perplexity",
    notebook=3,
    title="the mistake that is most often made",
    answer=my_mean_perplexity,
    given=given_mean_perplexity,
    tried="one batch, batches of equal size, of unequal size, and one that is nearly empty",
    cases=(
        case([1.0], [5]),
        case([1.0, 3.0], [10, 10]),
        case([2.0, 3.0], [1000, 10]),
        case([0.5, 2.5, 1.0], [3, 2, 7]),
    ),
    hints=(
        "What would the answer be if all characters had been in a single batch?",
        "First comes the mean loss over all characters, and exp comes last. What is the total "
        "loss of a batch, if you know its mean and its size?",
        "sum(loss * size ...) / sum(sizes) is the mean over all characters. Then math.exp.",
    ),
    slips=MEAN_PERPLEXITY_SLIPS,
)


def my_bigram(ids, vocab_size):
    counts = torch.ones(vocab_size, vocab_size)
    pairs = list(zip(ids[:-1].tolist(), ids[1:].tolist(), strict=True))
    for a, b in pairs:
        counts[a, b] += 1
    return counts / counts.sum(dim=1, keepdim=True)


COUNT = "counts[a, b] += 1"
SHARES = "return counts / counts.sum(dim=1, keepdim=True)"
BIGRAM_SLIPS = {
    "nothing added": Slip("torch.ones", "torch.zeros", "The counts start from 0. Then a pair "
        "that never occurred has probability 0, and a row without any pair is 0/0, nan. Start "
        "from 1 in every cell."),
    "added to the empty only": Slip(SHARES, "counts = (counts - 1).clamp(min=1)\n    " + SHARES,
        "1 was added only where the count was 0. Then a pair that occurred once is as likely as "
        "one that never did. Add it to every count."),
    "added to the probabilities": Slip(SHARES, "counts = counts - 1\n    return (counts + 1) / "
        "counts.sum(dim=1, keepdim=True).clamp(min=1)", "The rows were summed before 1 was added "
        "to each cell, so they add up to more than 1."),
    "rows and columns exchanged": Slip(COUNT, "counts[b, a] += 1", "Row a counts what came "
        "before a. It should count what comes after a."),
    "columns add up": Slip("dim=1", "dim=0", "The columns add up to 1. Row a is a distribution "
        "over what comes after a, so the rows should: sum over dim=1."),
    "everything adds up": Slip("counts.sum(dim=1, keepdim=True)", "counts.sum()",
        "The whole table adds up to 1, so it holds the probabilities of the pairs. Each row "
        "should add up to 1 by itself: what comes next, given a."),
    "sums without keepdim": Slip("dim=1, keepdim=True", "dim=1", "The sums of the rows are "
        "divided into the columns: without keepdim=True they form a row. There is no error, "
        "because the table is square."),
    "divided by the counts of characters": Slip("counts.sum(dim=1, keepdim=True)",
        "(torch.bincount(ids, minlength=vocab_size) + vocab_size).unsqueeze(1)",
        "Each row is divided by how often its character occurs. The last character of the text "
        "begins no pair, so divide by the sum of the row."),
    "counts": Slip(SHARES, "return counts", "These are counts. Divide each row by its sum."),
    "softmax": Slip(SHARES, "return counts.softmax(dim=1)", "The softmax takes exp of the "
        "counts, which makes the table far too sharp. Divide each row by its sum."),
    "wrapped round": Slip("for a, b in pairs:", "for a, b in [*pairs, (ids[-1], ids[0])]:",
        "The last character and the first are counted as a pair. The text is not a ring."),
    "last pair left out": Slip("for a, b in pairs:", "for a, b in pairs[:-1]:",
        "The last pair is missing."),
    "nothing counted": Slip("for a, b in pairs:", "for a, b in []:", "All rows are uniform: no "
        "pair was counted. (Tensors as keys of a Counter or dict are never found again; use "
        "plain numbers, ids.tolist().)"),
    "each pair once": Slip("for a, b in pairs:", "for a, b in set(pairs):", "Each pair is "
        "counted once, however often it occurs. (With tensors of indices, counts[a, b] += 1 does "
        "not add up equal pairs.)"),
}  # fmt: skip
BIGRAM = Exercise(
    name="bigram",
    notebook=3,
    title="a table of pairs",
    answer=my_bigram,
    tried="texts of 2 to 600 characters, pairs that occur often, once and never",
    cases=(
        case(torch.tensor([0, 1]), 2),
        case(torch.tensor([0, 1, 1, 1, 0, 1]), 2),
        case(torch.tensor([0, 1, 2, 0, 1, 0]), 4),
        case(torch.tensor([3, 1, 1, 1, 1, 0, 2, 2, 3]), 5),
        case(torch.randint(5, (40,), generator=torch.Generator().manual_seed(0)), 6),
        case(torch.tensor([0, 1] * 300), 2),
    ),
    hints=(
        "How often does each pair occur? Start from a table full of ones, and go through the text "
        "pair by pair.",
        "zip(ids[:-1], ids[1:]) gives the pairs. After counting, each row has to add up to 1.",
        "counts = torch.ones(vocab_size, vocab_size); counts[a, b] += 1 for each pair; then divide "
        "by counts.sum(dim=1, keepdim=True).",
    ),
    slips=BIGRAM_SLIPS,
)
EXERCISES = (CROSS_ENTROPY, BITS, MEAN_PERPLEXITY, BIGRAM)
