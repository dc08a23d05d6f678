"""Golden values, worked out by hand, for every metric of `kantor.metrics.musical`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kantor.ensemble import Ensemble, Line
from kantor.errors import InputError
from kantor.metrics import chords, motion, texture
from kantor.metrics.musical import (
    LABELS,
    Passages,
    evaluate,
    evaluate_windows,
    headline,
    labels,
    window_starts,
)
from kantor.music.score import REST, Meter, Score, onset_floor

C_MAJOR = [60, 62, 64, 65, 67, 69, 71, 72]


def quarters(*chords_: tuple[int, ...], meter: str = "4/4", pickup: int = 0) -> Score:
    """A score with a chord a quarter, onsets where the pitch changes."""
    pitches = np.repeat(np.array(chords_, np.int8), 4, axis=0)
    return Score(pitches, onset_floor(pitches), Meter.parse(meter), pickup)


def sixteenths(*chords_: tuple[int, ...]) -> Score:
    """A score with a chord a sixteenth."""
    pitches = np.array(chords_, np.int8)
    return Score(pitches, onset_floor(pitches))


def beats_of(score: Score) -> np.ndarray:
    """Where the score's beats begin."""
    return Passages.of(score, [0], score.steps).beats[0]


FIFTH = np.sqrt(np.sum(np.square([2 * np.sin(np.pi / 12), np.sqrt(2), np.sin(np.pi / 3)])))
"""From C to G: 30 degrees apart on the fifths, 90 on the minor thirds, 120 on the major thirds of
radius one half; 1.738."""
NAN = float("nan")
GOLDEN = {
    "an octave is no distance, as octaves are folded (MuseGAN: 2.55)": (
        quarters((72, 60)),
        {"tonal_distance": 0},
    ),
    "the distance of a fifth": (quarters((67, 60)), {"tonal_distance": FIFTH}),
    "a C-major scale is in C major (pypianoroll: .857, the workshop: .50)": (
        quarters(*((pitch,) for pitch in C_MAJOR)),
        {"in_c_major": 1, "in_best_scale": 1},
    ),
    "D flat major shares F and C with C major, two of its eight notes": (
        quarters(*((pitch + 1,) for pitch in C_MAJOR)),
        {"in_c_major": 2 / 8, "in_best_scale": 1},
    ),
    "one silent line in one of two bars is a quarter (MuseGAN: .75)": (
        quarters(*[(67, 60)] * 4, *[(67, REST)] * 4),
        {"empty_bars": 1 / 4},
    ),
    "octaves are one pitch class (MuseGAN's fold: two)": (
        quarters(*[(72, 60)] * 4),
        {"pitch_classes": 1},
    ),
    "neighbouring semitones are different pitch classes (MuseGAN's fold: one)": (
        quarters((60, 61), (62, 63), (64, 65), (66, 66)),
        {"pitch_classes": 7},
    ),
    "in 3/4 with a pickup only the two whole bars count, of 3 and 1 pitch classes": (
        quarters((61,), (60,), (62,), (64,), (65,), (65,), (77,), (66,), meter="3/4", pickup=4),
        {"pitch_classes": 2},
    ),
    "less than a bar has no figure for bars": (quarters((60, 48)), {"pitch_classes": NAN}),
    "of one triad, one clash and two silent beats half are triads": (
        quarters((72, 67, 64, 48), (REST,) * 4, (71, 67, 64, 48), (REST,) * 4),
        {"complete_triads": 1 / 2},
    ),
    "three quarters in a 3/4 bar are as dense as four in 4/4": (
        quarters((60,), (62,), (64,), meter="3/4"),
        {"notes_melody": 4},
    ),
    "C, rest, C are two notes and no move": (
        quarters((60,), (REST,), (60,), (REST,)),
        {"notes_melody": 2, "stepwise_melody": NAN},
    ),
    "a unison and a rest leave fewer than four pitches, octaves do not": (
        quarters((72, 67, 64, 48), (72, 60, 60, 48), (72, 67, 64, REST), (72, 60, 48, 36)),
        {"four_pitches": 1 / 2},
    ),
    "of moves of 2, 1, 4, 5 and -12 semitones two are steps and two are leaps": (
        quarters((60,), (62,), (62,), (63,), (67,), (72,), (60,)),
        {"stepwise_melody": 2 / 5, "leaps_melody": 2 / 5},
    ),
    "fifths with silence between them do not adjoin": (
        quarters((67, 60), (REST, REST), (69, 62)),
        {"parallel_fifths": 0},
    ),
    "each pair of lines counts: two fifths and one octave in eight steps": (
        quarters((67, 60, 48), (69, 62, 50)),
        {"parallel_fifths": 25, "parallel_octaves": 12.5},
    ),
    "one quarter of four crosses: not a unison, nor where a line rests": (
        quarters((72, 67, 64, 48), (64, 67, 60, 48), (67, 67, 60, 48), (64, 67, REST, 48)),
        {"crossing": 1 / 4},
    ),
    "a clash between two beats is a passing note": (
        sixteenths((67, 64, 60, 48), (67, 64, 60, 48), (67, 59, 60, 48), (67, 59, 60, 48)),
        {"semitone_clash": 0},
    ),
}


@pytest.mark.parametrize(("score", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_golden_values(score: Score, expected: dict[str, float]) -> None:
    """Worked out by hand; many were faults of a known implementation."""
    figures = evaluate(score)
    for name, value in expected.items():
        assert figures[name] == pytest.approx(value, abs=1e-12, nan_ok=True), name


def test_tonal_distance_weighs_notes_of_a_beat_by_duration() -> None:
    """Three sixteenths of C and one of G stand three parts at C and one at G."""
    upper = np.full(4, 60)
    lower = np.array([60, 60, 60, 67])
    pitches = np.stack([upper, lower], axis=1).astype(np.int8)
    whole = chords.tonal_distance(np.array([[60, 67]] * 4, np.int8), np.array([1, 0, 0, 0], bool))
    got = chords.tonal_distance(pitches, np.array([True, False, False, False]))
    assert got == pytest.approx(whole / 4)


def test_rolls_of_minus_one_and_one_are_refused() -> None:
    """A roll of {-1, 1} is not read as pitches (the workshop feeds it to formulas for {0, 1})."""
    roll = np.where(np.zeros((1, 16, 128)), 1.0, -1.0)
    with pytest.raises(InputError, match="type float64"):
        texture.empty_bars(roll, np.zeros((1, 16, 2), np.int16))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chord", "inside", "complete", "clash"),
    [
        ((72, 67, 64, 48), 1, 1, 0),  # C major
        ((72, 67, 63, 48), 1, 1, 0),  # C minor
        ((66, 63, 60, 48), 1, 1, 0),  # C diminished
        ((68, 64, 60, 48), 0, 0, 0),  # C augmented: not in the vocabulary
        ((72, 72, 64, 48), 1, 0, 0),  # a third alone
        ((70, 67, 64, 48), 1, 0, 0),  # dominant seventh
        ((71, 67, 64, 48), 1, 0, 1),  # major seventh: B against C
        ((70, 67, 63, 48), 1, 0, 0),  # minor seventh
        ((70, 66, 63, 48), 1, 0, 0),  # half-diminished seventh
        ((69, 66, 63, 48), 1, 0, 0),  # diminished seventh
        ((67, 65, 64, 48), 0, 0, 1),  # a suspension: E against F
        ((72, 67, 62, 48), 0, 0, 0),  # two fifths
        ((60, REST, REST, REST), 1, 0, 0),  # one voice sounds
    ],
)
def test_chord_metrics(chord: tuple[int, ...], inside: int, complete: int, clash: int) -> None:
    """Each kind of chord is told from the others."""
    figures = evaluate(quarters(chord))
    assert figures["triad_or_seventh"] == inside
    assert figures["complete_triads"] == complete
    assert figures["semitone_clash"] == clash


KINDS = {
    "major": (72, 67, 64, 48),
    "minor": (69, 64, 60, 45),
    "diminished": (71, 65, 62, 50),
    "dominant 7th": (71, 65, 62, 43),
    "minor 7th": (72, 65, 57, 50),
    "major 7th": (76, 71, 67, 48),
    "half-dim. 7th": (69, 65, 62, 47),
    "dim. 7th": (68, 65, 62, 47),
    "incomplete": (72, 64, 60, 48),
    "other": (74, 67, 64, 48),
}


@pytest.mark.parametrize("shift", range(-5, 7))
def test_every_kind_of_chord_is_known(shift: int) -> None:
    """One beat of each kind, in any key, counts once; silence is no chord."""
    score = quarters(*KINDS.values(), (REST,) * 4).transposed(shift)
    assert tuple(KINDS) == chords.KINDS
    assert chords.chord_counts(score.pitches, beats_of(score)).tolist() == [1] * len(KINDS)


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
    pitches = np.full((24, 4), 60, np.int8)
    score = Score(pitches, onset_floor(pitches), Meter.parse(meter), pickup)
    assert np.flatnonzero(beats_of(score)).tolist() == expected


def test_bars_do_not_run_across_windows() -> None:
    """Two windows of one batch keep their bars apart."""
    pitches = np.array([[[60]] * 16, [[62]] * 8 + [[64]] * 8], np.int8)
    bars = np.broadcast_to(np.stack([np.arange(16), np.full(16, 16)], axis=1), (2, 16, 2))
    got = texture.pitch_classes_per_bar(pitches, bars.astype(np.int16))
    assert got.tolist() == [1, 2]


def test_notes_per_bar_with_known_onsets() -> None:
    """Four repeated quarters are four notes, a held one is one, also of a passage within it."""
    pitches = np.full((16, 1), 60, np.int8)
    onsets = np.zeros((16, 1), bool)
    onsets[::4] = True
    assert texture.notes_per_bar(pitches, onsets).tolist() == [4]
    assert texture.notes_per_bar(pitches, onset_floor(pitches)).tolist() == [1]
    assert texture.notes_per_bar(pitches[:4], np.zeros((4, 1), bool)).tolist() == [4]


@pytest.mark.parametrize(
    ("before", "after", "fifths", "octaves"),
    [
        ((67, 60), (69, 62), 1, 0),  # both up
        ((67, 60), (65, 58), 1, 0),  # both down
        ((79, 60), (81, 62), 1, 0),  # twelfths
        ((67, 60), (81, 62), 1, 0),  # a fifth, then a twelfth, the same way
        ((72, 60), (74, 62), 0, 1),  # octaves
        ((60, 60), (62, 62), 0, 1),  # unisons
        ((67, 60), (67, 60), 0, 0),  # nobody moves
        ((67, 60), (55, 60), 0, 0),  # one moves
        ((67, 60), (57, 62), 0, 0),  # contrary motion
        ((79, 60), (69, 62), 0, 0),  # twelfth to fifth by contrary motion
        ((67, 60), (68, 62), 0, 0),  # a fifth, then a tritone
        ((64, 60), (69, 62), 0, 0),  # a hidden fifth is not a parallel one
        ((67, 60), (REST, 62), 0, 0),  # a voice ends
    ],
)
def test_parallels(
    before: tuple[int, int], after: tuple[int, int], fifths: int, octaves: int
) -> None:
    """One parallel in eight steps is 12.5 a hundred."""
    figures = evaluate(quarters(before, after))
    assert figures["parallel_fifths"] == 12.5 * fifths
    assert figures["parallel_octaves"] == 12.5 * octaves


def test_evaluate_names_every_metric_in_order() -> None:
    """Four voices have the names of `LABELS`, in that order, as plain floats."""
    figures = evaluate(quarters((72, 67, 64, 48), (74, 67, 65, 47)))
    assert list(figures) == list(LABELS)
    assert all(type(value) is float for value in figures.values())


@pytest.mark.parametrize("steps", [0, 1])
def test_silence_and_nothing_have_no_chords(steps: int) -> None:
    """An empty or a silent score is evaluated without a warning; what is undefined is NaN."""
    score = Score(np.full((steps, 4), REST, np.int8), np.zeros((steps, 4), bool))
    figures = evaluate(score)
    assert np.isnan(figures["triad_or_seventh"])
    assert np.isnan(figures["in_best_scale"])
    assert np.isnan(figures["tonal_distance"])


def test_an_ensemble_names_its_metrics() -> None:
    """Drums are left out, and so is what needs more lines than there are."""
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
    """After a pickup of one quarter: 4, 36, …; what is left at the end is dropped."""
    score = quarters(*[(60,)] * 20, pickup=4)
    assert window_starts(score) == [4, 36]
    assert window_starts(quarters((60,), (62,))) == [0]


def test_a_window_is_evaluated_as_a_score_of_its_own() -> None:
    """The batch of windows gives what each window gives alone, held notes at its edge included."""
    rng = np.random.default_rng(0)
    pitches = np.repeat(rng.integers(48, 80, (24, 4)), 5, axis=0).astype(np.int8)
    pitches[rng.random(pitches.shape) < 0.1] = REST
    score = Score(pitches, onset_floor(pitches), Meter(3, 4), 4)
    frame = evaluate_windows([score, score.transposed(1)])
    assert frame.index.tolist()[:3] == [(0, 4), (0, 36), (0, 68)]
    for (piece, start), row in frame.iterrows():
        moved = score.transposed(piece)
        cut = Score(
            moved.pitches[start : start + 32],
            onset_floor(moved.pitches[start : start + 32]),
            score.meter,
            (4 - start) % 12,
        )
        alone = evaluate(cut)
        for name, value in alone.items():
            assert row[name] == pytest.approx(value, nan_ok=True), name


def test_pieces_of_different_length_share_a_table() -> None:
    """Short pieces are one window each, in the order in which they came."""
    frame = evaluate_windows([quarters((60,)), quarters(*[(62,)] * 8), quarters((64,))])
    assert frame.index.tolist() == [(0, 0), (1, 0), (2, 0)]


def test_pieces_with_different_lines_are_refused() -> None:
    """A table has one set of columns."""
    with pytest.raises(InputError, match="different lines"):
        evaluate_windows([quarters((60,)), quarters((60, 48))])


@settings(max_examples=30, deadline=None)
@given(arrays(np.int8, (24, 4), elements=st.integers(-1, 127)), st.integers(-11, 11))
def test_transposition_changes_nothing_but_the_key(pitches: np.ndarray, by: int) -> None:
    """Every metric but C major is the same after moving all notes alike."""
    low = np.where((pitches != REST) & ((pitches < 12) | (pitches > 115)), 60, pitches)
    score = Score(low, onset_floor(low))
    here, there = evaluate(score), evaluate(score.transposed(by))
    for name in set(LABELS) - {"in_c_major"}:
        assert there[name] == pytest.approx(here[name], nan_ok=True), name


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        (
            "valid",
            {
                "pitch_classes": 6.74,
                "in_best_scale": 0.957,
                "in_c_major": 0.766,
                "four_pitches": 0.908,
                "tonal_distance": 1.567,
                "crossing": 0.030,
                "parallel_fifths": 0.06,
                "parallel_octaves": 0.01,
                "semitone_clash": 0.038,
                "triad_or_seventh": 0.910,
                "complete_triads": 0.733,
                "stepwise_tenor": 0.76,
                "leaps_bass": 0.27,
                "notes_alto": 3.4,
            },
        ),
        (
            "test",
            {
                "pitch_classes": 7.06,
                "in_best_scale": 0.953,
                "in_c_major": 0.762,
                "four_pitches": 0.915,
                "tonal_distance": 1.563,
                "crossing": 0.020,
                "parallel_fifths": 0.09,
                "parallel_octaves": 0.02,
                "semitone_clash": 0.031,
                "triad_or_seventh": 0.907,
                "complete_triads": 0.742,
                "stepwise_bass": 0.68,
                "leaps_tenor": 0.14,
                "notes_bass": 4.7,
            },
        ),
    ],
)
def test_published_chorales_give_the_reference_values(
    published, split: str, expected: dict[str, float]
) -> None:
    """Every figure equals the reference one to its last digit."""
    means = evaluate_windows(published(split)).mean()
    for name, value in expected.items():
        digits = len(str(value).partition(".")[2])
        assert means[name] == pytest.approx(value, abs=0.51 * 10**-digits), name


def test_array_functions_take_single_passages_and_batches() -> None:
    """``(time, voice)`` and ``(passage, time, voice)`` give the same numbers."""
    rng = np.random.default_rng(1)
    batch = rng.integers(-1, 90, (3, 32, 4)).astype(np.int8)
    together = motion.parallel_octaves(batch)
    assert together.tolist() == [float(motion.parallel_octaves(one)) for one in batch]
