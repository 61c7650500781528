"""What is saved is what is loaded, and a bad file is refused with its reason."""

import json
import os
import pickle
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from charrnn_helpers.checkpoint import FORMAT, digest, load_checkpoint, save_checkpoint
from charrnn_helpers.data import StreamBatches, Vocab
from charrnn_helpers.model import GRUScratch, LSTMScratch, RNNScratch, WithDropout
from charrnn_helpers.sampling import predict
from charrnn_helpers.training import Options, Record, train
from tests.conftest import generator, make_model
from tools.course import ROOT

HISTORY = [Record(1, 0.5, 3.3, 0.2, 1.0, None), Record(2, 1.0, 2.9, 0.1, 0.5, 1.0)]
IDS = torch.randint(28, (500,), generator=generator(7))


def same(a, b):
    return all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def trained(steps=3):
    """A small model, some steps into a run, and its history."""
    model = make_model(num_hiddens=4, sigma=0.3)
    run = train(model, StreamBatches(IDS, 4, 16), Options(2, lr=0.02, optimizer=torch.optim.Adam))
    return model, [next(run) for _ in range(steps)]


def forge(path, change=lambda header: None, tensors=None, format=FORMAT):
    """A file as save_checkpoint() writes it, its hash valid, but for this change."""
    model, history = trained()
    save_checkpoint(path, model, Vocab("abcdefghijklmnopqrstuvwxyz "), history)
    content = path.read_bytes()
    metadata = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    header = json.loads(metadata["header"])
    header = change(header) or header
    tensors = load_file(path) | (tensors or {})
    tensors = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    text = header if isinstance(header, str) else json.dumps(header)
    save_file(tensors, path, {"format": format, "header": text, "sha256": digest(text, tensors)})


# Round trips.


def test_round_trip(tmp_path, vocab):
    model = make_model(sigma=0.3)
    save_checkpoint(tmp_path / "a.safetensors", model, vocab, HISTORY)
    loaded, loaded_vocab, history = load_checkpoint(tmp_path / "a.safetensors")
    assert history == HISTORY and all(isinstance(record, Record) for record in history)
    assert loaded_vocab.idx_to_token == vocab.idx_to_token
    assert loaded.rnn.sigma == 0.3 and same(model, loaded)
    assert predict(loaded, "time", 30, loaded_vocab) == predict(model, "time", 30, vocab)


def test_other_types_of_number_are_kept(tmp_path, vocab):
    for dtype in (torch.float64, torch.float16, torch.bfloat16):
        model = make_model().to(dtype)
        save_checkpoint(tmp_path / "a", model, vocab)
        loaded, _, _ = load_checkpoint(tmp_path / "a")
        assert loaded.b_q.dtype == dtype and same(model, loaded)


@pytest.mark.parametrize("cell", [RNNScratch, GRUScratch, LSTMScratch])
def test_every_cell_comes_back(tmp_path, vocab, cell):
    model = make_model(num_hiddens=6, sigma=0.3, cell=cell)
    save_checkpoint(tmp_path / "a", model, vocab)
    loaded, _, _ = load_checkpoint(tmp_path / "a")
    assert type(loaded.rnn) is cell and same(model, loaded)
    assert predict(loaded, "time", 30, vocab) == predict(model, "time", 30, vocab)


@pytest.mark.parametrize("cell", [RNNScratch, GRUScratch, LSTMScratch])
def test_in_bytes_each_weight_is_as_near_as_its_column_allows(tmp_path, vocab, cell):
    model = make_model(num_hiddens=40, sigma=0.3, cell=cell)
    model.W_hq.data[:, 3] = 0  # a column without a largest weight
    for name, in_bytes in {"a": False, "b": True}.items():
        save_checkpoint(tmp_path / name, model, vocab, HISTORY, in_bytes)
    assert (tmp_path / "b").stat().st_size < (tmp_path / "a").stat().st_size / 2
    loaded, _, history = load_checkpoint(tmp_path / "b")
    assert history == HISTORY
    for name, p in model.named_parameters():
        q = dict(loaded.named_parameters())[name]
        assert q.dtype == torch.float32 and q.shape == p.shape
        assert ((p - q).abs() <= p.abs().amax(dim=0) / 127 * 0.51 + 1e-3 * p.abs()).all(), name


def test_a_file_of_the_first_edition_names_no_cell(tmp_path):
    forge(tmp_path / "a", lambda header: header.pop("cell") and None)
    assert type(load_checkpoint(tmp_path / "a")[0].rnn) is RNNScratch


def test_a_cell_that_could_not_be_loaded_is_not_saved(tmp_path, vocab):
    model = make_model()
    model.rnn = WithDropout(model.rnn, 28)
    with pytest.raises(ValueError, match="rnn is a WithDropout; only RNNScratch, .* can be saved"):
        save_checkpoint(tmp_path / "a", model, vocab)
    assert list(tmp_path.iterdir()) == []


def test_a_vocabulary_of_other_characters(tmp_path):
    vocab = Vocab("\u4f60\u597d, z\u00fcrich \U0001f600\n\0\"'")
    save_checkpoint(tmp_path / "a", make_model(len(vocab)), vocab)
    assert load_checkpoint(tmp_path / "a", vocab)[1].idx_to_token == vocab.idx_to_token


def test_saving_again_replaces_and_leaves_nothing_else(tmp_path, vocab):
    for seed in (1, 2):
        save_checkpoint(tmp_path / "a.safetensors", make_model(seed=seed), vocab)
    loaded, _, history = load_checkpoint(tmp_path / "a.safetensors")
    assert torch.equal(loaded.W_hq, make_model(seed=2).W_hq) and history == []
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_loading_draws_no_global_random_number(tmp_path, vocab):
    save_checkpoint(tmp_path / "a", make_model(), vocab)
    before = torch.get_rng_state()
    load_checkpoint(tmp_path / "a")
    assert torch.equal(torch.get_rng_state(), before)


# Disks and paths.


def test_a_failed_save_keeps_the_old_file(tmp_path, vocab, monkeypatch):
    save_checkpoint(tmp_path / "a.safetensors", make_model(seed=1), vocab)

    def no_space(handle, mode):
        os.write(handle, b"the beginning")
        os.close(handle)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("charrnn_helpers.atomic.os.fdopen", no_space)
    with pytest.raises(OSError, match=r"No space left on device; .*a\.safetensors"):
        save_checkpoint(tmp_path / "a.safetensors", make_model(seed=2), vocab)
    assert torch.equal(load_checkpoint(tmp_path / "a.safetensors")[0].W_hq, make_model(seed=1).W_hq)
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_paths_that_do_not_exist(tmp_path, vocab, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / "gone", "gone"):
        with pytest.raises(FileNotFoundError, match="No such file or directory: '.*gone'"):
            load_checkpoint(path)
    for path in (tmp_path / "gone" / "a", "gone/a"):
        with pytest.raises(FileNotFoundError, match="in a folder that exists .*gone.a'"):
            save_checkpoint(path, make_model(), vocab)


@pytest.mark.parametrize("name", ["", "x" * 300, "a"])
def test_names_that_no_file_can_have(tmp_path, vocab, name, monkeypatch):
    """No name at all, one that is too long, and that of a folder with something in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(OSError, match="name a file in a folder that exists and can be written"):
        save_checkpoint(name, make_model(), vocab)
    with pytest.raises(OSError, match=r"directory|too long"):
        load_checkpoint(name)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


KILLS = """
import os, random, signal, sys, time
import torch
from pathlib import Path
from charrnn_helpers.checkpoint import load_checkpoint, save_checkpoint
from charrnn_helpers.data import Vocab
from charrnn_helpers.model import make_model

torch.set_num_threads(1)
path, how, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
vocab, moments = Vocab("abcdefghijklmnopqrstuvwxyz "), random.Random(1)
models = [make_model(28, num_hiddens=200, seed=seed) for seed in (0, 1)]

def trace(frame, event, argument):
    if "charrnn" not in frame.f_code.co_filename:
        return None
    if event == "line" and next(steps, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    return trace

def found():
    model, _, _ = load_checkpoint(path, vocab)
    (which,) = [k for k in (0, 1) if torch.equal(model.W_hq, models[k].W_hq)]
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), models[which].parameters()))
    return which

save_checkpoint(path, models[0], vocab)
old = new = parts = kills = step = 0
while kills < times:
    before = found()
    child = os.fork()
    if child == 0:
        if how == "steps":
            steps = iter(range(step))
            sys.settrace(trace)
            save_checkpoint(path, models[1 - before], vocab)
            os._exit(0)
        while True:
            for model in models:
                save_checkpoint(path, model, vocab)
    if how == "times":
        time.sleep(moments.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0
        break  # it has come to its end before it was killed: all steps are done
    kills, step = kills + 1, step + 1
    old, new = (old + 1, new) if found() == before else (old, new + 1)
    left = [p for p in path.parent.iterdir() if p != path]
    assert all(p.name.startswith(path.name) and p.suffix == ".part" for p in left)
    parts += len(left) > 0
    for p in left:
        p.unlink()
print(kills, old, new, parts)
"""


def kill_while_saving(folder, how, times):
    command = [sys.executable, "-c", KILLS, str(folder / "a.safetensors"), how, str(times)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    kills, old, new, parts = map(int, run.stdout.split())
    print(f"{kills} kills: {old} times the old file, {new} times the new one; {parts} half written")
    return kills, old, new, parts


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills need fork()")


@needs_fork
def test_killed_before_each_line_of_saving(tmp_path):
    kills, old, new, parts = kill_while_saving(tmp_path, "steps", 10_000)
    assert kills > 25 and old > 25 and new > 0 and parts > 0  # about 40 lines


@needs_fork
def test_killed_at_random_while_saving(tmp_path):
    assert kill_while_saving(tmp_path, "times", 20)[0] == 20


@needs_fork
@pytest.mark.long
def test_killed_at_random_while_saving_two_hundred_times(tmp_path):
    kills, old, new, parts = kill_while_saving(tmp_path, "times", 200)
    assert kills == old + new == 200 and parts > 10


# Files that are not what they should be.


def test_a_truncated_file_is_refused_wherever_it_was_cut(tmp_path, vocab):
    model, history = trained()
    save_checkpoint(tmp_path / "a", model, vocab, history)
    content = (tmp_path / "a").read_bytes()
    for length in [*range(0, len(content), 7), len(content) - 1]:
        (tmp_path / "cut").write_bytes(content[:length])
        with pytest.raises(ValueError, match="cut' is not a valid checkpoint.*save again"):
            load_checkpoint(tmp_path / "cut")


def alter(folder, vocab, positions, bits):
    """Change one bit of the file at each of these positions: it is refused, or means the same."""
    model, history = trained()
    save_checkpoint(folder / "a", model, vocab, history)
    content, same_meaning = bytearray((folder / "a").read_bytes()), 0
    for position in positions(len(content)):
        for bit in bits:
            content[position] ^= bit
            (folder / "b").write_bytes(content)
            try:
                loaded, _, again = load_checkpoint(folder / "b")
            except ValueError as error:
                assert "b' " in str(error) and "save again" in str(error)
            else:
                assert same(model, loaded) and again == history
                same_meaning += 1
            content[position] ^= bit
    return same_meaning


def test_an_altered_file_is_refused(tmp_path, vocab):
    assert alter(tmp_path, vocab, lambda length: range(0, length, 5), [1]) <= 2


@pytest.mark.long
def test_a_file_with_any_bit_altered_is_refused(tmp_path, vocab):
    bits = [1, 2, 4, 8, 16, 32, 64, 128]
    same_meaning = alter(tmp_path, vocab, range, bits)
    print(f"{same_meaning} of all single bits mean nothing")
    assert same_meaning < 20


def test_foreign_files_are_refused(tmp_path):
    (tmp_path / "text").write_text("The Time Machine", encoding="utf-8")
    with pytest.raises(ValueError, match="not a valid checkpoint"):
        load_checkpoint(tmp_path / "text")
    save_file({"W": torch.zeros(2)}, tmp_path / "other")
    with pytest.raises(ValueError, match="is not a checkpoint of this course"):
        load_checkpoint(tmp_path / "other")
    torch.save(make_model().state_dict(), tmp_path / "torch")
    with pytest.raises(ValueError, match="not a valid checkpoint"):
        load_checkpoint(tmp_path / "torch")
    metadata = {"format": "charrnn checkpoint 1", "header": "of another kind"}
    save_file({"W": torch.zeros(2)}, tmp_path / "old", metadata)
    with pytest.raises(ValueError, match="was written by another version of this course;"):
        load_checkpoint(tmp_path / "old")


def test_a_pickle_is_refused_and_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return exec, ("raise SystemExit('code from the file was run')",)

    (tmp_path / "trap").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="not a valid checkpoint"):
        load_checkpoint(tmp_path / "trap")
    torch.save(Trap(), tmp_path / "trap")
    with pytest.raises(ValueError, match="not a valid checkpoint"):
        load_checkpoint(tmp_path / "trap")


def test_another_vocabulary_is_refused(tmp_path, vocab):
    save_checkpoint(tmp_path / "a", make_model(), vocab)
    with pytest.raises(ValueError, match=r"has the vocabulary ' <unk>abc.*xyz', not ' <unk>abc';"):
        load_checkpoint(tmp_path / "a", Vocab("abc "))
    load_checkpoint(tmp_path / "a", vocab)


def test_a_model_and_a_vocabulary_that_do_not_fit_are_not_saved(tmp_path, vocab):
    with pytest.raises(ValueError, match="the model has 5 tokens, but vocab has 28"):
        save_checkpoint(tmp_path / "a", make_model(5), vocab)
    assert list(tmp_path.iterdir()) == []


def put(key, value):
    def change(header):
        header[key] = value

    return change


def drop(key):
    return lambda header: header.pop(key) and None


def whole_numbers(count):
    return {"b_q": torch.zeros(count, dtype=torch.long)}


def in_bytes(scale):
    """Return W_hh as 8-bit numbers with this scale, and the scale of another matrix."""
    whole = torch.ones(4, 4, dtype=torch.int8)
    others = {"W_hq": torch.ones(4, 28, dtype=torch.int8), "W_hq scale": torch.ones(28)}
    return {"rnn.W_hh": whole, "rnn.W_hh scale": scale} | others


FORGED = {  # a valid hash, and nonsense inside: (change of the header, tensors, what is said)
    "no JSON": (lambda header: "{", None, "is not a valid checkpoint"),
    "a list": (lambda header: "[]", None, "damaged"),
    "deep": (lambda header: "[" * 100_000, None, "is not a valid checkpoint"),
    **{f"no {key}": (drop(key), None, "damaged") for key in ["sigma", "vocab", "history"]},
    "a sigma in words": (put("sigma", "small"), None, "damaged"),
    "a vocabulary in one": (put("vocab", "abc"), None, "is not a list of texts"),
    "numbers as vocabulary": (put("vocab", list(range(28))), None, "damaged"),
    "a short vocabulary": (put("vocab", ["<unk>", "a"]), None, r"W_hq has the shape \(4, 28\), "),
    "an unsorted vocabulary": (put("vocab", ["b", "a", "<unk>"]), None, "is not sorted"),
    "a history in words": (put("history", "long"), None, "damaged"),
    "a record too short": (put("history", [[1, 2]]), None, "damaged"),
    "a weight is missing": (put("sigma", 1), {"b_q": None}, "b_q has the shape None, expected"),
    "a matrix is missing": (
        put("sigma", 1),
        {"rnn.W_hh": None},
        "W_hh has the shape None",
    ),
    "one weight more": (
        put("sigma", 1),
        {"c": torch.zeros(1)},
        "c has the shape .1,.",
    ),
    "more units": (
        put("sigma", 1),
        {"rnn.b_h": torch.zeros(5)},
        r"b_h has the shape \(5,\)",
    ),
    "units without end": (put("sigma", 1), {"rnn.b_h": torch.zeros(10**6)}, "damaged"),
    "a weight is nan": (
        put("sigma", 1),
        {"b_q": torch.full((28,), float("nan"))},
        "a weight is inf or nan",
    ),
    "whole numbers as weights": (put("sigma", 1), whole_numbers(28), "the weights are of type"),
    "bytes without a scale": (put("sigma", 1), in_bytes(None), "the weights are of type"),
    "a scale too many": (put("sigma", 1), in_bytes(torch.ones(5)), "the weights are of type"),
    "a scale of nan": (put("sigma", 1), in_bytes(torch.full((4,), float("nan"))), "inf or nan"),
    "a scale alone": (put("sigma", 1), {"b scale": torch.ones(4)}, r"b scale has the shape \(4,\)"),
    "two types": (put("sigma", 1), {"b_q": torch.zeros(28).double()}, "the weights are of type"),
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_file_is_refused(tmp_path, kind):
    change, tensors, message = FORGED[kind]
    forge(tmp_path / "a", change, tensors)
    with pytest.raises(ValueError, match=message) as error:
        load_checkpoint(tmp_path / "a")
    assert "save again" in str(error.value) and "a'" in str(error.value)


def test_a_forged_file_without_a_change_is_loaded(tmp_path):
    forge(tmp_path / "a")
    model, _, history = load_checkpoint(tmp_path / "a")
    assert same(model, trained()[0]) and history == trained()[1]


def test_a_type_of_number_that_is_not_known(tmp_path, vocab):
    save_checkpoint(tmp_path / "a", make_model(), vocab)
    content = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(content.replace(b'"dtype":"F32"', b'"dtype":"F99"'))
    with pytest.raises(ValueError, match="is not a valid checkpoint.*F99.*save again"):
        load_checkpoint(tmp_path / "a")


def test_it_opens_whatever_options_the_run_had(tmp_path, vocab):
    class Own(torch.optim.SGD):
        """An optimizer of one's own."""

    model = make_model(num_hiddens=4)
    options = Options(1, lr=0.1, grad_clip_val=None, carry_state=True, optimizer=Own)
    history = list(train(model, StreamBatches(IDS, 4, 16), options))
    save_checkpoint(tmp_path / "a", model, vocab, history)
    loaded, _, loaded_history = load_checkpoint(tmp_path / "a")
    assert same(model, loaded) and loaded_history == history
