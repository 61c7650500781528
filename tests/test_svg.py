"""Drawings as text: well-formed, escaped, and true to the numbers."""

import math
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn_helpers.show.svg import Axes, Drawing, Thinned, place, power, ticks

FINITE = st.floats(-1e12, 1e12)


def test_a_value_has_its_place_and_one_outside_is_at_the_edge():
    assert place(5, (0, 10), 100, 200) == 150
    assert place(-1, (0, 10), 100, 200) == 100
    assert place(math.inf, (0, 10), 200, 100) == 100


@given(st.lists(FINITE, min_size=1, max_size=500), st.sampled_from([2, 8, 60]))
def test_a_thinned_curve_keeps_the_extremes_the_mean_and_the_end(ys, most):
    curve = Thinned(most)
    for x, y in enumerate(ys):
        curve.add(x, y)
    xs, means, lows, highs = curve.curves()
    assert min(len(ys), most // 2) <= len(xs) <= most and xs[-1] == len(ys) - 1
    assert min(lows) == min(ys) and max(highs) == max(ys)
    slack = 1e-9 * max(1, *map(abs, ys), 1)
    assert all(a - slack <= m <= b + slack for a, m, b in zip(lows, means, highs, strict=True))
    counts = [stretch[2] for stretch in curve.stretches]
    assert sum(counts) == len(ys)
    total = sum(m * n for m, n in zip(means, counts, strict=True))
    assert math.isclose(total, sum(ys), rel_tol=1e-6, abs_tol=slack * len(ys))


def test_a_thinned_curve_of_nothing():
    assert Thinned().curves() == ([], [], [], [])


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_inside(low, span):
    found = ticks((low, low + span))
    assert len(found) <= 8
    assert all(low <= value <= low + span for value in found)


def test_powers_of_ten_are_written_as_people_write_them():
    assert [power(k) for k in (-4, -1, 0, 3, 12)] == ["10⁻⁴", "0.1", "1", "1000", "10¹²"]


@given(st.text(st.characters(codec=None), max_size=40))
def test_any_text_makes_a_whole_drawing(text):
    d = Drawing(100, 50)
    d.text(1, 1, text)
    picture = d.picture(text)
    root = ET.fromstring(picture.svg)
    shown = root.find(".//{*}text").text or ""
    assert shown == "".join(c if c.isprintable() else " " for c in text)
    assert picture._repr_html_().count("<img") == 1


def test_the_alternative_text_is_on_both_forms_and_escaped():
    picture = Drawing(100, 50).picture('a < b & "c"')
    for page in (picture._repr_html_(), picture.inline()):
        assert "a &lt; b &amp; &quot;c&quot;" in page
    assert picture.inline().startswith('<svg role="img" aria-label=')
    assert repr(picture) == 'a < b & "c"'


def test_an_axis_of_equal_numbers_labels_and_lines():
    d = Drawing(200, 100)
    axes = Axes(d, (20, 10, 180, 80), (0, 10), (0, 1))
    axes.frame("time (s)", "share")
    axes.curve([0, 5, 10], [0, 0.5, 1])
    axes.bar(2, 4, 0.5)
    svg = d.picture("a picture").svg
    assert ">time (s)<" in svg and ">share<" in svg
    assert 'points="20.0,80.0 100.0,45.0 180.0,10.0"' in svg
    assert 'x="52.0" y="45.0" width="32.0" height="35.0"' in svg


def test_labels_in_the_margin_do_not_lie_upon_each_other():
    d = Drawing(300, 200)
    Axes(d, (20, 10, 200, 180), (0, 1), (0, 1)).marks({"a": 0.5, "b": 0.51, "c": 0.52})
    heights = [float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)"', d.picture("x").svg)]
    gaps = [b - a for a, b in zip(sorted(heights), sorted(heights)[1:], strict=False)]
    assert min(gaps) >= 0.9 * d.em


@pytest.mark.parametrize("on, width", [("0", "100"), ("1", "150")])
def test_the_projector_enlarges_a_drawing(monkeypatch, on, width):
    monkeypatch.setenv("CHARRNN_PROJECTOR", on)
    assert f'width="{width}"' in Drawing(100, 50).picture("a picture")._repr_html_()


EVIL = "\"><script>alert(1)</script>'&"


def test_no_attribute_leaves_its_quotes():
    """A color or a dash may come from a caller, and a drawing goes to innerHTML."""
    d = Drawing(100, 50)
    d.text(1, 1, "a", anchor=EVIL, color=EVIL, transform=EVIL, font_family=EVIL)
    d.line(0, 0, 1, 1, color=EVIL, width=EVIL, dash=EVIL)
    d.rect(0, 0, 1, 1, fill=EVIL, stroke=EVIL)
    d.dot(0, 0, color=EVIL, radius=EVIL)
    d.path([(0, 0), (1, 1)], color=EVIL, width=EVIL, dash=EVIL, fill=EVIL)
    root = ET.fromstring(d.picture(EVIL).inline())
    assert [tag for tag in root.iter() if "script" in tag.tag] == []
    values = [value for tag in root.iter() for value in tag.attrib.values()]
    assert values.count(EVIL) == 4 + 3 + 2 + 2 + 4 + 1
