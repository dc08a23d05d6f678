"""The blocks of features: where they stand, and which place of each is one."""

from __future__ import annotations

import numpy as np
import pytest
from tests.ensembles import BAND

from kantor.ensemble import SATB
from kantor.network import layout
from kantor.network.layout import CONDITIONS, MOTIONS, RELATION, Blocks, Layout, Place
from kantor.network.tokens import REST, UNKNOWN, Vocabulary


def place_of(place: Place) -> int | None:
    """The place as a number, None where there is none."""
    return int(place.index) if place.known else None


def test_layout_of_satb() -> None:
    """Trained models depend on every size and order."""
    satb = Layout(SATB)
    starts = {name: part.start for name, part in satb.judged.at.items() if part.stop > part.start}
    assert starts == {
        "pitch": 0, "onset": 256, "interval": 260, "spacing": 332, "motion": 356, "succession": 456,
    }  # fmt: skip
    assert (satb.judged.size, satb.score.size, satb.chord.size) == (1320, 456, 452)
    assert (satb.read.size, CONDITIONS.size, RELATION.size) == (502, 42, 85)
    assert satb.decoder(16, 32, 96).size == 16 * 32 + 96 + 42
    assert satb.head(192).size == 192 + 452 + 72
    assert satb.outputs(2).sizes == [64, 1, 25, 255]


def test_layout_with_drums() -> None:
    """Drums have two choices, onsets and no relations; the range of tokens follows the lines'."""
    band = Layout(BAND)
    choices = Vocabulary(BAND).choices
    assert choices >= 1 + 96 - 28 + 1 + 12
    assert band.score.shapes == {
        "pitch": (5, choices),
        "hit": (3, 2),
        "onset": (8,),
        "interval": (10, 12),
        "spacing": (4, 8),
        "motion": (5, 25),
    }
    assert band.judged.shapes["succession"] == (10, 144)
    assert band.outputs(4).shapes["relation"] == (4, 85)
    assert band.outputs(5).shapes == {"choice": (2,), "onset": (1,)}
    assert band.others(2) == (0, 1, 3, 4)
    assert band.others(6) == ()


def test_blocks_split_an_array() -> None:
    """By name, each in its shape, the other axes kept."""
    blocks = Blocks({"one": (2, 3), "none": (0, 4), "two": (1,)})
    parts = blocks.split(np.arange(14).reshape(7, 2))
    assert {name: part.shape for name, part in parts.items()} == {
        "one": (2, 3, 2), "none": (0, 4, 2), "two": (1, 2),
    }  # fmt: skip
    assert parts["one"][1, 2].tolist() == [10, 11]
    assert parts["two"].tolist() == [[12, 13]]


def tokens(*pitches: int) -> np.ndarray:
    """MIDI numbers in C as tokens."""
    return Vocabulary(SATB).to_tokens(np.array([[pitches]]), np.array([0]))[0, 0]


def test_intervals_by_hand() -> None:
    """C major chord c'' g' e' c: intervals count from the lower line."""
    soprano, alto, tenor, bass = tokens(72, 67, 64, 48)
    assert place_of(layout.interval(soprano, alto)) == 5
    assert place_of(layout.interval(tenor, bass)) == 4
    assert place_of(layout.interval(alto, soprano)) == 7
    for silent in (REST, UNKNOWN):
        assert place_of(layout.interval(soprano, silent)) is None
        assert place_of(layout.interval(silent, bass)) is None


@pytest.mark.parametrize(
    ("distance", "kind"),
    [(-7, 0), (-1, 0), (0, 1), (1, 2), (4, 2), (5, 3), (12, 4), (13, 5), (24, 6), (25, 7)],
)
def test_kinds_of_spacing(distance: int, kind: int) -> None:
    """Crossed, unison and the bounds of each kind of distance."""
    assert layout.above_bounds(np.array(distance)).sum() == kind


@pytest.mark.parametrize(("leap", "place"), [(-13, None), (-12, 0), (0, 12), (12, 24), (13, None)])
def test_motion_ends_at_an_octave(leap: int, place: int | None) -> None:
    """Larger leaps are no motion; neither is one from or to a rest."""
    before, now = tokens(60, 60 + leap, 48, 48)[:2]
    assert place_of(layout.motion(now, before)) == place
    assert place_of(layout.motion(now, REST)) is None
    assert place_of(layout.motion(UNKNOWN, before)) is None


def test_successions_by_hand() -> None:
    """A fifth after a fifth with both lines moving; nothing where one holds, rests or enters."""
    upper, lower = tokens(67, 60, 48, 48)[:2]
    assert place_of(layout.succession(upper + 2, lower + 2, upper, lower)) == 7 * 12 + 7
    assert place_of(layout.succession(upper - 2, lower + 2, upper, lower)) == 7 * 12 + 3
    assert place_of(layout.succession(upper + 2, lower, upper, lower)) is None
    for silent in (REST, UNKNOWN):
        assert place_of(layout.succession(silent, lower + 2, upper, lower)) is None
        assert place_of(layout.succession(upper + 2, lower + 2, upper, silent)) is None


def test_progressions_by_hand() -> None:
    """The last interval class and the other line's motion, where all three notes are known."""
    own, other, now = tokens(67, 60, 62, 48)[:3]
    assert place_of(layout.progression(own, other, now)) == 7 * MOTIONS + 12 + 2
    assert place_of(layout.progression(other, own, own)) == 5 * MOTIONS + 12
    assert place_of(layout.progression(own, other, other + 13)) is None
    assert place_of(layout.progression(REST, other, now)) is None
    assert place_of(layout.progression(own, other, UNKNOWN)) is None


@pytest.mark.parametrize(
    ("bar", "places"),
    [
        ((0, 16), [0, 0, 3, 4]),
        ((6, 16), [2, 1, 2, 4]),
        ((11, 12), [3, 2, 0, 3]),
        ((12, 14), [0, 3, 0, 3]),
        ((60, 64), [0, 15, 0, 16]),
    ],
)
def test_meter(bar: tuple[int, int], places: list[int]) -> None:
    """Sixteenth in the quarter, quarters from either end of the bar, quarters of the bar."""
    assert list(layout.meter(*bar)) == places
