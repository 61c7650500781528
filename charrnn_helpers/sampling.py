"""Sampling: read a prefix, then let the model feed on its own output."""

import math

import torch

from charrnn_helpers.guards import (
    check_logits,
    check_num_preds,
    check_positive,
    check_share,
    check_text,
    check_whole,
)


@torch.no_grad()
def warm_up(model, prefix, vocab):
    """Read the prefix; return the logits `(vocab_size,)` for what comes next, and the state."""
    check_text(prefix, vocab)
    logits, state = model.forward_with_state(vocab.encode(prefix).unsqueeze(0))
    return check_logits(logits[0, -1]), state


@torch.no_grad()
def advance(model, idx, state):
    """Read one more character, given by its id; return the next logits and the new state."""
    logits, state = model.forward_with_state(torch.tensor([[idx]]), state)
    return check_logits(logits[0, -1]), state


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
    """Divide the logits by the temperature: below 1 sharper, above 1 flatter, 0 is greedy."""
    if temperature == 0:
        return torch.where(logits == logits.max(), 0.0, -math.inf)
    return logits / check_positive("temperature", temperature)


def keep_top_k(logits, top_k):
    """Rule out, with -inf, all but the top_k largest logits (and what ties with the last)."""
    top_k = check_whole("top_k", top_k, len(logits))
    return logits.masked_fill(logits < logits.topk(top_k).values[-1], -math.inf)


def keep_top_p(logits, top_p):
    """Rule out all but the fewest characters whose probabilities add up to at least top_p."""
    probs, order = logits.softmax(dim=0).sort(descending=True, stable=True)
    before = probs.cumsum(dim=0) - probs  # what the likelier characters already add up to
    too_many = before[1:] >= check_share("top_p", top_p)  # the likeliest always stays
    return logits.index_fill(0, order[1:][too_many], -math.inf)


def next_probs(logits, temperature=1.0, top_k=None, top_p=None):
    """The distribution `(vocab_size,)` to draw the next character from."""
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
    """-log2 p of each character but the first, given all before it: `(len(text) - 1,)`, in bits."""
    check_text(text, vocab, "text")
    if len(text) < 2:
        raise ValueError(f"the text {text!r} is too short; surprisal needs 2 characters or more")
    ids = vocab.encode(text)
    log_probs = model(ids[:-1].unsqueeze(0))[0].log_softmax(dim=-1)  # (len(text) - 1, vocab_size)
    return -log_probs.gather(1, ids[1:].unsqueeze(1)).squeeze(1) / math.log(2)


def longest_copy(sample, text):
    """The longest passage of the sample that stands, letter for letter, in the text."""
    best = ""
    for start in range(len(sample)):
        while sample[start : start + len(best) + 1] in text and start + len(best) < len(sample):
            best = sample[start : start + len(best) + 1]
    return best
