"""Melodies of messy files as scores: notes on the grid, in their bars, in a key, in phrases."""

from dataclasses import replace
from fractions import Fraction

import mido
import numpy as np
import pytest

from kantor.compose.from_file import from_file, read_request
from kantor.compose.overrides import Overrides
from kantor.compose.plan import Plan
from kantor.ensemble import SATB
from kantor.errors import InputError
from kantor.formats.parsed import Limits, ParsedFile, Part
from kantor.music.bars import bars_of
from kantor.music.notes import TimedNote, notes_of
from kantor.music.phrases import infer_fermatas, possible_ends
from kantor.music.score import Key, Meter

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)
THIRD = Fraction(1, 3)


def quarters(pitches, start=0, length=1):
    return [(start + index * length, length, pitch) for index, pitch in enumerate(pitches)]


def sung(request):
    return [(note.start, note.end, note.pitch) for note in notes_of(request.score)]


def parsed(notes=(), *meters, **rest):
    """A file of notes ``(start, length, pitch)`` in quarters; C major in 4/4 by default."""
    timed = tuple(TimedNote(Fraction(s), Fraction(s + d), p) for s, d, p in notes)
    changes = tuple((Fraction(start), Meter.parse(text)) for start, text in meters)
    key = rest.pop("key", Key())
    keys = ((Fraction(0), key),) if key else ()
    fields = {"tempi": ((Fraction(0), 100.0),), "keys": keys, "title": "tune"} | rest
    return ParsedFile((Part("", timed),), changes or ((Fraction(0), Meter()),), **fields)


def test_a_plain_melody_is_read_as_it_is(midi_file):
    """Notes on the grid and in range come out note for note; only the missing key is told. A
    stricter door refuses what is longer than it allows."""
    melody = read_request(midi_file(quarters(SCALE)))
    assert sung(melody) == [(4 * i, 4 * i + 4, p) for i, p in enumerate(SCALE)]
    assert (melody.score.key, melody.score.title) == (Key(0, "major"), "melody")
    assert melody.messages[:2] == (
        "no meter in the file: 4/4 assumed; --meter overrules it",
        "the file names no key; it sounds like C major",
    )
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
    request = from_file(parsed(quarters([67] * 9, start), key=Key(1)))
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
    assert score.meters == ((48, Meter(2, 4)),)


@pytest.mark.parametrize("last", [1, 3, 5])
def test_the_last_bar_has_the_last_meter(last):
    """Also where it is the only one in it, or is cut short."""
    file = parsed(quarters([67] * (8 + last)), (0, "4/4"), (8, "3/4"))
    assert [str(bar.meter) for bar in bars_of(from_file(file).score)][:3] == ["4/4", "4/4", "3/4"]


def test_what_holds_at_the_first_note():
    """Tempo, meter and key are those at the melody's entry, a tempo one tick late included; later
    tempi are kept, those that change nothing or follow each other closely thinned, and a later
    key is told."""
    late = Fraction(16) + Fraction(1, 480)
    ritardando = [(Fraction(24) + Fraction(i, 4), 119.0 - i) for i in range(16)]
    tempi = ((Fraction(0), 60.0), (late, 120.0), (Fraction(20), 120.0), *ritardando)
    file = parsed(quarters([74, 78, 81, 79] * 3, 16), (0, "4/4"), (16, "3/4"), tempi=tempi)
    keys = ((Fraction(0), Key()), (Fraction(16), Key(2)), (Fraction(22), Key(3)))
    request = from_file(replace(file, keys=keys))
    score = request.score
    assert (score.tempo, score.meter, score.key) == (120, Meter(3, 4), Key(2))
    assert score.tempi == ((35, 116.0), (39, 112.0), (43, 108.0), (47, 104.0))
    assert "the key changes to A major at bar 3; the results keep D major" in request.messages
    upbeat = replace(file, keys=keys, parts=parsed(quarters([74, 78, 81, 79] * 3, 15)).parts)
    score = from_file(upbeat).score
    assert (score.pickup, score.key) == (4, Key(2))  # at the bar line after the pickup
    assert (score.tempo, score.tempi[0]) == (60, (4, 120.0))


def test_a_last_note_that_rings_over_opens_no_bar():
    """Released a little late it ends with its bar, unless the file says so to the point."""
    rung = [*quarters(SCALE[:7]), (7, Fraction(3, 2), 60)]
    request = from_file(parsed(rung))
    assert (request.score.steps, len(request.score.bar_lines)) == (32, 2)
    assert "the last note rang a little over the last bar line; it ends there" in request.messages
    assert from_file(parsed(rung, kind="musicxml")).score.steps == 34


def test_fermatas_of_the_file_win():
    """Where the file has fermatas none are inferred; which it is stands in the notation."""
    file = parsed(quarters([67] * 8), fermatas=((Fraction(2), Fraction(3)),))
    score = from_file(file).score
    assert np.flatnonzero(score.fermatas).tolist() == [8, 9, 10, 11]
    assert not score.notation.fermatas_inferred
    assert from_file(parsed(quarters([67] * 8))).score.notation.fermatas_inferred


def test_a_chorale_gets_more_ends_than_the_likeliest_ones():
    """What may end a phrase is marked for SATB, whose model learned from written fermatas."""
    file = parsed(quarters([67, 69, 71, 72, 74, 72, 71, 69, 67, 71, 69, 67, 66, 67] * 2))
    choir = from_file(file).score
    assert np.array_equal(choir.fermatas, possible_ends(choir.line(0)) == 1)
    assert (infer_fermatas(choir.line(0)) != choir.fermatas).any()
    duet = from_file(file, Plan(ensemble=SATB.only(0, 1))).score
    assert np.array_equal(duet.fermatas, infer_fermatas(duet.line(0)))


def test_a_key_signature_that_the_notes_contradict_is_not_believed():
    """C major, which many programs write into every file, does not make an F-sharp tune C major."""
    doubted = from_file(parsed(quarters([66, 68, 70, 71, 73, 75, 77, 78, 66])))
    assert doubted.score.key == Key(6, "major")
    assert doubted.messages == (
        "the file says C major, but its notes are those of F# major; --key overrules it",
    )
    believed = from_file(parsed(quarters(SCALE), key=Key(-1)))
    assert believed.score.key == Key(-1)


@pytest.mark.parametrize(("kind", "key"), [("midi", Key(1)), ("musicxml", Key())])
def test_c_major_of_midi_is_a_default(kind, key):
    """A tune in G without an F is on the scale of C: written C major says nothing in MIDI, where
    programs put it into every file, but is meant in MusicXML. A tune in C stays one, and so does
    one that an F keeps out of G."""
    in_g = quarters([67, 71, 74, 71, 72, 74, 72, 71, 74, 79, 74, 72, 71, 69, 67])
    assert from_file(parsed(in_g, kind=kind)).score.key == key
    moved = from_file(parsed(in_g, kind=kind), overrides=Overrides.parse(transpose="2"))
    assert moved.score.key == key.transposed(2)
    for in_c in ([*SCALE, 67, 64, 60], [71, 62, 64, 65, 60, 69, 71, 72, 67]):
        assert from_file(parsed(quarters(in_c), kind=kind)).score.key == Key()


IN_A = [69, 71, 72, 74, 76, 74, 72, 71, 69, 76, 74, 72, 71, 69]


@pytest.mark.parametrize("kind", ["midi", "musicxml"])
def test_a_signature_without_its_mode_is_read_by_the_notes(kind):
    """A tune in A minor whose file says C major is in A minor, and the other way round; the
    spelling of the signature stays. One that might be in either stays as it is written."""
    minor = from_file(parsed(quarters(IN_A), kind=kind))
    assert minor.score.key == Key(0, "minor")
    told = "the file says C major, but its notes are those of A minor; --key overrules it"
    assert told in minor.messages
    major = quarters([pitch + 3 for pitch in (60, 62, 64, 65, 67, 65, 64, 62, 60)])
    flats = from_file(parsed(major, kind=kind, key=Key(-3, "minor")))
    assert flats.score.key == Key(-3)
    assert from_file(parsed(quarters([67, 65, 64, 62, 64, 69]), kind=kind)).score.key == Key()
    said = Overrides.parse(key="C major")
    assert from_file(parsed(quarters(IN_A), kind=kind), overrides=said).score.key == Key()


def test_an_inner_voice_does_not_tell_the_mode():
    """The alto of a piece in C may end on A; a bass that does is in A minor."""
    for voice, mode in (("alto", "major"), ("bass", "minor")):
        request = from_file(parsed(quarters(IN_A), kind="musicxml"), Plan.parse(given=voice))
        assert request.score.key == Key(0, mode)


def test_what_the_user_says_overrules_the_file():
    """Meter, pickup, key and tempo hold though file and notes say otherwise; the pickup is counted
    from the first note, also where the file has bar lines of its own."""
    written = {"tempi": ((Fraction(0), 100.0), (Fraction(6), 50.0)), "key": Key(3)}
    lines = tuple(map(Fraction, (1, 5, 9)))
    file = parsed(quarters(SCALE, 2), (0, "4/4"), (5, "3/8"), bar_lines=lines, **written)
    said = Overrides.parse(meter="3/4", pickup=1, key="E minor", tempo=72)
    score = from_file(file, overrides=said).score
    assert (score.meter, score.pickup, score.key) == (Meter(3, 4), 4, Key(1, "minor"))
    assert (score.bar_lines.tolist(), score.tempo, score.tempi) == ([4, 16, 28], 72, ())
    assert [bar.meter for bar in bars_of(score)][1:] == [Meter(3, 4)] * 3
    score = from_file(file, overrides=Overrides.parse(pickup=0)).score
    assert (score.pickup, score.bar_lines.tolist()) == (0, [0, 12, 18, 24, 30])
    with pytest.raises(InputError, match="--pickup: must be shorter than a bar of 3/4"):
        from_file(file, overrides=Overrides.parse(meter="3/4", pickup=3))


def test_an_hour_of_music(midi_file):
    """An hour of eighths is read whole."""
    notes = [(Fraction(i, 2), Fraction(1, 2), SCALE[i * 5 % 8]) for i in range(14_400)]
    score = read_request(midi_file(notes)).score
    assert score.seconds == pytest.approx(3600)
    assert len(notes_of(score)) == 14_400
