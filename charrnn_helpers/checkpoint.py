"""Checkpoints: a trained model as one file.  Import-only.

The file is in the safetensors format: numbers, and a header of text that is parsed as JSON, so
nothing in it is ever executed.  Its SHA-256 finds damage, not malice, because a new one is
easily written.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from charrnn_helpers.data import Vocab
from charrnn_helpers.model import make_model
from charrnn_helpers.training import Record

FORMAT = "charrnn model 3"
NONSENSE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError)
AGAIN = "train and save again, or use another copy"


def save_checkpoint(path, model, vocab, history=()):
    """Write model, vocabulary and history (a list of Records) to one file, whole or not at all.

    Raises ValueError if the model was not made for this vocabulary, and OSError if the file
    cannot be written; a file that was there before stays.
    """
    if model.vocab_size != len(vocab):
        raise ValueError(f"the model has {model.vocab_size} tokens, but the vocab {len(vocab)}")
    tensors = {name: p.detach().cpu().contiguous() for name, p in model.state_dict().items()}
    header = {"sigma": model.rnn.sigma, "vocab": vocab.idx_to_token, "history": list(history)}
    text, path = json.dumps(header), Path(path).expanduser()
    content = save(tensors, {"format": FORMAT, "header": text, "sha256": digest(text, tensors)})
    part = path.parent / f"{path.name}.{os.getpid()}.part"
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        reason = f"{error.strerror}; name a file in a folder that exists and can be written"
        raise OSError(error.errno, reason, str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def load_checkpoint(path, vocab=None):
    """Return (model, vocab, history) as save_checkpoint() wrote them.

    Raises OSError if there is no such file, and ValueError that says what is wrong with it: with
    `vocab`, also that the model was trained on another vocabulary.
    """
    header, tensors = read(Path(path).expanduser())
    try:
        own_vocab = Vocab(header["vocab"])
        if own_vocab.idx_to_token != header["vocab"]:
            raise ValueError("the vocabulary is not in order")
        model = unpack_model(tensors, len(own_vocab), header["sigma"])
        history = [Record(*values) for values in header["history"]]
    except NONSENSE as error:
        raise ValueError(f"the contents of {str(path)!r} are damaged: {error}; {AGAIN}") from error
    if vocab is not None and vocab.idx_to_token != own_vocab.idx_to_token:
        mine, theirs = (repr("".join(v.idx_to_token)[:60]) for v in (own_vocab, vocab))
        raise ValueError(
            f"the model in {str(path)!r} has the vocabulary {mine}, not {theirs}; use the text "
            "it was trained on, or the vocabulary in the file"
        )
    return model, own_vocab, history


def read(path):
    """Return the header and the tensors of the file, if it is whole; raise ValueError if not."""
    content, known = path.read_bytes(), ""
    try:
        metadata = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        metadata = metadata.get("__metadata__", {})
        known = metadata.get("format", "")
        tensors = load(content)
        text = metadata.get("header", "")
        header = json.loads(text) if known == FORMAT else {}
    except (SafetensorError, *NONSENSE) as error:
        raise ValueError(f"{str(path)!r} is not a whole checkpoint ({error}); {AGAIN}") from error
    if known != FORMAT:
        what = "was written by another version" if "charrnn" in known else "is not a checkpoint"
        raise ValueError(f"{str(path)!r} {what} of this course; {AGAIN}")
    if metadata.get("sha256") != digest(text, tensors):
        raise ValueError(f"{str(path)!r} was altered: its SHA-256 is wrong; {AGAIN}")
    return header, tensors


def unpack_model(tensors, vocab_size, sigma):
    """Return the model with these weights; raise ValueError or RuntimeError if they make none."""
    types = {tensor.dtype for tensor in tensors.values()}
    if len(types) != 1 or not tensors["b_q"].is_floating_point():
        raise ValueError(f"the weights are of type {', '.join(map(str, types))}")
    model = make_model(vocab_size, len(tensors["rnn.b_h"]), sigma).to(types.pop())
    model.load_state_dict(tensors)
    if not all(p.isfinite().all() for p in model.parameters()):
        raise ValueError("a weight is inf or nan")
    return model


def digest(text, tensors):
    """Return the SHA-256 of the header, and of each tensor with its name, type and shape."""
    sha256 = hashlib.sha256(text.encode())
    for name, tensor in sorted(tensors.items()):
        sha256.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha256.update(tensor.flatten().view(torch.uint8).numpy())
    return sha256.hexdigest()
