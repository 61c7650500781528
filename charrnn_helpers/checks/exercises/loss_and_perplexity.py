"""The exercises of notebook 3: cross-entropy, bits, an honest mean, a bigram table."""

import math

import torch

from charrnn_helpers.checks.judge import Exercise, Slip, case, draw


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
    "overflows": Slip(SHIFT, "pass", "This works for small logits but fails for large ones, "
        "because exp(1000) is inf. Subtract the largest logit of each row from the whole row "
        "first; this does not change any probability."),
    "overflows to nan": Slip(SHIFT, "probs = logits.exp() / logits.exp().sum(-1, "
        "keepdim=True)\n    return -probs.log().gather(-1, targets.unsqueeze(-1)).mean()",
        "This works for small logits but gives nan for large ones, because exp(1000) is inf, and "
        "inf divided by inf is nan. Subtract the largest logit of each row first."),
    "softmax along axis 1": Slip(SHIFT,
        "return -logits.log_softmax(1).gather(-1, targets.unsqueeze(-1)).mean()",
        "The softmax runs along axis 1, which is the vocabulary only if the targets are a single "
        "row. dim=-1 is always the last axis."),
    "rounded to 0": Slip(MEAN, PROBS + "return -probs.log().mean()", "This fails where a "
        "probability is very small: the softmax rounds it to 0, and the logarithm of 0 is -inf. "
        "Skip the probability and compute the logarithm of the sum minus the target's logit."),
    "epsilon": Slip(MEAN, PROBS + "return -(probs + 1e-9).log().mean()", "A small number keeps the "
        "probability away from 0, but it also limits the loss to about 20. Compute the logarithm "
        "of the sum minus the target's logit instead."),
    "one maximum for all": Slip(SHIFT, "logits = logits - logits.max()", "The same maximum is "
        "subtracted from all rows. In a row far below it, every exp() becomes 0, and the logarithm "
        "of their sum is -inf. Each row needs its own maximum."),
    "max without keepdim": Slip("dim=-1, keepdim=True", "dim=-1", "The maximum has lost its axis, "
        "so it does not line up with the rows. Keep the axis: max(dim=-1, keepdim=True)."),
    "sum for maximum": Slip("logits.max(dim=-1, keepdim=True).values",
        "logits.sum(dim=-1, keepdim=True)", "The sum of each row is subtracted. It cancels out as "
        "well, but only the maximum makes sure that exp() cannot overflow."),
    "cut at a limit": Slip(SHIFT, "logits = logits.clamp(-50, 50)", "The logits are clipped at a "
        "limit, which changes the probabilities. Subtract the maximum of each row instead."),
    "target not shifted": Slip(f"{SHIFT}\n    {SUMS}\n    {TARGET}",
        f"{TARGET}\n    {SHIFT}\n    {SUMS}", "The maximum is subtracted inside the sum, but not "
        "from the target's logit. Shift both by the same amount."),
    "target logit missing": Slip(MEAN, "return log_sums.mean()", "This is the loss of the "
        "likeliest character: the target's logit is missing, or the largest took its place."),
    "sum": Slip(".mean()", ".sum()", "The losses of all positions are added up. Return their mean, "
        "so that the loss does not depend on the size of the batch."),
    "mean over the vocabulary as well": Slip(".mean()", ".mean() / logits.shape[-1]",
        "The loss is divided by vocab_size as well, as if each position had vocab_size losses. "
        "Divide only by the number of positions."),
    "sum over time": Slip(MEAN,
        "return (log_sums - target_logits).reshape(len(targets), -1).sum(-1).mean()",
        "The losses are added up over the steps. Take the mean over all positions, over both batch "
        "and time."),
    "one for each position": Slip(".mean()", "", "You returned one loss for each position. Return "
        "a single number: their mean."),
    "sign": Slip("(log_sums - target_logits)", "(target_logits - log_sums)",
        "The sign is reversed. The logarithm of a probability is negative, and the loss is -ln p."),
    "in bits": Slip(".mean()", ".mean() / math.log(2)", "This is in bits. The loss should be in "
        "nats, which use the natural logarithm."),
    "perplexity": Slip(".mean()", ".mean().exp()", "This is the perplexity, exp of the loss. "
        "Return the loss itself."),
    "1 - p": Slip(MEAN, PROBS + "return (1 - probs).mean()", "This is 1 minus the probability. The "
        "loss is -ln p, which grows without bound as p approaches 0."),
    "no logarithm": Slip(MEAN, PROBS + "return -probs.mean()", "This is minus the probability "
        "itself. The logarithm is missing."),
    "softmax first": Slip(SHIFT, "logits = logits.softmax(-1)", "The logits went through a softmax "
        "first, but the formula already contains one."),
    "wrong axis": Slip("logits.exp().sum(dim=-1)", "logits.exp().sum(dim=0)", "The sum of exp() "
        "runs over the wrong axis. For each position, it should run over the vocabulary, dim=-1."),
    "one sum for all": Slip("logits.exp().sum(dim=-1)", "logits.exp().sum()",
        "A single sum of exp() is taken over everything. Each row of logits is a distribution of "
        "its own, so sum over dim=-1."),
    "rows for columns": Slip(TARGET, "target_logits = logits[targets]", "logits[targets] picks "
        "whole rows. Pick one number from each row, the logit of the target; gather does that."),
    "not flattened": Slip(MEAN, "return torch.nn.functional.cross_entropy(logits, targets)",
        "F.cross_entropy expects the classes on axis 1, so flatten the positions first: "
        "logits.flatten(0, -2) and targets.flatten()."),
    "flattened over two axes": Slip(MEAN,
        "return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())",
        "flatten(0, 1) merges the first two axes, but the targets may have only one. flatten(0, "
        "-2) merges all axes except the last."),
}  # fmt: skip
CROSS_ENTROPY = Exercise(
    name="cross_entropy",
    notebook=3,
    title="cross-entropy that does not overflow",
    answer=my_cross_entropy,
    tried="logits of shape (1, 2), (3, 4), and (2, 3, 5), and logits of 1,000 and -1,000",
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
        "Whatever you subtract from all logits of a row cancels out. So make all of them 0 or "
        "less before you apply exp(), and use the same smaller logits in both parts.",
        "Start with logits = logits - logits.max(dim=-1, keepdim=True).values. Then use the two "
        "lines of the draft.",
    ),
    slips=CROSS_ENTROPY_SLIPS,
)


def my_perplexity(bits):
    return 2**bits


BITS_SLIPS = {
    "exp": Slip("2**bits", "math.exp(bits)", "This is e to the power of the bits. The base e "
        "belongs to nats; a bit is a choice between two options."),
    "bits times 2": Slip("2**bits", "2 * bits", "This is twice the bits. Each additional bit "
        "doubles the perplexity, so it is 2 * 2 * 2 ..., with one factor for each bit."),
    "square": Slip("2**bits", "bits**2", "This is the square of the bits. The base and the "
        "exponent are swapped."),
    "one half": Slip("2**bits", "2**-bits", "This is a probability: the exponent has an extra "
        "minus sign. The perplexity is 1 divided by it."),
    "logarithm": Slip("2**bits", "math.log2(bits)", "This goes in the opposite direction, from a "
        "perplexity to bits."),
    "divided by ln 2": Slip("2**bits", "math.exp(bits / math.log(2))", "The conversion goes the "
        "wrong way: nats are bits times ln 2, because a bit is the smaller unit."),
    "in nats": Slip("2**bits", "bits * math.log(2)", "This is the loss in nats. The perplexity is "
        "exp of it."),
    "base 2 on nats": Slip("2**bits", "2 ** (bits * math.log(2))", "The bits are converted to nats "
        "and then used as an exponent of 2. Nats go with the base e."),
    "whole bits": Slip("2**bits", "2 ** math.ceil(bits)", "The bits are rounded up. On average, a "
        "character may cost 2.5 bits, and 2 to the power of 2.5 is a perfectly good perplexity."),
    "cut to whole bits": Slip("2**bits", "2 ** int(bits)", "The fractional part of the bits is cut "
        "off. 2 to the power of 2.5 is a perfectly good perplexity."),
    "rounded": Slip("2**bits", "round(2**bits)", "The result is rounded. A perplexity does not "
        "have to be a whole number."),
    "one less": Slip("2**bits", "2**bits - 1", "1 is subtracted from the result. The perplexity "
        "counts all choices, including the right one."),
    "xor": Slip("2**bits", "2 ^ bits", "In Python, ^ is not the power operator. A power is written "
        "with two stars: 2**bits."),
}  # fmt: skip
BITS = Exercise(
    name="bits",
    notebook=3,
    title="from bits to perplexity",
    answer=my_perplexity,
    tried="0, 1, 2.5, 4, and 4.807 bits",
    cases=(case(1.0), case(0.0), case(2.5), case(4.0), case(4.807)),
    hints=(
        "How many equally likely characters can you tell apart with 1 bit, with 2, and with 3?",
        "Together, the two formulas above give the perplexity in terms of bits. Which number has "
        "the bits as its exponent?",
        "In Python, a power is written with two stars. The base here is 2.",
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
        "You averaged the perplexities. Average the losses, and take exp at the very end."),
    "batches count alike": Slip(RESULT, "return math.exp(sum(losses) / len(losses))",
        "The losses are averaged first, which is right, but a batch of 10 characters counts as "
        "much as one of 1,000. Weight each loss by the size of its batch."),
    "weighted perplexities": Slip(RESULT, f"return {POWERS} / sum(sizes)", "The sizes are used, "
        "but it is still the perplexities that are averaged. Average the losses, and take exp at "
        "the very end."),
    "no exp": Slip(RESULT, "return total / sum(sizes)", "This is the mean loss. The perplexity is "
        "exp of it."),
    "sum of losses": Slip(RESULT, "return math.exp(sum(losses))", "The losses are added up, not "
        "averaged. Take the mean over all characters."),
    "divided by batches": Slip("total / sum(sizes)", "min(total / len(losses), 700)",
        "The total is divided by the number of batches. Divide it by the number of characters."),
    "divided by all": Slip(TOTAL, "total = sum(losses)", "The sum of the losses is divided by the "
        "number of characters, but each loss is already a mean. Multiply it by the size of its "
        "batch first."),
    "divided by the sizes": Slip(TOTAL + "\n    " + RESULT, "weights = [1 / size for size in "
        "sizes]\n    return math.exp(sum(loss * w for loss, w in zip(losses, weights)) / "
        "sum(weights))", "The losses are divided by the sizes, so a small batch counts more than a "
        "large one. Multiply by the sizes instead."),
    "in bits": Slip("math.exp(total / sum(sizes))", "2 ** (total / sum(sizes))",
        "The losses are in nats, so the base is e, not 2."),
    "sign": Slip("math.exp(total", "math.exp(-total", "The sign is reversed, so this is a "
        "probability. A perplexity is never below 1."),
    "the last batch": Slip(RESULT, "return math.exp(losses[-1])", "Only the last batch counts."),
    "perplexities over the characters": Slip(RESULT,
        "return sum(map(math.exp, losses)) / sum(sizes)", "The sum of the perplexities is divided "
        "by the number of characters. Average the losses instead, each weighted by the size of its "
        "batch, and take exp at the very end."),
}  # fmt: skip
MEAN_PERPLEXITY = Exercise(
    name="mean_perplexity",
    notebook=3,
    title="averaging over batches",
    answer=my_mean_perplexity,
    given=given_mean_perplexity,
    tried="one batch, batches of equal size, batches of unequal size, and a very small batch",
    cases=(
        case([1.0], [5]),
        case([1.0, 3.0], [10, 10]),
        case([2.0, 3.0], [1000, 10]),
        case([0.5, 2.5, 1.0], [3, 2, 7]),
    ),
    hints=(
        "What would the answer be if all characters had been in a single batch?",
        "First compute the mean loss over all characters, and take exp last. What is the total "
        "loss of a batch if you know its mean loss and its size?",
        "sum(loss * size ...) / sum(sizes) is the mean over all characters. Then use math.exp.",
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
    "nothing added": Slip("torch.ones", "torch.zeros", "The counts start from 0, so a pair that "
        "never occurred has probability 0, and a row without any pairs is 0/0, which is nan. Start "
        "from 1 in every cell."),
    "added to the empty only": Slip(SHARES, "counts = (counts - 1).clamp(min=1)\n    " + SHARES,
        "1 was added only where the count was 0, so a pair that occurred once is as likely as one "
        "that never did. Add 1 to every count."),
    "added to the probabilities": Slip(SHARES, "counts = counts - 1\n    return (counts + 1) / "
        "counts.sum(dim=1, keepdim=True).clamp(min=1)", "The rows were summed before 1 was added "
        "to each cell, so the probabilities in a row add up to more than 1."),
    "rows and columns exchanged": Slip(COUNT, "counts[b, a] += 1", "Row a counts what comes before "
        "a. It should count what comes after a."),
    "columns add up": Slip("dim=1", "dim=0", "The columns add up to 1. Row a is a distribution "
        "over what comes after a, so each row should add up to 1: sum over dim=1."),
    "everything adds up": Slip("counts.sum(dim=1, keepdim=True)", "counts.sum()",
        "The whole table adds up to 1, so it holds the probabilities of the pairs. Each row should "
        "add up to 1 by itself: it says what comes next, given a."),
    "sums without keepdim": Slip("dim=1, keepdim=True", "dim=1", "Each column is divided by the "
        "sum of a row: without keepdim=True, the sums form a row. There is no error, because the "
        "table is square."),
    "divided by the counts of characters": Slip("counts.sum(dim=1, keepdim=True)",
        "(torch.bincount(ids, minlength=vocab_size) + vocab_size).unsqueeze(1)",
        "Each row is divided by how often its character occurs. The last character of the text "
        "does not begin a pair, so divide by the sum of the row instead."),
    "counts": Slip(SHARES, "return counts", "These are counts. Divide each row by its sum."),
    "softmax": Slip(SHARES, "return counts.softmax(dim=1)", "The softmax takes exp of the counts, "
        "which makes each distribution far too sharp. Divide each row by its sum instead."),
    "wrapped round": Slip("for a, b in pairs:", "for a, b in [*pairs, (ids[-1], ids[0])]:",
        "The last character and the first are counted as a pair. The text does not wrap around."),
    "last pair left out": Slip("for a, b in pairs:", "for a, b in pairs[:-1]:",
        "The last pair of the text is missing."),
    "nothing counted": Slip("for a, b in pairs:", "for a, b in []:", "All rows are uniform, so no "
        "pair was counted. (Tensors used as keys of a Counter or dict are never found again; use "
        "plain numbers, ids.tolist().)"),
    "each pair once": Slip("for a, b in pairs:", "for a, b in set(pairs):", "Each pair is counted "
        "only once, however often it occurs. (With tensors of indices, counts[a, b] += 1 does not "
        "add up repeated pairs.)"),
}  # fmt: skip
BIGRAM = Exercise(
    name="bigram",
    notebook=3,
    title="a table of pairs",
    answer=my_bigram,
    tried="texts of 2 to 600 characters, and pairs that occur often, once, and never",
    cases=(
        case(torch.tensor([0, 1]), 2),
        case(torch.tensor([0, 1, 1, 1, 0, 1]), 2),
        case(torch.tensor([0, 1, 2, 0, 1, 0]), 4),
        case(torch.tensor([3, 1, 1, 1, 1, 0, 2, 2, 3]), 5),
        case(torch.randint(5, (40,), generator=torch.Generator().manual_seed(0)), 6),
        case(torch.tensor([0, 1] * 300), 2),
    ),
    hints=(
        "How often does each pair occur? Start with a table full of ones, and go through the text "
        "pair by pair.",
        "zip(ids[:-1], ids[1:]) gives the pairs. In the end, each row has to add up to 1.",
        "Start with counts = torch.ones(vocab_size, vocab_size), and use counts[a, b] += 1 for "
        "each pair. Then divide by counts.sum(dim=1, keepdim=True).",
    ),
    slips=BIGRAM_SLIPS,
)
EXERCISES = (CROSS_ENTROPY, BITS, MEAN_PERPLEXITY, BIGRAM)
