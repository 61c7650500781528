"""What is saved is what is loaded; a bad file is refused with its reason."""

import json
import pickle

import pytest
import torch
from safetensors.torch import save_file

from charrnn_helpers.checkpoint import FORMAT, load_checkpoint, save_checkpoint
from charrnn_helpers.sampling import predict
from charrnn_helpers.training import Record
from tests.conftest import make_model

HISTORY = [Record(1, 0.5, 3.3, 0.2, 1e5, 1.0, None), Record(2, 1.0, 2.9, 0.1, 2e5, 0.5, 1.0)]


def test_round_trip(tmp_path, vocab):
    model = make_model(sigma=0.3)
    save_checkpoint(tmp_path / "a.safetensors", model, vocab, HISTORY)
    loaded, loaded_vocab, history = load_checkpoint(tmp_path / "a.safetensors")
    assert history == HISTORY and all(isinstance(record, Record) for record in history)
    assert loaded_vocab.idx_to_token == vocab.idx_to_token
    for (name, a), (_, b) in zip(model.named_parameters(), loaded.named_parameters(), strict=True):
        assert torch.equal(a, b), name
    assert predict(loaded, "time", 30, loaded_vocab) == predict(model, "time", 30, vocab)


def test_saving_again_replaces_and_leaves_nothing_else(tmp_path, vocab):
    for seed in (1, 2):
        save_checkpoint(tmp_path / "a.safetensors", make_model(seed=seed), vocab)
    loaded, _, history = load_checkpoint(tmp_path / "a.safetensors")
    assert torch.equal(loaded.W_hq, make_model(seed=2).W_hq) and history == []
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_failed_save_keeps_the_old_file(tmp_path, vocab, monkeypatch):
    save_checkpoint(tmp_path / "a.safetensors", make_model(seed=1), vocab)

    def no_space(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(tmp_path / "a.safetensors", make_model(seed=2), vocab)
    assert torch.equal(load_checkpoint(tmp_path / "a.safetensors")[0].W_hq, make_model(seed=1).W_hq)
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_paths_that_do_not_exist(tmp_path, vocab):
    with pytest.raises(FileNotFoundError, match="there is no checkpoint '.*gone'"):
        load_checkpoint(tmp_path / "gone")
    with pytest.raises(FileNotFoundError, match="there is no folder '.*gone'; make it first"):
        save_checkpoint(tmp_path / "gone" / "a", make_model(), vocab)


def test_a_truncated_file_is_refused_wherever_it_was_cut(tmp_path, vocab):
    save_checkpoint(tmp_path / "a", make_model(num_hiddens=4), vocab, HISTORY)
    content = (tmp_path / "a").read_bytes()
    for length in [0, 1, 7, 8, 9, 100, len(content) // 2, len(content) - 1]:
        (tmp_path / "cut").write_bytes(content[:length])
        with pytest.raises(ValueError, match="cut' is not a whole checkpoint.*save again"):
            load_checkpoint(tmp_path / "cut")


def test_foreign_files_are_refused(tmp_path):
    (tmp_path / "text").write_text("The Time Machine", encoding="utf-8")
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "text")
    save_file({"W": torch.zeros(2)}, tmp_path / "other")
    with pytest.raises(ValueError, match=r"not written by save_checkpoint\(\)"):
        load_checkpoint(tmp_path / "other")


def test_a_pickle_is_refused_and_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return exec, ("raise SystemExit('code from the file was run')",)

    (tmp_path / "trap").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "trap")


def test_weights_that_do_not_fit_are_refused(tmp_path, vocab):
    header = {"num_hiddens": 8, "sigma": 0.1, "vocab": vocab.idx_to_token, "history": []}
    weights = dict(make_model(num_hiddens=4).state_dict())
    save_file(weights, tmp_path / "a", {"format": FORMAT, "header": json.dumps(header)})
    with pytest.raises(ValueError, match=r"weights in '.*a' do not fit their sizes"):
        load_checkpoint(tmp_path / "a")


@pytest.mark.parametrize("header", ["{", "[]", '{"vocab": ["a"]}'])
def test_a_damaged_header_is_refused(tmp_path, header):
    save_file({"W": torch.zeros(2)}, tmp_path / "a", {"format": FORMAT, "header": header})
    with pytest.raises(ValueError, match=r"header of '.*a' is damaged"):
        load_checkpoint(tmp_path / "a")
