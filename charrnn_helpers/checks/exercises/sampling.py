"""The exercises of notebook 6: a writer that forgets, temperature, top-k, and surprisal."""

import math

import torch

from charrnn_helpers.checks.judge import Case, Exercise, Slip, case
from charrnn_helpers.checks.values import as_tensor, settle
from charrnn_helpers.data import Vocab
from charrnn_helpers.model import make_model
from charrnn_helpers.sampling import advance, warm_up


def my_surprisal(p):
    return -math.log2(p)


BITS = "-math.log2(p)"
SURPRISAL_SLIPS = {
    "in nats": Slip(BITS, "-math.log(p)", "This is in nats. A bit is a choice between two options, "
        "so the logarithm has base 2."),
    "sign": Slip(BITS, "math.log2(p)", "The sign is wrong, because a surprisal is never negative. "
        "(log2(p) is never positive, but the logarithm to base 1/2 already has the right sign.)"),
    "log10": Slip(BITS, "-math.log10(p)", "This is the logarithm to base 10. Bits need base 2."),
    "reciprocal": Slip(BITS, "1 / p", "This is 1/p, the number of equally likely choices. In bits, "
        "the surprisal is the logarithm of that."),
    "1 - p": Slip(BITS, "1 - p", "This is 1 - p, which is never above 1, however surprising the "
        "character is."),
    "of the others": Slip(BITS, "-math.log2(1 - p)", "This is the surprisal of getting any other "
        "character. Use p, not 1 - p."),
    "of the others, or inf": Slip(BITS, "-math.log2(1 - p) if p < 1 else math.inf",
        "This is the surprisal of any other character. Take the logarithm of p, not of 1 - p."),
    "odds": Slip(BITS, "-math.log2(p / (1 - p)) if p < 1 else -math.inf", "This is the logarithm "
        "of the odds, p / (1 - p). Take the logarithm of p alone."),
    "share of the entropy": Slip(BITS, "-p * math.log2(p)", "This is the surprisal times its "
        "probability, a term of the entropy. Return the surprisal alone."),
    "whole bits": Slip(BITS, "math.ceil(-math.log2(p))", "The result is rounded up. A surprisal "
        "need not be a whole number of bits."),
    "base and number exchanged": Slip(BITS, "-math.log(2, p)", "The two arguments of math.log are "
        "in the wrong order. The number comes first, then the base."),
    "power of two": Slip(BITS, "2**p", "This is a power of 2. The logarithm is its inverse."),
    "from bits to a probability": Slip(BITS, "2**-p", "This goes the other way, from bits to a "
        "probability."),
    "multiplied by ln 2": Slip(BITS, "-math.log(p) * math.log(2)", "The conversion goes the wrong "
        "way. To turn nats into bits, divide by ln 2."),
}  # fmt: skip
SURPRISAL = Exercise(
    name="surprisal",
    notebook=6,
    title="the surprisal of one character",
    answer=my_surprisal,
    tried="probabilities from 1 down to 0.000000001",
    cases=(case(0.5), case(1.0), case(0.25), case(0.1), case(0.001), case(1e-9)),
    hints=(
        "A probability of 1/2 costs 1 bit, and 1/4 costs 2 bits. What does 1/8 cost?",
        "It is the loss -ln p from notebook 3, with a different base.",
        "math.log2 is the logarithm to base 2. Watch the sign.",
    ),
    slips=SURPRISAL_SLIPS,
)


def after_softmax(answer, logits, *args):
    """Return the softmax of the result, and whether the result holds nan or +inf."""
    settled = settle(answer(logits, *args))
    changed = as_tensor(settled)
    if changed is None or changed.shape != logits.shape:
        return {"probabilities": settled}
    changed = changed.double()
    odd = {
        "holds nan": bool(changed.isnan().any()),
        "holds +inf": bool((changed == math.inf).any()),
    }
    return odd | {"probabilities": changed.softmax(dim=-1)}


def logits_case(values, setting):
    show = f"{values}, {setting}".replace(".0,", ",").replace(".0]", "]")
    return Case(f"({show}), then the softmax", lambda: (torch.tensor(values), setting))


def my_temperature(logits, T):
    if T == 0:
        return torch.where(logits == logits.max(), logits, -math.inf)
    return logits / T


ZERO = "return torch.where(logits == logits.max(), logits, -math.inf)"
SPECIAL = f"if T == 0:\n        {ZERO}\n    "
DIVIDED = "return logits / T"
TEMPERATURE_SLIPS = {
    "multiplied": Slip(DIVIDED, "return logits * T", "The logits are multiplied by T, so a high "
        "temperature makes the distribution sharper. Divide by T instead."),
    "probabilities returned": Slip(DIVIDED, "return logits.softmax(-1) / T",
        "The softmax is applied before the division, and it will be applied again afterward. "
        "Divide the logits themselves."),
    "softmax too early": Slip(DIVIDED, "return (logits / T).softmax(-1)", "You returned "
        "probabilities. The softmax comes later, and applying it twice flattens the distribution."),
    "root": Slip(DIVIDED, "return logits / math.sqrt(T)", "The logits are divided by the square "
        "root of T. Divide by T itself."),
    "power": Slip(DIVIDED, "return logits ** (1 / T)", "The logits are raised to the power 1/T. "
        "That would be right for probabilities, but logits have to be divided by T."),
    "ignored": Slip(DIVIDED, "return logits", "T has no effect above 0. Divide the logits by it. "
        "(In the softmax, a number subtracted from all logits cancels out, and so does a factor in "
        "all probabilities.)"),
    "at least 0.001": Slip(SPECIAL + DIVIDED, "return logits / max(T, 1e-3)",
        "Temperatures below 0.001 are treated as 0.001, so T = 0 is not greedy when logits are "
        "close together. Divide by T itself, and treat 0 separately."),
    "small number added": Slip(SPECIAL + DIVIDED, "return logits / (T + 1e-6)",
        "A small number is added to T, so T = 0 is not greedy when logits are close together. "
        "Treat 0 separately."),
    "a small T for 0": Slip(ZERO, "return logits / 1e-4", "T = 0 is treated like a small number, "
        "which is not greedy when logits are close together. Keep the largest logit, and set all "
        "others to -inf."),
    "greedy below 0.001": Slip("T == 0", "T < 1e-3", "Every temperature below 0.001 is treated as "
        "0. Only T = 0 is greedy."),
    "greedy below 1": Slip("T == 0", "T < 1", "Every temperature below 1 is treated as 0. Only T = "
        "0 is greedy; between 0 and 1, the distribution just becomes sharper."),
    "0 gives nan": Slip(SPECIAL, "", "T = 0 leads to a division by zero, which gives inf and nan. "
        "Treat 0 separately: keep the largest logit, and set all others to -inf."),
    "0 is an error": Slip(ZERO, "return 1 / 0", "T = 0 causes an error. Treat 0 separately: keep "
        "the largest logit, and set all others to -inf."),
    "0 changes nothing": Slip(ZERO, "return logits", "At T = 0, the logits stay as they are. Only "
        "the most likely character should keep a chance."),
    "0 keeps zeros": Slip(ZERO, "return torch.where(logits == logits.max(), logits, 0.0)",
        "At T = 0, the other logits become 0. Since exp(0) is 1, these characters keep a chance. "
        "To rule a character out, set its logit to -inf."),
    "0 gives one-hot": Slip(ZERO, "return (logits == logits.max()).float()",
        "At T = 0, the result is a one-hot vector. As logits, its zeros still leave the other "
        "characters a chance, so they should be -inf."),
    "0 gives inf and -inf": Slip(ZERO,
        "return torch.where(logits == logits.max(), math.inf, -math.inf)", "At T = 0, the largest "
        "logit becomes +inf, and its softmax is nan. Keep the largest logit finite, and set only "
        "the others to -inf."),
    "0 times inf": Slip(ZERO, "return logits + (logits < logits.max()) * -math.inf",
        "At T = 0, the result contains nan: a mask of zeros and ones is multiplied by infinity, "
        "and 0 * inf is nan. torch.where selects without multiplying."),
    "0 gives the id": Slip(ZERO, "return logits.argmax()", "At T = 0, the result is the id of the "
        "likeliest character. Return logits: keep the largest, and set all others to -inf."),
    "0 keeps the smallest": Slip("logits == logits.max()", "logits == logits.min()",
        "At T = 0, the least likely character is kept. Keep the most likely one."),
    "0 rules the largest out": Slip(ZERO,
        "return torch.where(logits == logits.max(), -math.inf, logits)", "At T = 0, the most "
        "likely character is ruled out, and the others stay. It should be the other way around."),
}  # fmt: skip
TEMPERATURE = Exercise(
    name="temperature",
    notebook=6,
    title="temperature",
    answer=my_temperature,
    drive=after_softmax,
    tried="temperatures from 0 to 10, some of them tiny, with positive and negative logits",
    cases=(
        logits_case([1.0, 0.0], 2.0),
        logits_case([1.0, 0.0], 1.0),
        logits_case([2.0, 1.0, -1.0], 0.5),
        logits_case([-3.0, -1.0, -2.0, 0.5], 10.0),
        logits_case([0.00001, 0.0, -0.00002], 0.00001),
        logits_case([1.0, 3.0, 2.0], 0),
        logits_case([1e-9, 0.0, -2e-9], 1e-9),
        logits_case([0.0001, 0.0002, 0.0], 0),
        logits_case([0.1, 0.100001, 0.05], 0),
        logits_case([-5.0, -1.0, -2.0], 0),
    ),
    hints=(
        "The formula divides each logit by T before the exponential. For which T does that fail?",
        "Use logits / T for T above 0. For T = 0, which logit may stay, and what must the others "
        "be so that their exp() is 0?",
        "For T = 0, use torch.where(logits == logits.max(), logits, -math.inf).",
    ),
    slips=TEMPERATURE_SLIPS,
)


def my_top_k(logits, k):
    limit = logits.topk(k).values[-1]
    return torch.where(logits >= limit, logits, -math.inf)


LIMIT = "limit = logits.topk(k).values[-1]"
KEEP = "return torch.where(logits >= limit, logits, -math.inf)"


def keep_places(condition):
    """Return the last line with a different condition."""
    return KEEP.replace("logits >= limit", condition)


TOP_K_SLIPS = {
    "zeros": Slip("-math.inf", "0.0", "The other logits become 0. Since exp(0) is 1, these "
        "characters keep a chance. To rule a character out, set its logit to -inf."),
    "plus inf": Slip("-math.inf", "math.inf", "The other logits become +inf, and the softmax of "
        "+inf is nan. To rule a character out, set its logit to -inf."),
    "0 times inf": Slip(KEEP, "return logits + (logits < limit) * -math.inf",
        "The result contains nan: a mask of zeros and ones is multiplied by infinity, and 0 * inf "
        "is nan. torch.where selects without multiplying."),
    "smallest kept": Slip(LIMIT,
        "limit = logits.topk(k, largest=False).values[-1]\n    " + keep_places("logits <= limit"),
        "The k smallest logits are kept. Keep the k largest."),
    "largest removed": Slip("logits >= limit", "logits < limit", "The k largest logits are ruled "
        "out. They are the ones to keep."),
    "one too many, and an error": Slip(LIMIT, "limit = logits.sort(descending=True).values[k]",
        "One logit too many is kept, and if k is the number of all logits, there is an error. "
        "Positions count from 0, so the k-th largest is at position k - 1."),
    "one too few": Slip("logits >= limit", "logits > limit", "The k-th largest logit is ruled out, "
        "too. Keep logits with >=, or rule them out with <."),
    "largest only": Slip(LIMIT, "limit = logits.topk(k).values[0]", "Only the largest logit is "
        "kept. The limit is not values[0] but the smallest of the k values, values[-1]."),
    "first kept": Slip("logits >= limit", "torch.arange(len(logits)) < k", "The first k logits are "
        "kept, whatever their values are. Keep the k largest."),
    "values only": Slip(KEEP, "return logits.topk(k).values", "Only the k largest values are "
        "returned. Each position stands for a character, so return as many logits as before, with "
        "-inf in place of the others."),
    "values in place": Slip(KEEP, "return logits[logits >= limit]", "The other logits are removed, "
        "so the positions have changed. Each position stands for a character, so keep all of them, "
        "with -inf in place of the other logits."),
    "ids only": Slip(KEEP, "return logits.topk(k).indices", "The positions of the k largest are "
        "returned. Return logits: as many as before, with -inf in place of the others."),
    "mask": Slip(KEEP, "return logits >= limit", "You returned True and False. Return logits: the "
        "k largest as they are, and -inf in place of the others."),
    "sorted": Slip(KEEP, "logits = logits.sort(descending=True).values\n    " + KEEP,
        "The logits are sorted. Each position stands for a character, so every logit has to stay "
        "where it was."),
    "probabilities": Slip(KEEP, "return torch.where(logits >= limit, logits.softmax(-1), 0.0)",
        "You returned probabilities. Return logits, because the softmax comes later; a logit of 0 "
        "does not rule anything out."),
    "k-th smallest": Slip(LIMIT, "limit = logits.kthvalue(k).values", "The limit is the k-th "
        "smallest logit. Use the k-th largest. (kthvalue and sort count from the smallest up.)"),
    "by absolute value": Slip(KEEP, keep_places("logits.abs() >= logits.abs().topk(k).values[-1]" ),
        "The logits are chosen by their absolute values. But a logit of -3 is small, not large."),
    "order for ranks": Slip("logits >= limit", "logits.argsort(descending=True) < k",
        "The result of argsort is used as if it gave ranks. It says which logit is at each rank, "
        "not which rank each logit has."),
    "ids as the limit": Slip("values[-1]", "indices[-1]", "The logits are compared with an index, "
        "not with a logit. topk returns values and indices, and the limit is the last of the "
        "values."),
}  # fmt: skip
TOP_K = Exercise(
    name="top_k",
    notebook=6,
    title="top-k",
    answer=my_top_k,
    drive=after_softmax,
    tried="2 to 6 logits, positive and negative, with k from 1 to all of them",
    cases=(
        logits_case([2.0, 1.0], 1),
        logits_case([0.5, 3.0, 1.0], 2),
        logits_case([-1.0, -3.0, -2.0, -0.5], 2),
        logits_case([4.0, 0.2, 2.0, 3.0, -1.0, 1.0], 3),
        logits_case([1.5, -0.5, 2.5, 0.25], 1),
        logits_case([1.0, 2.0, 3.0], 3),
        logits_case([0.0, -1.0, 2.0], 2),
    ),
    hints=(
        "What is the smallest logit that may stay, and what is exp(-inf)?",
        "logits.topk(k).values holds the k largest logits in order. The last of them is the limit.",
        "Use logits.masked_fill(logits < limit, -math.inf), where limit is the k-th largest.",
    ),
    slips=TOP_K_SLIPS,
)


LETTERS = "abcde "


def writer():
    """Return a model of five letters that does not write the same letter forever."""
    vocab = Vocab(LETTERS)
    model = make_model(len(vocab), num_hiddens=8, sigma=1.2, seed=4)
    with torch.no_grad():
        model.b_q[vocab.unk] = -100.0  # never written
    return model


def writer_case(prefix, num_preds):
    show = f"(model, {prefix!r}, {num_preds}, vocab)"
    return Case(show, lambda: (writer(), prefix, num_preds, Vocab(LETTERS)))


def my_continue(model, prefix, num_preds, vocab):
    logits, state = warm_up(model, prefix, vocab)
    ids = []
    for _ in range(num_preds):
        ids.append(logits.argmax().item())
        logits, state = advance(model, ids[-1], state)
    return prefix + vocab.decode(ids)


def given_continue(model, prefix, num_preds, vocab):
    logits, state = warm_up(model, prefix, vocab)
    ids = []
    for _ in range(num_preds):
        ids.append(logits.argmax().item())
        logits, _ = advance(model, ids[-1], None)
    return prefix + vocab.decode(ids)


WARM = "logits, state = warm_up(model, prefix, vocab)"
CHOOSE = "ids.append(logits.argmax().item())"
FEED = "logits, state = advance(model, ids[-1], state)"
WRITTEN = "return prefix + vocab.decode(ids)"
CONTINUE_TEXT_SLIPS = {
    "state lost": Slip(FEED, "logits, _ = advance(model, ids[-1], None)", "The state is lost after "
        "each character. advance takes a state and returns a new one."),
    "state of the prefix": Slip(FEED, "logits, _ = advance(model, ids[-1], state)",
        "Every character is read with the state after the prefix, as if nothing had been written "
        "since. Keep the new state that advance returns, and go on with it."),
    "logits and state exchanged": Slip(FEED, "state, logits = advance(model, ids[-1], state)",
        "The order is wrong: advance returns the logits first, and then the state."),
    "logits not taken": Slip(FEED, "_, state = advance(model, ids[-1], state)",
        "The new logits are thrown away, so the same character is written again and again."),
    "last character only": Slip("warm_up(model, prefix,", "warm_up(model, prefix[-1:],",
        "Only the last character of the prefix is read. The warm-up should read all of it."),
    "last character twice": Slip(WARM,
        f"{WARM}\n    logits, state = advance(model, vocab[prefix[-1]], state)",
        "The last character of the prefix is read twice. The warm-up has already read it, and its "
        "logits are for the next character."),
    "first written again": Slip("advance(model, ids[-1],", "advance(model, ids[0],",
        "Again and again, the model reads the first character that it wrote. It should read the "
        "newest one, ids[-1]."),
    "read before it is written": Slip(f"{CHOOSE}\n        {FEED}",
        f"logits, state = advance(model, logits.argmax().item(), state)\n        {CHOOSE}",
        "Each character is read before it is written down, so the first one never gets into the "
        "text. Append first, and then advance."),
    "length of all": Slip("range(num_preds)", "range(num_preds - len(prefix))",
        "num_preds is treated as the length of the whole text. It is the number of characters to "
        "add."),
    "one too many": Slip("range(num_preds)", "range(num_preds + 1)", "One character too many is "
        "written."),
    "one too few": Slip("range(num_preds)", "range(num_preds - 1)", "One character too few is "
        "written."),
    "return in the loop": Slip(FEED, f"{FEED}\n        {WRITTEN}", "Only one character is "
        "written: the return is inside the loop."),
    "prefix missing": Slip(WRITTEN, "return vocab.decode(ids)", "The prefix is missing."),
    "nothing returned": Slip(WRITTEN, "return None", "Nothing is returned. Return the prefix and "
        "the new characters as one text."),
}  # fmt: skip
CONTINUE_TEXT = Exercise(
    name="continue_text",
    notebook=6,
    title="a writer that forgets",
    answer=my_continue,
    given=given_continue,
    tried="prefixes of 1 to 6 characters, with 0 to 12 characters added",
    cases=(
        writer_case("ab", 1),
        writer_case("ab", 3),
        writer_case("c", 6),
        writer_case("badcab", 12),
        writer_case("ed", 0),
        writer_case(" ab ", 4),
    ),
    hints=(
        "What does the model remember when it writes the third character? Follow the state through "
        "the loop.",
        "advance takes a state and returns a new one. Here, the new state is thrown away, and None "
        "is passed in.",
        "logits, state = advance(model, ids[-1], state)",
    ),
    slips=CONTINUE_TEXT_SLIPS,
)
EXERCISES = (CONTINUE_TEXT, TEMPERATURE, TOP_K, SURPRISAL)
