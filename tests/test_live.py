"""Live curves: one figure, updated in place, at a bounded cost; figures carry their text."""

import math
import time

import nbformat
import pytest
from nbclient import NotebookClient

from charrnn_helpers import figures, live
from charrnn_helpers.training import Record


def records(count, seconds=0.0, epochs=4):
    for step in range(1, count + 1):
        time.sleep(seconds)
        yield Record(step, epochs * step / count, 3.0 / math.sqrt(step), 0.5, 1e5)


class Handle:
    """Stands in for IPython's display handle, and counts."""

    def __init__(self, shown):
        self.shown = shown

    def update(self, content):
        self.shown.append(content)


@pytest.fixture
def shown(monkeypatch):
    frames = []

    def display(content, display_id=False):
        assert display_id
        frames.append(content)
        return Handle(frames)

    monkeypatch.setattr(live, "display", display)
    return frames


def test_it_returns_all_records_and_draws_in_place(shown, monkeypatch):
    monkeypatch.setattr(live, "SHARE_OF_TIME", 0.5)
    history = live.live_plot(records(40, seconds=0.02), seconds=0.05)
    assert history == list(records(40))
    assert 3 <= len(shown) <= 25
    assert all(frame.data.startswith("<img alt=") for frame in shown)
    assert shown[0].data != shown[-1].data


def test_drawing_takes_a_bounded_share_of_the_time(shown):
    start = time.perf_counter()
    live.live_plot(records(200, seconds=0.01), seconds=0.0)
    elapsed = time.perf_counter() - start
    few = 2 + live.SHARE_OF_TIME * elapsed / 0.02  # a picture takes 20 ms at the very least
    assert 2 <= len(shown) <= few + 1


def test_validation_is_asked_for_once_an_epoch(shown):
    asked = []
    live.live_plot(records(40, epochs=4), validate=lambda: asked.append(1) or 2.0)
    assert len(asked) == 4


def test_an_interrupt_ends_it_and_keeps_the_history(shown, capsys):
    def interrupted():
        yield from records(3)
        raise KeyboardInterrupt

    assert len(live.live_plot(interrupted())) == 3
    assert "after step 3" in capsys.readouterr().out
    assert len(shown) >= 2


def test_an_error_leaves_the_picture_and_is_not_hidden(shown):
    def diverging():
        yield from records(3)
        raise FloatingPointError("step 4: the loss is nan")

    with pytest.raises(FloatingPointError, match="step 4"):
        live.live_plot(diverging())
    assert len(shown) >= 2


def test_no_records_no_crash(shown):
    assert live.live_plot(iter([])) == []


def test_a_perplexity_beyond_all_bounds_is_drawn(shown):
    wild = [Record(1, 0.5, 3.0, 1.0, 1.0), Record(2, 1.0, 1e6, 1.0, 1.0)]
    assert live.live_plot(iter(wild)) == wild


def test_headless_exactly_one_final_figure(tmp_path):
    source = (
        "from tests.test_live import records\n"
        "from charrnn_helpers.live import live_plot\n"
        "history = live_plot(records(30, 0.01), seconds=0.02)"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "display_data"
    assert output.data["text/html"].count("<img ") == 1


FIGURES = {
    "curves": lambda: figures.curves({"a": ([1, 2], [3, 4]), "b": ([1, 2], [4, 3])}, "x", "y"),
    "bars": lambda: figures.bars({"a": 1.0, "b": 2.0}, "x", highlight=["a"]),
    "heatmap": lambda: figures.heatmap([[0, 1], [1, 0]], "ab", "cd", "x", "y", "z"),
    "histograms": lambda: figures.histograms({"a": [0.1, 0.2], "b": [0.3]}, "x"),
    "unrolled": lambda: figures.unrolled("the"),
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
    assert len(styles) == 2  # told apart without colour


def test_the_scoreboard_is_sorted_and_escaped():
    page = figures.scoreboard({"good": 1.0, "<bad>": 2.0}).data
    assert page.index("&lt;bad&gt;") < page.index("good")
    assert "7.39" in page and "2.89" in page


def test_coloured_text_names_each_value():
    page = figures.coloured_text("a<", [0.5, 2.0], "bits")
    assert 'title="a: 0.5 bits"' in page and 'title="&lt;: 2.0 bits"' in page
