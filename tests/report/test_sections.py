"""The smaller tables: what they show, and when there is nothing to show."""

from __future__ import annotations

import pytest

from kantor.metrics.cadences import LABELS
from kantor.report import measuring, sections, tasks

ENTRY = {
    "generated": 0.8, "real": 0.95, "real_spread": 0.1, "verdict": "outside",
    "baseline": {"block": 0.9, "triads": 0.7, "shuffled": 0.2, "random": None},
}  # fmt: skip
PART = {
    "pieces": 2,
    "generated": {"crossing": 0.25, "leaps_bass": None},
    "real": {"crossing": 0.0, "leaps_bass": 0.3},
}


@pytest.mark.parametrize("table", [sections.phrase_ends, sections.meters, sections.tasks])
def test_nothing_measured_is_no_table(table):
    """Figures of an older evaluation, or of pieces without fermatas, leave the section out."""
    nothing = {"count": {"real": 0}}
    assert table({}) is None
    figures = {"phrase_ends": nothing, "by_meter": {}, "new_tunes": {"pieces": 0}}
    assert table(figures | {"other_givens": {}}) is None


def test_phrase_ends_stand_beside_all_baselines():
    """Every figure of the file is on the page, and one that is missing is a dash."""
    ends = {"count": {"real": 1234}, **dict.fromkeys(LABELS, ENTRY)}
    table = sections.phrase_ends({"phrase_ends": ends})
    assert table["count"] == "1,234"
    assert table["baseline_names"] == ("block", "triads", "shuffled", "random")
    assert table["rows"][0]["label"] == "Triad in root position"
    assert table["rows"][2]["baselines"] == ["0.900", "0.700", "0.200", "–"]
    assert table["rows"][2]["verdict"] == "outside"


def test_meters_and_new_tunes_are_rows():
    """Each part has its row with generated and real figures; one without pieces has none."""
    figures = {"by_meter": {"4/4": PART, "others": {"pieces": 0}}, "new_tunes": PART}
    table = sections.meters(figures)
    assert [row["name"] for row in table["rows"]] == ["In 4/4", "New tunes"]
    assert [column["unit"] for column in table["columns"]] == ["", "a fourth or more"]
    assert table["rows"][0]["cells"] == [
        {"generated": "0.250", "real": "0"},
        {"generated": "–", "real": "0.300"},
    ]


def test_every_part_and_task_has_a_name_for_people():
    """No meter and no task without a line's name comes to the page by its key."""
    assert set(sections.METERS) == {*measuring.METERS, measuring.OTHERS}
    assert set(sections.TASKS) == {tasks.NOTHING, tasks.GAP}
