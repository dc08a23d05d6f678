"""MIDI files as others write them, and damaged ones."""

import random
from fractions import Fraction as F

import pytest

from kantor.errors import InputError
from kantor.formats.parsed import Limits
from kantor.formats.reading import parse

NOTES = b"\x00\x90\x3c\x50\x60\x80\x3c\x00"  # middle C for a quarter of 96 ticks
END = b"\x00\xff\x2f\x00"


def smf(*tracks, kind=1, declared=None, division=96):
    """A MIDI file of raw tracks."""
    count = len(tracks) if declared is None else declared
    head = b"MThd" + b"".join(n.to_bytes(s, "big") for n, s in ((6, 4), (kind, 2), (count, 2)))
    chunks = (b"MTrk" + len(track).to_bytes(4, "big") + track for track in tracks)
    return head + division.to_bytes(2, "big") + b"".join(chunks)


def read(data):
    return parse(data, Limits())


@pytest.mark.parametrize(
    ("track", "spans"),
    [
        # a status byte holds on over meta events; a note-on of velocity 0 ends a note
        (
            b"\x00\x90\x3c\x50\x00\xff\x01\x01x\x60\x3c\x00\x00\x3e\x50\x30\x3e\x00",
            [(0, 1, 60), (1, F(3, 2), 62)],
        ),
        # an onset ends the note of its pitch that was not released
        (b"\x00\x90\x3c\x50\x30\x3c\x50\x30\x80\x3c\x00", [(0, F(1, 2), 60), (F(1, 2), 1, 60)]),
        # a release written before the onset at its own tick (a grace note) shifts no later note
        (
            b"\x00\x80\x3c\x00\x00\x90\x3c\x50\x30\x90\x3c\x50\x30\x80\x3c\x00"
            b"\x00\x90\x3c\x50\x30\x80\x3c\x00",
            [(0, F(1, 2), 60), (F(1, 2), 1, 60), (1, F(3, 2), 60)],
        ),
        # system exclusive bytes are passed over; a note without a release lasts to the end
        (b"\x00\xf0\x03\x7e\x09\xf7\x00\x90\x3c\x50\x60\xff\x01\x01x", [(0, 1, 60)]),
        # a note that begins at the very end sounds for no time and is left out
        (NOTES + b"\x00\x91\x40\x40", [(0, 1, 60)]),
    ],
)
def test_notes_are_found_in_odd_tracks(track, spans):
    """As the format allows, though no two programs write it alike."""
    (part,) = read(smf(track + END)).parts
    assert [note[:3] for note in part.notes] == spans


def test_channels_of_one_track_are_parts():
    """In format 0, the tenth the drums; control characters in names do not reach a terminal."""
    drums = NOTES.replace(b"\x90", b"\x99").replace(b"\x80", b"\x89")
    parsed = read(smf(b"\x00\xff\x03\x09a\x1b[31m\nBd" + NOTES + drums + END, kind=0))
    assert [(part.label, part.is_drum) for part in parsed.parts] == [
        ("a [31m Bd channel 1", False),
        ("a [31m Bd channel 10", True),
    ]
    assert parsed.title == "a [31m Bd"


def test_foreign_chunks_are_passed_over():
    """What is no music does not disturb the music."""
    data = smf(NOTES + END)
    data = data[:14] + b"XFIH\x00\x00\x00\x02ab" + data[14:] + b"trailing"
    assert len(read(data).parts[0].notes) == 1


def test_the_tempo_of_the_first_note_counts():
    """A later slowing down is not the tempo; a tempo nobody can mean is not believed."""
    tempi = b"\x00\xff\x51\x03\x09\x27\xc0\x00\xff\x51\x03\x00\x00\x01\x60\xff\x51\x03\x0f\x42\x40"
    assert read(smf(tempi + END, b"\x30" + NOTES[1:] + END)).tempo == 100.0
    assert read(smf(NOTES + END)).tempo == 120.0


@pytest.mark.parametrize(
    ("track", "spans"),
    [
        # no length: a sixty-fourth, and no longer than up to the next note
        (b"\x00\x90\x3c\x50\x00\x80\x3c\x00\x60" + NOTES[1:], [(0, F(1, 16), 60), (1, 2, 60)]),
        (
            b"\x00\x90\x3c\x50\x00\x80\x3c\x00\x03\x90\x3e\x50\x5d\x80\x3e\x00",
            [(0, F(1, 32), 60), (F(1, 32), 1, 62)],
        ),
        # two of a pitch overlap: the second onset ends the first, the last release the second
        (
            b"\x00\x90\x3c\x50\x30\x3c\x50\x30\x80\x3c\x00\x60\x3c\x00\x00\x40\x00",
            [(0, F(1, 2), 60), (F(1, 2), 2, 60)],
        ),
        # three do, one after the other
        (
            b"\x00\x90\x3c\x50\x60\x3c\x50\x18\x3c\x00\x48\x3c\x50\x18\x3c\x00\x48\x3c\x00",
            [(0, 1, 60), (1, 2, 60), (2, 3, 60)],
        ),
        # the release of the first stands behind the onset of the second
        (
            b"\x00\x90\x3c\x50\x60\x3c\x50\x00\x80\x3c\x00\x60\x3c\x00",
            [(0, 1, 60), (1, 2, 60)],
        ),
        # never released: up to the next note, to "all notes off", to the end
        (
            b"\x00\x90\x3c\x50\x60\xb0\x7b\x00\x00\x90\x3e\x50\x60\x40\x50\x60\xff\x01\x00",
            [(0, 1, 60), (1, 2, 62), (2, 3, 64)],
        ),
        # real-time bytes with a time, without one, and inside an event
        (b"\x00\xf8\x00\x90\x3c\x50\x60\xfa\x80\x3c\x00", [(0, 1, 60)]),
        (b"\x00\x90\x3c\xf8\x50\x60\x80\xfe\x3c\x00", [(0, 1, 60)]),
        (b"\x00\xf2\x01\x02\x00\xf6\x00\xf3\x01" + NOTES, [(0, 1, 60)]),
        # system exclusive: not closed, and with no length at all
        (b"\x00\xf0\x02\x7e\x09" + NOTES, [(0, 1, 60)]),
        (b"\x00\xf0\x7e\x7f\x09\x01\xf7" + NOTES, [(0, 1, 60)]),
        # data bytes above 127, numbers of five and more bytes, an event without a status
        (b"\x00\xb0\x07\xff\x00\xe0\xff\xff" + NOTES.replace(b"\x50", b"\xd0"), [(0, 1, 60)]),
        (b"\x00\x90\xbc\x50\x00\x80\xbc\x00" + NOTES, [(0, 1, 60)]),
        (b"\x80\x80\x80\x80\x00\x90\x3c\x50\x80\x80\x80\x80\x80\x60\x3c\x00", [(0, 1, 60)]),
        (b"\x00\x3c\x50" + NOTES, [(0, 1, 60)]),
        # a text that says it is longer than the file
        (b"\x00\xff\x01\xff\x7fab" + NOTES, [(0, 1, 60)]),
    ],
)
def test_events_that_others_write_wrongly(track, spans):
    """Players read on; nothing is lost and nothing swallowed."""
    (part,) = read(smf(track + END)).parts
    assert [note[:3] for note in part.notes] == spans


TWO = smf(NOTES + END, NOTES + END)
HEAD, CHUNK = TWO[:14], smf(NOTES + END)[14:]


@pytest.mark.parametrize(
    ("data", "parts", "told"),
    [
        (smf(NOTES + END, declared=3), 1, ["the header promises 3 tracks, the file has 1"]),
        (
            smf(NOTES + END, NOTES + END, declared=1),
            2,
            ["the header promises 1 tracks, the file has 2"],
        ),
        (
            HEAD + CHUNK.replace(b"\0\0\0\x0c", b"\0\0\0\x10", 1) + CHUNK,
            2,
            ["1 track of a wrong l"],
        ),
        (
            HEAD + CHUNK.replace(b"\0\0\0\x0c", b"\0\0\0\x08", 1) + CHUNK,
            2,
            ["1 track of a wrong l"],
        ),
        (
            HEAD + CHUNK.replace(b"\0\0\0\x0c", b"\0\0\0\x20", 1) + CHUNK,
            2,
            ["1 track of a wrong l"],
        ),
        (HEAD + CHUNK + CHUNK.replace(b"\0\0\0\x0c", b"\xff\0\0\0"), 2, ["1 track of a wrong l"]),
        (smf(NOTES, NOTES), 2, ["2 tracks without End of Track"]),
        (TWO[:-3], 2, ["1 track without End of Track: read to the last whole event"]),
        (TWO + b"\0" * 9 + b"\x01\x02", 2, ["2 bytes outside the tracks: passed over"]),
        (b"\1" * 128 + TWO, 2, ["128 bytes outside the tracks: passed over"]),
        (b"RIFF" + (len(TWO) + 12).to_bytes(4, "little") + b"RMIDdata" + b"\0" * 4 + TWO, 2, []),
        (smf(NOTES + END, kind=2), 1, []),
        (smf(NOTES + END, NOTES + END, kind=2), 2, ["MIDI of format 2: each track"]),
        (smf(*[END] * 1500, NOTES + END), 1, []),
        (smf(*[NOTES + END] * 70), 70, []),
        (smf(b"\x00\xff\x2f\x00" + NOTES, NOTES + END), 1, ["1 track of a wrong length"]),
        (smf(b"\x00\xff\x51\x03\0\0\0" + NOTES + END), 1, ["1 tempo event that cannot be"]),
        (smf(b"\x00\xff\x59\x02\x20\0" + NOTES + END), 1, ["1 key signature that cannot be"]),
    ],
)
def test_wrong_counts_and_lengths_are_mended_and_told(data, parts, told):
    """What is whole is read, whatever the lengths say."""
    parsed = read(data)
    assert [len(part.notes) for part in parsed.parts] == [1] * parts
    assert len(parsed.messages) == len(told)
    assert all(map(str.startswith, parsed.messages, told))


def meter(numerator, power, delta=b"\0"):
    return delta + b"\xff\x58\x04" + bytes([numerator, power]) + b"\x18\x08"


@pytest.mark.parametrize(
    ("signs", "meters", "told"),
    [
        (meter(3, 2) + meter(1, 5, b"\x84\x40") + meter(3, 2, b"\x0c"), "0 3/4", "1/32: left out"),
        (
            meter(3, 2) + meter(7, 5, b"\x84\x40") + meter(3, 2, b"\x54"),
            "0 3/4, 55/8 3/4",
            "7/32: left",
        ),
        (meter(0, 2) + meter(4, 255), "0 4/4", "odd time signature 4/2^255: left out"),
        (meter(7, 5), "0 7/16", "time signature 7/32, finer than sixteenths: taken as 7/16"),
        (meter(24, 6), "0 12/32", "24/64"),
        (meter(255, 2), "0 4/4", "255/4: left out"),
    ],
)
def test_odd_time_signatures(signs, meters, told):
    """They are rounded or left out, and the bar lines after them stay where they are."""
    parsed = read(smf(signs + b"\x8f\x00" + NOTES[1:] + END))
    assert ", ".join(f"{start} {meter}" for start, meter in parsed.meters) == meters
    assert told in parsed.messages[0]


@pytest.mark.parametrize(("ticks", "tempo"), [(b"\x84\x58", 100), (b"\x83\x74", 120)])
def test_film_frames_become_quarters_by_the_tempo(ticks, tempo):
    """25 frames of 40 ticks: .6 s is a quarter at the file's 100, .5 s rather one at 120."""
    note = b"\x00\x90\x3c\x50" + ticks + b"\x80\x3c\x00"
    parsed = read(smf(b"\x00\xff\x51\x03\x09\x27\xc0" + note * 4 + END, division=0xE728))
    assert [note.end for note in parsed.parts[0].notes] == [1, 2, 3, 4]
    assert parsed.tempi == ((0, tempo),)
    (told,) = parsed.messages
    assert told == f"timed in film frames, 25 a second: read as {tempo} quarters a minute"


def test_velocities_and_programs_are_kept():
    """The program is that in force at the part's first note, on whatever track it stands."""
    first = b"\x00\xc0\x05\x00\xc1\x06\x00\xc0\x07" + NOTES + b"\x00\xc0\x08" + END
    second = NOTES.replace(b"\x90", b"\x91").replace(b"\x80", b"\x81") + END
    parts = read(smf(first, second, NOTES.replace(b"\x90", b"\x92") + END)).parts
    assert [part.program for part in parts] == [7, 6, None]
    assert parts[0].notes[0].velocity == 80


@pytest.mark.parametrize(
    ("data", "text"),
    [
        *((name.encode("cp932"), name) for name in ("さくらさくら", "主旋律", "ギター1")),
        *((name.encode("euc_jp"), name) for name in ("荒城の月", "メロディ")),
        *((name.encode("cp1251"), name) for name in ("Мелодия", "ГОЛОС", "Очи чёрные 2")),
        *(
            (name.encode("cp1252"), name)
            for name in ("Ode à la joie", "Für Elise", "L’été", "Étude")
        ),
        *((name.encode("gb2312"), name) for name in ("主旋律", "钢琴", "月亮代表我的心")),
        *((name.encode("euc_kr"), name) for name in ("멜로디", "피아노", "고향의 봄")),
        *((name.encode("cp850"), name) for name in ("Für Elise", "Flûte")),
        *((name.encode("utf-16"), name) for name in ("さくら", "Мелодия")),
        ("メロディ".encode(), "メロディ"),
        (b"Tune\0\0", "Tune"),
        (b"\x81\x8d\xff\xfe", ""),
        ("Мелодия".encode("koi8-r"), ""),
    ],
)
def test_names_are_readable_or_none(data, text):
    """Of the usual code pages the one in which a person may have written it."""
    name = b"\x00\xff\x03" + bytes([len(data)]) + data
    parsed = read(smf(name + END, name + NOTES + END))
    assert (parsed.title, parsed.parts[0].name) == (text, text)


def test_a_track_without_a_name_has_that_of_its_instrument():
    """As some programs write it."""
    assert read(smf(END, b"\x00\xff\x04\x05Flute" + NOTES + END)).parts[0].name == "Flute"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"MThd", "truncated MIDI header"),
        (b"RIFF\0\0\0\0RMID", "truncated MIDI header"),
        (smf(), "no notes on any track"),
        (smf(END), "no notes on any track"),
        (smf(b"\x00\x91\x40\x40" + END), "no notes on any track"),
        (smf(*[NOTES + END] * 1001), "more than 1,000 tracks"),
        (smf(NOTES + END, division=0), "no unit of time"),
        (smf(NOTES + END, division=0xE700), "no unit of time"),
        (smf(b"\x00\x3c\x50"), "no notes"),
        (smf(b"\x00\x90\x3c\xc0\x00\x00"), "no notes"),
        (smf(b"\xff\xff\xff\x7f\x90\x3c\x50\x10\x3c\x00" + END), "quarters of length"),
        (smf(b"\x81" * 9 + NOTES[1:9]), "no notes"),
    ],
)
def test_damaged_files_are_refused(data, fault):
    """Where no note is left, or too much would be; each kind is named."""
    with pytest.raises(InputError, match=fault):
        read(data)


def test_whatever_is_damaged_is_read_or_refused():
    """No byte that is changed, cut or put in makes the reader fail; notes stay sound."""
    chance = random.Random(0)
    for _ in range(500):
        data = bytearray(smf(meter(3, 2) + NOTES * 4 + END, NOTES * 8 + END))
        for _ in range(chance.choice((1, 2, 8))):
            at = chance.randrange(8, len(data))
            data[at : at + chance.randrange(2)] = chance.randbytes(chance.randrange(3))
        try:
            parts = read(bytes(data)).parts
        except InputError:
            continue
        assert all(start < end for part in parts for start, end, *_ in part.notes)
        assert all(part.notes and list(part.notes) == sorted(part.notes) for part in parts)
