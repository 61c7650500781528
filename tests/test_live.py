"""Live curves: one picture, redrawn in place, at a bounded cost, of a size that never changes."""

import math
import re
import signal
import time

import nbformat
import pytest
from nbclient import NotebookClient

from charrnn_helpers.show import live
from charrnn_helpers.training import Record


def record(step, epoch, loss=2.0, norm=0.5, theta=1.0):
    return Record(step, epoch, loss, norm, 1.0, theta)


class Clock:
    """Stands in for the module `time`: an hour takes no time, and nothing waits for a core."""

    now = 0.0

    def perf_counter(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(live, "time", clock)
    return clock


def records(count, seconds=0.0, epochs=4, clock=time):
    for step in range(1, count + 1):
        clock.sleep(seconds)
        yield record(step, epochs * step / count, 3.0 / math.sqrt(step))


class Handle:
    """Stands in for IPython's display handle, and counts."""

    def __init__(self, shown):
        self.shown = shown

    def update(self, bundle, raw):
        assert raw
        self.shown.append(bundle)


@pytest.fixture
def shown(monkeypatch):
    frames = []

    def display(bundle, raw=False, display_id=False):
        assert raw and display_id
        frames.append(bundle)
        return Handle(frames)

    monkeypatch.setattr(live, "display", display)
    return frames


def size(bundle):
    return re.search(r'width="(\d+)" height="(\d+)"', bundle["text/html"]).groups()


def test_it_returns_all_records_and_draws_in_place(shown, clock):
    run = records(40, seconds=0.02, clock=clock)
    assert live.live_plot(run, seconds=0.1, num_epochs=4) == list(records(40))
    assert 8 <= len(shown) <= 11  # 0.8 seconds, the first and the last
    assert all("<svg" in frame["text/html"] for frame in shown[:-1])
    assert shown[-1]["text/html"].startswith("<img alt=")  # what a saved notebook may show
    assert len({size(frame) for frame in shown}) == 1  # no jump


def test_four_updates_a_second(shown, clock):
    live.live_plot(records(1000, seconds=0.01, clock=clock))
    assert 39 <= len(shown) <= 42  # ten seconds


def test_drawing_takes_a_bounded_share_of_the_time(shown, clock, monkeypatch):
    monkeypatch.setattr(live.LivePicture, "draw", slow(live.LivePicture.draw, 0.01, clock))
    live.live_plot(records(1000, seconds=0.01, clock=clock), seconds=0.0)
    assert 0.9 * live.DRAWING < 0.01 * len(shown) / clock.now < 1.1 * live.DRAWING


def test_sampling_takes_a_bounded_share_of_the_time(shown, clock):
    asked = []
    sample = slow(lambda: asked.append(1) or "a text", 0.2, clock)
    live.live_plot(records(2000, seconds=0.2, clock=clock), sample=sample)
    assert 0.5 * live.SAMPLING < 0.2 * len(asked) / clock.now < 1.5 * live.SAMPLING


def slow(function, seconds, clock):
    def slowed(*args):
        clock.sleep(seconds)
        return function(*args)

    return slowed


def test_validation_is_asked_for_once_an_epoch(shown):
    asked = []
    live.live_plot(records(40, epochs=4), validate=lambda: asked.append(1) or 2.0)
    assert len(asked) == 4


def test_an_interrupt_ends_it_with_the_last_step_in_the_picture(shown, capsys):
    def interrupted():
        for one in records(5):
            if one.step == 3:
                signal.raise_signal(signal.SIGINT)
            yield one

    run = interrupted()
    history = live.live_plot(run)
    assert len(history) == 3
    assert "Interrupted after step 3" in capsys.readouterr().out
    assert "step 3" in shown[-1]["text/plain"] and shown[-1]["text/html"].startswith("<img")
    assert live.live_plot(run, history=history) == list(records(5))  # the cell is run again


def test_a_run_that_goes_on_is_drawn_from_its_beginning(shown, monkeypatch):
    pictures, begin = [], live.LivePicture.begin
    monkeypatch.setattr(live.LivePicture, "begin", lambda p: (pictures.append(p), begin(p)))
    first, rest = list(records(100))[:60], list(records(100))[60:]
    live.live_plot(iter(rest), history=first)
    live.live_plot(records(100))
    assert pictures[0].losses.curves() == pictures[1].losses.curves()


def test_an_error_leaves_the_picture_and_is_not_hidden(shown):
    def diverging():
        yield from records(3)
        raise FloatingPointError("step 4: the loss is nan")

    with pytest.raises(FloatingPointError, match="step 4"):
        live.live_plot(diverging())
    assert "step 3" in shown[-1]["text/plain"]


def test_no_records_no_crash(shown):
    assert live.live_plot(iter([])) == []
    assert "no step taken yet" in shown[-1]["text/plain"]


@pytest.mark.parametrize("loss", [0.0, 1e-9, 50.0, 1e6, 1e300])
@pytest.mark.parametrize("norm", [0.0, 1e-30, 1e30])
def test_wild_figures_are_drawn_inside_the_picture(shown, loss, norm):
    wild = [record(1, 0.5), record(2, 1.0, loss, norm, theta=None)]
    assert live.live_plot(iter(wild), validate=lambda: math.nan) == wild
    picture = live.LivePicture()
    for one in wild:
        picture.add(one)
    numbers = re.findall(r'points="([^"]*)"', picture.draw().svg)
    places = [float(number) for text in numbers for number in re.split("[ ,]", text)]
    assert places and all(0 <= place <= 750 for place in places)


def picture(**settings):
    drawn = live.LivePicture(num_epochs=4, **settings)
    for one in records(100):
        drawn.add(one)
    return drawn


def test_the_picture_says_what_it_shows():
    full = picture(hlines={"2-gram": 9.6, "3-gram": 6.4})
    full.add_validation(2.0, math.log(5))
    full.sample = "time traveller said"
    full.flags = [1.0]
    drawn = full.draw()
    for text in (
        *["perplexity", "4 bits", "grad. norm", "epoch", "theta = 1"],
        *["2-gram", "3-gram", "training batch", "validation", "step 100", "epoch 4.0 of 4"],
        *["time traveller said", "1"],
    ):
        assert f">{text}<" in drawn.svg or text in drawn.alt, text
    assert "validation 5" in drawn.alt and "The model writes: time traveller said" in drawn.alt


def test_the_time_left_is_told():
    going = picture()
    going.clock.append((time.perf_counter() - 10, 50, 2.0))
    going.num_epochs = 6
    assert "5 steps/s" in going.status()
    assert "10 s left" in going.status()  # two epochs in ten seconds, and two to go
    going.finished = True
    assert "s in all" in going.status()


def test_each_stretch_of_theta_is_drawn():
    drawn = live.LivePicture()
    for step, theta in enumerate([1.0, 1.0, 0.5, None, 0.5], start=1):
        drawn.add(record(step, float(step), theta=theta))
    assert [(start, end) for start, end, _ in drawn.thetas] == [(1, 2), (3, 3), (5, 5)]


def test_flags_that_would_touch_share_a_label():
    flagged = picture()
    flagged.flags = [1.0, 1.01, 3.0]
    labels = re.findall(r">([\d-]+)</text>", flagged.draw().svg)
    assert "1-2" in labels and "3" in labels


def test_curves_and_lines_differ_without_color():
    drawn = picture()
    drawn.add_validation(1.0, 2.0)
    drawn.add_validation(2.0, 1.9)
    svg = drawn.draw().svg
    dashes = re.findall(r'stroke="(#\w{6})"[^>]*stroke-dasharray="([^"]*)"', svg)
    assert ("#0072B2", "none") in dashes and ("#A84300", "7 4") in dashes  # loss; theta
    assert svg.count("<circle") == 3  # validation is dots: two, and one in the legend


def test_for_a_projector_all_text_is_large(monkeypatch):
    monkeypatch.setenv("CHARRNN_PROJECTOR", "1")
    svg = picture(hlines={"2-gram": 9.6}).draw().svg
    assert min(1.5 * float(s) for s in re.findall(r'font-size="([\d.]+)"', svg)) >= 22


@pytest.mark.parametrize("losses", [[0.0], [3.3, 2.0], [1e9], [0.01, 1e9], [math.nan, 2.0], []])
@pytest.mark.parametrize("ceiling", [None, 0.5, 4.0])
def test_limits_hold_the_losses_up_to_the_ceiling_and_have_ticks(losses, ceiling):
    low, high = live.loss_limits(losses, ceiling)
    assert 0 <= low < high
    assert all(low <= loss for loss in losses if not math.isnan(loss))
    assert len(live.perplexity_ticks((low, high))) >= 1


def test_the_perplexity_axis_does_not_move_while_an_ordinary_run_learns():
    """From an untrained model, at the size of the vocabulary, down to 4."""
    drawn = live.LivePicture(num_epochs=4)
    limits = set()
    for one in range(50):
        drawn.add(record(one, one / 50, loss=math.log(28) - one * math.log(7) / 50))
        limits.add(live.loss_limits(drawn.losses.curves()[2], drawn.ceiling))
    (limit,) = limits
    assert limit == pytest.approx((2 * math.log(2), math.log(56)))


def test_a_curve_that_leaves_the_picture_says_how_far():
    drawn = picture()
    assert "up to" not in drawn.draw().svg
    drawn.add(record(101, 4.05, loss=math.log(3456)))
    assert ">up to 3,456<" in drawn.draw().svg
    drawn.add(record(102, 4.1, loss=1e9))
    assert ">above 1,000,000<" in drawn.draw().svg


@pytest.mark.parametrize(
    "now, end", [(0, 1), (0.8, 1), (0.81, 2), (1.7, 5), (4.1, 10), (9, 20), (39, 50), (41, 100)]
)
def test_where_a_growing_axis_ends(now, end):
    assert live.axis_end(now) == end


def test_the_axis_of_a_run_of_known_length_stands_still():
    assert ">4</text>" in picture().draw().svg  # four epochs, from the first step on
    growing = live.LivePicture(num_epochs=300, growing=True)
    growing.add(record(1, 0.5))
    assert ">300</text>" not in growing.draw().svg and ">1</text>" in growing.draw().svg


def test_headless_exactly_one_final_figure(tmp_path):
    source = (
        "from tests.test_live import records\n"
        "from charrnn_helpers.show.live import live_plot\n"
        "history = live_plot(records(30, 0.01), seconds=0.02)"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "display_data"
    assert output.data["text/html"].count("<img ") == 1
