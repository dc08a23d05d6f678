"""The page and its charts: self-contained, robust against what is missing, safe, well formed."""

import json
import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ensembles import BAND, tune

from kantor.ensemble import SATB
from kantor.metrics.cadences import LABELS
from kantor.metrics.part_writing import marks
from kantor.report import charts
from kantor.report.bodies import Bodies, compare
from kantor.report.grouping import KINDS, MARKS, grouped
from kantor.report.page import strip, write_page
from kantor.report.samples import Sample, embed, shown


def written(folder, picked=()):
    """The page that is made of a folder, well formed, and the addresses on it."""
    write_page(folder, folder / "model.json", picked, data="two people; licence: <CC0>")
    page = (folder / "report.html").read_text()
    for tag in set(re.findall(r"</(\w+)>", page)):
        assert len(re.findall(f"<{tag}[ >]", page)) == page.count(f"</{tag}>"), tag
    assert "Learned from: two people; licence: &lt;CC0&gt;." in page
    ids = re.findall(r' id="([^"]*)"', page)
    addresses = re.findall(r' (?:src|href)="([^"]+)"', page)
    assert len(set(ids)) == len(ids)
    assert {address[1:] for address in addresses if address.startswith("#")} <= {*ids}
    return page, addresses


@pytest.mark.parametrize("damage", [None, "", "[]", "{", '{"status": 3}', "\x00"])
def test_damaged_files_leave_their_section_out(tmp_path, damage):
    """Whatever stands in the files of other stages, and if there are none, the page is written."""
    (tmp_path / "training").mkdir()
    names = ("training/health.json", "training/reference.json", "training/history.csv")
    for name in (*names, "validation.json") if damage is not None else ():
        (tmp_path / name).write_text(damage)
    assert "Nothing was measured" in written(tmp_path)[0]


def test_history_without_some_columns_is_drawn(tmp_path):
    """A training without a critic, say, shows the curves that it has and no others."""
    folder = tmp_path / "training"
    folder.mkdir()
    rows = [f"{at},{1 / (at + 1)},{0.5 if at % 2 else ''}" for at in range(10)]
    text = "iteration,likelihood,metric_crossing\n" + "\n".join(rows)
    (folder / "history.csv").write_text(text)
    (folder / "reference.json").write_text(json.dumps({"crossing": {"mean": 0.1, "sd": 0.2}}))
    page, _ = written(tmp_path)
    assert "Cross-entropy" in page
    assert "Voice crossing over the iterations; at the end generated 0.5; training data" in page
    assert "Wasserstein" not in page


def test_the_page_runs_and_loads_nothing_of_others(tmp_path, corpus):
    """Markup in a title or message is text; an address is data, a place here or a file beside."""
    evil = "</style><script>alert(1)</script>"
    (tmp_path / "training").mkdir()
    finding = {"iteration": 1, "kind": evil, "message": evil}
    health = {"status": "stopped", "findings": [finding], "stopped_by": evil}
    (tmp_path / "training" / "health.json").write_text(json.dumps(health))
    card = {"preset": evil, "params": {evil: {evil: evil}}}
    (tmp_path / "model.json").write_text(json.dumps(card))
    score = corpus[0].score
    page, addresses = written(tmp_path, [Sample("made-0", 0, score, score)])
    assert "alert(1)" in page
    assert page.count("<script>") == 1
    assert not [markup for markup in (evil, "<b>&</b>") if markup in page]
    assert not re.search(r"https?://|@import|url\(", page)
    assert all(re.match(r"data:|#|[\w.-]+/[\w./-]+$", one) for one in addresses)
    assert page.count("data:audio/mpeg") == 2


def test_sound_stops_where_the_room_ends(corpus, tmp_path):
    """Beyond the limit sound is played from its file; no take is changed or exchanged."""
    scores = [piece.score for piece in corpus[:3]]
    together = embed(scores, 10_000_000)
    assert len(set(together)) == len(scores)
    assert embed([scores[1], scores[1]], len(together[1])) == [together[1], ""]
    samples = shown([Sample("made-0", 0, scores[0], scores[0])], tmp_path / "samples", 0)
    assert [take["sound"] for take in samples[0]["takes"]] == ["samples/made-0.wav", ""]


ENTRY = {"real": 0.5, "real_spread": 0.1, "baseline": {"shuffled": 0.2, "random": 0.9}}
PART = {
    "pieces": 2,
    "generated": {"crossing": 0.25, "leaps_bass": None},
    "real": {"crossing": 0.0, "leaps_bass": 0.3},
}


@pytest.fixture
def shown_as_text(tmp_path):
    """The text of a page of these figures, beside a split and a number of pieces."""

    def write(figures):
        (tmp_path / "metrics.json").write_text(
            json.dumps(figures | {"split": "valid", "pieces": 7})
        )
        page, _ = written(tmp_path)
        text = re.sub(r"<(style|script|svg).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
        return " ".join(text.split())

    return write


def test_every_metric_that_can_be_measured_is_explained(corpus, shown_as_text):
    """No metric reaches the page without a group, a name and an entry in the glossary."""
    real = [piece.score for piece in corpus]
    band = replace(BAND, writing="accompaniment")
    played = [replace(tune(row), ensemble=band) for row in range(3)]
    names = list(
        compare(Bodies(real, real, {}, real)) | compare(Bodies(played, played, {}, played))
    )
    assert sorted(name for group in grouped(names).values() for name in group) == sorted(names)
    entry = ENTRY | {"generated": 0.5, "verdict": "alike"}
    text = shown_as_text({"metrics": dict.fromkeys(names, entry)})
    glossary = text.rpartition("How to read the metrics ")[2]
    assert [label for label in KINDS.values() if label[1:] not in glossary] == []


def test_the_verdict_is_said_in_numbers(shown_as_text):
    """The page's first lines count what is alike, in range and outside."""
    metrics = {
        "crossing": {**ENTRY, "generated": 0.5, "verdict": "alike"},
        "empty_bars": {**ENTRY, "generated": 0.55, "verdict": "in range"},
        "leaps_bass": {**ENTRY, "generated": 0.95, "verdict": "outside"},
    }
    text = shown_as_text({"metrics": metrics})
    assert "2 of 3 metrics lie in the range of real pieces" in text
    assert "alto, tenor and bass to the soprano of 7 pieces of the validation split" in text
    assert "Furthest off: leaps of a fourth or more, bass (0.950, real 0.500)." in text
    assert "2 are at least as near to the real ones as random notes are." in text
    assert "Phrase ends" not in text  # nothing was measured of these


def test_smaller_tables_show_every_figure(shown_as_text):
    """Phrase ends, each meter and each task have their row; a missing figure is a dash."""
    entry = {**ENTRY, "generated": 0.843, "verdict": "outside"}
    entry["baseline"] = {"block": 0.9, "triads": 0.7, "shuffled": 0.2, "random": None}
    ends = {"count": {"real": 1234, "baseline": entry["baseline"]}, **dict.fromkeys(LABELS, entry)}
    figures = {"metrics": {"crossing": entry}, "phrase_ends": ends, "new_tunes": PART}
    figures["by_meter"] = {"4/4": PART, "others": {"pieces": 0}}
    text = shown_as_text(figures | {"other_givens": {"alto": PART, "two_bars_open": PART}})
    assert "84% of its phrases end on a triad in root position (real: 50%)." in text
    assert "these pieces have 1,234 of them" in text
    assert "Triad in root position 0.843 0.500 ± 0.100 0.900 0.700 0.200 – outside" in text
    row = "2 pieces 0.250 real 0 – real 0.300"
    for name in ("In 4/4", "New tunes", "Alto", "All but two bars"):
        assert f"{name} {row}" in text
    assert "In other meters" not in text


def test_marks_are_shown_of_a_hundred(corpus, shown_as_text):
    """Each mark has a group, a label, what it is a share of, and its figures in per cent."""
    entry = {**ENTRY, "generated": 0.0656, "verdict": "outside"}
    names = list(marks(SATB))
    assert sorted(name for group in grouped(names, MARKS).values() for name in group) == sorted(
        names
    )
    text = shown_as_text({"part_writing": dict.fromkeys(names, entry)})
    row = "6.6 50.0 ± 10.0 20.0 outside"
    assert f"Parallel fifths and octaves from beat to beat in 100 beats {row}" in text
    assert f"Notes of three or five sixteenths, alto in 100 notes {row}" in text


VALUES = st.one_of(st.floats(-1e6, 1e6), st.just(math.nan), st.just(math.inf))


def line_chart(values, **options):
    y = np.array(values, float)
    return charts.line_chart(np.arange(float(len(y))), {"critic": y}, "a < b", **options)


@settings(max_examples=12)
@given(st.lists(VALUES, max_size=150), st.booleans())
def test_any_curve_is_well_formed(values, log):
    """Gaps, infinities, spikes, one point or none: the chart parses and stays in its box."""
    svg = line_chart(values, log=log, marks=[(1.0, "x & y")], band=(0.5, 2.0), centre=1.0)
    ElementTree.fromstring(svg)
    assert "nan" not in svg
    points = re.findall(r"[ML] (-?[\d.]+) (-?[\d.]+)", svg)
    assert all(-1 <= float(x) <= 246 and -1 <= float(y) <= 146 for x, y in points)


def test_a_chart_is_the_page_s_own():
    """Its colours are variables, nothing in it is loaded, and nothing recorded is said."""
    svg = line_chart([1.0, 3.0, 2.0], band=(0.0, 2.0), centre=1.0)
    assert {"--accent", "--band", "--real", "--faint"} <= set(re.findall(r"var\((--\w+)\)", svg))
    assert not re.search(r"#[0-9a-f]{6}| id=|href=|url\(|https?:", svg)
    assert svg == line_chart([1.0, 3.0, 2.0], band=(0.0, 2.0), centre=1.0)
    assert ">2.0</text>" in svg
    assert "not recorded" in line_chart([])
    silent = {"generated": np.zeros(2), "real": np.zeros(2)}
    assert "a &amp; b" in charts.bars(silent, ["alto", "a & b"], "Bars")
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
