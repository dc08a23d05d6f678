"""Phrase ends found where no fermatas are written."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.music import phrases
from kantor.music.notes import Note, arrays_of, notes_of
from kantor.music.phrases import infer_fermatas, note_answers, phrase_answers, possible_ends
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


def test_lines_of_verse():
    """Ode to Joy closes its lines of eight and seven syllables, on half notes and on quarters."""
    line = [64, 64, 65, 67, 67, 65, 64, 62, 60, 60, 62, 64]
    pitches = [*line, 64, 62, 62, *line, 62, 60, 60]
    lengths = [*[4] * 12, 6, 2, 8] * 2
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    notes = [Note(a, a + b, c) for a, b, c in zip(starts, lengths, pitches, strict=True)]
    assert ends(Score(*arrays_of(notes, sum(lengths), lines=1))) == [28, 56, 92, 120]


def test_possible_ends():
    """The probability of a note is that of all cuts in which it ends a phrase, by counting them."""
    score = tune([4, 4, 8, 4, 2, 2, 4, 8])
    notes, count = notes_of(score), 8
    cuts: dict[tuple[int, ...], float] = {}
    weights = phrases._scores(score, notes)
    for size in range(count):
        for inner in itertools.combinations(range(count - 1), size):
            ends, first = (*inner, count - 1), np.array([0, *(end + 1 for end in inner)])
            cuts[ends] = np.exp(sum(weights[ends, ends - first]))
    share = np.array([sum(w for ends, w in cuts.items() if i in ends) for i in range(count)])
    share /= sum(cuts.values())
    counts = possible_ends(score)
    named = np.array([counts[note.start] for note in notes])
    assert np.allclose(named, np.minimum(1, 2.5 * share), atol=1e-6)
    assert ((named > 0) & (named < 1)).sum() > 2


def test_what_is_asked_of_notes_and_phrases():
    """In C and 4/4: a half note C, a quarter of rest, a quarter G; C begins the second bar."""
    notes = [Note(0, 8, 60), Note(12, 16, 67), Note(16, 20, 60)]
    score = Score(*arrays_of(notes, 20, lines=1), pickup=0)
    asked = {name: found.tolist()[:2] for name, found in note_answers(score, notes).items()}
    assert asked == {
        "held": [5, 2],  # until the next note: twelve steps and four
        "place": [0, 2],  # first of the bar, fourth quarter
        "rest": [2, 0],  # a quarter more than the usual one, which is none
        "next": [5, 2],  # three times as long as the next note, as long
        "opening": [2, 0],  # what follows begins on another quarter than the tune, on the same
        "leap": [7, 1],  # a fifth up and down
        "degree": [0, 7],
    }
    assert [answers[1:, 1].tolist() for answers in phrase_answers(score, notes).values()] == [
        [8, 4],  # half quarters: from the first note to the third, from the second to the end
        [1, 10],  # one bar, half a bar
        [1, 1],
    ]


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
    for fermatas in (infer_fermatas(score), possible_ends(score)):
        assert fermatas.shape == (score.steps,)
        assert fermatas[-1] == 1
        for note in notes_of(score):
            assert len(set(fermatas[note.start : note.end])) == 1
