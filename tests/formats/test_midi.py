"""MIDI files: what is written is read again, and what others write is understood."""

from __future__ import annotations

import io
from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.errors import InputError
from kantor.formats import midi
from kantor.formats.parsed import ParsedFile
from kantor.formats.reading import read
from kantor.music.notes import Note, arrays_of, notes_of
from kantor.music.quantise import quantise
from kantor.music.score import Key, Meter, Score

NOTES = b"\x00\x90\x3c\x50\x60\x80\x3c\x00"  # middle C for a quarter of 96 ticks
END = b"\x00\xff\x2f\x00"


def smf(*tracks: bytes, kind: int = 1, declared: int | None = None, division: int = 96) -> bytes:
    """A MIDI file of raw tracks."""
    count = len(tracks) if declared is None else declared
    head = b"MThd" + b"".join(n.to_bytes(s, "big") for n, s in ((6, 4), (kind, 2), (count, 2)))
    chunks = (b"MTrk" + len(track).to_bytes(4, "big") + track for track in tracks)
    return head + division.to_bytes(2, "big") + b"".join(chunks)


def read_bytes(folder: Path, data: bytes) -> ParsedFile:
    path = folder / "tune"
    path.write_bytes(data)
    return read(path)


def notes_in(parsed: ParsedFile) -> list[Note]:
    return sorted(
        note._replace(line=voice)
        for voice, part in enumerate(parsed.parts)
        for note in quantise(part.notes)[0]
    )


@st.composite
def scores(draw: st.DrawFn) -> Score:
    """Scores of one to four voices, each with a note; meters, pickups, keys, tempi and titles."""
    voices = draw(st.integers(1, 4))
    notes = [Note(0, 1, 60, voice) for voice in range(voices)]
    for voice in range(voices):
        time = 1
        for gap, length, pitch in draw(
            st.lists(
                st.tuples(st.integers(0, 3), st.integers(1, 20), st.sampled_from([0, 60, 127])),
                max_size=8,
            )
        ):
            notes.append(Note(time + gap, time + gap + length, pitch, voice))
            time += gap + length
    meter = draw(st.sampled_from([Meter(), Meter(3, 4), Meter(6, 8), Meter(2, 2), Meter(5, 4)]))
    steps = max(note.end for note in notes) + draw(st.integers(0, 5))
    pickup = draw(st.integers(0, min(meter.bar_steps, steps) - 1))
    return Score(
        *arrays_of(notes, steps, voices),
        meter=meter,
        pickup=pickup if steps > pickup + meter.bar_steps else 0,
        key=draw(
            st.none() | st.builds(Key, st.integers(-7, 7), st.sampled_from(["major", "minor"]))
        ),
        tempo=draw(st.sampled_from([40.0, 72.5, 80.0, 120.0, 300.0])),
        title=draw(st.sampled_from(["", "Nun danket", "Jesu, meine Freude", "Ä 音"])),
    )


@given(score=scores())
@settings(max_examples=60, deadline=None)
def test_a_score_survives_the_file(score: Score, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Notes, repeated ones apart, meter, pickup, key, tempo, title and length come back."""
    path = tmp_path_factory.getbasetemp() / "score.mid"
    midi.write(score, path)
    found = read(path)
    assert notes_in(found) == notes_of(score)
    assert found.key == score.key
    assert found.tempo == pytest.approx(score.tempo, abs=1e-3)
    assert found.title == score.title
    assert found.length == F(score.steps, 4)
    assert found.meters == ((F(0), score.meter),)
    assert (found.pickup or 0) == F(score.pickup, 4)
    assert path.read_bytes() == midi.to_bytes(score)


@given(score=scores())
@settings(max_examples=60, deadline=None)
def test_bytes_are_those_of_mido(score: Score) -> None:
    """Read and written again by another package the file is the same, byte for byte."""
    from mido import MidiFile

    data = midi.to_bytes(score)
    again = io.BytesIO()
    MidiFile(file=io.BytesIO(data), charset="utf-8").save(file=again)
    assert again.getvalue() == data


def four_voices(**other: object) -> Score:
    pitches = np.tile(np.array([72, 67, 64, 48]), (20, 1))
    return Score(pitches, np.arange(20)[:, None] % 4 == np.zeros(4), **other)  # type: ignore[arg-type]


def test_tracks_are_named_and_bars_fall_right_for_others(tmp_path: Path) -> None:
    """Another reader sees four named tracks, and a 1/4 bar for the pickup before 4/4."""
    from mido import MidiFile

    midi.write(four_voices(pickup=4, tempo=100.0), tmp_path / "a.mid")
    file = MidiFile(tmp_path / "a.mid")
    assert [track.name for track in file.tracks[1:]] == ["Soprano", "Alto", "Tenor", "Bass"]
    meters = [(m.numerator, m.denominator, m.time) for m in file.tracks[0] if "sig" in m.type]
    assert meters == [(1, 4, 0), (4, 4, 480)]
    starts = [m for m in file.tracks[1] if m.type == "note_on"]
    assert len(starts) == 5
    assert file.length == pytest.approx(3.0)


def test_bars_of_changing_length_are_written(tmp_path: Path) -> None:
    """Each change of a bar's length is a time signature at its bar line."""
    score = four_voices(meter=Meter(2, 4), bar_lines=np.array([0, 8, 18]))
    midi.write(score, tmp_path / "a.mid")
    assert read(tmp_path / "a.mid").meters == (
        (F(0), Meter(2, 4)),
        (F(2), Meter(5, 8)),
        (F(9, 2), Meter(2, 4)),
    )


def test_a_short_bar_in_the_middle_does_not_hide_the_pickup(tmp_path: Path) -> None:
    """A bar as short as the pickup may come again; the pickup stays one."""
    midi.write(four_voices(pickup=2, bar_lines=np.array([2, 18])), tmp_path / "a.mid")
    assert read(tmp_path / "a.mid").pickup == F(1, 2)
    score = four_voices(meter=Meter(2, 4), pickup=2, bar_lines=np.array([2, 10, 12]))
    midi.write(score, tmp_path / "a.mid")
    found = read(tmp_path / "a.mid")
    assert found.pickup == F(1, 2)
    assert [meter for _, meter in found.meters] == [Meter(2, 4), Meter(1, 8), Meter(2, 4)]


def test_names_programs_and_channels_are_the_ensembles(band: Score, tmp_path: Path) -> None:
    """Pitched lines have channels and programs of their own; drums come back as drums."""
    from mido import MidiFile

    midi.write(band, tmp_path / "a.mid")
    tracks = MidiFile(tmp_path / "a.mid").tracks[1:]
    chosen = [next(m for m in track if m.type == "program_change") for track in tracks]
    assert [m.program for m in chosen] == [73, 40, 41, 42, 43, 0, 0, 0]
    assert [m.channel for m in chosen] == [0, 1, 2, 3, 4, 9, 9, 9]
    parts = read(tmp_path / "a.mid").parts
    assert [part.name for part in parts][3:] == ["Cello", "Double bass", "Kick", "Snare", "Hat"]
    assert [part.is_drum for part in parts] == [False] * 5 + [True] * 3
    assert [part.notes[0].pitch for part in parts] == band.pitches[0].tolist()


def test_nothing_is_left_behind_by_a_failure(tmp_path: Path) -> None:
    """A score that MIDI cannot hold leaves no file, and no folder is left half full."""
    score = Score(np.full((4, 16), 60), np.eye(4, 1, dtype=bool).repeat(16, axis=1))
    with pytest.raises(InputError, match="16 pitched lines"):
        midi.write(score, tmp_path / "a.mid")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("track", "spans"),
    [
        # a status byte holds on over meta events; a note-on of velocity 0 ends a note
        (
            b"\x00\x90\x3c\x50\x00\xff\x01\x01x\x60\x3c\x00\x00\x3e\x50\x30\x3e\x00",
            [(0, 1, 60), (1, F(3, 2), 62)],
        ),
        # an onset ends the note of its pitch that was not released
        (
            b"\x00\x90\x3c\x50\x30\x3c\x50\x30\x80\x3c\x00",
            [(0, F(1, 2), 60), (F(1, 2), 1, 60)],
        ),
        # a release written before the onset at its own tick (a grace note) shifts no later note
        (
            b"\x00\x80\x3c\x00\x00\x90\x3c\x50\x30\x90\x3c\x50\x30\x80\x3c\x00"
            b"\x00\x90\x3c\x50\x30\x80\x3c\x00",
            [(0, F(1, 2), 60), (F(1, 2), 1, 60), (1, F(3, 2), 60)],
        ),
        # system exclusive bytes are passed over; a note without a release lasts to the end
        (b"\x00\xf0\x03\x7e\x09\xf7\x00\x90\x3c\x50\x60\xff\x01\x01x", [(0, 1, 60)]),
    ],
)
def test_notes_are_found_in_odd_tracks(
    track: bytes, spans: list[tuple[F, F, int]], tmp_path: Path
) -> None:
    """As the format allows, though no two programs write it alike."""
    assert read_bytes(tmp_path, smf(track + END)).parts[0].notes == tuple(spans)


def test_channels_of_one_track_are_parts(tmp_path: Path) -> None:
    """Format 0 holds all in one track: each channel is a part, the tenth the drums.

    Control characters and line feeds in names do not reach a terminal.
    """
    track = (
        b"\x00\xff\x03\x09a\x1b[31m\nBd"
        + NOTES
        + NOTES.replace(b"\x90", b"\x99").replace(b"\x80", b"\x89")
    )
    found = read_bytes(tmp_path, smf(track + END, kind=0))
    assert [(p.name, p.is_drum) for p in found.parts] == [
        ("a [31m Bd channel 1", False),
        ("a [31m Bd channel 10", True),
    ]
    assert found.title == "a [31m Bd"


def test_foreign_chunks_are_passed_over(tmp_path: Path) -> None:
    """What is no music does not disturb the music."""
    data = smf(NOTES + END)
    data = data[:14] + b"XFIH\x00\x00\x00\x02ab" + data[14:] + b"trailing"
    assert len(read_bytes(tmp_path, data).parts[0].notes) == 1


def test_the_tempo_of_the_first_note_counts(tmp_path: Path) -> None:
    """A later slowing down is not the tempo; a tempo nobody can mean is not believed."""
    conductor = (
        b"\x00\xff\x51\x03\x09\x27\xc0\x00\xff\x51\x03\x00\x00\x01\x60\xff\x51\x03\x0f\x42\x40"
    )
    found = read_bytes(tmp_path, smf(conductor + END, b"\x30" + NOTES[1:] + END))
    assert found.tempo == 100.0
    assert read_bytes(tmp_path, smf(NOTES + END)).tempo == 120.0


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"MThd", "truncated MIDI header"),
        (smf(), "no notes on any track"),
        (smf(END), "no notes on any track"),
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
def test_damaged_files_are_refused_in_one_line(tmp_path: Path, data: bytes, fault: str) -> None:
    """Each kind of damage is named, with the file, in one line."""
    with pytest.raises(InputError, match=fault) as refusal:
        read_bytes(tmp_path, data)
    assert str(refusal.value).startswith(f"{tmp_path / 'tune'}: ")
    assert "\n" not in str(refusal.value)
