"""Golden values, worked out by hand, for every metric of `kantor.metrics.musical`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kantor.ensemble import Ensemble, Line
from kantor.errors import InputError
from kantor.metrics import chords
from kantor.metrics.musical import LABELS, evaluate, evaluate_windows, headline, labels
from kantor.metrics.passages import Passages, window_starts
from kantor.music.score import REST, Meter, Score, onset_floor


def quarters(*pitches: tuple[int, ...], meter: str = "4/4", pickup: int = 0) -> Score:
    """A score with a chord a quarter, onsets where the pitch changes."""
    return sixteenths(*np.repeat(pitches, 4, axis=0), meter=meter, pickup=pickup)


def sixteenths(*pitches: tuple[int, ...], meter: str = "4/4", pickup: int = 0) -> Score:
    """A score with a chord a sixteenth."""
    array = np.array(pitches, np.int8)
    return Score(array, onset_floor(array), Meter.parse(meter), pickup)


FIFTH = np.sqrt(np.sum(np.square([2 * np.sin(np.pi / 12), np.sqrt(2), np.sin(np.pi / 3)])))
"""From C to G: 30 degrees apart on the fifths, 90 on the minor thirds, 120 on the major thirds of
radius one half; 1.738."""
NAN = float("nan")
GOLDEN = [
    # An octave is no distance, as octaves are folded (MuseGAN: 2.55).
    (quarters((72, 60)), {"tonal_distance": 0}),
    # One sixteenth of G in a beat of C is a quarter of the way.
    (sixteenths((60, 60), (60, 60), (60, 60), (60, 67)), {"tonal_distance": FIFTH / 4}),
    # A C-major scale is in C major (pypianoroll: .857, the workshop: .50).
    (
        quarters((60,), (62,), (64,), (65,), (67,), (69,), (71,), (72,)),
        {"in_c_major": 1, "in_best_scale": 1},
    ),
    # D flat major shares F and C with C major, two of its eight notes.
    (
        quarters((61,), (63,), (65,), (66,), (68,), (70,), (72,), (73,)),
        {"in_c_major": 2 / 8, "in_best_scale": 1},
    ),
    # One silent line in one of two bars is a quarter (MuseGAN: .75).
    (quarters(*[(67, 60)] * 4, *[(67, REST)] * 4), {"empty_bars": 1 / 4}),
    # Octaves are one pitch class, neighbouring semitones two (MuseGAN's fold: two and one).
    (quarters((60, 61), (62, 63), (64, 65), (66, 78)), {"pitch_classes": 7}),
    # In 3/4 with a pickup only the two whole bars count, of 3 and 1 pitch classes.
    (
        quarters((61,), (60,), (62,), (64,), (65,), (65,), (77,), (66,), meter="3/4", pickup=4),
        {"pitch_classes": 2},
    ),
    # Less than a bar has no figure for bars.
    (quarters((60, 48)), {"pitch_classes": NAN}),
    # Silence has no chords, no scale and no moves.
    (
        quarters((REST,) * 4),
        dict.fromkeys(("triad_or_seventh", "in_best_scale", "tonal_distance"), NAN),
    ),
    # Of one triad, one clash and two silent beats half are triads.
    (
        quarters((72, 67, 64, 48), (REST,) * 4, (71, 67, 64, 48), (REST,) * 4),
        {"complete_triads": 1 / 2},
    ),
    # C, rest, C are two notes and no move.
    (quarters((60,), (REST,), (60,), (REST,)), {"notes_melody": 2, "stepwise_melody": NAN}),
    # A held note is one.
    (quarters(*[(60,)] * 4), {"notes_melody": 1}),
    # A repeated note is several.
    (Score(np.full((16, 1), 60), np.arange(16)[:, None] % 4 == 0), {"notes_melody": 4}),
    # A unison and a rest leave fewer than four pitches, octaves do not.
    (
        quarters((72, 67, 64, 48), (72, 60, 60, 48), (72, 67, 64, REST), (72, 60, 48, 36)),
        {"four_pitches": 1 / 2},
    ),
    # Of moves of 2, 1, 4, 5 and -12 semitones two are steps and two are leaps.
    (
        quarters((60,), (62,), (62,), (63,), (67,), (72,), (60,)),
        {"stepwise_melody": 2 / 5, "leaps_melody": 2 / 5},
    ),
    # Fifths with silence between them do not adjoin.
    (quarters((67, 60), (REST, REST), (69, 62)), {"parallel_fifths": 0}),
    # Each pair of lines counts: two fifths and one octave in eight steps.
    (quarters((67, 60, 48), (69, 62, 50)), {"parallel_fifths": 25, "parallel_octaves": 12.5}),
    # One quarter of four crosses: not a unison, nor where a line rests.
    (
        quarters((72, 67, 64, 48), (64, 67, 60, 48), (67, 67, 60, 48), (64, 67, REST, 48)),
        {"crossing": 1 / 4},
    ),
    # A clash between two beats is a passing note.
    (
        sixteenths((67, 64, 60, 48), (67, 64, 60, 48), (67, 59, 60, 48), (67, 59, 60, 48)),
        {"semitone_clash": 0},
    ),
]


@pytest.mark.parametrize(("score", "expected"), GOLDEN)
def test_golden_values(score: Score, expected: dict[str, float]) -> None:
    """Worked out by hand; many were faults of a known implementation."""
    figures = evaluate(score)
    for name, value in expected.items():
        assert figures[name] == pytest.approx(value, abs=1e-12, nan_ok=True), name


@pytest.mark.parametrize(
    ("chord", "kind", "clash"),
    [
        ((72, 67, 64, 48), "major", 0),
        ((72, 67, 63, 48), "minor", 0),
        ((66, 63, 60, 48), "diminished", 0),
        ((70, 67, 64, 48), "dominant 7th", 0),
        ((70, 67, 63, 48), "minor 7th", 0),
        ((71, 67, 64, 48), "major 7th", 1),  # B against C
        ((70, 66, 63, 48), "half-dim. 7th", 0),
        ((69, 66, 63, 48), "dim. 7th", 0),
        ((72, 72, 64, 48), "incomplete", 0),  # a third alone
        ((60, REST, REST, REST), "incomplete", 0),  # one voice sounds
        ((68, 64, 60, 48), "other", 0),  # augmented
        ((67, 65, 64, 48), "other", 1),  # a suspension: E against F
        ((72, 67, 62, 48), "other", 0),  # two fifths
    ],
)
def test_chords(chord: tuple[int, ...], kind: str, clash: int) -> None:
    """Each kind of chord is told from the others in every key; silence is no chord."""
    moved = (np.where(np.array(chord) == REST, REST, np.add(chord, by)) for by in range(12))
    score = quarters(*moved, (REST,) * 4)
    figures = evaluate(score)
    assert figures["triad_or_seventh"] == (kind != "other")
    assert figures["complete_triads"] == (kind in chords.TRIADS)
    assert figures["semitone_clash"] == clash
    counts = dict(zip(chords.KINDS, chords.chord_counts(Passages.of(score)), strict=True))
    assert counts == dict.fromkeys(chords.KINDS, 0) | {kind: 12}


@pytest.mark.parametrize(
    ("meter", "pickup", "expected"),
    [
        ("4/4", 0, [0, 4, 8, 12, 16, 20]),
        ("4/4", 2, [2, 6, 10, 14, 18, 22]),
        ("3/4", 4, [0, 4, 8, 12, 16, 20]),
        ("6/8", 0, [0, 6, 12, 18]),
        ("6/8", 2, [2, 8, 14, 20]),
        ("3/8", 0, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]),
    ],
)
def test_beats_follow_meter_and_pickup(meter: str, pickup: int, expected: list[int]) -> None:
    """A beat of 6/8 is a dotted quarter, and a pickup moves them all."""
    score = quarters(*[(60,)] * 6, meter=meter, pickup=pickup)
    assert np.flatnonzero(Passages.of(score).beats).tolist() == expected


@pytest.mark.parametrize(
    ("before", "after", "fifths", "octaves"),
    [
        ((67, 60), (69, 62), 1, 0),  # both up
        ((67, 60), (65, 58), 1, 0),  # both down
        ((67, 60), (81, 62), 1, 0),  # a fifth, then a twelfth, the same way
        ((72, 60), (74, 62), 0, 1),  # octaves
        ((60, 60), (62, 62), 0, 1),  # unisons
        ((67, 60), (67, 60), 0, 0),  # nobody moves
        ((67, 60), (55, 60), 0, 0),  # one moves
        ((79, 60), (69, 62), 0, 0),  # twelfth to fifth by contrary motion
        ((64, 60), (69, 62), 0, 0),  # a hidden fifth is not a parallel one
        ((67, 60), (REST, 62), 0, 0),  # a voice ends
    ],
)
def test_parallels(before, after, fifths: int, octaves: int) -> None:
    """One parallel in eight steps is 12.5 a hundred."""
    figures = evaluate(quarters(before, after))
    assert figures["parallel_fifths"] == 12.5 * fifths
    assert figures["parallel_octaves"] == 12.5 * octaves


def test_an_ensemble_names_its_metrics() -> None:
    """Drums are left out, and so is what needs more lines than there are."""
    assert list(evaluate(quarters((72, 67, 64, 48)))) == list(LABELS)
    lines = (Line("lead", 60, 80), Line("low", 40, 60), Line("kick", 36, 36, "drum"))
    pitches = np.repeat(np.array([[67, 60, 36], [69, 62, REST]], np.int8), 4, axis=0)
    trio = Ensemble("trio", lines, bass=1)
    figures = evaluate(Score(pitches, onset_floor(pitches), ensemble=trio))
    assert list(figures) == list(labels(trio))
    assert not [name for name in figures if "kick" in name or name == "four_pitches"]
    assert figures["parallel_fifths"] == 12.5
    assert figures["notes_low"] == 4
    assert headline(trio)[-2:] == ("leaps_low", "overlap")
    assert "parallel_fifths" not in evaluate(quarters((60,)))


def test_windows_begin_at_the_first_whole_bar() -> None:
    """What is left at the end is dropped; short pieces are one window each, in order."""
    assert window_starts(quarters(*[(60,)] * 20, pickup=4)) == [4, 36]
    frame = evaluate_windows([quarters((60,)), quarters(*[(62,)] * 8), quarters((64,))])
    assert frame.index.tolist() == [(0, 0), (1, 0), (2, 0)]


def test_a_window_is_evaluated_as_a_score_of_its_own() -> None:
    """The batch of windows gives what each window gives alone, held notes at its edge included."""
    rng = np.random.default_rng(0)
    pitches = np.repeat(rng.integers(48, 80, (24, 4)), 5, axis=0).astype(np.int8)
    pitches[rng.random(pitches.shape) < 0.1] = REST
    score = Score(pitches, onset_floor(pitches), Meter(3, 4), 4)
    frame = evaluate_windows([score, score.transposed(1)])
    assert frame.index.tolist()[:3] == [(0, 4), (0, 36), (0, 68)]
    for (piece, start), row in frame.iterrows():
        cut = score.transposed(piece).pitches[start : start + 32]
        alone = evaluate(Score(cut, onset_floor(cut), score.meter, (4 - start) % 12))
        assert row.to_dict() == pytest.approx(alone, nan_ok=True)


def test_pieces_with_different_lines_are_refused() -> None:
    """A table has one set of columns."""
    with pytest.raises(InputError, match="different lines"):
        evaluate_windows([quarters((60,)), quarters((60, 48))])


@settings(max_examples=30)
@given(arrays(np.int8, (24, 4), elements=st.integers(-1, 127)), st.integers(-11, 11))
def test_transposition_changes_nothing_but_the_key(pitches: np.ndarray, by: int) -> None:
    """Every metric but C major is the same after moving all notes alike."""
    low = np.where((pitches != REST) & ((pitches < 12) | (pitches > 115)), 60, pitches)
    score = Score(low, onset_floor(low))
    here, there = evaluate(score), evaluate(score.transposed(by))
    for name in set(LABELS) - {"in_c_major"}:
        assert there[name] == pytest.approx(here[name], nan_ok=True), name


REFERENCE = {
    "pitch_classes": (6.74, 7.06),
    "in_best_scale": (0.957, 0.953),
    "in_c_major": (0.766, 0.762),
    "four_pitches": (0.908, 0.915),
    "tonal_distance": (1.567, 1.563),
    "crossing": (0.030, 0.020),
    "parallel_fifths": (0.06, 0.09),
    "parallel_octaves": (0.01, 0.02),
    "semitone_clash": (0.038, 0.031),
    "triad_or_seventh": (0.910, 0.907),
    "complete_triads": (0.733, 0.742),
    "stepwise_tenor": (0.76, None),
    "stepwise_bass": (None, 0.68),
    "leaps_bass": (0.27, None),
    "leaps_tenor": (None, 0.14),
    "notes_alto": (3.4, None),
    "notes_bass": (None, 4.7),
}
"""Published, of the valid and of the test split."""


@pytest.mark.parametrize(("at", "split"), [(0, "valid"), (1, "test")])
def test_published_chorales_give_the_reference_values(published, at: int, split: str) -> None:
    """Every figure equals the reference one to its last digit."""
    means = evaluate_windows(published(split)).mean()
    for name, values in REFERENCE.items():
        if values[at] is not None:
            digits = len(str(values[at]).partition(".")[2])
            assert means[name] == pytest.approx(values[at], abs=0.51 * 10**-digits), name
