"""Notes to the grid and back."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.errors import InputError
from kantor.music.notes import Note, arrays_of, notes_of
from kantor.music.score import REST, Score


@st.composite
def voices(draw: st.DrawFn, steps: int = 24, count: int = 4) -> list[Note]:
    """Notes that do not overlap within a voice, repeated ones and rests among them."""
    notes = []
    for voice in range(count):
        cuts = sorted(draw(st.sets(st.integers(0, steps), max_size=10)))
        for start, end in itertools.pairwise(cuts):
            pitch = draw(st.sampled_from([REST, 0, 60, 61, 127]))
            notes += [Note(start, end, pitch, voice)] * (pitch != REST)
    return sorted(notes)


@given(voices())
@settings(max_examples=60)
def test_notes_survive_the_grid(notes: list[Note]) -> None:
    """Notes written to arrays and read back are the same notes, repeated ones apart."""
    assert notes_of(Score(*arrays_of(notes, 24))) == notes


def test_a_later_note_counts_where_two_overlap() -> None:
    """A long note ends where the next begins, and does not come back after it."""
    pitches, onsets = arrays_of([Note(0, 8, 60), Note(2, 4, 62)], 8, 1)
    assert pitches[:, 0].tolist() == [60, 60, 62, 62, -1, -1, -1, -1]
    assert np.flatnonzero(onsets[:, 0]).tolist() == [0, 2]


@pytest.mark.parametrize(
    "note", [Note(-1, 2, 60), Note(6, 9, 60), Note(3, 3, 60), Note(0, 1, 60, 4)]
)
def test_notes_off_the_grid_are_refused(note: Note) -> None:
    """A note before, behind, without length or in no voice is an error."""
    with pytest.raises(InputError, match="lies outside"):
        arrays_of([note], 8)
