"""Sampling: read a prefix, then let the model feed on its own output."""

import math

import torch

from charrnn_helpers._guards import (
    check_beam,
    check_prediction,
    check_settings,
    check_surprisal,
    guarded_by,
)
from charrnn_helpers.model import evaluating


@torch.no_grad()
def warm_up(model, prefix, vocab):
    """Read the prefix; return the next logits `(vocab_size,)` and the state."""
    X = vocab.encode(prefix).unsqueeze(0)  # (1, num_steps)
    with evaluating(model):
        logits, state = model.forward_with_state(X)
    return logits[0, -1].cpu(), state


@torch.no_grad()
def advance(model, idx, state):
    """Read the character with this id; return next logits, and the state."""
    with evaluating(model):
        logits, state = model.forward_with_state(torch.tensor([[idx]]), state)
    return logits[0, -1].cpu(), state


@guarded_by(check_prediction)
def predict(model, prefix, num_preds, vocab):
    """Continue the prefix by num_preds characters, each the likeliest one."""
    logits, state = warm_up(model, prefix, vocab)
    ids = []
    for _ in range(num_preds):
        ids.append(logits.argmax().item())
        logits, state = advance(model, ids[-1], state)
    return prefix + vocab.decode(ids)


@torch.no_grad()
def write_many(model, X, num_preds, choose):
    """Continue each row of ids X `(num_texts, num_steps)`; return the new ids.

    `choose` gets the next logits `(num_texts, vocab_size)` of all texts, and
    returns the ids of their next characters `(num_texts, 1)`.
    """
    written = []
    with evaluating(model):
        logits, state = model.forward_with_state(X)
        for _ in range(num_preds):
            written.append(choose(logits[:, -1]))  # (num_texts, 1)
            logits, state = model.forward_with_state(written[-1], state)
    return torch.cat(written, dim=1)  # (num_texts, num_preds)


def beam_step(scores, log_probs, width):
    """Return the best texts of one more character: scores, rows, and ids.

    The texts so far have `scores` (num_beams,), their log-probabilities;
    `log_probs` `(num_beams, vocab_size)` are those of their next characters.
    """
    totals = scores[:, None] + log_probs  # (num_beams, vocab_size)
    best = totals.flatten().topk(width)
    rows, ids = best.indices // totals.shape[1], best.indices % totals.shape[1]
    return best.values, rows, ids


@guarded_by(check_beam)
@torch.no_grad()
def beam_search(model, prefix, num_preds, vocab, width):
    """Continue the prefix, keeping `width` texts; return the likeliest."""
    logits, state = warm_up(model, prefix, vocab)
    scores, log_probs = torch.zeros(1), logits.log_softmax(dim=0)[None]
    written = torch.empty(1, 0, dtype=torch.long)  # (num_beams, num_written)
    for _ in range(num_preds):
        scores, rows, ids = beam_step(scores, log_probs, width)
        written = torch.cat([written[rows], ids[:, None]], dim=1)
        with evaluating(model):
            picked = state[..., rows, :]  # (..., num_beams, num_hiddens)
            logits, state = model.forward_with_state(ids[:, None], picked)
        log_probs = logits[:, -1].cpu().log_softmax(dim=-1)
    return prefix + vocab.decode(written[0])


def apply_temperature(logits, temperature):
    """Divide the logits by the temperature; 0 leaves only the largest."""
    if temperature == 0:
        return torch.where(logits == logits.max(), 0.0, -math.inf)
    return logits / temperature


def keep_top_k(logits, top_k):
    """Set all but the top_k largest logits to -inf (Fan et al. 2018)."""
    least = logits.topk(top_k).values[-1]
    return logits.masked_fill(logits < least, -math.inf)


def keep_top_p(logits, top_p):
    """Keep the fewest characters that reach top_p (Holtzman et al. 2020)."""
    ordered, order = logits.sort(descending=True, stable=True)
    probs = ordered.softmax(dim=0)
    before = probs.cumsum(dim=0) - probs  # what the likelier ones add up to
    return logits.index_fill(0, order[before >= top_p], -math.inf)


@guarded_by(check_settings)
def next_probs(logits, temperature=1.0, top_k=None, top_p=None):
    """Return the probabilities `(vocab_size,)` of the next character."""
    logits = apply_temperature(logits, temperature)
    if top_k is not None:
        logits = keep_top_k(logits, top_k)
    if top_p is not None:
        logits = keep_top_p(logits, top_p)
    return logits.softmax(dim=0)


@guarded_by(check_prediction)
def sample(
    model,
    prefix,
    num_preds,
    vocab,
    temperature=1.0,
    top_k=None,
    top_p=None,
    generator=None,
):
    """Continue the prefix by num_preds characters drawn from next_probs()."""
    logits, state = warm_up(model, prefix, vocab)
    ids = []
    for _ in range(num_preds):
        probs = next_probs(logits, temperature, top_k, top_p)
        ids.append(torch.multinomial(probs, 1, generator=generator).item())
        logits, state = advance(model, ids[-1], state)
    return prefix + vocab.decode(ids)


@guarded_by(check_surprisal)
@torch.no_grad()
def surprisal(model, text, vocab):
    """Return -log2 p of each character after the first, given those before."""
    ids = vocab.encode(text)
    with evaluating(model):
        logits = model(ids[None, :-1])[0].cpu()  # (len(text) - 1, vocab_size)
    log_probs = logits.log_softmax(dim=-1)
    return -log_probs.gather(1, ids[1:, None])[:, 0] / math.log(2)
