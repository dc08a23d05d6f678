"""Tokens and blocks of features, as all that reads them expects."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ensembles import BAND

from kantor.ensemble import SATB, Ensemble, Line
from kantor.errors import SetupError
from kantor.music.score import REST as SILENT
from kantor.network import layout
from kantor.network.layout import CONDITIONS, MOTIONS, RELATION, Blocks, Layout, Place
from kantor.network.tokens import REST, UNKNOWN, Vocabulary


def test_layout_of_satb() -> None:
    """Trained models depend on every size and order."""
    vocabulary, satb = Vocabulary(SATB), Layout(SATB)
    assert (vocabulary.base, vocabulary.choices, vocabulary.tokens) == (27, 64, 65)
    assert (vocabulary.lowest, vocabulary.highest) == (35, 85)
    names = ("pitch", "onset", "interval", "spacing", "motion", "succession")
    starts = [satb.judged.at[name].start for name in names]
    assert starts == [0, 256, 260, 332, 356, 456]
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
    shapes = {"one": (2, 3, 2), "none": (0, 4, 2), "two": (1, 2)}
    assert {name: part.shape for name, part in parts.items()} == shapes
    assert parts["one"][1, 2].tolist() == [10, 11]
    assert parts["two"].tolist() == [[12, 13]]


C3, C4, D4, E4, G4, C5 = np.array([48, 60, 62, 64, 67, 72]) - Vocabulary(SATB).base
"""Tokens in C major."""


def spacing(distance: int) -> Place:
    return Place(layout.above_bounds(np.array(distance)).sum(), True)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (layout.interval(C5, G4), 5),  # from the lower line, whichever that is
        (layout.interval(E4, C3), 4),
        (layout.interval(G4, C5), 7),
        *((layout.interval(C5, silent), None) for silent in (REST, UNKNOWN)),
        *((layout.interval(silent, C3), None) for silent in (REST, UNKNOWN)),
        *((layout.motion(C4 + leap, C4), 12 + leap) for leap in (-12, 0, 12)),
        *((layout.motion(C4 + leap, C4), None) for leap in (-13, 13)),
        (layout.motion(C4, REST), None),
        (layout.motion(UNKNOWN, C4), None),
        # Crossed, unison and the bounds of each kind of distance.
        *((spacing(distance), 0) for distance in (-7, -1)),
        *((spacing(distance), kind) for distance, kind in ((0, 1), (1, 2), (4, 2), (5, 3))),
        *((spacing(distance), kind) for distance, kind in ((12, 4), (13, 5), (24, 6), (25, 7))),
        # A succession of a fifth; none where one line holds, rests or enters.
        (layout.succession(G4 + 2, C4 + 2, G4, C4), 7 * 12 + 7),
        (layout.succession(G4 - 2, C4 + 2, G4, C4), 7 * 12 + 3),
        (layout.succession(G4 + 2, C4, G4, C4), None),
        *((layout.succession(silent, C4 + 2, G4, C4), None) for silent in (REST, UNKNOWN)),
        *((layout.succession(G4 + 2, C4 + 2, G4, silent), None) for silent in (REST, UNKNOWN)),
        # The last interval class and the other line's motion.
        (layout.progression(G4, C4, D4), 7 * MOTIONS + 12 + 2),
        (layout.progression(C4, G4, G4), 5 * MOTIONS + 12),
        (layout.progression(G4, C4, C4 + 13), None),
        (layout.progression(REST, C4, D4), None),
        (layout.progression(G4, C4, UNKNOWN), None),
    ],
)
def test_places_by_hand(place: Place, expected: int | None) -> None:
    """Which place of a block is one, and that none is where a note is missing or too far."""
    assert (int(place.index) if place.known else None) == expected


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


ENSEMBLES = pytest.mark.parametrize("ensemble", [SATB, BAND], ids=lambda ensemble: ensemble.name)
keys = st.integers(0, 11)


def random_score(ensemble: Ensemble, seed: int, margin: int = 0) -> np.ndarray:
    """Any pitches that a model of an ensemble can be given, `margin` semitones from the limits."""
    random, vocabulary = np.random.default_rng(seed), Vocabulary(ensemble)
    bounds = vocabulary.lowest + margin, vocabulary.highest + 1 - margin
    score = random.integers(*bounds, (1, 9, len(ensemble)))
    score[..., ensemble.pitched :] = [low for low, _ in ensemble.ranges[ensemble.pitched :]]
    return np.where(random.random(score.shape) < 0.2, SILENT, score)


@ENSEMBLES
@settings(max_examples=25)
@given(keys, st.integers(0, 2**32 - 1))
def test_round_trip(ensemble: Ensemble, key: int, seed: int) -> None:
    """Every pitch that each key's frame can hold, every hit and the rest come back as they were."""
    vocabulary, score, tonic = Vocabulary(ensemble), random_score(ensemble, seed), np.array([key])
    tokens = vocabulary.to_tokens(score, tonic)
    assert np.array_equal(tokens == REST, score == SILENT)
    assert np.array_equal(vocabulary.to_pitches(tokens, tonic), score)
    for line, (low, high) in enumerate(ensemble.ranges):
        assert tokens[..., line].max() <= vocabulary.choices_of(line)
        if line < ensemble.pitched:  # the frame holds all ranges
            assert vocabulary.lowest <= low <= high <= vocabulary.highest


@ENSEMBLES
@settings(max_examples=25)
@given(keys, st.integers(-6, 6), st.integers(0, 2**32 - 1))
def test_transposing_with_the_key(ensemble: Ensemble, key: int, by: int, seed: int) -> None:
    """A piece moved together with its key has the same tokens, or all an octave off."""
    vocabulary, score = Vocabulary(ensemble), random_score(ensemble, seed, 6)
    sounding = (np.arange(len(ensemble)) < ensemble.pitched) & (score != SILENT)
    one = vocabulary.to_tokens(score, np.array([key]))
    two = vocabulary.to_tokens(score + by * sounding, np.array([(key + by) % 12]))
    moves = np.unique((two - one)[sounding])
    assert moves.tolist() in ([], [-12], [0], [12])
    assert np.array_equal(one[~sounding], two[~sounding])


@pytest.mark.parametrize(("pitched", "drums"), [(2, 0), (7, 0), (3, 9)])
def test_refuses_what_no_model_can_have(pitched: int, drums: int) -> None:
    """One line with the ensemble's name and the limits."""
    lines = [Line(f"line {place}", 40, 60) for place in range(pitched)]
    lines += [Line(f"drum {place}", 40, 40, kind="drum") for place in range(drums)]
    with pytest.raises(SetupError, match=r"ensemble odd: .* 3 to 6 pitched lines .* 8 drum"):
        Vocabulary(Ensemble("odd", tuple(lines)))
