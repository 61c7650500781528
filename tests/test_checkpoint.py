"""What is saved is what is loaded; a bad file is refused with its reason; a run goes on exactly."""

import json
import os
import pickle
import re
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from charrnn_helpers.checkpoint import FORMAT, load_checkpoint, save_checkpoint, seal
from charrnn_helpers.data import StreamBatches, Vocab, WindowBatches
from charrnn_helpers.sampling import predict
from charrnn_helpers.training import Options, Record, Run, fit, linear_decay, train
from tests.conftest import generator, make_model
from tests.course import ROOT

HISTORY = [Record(1, 0.5, 3.3, 0.2, 1e5, 1.0, None), Record(2, 1.0, 2.9, 0.1, 2e5, 0.5, 1.0)]
Adam = torch.optim.Adam
IDS = torch.randint(28, (500,), generator=generator(7))


def same(a, b):
    return all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def trained(steps=3, optimizer=torch.optim.Adam, **settings):
    """A small model, some steps into a run."""
    model, run = make_model(num_hiddens=4, sigma=0.3), Run()
    options = Options(2, lr=0.02, optimizer=optimizer, **settings)
    records = train(model, StreamBatches(IDS, 4, 16), options, run)
    for _ in range(steps):
        next(records)
    return model, run


def forge(path, change=lambda header: None, tensors=None, format=FORMAT):
    """A file as save_checkpoint() writes it, its seal valid, but for this change."""
    model, run = trained()
    save_checkpoint(path, model, Vocab("abcdefghijklmnopqrstuvwxyz "), run)
    content = path.read_bytes()
    metadata = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    header = json.loads(metadata["header"])
    header = change(header) or header
    tensors = load_file(path) | (tensors or {})
    tensors = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    text = header if isinstance(header, str) else json.dumps(header)
    save_file(tensors, path, {"format": format, "header": text, "sha256": seal(text, tensors)})


# Round trips.


def test_round_trip(tmp_path, vocab):
    model = make_model(sigma=0.3)
    save_checkpoint(tmp_path / "a.safetensors", model, vocab, Run(history=HISTORY))
    loaded, loaded_vocab, run = load_checkpoint(tmp_path / "a.safetensors")
    assert run.history == HISTORY and all(isinstance(record, Record) for record in run.history)
    assert run.step == 2 and run.optimizer is run.state is run.order is None
    assert loaded_vocab.idx_to_token == vocab.idx_to_token
    assert loaded.rnn.sigma == 0.3 and same(model, loaded)
    assert predict(loaded, "time", 30, loaded_vocab) == predict(model, "time", 30, vocab)


def test_other_types_of_number_are_kept(tmp_path, vocab):
    model = make_model().double()
    save_checkpoint(tmp_path / "a", model, vocab)
    loaded, _, _ = load_checkpoint(tmp_path / "a")
    assert loaded.b_q.dtype == torch.float64 and same(model, loaded)


def test_a_vocabulary_of_other_characters(tmp_path):
    vocab = Vocab("\u4f60\u597d, z\u00fcrich \U0001f600\n\0\"'")
    save_checkpoint(tmp_path / "a", make_model(len(vocab)), vocab)
    assert load_checkpoint(tmp_path / "a", vocab)[1].idx_to_token == vocab.idx_to_token


def test_saving_again_replaces_and_leaves_nothing_else(tmp_path, vocab):
    for seed in (1, 2):
        save_checkpoint(tmp_path / "a.safetensors", make_model(seed=seed), vocab)
    loaded, _, run = load_checkpoint(tmp_path / "a.safetensors")
    assert torch.equal(loaded.W_hq, make_model(seed=2).W_hq) and run.history == []
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_loading_draws_no_global_random_number(tmp_path, vocab):
    save_checkpoint(tmp_path / "a", make_model(), vocab)
    before = torch.get_rng_state()
    load_checkpoint(tmp_path / "a")
    assert torch.equal(torch.get_rng_state(), before)


# A run that goes on.

OPTIMIZERS = ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam", "Rprop", "Adafactor"]


def go_on(path, break_at, carry_state, optimizer, decay, num_epochs=3):
    """Train without a break, and with one that goes through a file; compare to the last bit."""

    def begin(seed):
        cut = (
            StreamBatches(IDS, 4, 16) if carry_state else WindowBatches(IDS, 64, 8, generator(seed))
        )
        options = Options(num_epochs, lr=0.02, carry_state=carry_state, optimizer=optimizer)
        return cut, options

    def steps(model, batches, options, run):
        records = train(model, batches, options, run)
        total = num_epochs * len(batches)
        return linear_decay(records, options, total, run.step) if decay else records

    vocab = Vocab("abcdefghijklmnopqrstuvwxyz ")
    batches, options = begin(1)
    whole = make_model(sigma=0.3)
    history = fit(steps(whole, batches, options, Run()))

    batches, options = begin(1)
    model, run = make_model(sigma=0.3), Run()
    records = steps(model, batches, options, run)
    first = [next(records) for _ in range(break_at)]
    save_checkpoint(path, model, vocab, run)
    del model, run, records

    # The order comes from the file, not from the new generator, once the run has begun.
    batches, options = begin(99 if break_at else 1)
    model, _, run = load_checkpoint(path, vocab)
    rest = fit(steps(model, batches, options, run))
    assert [untimed(record) for record in first + rest] == [untimed(record) for record in history]
    assert run.history == first + rest and same(model, whole)


def untimed(record):
    return record._replace(chars_per_second=0)


@pytest.mark.parametrize("carry_state", [False, True])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_that_goes_on_is_as_if_never_broken_off(tmp_path, optimizer, carry_state):
    made = vars(torch.optim)[optimizer]
    go_on(tmp_path / "a", 10, carry_state, made, decay=False)


@pytest.mark.parametrize("carry_state", [False, True])
@pytest.mark.parametrize("break_at", [0, 1, 7, 8, 9, 16, 23, 24])
def test_wherever_it_was_broken_off(tmp_path, break_at, carry_state):
    """An epoch has 8 batches, so that 8, 16 and 24 are its ends."""
    assert len(WindowBatches(IDS, 64, 8)) == len(StreamBatches(IDS, 4, 16)) == 8
    go_on(tmp_path / "a", break_at, carry_state, torch.optim.Adam, decay=True)


def test_momentum_set_by_a_function(tmp_path):
    def optimizer(params, lr):
        return torch.optim.SGD(params, lr=lr, momentum=0.9, nesterov=True)

    go_on(tmp_path / "a", 11, True, optimizer, decay=False)


GO_ON = """
import sys, torch
from charrnn_helpers.checkpoint import load_checkpoint, save_checkpoint
from charrnn_helpers.data import StreamBatches
from charrnn_helpers.training import Options, fit, train
model, vocab, run = load_checkpoint(sys.argv[1])
ids = torch.randint(28, (500,), generator=torch.Generator().manual_seed(7))
options = Options(2, lr=0.02, carry_state=True, optimizer=torch.optim.Adam)
fit(train(model, StreamBatches(ids, 4, 16), options, run))
save_checkpoint(sys.argv[1], model, vocab, run)
"""


def test_a_run_goes_on_in_another_process(tmp_path, vocab):
    model, run = trained(5, carry_state=True)
    save_checkpoint(tmp_path / "a", model, vocab, run)
    subprocess.run([sys.executable, "-c", GO_ON, str(tmp_path / "a")], cwd=ROOT, check=True)
    there, _, run = load_checkpoint(tmp_path / "a")
    assert run.step == 16
    assert same(there, trained(16, carry_state=True)[0])


def test_in_the_same_process_a_run_goes_on_as_well():
    model, run = trained(5)
    fit(train(model, StreamBatches(IDS, 4, 16), Options(2, 0.02, optimizer=torch.optim.Adam), run))
    assert run.step == 16 and same(model, trained(16)[0])


def test_a_run_that_is_complete_says_so(capsys):
    model, run = trained(16)
    assert fit(train(model, StreamBatches(IDS, 4, 16), Options(2, 0.02, optimizer=Adam), run)) == []
    assert "This run has all its 2 epochs. Raise options.num_epochs" in capsys.readouterr().out
    more = Options(3, 0.02, optimizer=Adam)
    assert len(fit(train(model, StreamBatches(IDS, 4, 16), more, run))) == 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": make_model()}, "the run belongs to another model"),
        ({"optimizer": torch.optim.SGD}, "begun with Adam, but options.optimizer is SGD; use the"),
        (
            {"batches": WindowBatches(IDS, 64, 8, generator())},
            "run's batches are shuffled or these",
        ),
        ({"batches": StreamBatches(IDS, 4, 8)}, "begun with 8 batches an epoch, but here are 16"),
    ],
)
def test_a_run_that_does_not_fit_is_refused(change, message):
    model, run = trained()
    options = Options(2, lr=0.02, optimizer=change.get("optimizer", torch.optim.Adam))
    batches = change.get("batches", StreamBatches(IDS, 4, 16))
    with pytest.raises(ValueError, match=message):
        next(train(change.get("model", model), batches, options, run))


# Disks and paths.


def test_a_failed_save_keeps_the_old_file(tmp_path, vocab, monkeypatch):
    save_checkpoint(tmp_path / "a.safetensors", make_model(seed=1), vocab)

    def no_space(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OSError, match=r"'.*a\.safetensors' was not written: no space is left"):
        save_checkpoint(tmp_path / "a.safetensors", make_model(seed=2), vocab)
    assert torch.equal(load_checkpoint(tmp_path / "a.safetensors")[0].W_hq, make_model(seed=1).W_hq)
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_paths_that_do_not_exist(tmp_path, vocab):
    with pytest.raises(FileNotFoundError, match="there is no checkpoint '.*gone'"):
        load_checkpoint(tmp_path / "gone")
    with pytest.raises(FileNotFoundError, match="there is no folder '.*gone'; make it first"):
        save_checkpoint(tmp_path / "gone" / "a", make_model(), vocab)
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        load_checkpoint(tmp_path)


def test_a_folder_where_the_file_should_be(tmp_path, vocab):
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(OSError, match="was not written: a file stands where a folder"):
        save_checkpoint(tmp_path / "a", make_model(), vocab)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


KILLS = """
import os, random, signal, sys, time
import torch
from pathlib import Path
from charrnn_helpers.checkpoint import load_checkpoint, save_checkpoint
from charrnn_helpers.data import Vocab
from charrnn_helpers.model import make_model
from charrnn_helpers.training import Run

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
    assert kills > 50 and old > 50 and new > 0 and parts > 3


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
    save_checkpoint(tmp_path / "a", *trained()[:1], vocab, trained()[1])
    content = (tmp_path / "a").read_bytes()
    for length in [*range(0, len(content), 7), len(content) - 1]:
        (tmp_path / "cut").write_bytes(content[:length])
        with pytest.raises(ValueError, match="cut' is not a whole checkpoint.*save again"):
            load_checkpoint(tmp_path / "cut")


def alter(folder, vocab, positions, bits):
    """Change one bit of the file at each of these positions: it is refused, or means the same."""
    model, run = trained()
    save_checkpoint(folder / "a", model, vocab, run)
    content, same_meaning = bytearray((folder / "a").read_bytes()), 0
    for position in positions(len(content)):
        for bit in bits:
            content[position] ^= bit
            (folder / "b").write_bytes(content)
            try:
                loaded, _, again = load_checkpoint(folder / "b")
            except ValueError as error:
                assert "b' " in str(error) and re.search("save again|choose another", str(error))
            else:
                assert same(model, loaded) and again.history == run.history
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
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "text")
    save_file({"W": torch.zeros(2)}, tmp_path / "other")
    with pytest.raises(ValueError, match=r"not written by save_checkpoint\(\); choose another"):
        load_checkpoint(tmp_path / "other")
    torch.save(make_model().state_dict(), tmp_path / "torch")
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "torch")
    save_file({"W": torch.zeros(2)}, tmp_path / "old", {"format": "charrnn checkpoint 1"})
    with pytest.raises(ValueError, match="is of another version of the course; train and save"):
        load_checkpoint(tmp_path / "old")


def test_a_pickle_is_refused_and_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return exec, ("raise SystemExit('code from the file was run')",)

    (tmp_path / "trap").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "trap")
    torch.save(Trap(), tmp_path / "trap")
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        load_checkpoint(tmp_path / "trap")


def test_another_vocabulary_is_refused(tmp_path, vocab):
    save_checkpoint(tmp_path / "a", make_model(), vocab)
    with pytest.raises(ValueError, match=r"has the vocabulary ' <unk>abc.*xyz', not ' <unk>abc';"):
        load_checkpoint(tmp_path / "a", Vocab("abc "))
    load_checkpoint(tmp_path / "a", vocab)


def test_a_model_and_a_vocabulary_that_do_not_fit_are_not_saved(tmp_path, vocab):
    with pytest.raises(ValueError, match="the model has 5 tokens, but the vocabulary 28"):
        save_checkpoint(tmp_path / "a", make_model(5), vocab)
    assert list(tmp_path.iterdir()) == []


def put(key, value):
    def change(header):
        header[key] = value

    return change


def drop(key):
    return lambda header: header.pop(key) and None


def put_in_optimizer(key, value):
    def change(header):
        header["optimizer"][key] = value

    return change


def put_in_group(key, value):
    def change(header):
        header["optimizer"]["groups"][0][key] = value

    return change


MANY = [list(HISTORY[0]), list(HISTORY[0])]
FORGED = {  # a valid seal, and nonsense inside: (change of the header, tensors, what is said)
    "no JSON": (lambda header: "{", None, "the header of .* is damaged"),
    "a list": (lambda header: "[]", None, "damaged"),
    "deep": (lambda header: "[" * 100_000, None, "damaged"),
    **{f"no {key}": (drop(key), None, "damaged") for key in ["num_hiddens", "vocab", "history"]},
    "a larger size": (put("num_hiddens", 8), None, "the weights .* do not fit their sizes"),
    "an endless size": (put("num_hiddens", 10**12), None, "do not fit their sizes"),
    "a size of 1e400": (put("num_hiddens", float("inf")), None, "do not fit their sizes"),
    "no number as size": (put("num_hiddens", "four"), None, "do not fit their sizes"),
    "a sigma in words": (put("sigma", "small"), None, "damaged"),
    "a vocabulary in one": (put("vocab", "abc"), None, "is not a list of texts"),
    "numbers as vocabulary": (put("vocab", list(range(28))), None, "is not a list of texts"),
    "a short vocabulary": (put("vocab", ["<unk>", "a"]), None, "do not fit their sizes"),
    "an unsorted vocabulary": (put("vocab", ["b", "a", "<unk>"]), None, "is not in order"),
    "a history in words": (put("history", "long"), None, "damaged"),
    "a record too short": (put("history", [[1, 2]]), None, "damaged"),
    "a record in words": (put("history", [["a"] * 7]), None, "record 1 of the history is"),
    "a record twice": (put("history", MANY), None, "record 2 of the history is"),
    "an unknown optimizer": (put_in_optimizer("name", "Magic"), None, "has no 'Magic'"),
    "a module as optimizer": (put_in_optimizer("name", "lr_scheduler"), None, "has no 'lr_sch"),
    "the base class": (put_in_optimizer("name", "Optimizer"), None, "damaged"),
    "no settings": (put_in_optimizer("groups", []), None, "settings of Adam are not those"),
    "a setting in words": (put_in_group("eps", "tiny"), None, "settings of Adam are not those"),
    "one setting more": (put_in_group("spell", 1), None, "settings of Adam are not those"),
    "parameters that are not there": (put_in_group("params", [0, 1, 2, 3, 9]), None, "settings of"),
    "memory of nobody": (put_in_optimizer("rest", {"77": {}}), None, "damaged"),
    "a weight is missing": (put("sigma", 1), {"model.b_q": None}, "do not fit their sizes"),
    "one weight more": (put("sigma", 1), {"model.c": torch.zeros(1)}, "do not fit their sizes"),
    "a weight is nan": (
        put("sigma", 1),
        {"model.b_q": torch.full((28,), float("nan"))},
        "a weight is inf or nan",
    ),
    "whole numbers as weights": (
        put("sigma", 1),
        {"model.b_q": torch.zeros(28, dtype=torch.long)},
        "the weights are torch",
    ),
    "a state of another size": (put("sigma", 1), {"run.state": torch.zeros(4, 5)}, "state's shape"),
    "memory that is too large": (
        put("sigma", 1),
        {"optimizer.0.exp_avg": torch.zeros(999)},
        "is larger than its parameter",
    ),
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
    model, _, run = load_checkpoint(tmp_path / "a")
    assert same(model, trained()[0]) and run.step == 3


class Own(torch.optim.SGD):
    """An optimizer of one's own."""


def test_an_optimizer_of_ones_own_cannot_be_saved(tmp_path, vocab):
    model, run = trained(optimizer=Own)
    with pytest.raises(ValueError, match="Own is not one of torch.optim, .* save without the run"):
        save_checkpoint(tmp_path / "a", model, vocab, run)
    save_checkpoint(tmp_path / "a", model, vocab)
