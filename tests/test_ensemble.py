"""Ensembles: what makes one, and that plain data keeps it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from kantor.ensemble import SATB, Ensemble, Line, unnamed
from kantor.errors import InputError

HIGH, LOW, KICK = Line("high", 60, 80), Line("low", 40, 60), Line("kick", 36, 36, kind="drum")


def test_an_ensemble_survives_json() -> None:
    """Lines, order, bass and aliases are the same after JSON made lists of the tuples."""
    band = Ensemble("band", (HIGH, LOW, KICK), order=(0, 2, 1), bass=1)
    for ensemble in (SATB, band):
        assert Ensemble.from_dict(json.loads(json.dumps(ensemble.to_dict()))) == ensemble


@pytest.mark.parametrize(
    "values", [{}, {"name": "a"}, {"lines": [1]}, {"name": "a", "lines": [{}]}]
)
def test_other_data_is_no_ensemble(values: dict[str, object]) -> None:
    """What is missing or of another kind is an error of one line."""
    with pytest.raises(InputError, match="not an ensemble"):
        Ensemble.from_dict(values)


@pytest.mark.parametrize(
    ("lines", "more", "fault"),
    [
        ((), {}, "different names"),
        ((HIGH, HIGH), {}, "different names"),
        ((KICK, HIGH), {}, "drums come after"),
        ((HIGH, LOW), {"order": (0, 0)}, "each line once"),
        ((HIGH, LOW), {"leads": 2}, "no line 2"),
        ((HIGH, LOW), {"bass": 5}, "no line 5"),
    ],
)
def test_ensembles_that_make_no_sense_are_refused(
    lines: tuple[Line, ...], more: dict[str, object], fault: str
) -> None:
    """The message says what is wrong."""
    with pytest.raises(InputError, match=fault):
        Ensemble("bad", lines, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "fault"),
    [({"low": 90}, "not a range"), ({"high": 128}, "not a range"), ({"kind": "drum"}, "one MIDI")],
)
def test_lines_that_make_no_sense_are_refused(change: dict[str, object], fault: str) -> None:
    """A range within MIDI's numbers, and one number for a drum."""
    with pytest.raises(InputError, match=fault):
        replace(HIGH, **change)  # type: ignore[arg-type]


def test_ranges_can_be_changed_by_name() -> None:
    """The other lines keep theirs; a name that no line has is an error that names the lines."""
    wider = SATB.with_ranges({"tenor": (40, 72)})
    assert wider.ranges == (*SATB.ranges[:2], (40, 72), SATB.ranges[3])
    with pytest.raises(InputError, match="no line 'viola'; the lines are soprano, alto"):
        SATB.with_ranges({"viola": (50, 70)})


def test_some_lines_are_an_ensemble_of_their_own() -> None:
    """The first of them leads; the bass stays the bass, where it is among them."""
    outer = SATB.only(0, 3)
    assert (outer.names, outer.leads, outer.bass) == (("soprano", "bass"), 0, 1)
    assert SATB.only(1).bass is None
    assert unnamed(1).names == ("melody",)
    assert unnamed(2).names == ("voice 1", "voice 2")
