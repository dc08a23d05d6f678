"""Phrase ends with known answers, built by hand."""

from dataclasses import replace

import numpy as np
import pytest

from kantor.metrics.cadences import LABELS, evaluate_phrase_ends, judge, phrase_ends
from kantor.music.score import REST, Key, Score, onset_floor

C_MAJOR, A_MINOR = Key(0), Key(0, "minor")
NOT, TRIAD, DIATONIC, CLOSE = (0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1)


def eighths(*chords: tuple[int, ...], held: tuple[int, ...], key: Key | None = C_MAJOR) -> Score:
    """A chord an eighth, a fermata over those whose places are `held`."""
    pitches = np.repeat(np.array(chords, np.int8), 2, axis=0)
    fermatas = np.repeat(np.isin(np.arange(len(chords)), held), 2)
    return Score(pitches, onset_floor(pitches), key=key, fermatas=fermatas)


@pytest.mark.parametrize(
    ("chord", "key", "expected"),
    [
        ((72, 67, 64, 48), C_MAJOR, CLOSE),  # I
        ((72, 64, 60, 48), C_MAJOR, CLOSE),  # I without fifth
        ((71, 67, 62, 43), C_MAJOR, CLOSE),  # V
        ((69, 65, 62, 50), C_MAJOR, DIATONIC),  # ii
        ((72, 69, 64, 45), C_MAJOR, DIATONIC),  # vi
        ((69, 66, 62, 50), C_MAJOR, TRIAD),  # V of V
        ((68, 64, 59, 52), C_MAJOR, TRIAD),  # V of vi: minor's dominant, but this is major
        ((72, 67, 63, 48), C_MAJOR, TRIAD),  # the tonic, of the wrong mode
        ((72, 67, 60, 52), C_MAJOR, NOT),  # I in first inversion
        ((72, 64, 60, 43), C_MAJOR, NOT),  # I in second inversion
        ((72, 67, 60, 48), C_MAJOR, NOT),  # an open fifth
        ((71, 65, 62, 47), C_MAJOR, NOT),  # a diminished triad
        ((71, 65, 62, 43), C_MAJOR, NOT),  # a dominant seventh
        ((76, 67, 63, 48), C_MAJOR, NOT),  # both thirds
        ((72, 67, 48, 52), C_MAJOR, CLOSE),  # the tenor crosses the bass and sounds the root
        ((76, -1, -1, 48), C_MAJOR, CLOSE),  # two voices
        ((72, -1, -1, -1), C_MAJOR, NOT),  # one
        ((69, 64, 60, 45), A_MINOR, CLOSE),  # i
        ((69, 64, 61, 45), A_MINOR, CLOSE),  # a Picardy third
        ((68, 64, 59, 52), A_MINOR, CLOSE),  # V with the raised leading tone
        ((67, 64, 59, 52), A_MINOR, CLOSE),  # v without
        ((72, 67, 64, 48), A_MINOR, DIATONIC),  # III
        ((69, 66, 62, 50), A_MINOR, TRIAD),  # a major subdominant
        ((71, 68, 64, 56), A_MINOR, NOT),  # V in first inversion
    ],
)
def test_each_chord_is_known_for_what_it_is(chord, key, expected) -> None:
    """By hand, in major and in minor, and the same when chord and key are moved together."""
    pitches = np.array([chord])
    for by in range(-5, 7):
        moved = np.where(pitches == REST, REST, pitches + by).astype(np.int8)
        assert tuple(judge(moved, key.transposed(by))[0]) == expected


def test_the_last_full_chord_under_a_fermata_counts() -> None:
    """What a suspension resolves to; the last one before a voice falls silent."""
    suspended = eighths((72, 65, 62, 47), (72, 67, 65, 48), (72, 67, 64, 48), held=(1, 2))
    assert phrase_ends(suspended).tolist() == [5]
    passing = eighths((72, 67, 64, 48), (72, 67, 64, 46), held=(0, 1))
    fading = eighths((72, 67, 64, 48), (72, 67, 64, 48), (72, -1, -1, -1), held=(0, 1, 2))
    assert phrase_ends(fading).tolist() == [3]
    table = evaluate_phrase_ends([suspended, passing, fading])
    assert table["root_position"].tolist() == [1.0, 0.0, 1.0]


def test_every_fermata_that_sounds_ends_a_phrase() -> None:
    """One over rests ends none; one that lasts to the score's end does."""
    score = eighths(
        (72, 67, 64, 48), (71, 67, 62, 43), (-1, -1, -1, -1), (71, 67, 62, 43), (72, 67, 60, 52),
        held=(0, 2, 4),
    )  # fmt: skip
    assert phrase_ends(score).tolist() == [1, 9]
    table = evaluate_phrase_ends([score, replace(score, fermatas=np.ones(score.steps, bool))])
    assert table.index.tolist() == [(0, 1), (0, 9), (1, 9)]
    assert list(table.columns) == list(LABELS)
    assert table["root_position"].tolist() == [1, 0, 0]


def test_without_fermatas_there_is_nothing_to_count() -> None:
    """No fermata, no row; the shares are NaN and not 0."""
    table = evaluate_phrase_ends([eighths((72, 67, 64, 48), held=())])
    assert len(table) == 0
    assert table.mean().isna().all()
    assert list(table.groupby(level="piece").mean().columns) == list(LABELS)


def test_an_unknown_key_is_taken_from_the_melody() -> None:
    """All settings of a melody are judged in one key, whatever stands under it."""
    tune = (67, 69, 71, 72, 74, 72, 71, 69, 67, 71, 74, 72, 71, 69, 71, 72)
    home = [(pitch, 64, 60, 48) for pitch in tune[:-1]] + [(72, 67, 64, 48)]
    away = [(pitch, 68, 61, 53) for pitch in tune[:-1]] + [(72, 68, 63, 56)]
    table = evaluate_phrase_ends([eighths(*one, held=(15,), key=None) for one in (home, away)])
    assert table.to_numpy().tolist() == [[1, 1, 1], [1, 0, 0]]
