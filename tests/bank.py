"""The banks of answers in tests/banks, and the names that a notebook gives to its answers."""

import copy
import math
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from charrnn_helpers import checks, model, sampling, training

FOLDER = Path(__file__).parent / "banks"
NAMES = {
    **{"torch": torch, "nn": nn, "F": F, "math": math, "copy": copy},
    **{"Counter": Counter, "defaultdict": defaultdict},
    **{name: getattr(model, name) for name in ("one_hot", "RNNScratch", "make_model")},
    **{name: getattr(training, name) for name in ("cross_entropy", "clip_gradients")},
    **{name: getattr(sampling, name) for name in ("warm_up", "advance")},
    "gradient_norm": training.gradient_norm,
}


class Entry(NamedTuple):
    exercise: str
    kind: str  # Wrong or Right
    mistake: str  # of a wrong one; the style of a right one
    thought: str
    source: str

    def __str__(self):
        return f"{self.exercise}: {self.mistake}"


def read(path):
    """The entries of one bank."""
    text = path.read_text(encoding="utf-8")
    for kind, mistake, body in re.findall(
        r"^## (Wrong|Right): (.+?)\n(.*?)(?=^## |\Z)", text, re.M | re.S
    ):
        for thought, source in re.findall(r"(.*?)```python\n(.*?)```", body, re.S):
            yield Entry(path.stem, kind, mistake, thought.strip(), source)


def entries(kind):
    paths = sorted(path for path in FOLDER.glob("*.md") if path.stem != "README")
    return [entry for path in paths for entry in read(path) if entry.kind == kind]


def define(exercise, source):
    """The answer that this source defines, as a cell of the notebook would."""
    namespace = dict(NAMES)
    exec(compile(source, f"<{exercise}>", "exec"), namespace)
    return namespace[checks.BY_NAME[exercise].answer.__name__]
