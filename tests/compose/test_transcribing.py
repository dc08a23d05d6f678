"""Melodies read from messy files."""

from fractions import Fraction

import mido
import numpy as np
import pytest

from kantor.compose.from_file import from_file, read_request
from kantor.errors import InputError
from kantor.formats.parsed import Limits, ParsedFile, Part
from kantor.music.notes import TimedNote, notes_of
from kantor.music.score import Key, Meter

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def quarters(pitches, start=0, length=1):
    return [(start + index * length, length, pitch) for index, pitch in enumerate(pitches)]


def signature(numerator, denominator, time=0):
    return mido.MetaMessage(
        "time_signature", numerator=numerator, denominator=denominator, time=time
    )


def heard(melody):
    return [(note.start, note.end, note.pitch) for note in notes_of(melody.score)]


def parsed(notes, meters=((0, "4/4"),), **rest):
    timed = tuple(TimedNote(Fraction(s), Fraction(s + d), p) for s, d, p in notes)
    return ParsedFile(
        parts=(Part("", timed),),
        tempo=rest.pop("tempo", 100.0),
        meters=tuple((Fraction(start), Meter.parse(text)) for start, text in meters),
        key=rest.pop("key", Key()),
        pickup=rest.pop("pickup", None),
        title="tune",
        **rest,
    )


def test_a_plain_melody_is_read_as_it_is(midi_file):
    """Notes on the grid and in range come out note for note; only the missing key is told."""
    melody = read_request(midi_file(quarters(SCALE)))
    assert heard(melody) == [(4 * i, 4 * i + 4, p) for i, p in enumerate(SCALE)]
    assert melody.score.key == Key(0, "major")
    assert melody.score.title == "melody"
    assert melody.messages == ("the file names no key; it sounds like C major",)
    assert melody.score.fermatas[-1]


def test_chords_leave_their_top_line(midi_file):
    """Of a file with chords in one track the top is kept, and how many notes are not is told."""
    stacked = [(i, 1, p - below) for i, p in enumerate(SCALE) for below in (0, 4, 7)]
    melody = read_request(midi_file(stacked))
    assert [pitch for _, _, pitch in heard(melody)] == list(SCALE)
    assert "chords: took the top line, left out 16 of 24 notes" in melody.messages


def test_one_of_several_tracks(midi_file):
    """The melody's track is found by its name and another one is taken on demand."""
    path = midi_file(
        quarters([76] * 8), quarters(SCALE), quarters([40] * 8), names=["Flute", "Melody", "Bass"]
    )
    found = read_request(path)
    assert [pitch for _, _, pitch in heard(found)] == list(SCALE)
    assert any("Melody" in message for message in found.messages)
    assert {pitch for _, _, pitch in heard(read_request(path, track="flute"))} == {76}
    assert {pitch for _, _, pitch in heard(read_request(path, track=3))} == {64}
    with pytest.raises(InputError, match=r"melody\.mid: no track is called 'Oboe'; there is 1 "):
        read_request(path, track="Oboe")


def test_drums_alone_are_refused(midi_file):
    """A drum loop is refused in one line that names the file."""
    with pytest.raises(InputError, match=r"melody\.mid: only percussion"):
        read_request(midi_file(quarters([38, 42]), channels=[9]))


@pytest.mark.parametrize(
    ("pitches", "octaves", "told"),
    [
        ([p - 24 for p in SCALE], 2, "moved up 2 octaves to suit a soprano"),
        ([p + 24 for p in SCALE], -2, "moved down 2 octaves to suit a soprano"),
        ([p - 12 for p in SCALE], 1, "moved up an octave to suit a soprano"),
        ([55, 60, 67, 76], 0, "1 of 4 notes lie outside the soprano's range, B3 to A#5"),
        ([1, 13], 5, None),
        ([127, 115], -4, None),
    ],
)
def test_only_whole_octaves_are_moved(pitches, octaves, told):
    """The whole melody moves to where most of its notes can be sung, and by the least."""
    melody = from_file(parsed(quarters(pitches)))
    assert [p for _, _, p in heard(melody)] == [p + 12 * octaves for p in pitches]
    assert told is None or told in melody.messages


def test_too_wide_a_melody_is_refused():
    """What no octave brings into the range of the voices is refused, with its extremes named."""
    with pytest.raises(InputError, match="from C2 to C7: no octave") as error:
        from_file(parsed(quarters([36, 96])))
    assert "--track" in str(error.value)


def test_one_note():
    """A single note is a melody, its key the major key on it."""
    melody = from_file(parsed([(0, 4, 67)], key=None))
    assert heard(melody) == [(0, 16, 67)]
    assert melody.score.key == Key(1, "major")
    assert melody.score.fermatas.all()


def test_triplets_and_swing_are_told():
    """What the sixteenth grid does to a triplet is told with figures."""
    third = Fraction(1, 3)
    notes = [(i * third, third, p) for i, p in enumerate([60, 62, 64, 65, 67, 69])]
    melody = from_file(parsed([*notes, (2, 2, 67)]))
    assert [start for start, _, _ in heard(melody)] == [0, 1, 3, 4, 5, 7, 8]
    assert any("moved onto the sixteenth grid" in message for message in melody.messages)
    swung = [
        (i + (third * 2 if j else 0), third * (1 if j else 2), 60 + i)
        for i in range(8)
        for j in (0, 1)
    ]
    messages = from_file(parsed(swung)).messages
    assert "swing: its eighths were made even" in messages


def test_rests_inside_stay():
    """A rest between notes is a rest of the melody."""
    melody = from_file(parsed([(0, 1, 60), (2, 1, 62)]))
    assert melody.score.pitches[:, 0].tolist() == [60] * 4 + [-1] * 4 + [62] * 4


@pytest.mark.parametrize(
    ("start", "pickup", "silence", "told"),
    [
        (0, 0, 0, None),
        (1, 0, 4, None),  # a rest on the first beat belongs to the bar
        (3, 4, 0, "3 quarters of silence"),  # the last beat of an empty bar is a pickup
        (8, 0, 0, "8 quarters of silence"),
        (9, 0, 4, "8 quarters of silence"),
        (11.5, 2, 0, "11.5 quarters of silence"),
    ],
)
def test_silence_before_the_melody(start, pickup, silence, told):
    """Silence before the first note goes, and the note keeps its place in the bar."""
    score = from_file(parsed(quarters([67] * 9, start))).score
    assert score.pickup == pickup
    assert (score.pitches[:silence] == -1).all()
    assert score.onsets[silence, 0]
    assert score.bar_positions[silence, 0] == 4 * start % 16
    messages = from_file(parsed(quarters([67] * 9, start))).messages
    assert any(told in message for message in messages) if told else not messages


def test_a_written_pickup_is_kept(midi_file):
    """A short first bar, the way MIDI says it, is the pickup of what follows."""
    path = midi_file(
        quarters([67, 72, 72, 72, 71, 72]), meta=[signature(1, 4), signature(3, 4, time=480)]
    )
    score = read_request(path).score
    assert (score.pickup, score.meter) == (4, Meter(3, 4))
    assert score.bar_lines.tolist() == [4, 16]


def test_a_long_pickup_of_musicxml_is_kept():
    """Where the file says that three of four beats are a pickup, they are."""
    lines = (Fraction(3), Fraction(7))
    score = from_file(parsed(quarters([67] * 8), pickup=Fraction(3), bar_lines=lines)).score
    assert score.pickup == 12
    assert score.bar_lines.tolist() == [12, 28]


def test_the_meter_may_change():
    """Each bar line stands where its meter puts it."""
    score = from_file(parsed(quarters([67] * 12), ((0, "3/4"), (6, "2/4")))).score
    assert score.meter == Meter(3, 4)
    assert score.bar_lines.tolist() == [0, 12, 24, 32, 40]


@pytest.mark.parametrize("meter", ["3/4", "6/8", "12/8", "5/4", "2/2", "1/4"])
def test_any_meter(meter):
    """Bars are as long as the signature says."""
    score = from_file(parsed(quarters([67] * 24), ((0, meter),))).score
    assert np.diff(score.bar_lines).tolist()[0] == Meter.parse(meter).bar_steps


def test_fermatas_of_the_file_win():
    """Where the file has fermatas none are inferred."""
    score = from_file(parsed(quarters([67] * 8), fermatas=((Fraction(2), Fraction(3)),))).score
    assert np.flatnonzero(score.fermatas).tolist() == [8, 9, 10, 11]


def test_a_key_signature_that_the_notes_contradict_is_not_believed():
    """C major, which many programs write into every file, does not make an F-sharp tune C major."""
    sharps = [66, 68, 70, 71, 73, 75, 77, 78, 66]
    doubted = from_file(parsed(quarters(sharps), key=Key(0)))
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


def test_limits_are_the_callers(midi_file):
    """A stricter door refuses what is longer than it allows."""
    with pytest.raises(InputError, match="cut the piece"):
        read_request(midi_file(quarters(SCALE)), limits=Limits(quarters=4))
