"""Files that tests send: melodies and voices as MIDI, a hymn with all that MusicXML can hold."""

import struct

import numpy as np

from kantor.formats import midi
from kantor.music.score import Score

VOICES = (72, 67, 64, 48)

_NOTE = """<note><pitch><step>{}</step><octave>5</octave></pitch><duration>1</duration>
<voice>1</voice><type>quarter</type><lyric number="1"><syllabic>single</syllabic><text>{}</text>
</lyric></note>"""


def _bar(number, steps, words, more="", after=""):
    notes = "".join(_NOTE.format(*pair) for pair in zip(steps, words, strict=True))
    return f'<measure number="{number}">{more}{notes}{after}</measure>'


HYMN = f"""<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="4.0"><work><work-title>Hymn</work-title></work>
<identification><creator type="composer">A. Nonymous</creator></identification>
<part-list><score-part id="P1"><part-name>Voice</part-name></score-part></part-list>
<part id="P1">{
    _bar(
        1,
        "CDEF",
        ["O", "sing", "a", "song"],
        '<barline location="left"><repeat direction="forward"/></barline><attributes><divisions>1'
        "</divisions><key><fifths>0</fifths></key><time><beats>4</beats><beat-type>4</beat-type></time>"
        "<clef><sign>G</sign><line>2</line></clef></attributes><harmony><root><root-step>C</root-step>"
        "</root><kind>major</kind></harmony>",
    )
}{
    _bar(
        2,
        "GAGE",
        ["of", "joy", "and", "light"],
        "<harmony><root><root-step>G</root-step></root><kind>dominant</kind></harmony>",
        '<barline location="right"><repeat direction="backward"/></barline>',
    )
}{_bar(3, "FEDC", ["for", "all", "the", "world"])}</part></score-partwise>""".encode()


def melody_midi(pitches, meter=(4, 4)):
    """A track of quarters."""
    track = bytearray()
    if meter:
        track += b"\x00\xff\x58\x04" + bytes([meter[0], meter[1].bit_length() - 1, 24, 8])
    for pitch in pitches:
        track += bytes([0, 0x90, pitch, 80, 0x83, 0x60, 0x80, pitch, 0])
    track += b"\x00\xff\x2f\x00"
    header = struct.pack(">4sIHHH", b"MThd", 6, 0, 1, 480)
    return header + struct.pack(">4sI", b"MTrk", len(track)) + bytes(track)


def voices_midi(bars=4):
    """Four named voices in quarters."""
    steps = 16 * bars
    pitches = np.tile(np.array(VOICES, np.int8), (steps, 1))
    pitches += (np.arange(steps)[:, None] // 4 % 2 * 2).astype(np.int8)
    onsets = np.zeros(pitches.shape, bool)
    onsets[::4] = True
    return midi.to_bytes(Score(pitches, onsets))
