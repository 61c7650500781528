"""Inputs that nobody thinks of: each is taken, or refused with a ValueError that says why."""

import json
import math
import re
import unicodedata

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charrnn_helpers.book.formats import foreign_format, read_text
from charrnn_helpers.checkpoint import load_checkpoint, save_checkpoint
from charrnn_helpers.data import Vocab, WindowBatches, preprocess, windows
from charrnn_helpers.sampling import next_probs, predict, sample
from tests.conftest import generator, make_model
from tests.test_checkpoint import forge

FEW, MANY = 40, 1500
COUNTS = [FEW, pytest.param(MANY, marks=pytest.mark.long)]
UNHURRIED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]

numbers = st.integers() | st.floats() | st.booleans() | st.none()
odd_values = numbers | st.text(max_size=5) | st.just([]) | st.integers(-3, 40)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


def fuzz(*arguments, **named):
    """Run the inner test on few examples in `make test`, and on many in `make test-long`."""

    def decorate(test):
        @pytest.mark.parametrize("examples", COUNTS)
        def run(examples, tmp_path, request):
            def body(**drawn):
                test(tmp_path, **drawn)

            count = settings(max_examples=examples, deadline=None, suppress_health_check=UNHURRIED)
            count(given(**named)(body))()

        run.__name__ = test.__name__
        return run

    return decorate


@fuzz(text=st.text(), other=st.text())
def test_vocab_loses_nothing_it_knows(tmp_path, text, other):
    vocab = Vocab(text)
    assert vocab.decode(vocab.encode(text)) == text
    assert vocab.idx_to_token == sorted({*text, "<unk>"}) and len(vocab) == len({*text}) + 1
    ids = vocab.encode(other)
    assert ids.dtype == torch.long and len(ids) == len(other)
    for char, idx in zip(other, ids.tolist(), strict=True):
        assert idx == vocab.idx_to_token.index(char if char in text else "<unk>")


@fuzz(tokens=st.lists(st.text(max_size=4)), ids=st.lists(st.integers(0, 40), max_size=9))
def test_vocab_of_any_tokens_and_ids(tmp_path, tokens, ids):
    vocab = Vocab(tokens)
    ids = [idx % len(vocab) for idx in ids]
    assert vocab.decode(ids) == "".join(vocab.idx_to_token[idx] for idx in ids)


@fuzz(text=st.text(), more=st.text())
def test_preprocess_is_what_it_says(tmp_path, text, more):
    expected, run = "", False
    for char in unicodedata.normalize("NFC", text.lower()):
        letter = char.isalnum() and not char.isdecimal()
        expected += char if letter else ("" if run else " ")
        run = not letter
    assert preprocess(text) == expected
    assert preprocess(expected) == expected
    assert preprocess(preprocess(text) + "." + preprocess(more)) == preprocess(f"{text}.{more}")


@fuzz(length=st.integers(0, 60), num_steps=st.integers(-3, 70), start=st.integers(-9, 9))
def test_windows_are_slices_or_refused(tmp_path, length, num_steps, start):
    ids = torch.arange(start, start + length)
    if num_steps < 1 or length < num_steps + 1:
        with pytest.raises(ValueError, match="num_steps is|characters are needed"):
            WindowBatches(ids, 1, num_steps)
        return
    X, Y = windows(ids, num_steps)
    assert X.shape == Y.shape == (length - num_steps, num_steps)
    for i, (x, y) in enumerate(zip(X, Y, strict=True)):
        assert torch.equal(x, ids[i : i + num_steps])
        assert torch.equal(y, ids[i + 1 : i + num_steps + 1])


LOGITS = st.lists(st.floats(width=32) | st.floats(-9, 9, width=32), min_size=1, max_size=30).map(
    torch.tensor
)
temperatures = st.floats(0, 5) | odd_values
top_ks, top_ps = (
    st.none() | st.integers(0, 31) | odd_values,
    st.none() | st.floats(0, 1) | odd_values,
)


@fuzz(logits=LOGITS, temperature=temperatures, top_k=top_ks, top_p=top_ps)
def test_next_probs_is_a_distribution_or_refused(tmp_path, logits, temperature, top_k, top_p):
    try:
        probs = next_probs(logits, temperature, top_k, top_p)
    except ValueError as error:
        assert re.search(r"(temperature|top_k|top_p) is |largest logit is", str(error)), error
        return
    assert probs.shape == logits.shape and (probs >= 0).all()
    assert math.isclose(probs.sum().item(), 1, abs_tol=1e-4)
    divided = logits / (temperature or 1)
    assert (probs[divided == divided.max()] > 0).any()  # the likeliest is never ruled out
    if top_k is not None and len(set(logits.tolist())) == len(logits):
        assert (probs > 0).sum() <= top_k


@fuzz(
    prefix=st.text("abc d", max_size=9) | st.text(max_size=5) | odd_values,
    num_preds=st.integers(0, 8)
    | odd_values.filter(lambda value: value is True or not isinstance(value, int) or value < 99),
    temperature=temperatures,
    top_k=top_ks,
    top_p=top_ps,
    scale=st.sampled_from([0.1, 1.0, 30.0, math.inf, math.nan]),
)
def test_sampling_goes_on_or_is_refused(
    tmp_path, prefix, num_preds, temperature, top_k, top_p, scale
):
    vocab = Vocab("abcd ")
    model = make_model(len(vocab), num_hiddens=3)
    with torch.no_grad():
        model.W_hq.mul_(scale * 100)
    settings = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
    for go_on in (
        lambda: predict(model, prefix, num_preds, vocab),
        lambda: sample(model, prefix, num_preds, vocab, **settings, generator=generator()),
    ):
        try:
            text = go_on()
        except ValueError as error:
            assert re.search(
                r"(temperature|top_k|top_p|num_preds) is |prefix|largest logit|that are inf or",
                str(error),
            ), error
            continue
        assert text.startswith(prefix) and set(text.replace("<unk>", "")) <= {*"abcd "}
        assert len(re.findall("<unk>|.", text[len(prefix) :])) == num_preds


def load_or_refuse(path):
    try:
        model, vocab, history = load_checkpoint(path)
    except ValueError as error:
        assert "save again" in str(error), error
        return
    save_checkpoint(path, model, vocab, history)  # what can be loaded can be used
    predict(model, vocab.idx_to_token[0][:1] or " ", 2, vocab)


KEYS = ["sigma", "vocab", "history"]


@fuzz(key=st.sampled_from(KEYS), value=json_values | numbers)
def test_a_header_with_anything_in_it(tmp_path, key, value):
    def change(header):
        header[key] = value

    forge(tmp_path / "a", change)
    load_or_refuse(tmp_path / "a")


@fuzz(header=json_values)
def test_a_header_that_is_anything(tmp_path, header):
    forge(tmp_path / "a", lambda _: json.dumps(header))
    load_or_refuse(tmp_path / "a")


@fuzz(
    name=st.sampled_from(["W_hq", "b_q", "rnn.W_xh", "rnn.b_h"]) | st.text(max_size=9),
    shape=st.lists(st.integers(0, 5), max_size=4),
    dtype=st.sampled_from([torch.float32, torch.float16, torch.int64, torch.bool, torch.uint8]),
)
def test_a_tensor_that_is_anything(tmp_path, name, shape, dtype):
    forge(tmp_path / "a", tensors={name: torch.ones(shape).to(dtype)})
    load_or_refuse(tmp_path / "a")


@fuzz(content=st.binary(max_size=300), start=st.sampled_from([b"", b"\x02\0\0\0\0\0\0\0{}"]))
def test_a_file_that_is_anything(tmp_path, content, start):
    (tmp_path / "a").write_bytes(start + content)
    load_or_refuse(tmp_path / "a")


@fuzz(metadata=json_values, length=st.none() | st.integers(0, 2**64 - 1))
def test_a_file_with_any_metadata(tmp_path, metadata, length):
    header = json.dumps({"__metadata__": metadata}).encode()
    length = len(header) if length is None else length
    (tmp_path / "a").write_bytes(length.to_bytes(8, "little") + header)
    load_or_refuse(tmp_path / "a")


@fuzz(content=st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-16")))
def test_a_text_of_any_bytes(tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    try:
        text = read_text(tmp_path / "a.txt")
    except ValueError as error:
        assert re.search("save|Convert|is empty", str(error)), error
        return
    assert foreign_format(content) is None and "\r" not in text
    assert text.encode() == content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(
        b"\r", b"\n"
    )
