"""The exercises of notebook 6: surprisal, temperature, top-k, a writer that loses its memory."""

import math

import torch

from charrnn_helpers import sampling
from charrnn_helpers.checks import answers
from charrnn_helpers.checks.comparing import as_tensor, settle
from charrnn_helpers.checks.exercise import Case, Exercise, by_slip, case
from charrnn_helpers.data import Vocab
from charrnn_helpers.model import make_model

SURPRISALS = {
    "in nats": lambda p: -math.log(p),
    "log10": lambda p: -math.log10(p),
    "reciprocal": lambda p: 1 / p,
    "1 - p": lambda p: 1 - p,
    "of the others": lambda p: -math.log2(1 - p),
    "of the others, or inf": lambda p: -math.log2(1 - p) if p < 1 else math.inf,
    "odds": lambda p: -math.log2(p / (1 - p)) if p < 1 else -math.inf,
    "share of the entropy": lambda p: -p * math.log2(p),
    "power of two": lambda p: 2.0**p,
    "other way": lambda p: 2.0**-p,
    "converted twice": lambda p: -math.log2(p) / math.log(2),
    "multiplied by ln 2": lambda p: -math.log(p) * math.log(2),
    "base and number exchanged": lambda p: -math.log(2, p),
}


def imitate_surprisal(slips):
    cost = by_slip(SURPRISALS, slips, lambda p: -math.log2(p))

    def answer(p):
        bits = -cost(p) if "sign" in slips else cost(p)
        return math.ceil(bits) if "whole bits" in slips else bits

    return answer


surprisal = Exercise(
    name="surprisal",
    notebook=6,
    title="the surprise of one character",
    answer_name="my_surprisal",
    tried="probabilities of 1, 1/2, 1/4, 0.1 and 0.001",
    cases=(case(0.5), case(1.0), case(0.25), case(0.1), case(0.001)),
    solution=answers.my_surprisal,
    imitate=imitate_surprisal,
    slips={
        "in nats": "That is in nats. A bit is a choice between two: the logarithm to base 2.",
        "sign": "The sign is missing: a logarithm of a probability is negative.",
        "log10": "That is the logarithm to base 10; a bit needs base 2.",
        "reciprocal": "That is 1/p, the number of equally likely choices. In bits it is the "
        "logarithm of that.",
        "1 - p": "That is 1 - p. It never gets above 1, however surprising the character is.",
        "of the others": "That is the surprise at any *other* character.",
        "of the others, or inf": "That is the surprise that it is another character: p, not 1 - p.",
        "odds": "That is the logarithm of the odds, p / (1 - p). The surprise needs p alone.",
        "share of the entropy": "That is the surprise times its probability, a term of the "
        "entropy. The character has come: its surprise alone is wanted.",
        "whole bits": "It was rounded up. A surprise need not be a whole number of bits.",
        "base and number exchanged": "The two arguments of math.log are exchanged: first the "
        "number, then the base.",
        "power of two": "That is a power of 2; the logarithm goes the other way.",
        "other way": "That goes the other way, from bits to a probability.",
        "converted twice": "log2 is in bits already; it was divided by ln 2 once more.",
        "multiplied by ln 2": "The conversion goes the wrong way: bits are nats divided by ln 2.",
    },
    hints=(
        "One half costs 1 bit, a quarter 2 bits. What does an eighth cost?",
        "It is the price -ln p of notebook 3, with another base.",
        "math.log2 is the logarithm to base 2; mind the sign.",
    ),
)


def after_softmax(answer, logits, *args):
    """What the result says once it has gone through the softmax."""
    settled = settle(answer(logits, *args))
    changed = as_tensor(settled)
    if changed is None or changed.shape != logits.shape:
        return settled
    return changed.double().softmax(dim=-1)


def logits_case(values, setting):
    show = f"{values}, {setting}".replace(".0,", ",").replace(".0]", "]")
    return Case(f"({show}), then the softmax", lambda: (torch.tensor(values), setting))


def imitate_temperature(slips):
    def answer(logits, T):
        if "probabilities" in slips:
            probs = logits.softmax(-1)
            return (probs / (T or 1e-9)).log()
        if "power of two" in slips and T:
            return logits / T**2
        if T == 0 or "always greedy" in slips or (T < 1 and "greedy below 1" in slips):
            return at_zero(logits, slips)
        if "ignored" in slips:
            return logits
        changes = {
            "multiplied": logits * T,
            "subtracted": logits.log_softmax(-1) - T * torch.arange(len(logits)),
            "softmax too early": (logits / T).softmax(-1),
            "softmax before": logits.softmax(-1) / T,
            "exp": (logits / T).exp(),
            "sign": -logits / T,
            "root": logits / math.sqrt(T),
            "power": logits ** (1 / T),
            "plus one": logits / (T + 1),
        }
        return by_slip(changes, slips, logits / T)

    return answer


def at_zero(logits, slips):
    """The logits at a temperature of 0, with what people make of it."""
    if "0 is an error" in slips:
        raise ZeroDivisionError
    if "0 gives nan" in slips:
        return logits / 0.0
    if "0 is even" in slips:
        return torch.zeros_like(logits)
    if "0 changes nothing" in slips:
        return logits
    if "0 keeps zeros" in slips:
        return torch.where(logits == logits.max(), logits, 0.0)
    if "0 gives the id" in slips:
        return logits.argmax()
    if "0 keeps the smallest" in slips:
        return torch.where(logits == logits.min(), logits, -math.inf)
    if "0 rules the largest out" in slips:
        return torch.where(logits == logits.max(), -math.inf, logits)
    if "0 gives one-hot" in slips:
        return (logits == logits.max()).float()
    return torch.where(logits == logits.max(), logits, -math.inf)


temperature = Exercise(
    name="temperature",
    notebook=6,
    title="temperature",
    answer_name="my_temperature",
    tried="temperatures of 1, 0.5, 2, 10 and 0, positive and negative logits",
    cases=(
        logits_case([1.0, 0.0], 2.0),
        logits_case([1.0, 0.0], 1.0),
        logits_case([2.0, 1.0, -1.0], 0.5),
        logits_case([-3.0, -1.0, -2.0, 0.5], 10.0),
        logits_case([1.0, 3.0, 2.0], 0),
        logits_case([-5.0, -1.0, -2.0], 0),
    ),
    solution=sampling.apply_temperature,
    imitate=imitate_temperature,
    drive=after_softmax,
    slips={
        "multiplied": "The logits are multiplied by T, so that a high temperature makes the "
        "distribution sharper. They are divided by it.",
        "probabilities": "The probabilities are divided by T. Once they add up to 1 again, "
        "nothing has changed. Divide the logits, before the softmax.",
        "0 gives nan": "It is right for T above 0; T = 0 divides by zero and gives inf and nan. "
        "Treat 0 by itself: the largest logit stays, all others become -inf.",
        "0 is an error": "It is right for T above 0; T = 0 stops it. Treat 0 by itself: the "
        "largest logit stays, all others become -inf.",
        "0 is even": "At T = 0 all characters are equally likely. It should be the other "
        "extreme: only the likeliest is left.",
        "0 changes nothing": "At T = 0 the logits stay as they are. Only the likeliest should "
        "keep a chance.",
        "0 keeps zeros": "At T = 0 the other logits become 0, and exp(0) is 1: they keep a "
        "chance. To rule a character out, its logit has to be -inf.",
        "0 gives one-hot": "At T = 0 the result is a one-hot vector. As logits, a 1 and zeros "
        "leave all characters a chance; the zeros should be -inf.",
        "0 gives the id": "At T = 0 the result is the likeliest id. Logits are wanted here as "
        "elsewhere: the largest stays, all others become -inf.",
        "0 keeps the smallest": "At T = 0 the least likely character is kept.",
        "0 rules the largest out": "At T = 0 the likeliest character is ruled out, and the others "
        "stay: the mask is the wrong way round.",
        "greedy below 1": "Every temperature below 1 is treated as 0. Only 0 is greedy; between "
        "0 and 1 the distribution is sharper, no more.",
        "softmax too early": "These are probabilities already. The softmax comes afterwards; "
        "applied twice, it flattens everything.",
        "softmax before": "The softmax was applied before the division, and will be once more. "
        "Divide the logits themselves.",
        "exp": "exp was applied; the softmax, which comes afterwards, does that.",
        "sign": "The sign is wrong: now the least likely character leads.",
        "root": "The logits were divided by the root of T.",
        "power of two": "The logits were divided by the square of T.",
        "subtracted": "T was subtracted, not divided by.",
        "power": "The logits were raised to the power 1/T. It is the probabilities for which that "
        "would be right; logits are divided.",
        "plus one": "The logits were divided by T + 1, so that T = 1 changes them.",
        "ignored": "T has no effect. (A number added to all logits cancels in the softmax.)",
        "always greedy": "Only the likeliest is left, whatever T is.",
    },
    hints=(
        "The formula divides each logit before the exponential. For which T does that fail?",
        "logits / T for T above 0. For T = 0, which logit may stay, and what must the others "
        "be, so that exp() of them is 0?",
        "torch.where(logits == logits.max(), logits, -math.inf) does it for T = 0.",
    ),
)


def imitate_top_k(slips):
    def answer(logits, k):
        if k == len(logits) and "one too many, and an error" in slips:
            raise IndexError
        k += "one too many" in slips or "one too many, and an error" in slips
        k -= "one too few" in slips
        if "values only" in slips:
            return logits.topk(k).values
        if "ids only" in slips:
            return logits.topk(k).indices
        stays = torch.tensor([i in places_kept(logits, k, slips) for i in range(len(logits))])
        if "sorted" in slips:
            logits, stays = logits.sort(descending=True).values, torch.arange(len(logits)) < k
        if "probabilities" in slips:
            return torch.where(stays, logits.softmax(-1), 0.0)
        gone = 0.0 if "zeros" in slips else -math.inf
        return torch.where(stays, 0 * logits if "all alike" in slips else logits, gone)

    return answer


def places_kept(logits, k, slips):
    """The places of the logits that stay."""
    if "smallest kept" in slips:
        return logits.argsort()[:k].tolist()
    if "first kept" in slips:
        return range(k)
    if "k-th smallest" in slips:
        return (logits >= logits.kthvalue(k).values).nonzero().flatten().tolist()
    if "k smallest out" in slips:
        return logits.argsort()[k:].tolist()
    if "by absolute value" in slips:
        return logits.abs().argsort(descending=True)[:k].tolist()
    if "order for ranks" in slips:
        return (logits.argsort(descending=True) < k).nonzero().flatten().tolist()
    if "order for ranks, upwards" in slips:
        return (logits.argsort() >= len(logits) - k).nonzero().flatten().tolist()
    if "more than k" in slips:
        return (logits > k).nonzero().flatten().tolist()
    if "ids as the limit" in slips:
        return (logits >= logits.topk(k).indices[-1]).nonzero().flatten().tolist()
    largest = logits.argsort(descending=True)
    return largest[k:].tolist() if "largest removed" in slips else largest[: max(k, 0)].tolist()


top_k = Exercise(
    name="top_k",
    notebook=6,
    title="top-k",
    answer_name="my_top_k",
    tried="2 to 6 logits, positive and negative, k from 1 to all of them",
    cases=(
        logits_case([2.0, 1.0], 1),
        logits_case([0.5, 3.0, 1.0], 2),
        logits_case([-1.0, -3.0, -2.0, -0.5], 2),
        logits_case([4.0, 0.2, 2.0, 3.0, -1.0, 1.0], 3),
        logits_case([1.0, 2.0, 3.0], 3),
    ),
    solution=sampling.keep_top_k,
    imitate=imitate_top_k,
    drive=after_softmax,
    slips={
        "zeros": "The others become 0, and exp(0) is 1: they keep a chance, and a good one "
        "where the logits are negative. To rule a character out, its logit has to be -inf.",
        "smallest kept": "The k smallest are kept; it should be the k largest.",
        "largest removed": "The k largest are ruled out; they are the ones to keep.",
        "one too many": "One too many is kept. Is the comparison right for the k-th itself?",
        "one too many, and an error": "One too many is kept, and for k = all there is an error: "
        "places count from 0, so the k-th largest is in place k - 1.",
        "ids as the limit": "The logits are compared with a place, not with a logit: topk returns "
        "values and indices, and the limit is the last of the *values*.",
        "one too few": "One too few is kept: the k-th largest is ruled out, too. Compare with <, "
        "not with <=.",
        "first kept": "The first k places are kept, whatever stands in them.",
        "values only": "Only the k largest values come back. The places have to stay, for a "
        "place is a character: as many logits as before, -inf in most of them.",
        "ids only": "The places of the k largest come back. Logits are wanted: as many as "
        "before, with -inf in place of all others.",
        "sorted": "The values are sorted now. A place is a character, so each has to stay where "
        "it was.",
        "probabilities": "These are probabilities. Logits are wanted, the softmax comes "
        "afterwards; with a 0 in it, nothing is ruled out.",
        "all alike": "Those that are kept are now equally likely; their logits should stay.",
        "k-th smallest": "The limit is the k-th *smallest* logit: kthvalue and sort count upwards. "
        "The k-th largest is wanted.",
        "k smallest out": "The k smallest are ruled out. All but the k largest should be.",
        "by absolute value": "They were chosen by their absolute value. A logit of -3 is "
        "a small one.",
        "order for ranks": "argsort was taken for the ranks. It says which logit stands at each "
        "rank, not which rank each logit has.",
        "order for ranks, upwards": "argsort was taken for the ranks. It says which logit stands "
        "at each rank (here from the smallest up), not which rank each logit has.",
        "more than k": "The logits are compared with k itself. k says how many are kept; compare "
        "with the k-th largest logit.",
    },
    errors={
        "k too large": (
            "selected index k out of range",
            "More than all logits were asked for: with k + 1 there is nothing left for k = all. "
            "The k-th largest is topk(k).values[-1].",
        ),
    },
    hints=(
        "What is the smallest logit that may stay? And what is the softmax of -inf?",
        "logits.topk(k).values has the k largest, in order; its last one is the limit.",
        "logits.masked_fill(logits < limit, -math.inf), with the k-th largest as the limit.",
    ),
)


def writer():
    """A model of five letters that does not write the same letter for ever."""
    model = make_model(len(Vocab("abcde")), num_hiddens=8, sigma=1.2, seed=SEED)
    with torch.no_grad():
        model.b_q[Vocab("abcde").unk] = -100.0  # never written
    return model


SEED = 4


def writer_case(prefix, num_preds):
    show = f"(model, {prefix!r}, {num_preds}, vocab)"
    return Case(show, lambda: (writer(), prefix, num_preds, Vocab("abcde")))


def imitate_continue(slips):
    def answer(model, prefix, num_preds, vocab):
        read = prefix[-1:] if "last character only" in slips else prefix
        read = prefix[:1] if "first character only" in slips else read
        read = prefix[::-1] if "read backwards" in slips else read
        logits, state = sampling.warm_up(model, read, vocab)
        if "last character twice" in slips:
            logits, state = sampling.advance(model, vocab[prefix[-1]], state)
        first, ids = state, []
        if "read before it is written" in slips:
            logits, state = sampling.advance(model, logits.argmax().item(), state)
        num_preds += ("one too many" in slips) - ("one too few" in slips)
        num_preds -= len(prefix) if "length of all" in slips else 0
        for _ in range(num_preds):
            ids.append((logits.argmin() if "unlikeliest" in slips else logits.argmax()).item())
            old = None if "state lost" in slips else state
            old = first if "state of the prefix" in slips else old
            fed = vocab[prefix[-1]] if "prefix again" in slips else ids[-1]
            fed = ids[0] if "first written again" in slips else fed
            new_logits, state = sampling.advance(model, fed, old)
            logits = logits if "always the same" in slips else new_logits
        written = vocab.decode(ids)
        return written if "prefix missing" in slips else prefix + written

    return answer


continue_text = Exercise(
    name="continue_text",
    notebook=6,
    title="a writer that forgets",
    answer_name="my_continue",
    tried="prefixes of 1 to 6 characters, 0 to 12 characters more",
    cases=(
        writer_case("ab", 1),
        writer_case("ab", 3),
        writer_case("c", 6),
        writer_case("badcab", 12),
        writer_case("ed", 0),
    ),
    solution=sampling.predict,
    imitate=imitate_continue,
    broken=frozenset({"state lost"}),
    errors={
        "exchanged": (
            "tensor's shape is (6,)",
            "Logits and state are exchanged: advance returns the logits first, then the state.",
        ),
    },
    slips={
        "state lost": "The state is lost after each character.",
        "state of the prefix": "Every character is read with the state after the prefix, as if "
        "nothing had been written since. Take the new state from advance, and go on with it.",
        "last character only": "Only the last character of the prefix was read. The warm-up "
        "reads all of it.",
        "first character only": "Only the first character of the prefix was read.",
        "read backwards": "The prefix was read backwards.",
        "last character twice": "The last character of the prefix is read twice: the warm-up has "
        "read it already, and its logits are those for the next one.",
        "prefix again": "The model is fed the last character of the prefix again and again. It "
        "should read what it has written itself.",
        "first written again": "The model is fed the first character that it wrote, again and "
        "again. It should read the newest, ids[-1].",
        "length of all": "num_preds was taken for the length of the whole text. It says how many "
        "characters are to be added.",
        "read before it is written": "The character is read before it is written down, so the "
        "first one never gets into the text. Append first, then advance.",
        "always the same": "The logits are never replaced by the new ones.",
        "unlikeliest": "That takes the least likely character.",
        "prefix missing": "The prefix is missing in front.",
        "one too many": "One character too many was written.",
        "one too few": "One character too few was written.",
    },
    hints=(
        "What does the model remember when it writes the third character? Follow the state "
        "through the loop.",
        "advance takes a state and gives a new one back. Here one of the two is thrown away, "
        "and None is handed in.",
        "logits, state = advance(model, ids[-1], state)",
    ),
)

EXERCISES = (continue_text, temperature, top_k, surprisal)
