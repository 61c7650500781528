"""Controls around a pure function: what the page says is checked, and answered."""

import pytest

from charrnn_helpers.show import controls
from charrnn_helpers.show.controls import Button, Keys, Panel, Slider, Text, explore
from charrnn_helpers.show.svg import Drawing


def scene(n, word, fixed):
    if word == "bad":
        raise ValueError("'bad' is no good word; take another one")
    return Drawing(100, 50).picture(f"{word} {n} {fixed}")


@pytest.fixture
def panel():
    return explore(
        scene,
        "A scene",
        n=Slider("a number", [1, 10, None], 10),
        word=Text("a word", "time"),
        shout=Button("shout", lambda n, word: {"word": word + "!"}),
        fixed="here",
    )


def tell(panel, **content):
    panel.receive(panel, content, [])


def test_the_picture_is_there_at_once(panel):
    assert panel.static.alt == "time 10 here"
    assert panel.picture == panel.static.inline()
    assert panel.read() == {"n": 10, "word": "time"}


def test_the_page_is_told_names_and_labels(panel):
    assert panel.title == "A scene"
    slider, word, button = panel.spec
    assert slider["label"] == "a number" and slider["labels"] == ["1", "10", "off"]
    assert (word["kind"], button["kind"]) == ("text", "button")


def test_moving_a_control_redraws(panel):
    tell(panel, set={"n": 0}, number=1)
    assert panel.static.alt == "time 1 here" and panel.answered == 1
    tell(panel, set={"word": "machine"}, number=2)
    assert panel.static.alt == "machine 1 here" and panel.answered == 2


def test_a_button_moves_controls(panel):
    tell(panel, click="shout")
    assert panel.static.alt == "time! 10 here"
    assert panel.values == {"push": 1, "now": {"n": 1, "word": "time!"}}  # the page is told


def test_keys_are_handed_on_in_their_order():
    def echo(typed):
        return Drawing(100, 50).picture(typed)

    keys = Keys("type", "a", lambda new, typed: {"typed": typed + new})
    panel = explore(echo, "Echo", typed=keys)
    assert panel.spec[0]["kind"] == "keys" and panel.static.alt == "a"
    for new in ("b", "cd"):
        tell(panel, keys={"typed": new}, number=3)
    assert panel.static.alt == "abcd" and panel.answered == 3
    for bad in ({"typed": 5}, {"typed": "x" * 201}, {"other": "x"}, 5):
        tell(panel, keys=bad)
        assert panel.static.alt == "abcd" and panel.message


def test_the_first_message_shows_that_somebody_is_there(panel):
    assert not panel.heard
    tell(panel, hello=1)
    assert panel.heard


def test_both_ends_of_a_slider(panel):
    for place, value in ((0, 1), (2, None)):
        tell(panel, set={"n": place})
        assert panel.read()["n"] == value and panel.message == ""


BAD = [
    {"set": {"n": 3}},
    {"set": {"n": -1}},
    {"set": {"n": 1.0}},
    {"set": {"n": "1"}},
    {"set": {"n": None}},
    {"set": {"n": True}},
    {"set": {"word": 5}},
    {"set": {"word": "x" * 201}},
    {"set": {"unheard of": 1}},
    {"set": {"shout": 1}},
    {"set": 5},
    {"click": "unheard of"},
    {"click": "n"},
    {"click": ["shout"]},
]


@pytest.mark.parametrize("content", BAD)
def test_a_bad_message_changes_nothing_and_is_answered(panel, content):
    tell(panel, **content, number=7)
    assert panel.static.alt == "time 10 here" and panel.read() == {"n": 10, "word": "time"}
    assert panel.message and panel.answered == 7


def test_a_bad_value_is_told_in_words_and_the_next_good_one_is_taken(panel):
    tell(panel, set={"word": "bad"})
    assert panel.message == "'bad' is no good word; take another one"
    assert panel.static.alt == "time 10 here"  # the last good picture
    tell(panel, set={"word": "good"})
    assert panel.message == "" and panel.static.alt == "good 10 here"


def test_what_a_user_types_is_text_and_not_html():
    def echo(word):
        d = Drawing(100, 50)
        d.text(1, 1, word)
        return d.picture(word)

    panel = explore(echo, "Echo", word=Text("a word", ""))
    tell(panel, set={"word": '<img src=x onerror="alert(1)">'})
    assert "<img" not in panel.picture and "&lt;img" in panel.picture


def test_where_no_widget_is_shown_there_is_the_picture(panel):
    data, _ = panel._repr_mimebundle_()
    assert data["text/plain"] == "time 10 here"
    assert "<img" in data["text/html"] and "Run this cell" in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data


@pytest.mark.parametrize(
    "slider, message",
    [
        (Slider("a number", [1, 2], 3), "a number is 3; use one of"),
        (Text("a word", 5), "a word must be a text"),
    ],
)
def test_a_control_that_begins_nowhere_is_refused(slider, message):
    with pytest.raises(ValueError, match=message):
        Panel("title", {"x": slider})


def test_values_are_spelled_for_people():
    assert [controls.spell(v) for v in (0.1, 2.0, 12_000, None)] == ["0.1", "2", "12,000", "off"]
