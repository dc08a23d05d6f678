"""Drawings as text: well formed, the same every time, in the page's colours, and robust."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.report import charts
from kantor.report.page import strip

VALUES = st.one_of(st.floats(-1e6, 1e6), st.just(math.nan), st.just(math.inf))


def line_chart(values, **options):
    y = np.array(values, float)
    return charts.line_chart(np.arange(float(len(y))), {"critic": y}, "a < b", **options)


@settings(max_examples=12, deadline=None)
@given(st.lists(VALUES, max_size=150), st.booleans())
def test_any_curve_is_well_formed(values, log):
    """Gaps, infinities, spikes, one point or none: the chart parses and stays in its box."""
    svg = line_chart(values, log=log, marks=[(1.0, "x & y")], band=(0.5, 2.0), centre=1.0)
    ElementTree.fromstring(svg)
    assert "nan" not in svg
    points = re.findall(r"[ML] (-?[\d.]+) (-?[\d.]+)", svg)
    assert all(-1 <= float(x) <= 246 and -1 <= float(y) <= 146 for x, y in points)


def test_a_chart_is_the_page_s_own():
    """Its colours are variables, its text is text, and nothing in it must be unique or loaded.
    Nothing recorded is said, not drawn as zero.
    """
    svg = line_chart([1.0, 3.0, 2.0], band=(0.0, 2.0), centre=1.0)
    assert {"--accent", "--band", "--real", "--faint"} <= set(re.findall(r"var\((--\w+)\)", svg))
    assert not re.search(r"#[0-9a-f]{6}| id=|href=|url\(|https?:", svg)
    assert svg == line_chart([1.0, 3.0, 2.0], band=(0.0, 2.0), centre=1.0)
    assert ">2.0</text>" in svg
    assert "not recorded" in line_chart([])


def test_bars_have_a_place_for_each_name():
    """Both sides of each name are drawn, and silence is no error."""
    for value in (0.5, 0.0):
        sides = {"generated": np.full(3, value), "real": np.full(3, value)}
        svg = charts.bars(sides, ["alto", "a & b", "bass"], "Bars")
        ElementTree.fromstring(svg)
        assert "a &amp; b" in svg
    assert "C4" in charts.histogram({"generated": np.ones(14), "real": np.ones(14)}, 50, "Pitches")


def test_the_strip_puts_each_figure_on_its_place():
    """Halfway between two baselines is the middle; where all is equal there is nothing to see."""
    entry = {"generated": 0.5, "real": 0.5, "real_spread": 0.25}
    at = strip({**entry, "baseline": {"shuffled": 0.0, "random": 1.0}})
    assert (at["generated"], at["real"], at["low"], at["width"]) == ("50.0", "50.0", "28.0", "44.0")
    assert at["baselines"] == {"shuffled": "6.0", "random": "94.0"}
    nothing = dict.fromkeys(entry, 0.0)
    assert strip({**nothing, "baseline": {"random": 0.0}}) is None
    assert strip({**entry, "real": None, "baseline": {}}) is None
