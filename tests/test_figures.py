"""The static pictures: labelled, with their text, and readable from the back of a room."""

import math

import pytest
from matplotlib.text import Text

from charrnn_helpers.show import cliff, figures, latch, memory, style

ENDS = {"a": [(8, 0.1), (40, 0.2)], "b": [(20, 0.9), (math.inf, 0.0)]}
FIGURES = {
    "curves": lambda: figures.curves({"a": ([1, 2], [3, 4]), "b": ([1, 2], [4, 3])}, "x", "y"),
    "bars": lambda: figures.bars({"a": 1.0, "b": 2.0}, "x", highlight=["a"]),
    "unrolled": lambda: figures.unrolled("the"),
    "gradient_paths": lambda: figures.gradient_paths("the "),
    "gradient_paths_cut": lambda: figures.gradient_paths("the", cut=True),
    "cut_between": lambda: figures.cut_between(["the ", "time"]),
    "shares": lambda: figures.shares({"known": 9, "held out": 1}, "position"),
    "dots": lambda: cliff.dots(ENDS, {"c": 17}, (7, 80), ["b"]),
    "reach": lambda: cliff.reach({"a": [1, 0.9, 0.5], "b": [1]}, "b"),
    "factor_curves": lambda: cliff.factor_curves(
        {"a": [1, 2], "b": [1, 0.5]}, {"a": [2, 1, 1], "b": [0.5, 1, 1]}
    ),
    "labelled": lambda: cliff.labelled(
        {"a": ([1, 2], [3, 4]), "(b)": ([1, 2], [4, 3])}, "x", "y", None, {"c": 3.5}
    ),
    "sampling_loop": figures.sampling_loop,
    "one_layer": lambda: figures.one_layer("the t", "i"),
    "impulses": lambda: latch.impulses({"a": [0.8, 0.7], "b": [-0.8, -0.8]}, {"c": [0.5] * 9}),
    "cobweb": lambda: latch.cobweb({"w": (1.5, 0.1), "v": (0.5, 1.0)}),
    "learned_and_built": lambda: latch.learned_and_built(
        {"a": [1, 0.1, 0.001], "b": [1, 0.001]}, {"a": [2, 2, 2]}, 0.01
    ),
    "heard": lambda: latch.heard({1: 20, 2: 9, 3: 8, 4: 6, 10: 5}, 5),
    "three_units": lambda: latch.three_units(" t", [[1, -1], [-1, 1], [-0.9, -0.9]]),
    "rivals": lambda: memory.rivals([1, 2, 3], [9.0, 6.0, 5.0], 5.5),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_becomes_one_image_with_its_text(name):
    page = figures.to_html(FIGURES[name](), alt='a < b & "c" of the curves')
    assert page.startswith('<img alt="a &lt; b &amp; &quot;c&quot; of the curves"')
    assert len(page) < 60_000


def test_axes_are_labelled():
    (ax,) = FIGURES["curves"]().axes
    assert ax.get_xlabel() == "x" and ax.get_ylabel() == "y"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    styles = {line.get_linestyle() for line in ax.lines}
    assert len(styles) == 2  # told apart without color


def test_characters_stay_on_the_axis():
    (ax,) = figures.curves({"": (["a", "b"], [1, 2])}, "x", "y").axes
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]


def test_ruined_networks_are_counted_and_those_beyond_the_axis_are_drawn_at_its_edge():
    (ax,) = FIGURES["dots"]().axes
    texts = [t.get_text() for t in ax.texts]
    assert texts[:4] == ["0 of 2", "2 of 2", "\u00d7 ruined", "c"]
    shown = sorted(x for line in ax.lines if line.get_marker() != "None" for x in line.get_xdata())
    assert shown == [8, 20, 40, 80]


def test_a_line_that_is_a_control_is_gray():
    (ax,) = FIGURES["labelled"]().axes
    assert [t.get_text() for t in ax.texts] == ["a", "b", "c"]
    assert ax.lines[1].get_color() == cliff.GRAY != ax.lines[0].get_color()


def test_the_scoreboard_is_sorted_and_escaped():
    page = figures.scoreboard({"good": 1.0, "<bad>": 2.0}).data
    assert page.index("&lt;bad&gt;") < page.index("good")
    assert "7.39" in page and "2.89" in page


@pytest.mark.parametrize("name", FIGURES)
def test_the_projector_makes_everything_large(name, monkeypatch):
    monkeypatch.setenv("CHARRNN_PROJECTOR", "0")
    small = figures.to_html(FIGURES[name](), alt="small")
    style.projector()
    fig = FIGURES[name]()
    large = figures.to_html(fig, alt="large")
    assert 'width="750"' in small and 'width="1125"' in large
    texts = [text for text in fig.findobj(Text) if text.get_visible() and text.get_text().strip()]
    assert len(texts) > 3
    assert min(text.get_fontsize() * 100 / 72 * style.zoom() for text in texts) >= 22  # pixels
    style.projector(on=False)
    assert 'width="750"' in figures.to_html(FIGURES[name](), alt="small again")


def test_the_projector_enlarges_the_scoreboard(monkeypatch):
    pages = {}
    for on in ("0", "1"):
        monkeypatch.setenv("CHARRNN_PROJECTOR", on)
        pages[on] = figures.scoreboard({"a": 1.0}).data
    assert "font-size: 150%" in pages["1"] and "font-size" not in pages["0"]


def test_a_strange_value_of_the_switch_is_named(monkeypatch):
    monkeypatch.setenv("CHARRNN_PROJECTOR", "loud")
    with pytest.raises(ValueError, match="CHARRNN_PROJECTOR is 'loud'; set it to 1 or 0"):
        figures.curves({"a": ([1, 2], [3, 4])}, "x", "y")


def test_a_unit_rests_where_its_curve_meets_the_line():
    assert [stable for _, stable in latch.resting(1.5)] == [True, False, True]
    assert [round(h, 2) for h, _ in latch.resting(1.5)] == [-0.86, 0.0, 0.86]
    assert len(latch.resting(0.5)) == 1
