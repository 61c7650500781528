"""What models give to the characters of a text: fixed, mixed, or reading on."""

import copy
import math

import torch

from charrnn_helpers.counting import KneserNey
from charrnn_helpers.model import evaluating
from charrnn_helpers.sampling import advance, next_probs, warm_up
from charrnn_helpers.training import cross_entropy


@torch.no_grad()
def chances(model, before, ids):
    """Return what a model expects at each of the ids, `(len(ids), vocab_size)`.

    It reads them as one text, after the last character of what stands before.
    """
    with evaluating(model):
        X = torch.cat([before[-1:], ids[:-1]])
        return model(X[None])[0].softmax(dim=-1)


def that_came(probs, ids):
    """Return the probabilities of the ids, `(len(ids),)`."""
    return probs.gather(1, ids[:, None])[:, 0]


def counted(counts, before, text):
    """Return the probabilities that a KneserNey gives to the characters."""
    k = counts.n - 1
    whole = before[-k:] + text if k else text
    contexts = [whole[i : i + k] for i in range(len(text))]
    pairs = zip(contexts, text, strict=True)
    return torch.tensor([counts.prob(context, char) for context, char in pairs])


def lead(p, q, length=500):
    """Return by how many nats p is ahead of q, and the standard error.

    p and q are the probabilities of the same characters; the error is that of
    the means of blocks of `length` characters.
    """
    blocks = (p.log() - q.log()).split(length)
    blocks = [block for block in blocks if len(block) == length]
    means = torch.stack([block.mean() for block in blocks])
    return means.mean().item(), means.std().item() / len(means) ** 0.5


def learning_mixture(p, q, lr):
    """The probability of each character; the weight learns after each."""
    a, noted = 0.0, []
    for p_t, q_t in zip(p.tolist(), q.tolist()):
        w = 1 / (1 + math.exp(-a))
        m = w * p_t + (1 - w) * q_t
        noted.append(m)
        slope = -(p_t - q_t) / m * w * (1 - w)  # with respect to a
        a -= lr * slope
    return torch.tensor(noted)


class ReadingKneserNey(KneserNey):
    """A KneserNey that goes on counting while it reads."""

    def read(self, gram):
        """Count the last of n characters after those before it."""
        for k in range(self.n - 1, -1, -1):
            counts = self.tables[k][gram[-1 - k : -1]]
            counts[gram[-1]] += 1
            if counts[gram[-1]] > 1:
                break


def count_while_reading(counts, before, text):
    """Return the probability of each character, counted after it came."""
    n, came = counts.n, []
    whole = before[len(before) - n + 1 :] + text
    for end in range(n, len(whole) + 1):
        gram = whole[end - n : end]
        came.append(counts.prob(gram[:-1], gram[-1]))
        counts.read(gram)
    return torch.tensor(came)


def update_while_reading(model, before, ids, lr=0.1, num_steps=32):
    """Return the probability of each id; make an update after each window."""
    model, came = copy.deepcopy(model), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    with torch.no_grad():
        _, state = model.forward_with_state(before[None, -200:-1])
    ids = torch.cat([before[-1:], ids])
    for X, Y in zip(ids[:-1].split(num_steps), ids[1:].split(num_steps)):
        logits, state = model.forward_with_state(X[None], state)
        came.append(that_came(logits[0].detach().softmax(dim=-1), Y))
        optimizer.zero_grad()
        cross_entropy(logits[0], Y).backward()
        optimizer.step()
        state = state.detach()
    return torch.cat(came)


def write_together(
    model,
    counts,
    vocab,
    prefix,
    num_preds,
    temperature,
    w,
    generator=None,
):
    """Continue the prefix by the mixture with the weight w of the model."""
    written = prefix
    logits, state = warm_up(model, prefix, vocab)
    for _ in range(num_preds):
        context = written[len(written) - counts.n + 1 :]
        other = [counts.prob(context, char) for char in vocab.idx_to_token]
        mixed = w * logits.softmax(dim=0) + (1 - w) * torch.tensor(other)
        probs = next_probs(mixed.log(), temperature, top_p=0.95)
        idx = torch.multinomial(probs, 1, generator=generator).item()
        written += vocab.idx_to_token[idx]
        logits, state = advance(model, idx, state)
    return written
