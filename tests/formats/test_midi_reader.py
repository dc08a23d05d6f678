"""MIDI files as others write them, and damaged ones."""

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
    assert part.notes == tuple(spans)


def test_channels_of_one_track_are_parts():
    """In format 0, the tenth the drums; control characters in names do not reach a terminal."""
    drums = NOTES.replace(b"\x90", b"\x99").replace(b"\x80", b"\x89")
    parsed = read(smf(b"\x00\xff\x03\x09a\x1b[31m\nBd" + NOTES + drums + END, kind=0))
    assert [(part.name, part.is_drum) for part in parsed.parts] == [
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
    ("data", "fault"),
    [
        (b"MThd", "truncated MIDI header"),
        (smf(), "no notes on any track"),
        (smf(END), "no notes on any track"),
        (smf(b"\x00\x91\x40\x40" + END), "no notes on any track"),
        (smf(NOTES + END)[:-3], "truncated: the header promises 1 tracks, 0 are whole"),
        (smf(NOTES + END, declared=2), "truncated: the header promises 2 tracks, 1 are whole"),
        (smf(NOTES + END, declared=65535), "more than 64 tracks"),
        (smf(NOTES + END, kind=2), "format 2"),
        (smf(NOTES + END, division=0), "film frames"),
        (smf(NOTES + END, division=0xE728), "film frames"),
        (smf(NOTES[:-1]), "runs past its track"),
        (smf(NOTES + b"\x00\xff\x03\x7fName"), "runs past its track"),
        (smf(b"\x00\x3c\x50"), "no MIDI event"),
        (smf(b"\x00\x90\x3c\xc0\x00\x00"), "no MIDI event"),
        (smf(b"\x00\xf4\x00\x00"), "no MIDI event"),
        (smf(b"\xff\xff\xff\xff\x7f\x90\x3c\x50"), "longer than four bytes"),
        (smf(b"\xff\xff\xff\x7f\x90\x3c\x50" + END), "quarters of length"),
        (smf(b"\x00\xff\x58\x04\x00\x02\x18\x08" + NOTES + END), "not a time signature"),
        (smf(b"\x00\xff\x58\x04\x04\xff\x18\x08" + NOTES + END), "finer than thirty-seconds"),
    ],
)
def test_damaged_files_are_refused(data, fault):
    """Each kind of damage is named."""
    with pytest.raises(InputError, match=fault):
        read(data)
