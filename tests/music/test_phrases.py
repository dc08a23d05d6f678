"""Phrase ends found where no fermatas are written."""

import numpy as np
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


def test_two_phrases_of_two_bars():
    """Twinkle, twinkle: the half note that closes every second bar ends a phrase."""
    assert ends(tune([4] * 6 + [8] + [4] * 6 + [8])) == [24, 56]


def test_phrases_with_a_pickup():
    """After a pickup of a quarter phrases close on the third quarter, held or not."""
    assert ends(tune([4] * 7 + [4] + [4] * 7 + [4] + [4] * 7 + [4], pickup=4)) == [28, 60, 92]


def test_a_rest_ends_a_phrase():
    """What is followed by a quarter of silence closes, though it is no longer than the others."""
    notes = [Note(4 * i, 4 * i + 4, 67) for i in range(12) if i not in (5, 6)]
    score = Score(*arrays_of(notes, 48, lines=1))
    assert 16 in ends(score)


def test_staccato_is_no_phrase_end():
    """Short notes with short rests between are one phrase."""
    notes = [Note(4 * i, 4 * i + 2, 67 + i % 2) for i in range(8)]
    assert ends(Score(*arrays_of(notes, 30, lines=1))) == [28]


def test_nothing_at_all():
    """Silence has no phrases."""
    assert not infer_fermatas(Score(np.full((16, 1), -1), np.zeros((16, 1), bool))).any()


@given(
    st.lists(st.sampled_from([1, 2, 4, 6, 8, 16, 200]), min_size=1, max_size=60),
    st.sampled_from(["4/4", "3/4", "6/8", "2/4", "5/8", "2/2"]),
)
@settings(max_examples=50, deadline=None)
def test_fermatas_cover_whole_notes_and_the_last(durations, meter):
    """In any rhythm and meter a fermata covers a note from start to end, the last one always."""
    score = tune(durations, meter)
    fermatas = infer_fermatas(score)
    assert fermatas.shape == (score.steps,)
    assert fermatas[-1]
    for note in notes_of(score):
        assert len(set(fermatas[note.start : note.end])) == 1
