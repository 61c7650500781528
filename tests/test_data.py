"""Text to numbers and back, windows, batches."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charrnn_helpers.data import (
    StreamBatches,
    TimeMachine,
    Vocab,
    WindowBatches,
    preprocess,
    split,
    windows,
)
from tests.conftest import generator

TEXT = preprocess(
    "The Time Traveller (for so it will be convenient to speak of him) was expounding"
)


@given(st.text())
def test_preprocess_leaves_letters_and_single_spaces(text):
    cleaned = preprocess(text)
    assert all(c == " " or (c.isalnum() and not c.isdecimal()) for c in cleaned)
    assert "  " not in cleaned
    assert preprocess(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zażółć GĘŚLĄ jaźń!", "zażółć gęślą jaźń "),
        ("Cafe\u0301 — 3*4_5", "caf\u00e9 "),  # the accent is a character of its own there
        ("Съешь ещё ЭТИХ…", "съешь ещё этих "),
        ("ΟΔΥΣΣΕΥΣ 24", "οδυσσευς "),
        ("時光機\uff0c一八九五", "時光機 一八九五"),
    ],
)
def test_preprocess_keeps_the_letters_of_any_alphabet(text, expected):
    assert preprocess(text) == expected


@given(st.text(min_size=1))
def test_encode_and_decode_lose_nothing(text):
    vocab = Vocab(text)
    assert vocab.decode(vocab.encode(text)) == text
    assert vocab.idx_to_token == sorted(vocab.idx_to_token)


def test_the_vocabulary_has_28_tokens(vocab):
    assert len(vocab) == 28
    assert vocab.idx_to_token[:3] == [" ", "<unk>", "a"]
    assert vocab["?"] == vocab.unk == 1


def test_the_vocabulary_of_the_book_is_that_of_the_story(book, vocab):
    assert Vocab(preprocess(book)).idx_to_token == vocab.idx_to_token


def test_decode_takes_a_list_a_tensor_and_nothing(vocab):
    assert vocab.decode([2, 3]) == vocab.decode(torch.tensor([2, 3])) == "ab"
    assert vocab.decode(torch.tensor(2)) == "a"
    assert vocab.decode([]) == ""


@pytest.mark.parametrize("ids", [[28], [-1], [0, 3, 99]])
def test_ids_out_of_range_are_refused(vocab, ids):
    bad = max(ids, key=abs)
    with pytest.raises(ValueError, match=f"token id {bad} is not in 0 to 27"):
        vocab.decode(ids)


def test_ids_of_a_float_type_are_refused(vocab):
    with pytest.raises(ValueError, match="whole numbers, not torch.float32; use ids.long"):
        vocab.decode(torch.tensor([1.0]))


@given(st.integers(2, 60), st.integers(1, 20))
def test_windows_are_all_windows(length, num_steps):
    ids = torch.arange(length)
    if num_steps >= length:
        with pytest.raises(
            ValueError,
            match=f"{num_steps + 1} characters are needed for a window .* there are {length};",
        ):
            windows(ids, num_steps)
        return
    X, Y = windows(ids, num_steps)
    expected = [list(range(i, i + num_steps)) for i in range(length - num_steps)]
    assert X.tolist() == expected
    assert torch.equal(Y, X + 1)
    assert X.data_ptr() == ids.data_ptr()  # a view


@pytest.mark.parametrize("num_steps", [0, -1])
def test_windows_of_no_steps_are_refused(num_steps):
    with pytest.raises(ValueError, match=f"num_steps is {num_steps}"):
        windows(torch.arange(10), num_steps)


@given(st.integers(10, 1000))
def test_split_loses_nothing(length):
    parts = split(torch.arange(length))
    assert torch.equal(torch.cat(parts), torch.arange(length))
    assert len(parts[1]) == len(parts[2]) == length // 10


@pytest.mark.parametrize("fractions", [(0.5, 0.5, 0.5), (1.0, 0.0, 0.0), (0.5, 0.5)])
def test_split_wants_three_shares_of_one(fractions):
    with pytest.raises(ValueError, match="three positive numbers that add up to 1"):
        split(torch.arange(100), fractions)


@given(st.integers(1, 20), st.integers(1, 8), st.booleans())
def test_window_batches_hold_each_window_once(batch_size, num_steps, shuffled):
    ids = torch.arange(30)
    batches = WindowBatches(ids, batch_size, num_steps, generator() if shuffled else None)
    given_out = list(batches)
    assert len(given_out) == len(batches)
    X = torch.cat([X for X, _ in given_out])
    assert sorted(X.tolist()) == windows(ids, num_steps)[0].tolist()
    assert all(torch.equal(Y, X + 1) for X, Y in given_out)


def test_shuffled_batches_can_be_repeated_and_differ_from_pass_to_pass():
    first, second = (WindowBatches(torch.arange(99), 4, 5, generator(3)) for _ in range(2))
    a, b, c = (torch.cat([X for X, _ in batches]) for batches in (first, second, first))
    assert torch.equal(a, b) and not torch.equal(a, c)


@given(st.integers(2, 200), st.integers(1, 7), st.integers(1, 9))
def test_streams_put_together_give_the_text_back(length, batch_size, num_steps):
    ids = torch.arange(length)
    if length < num_steps + 1 or batch_size > length - 1:
        with pytest.raises(ValueError, match="are needed|batch_size is"):
            StreamBatches(ids, batch_size, num_steps)
        return
    batches = StreamBatches(ids, batch_size, num_steps)
    given_out = list(batches)
    assert len(given_out) == len(batches)
    X = torch.cat([X for X, _ in given_out], dim=1)
    assert torch.equal(X.flatten(), ids[: X.numel()])
    assert length - 1 - X.numel() < batch_size  # no more is left out
    assert all(torch.equal(Y, X + 1) for X, Y in given_out)


@pytest.mark.parametrize("batch_size", [0, -3, 10_000])
@pytest.mark.parametrize("cut", [WindowBatches, StreamBatches])
def test_a_batch_larger_than_the_data_is_refused(cut, batch_size):
    with pytest.raises(ValueError, match=f"batch_size is {batch_size}, but there are .* from 1 to"):
        cut(torch.arange(100), batch_size, 5)


def test_time_machine_on_the_lessons_split(story):
    data = TimeMachine(1024, 32, story, num_train=10_000)
    assert len(data.train_batches(generator()).X) == 10_000
    assert len(data.val_batches().X) == 5_000
    assert torch.equal(data.val_ids, data.ids[10_000:15_032])
    assert not hasattr(data, "test_ids")


def test_time_machine_on_the_honest_split(story):
    data = TimeMachine(32, 32, story)
    parts = [data.train_ids, data.val_ids, data.test_ids]
    assert torch.equal(torch.cat(parts), data.ids)
    assert next(iter(data.train_streams()))[0].shape == (32, 32)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"batch_size": 8, "num_steps": 200},
            "201 characters are needed for a window of 200 and its target, but there are 64",
        ),
        ({"batch_size": 500, "num_steps": 5}, "batch_size is 500, but there are 59 windows"),
        (
            {"batch_size": 8, "num_steps": 5, "num_train": 9_999},
            "15004 characters are needed for 9999 . 5000 windows, but there are 78",
        ),
    ],
)
def test_a_text_too_short_for_its_settings_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TimeMachine(text=TEXT, **settings)
