"""Checkpoints: save a trained model to one file, and load it.  Import-only.

A file in the safetensors format holds numbers and a JSON header, so nothing in it is ever executed.
Its SHA-256 detects damage but not tampering, because anyone can compute a new one.
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
from charrnn_helpers.model import GRUScratch, LSTMScratch, RNNScratch, make_model
from charrnn_helpers.training import Record

FORMAT = "charrnn model 3"
CELLS = {cell.__name__: cell for cell in (RNNScratch, GRUScratch, LSTMScratch)}
NONSENSE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError)
AGAIN = "train and save again, or use another copy"


def save_checkpoint(path, model, vocab, history=()):
    """Write the model, the vocabulary, and the history (a list of Records) to one file atomically.

    Raises ValueError if the model was not made for this vocabulary or has an rnn of another kind
    than CELLS, and OSError if the file cannot be written; an existing file is then kept.
    """
    if model.vocab_size != len(vocab):
        raise ValueError(
            f"the model has {model.vocab_size} tokens, but vocab has {len(vocab)}; use the model's"
        )
    cell = next((name for name, cell in CELLS.items() if isinstance(model.rnn, cell)), None)
    if cell is None:
        raise ValueError(
            f"the model's rnn is a {type(model.rnn).__name__}; only {', '.join(CELLS)} can be saved"
        )
    tensors = {name: p.detach().cpu().contiguous() for name, p in model.state_dict().items()}
    header = {"cell": cell, "sigma": model.rnn.sigma, "vocab": vocab.idx_to_token}
    header["history"] = list(history)
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


def load_checkpoint(path, vocab=None, device=None):
    """Return (model, vocab, history) as save_checkpoint() wrote them.

    The model is put on the device.  Raises OSError if there is no file, and ValueError if it is
    damaged or has another vocab.
    """
    header, tensors = read(Path(path).expanduser())
    try:
        own_vocab = Vocab(header["vocab"])
        if own_vocab.idx_to_token != header["vocab"]:
            raise ValueError("the vocabulary is not sorted")
        cell = CELLS[header.get("cell", "RNNScratch")]  # the first edition knew no other
        model = unpack_model(tensors, cell, len(own_vocab), header["sigma"])
        history = [Record(*values) for values in header["history"]]
    except NONSENSE as error:
        raise ValueError(f"the contents of {str(path)!r} are damaged: {error}; {AGAIN}") from error
    if vocab is not None and vocab.idx_to_token != own_vocab.idx_to_token:
        mine, theirs = (repr("".join(v.idx_to_token)[:60]) for v in (own_vocab, vocab))
        raise ValueError(
            f"the model in {str(path)!r} has the vocabulary {mine}, not {theirs}; use the text "
            "that it was trained on, or the vocabulary in the file"
        )
    return model.to(device), own_vocab, history


def read(path):
    """Return the header and the tensors of the file; raise ValueError if it is damaged."""
    content, known = path.read_bytes(), ""
    try:
        metadata = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        metadata = metadata.get("__metadata__", {})
        known = metadata.get("format", "")
        tensors = load(content)
        text = metadata.get("header", "")
        header = json.loads(text) if known == FORMAT else {}
    except (SafetensorError, *NONSENSE) as error:
        raise ValueError(f"{str(path)!r} is not a valid checkpoint ({error}); {AGAIN}") from error
    if known != FORMAT:
        what = "was written by another version" if "charrnn" in known else "is not a checkpoint"
        raise ValueError(f"{str(path)!r} {what} of this course; {AGAIN}")
    if metadata.get("sha256") != digest(text, tensors):
        raise ValueError(f"{str(path)!r} was altered: its SHA-256 is wrong; {AGAIN}")
    return header, tensors


def unpack_model(tensors, cell, vocab_size, sigma):
    """Return the model with these weights; raise ValueError or RuntimeError if they are invalid."""
    types = {tensor.dtype for tensor in tensors.values()}
    if len(types) != 1 or not tensors["b_q"].is_floating_point():
        raise ValueError(f"the weights are of type {', '.join(map(str, types))}")
    model = make_model(vocab_size, len(tensors["W_hq"]), sigma, cell=cell).to(types.pop())
    model.load_state_dict(tensors)
    if not all(p.isfinite().all() for p in model.parameters()):
        raise ValueError("a weight is inf or nan")
    return model


def digest(text, tensors):
    """Return one SHA-256 of the header and of each tensor with its name, type, and shape."""
    sha256 = hashlib.sha256(text.encode())
    for name, tensor in sorted(tensors.items()):
        sha256.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha256.update(tensor.flatten().view(torch.uint8).numpy())
    return sha256.hexdigest()
