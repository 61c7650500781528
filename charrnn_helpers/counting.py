"""Counting models, the baseline that a recurrent network has to beat."""

import math
from collections import Counter, defaultdict


class KneserNey:
    """Interpolated Kneser-Ney n-grams of characters (Chen and Goodman 1999)."""

    def __init__(self, text, n, vocab_size, discount=0.75):
        self.n, self.vocab_size, self.discount = n, vocab_size, discount
        self.tables = [defaultdict(Counter) for _ in range(n)]  # by length
        grams = Counter(text[i : i + n] for i in range(len(text) - n + 1))
        for k in range(n - 1, -1, -1):
            for gram, count in grams.items():
                self.tables[k][gram[:-1]][gram[-1]] += count
            grams = Counter(gram[1:] for gram in grams)  # each once

    def prob(self, context, char):
        """Return P(char | context), mixed with those of shorter contexts."""
        p = 1 / self.vocab_size
        for k in range(min(self.n, len(context) + 1)):
            counts = self.tables[k].get(context[len(context) - k :])
            if counts is None:
                break
            seen = max(counts[char] - self.discount, 0)
            p = (seen + self.discount * len(counts) * p) / counts.total()
        return p

    def loss(self, text):
        """Return the mean of -ln p over the characters of the text, in nats."""
        logs = []
        for i, char in enumerate(text):
            context = text[max(0, i - self.n + 1) : i]
            logs.append(math.log(self.prob(context, char)))
        return -sum(logs) / len(logs)
