"""Sampling: read a prefix, then let the model feed on its own output."""

import math
from numbers import Integral, Real

import torch

from charrnn_helpers.data import check_size
from charrnn_helpers.model import evaluating
from charrnn_helpers.training import check_positive


def check_text(text, vocab, what="prefix"):
    """Raise ValueError if the text is empty or if a character is not in the vocabulary."""
    if not isinstance(text, str):
        raise ValueError(f"the {what} is {text!r}; use a string")
    if not text:
        raise ValueError(f"the {what} is empty; use at least one character to start from")
    for char in text:
        if char not in vocab.token_to_idx:
            raise ValueError(
                f"{char!r} in the {what} {text[:40]!r} is not in the vocabulary "
                f"{''.join(vocab.idx_to_token)!r}; use preprocess({what}) instead"
            )


def check_num_preds(num_preds):
    """Raise ValueError unless num_preds is a whole number, 0 or more."""
    if isinstance(num_preds, bool) or not isinstance(num_preds, Integral) or num_preds < 0:
        raise ValueError(f"num_preds is {num_preds!r}; use a whole number of characters, 0 or more")


def check_logits(logits):
    """Return the logits if the largest is a finite number; raise ValueError if not."""
    largest = logits.max().item()
    if not math.isfinite(largest):
        raise ValueError(
            f"the largest logit is {largest}, so no character can be chosen; did the training "
            "diverge, or is the temperature too close to 0?"
        )
    return logits


def check_share(name, value):
    """Return the value if it is a number above 0 and at most 1; raise ValueError if not."""
    if not isinstance(value, Real) or not 0 < value <= 1:
        raise ValueError(f"{name} is {value!r}; use a number above 0 and at most 1")
    return float(value)


@torch.no_grad()
def warm_up(model, prefix, vocab):
    """Read the prefix; return the logits `(vocab_size,)` for what comes next, and the state."""
    check_text(prefix, vocab)
    with evaluating(model):
        logits, state = model.forward_with_state(vocab.encode(prefix).unsqueeze(0))
    return check_logits(logits[0, -1].cpu()), state


@torch.no_grad()
def advance(model, idx, state):
    """Read one more character, given by its id; return the next logits and the new state."""
    with evaluating(model):
        logits, state = model.forward_with_state(torch.tensor([[idx]]), state)
    return check_logits(logits[0, -1].cpu()), state


def predict(model, prefix, num_preds, vocab):
    """Continue the prefix by num_preds characters, each the likeliest one (greedy decoding)."""
    check_num_preds(num_preds)
    logits, state = warm_up(model, prefix, vocab)
    ids = []
    for _ in range(num_preds):
        ids.append(logits.argmax().item())
        logits, state = advance(model, ids[-1], state)
    return prefix + vocab.decode(ids)


def apply_temperature(logits, temperature):
    """Divide the logits by the temperature: below 1 sharpens, above 1 flattens, 0 is greedy."""
    if temperature == 0:
        return torch.where(logits == logits.max(), 0.0, -math.inf)
    return logits / check_positive("temperature", temperature)


def keep_top_k(logits, top_k):
    """Replace all but the top_k largest logits with -inf; keep ties (Fan et al. 2018)."""
    top_k = check_size("top_k", top_k, len(logits))
    return logits.masked_fill(logits < logits.topk(top_k).values[-1], -math.inf)


def keep_top_p(logits, top_p):
    """Keep the fewest characters with total probability top_p or more (Holtzman et al. 2020)."""
    ordered, order = logits.sort(descending=True, stable=True)
    probs = ordered.softmax(dim=0)
    before = probs.cumsum(dim=0) - probs  # what the likelier characters already add up to
    too_many = before[1:] >= check_share("top_p", top_p)  # the likeliest always stays
    return logits.index_fill(0, order[1:][too_many], -math.inf)


def next_probs(logits, temperature=1.0, top_k=None, top_p=None):
    """Return the distribution `(vocab_size,)` from which the next character is drawn."""
    logits = check_logits(apply_temperature(logits, temperature))
    if top_k is not None:
        logits = keep_top_k(logits, top_k)
    if top_p is not None:
        logits = keep_top_p(logits, top_p)
    return logits.softmax(dim=0)


def sample(
    model, prefix, num_preds, vocab, temperature=1.0, top_k=None, top_p=None, generator=None
):
    """Continue the prefix by num_preds characters, each drawn from next_probs()."""
    check_num_preds(num_preds)
    logits, state = warm_up(model, prefix, vocab)
    ids = []
    for _ in range(num_preds):
        probs = next_probs(logits, temperature, top_k, top_p)
        ids.append(torch.multinomial(probs, 1, generator=generator).item())
        logits, state = advance(model, ids[-1], state)
    return prefix + vocab.decode(ids)


@torch.no_grad()
def surprisal(model, text, vocab):
    """Return -log2 p of each character after the first, given all before: `(len(text) - 1,)`."""
    check_text(text, vocab, "text")
    if len(text) < 2:
        raise ValueError(f"the text {text!r} is too short; surprisal needs 2 characters or more")
    ids = vocab.encode(text)
    with evaluating(model):
        logits = model(ids[:-1].unsqueeze(0))[0].cpu()  # (len(text) - 1, vocab_size)
    log_probs = logits.log_softmax(dim=-1)
    return -log_probs.gather(1, ids[1:].unsqueeze(1)).squeeze(1) / math.log(2)


def longest_copy(sample, text):
    """Return the longest passage of the sample that occurs, letter for letter, in the text."""
    best = ""
    for start in range(len(sample)):
        while sample[start : start + len(best) + 1] in text and start + len(best) < len(sample):
            best = sample[start : start + len(best) + 1]
    return best
