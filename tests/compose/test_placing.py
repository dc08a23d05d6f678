"""Notes of a file in its bars: bar lines, silence, rests and pickups that are not marked."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.compose.pickup import infer_pickup
from kantor.compose.placing import place
from kantor.formats.parsed import ParsedFile
from kantor.music.notes import Note, notes_of
from kantor.music.score import Meter

METERS = st.sampled_from(["4/4", "3/4", "6/8", "2/4", "5/8", "12/8", "2/2", "1/4"])
CHANGES = st.lists(st.tuples(st.integers(0, 60), METERS), max_size=4)
DURATIONS = st.lists(st.integers(1, 20), min_size=1, max_size=12)


def parsed(*meters, **fields):
    """A file without notes, in 4/4 by default."""
    changes = tuple((Fraction(start), Meter.parse(text)) for start, text in meters)
    return ParsedFile((), changes or ((Fraction(0), Meter()),), **fields)


def tune(durations, start=0):
    """Notes that follow each other, by their lengths in steps."""
    ends = start + np.cumsum(durations)
    pairs = zip(durations, ends, strict=True)
    return [Note(int(end - long), int(end), 67) for long, end in pairs]


@given(CHANGES, st.integers(0, 70), DURATIONS, st.none() | st.integers(0, 15), st.booleans())
@settings(max_examples=150)
def test_no_note_leaves_its_place_in_the_bar(changes, start, durations, pickup, irregular):
    """Whatever the meters, each note stands as far from its bar line as in the file."""
    meters = sorted({0: "4/4", **dict(changes)}.items())
    lines = tuple(Fraction(step, 4) for step in range(0, 300, 10)) if irregular else ()
    file = parsed(*meters, pickup=Fraction(pickup or 0, 4), bar_lines=lines)
    notes = tune(durations, start)
    score, _ = place(file, notes)
    placed = notes_of(score)
    assert [note.pitch for note in placed] == [67] * len(notes)
    origin = notes[0].start - placed[0].start
    assert [n.start + origin for n in placed] == [n.start for n in notes]
    rung = notes[-1].end - origin - score.steps
    assert rung == 0 or (4 * rung < 64 and score.steps + origin > notes[-1].start)
    if irregular:
        assert {int(line + origin) % 10 for line in score.bar_lines} <= {0}
    elif len(meters) == 1:
        since = [score.bar_positions[n.start, 0] for n in placed]
        bar = file.meters[0][1].bar_steps
        assert since == [(n.start - (pickup or 0)) % bar for n in notes]


@given(
    CHANGES,
    st.integers(0, 70),
    DURATIONS,
    st.integers(0, 15),
    st.lists(st.integers(1, 40), max_size=10, unique=True),
    st.integers(0, 80),
)
@settings(max_examples=150)
def test_rests_around_the_notes(changes, start, durations, pickup, lines, length):
    """Kept, all of the file's time is there; of the last bar's rests no more than the bar."""
    meters = sorted({0: "4/4", **dict(changes)}.items())
    bar_lines = tuple(Fraction(line) for line in sorted(lines))
    fields = {"pickup": Fraction(pickup, 4), "bar_lines": bar_lines, "length": Fraction(length)}
    file, notes = parsed(*meters, **fields), tune(durations, start)
    kept, _ = place(file, notes, "keep")
    assert notes_of(kept) == notes
    assert kept.steps == max(notes[-1].end, 4 * length)
    cut, bar = place(file, notes)[0], place(file, notes, "bar")[0]
    assert notes_of(bar) == notes_of(cut)
    assert 0 <= bar.steps - cut.steps <= max(0, 4 * length - notes[-1].end)
    assert not ((bar.bar_lines >= cut.steps) & (bar.bar_lines < bar.steps)).any()


def test_voices_are_placed_together():
    """What is before the earliest note of any voice is left out of all."""
    notes = [note._replace(line=3) for note in tune([4, 4], 36)] + tune([4], 40)
    score, messages = place(parsed(pickup=Fraction(0)), notes)
    assert score.pitches[:, 3].tolist() == [-1] * 4 + [67] * 8
    assert score.pitches[:, 0].tolist() == [-1] * 8 + [67] * 4
    assert messages == ["8 quarters of silence before the first note left out"]


OFF = tune([4] + [4, 4, 8, 4, 4, 8] * 3 + [4, 4, 8, 12])


def test_an_unmarked_pickup_is_found_and_told():
    """Long notes that would all begin on the last quarter say that the bar lines are off by one."""
    assert infer_pickup(parsed(), tune([4, 4, 8, 4, 4, 8] * 3 + [4, 4, 8, 16])) == 0
    score, messages = place(parsed(), OFF)
    assert score.pickup == 4
    assert messages == [
        "no pickup is marked; its rhythm puts 1 quarter before the first bar line; "
        "--pickup 0 keeps the file's bar lines"
    ]
    syncopated = tune([4, 12] * 8)  # one rhythm throughout is one piece of evidence
    assert infer_pickup(parsed(), syncopated) == 0


@pytest.mark.parametrize(
    ("file", "notes"),
    [
        (parsed(pickup=Fraction(0)), OFF),
        (parsed(bar_lines=(Fraction(0), Fraction(4))), OFF),
        (parsed((0, "6/8")), OFF),
        (parsed((0, "4/4"), (8, "3/4")), OFF),
        (parsed(), tune([4] + [4, 4, 8, 4, 4, 8] * 3, start=12)),
    ],
)
def test_what_the_file_says_is_not_guessed(file, notes):
    """Bar lines that are written, meters that change or are others, and a melody that enters
    within a bar stand as they are."""
    assert infer_pickup(file, notes) == 0
