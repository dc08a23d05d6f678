"""Which part of a file holds the melody."""

import unicodedata
from dataclasses import replace
from fractions import Fraction

import pytest

from kantor.compose.choosing import choose_part
from kantor.compose.from_file import read_request
from kantor.compose.overrides import Overrides
from kantor.errors import InputError
from kantor.formats.parsed import Part
from kantor.music.notes import TimedNote

TUNE = (60, 60, 67, 67, 69, 69, 67, 67, 65, 65, 64, 64, 62, 62, 60, 60)
TRIADS = ((60, 64, 67), (65, 69, 72), (67, 71, 74), (60, 64, 67))
HALF = Fraction(1, 2)


def part(name, *pitches, start=0, length=1, **words):
    """Notes one after the other, each of `length` quarters; several pitches are a chord."""
    length = Fraction(length)
    notes = [
        TimedNote(start + index * length, start + (index + 1) * length, pitch)
        for index, chord in enumerate(pitches)
        for pitch in (chord if isinstance(chord, tuple) else (chord,))
    ]
    return Part(name, tuple(notes), **words)


def tune(name="", up=0, **words):
    return part(name, *(pitch + up for pitch in TUNE), **words)


def moved(up):
    return [tuple(pitch + up for pitch in triad) for triad in TRIADS]


BASS, FLUTE, OBOE = part("Bass", *[40] * 8), part("Flute", 84, 84), part("Oboe", *[70] * 8)
PARTS = (BASS, FLUTE, OBOE, part("Kit", *[90] * 8, is_drum=True))
ACCOMPANIMENTS = {
    "whole chords": part("", *moved(-12), length=4),
    "high chords": part("", *moved(12), length=4),
    "arpeggios": part("", *[p for a, b, c in TRIADS for p in (a, b, c, b) * 2], length=HALF),
    "broken chords": part(
        "", *[p - 12 for a, b, c in TRIADS for p in (a, c, b, c) * 2], length=HALF
    ),
    "a bass": part("", *[p for a, _, _ in TRIADS for p in (a - 24, a - 17) * 2]),
    "a second voice": tune(up=-4),
    "the tune in octaves": part("", *[(pitch, pitch - 12) for pitch in TUNE]),
    "a descant": part("", 79, 81, 83, 79, start=8, length=2),
}


@pytest.mark.parametrize("along", ACCOMPANIMENTS)
@pytest.mark.parametrize("first", [True, False])
def test_the_melody_is_known_by_its_sound(along, first):
    """Whatever accompanies it, above or below, before or after it in the file."""
    melody, other = tune(), ACCOMPANIMENTS[along]
    found, [message] = choose_part((melody, other) if first else (other, melody), None)
    assert found is melody
    assert message == (
        f"took track {1 if first else 2} of 2, by its sound: one note at a time, in singing range; "
        "another is chosen with --track"
    )


def test_a_melody_stands_in_front():
    """Of lines that are alike otherwise the louder one is taken; of equal ones the upper one."""
    soft, loud = (
        Part("", tuple(note._replace(velocity=velocity) for note in tune(up=up).notes))
        for velocity, up in ((60, 4), (90, 0))
    )
    assert choose_part((soft, loud), None)[0] is loud
    assert choose_part((tune(), tune(up=4)), None)[0].notes[0].pitch == 64


def test_of_a_choir_the_highest_line_is_taken():
    """Lines that move together are a melody and what is sung to it, whichever is the smoother."""
    alto = part("", *[64, 65] * 8)
    soprano = tune(up=7)
    bass = part("", *[48, 53, 55, 48] * 4)
    for kind in ("channel", "voice", ""):
        choir = voices(bass, alto, soprano, kind=kind, name="Choir")
        assert choose_part(choir, None)[0].notes == soprano.notes


NAMES = """Melody Melodie Mélodie Melodía Melodia Voice Vocals VOCAL-1 LeadVocals Vox Singer Soprano
S. Canto Cantus Chant Voix Singstimme Gesang Voz Zang Głos Sång Lead メロディ
Hauptstimme Leadstimme Sopr. Mel מנגינה لحن
ﾒﾛﾃﾞｨ 主旋律 旋律 ボーカル 歌 人声
Мелодия Голос Вокал 멜로디 보컬"""
NOT_NAMES = """Synth Lead,Lead 1 (square),Lead Guitar,Pad voice,Voice Oohs,Synth Voice,Alto Sax
Lead 6 (voice),Backing vocals,Harmony vocals,Counter-melody,Klavierbegleitung,伴奏,コーラス,Choir"""


@pytest.mark.parametrize("name", NAMES.split())
def test_the_melody_is_known_by_its_name(name):
    """In the usual languages, however its accents are composed, though it sounds like none."""
    low = part(name, *[36, 50, 43] * 4)
    for written in (name, unicodedata.normalize("NFD", name), name.upper()):
        named = part(written, *[36, 50, 43] * 4)
        found, [message] = choose_part((tune("Flute"), named), None)
        assert found is named
        assert f"track 2 ({written}) of 2, by its name; another" in message
    assert choose_part((low, tune(name)), None)[0].notes[0].pitch == 60  # of two the sound decides


@pytest.mark.parametrize("name", NOT_NAMES.replace("\n", ",").split(","))
def test_what_plays_along_has_no_melody_s_name(name):
    """Neither a synthesizer's voice nor a guitar that leads, nor a backing singer."""
    found, [message] = choose_part((part(name, *[36, 50, 43] * 4), tune("Oboe")), None)
    assert (found.name, "by its sound" in message) == ("Oboe", True)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ((tune("Klavier"), part("Tenor", *[50, 52] * 6)), "Tenor"),
        ((tune("Oboe"), part("Melody", 60)), "Oboe"),  # it hardly sounds
        ((tune("Oboe"), part("Voice", *TRIADS, length=4)), "Oboe"),  # it holds chords
        ((tune("Backing vocals", up=4), tune("Guitar")), "Guitar"),
        ((tune("Bass"), PARTS[3]), "Bass"),
        (PARTS, "Oboe"),
    ],
)
def test_names_are_weighed(parts, name):
    """A name is believed where the part can be a melody; without one the sound decides."""
    assert choose_part(parts, None)[0].name == name


def voices(*parts, source=1, name="Voice", kind="voice"):
    return tuple(
        Part(name, one.notes, detail=f"{kind} {number}", source=source)
        for number, one in enumerate(parts, 1)
    )


def test_voices_of_a_part_are_one_line():
    """A line that changes voice is whole, by itself and by its part's name; a voice is by its own.
    The left hand of a piano is not in it, but in the part."""
    piano = voices(tune(up=12), part("", *moved(-24), length=4), source=2, name="Piano")
    half, rest = part("", *TUNE[:8]), part("", *TUNE[8:], start=8)
    parts = (*voices(half, rest), *piano)
    found, [message] = choose_part(parts, None)
    assert (found.notes, message[:25]) == (tune().notes, "took track 1 (Voice) of 2")
    assert [len(choose_part(parts, track)[0].notes) for track in ("voice", 1, "Voice voice 2")] == [
        16, 16, 8,
    ]  # fmt: skip
    assert choose_part(piano, None)[0].notes == tune(up=12).notes
    assert len(choose_part(parts, "piano")[0].notes) == 16 + 12
    staves = [replace(one, detail=f"{one.detail}, staff {one.detail[-1]}") for one in piano]
    for track, count in (("staff 1", 16), ("Piano voice 2", 12)):
        assert len(choose_part((*parts[:2], *staves), track)[0].notes) == count


def test_channels_of_a_track():
    """They are tracks of their own, but one where a line changes from channel to channel."""
    chords = part("", *moved(-12), length=4)
    parts = voices(chords, tune(), name="Song", kind="channel")
    assert choose_part(parts, None)[0].notes == tune().notes
    assert len(choose_part(parts, "Song")[0].notes) == 28
    guitar = voices(part("", *TUNE[:8]), part("", *TUNE[8:], start=8), kind="channel")
    found, [message] = choose_part(guitar, None)
    assert found.notes == tune().notes
    assert "took tracks 1 (Voice channel 1), 2 (Voice channel 2) of 2" in message


@pytest.mark.parametrize(
    ("track", "name"), [(1, "Bass"), ("3", "Oboe"), ("oboe", "Oboe"), ("bas", "Bass")]
)
def test_a_track_is_chosen_by_number_or_name(track, name):
    """Numbers count from 1; names need no capitals and may be cut where that is clear."""
    assert choose_part(PARTS, track) == (PARTS[[p.name for p in PARTS].index(name)], [])


@pytest.mark.parametrize("track", [0, 5, "-1", "9" * 50, "Tuba", "", "b", "Kit", "4", "²"])
def test_a_track_that_cannot_be_meant_is_refused(track):
    """The error is one line that lists the tracks there are."""
    with pytest.raises(InputError, match=r"1 \(Bass\), 2 \(Flute\), 3 \(Oboe\)") as error:
        choose_part(PARTS, track)
    assert "\n" not in str(error.value)


def test_drums_alone_are_refused(midi_file):
    """A drum loop is refused in one line that names the file."""
    with pytest.raises(InputError, match=r"melody\.mid: only percussion"):
        read_request(midi_file([(0, 1, 38), (1, 1, 42)], channels=[9]))


@pytest.mark.parametrize("pitch", [0, 20, 31, 60, 120, 127])
@pytest.mark.parametrize("tune", [62, 79])
def test_no_range_is_refused(midi_file, tune, pitch):
    """One note beyond what can be given is moved by octaves of its own, and told; the others
    stay where they are."""
    path = midi_file([(beat, 1, tune) for beat in range(10)] + [(10, 1, pitch)])
    request = read_request(path, overrides=Overrides())
    assert set(request.score.pitches[:40, 0].tolist()) == {tune}
    note = int(request.score.pitches[40, 0])
    assert (note - pitch) % 12 == 0
    assert 59 <= note <= 82
    told = "1 note beyond B1 to B5 was moved by octaves of its own" in request.messages
    assert told == (pitch != 60)
