"""The exercises of notebook 6: a writer that forgets, temperature, top-k, surprisal."""

import math

import torch

from charrnn_helpers.checks.exercise import Case, Exercise, Slip, case
from charrnn_helpers.checks.values import as_tensor, settle
from charrnn_helpers.data import Vocab
from charrnn_helpers.model import make_model
from charrnn_helpers.sampling import advance, warm_up


def my_surprisal(p):
    return -math.log2(p)


BITS = "-math.log2(p)"
SURPRISAL_SLIPS = {
    "in nats": Slip(BITS, "-math.log(p)", "That is in nats. A bit is a choice between two, so "
        "the logarithm has base 2."),
    "sign": Slip(BITS, "math.log2(p)", "The sign is wrong: no surprise is negative. (The "
        "logarithm of a probability is; but to the base 1/2 it has the right sign already.)"),
    "log10": Slip(BITS, "-math.log10(p)", "That is the logarithm to base 10. A bit needs base 2."),
    "reciprocal": Slip(BITS, "1 / p", "That is 1/p, the number of equally likely choices. In "
        "bits it is the logarithm of that."),
    "1 - p": Slip(BITS, "1 - p", "That is 1 - p, which never gets above 1, however surprising "
        "the character is."),
    "of the others": Slip(BITS, "-math.log2(1 - p)", "That is the surprise of any other "
        "character: p is wanted, not 1 - p."),
    "of the others, or inf": Slip(BITS, "-math.log2(1 - p) if p < 1 else math.inf",
        "That is the surprise of any other character. Take p itself, not 1 - p."),
    "odds": Slip(BITS, "-math.log2(p / (1 - p)) if p < 1 else -math.inf", "That is the logarithm "
        "of the odds, p / (1 - p). The surprise needs p alone."),
    "share of the entropy": Slip(BITS, "-p * math.log2(p)", "That is the surprise times its "
        "probability, a term of the entropy. The surprise alone is wanted."),
    "whole bits": Slip(BITS, "math.ceil(-math.log2(p))", "The result is rounded up. A surprise "
        "need not be a whole number of bits."),
    "base and number exchanged": Slip(BITS, "-math.log(2, p)", "The two arguments of math.log "
        "are exchanged: first the number, then the base."),
    "power of two": Slip(BITS, "2**p", "That is a power of 2. The logarithm goes the other way."),
    "from bits to a probability": Slip(BITS, "2**-p", "That goes the other way, from bits to a "
        "probability."),
    "multiplied by ln 2": Slip(BITS, "-math.log(p) * math.log(2)", "The conversion goes the "
        "wrong way: bits are nats divided by ln 2."),
}  # fmt: skip
SURPRISAL = Exercise(
    name="surprisal",
    notebook=6,
    title="the surprise of one character",
    answer=my_surprisal,
    tried="probabilities from 1 and 1/2 down to 0.000000001",
    cases=(case(0.5), case(1.0), case(0.25), case(0.1), case(0.001), case(1e-9)),
    hints=(
        "One half costs 1 bit, one quarter 2 bits. What does one eighth cost?",
        "It is the loss -ln p of notebook 3, with another base.",
        "math.log2 is the logarithm to base 2. Mind the sign.",
    ),
    slips=SURPRISAL_SLIPS,
)


def after_softmax(answer, logits, *args):
    """Return what becomes of the result in the softmax, and whether it holds nan or +inf."""
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
    "multiplied": Slip(DIVIDED, "return logits * T", "The logits are multiplied by T, so that a "
        "high temperature makes the distribution sharper. They are divided by it."),
    "probabilities returned": Slip(DIVIDED, "return logits.softmax(-1) / T",
        "The softmax is applied before the division, and will be once more. Divide the logits "
        "themselves."),
    "softmax too early": Slip(DIVIDED, "return (logits / T).softmax(-1)", "These are "
        "probabilities already. The softmax comes afterwards; applied twice, it flattens "
        "everything."),
    "root": Slip(DIVIDED, "return logits / math.sqrt(T)", "The logits are divided by the square "
        "root of T."),
    "power": Slip(DIVIDED, "return logits ** (1 / T)", "The logits are raised to the power 1/T. "
        "That would be right for probabilities; logits are divided."),
    "ignored": Slip(DIVIDED, "return logits", "T has no effect above 0. Divide the logits by it. "
        "(A number subtracted from all logits cancels in the softmax, and so does a factor on "
        "the probabilities.)"),
    "at least 0.001": Slip(SPECIAL + DIVIDED, "return logits / max(T, 1e-3)",
        "T is raised to 0.001, so the smallest temperatures count as that, and T = 0 is not "
        "greedy when logits are close together. Divide by T itself, and treat 0 separately."),
    "small number added": Slip(SPECIAL + DIVIDED, "return logits / (T + 1e-6)",
        "A small number is added to T, so T = 0 is not greedy when logits are close together. "
        "Treat 0 separately."),
    "a small T for 0": Slip(ZERO, "return logits / 1e-4", "T = 0 is replaced by a small number, "
        "which is not greedy when logits are close together. The largest logit stays, and all "
        "others become -inf."),
    "greedy below 0.001": Slip("T == 0", "T < 1e-3", "Every temperature below 0.001 is treated "
        "as 0. Only 0 is greedy."),
    "greedy below 1": Slip("T == 0", "T < 1", "Every temperature below 1 is treated as 0. Only 0 "
        "is greedy; between 0 and 1 the distribution is sharper, no more."),
    "0 gives nan": Slip(SPECIAL, "", "It is right for T above 0. T = 0 divides by zero and gives "
        "inf and nan. Treat 0 separately: the largest logit stays, all others become -inf."),
    "0 is an error": Slip(ZERO, "return 1 / 0", "It is right for T above 0, and T = 0 stops it. "
        "Treat 0 separately: the largest logit stays, all others become -inf."),
    "0 changes nothing": Slip(ZERO, "return logits", "At T = 0 the logits stay as they are. Only "
        "the likeliest should keep a chance."),
    "0 keeps zeros": Slip(ZERO, "return torch.where(logits == logits.max(), logits, 0.0)",
        "At T = 0 the other logits become 0, and exp(0) is 1, so they keep a chance. To rule a "
        "character out, its logit has to be -inf."),
    "0 gives one-hot": Slip(ZERO, "return (logits == logits.max()).float()",
        "At T = 0 the result is a one-hot vector. As logits, a 1 and zeros leave all characters "
        "a chance; the zeros should be -inf."),
    "0 gives inf and -inf": Slip(ZERO,
        "return torch.where(logits == logits.max(), math.inf, -math.inf)", "At T = 0 the largest "
        "becomes +inf, and the softmax of that is nan. The largest stays a finite number; only "
        "the others become -inf."),
    "0 times inf": Slip(ZERO, "return logits + (logits < logits.max()) * -math.inf",
        "At T = 0 there is a nan: a mask of 0 and 1 is multiplied by infinity, and 0 * inf is "
        "nan. torch.where chooses without a product."),
    "0 gives the id": Slip(ZERO, "return logits.argmax()", "At T = 0 the result is the likeliest "
        "id. Logits are wanted here, too: the largest stays, all others become -inf."),
    "0 keeps the smallest": Slip("logits == logits.max()", "logits == logits.min()",
        "At T = 0 the least likely character is kept."),
    "0 rules the largest out": Slip(ZERO,
        "return torch.where(logits == logits.max(), -math.inf, logits)", "At T = 0 the likeliest "
        "character is ruled out, and the others stay: the two results of torch.where are "
        "exchanged."),
}  # fmt: skip
TEMPERATURE = Exercise(
    name="temperature",
    notebook=6,
    title="temperature",
    answer=my_temperature,
    drive=after_softmax,
    tried="temperatures of 1, 0.5, 2, 10, 0.00001 and 0, positive and negative logits",
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
        "The formula divides each logit before the exponential. For which T does that fail?",
        "logits / T for T above 0. For T = 0, which logit may stay, and what must the others be, "
        "so that exp() of them is 0?",
        "torch.where(logits == logits.max(), logits, -math.inf) does it for T = 0.",
    ),
    slips=TEMPERATURE_SLIPS,
)


def my_top_k(logits, k):
    limit = logits.topk(k).values[-1]
    return torch.where(logits >= limit, logits, -math.inf)


LIMIT = "limit = logits.topk(k).values[-1]"
KEEP = "return torch.where(logits >= limit, logits, -math.inf)"


def keep_places(condition):
    """Return the last line with another condition."""
    return KEEP.replace("logits >= limit", condition)


TOP_K_SLIPS = {
    "zeros": Slip("-math.inf", "0.0", "The others become 0, and exp(0) is 1, so they keep a "
        "chance. To rule a character out, its logit has to be -inf."),
    "plus inf": Slip("-math.inf", "math.inf", "The others become +inf, so they take all the "
        "probability. To rule a character out, its logit has to be -inf."),
    "0 times inf": Slip(KEEP, "return logits + (logits < limit) * -math.inf",
        "There is a nan: a mask of 0 and 1 is multiplied by infinity, and 0 * inf is nan. "
        "torch.where chooses without a product."),
    "smallest kept": Slip(LIMIT,
        "limit = logits.topk(k, largest=False).values[-1]\n    " + keep_places("logits <= limit"),
        "The k smallest are kept. It should be the k largest."),
    "largest removed": Slip("logits >= limit", "logits < limit", "The k largest are ruled out. "
        "They are the ones to keep."),
    "one too many, and an error": Slip(LIMIT, "limit = logits.sort(descending=True).values[k]",
        "One too many is kept, and for k = all there is an error: places count from 0, so the "
        "k-th largest is in place k - 1."),
    "one too few": Slip("logits >= limit", "logits > limit", "The k-th largest is ruled out as "
        "well. Compare with >=, or rule out with <."),
    "largest only": Slip(LIMIT, "limit = logits.topk(k).values[0]", "The limit is the largest "
        "logit, values[0]. The smallest that may stay is the last of the k values, values[-1]."),
    "first kept": Slip("logits >= limit", "torch.arange(len(logits)) < k", "The first k places "
        "are kept, whatever is in them."),
    "values only": Slip(KEEP, "return logits.topk(k).values", "Only the k largest values came "
        "back. A place stands for a character, so as many logits as before are wanted, with -inf "
        "in most places."),
    "values in place": Slip(KEEP, "return logits[logits >= limit]", "The other logits are "
        "removed, so the places have changed. A place stands for a character, so as many logits "
        "as before are wanted, with -inf in the places of the others."),
    "ids only": Slip(KEEP, "return logits.topk(k).indices", "The places of the k largest came "
        "back. Logits are wanted: as many as before, with -inf in the places of the others."),
    "mask": Slip(KEEP, "return logits >= limit", "True and False came back. Logits are wanted: "
        "the k largest as they are, -inf in the places of the others."),
    "sorted": Slip(KEEP, "logits = logits.sort(descending=True).values\n    " + KEEP,
        "The values are sorted now. A place stands for a character, so each logit stays where it "
        "was."),
    "probabilities": Slip(KEEP, "return torch.where(logits >= limit, logits.softmax(-1), 0.0)",
        "These are probabilities. Logits are wanted, because the softmax comes afterwards; a 0 "
        "rules nothing out."),
    "k-th smallest": Slip(LIMIT, "limit = logits.kthvalue(k).values", "The limit is the k-th "
        "smallest logit: kthvalue and sort count upwards. The k-th largest is wanted."),
    "by absolute value": Slip(KEEP, keep_places("logits.abs() >= logits.abs().topk(k).values[-1]" ),
        "They are chosen by their absolute value. A logit of -3 is a small one."),
    "order for ranks": Slip("logits >= limit", "logits.argsort(descending=True) < k",
        "argsort is taken for the ranks. It says which logit is at each rank, not which rank "
        "each logit has."),
    "ids as the limit": Slip("values[-1]", "indices[-1]", "The logits are compared with a place, "
        "not with a logit: topk returns values and indices, and the limit is the last of the "
        "values."),
}  # fmt: skip
TOP_K = Exercise(
    name="top_k",
    notebook=6,
    title="top-k",
    answer=my_top_k,
    drive=after_softmax,
    tried="2 to 6 logits, positive and negative, k from 1 to all of them",
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
        "logits.topk(k).values has the k largest, in order; its last one is the limit.",
        "logits.masked_fill(logits < limit, -math.inf), with the k-th largest as the limit.",
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
    "state lost": Slip(FEED, "logits, _ = advance(model, ids[-1], None)", "The state is lost "
        "after each character: advance takes a state and gives a new one back."),
    "state of the prefix": Slip(FEED, "logits, _ = advance(model, ids[-1], state)",
        "Every character is read with the state after the prefix, as if nothing had been written "
        "since. Take the new state from advance, and go on with it."),
    "logits and state exchanged": Slip(FEED, "state, logits = advance(model, ids[-1], state)",
        "Logits and state are exchanged: advance returns the logits first, then the state."),
    "logits not taken": Slip(FEED, "_, state = advance(model, ids[-1], state)",
        "The new logits are thrown away, so the same character is written again and again."),
    "last character only": Slip("warm_up(model, prefix,", "warm_up(model, prefix[-1:],",
        "Only the last character of the prefix is read. The warm-up reads all of it."),
    "last character twice": Slip(WARM,
        f"{WARM}\n    logits, state = advance(model, vocab[prefix[-1]], state)",
        "The last character of the prefix is read twice: the warm-up has read it already, and "
        "its logits are those for the next one."),
    "first written again": Slip("advance(model, ids[-1],", "advance(model, ids[0],",
        "The model is fed the first character that it wrote, again and again. It should read the "
        "newest, ids[-1]."),
    "read before it is written": Slip(f"{CHOOSE}\n        {FEED}",
        f"logits, state = advance(model, logits.argmax().item(), state)\n        {CHOOSE}",
        "The character is read before it is written down, so the first one never gets into the "
        "text. Append first, then advance."),
    "length of all": Slip("range(num_preds)", "range(num_preds - len(prefix))",
        "num_preds is taken for the length of the whole text. It says how many characters are "
        "added."),
    "one too many": Slip("range(num_preds)", "range(num_preds + 1)", "One character too many is "
        "written."),
    "one too few": Slip("range(num_preds)", "range(num_preds - 1)", "One character too few is "
        "written."),
    "return in the loop": Slip(FEED, f"{FEED}\n        {WRITTEN}", "Only one character is "
        "written: the return is inside the loop."),
    "prefix missing": Slip(WRITTEN, "return vocab.decode(ids)", "The prefix is missing in front."),
    "nothing returned": Slip(WRITTEN, "return None", "Nothing is returned. The prefix and the "
        "new characters are wanted, as one text."),
}  # fmt: skip
CONTINUE_TEXT = Exercise(
    name="continue_text",
    notebook=6,
    title="a writer that forgets",
    answer=my_continue,
    given=given_continue,
    tried="prefixes of 1 to 6 characters, 0 to 12 characters more",
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
        "advance takes a state and gives a new one back. Here one of the two is thrown away, and "
        "None is handed in.",
        "logits, state = advance(model, ids[-1], state)",
    ),
    slips=CONTINUE_TEXT_SLIPS,
)
EXERCISES = (CONTINUE_TEXT, TEMPERATURE, TOP_K, SURPRISAL)
