"""Melodies of messy files as scores: notes on the grid, in their bars, in a key, in phrases."""

from fractions import Fraction

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.compose.from_file import from_file, read_request
from kantor.compose.transcribing import infer_pickup, place
from kantor.errors import InputError
from kantor.formats.parsed import Limits, ParsedFile, Part
from kantor.music.notes import Note, TimedNote, notes_of
from kantor.music.score import Key, Meter

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)
THIRD = Fraction(1, 3)
METERS = st.sampled_from(["4/4", "3/4", "6/8", "2/4", "5/8", "12/8", "2/2", "1/4"])
CHANGES = st.lists(st.tuples(st.integers(0, 60), METERS), max_size=4)
DURATIONS = st.lists(st.integers(1, 20), min_size=1, max_size=12)


def quarters(pitches, start=0, length=1):
    return [(start + index * length, length, pitch) for index, pitch in enumerate(pitches)]


def sung(request):
    return [(note.start, note.end, note.pitch) for note in notes_of(request.score)]


def parsed(notes=(), *meters, **rest):
    """A file of notes ``(start, length, pitch)`` in quarters; C major in 4/4 by default."""
    timed = tuple(TimedNote(Fraction(s), Fraction(s + d), p) for s, d, p in notes)
    changes = tuple((Fraction(start), Meter.parse(text)) for start, text in meters)
    fields = {"tempo": 100.0, "key": Key(), "pickup": None, "title": "tune"} | rest
    return ParsedFile((Part("", timed),), meters=changes or ((Fraction(0), Meter()),), **fields)


def tune(durations, start=0):
    """Notes that follow each other, by their lengths in steps."""
    ends = start + np.cumsum(durations)
    pairs = zip(durations, ends, strict=True)
    return [Note(int(end - long), int(end), 67) for long, end in pairs]


def test_a_plain_melody_is_read_as_it_is(midi_file):
    """Notes on the grid and in range come out note for note; only the missing key is told. A
    stricter door refuses what is longer than it allows."""
    melody = read_request(midi_file(quarters(SCALE)))
    assert sung(melody) == [(4 * i, 4 * i + 4, p) for i, p in enumerate(SCALE)]
    assert (melody.score.key, melody.score.title) == (Key(0, "major"), "melody")
    assert melody.messages == ("the file names no key; it sounds like C major",)
    assert melody.score.fermatas[-1]
    with pytest.raises(InputError, match="cut the piece"):
        read_request(midi_file(quarters(SCALE)), limits=Limits(quarters=4))


def test_chords_leave_their_top_line():
    """Of a file with chords in one track the top is kept, and how many notes are not is told."""
    stacked = [(i, 1, p - below) for i, p in enumerate(SCALE) for below in (0, 4, 7)]
    melody = from_file(parsed(sorted(stacked)))
    assert [pitch for _, _, pitch in sung(melody)] == list(SCALE)
    assert "chords: took the top line, left out 16 of 24 notes" in melody.messages


@pytest.mark.parametrize(
    ("pitches", "octaves", "message"),
    [
        ([p - 24 for p in SCALE], 2, "moved up 2 octaves to suit a soprano"),
        ([p + 24 for p in SCALE], -2, "moved down 2 octaves to suit a soprano"),
        ([p - 12 for p in SCALE], 1, "moved up an octave to suit a soprano"),
        ([55, 60, 67, 76], 0, "1 of 4 notes lie outside the soprano's range, B3 to A#5"),
        ([1, 13], 5, None),
        ([127, 115], -4, None),
    ],
)
def test_only_whole_octaves_are_moved(pitches, octaves, message):
    """The whole melody moves to where most of its notes can be sung, and by the least."""
    melody = from_file(parsed(quarters(pitches)))
    assert [p for _, _, p in sung(melody)] == [p + 12 * octaves for p in pitches]
    assert message is None or message in melody.messages


def test_too_wide_a_melody_is_refused():
    """What no octave brings into the range of the voices is refused, with its extremes named."""
    with pytest.raises(InputError, match=r"from C2 to C7: no octave .* --track"):
        from_file(parsed(quarters([36, 96])))


def test_one_note():
    """A single note is a melody, its key the major key on it."""
    melody = from_file(parsed([(0, 4, 67)], key=None))
    assert sung(melody) == [(0, 16, 67)]
    assert melody.score.key == Key(1, "major")
    assert melody.score.fermatas.all()


def test_triplets_and_swing_are_told():
    """What the sixteenth grid does to a triplet is told with figures; a rest stays a rest."""
    triplets = [(i * THIRD, THIRD, p) for i, p in enumerate([60, 62, 64, 65, 67, 69])]
    melody = from_file(parsed([*triplets, (3, 2, 67)]))
    assert [start for start, _, _ in sung(melody)] == [0, 1, 3, 4, 5, 7, 12]
    assert (melody.score.pitches[8:12, 0] == -1).all()
    assert any("moved onto the sixteenth grid" in message for message in melody.messages)
    swung = [
        (i + THIRD * 2 * second, THIRD * (2 - second), 60 + i)
        for i in range(8)
        for second in (0, 1)
    ]
    assert "swing: its eighths were made even" in from_file(parsed(swung)).messages


@pytest.mark.parametrize(
    ("start", "pickup", "silence", "message"),
    [
        (0, 0, 0, None),
        (1, 0, 4, None),  # a rest on the first beat belongs to the bar
        (3, 4, 0, "3 quarters of silence"),  # the last beat of an empty bar is a pickup
        (8, 0, 0, "8 quarters of silence"),
        (9, 0, 4, "8 quarters of silence"),
        (11.5, 2, 0, "11.5 quarters of silence"),
    ],
)
def test_silence_before_the_melody(start, pickup, silence, message):
    """Silence before the first note goes, and the note keeps its place in the bar."""
    request = from_file(parsed(quarters([67] * 9, start)))
    assert request.score.pickup == pickup
    assert (request.score.pitches[:silence] == -1).all()
    assert request.score.onsets[silence, 0]
    assert request.score.bar_positions[silence, 0] == 4 * start % 16
    messages = request.messages
    assert any(message in one for one in messages) if message else not messages


def test_a_written_pickup_is_kept(midi_file):
    """A short first bar, the way MIDI says it, and three of four beats, as MusicXML can say."""
    changes = [(1, 4, 0), (3, 4, 480)]
    meta = [
        mido.MetaMessage("time_signature", numerator=over, denominator=under, time=time)
        for over, under, time in changes
    ]
    score = read_request(midi_file(quarters([67, 72, 72, 72, 71, 72]), meta=meta)).score
    assert (score.pickup, score.meter, score.bar_lines.tolist()) == (4, Meter(3, 4), [4, 16])
    lines = (Fraction(3), Fraction(7))
    score = from_file(parsed(quarters([67] * 8), pickup=Fraction(3), bar_lines=lines)).score
    assert (score.pickup, score.bar_lines.tolist()) == (12, [12, 28])


@pytest.mark.parametrize("meter", ["3/4", "6/8", "12/8", "5/4", "2/2", "1/4"])
def test_any_meter(meter):
    """Bars are as long as the signature says, also where it changes."""
    score = from_file(parsed(quarters([67] * 24), (0, meter), (12, "2/4"))).score
    assert score.meter == Meter.parse(meter)
    assert np.diff(score.bar_lines)[0] == score.meter.bar_steps
    assert np.diff(score.bar_lines)[-1] == 8


def test_fermatas_of_the_file_win():
    """Where the file has fermatas none are inferred."""
    file = parsed(quarters([67] * 8), fermatas=((Fraction(2), Fraction(3)),))
    assert np.flatnonzero(from_file(file).score.fermatas).tolist() == [8, 9, 10, 11]


def test_a_key_signature_that_the_notes_contradict_is_not_believed():
    """C major, which many programs write into every file, does not make an F-sharp tune C major."""
    doubted = from_file(parsed(quarters([66, 68, 70, 71, 73, 75, 77, 78, 66])))
    assert doubted.score.key == Key(6, "major")
    assert doubted.messages == ("the file says C major, but its notes are those of F# major",)
    believed = from_file(parsed(quarters(SCALE), key=Key(-1)))
    assert (believed.score.key, believed.messages) == (Key(-1), ())


def test_an_hour_of_music(midi_file):
    """An hour of eighths is read whole."""
    notes = [(Fraction(i, 2), Fraction(1, 2), SCALE[i * 5 % 8]) for i in range(14_400)]
    score = read_request(midi_file(notes)).score
    assert score.seconds == pytest.approx(3600)
    assert len(notes_of(score)) == 14_400


@given(CHANGES, st.integers(0, 70), DURATIONS, st.none() | st.integers(0, 15), st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_note_leaves_its_place_in_the_bar(changes, start, durations, pickup, irregular):
    """Whatever the meters, each note stands as far from its bar line as in the file."""
    meters = sorted({0: "4/4", **dict(changes)}.items())
    lines = tuple(Fraction(step, 4) for step in range(0, 300, 10)) if irregular else ()
    file = parsed((), *meters, pickup=Fraction(pickup or 0, 4), bar_lines=lines)
    notes = tune(durations, start)
    score, _ = place(file, notes)
    placed = notes_of(score)
    assert [note.pitch for note in placed] == [67] * len(notes)
    origin = notes[0].start - placed[0].start
    assert [n.start + origin for n in placed] == [n.start for n in notes]
    assert score.steps == notes[-1].end - origin
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
@settings(max_examples=150, deadline=None)
def test_rests_around_the_notes(changes, start, durations, pickup, lines, length):
    """Kept, all of the file's time is there; of the last bar's rests no more than the bar."""
    meters = sorted({0: "4/4", **dict(changes)}.items())
    bar_lines = tuple(Fraction(line) for line in sorted(lines))
    fields = {"pickup": Fraction(pickup, 4), "bar_lines": bar_lines, "length": Fraction(length)}
    file, notes = parsed((), *meters, **fields), tune(durations, start)
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
    assert messages == ["no pickup is marked; its rhythm puts 1 quarter before the first bar line"]


@pytest.mark.parametrize(
    ("file", "notes"),
    [
        (parsed(pickup=Fraction(0)), OFF),
        (parsed(bar_lines=(Fraction(0), Fraction(4))), OFF),
        (parsed((), (0, "6/8")), OFF),
        (parsed((), (0, "4/4"), (8, "3/4")), OFF),
        (parsed(), tune([4] + [4, 4, 8, 4, 4, 8] * 3, start=12)),
    ],
)
def test_what_the_file_says_is_not_guessed(file, notes):
    """Bar lines that are written, meters that change or are others, and a melody that enters
    within a bar stand as they are."""
    assert infer_pickup(file, notes) == 0
