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


@given(st.integers(2, 60), st.integers(1, 20))
def test_windows_are_all_windows(length, num_steps):
    ids = torch.arange(length)
    num_steps = min(num_steps, length - 1)
    X, Y = windows(ids, num_steps)
    expected = [list(range(i, i + num_steps)) for i in range(length - num_steps)]
    assert X.tolist() == expected
    assert torch.equal(Y, X + 1)
    assert X.data_ptr() == ids.data_ptr()  # a view


@given(st.integers(10, 1000))
def test_split_loses_nothing(length):
    parts = split(torch.arange(length))
    assert torch.equal(torch.cat(parts), torch.arange(length))
    assert len(parts[1]) == len(parts[2]) == length // 10


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
    batch_size, num_steps = min(batch_size, length - 1), min(num_steps, length - 1)
    batches = StreamBatches(ids, batch_size, num_steps)
    given_out = list(batches)
    assert len(given_out) == len(batches)
    X = torch.cat([X for X, _ in given_out], dim=1)
    assert torch.equal(X.flatten(), ids[: X.numel()])
    assert length - 1 - X.numel() < batch_size  # no more is left out
    assert all(torch.equal(Y, X + 1) for X, Y in given_out)


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
