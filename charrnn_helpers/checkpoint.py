"""Checkpoints: a trained model in one file.  Import-only: no notebook builds this.

The file is in the safetensors format: numbers, and a header of text that is parsed
as JSON.  Nothing in it is ever executed.
"""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from charrnn_helpers.data import Vocab
from charrnn_helpers.files import write_whole
from charrnn_helpers.model import RNNLMScratch, RNNScratch
from charrnn_helpers.training import Record

FORMAT = "charrnn checkpoint 1"


def save_checkpoint(path, model, vocab, history=()):
    """Write weights, sizes, vocabulary and history to `path`, whole or not at all."""
    path = Path(path)
    header = {
        "num_hiddens": model.rnn.num_hiddens,
        "sigma": model.rnn.sigma,
        "vocab": vocab.idx_to_token,
        "history": [list(record) for record in history],
    }
    weights = {name: p.detach().contiguous() for name, p in model.state_dict().items()}
    content = save(weights, {"format": FORMAT, "header": json.dumps(header)})
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r}; make it first")
    write_whole(path, content)


def load_checkpoint(path):
    """Return (model, vocab, history) as save_checkpoint() wrote them.

    Raises FileNotFoundError, or ValueError that says what is wrong with the file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {str(path)!r}; check the path")
    metadata, weights = _read(path)
    try:
        header = json.loads(metadata["header"])
        vocab = Vocab(header["vocab"])
        rnn = RNNScratch(len(vocab), header["num_hiddens"], header["sigma"])
        history = [Record(*values) for values in header["history"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"the header of {str(path)!r} is damaged ({error}); train and save again"
        ) from error
    model = RNNLMScratch(rnn, len(vocab))
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the weights in {str(path)!r} do not fit their sizes: {error}") from error
    return model, vocab, history


def _read(path):
    """The metadata and the tensors of a file that save_checkpoint() wrote."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{str(path)!r} is not a whole checkpoint ({error}); train and save again"
        ) from error
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{str(path)!r} was not written by save_checkpoint(); choose another file")
    return metadata, weights
