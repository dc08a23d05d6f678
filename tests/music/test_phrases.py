"""Phrase ends found where no fermatas are written."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.music.notes import Note, arrays_of, notes_of
from kantor.music.phrases import infer_fermatas
from kantor.music.score import Meter, Score


def tune(durations, meter="4/4", pickup=0):
    ends = np.cumsum(durations)
    notes = [
        Note(int(end - long), int(end), 67 + index % 3)
        for index, (long, end) in enumerate(zip(durations, ends, strict=True))
    ]
    pitches, onsets = arrays_of(notes, int(ends[-1]), lines=1)
    return Score(pitches, onsets, meter=Meter.parse(meter), pickup=pickup)


def ends(score):
    fermatas = infer_fermatas(score)
    return [note.start for note in notes_of(score) if fermatas[note.start]]


@pytest.mark.parametrize(
    ("durations", "pickup", "expected"),
    [
        # Twinkle, twinkle: the half note that closes every second bar
        ([4] * 6 + [8] + [4] * 6 + [8], 0, [24, 56]),
        # after a pickup of a quarter on the third quarter, held or not
        ([4] * 24, 4, [28, 60, 92]),
    ],
)
def test_phrases_of_two_bars(durations, pickup, expected):
    """They close where a singer would breathe."""
    assert ends(tune(durations, pickup=pickup)) == expected


def test_a_rest_ends_a_phrase_and_staccato_does_not():
    """A quarter of silence closes a phrase; short notes with short rests between are one."""
    rested = [Note(4 * i, 4 * i + 4, 67) for i in range(12) if i not in (5, 6)]
    assert 16 in ends(Score(*arrays_of(rested, 48, lines=1)))
    staccato = [Note(4 * i, 4 * i + 2, 67 + i % 2) for i in range(8)]
    assert ends(Score(*arrays_of(staccato, 30, lines=1))) == [28]
    assert ends(Score(np.full((16, 1), -1), np.zeros((16, 1), bool))) == []


@given(
    st.lists(st.sampled_from([1, 2, 4, 6, 8, 16, 200]), min_size=1, max_size=60),
    st.sampled_from(["4/4", "3/4", "6/8", "2/4", "5/8", "2/2"]),
)
@settings(max_examples=50)
def test_fermatas_cover_whole_notes_and_the_last(durations, meter):
    """In any rhythm and meter a fermata covers a note from start to end, the last one always."""
    score = tune(durations, meter)
    fermatas = infer_fermatas(score)
    assert fermatas.shape == (score.steps,)
    assert fermatas[-1]
    for note in notes_of(score):
        assert len(set(fermatas[note.start : note.end])) == 1
