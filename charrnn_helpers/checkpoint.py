"""Checkpoints: save a trained model to one file, and load it.

A file in the safetensors format holds numbers and a JSON header, so nothing in it is ever executed.
Its SHA-256 detects damage but not tampering, because anyone can compute a new one.
"""

import hashlib
import json
from numbers import Real
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from charrnn_helpers.atomic import write_whole
from charrnn_helpers.data import Vocab
from charrnn_helpers.model import GRUScratch, LSTMScratch, RNNScratch, make_model
from charrnn_helpers.training import Record

FORMAT = "charrnn model 3"
CELLS = {cell.__name__: cell for cell in (RNNScratch, GRUScratch, LSTMScratch)}
DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
SCALE = " scale"  # the name of a matrix of 8-bit numbers and this: that of its scales
AGAIN = "train and save again, or use another copy"


def save_checkpoint(path, model, vocab, history=(), in_bytes=False):
    """Write the model, the vocabulary, and the history (a list of Records) to one file atomically.

    If in_bytes, each weight is rounded to one byte: a multiple of 1/127 of its column's largest.
    Raises ValueError if the model was not made for this vocabulary or has an rnn of another kind
    than CELLS, and OSError if the file cannot be written; an existing file is then kept.
    """
    if model.vocab_size != len(vocab):
        sizes = f"the model has {model.vocab_size} tokens, but vocab has {len(vocab)}"
        raise ValueError(f"{sizes}; use the model's")
    cell = next((name for name, cell in CELLS.items() if isinstance(model.rnn, cell)), None)
    if cell is None:
        kind = type(model.rnn).__name__
        raise ValueError(f"the model's rnn is a {kind}; only {', '.join(CELLS)} can be saved")
    tensors = {name: p.detach().cpu().contiguous() for name, p in model.state_dict().items()}
    tensors = to_bytes(tensors) if in_bytes else tensors
    header = {"cell": cell, "sigma": model.rnn.sigma, "vocab": vocab.idx_to_token}
    text, path = json.dumps(header | {"history": list(history)}), Path(path).expanduser()
    content = save(tensors, {"format": FORMAT, "header": text, "sha256": digest(text, tensors)})
    try:
        write_whole(path, content)
    except OSError as error:
        reason = f"{error.strerror}; name a file in a folder that exists and can be written"
        raise OSError(error.errno, reason, str(path)) from error


def load_checkpoint(path, vocab=None, device=None):
    """Return (model, vocab, history) as save_checkpoint() wrote them.

    The model is put on the device.  Raises OSError if there is no file, and ValueError if it is
    damaged or has another vocab.
    """
    header, tensors = read(Path(path).expanduser())
    tensors = from_bytes(tensors)
    problem = what_is_wrong(header, tensors)
    if problem:
        raise ValueError(f"the contents of {str(path)!r} are damaged: {problem}; {AGAIN}")
    cell, own_vocab = CELLS[header["cell"]], Vocab(header["vocab"])
    model = make_model(len(own_vocab), len(tensors["W_hq"]), header["sigma"], cell=cell)
    model = model.to(tensors["W_hq"].dtype)
    model.load_state_dict(tensors)
    history = [Record(*values) for values in header["history"]]
    if vocab is not None and vocab.idx_to_token != own_vocab.idx_to_token:
        mine, theirs = (repr("".join(v.idx_to_token)[:60]) for v in (own_vocab, vocab))
        remedy = "use the text that it was trained on, or the vocabulary in the file"
        raise ValueError(f"{str(path)!r} has the vocabulary {mine}, not {theirs}; {remedy}")
    return model.to(device), own_vocab, history


def to_bytes(tensors):
    """Return each matrix as 8-bit numbers and the scale of each column, and the rest in 16 bits."""
    small = {}
    for name, W in tensors.items():
        if W.dim() == 1:
            small[name] = W.half()
        else:
            scale = (W.abs().amax(dim=0) / 127).clamp(min=1e-7).half()
            small[name] = (W / scale.float()).round().clamp(-127, 127).to(torch.int8)
            small[name + SCALE] = scale
    return small


def from_bytes(tensors):
    """Return what to_bytes() was given, as it was rounded; other tensors stay as they are."""
    scales = {name + SCALE: tensors[name + SCALE] for name in tensors if name + SCALE in tensors}
    if not scales:
        return tensors
    whole = {}
    for name in tensors.keys() - scales.keys():
        W, scale = tensors[name], scales.get(name + SCALE)
        if scale is not None and scale.shape == W.shape[-1:]:
            W = W * scale.float()
        whole[name] = W if W.dtype == torch.int8 else W.float()  # one without a scale is damaged
    return whole


def read(path):
    """Return the header and the tensors of the file; raise ValueError if it is damaged."""
    path.open("rb").close()  # an error of the system's own, if the file cannot be read
    damaged = f"{str(path)!r} is not a valid checkpoint"
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{damaged} ({error}); {AGAIN}") from error
    known, text = metadata.get("format", ""), metadata.get("header", "{}")
    if known != FORMAT:
        what = "was written by another version" if "charrnn" in known else "is not a checkpoint"
        raise ValueError(f"{str(path)!r} {what} of this course; {AGAIN}")
    if metadata.get("sha256") != digest(text, tensors):
        raise ValueError(f"{str(path)!r} was altered: its SHA-256 is wrong; {AGAIN}")
    try:
        return json.loads(text), tensors
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{damaged} ({error}); {AGAIN}") from error


def what_is_wrong(header, tensors):
    """Return what save_checkpoint() would not have written, in words; None if all is well."""
    if not isinstance(header, dict) or {"sigma", "vocab", "history"} - header.keys():
        return "the header lacks sigma, vocab, or history"
    header.setdefault("cell", "RNNScratch")  # the first edition knew no other
    if header["cell"] not in list(CELLS):
        return f"the cell {header['cell']!r} is not known"
    if not is_number(header["sigma"]) or not -1e9 < header["sigma"] < 1e9:
        return f"sigma is {header['sigma']!r:.50}, which is not a number of ordinary size"
    vocab, history = header["vocab"], header["history"]
    if not isinstance(vocab, list) or not all(isinstance(token, str) for token in vocab):
        return "the vocabulary is not a list of texts"
    if Vocab(vocab).idx_to_token != vocab:
        return "the vocabulary is not sorted"
    if not isinstance(history, list) or not all(map(is_record, history)):
        return "the history is not a list of records"
    return wrong_weights(tensors, CELLS[header["cell"]], len(vocab))


def wrong_weights(tensors, cell, vocab_size):
    """Return how these weights differ from those of such a model, in words; None if they fit."""
    if "W_hq" not in tensors or tensors["W_hq"].dim() != 2:
        return "the weights lack the matrix W_hq"
    types = {tensor.dtype for tensor in tensors.values()}
    if len(types) != 1 or types.isdisjoint(DTYPES):
        return f"the weights are of type {', '.join(sorted(map(str, types)))}"
    sizes = {2: vocab_size, 3: len(tensors["W_hq"])}  # a small model tells which size is which
    small = make_model(2, 3, cell=cell).state_dict().items()
    wanted = {name: tuple(sizes[n] for n in p.shape) for name, p in small}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for name in sorted(wanted.keys() | found.keys()):
        if found.get(name) != wanted.get(name):
            return f"{name} has the shape {found.get(name)}, expected {wanted.get(name)}"
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        return "a weight is inf or nan"
    return None


def is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def is_record(value):
    """Tell whether these are the values of a Record, of which theta, the last, may be None."""
    whole = isinstance(value, list) and len(value) == len(Record._fields)
    return whole and all(map(is_number, value[:-1] if value[-1] is None else value))


def digest(text, tensors):
    """Return one SHA-256 of the header and of each tensor with its name, type, and shape."""
    sha256 = hashlib.sha256(text.encode())
    for name, tensor in sorted(tensors.items()):
        sha256.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha256.update(tensor.flatten().view(torch.uint8).numpy())
    return sha256.hexdigest()
