"""Drawings as text: well formed, the same every time, and robust."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.music.notes import notes_of
from kantor.report import charts, rolls, shares

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


def numbers_in(svg):
    drawn = re.sub(r">[^<]*<", "><", svg)
    return [float(text) for text in re.findall(r"-?\d+\.\d+", drawn)]


@given(FINITE, st.floats(1e-3, 1e6))
def test_ticks_lie_inside_and_are_few(low, width):
    """Whatever the range, an axis gets between one and six round numbers inside it."""
    found = charts.ticks(low, low + width)
    assert 1 <= len(found) <= 6
    assert all(low - width * 1e-6 <= tick <= low + width * (1 + 1e-6) for tick in found)


@settings(max_examples=40)
@given(
    st.lists(st.one_of(FINITE, st.just(math.nan), st.just(math.inf)), max_size=150), st.booleans()
)
def test_any_curve_is_well_formed(values, log):
    """Gaps, infinities, spikes, one point or none: the chart parses and stays in its box."""
    series = charts.Series("critic", np.arange(float(len(values))), np.array(values, float))
    svg = charts.line_chart([series], summary="a < b", log=log, marks=[(1.0, "x & y")])
    ElementTree.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg
    assert all(-10 <= number <= 400 for number in numbers_in(svg))


def test_an_empty_history_says_so():
    """Nothing recorded is said, not drawn as zero."""
    none = np.zeros(0)
    svg = charts.line_chart([charts.Series("critic", none, none)], summary="Losses")
    assert "not recorded" in svg


def test_a_long_curve_keeps_its_spikes():
    """Thinning leaves the highest and the lowest point where they were."""
    y = np.zeros(10_000)
    y[4_321], y[7_000] = 50, -50
    thin = charts.thinned(charts.Series("critic", np.arange(10_000.0), y))
    assert len(thin.x) <= 2 * charts.BUCKETS
    assert thin.x[thin.y.argmax()] == 4_321
    assert thin.x[thin.y.argmin()] == 7_000


def test_a_higher_value_is_drawn_higher():
    """Up is more: the axis is not inverted."""
    low, high = charts.Scale(0, 1, 200, 10)(0.1), charts.Scale(0, 1, 200, 10)(0.9)
    assert high < low
    assert charts.Scale(1, 100, 200, 10, log=True)(10) == pytest.approx(105)


def test_the_strip_puts_the_generated_dot_on_its_place():
    """Halfway between two baselines is the middle of the strip."""
    svg = shares.strip(0.5, 0.5, 0.1, {"shuffled": 0.0, "random": 1.0})
    dot = re.search(r'<circle[^>]* cx="([\d.]+)"', svg)
    assert dot is not None
    assert float(dot[1]) == pytest.approx(100, abs=0.2)
    assert shares.strip(0.0, 0.0, 0.0, {"random": 0.0}) == ""


def test_every_note_is_in_the_roll(corpus):
    """A roll has one bar for each note, and names what it shows."""
    score = corpus[0].score
    svg = rolls.roll(score, rolls.pitch_range(score), 'roll of "x"')
    ElementTree.fromstring(svg)
    bars = re.findall(r"M\d+ \d+h", svg)
    assert len(bars) == len(notes_of(score))
    assert "&quot;x&quot;" in svg
