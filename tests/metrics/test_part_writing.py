"""Part-writing with known answers, built by hand."""

from dataclasses import replace

import numpy as np
import pytest

from kantor.ensemble import SATB, Ensemble, Line
from kantor.metrics.part_writing import (
    bare_fifths,
    beat_parallels,
    marks,
    root_of,
    shares,
    tally,
)
from kantor.music.score import Key, Score, onset_floor

C_MAJOR = Key(0)
TONIC, DOMINANT, SUBDOMINANT = (72, 67, 64, 48), (71, 67, 62, 43), (72, 69, 65, 41)


def quarters(*chords, held=(), key=C_MAJOR) -> Score:
    """A chord a quarter, from the first beat of a bar, a fermata over those at `held`."""
    pitches = np.repeat(np.array(chords, np.int8), 4, axis=0)
    fermatas = np.repeat(np.isin(np.arange(len(chords)), held), 4)
    return Score(pitches, onset_floor(pitches), key=key, fermatas=fermatas)


def test_a_plain_setting_has_nothing_to_mark() -> None:
    """I IV V I: each figure has its chances, and no hit but the authentic close."""
    plain = quarters(TONIC, SUBDOMINANT, DOMINANT, TONIC, held=(3,))
    figures = tally(plain, plain)
    hits = {name: hits for name, (hits, _) in figures.items() if hits}
    assert hits == {"authentic": 1}
    assert figures["unusual_moves_alto"][1] == 2  # its four chords are three notes
    assert figures["outside_bass"] == (0, 4)
    assert figures["beat_parallels"] == (0, 4)
    assert figures["authentic"] == (1, 1)
    assert "unusual_moves_soprano" not in figures
    assert "odd_durations_bass" not in figures


@pytest.mark.parametrize(
    ("notes", "hits"),
    [
        ((60, 62), 0),  # a whole tone
        ((64, 65), 0),  # a diatonic semitone
        ((60, 61), 1),  # a chromatic one
        ((65, 71), 1),  # a tritone
        ((65, 68), 1),  # an augmented second: F, G sharp
        ((60, 69), 0),  # a sixth
        ((60, 58), 0),  # to the minor seventh of the key
    ],
)
def test_unusual_moves(notes, hits) -> None:
    """In every key alike: what is no interval of a scale is one."""
    for by in (0, 2, -5):
        chords = [(72 + by, note + by, 52 + by, 48 + by) for note in notes]
        score = quarters(*chords, key=Key(0).transposed(by))
        assert tally(score, score)["unusual_moves_alto"] == (hits, 1)


def test_leaps_durations_and_what_stands_above() -> None:
    """A thirteenth semitone, three sixteenths, an alto over the soprano: each once."""
    score = quarters((72, 55, 52, 48), (67, 69, 52, 48), (72, 67, 52, 48))
    onsets = score.onsets.copy()
    onsets[11, 1] = True  # the second note of the alto lasts seven sixteenths less one
    figures = tally(replace(score, onsets=onsets), score)
    assert figures["wide_leaps_alto"][0] == 1
    assert figures["above_lead"] == (4, 12)
    short = score.onsets.copy()
    short[7, 1] = True  # three sixteenths, then one
    assert tally(replace(score, onsets=short), score)["odd_durations_alto"][0] == 1


def test_the_scale_and_the_last_bass_are_the_reference_s() -> None:
    """A sharp outside the reference's scale counts; so does another last bass note."""
    reference = quarters(TONIC, SUBDOMINANT, DOMINANT, TONIC)
    other = quarters(TONIC, SUBDOMINANT, (71, 66, 62, 43), (72, 67, 64, 45))
    figures = tally(other, reference)
    assert figures["outside_alto"] == (1, 4)
    assert figures["other_last_bass"] == (1, 1)
    assert tally(reference, reference)["other_last_bass"] == (0, 1)


@pytest.mark.parametrize(
    ("beats", "count"),
    [
        ([(67, 60), (69, 62)], 1),  # fifths
        ([(72, 60), (74, 62)], 1),  # octaves
        ([(67, 60), (81, 62)], 1),  # a fifth to a twelfth
        ([(67, 60), (55, 48)], 1),  # an octave down
        ([(67, 60), (67, 60)], 0),  # neither moves
        ([(67, 60), (62, 67)], 0),  # not the same way
        ([(64, 60), (65, 62)], 0),  # thirds
        ([(67, 60), (-1, 62)], 0),  # a rest
    ],
)
def test_parallels_between_beats(beats, count) -> None:
    """By hand, in two lines."""
    assert beat_parallels(np.array(beats)) == count


def test_notes_between_the_beats_hide_no_parallel() -> None:
    """Fifths from beat to beat with a sixteenth between them."""
    score = quarters((79, 67, 52, 48), (81, 69, 50, 41))
    pitches = score.pitches.copy()
    pitches[3, 0] = 77
    passing = Score(pitches, onset_floor(pitches), key=C_MAJOR)
    assert tally(passing, score)["beat_parallels"] == (1, 2)


def test_bare_fifths() -> None:
    """The lowest note and its fifth alone."""
    chords = np.array([(72, 67, 55, 48), (72, 67, 64, 48), (72, 60, 60, 48), (-1, -1, 55, 48)])
    assert bare_fifths(chords).tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("chord", "root"),
    [
        (TONIC, 0),
        ((72, 67, 60, 52), 0),  # first inversion
        ((71, 65, 62, 43), 7),  # a dominant seventh
        ((71, 65, 67, 43), 7),  # without its fifth
        ((76, 72, 60, 48), 0),  # root and third
        ((74, 72, 71, 48), None),
        ((-1, -1, -1, -1), None),
        ((72, 60, 60, 48), None),  # one note is no chord
    ],
)
def test_roots(chord, root) -> None:
    """Of whole chords and of parts of them."""
    assert root_of(np.array(chord)) == root


@pytest.mark.parametrize(
    ("before", "last", "kind"),
    [
        (DOMINANT, TONIC, "authentic"),
        (SUBDOMINANT, TONIC, "plagal"),
        (SUBDOMINANT, DOMINANT, "half"),
        (TONIC, DOMINANT, "half"),
        ((69, 66, 62, 50), DOMINANT, "authentic"),  # in the key of the dominant
    ],
)
def test_phrase_ends(before, last, kind) -> None:
    """By the roots of the last chord and of the one in the beat before."""
    score = quarters(TONIC, before, last, held=(2,))
    figures = tally(score, score)
    assert [name for name in ("authentic", "plagal", "half") if figures[name][0]] == [kind]
    assert figures["unrooted"] == (0, 1)
    inverted = quarters(TONIC, before, (72, 67, 60, 52), held=(2,))
    assert tally(inverted, score)["unrooted"] == (1, 1)


def test_shares_are_of_sums() -> None:
    """A long piece counts more; no chance is no figure."""
    pieces = [{"a": (1, 1), "b": (0, 0)}, {"a": (0, 9), "b": (0, 0)}]
    assert shares(pieces)["a"] == pytest.approx(0.1)
    assert np.isnan(shares(pieces)["b"])


def test_ensembles_have_the_marks_that_they_have_lines_for() -> None:
    """No bass, no last bass note; two lines, no chords; names are the lines' own."""
    assert len(marks(SATB)) == 19
    assert not {"outside_soprano", "odd_durations_bass", "wide_leaps_bass"} & set(marks(SATB))
    assert marks(SATB)["outside_alto"].label == "notes outside the piece's scale, alto"
    duo = Ensemble("duo", (Line("flute", 60, 96), Line("viola", 48, 76)), bass=None)
    kinds = ("unusual_moves", "outside", "wide_leaps", "odd_durations")
    joint = ["above_lead", "beat_parallels", "other_key"]
    assert list(marks(duo)) == [*(f"{kind}_viola" for kind in kinds), *joint]
    pitches = np.repeat(np.array([(72, 60), (74, 62)], np.int8), 4, axis=0)
    score = Score(pitches, onset_floor(pitches), key=C_MAJOR, ensemble=duo)
    assert list(tally(score, score)) == list(marks(duo))
    assert tally(score, score)["beat_parallels"] == (1, 2)
