"""What a network writes as it learns, and how well one learns from encodings of the tokens.

`tools.records` runs these trainings for chapter 1.
"""

import itertools
import math

import torch

from charrnn_helpers.data import StreamBatches
from charrnn_helpers.sampling import sample
from charrnn_helpers.show.encodings import learn_with, score_with
from charrnn_helpers.trained import RECIPES, start, trained_model

SEEDS = 0, 1, 2
BEGINNING = "the time traveller "


def written(vocab, train_ids):
    """Return what the trained model wrote after 0 and 100 updates, and what it writes now."""
    recipe = RECIPES["time_machine"]
    model, run = start(recipe, len(vocab), train_ids)
    texts = {0: write(model, vocab)}
    for _ in itertools.islice(run, 100):
        pass
    texts[100] = write(model, vocab)
    last = recipe.num_epochs * len(StreamBatches(train_ids, recipe.batch_size, 32))
    return texts | {last: write(*trained_model())}


def write(model, vocab):
    generator = torch.Generator().manual_seed(1)
    return sample(model, BEGINNING, 60, vocab, 0.5, generator=generator)


def tables():
    """Return the encodings, `{name: a table with a row for each token}`."""
    places = torch.arange(28)
    angles = 2 * math.pi * places / 28
    circle = torch.stack([angles.cos(), angles.sin()], dim=1)
    parabola = torch.stack([places, -(places**2)], dim=1)
    centered = parabola - parabola.float().mean(dim=0)
    whitened, *_ = torch.linalg.svd(centered, full_matrices=False)  # equal and uncorrelated
    ids = places.unsqueeze(1)
    one = {"ids": ids, "28 multiples": ids * torch.arange(1, 29), "one-hot": torch.eye(28)}
    return one | {"circle": circle, "parabola": parabola, "whitened": whitened}


def perplexities(data):
    """Return the perplexities on the validation part, `{name: [one for each seed]}`."""
    parts = data.train_ids, data.val_ids
    found = {
        name: [score_with(table, *parts, seed) for seed in SEEDS]
        for name, table in tables().items()
    }
    for width in (2, 8, 28):
        drawn = [torch.randn(28, width, generator=torch.Generator().manual_seed(k)) for k in SEEDS]
        pairs = zip(drawn, SEEDS, strict=True)
        found[f"{width} random"] = [score_with(table, *parts, seed) for table, seed in pairs]
    plain = torch.eye(28)  # neither centered nor scaled
    found["one-hot as it is"] = [*(next(learn_with(plain, *parts, k, [100])) for k in SEEDS)]
    return found


def trials(data):
    """Yield the name of each trial, and what runs it."""
    yield "written", lambda: written(data.vocab, data.train_ids)
    yield "perplexities", lambda: perplexities(data)
