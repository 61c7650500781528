"""An exercise whose answer is a set of weights, judged by what a network does with them."""

import pytest
import torch

from charrnn_helpers.checks import document
from charrnn_helpers.checks.judge import Case, Exercise
from charrnn_helpers.checks.values import Fact
from charrnn_helpers.checks.verdict import PASSED, WRONG


def my_memory():
    W_xh = torch.tensor([[4.0], [0.0]])  # letters a and b, one hidden unit
    W_hh = torch.tensor([[4.0]])
    return W_xh, W_hh


def read(answer, word):
    """What a network with these weights remembers of a word: was there an a?"""
    W_xh, W_hh = answer()
    state = torch.zeros(1)
    for letter in word:
        state = torch.tanh(W_xh["ab".index(letter)] + state @ W_hh)
    level = state.item()
    word = "an a" if level > 0.5 else "the opposite of an a" if level < -0.5 else "no a"
    return {"memory": Fact(word, f"{level:.2f}")}


TEXT = """# A memory built by hand
Tried: words with and without an a, up to a hundred letters.

## Hints
1. What must happen to the state when an a comes?
2. What must happen to it when a b comes?
3. Try 4 in two places.

## too weak
The state fades with each b, because `W_hh` is too small to keep it.
```diff
-    W_hh = torch.tensor([[4.0]])
+    W_hh = torch.tensor([[0.5]])
```

## never written
An a leaves no trace in the state. `W_xh` has to write it there.
```diff
-    W_xh = torch.tensor([[4.0], [0.0]])  # letters a and b, one hidden unit
+    W_xh = torch.tensor([[0.0], [0.0]])
```

## both letters
A b is remembered as if it were an a.
```diff
-    W_xh = torch.tensor([[4.0], [0.0]])  # letters a and b, one hidden unit
+    W_xh = torch.tensor([[4.0], [4.0]])
```
"""


@pytest.fixture(scope="module")
def exercise():
    words = ["a", "b", "bab", "a" + 5 * "b", "a" + 99 * "b", 100 * "b"]
    cases = tuple(Case(f"() reads {word[:6]!r}", lambda word=word: (word,)) for word in words)
    found = Exercise("memory", 2, my_memory, cases, drive=read, arguments=0)
    found.__dict__["document"] = document.parse(TEXT)
    return found


@pytest.mark.parametrize("strength", [1.5, 4.0, 30.0])
def test_any_weights_that_do_it_are_right(exercise, strength):
    def my_memory():
        return torch.tensor([[strength], [0.0]]), torch.tensor([[strength + 0.5]])

    assert exercise.judge(my_memory).status == PASSED


@pytest.mark.parametrize(
    ("write_a", "write_b", "keep", "mistake"),
    [
        (3.0, 0.0, 0.3, "too weak"),
        (0.0, 0.0, 4.0, "never written"),
        (0.0, 0.0, 9.0, "never written"),
        (2.0, 5.0, 3.0, "both letters"),
    ],
)
def test_other_weights_with_the_same_effect_are_named(exercise, write_a, write_b, keep, mistake):
    def my_memory():
        return torch.tensor([[write_a], [write_b]]), torch.tensor([[keep]])

    verdict = exercise.judge(my_memory)
    assert (verdict.status, verdict.mistake) == (WRONG, mistake)
    assert verdict.lines["it returned"].startswith("memory: ")
    assert exercise.mistakes[mistake].text in verdict.text


def test_what_no_mistake_explains_is_said_of_the_network(exercise):
    def my_memory():
        return torch.tensor([[4.0], [-4.0]]), torch.tensor([[4.0]])  # a b erases

    verdict = exercise.judge(my_memory)
    assert verdict.status == WRONG and "Memory: the result is the opposite of an a" in verdict.text


def test_wrong_shapes_and_a_stub(exercise):
    assert "stops with" in exercise.judge(lambda: (torch.zeros(1, 1), torch.zeros(2, 2))).text
    assert exercise.judge(lambda: ...).status != PASSED
