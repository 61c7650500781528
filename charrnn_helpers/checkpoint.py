"""Checkpoints: a trained model, and where its run is, in one file.  Import-only.

The file is in the safetensors format: numbers, and a header of text that is parsed
as JSON.  Nothing in it is ever executed.  A SHA-256 over all of it tells whether it is whole.
"""

import hashlib
import json
import math
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from charrnn_helpers.data import Vocab
from charrnn_helpers.files import disk_problem, write_whole
from charrnn_helpers.model import make_model
from charrnn_helpers.training import Record, Run

FORMAT = "charrnn checkpoint 2"
MAX_HEADER = 100_000_000  # bytes; safetensors allows no more
BAD_JSON = (ValueError, RecursionError)
NONSENSE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError)
AGAIN = "train and save again, or use another copy"


def save_checkpoint(path, model, vocab, run=None):
    """Write model, vocabulary and run to `path`, whole or not at all; the old file stays till then.

    Raises FileNotFoundError if there is no such folder, ValueError if the optimizer cannot be
    saved, OSError if the disk does not take the file.
    """
    if model.vocab_size != len(vocab):
        raise ValueError(
            f"the model has {model.vocab_size} tokens, but the vocabulary {len(vocab)}"
        )
    path, content = Path(path).expanduser(), pack(model, vocab, Run() if run is None else run)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r}; make it first")
    try:
        write_whole(path, content)
    except OSError as error:
        raise OSError(
            error.errno, f"the checkpoint {str(path)!r} was not written: {disk_problem(error)}"
        ) from error


def load_checkpoint(path, vocab=None):
    """Return (model, vocab, run) as save_checkpoint() wrote them; train(..., run) goes on.

    Raises FileNotFoundError, or ValueError that says what is wrong with the file: with
    `vocab`, also that the model was trained on another one.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {str(path)!r}; check the path")
    header, tensors = read(path)
    try:
        own_vocab = unpack_vocab(header["vocab"])
        model = unpack_model(header, len(own_vocab), named(tensors, "model."))
        run = unpack_run(header, model, tensors)
    except NONSENSE as error:
        raise ValueError(f"the contents of {str(path)!r} are damaged: {error}; {AGAIN}") from error
    if vocab is not None and vocab.idx_to_token != own_vocab.idx_to_token:
        raise ValueError(
            f"the model in {str(path)!r} has the vocabulary {spell(own_vocab)}, not "
            f"{spell(vocab)}; use the text it was trained on, or the vocabulary that it brings"
        )
    return model, own_vocab, run


def pack(model, vocab, run):
    """The bytes of the file."""
    optimizer, tensors = pack_optimizer(run.optimizer)
    tensors |= {f"model.{name}": p for name, p in model.state_dict().items()}
    places = {"run.state": run.state, "run.order": run.order}
    tensors |= {name: tensor for name, tensor in places.items() if tensor is not None}
    tensors = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    header = {
        "num_hiddens": model.rnn.num_hiddens,
        "sigma": model.rnn.sigma,
        "vocab": vocab.idx_to_token,
        "history": run.history,
        "optimizer": optimizer,
    }
    text = json.dumps(header)
    return save(tensors, {"format": FORMAT, "header": text, "sha256": seal(text, tensors)})


def read(path):
    """The header and the tensors of a file that save_checkpoint() wrote."""
    with path.open("rb") as file:
        start = file.read(8)
        beginning = file.read(min(int.from_bytes(start, "little"), MAX_HEADER))
        try:
            metadata = json.loads(beginning).get("__metadata__", {})
            written = str(metadata.get("format"))
            if written == FORMAT:
                tensors = load(start + beginning + file.read())
        except (SafetensorError, AttributeError, *BAD_JSON) as error:
            raise ValueError(
                f"{str(path)!r} is not a whole checkpoint ({error}); {AGAIN}"
            ) from error
    check_format(path, written)
    text = metadata.get("header", "")
    if metadata.get("sha256") != seal(text, tensors):
        raise ValueError(f"{str(path)!r} was altered (its SHA-256 is wrong); {AGAIN}")
    try:
        return json.loads(text), tensors
    except BAD_JSON as error:
        raise ValueError(f"the header of {str(path)!r} is damaged ({error}); {AGAIN}") from error


def check_format(path, written):
    """Raise ValueError if the file is something else, or of another version."""
    if written == FORMAT:
        return
    if written.startswith(FORMAT[:-1]):
        raise ValueError(f"{str(path)!r} is of another version of the course; {AGAIN}")
    raise ValueError(f"{str(path)!r} was not written by save_checkpoint(); choose another file")


def seal(text, tensors):
    """The SHA-256 of the header, and of each tensor with its name, type and shape."""
    digest = hashlib.sha256(text.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def named(tensors, prefix):
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def spell(vocab):
    tokens = "".join(vocab.idx_to_token)
    return repr(tokens if len(tokens) <= 60 else f"{tokens[:60]}...")


def unpack_vocab(tokens):
    """The vocabulary; raises ValueError if the tokens are not sorted, different texts."""
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise ValueError("the vocabulary is not a list of texts")
    vocab = Vocab(tokens)
    if vocab.idx_to_token != tokens:
        raise ValueError("the vocabulary is not in order")
    return vocab


def unpack_model(header, vocab_size, weights):
    """The model; its sizes are compared with the weights before any memory is taken for it."""
    num_hiddens, sigma = header["num_hiddens"], header["sigma"]
    shapes = {
        "rnn.W_xh": (vocab_size, num_hiddens),
        "rnn.W_hh": (num_hiddens, num_hiddens),
        "rnn.b_h": (num_hiddens,),
        "W_hq": (num_hiddens, vocab_size),
        "b_q": (vocab_size,),
    }
    found = {name: tuple(weight.shape) for name, weight in weights.items()}
    if found != shapes:
        raise ValueError(f"the weights {found} do not fit their sizes {shapes}")
    types = {weight.dtype for weight in weights.values()}
    if len(types) != 1 or not weights["b_q"].is_floating_point():
        raise ValueError(f"the weights are {', '.join(map(str, types))}")
    if not all(weight.isfinite().all() for weight in weights.values()):
        raise ValueError("a weight is inf or nan")
    model = make_model(vocab_size, num_hiddens, sigma).to(types.pop())
    model.load_state_dict(weights)
    return model


def unpack_run(header, model, tensors):
    """The run of this model: its history, its optimizer, and where it is."""
    history = [Record(*values) for values in header["history"]]
    for step, record in enumerate(history, start=1):
        if record.step != step or not all(is_number(value) for value in record[:-1]):
            raise ValueError(f"record {step} of the history is {tuple(record)}")
    places = named(tensors, "run.")
    optimizer = unpack_optimizer(header["optimizer"], model, named(tensors, "optimizer."))
    run = Run(optimizer, places.get("state"), places.get("order"), history)
    if run.state is not None and run.state.shape[1:] != (model.rnn.num_hiddens,):
        raise ValueError(f"the state's shape is {tuple(run.state.shape)}")
    return run


def is_number(value):
    return isinstance(value, (int, float)) and not math.isnan(value)


def pack_optimizer(optimizer):
    """What JSON can hold of an optimizer (None without one), and its tensors by name."""
    if optimizer is None:
        return None, {}
    name = type(optimizer).__name__
    if vars(torch.optim).get(name) is not type(optimizer):
        raise ValueError(
            f"the optimizer {name} is not one of torch.optim, so it cannot be saved; "
            "save without the run: save_checkpoint(path, model, vocab)"
        )
    packed, tensors = optimizer.state_dict(), {}
    for number, memory in packed["state"].items():
        for key, value in memory.items():
            if torch.is_tensor(value):
                tensors[f"optimizer.{number}.{key}"] = value
    rest = {
        number: {key: value for key, value in memory.items() if not torch.is_tensor(value)}
        for number, memory in packed["state"].items()
    }
    return {"name": name, "groups": packed["param_groups"], "rest": rest}, tensors


def unpack_optimizer(packed, model, tensors):
    """The optimizer of this model; only classes of torch.optim, and only values of known kinds."""
    if packed is None:
        return None
    made = vars(torch.optim).get(packed["name"])
    if not (isinstance(made, type) and issubclass(made, torch.optim.Optimizer)):
        raise ValueError(f"torch.optim has no {packed['name']!r}")
    optimizer = made(model.parameters(), lr=1.0)
    groups, fresh = packed["groups"], optimizer.state_dict()["param_groups"]
    if kinds(groups) != kinds(fresh) or groups[0]["params"] != fresh[0]["params"]:
        raise ValueError(f"the settings of {packed['name']} are not those of this PyTorch")
    sizes = [p.numel() for p in model.parameters()]
    state = {int(number): dict(rest) for number, rest in packed["rest"].items()}
    for name, tensor in tensors.items():
        number, _, key = name.partition(".")
        if tensor.numel() > sizes[int(number)]:
            raise ValueError(f"the optimizer's {name} is larger than its parameter")
        state[int(number)][key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return optimizer


def kinds(value):
    """The shape of settings in words: where there is a number, a list, yes, no or nothing."""
    if isinstance(value, dict):
        return {key: kinds(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [kinds(inner) for inner in value]
    if value is None or isinstance(value, bool):
        return "yes, no or nothing"
    return "a number" if is_number(value) else type(value).__name__
