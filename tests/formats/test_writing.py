"""What is written as MIDI, MusicXML or a multitrack is read again, by other packages too."""

import io
import itertools
from fractions import Fraction as F

import numpy as np
import pypianoroll
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mido import MidiFile
from pypianoroll import BinaryTrack, Multitrack, StandardTrack

from kantor.errors import InputError
from kantor.formats import midi, musicxml, pianoroll
from kantor.formats.engraving import spell
from kantor.formats.pianoroll import parse_multitrack, to_multitrack, to_roll
from kantor.formats.reading import read
from kantor.music.dynamics import velocities
from kantor.music.notes import Note, arrays_of, notes_of
from kantor.music.quantise import quantise
from kantor.music.score import REST, Key, Meter, Score, onset_floor


@st.composite
def scores(draw):
    """Scores of one to four voices, each with a note; rests, repeated notes, ties over bars."""
    voices, steps = draw(st.integers(1, 4)), draw(st.integers(1, 70))
    notes = [Note(0, 1, 60, voice) for voice in range(voices)]
    for voice in range(voices):
        cuts = sorted(draw(st.sets(st.integers(1, steps), max_size=12)))
        for start, end in itertools.pairwise(cuts):
            pitch = draw(st.sampled_from([REST, 0, 60, 60, 61, 127]))
            notes += [Note(start, end, pitch, voice)] * (pitch != REST)
    meter = draw(st.sampled_from([Meter(), Meter(3, 4), Meter(6, 8), Meter(2, 2), Meter(5, 4)]))
    pickup = draw(st.integers(0, meter.bar_steps - 1))
    keys = st.builds(Key, st.integers(-7, 7), st.sampled_from(["major", "minor"]))
    return Score(
        *arrays_of(notes, steps, voices),
        meter=meter,
        pickup=pickup if steps > pickup + meter.bar_steps else 0,
        key=draw(st.none() | keys),
        tempo=draw(st.sampled_from([40.0, 72.5, 80.0, 300.0])),
        title=draw(st.sampled_from(["", "Nun danket <alle> & Gott", "Ä 音"])),
    )


def notes_in(parsed):
    """The notes on the grid; each part is a line."""
    return sorted(
        note._replace(line=line)
        for line, part in enumerate(parsed.parts)
        for note in quantise(part.notes)[0]
    )


@pytest.mark.parametrize("kind", ["midi", "musicxml", "npz"])
@given(score=scores())
@settings(max_examples=60)
def test_a_score_survives_the_file(kind, score, tmp_path_factory):
    """Notes, repeated ones apart, tempo, title and length; what else the format has room for."""
    path = tmp_path_factory.getbasetemp() / "score"
    if kind == "npz":
        parsed = parse_multitrack(to_multitrack(score))
    else:
        module = {"midi": midi, "musicxml": musicxml}[kind]
        module.write(score, path)
        assert path.read_bytes() == module.to_bytes(score)
        parsed = read(path)
        assert parsed.key == score.key
        assert parsed.meters == ((F(0), score.meter),)
    assert notes_in(parsed) == notes_of(score)
    assert parsed.tempo == pytest.approx(score.tempo, abs=1e-3)
    assert parsed.title == score.title
    assert parsed.length == F(score.steps, 4)
    assert (parsed.pickup or 0) == F(score.pickup, 4)
    if kind != "midi":
        assert [line * 4 for line in parsed.bar_lines] == score.bar_lines.tolist()


@given(score=scores())
@settings(max_examples=40)
def test_midi_bytes_are_those_of_mido(score):
    """Read and written again by another package the file is the same, byte for byte."""
    data, again = midi.to_bytes(score), io.BytesIO()
    MidiFile(file=io.BytesIO(data), charset="utf-8").save(file=again)
    assert again.getvalue() == data


@pytest.mark.parametrize(
    ("about", "written", "pickup"),
    [
        ({"pickup": 4}, ["1/4 0", "4/4 1"], 1),
        ({"pickup": 2, "bar_lines": [2, 18]}, ["1/8 0", "4/4 0.5"], F(1, 2)),
        ({"meter": Meter(2, 4), "bar_lines": [0, 8, 18]}, ["2/4 0", "5/8 2", "2/4 4.5"], None),
        (
            {"meter": Meter(2, 4), "pickup": 2, "bar_lines": [2, 10, 12]},
            ["1/8 0", "2/4 0.5", "1/8 2.5", "2/4 3"],
            F(1, 2),
        ),
    ],
)
def test_midi_bars_fall_right_for_others(about, written, pickup, tmp_path):
    """A pickup is a short first bar; bars of changing length have meters and hide no pickup."""
    held = np.full((20, 4), [72, 67, 64, 48])
    midi.write(Score(held, onset_floor(held), **about), tmp_path / "a.mid")
    ticks, signatures = 0, []
    for message in MidiFile(tmp_path / "a.mid").tracks[0]:
        ticks += message.time
        if message.type == "time_signature":
            signatures.append(f"{message.numerator}/{message.denominator} {ticks / 480:g}")
    assert signatures == written
    parsed = read(tmp_path / "a.mid")
    assert parsed.pickup == pickup
    assert [str(meter) for _, meter in parsed.meters] == [
        one.split()[0] for one in written[pickup is not None :]
    ]


def test_midi_names_programs_and_channels_are_the_ensembles(band, tmp_path):
    """Pitched lines have channels and programs of their own; drums come back as drums."""
    midi.write(band, tmp_path / "a.mid")
    file = MidiFile(tmp_path / "a.mid")
    assert file.length == pytest.approx(band.seconds)
    tracks = file.tracks[1:]
    chosen = [next(m for m in track if m.type == "program_change") for track in tracks]
    assert [m.program for m in chosen] == [73, 40, 41, 42, 43, 0, 0, 0]
    assert [m.channel for m in chosen] == [0, 1, 2, 3, 4, 9, 9, 9]
    parts = read(tmp_path / "a.mid").parts
    assert [part.name for part in parts][3:] == ["Cello", "Double bass", "Kick", "Snare", "Hat"]
    assert [part.is_drum for part in parts] == [False] * 5 + [True] * 3
    assert [part.notes[0].pitch for part in parts] == band.pitches[0].tolist()
    struck = [next(m.velocity for m in track if m.type == "note_on") for track in tracks]
    assert struck == velocities(band)[0].tolist()


def test_a_multitrack_is_one_that_pypianoroll_reads(band, tmp_path):
    """What is written and loaded again holds the same notes, names, programs and title."""
    pianoroll.write(band, tmp_path / "band.npz")
    loaded = pypianoroll.load(tmp_path / "band.npz")
    assert loaded.name == "Band"
    assert notes_in(parse_multitrack(loaded)) == notes_of(band)
    tracks = [(track.name, track.program, track.is_drum) for track in loaded.tracks]
    assert tracks[:2] == [("Flute", 73, False), ("Violin", 40, False)]
    assert tracks[5:] == [("Kick", 0, True), ("Snare", 0, True), ("Hat", 0, True)]


def test_music21_reads_the_same(tmp_path):
    """Another reader finds the parts, notes, ties, key, meter, pickup, clefs and fermatas."""
    from music21 import converter

    notes = [Note(0, 4, 67, 0), Note(4, 28, 71, 0), Note(28, 36, 66, 0)]
    notes += [Note(0, 9, 62, 1), Note(9, 36, 61, 1), Note(6, 36, 55, 2), Note(0, 36, 43, 3)]
    fermatas = np.arange(36) >= 28
    score = Score(*arrays_of(notes, 36), pickup=4, key=Key(1), fermatas=fermatas)
    musicxml.write(score, tmp_path / "a.musicxml")
    found = converter.parse(tmp_path / "a.musicxml")
    assert [part.partName for part in found.parts] == ["Soprano", "Alto", "Tenor", "Bass"]
    tied = [
        [(n.offset, n.quarterLength, n.pitch.midi) for n in part.flatten().notes]
        for part in found.stripTies().parts
    ]
    assert tied[0] == [(0, 1, 67), (1, 6, 71), (7, 2, 66)]
    assert tied[1] == [(0, 2.25, 62), (2.25, 6.75, 61)]
    assert tied[2] == [(1.5, 7.5, 55)]
    first = found.parts[0]
    assert [m.quarterLength for m in first.getElementsByClass("Measure")] == [1, 4, 4]
    assert first.recurse().getElementsByClass("TimeSignature")[0].ratioString == "4/4"
    assert first.recurse().getElementsByClass("KeySignature")[0].sharps == 1
    assert [n.offset for n in first.flatten().notes if n.expressions] == [7]
    assert [p.recurse().getElementsByClass("Clef")[0].sign for p in found.parts] == list("GGGF")
    assert read(tmp_path / "a.musicxml").fermatas == ((F(7), F(9)),)


def test_clefs_suit_the_ensemble_and_drums_have_no_pitch(band, tmp_path):
    """By the lines' ranges; drums have one part with a percussion clef; names are the lines'."""
    from music21 import converter

    musicxml.write(band, tmp_path / "a.musicxml")
    parts = converter.parse(tmp_path / "a.musicxml").parts
    assert [part.partName for part in parts][3:] == ["Cello", "Double bass", "Drums"]
    clefs = [part.recurse().getElementsByClass("Clef")[0].sign for part in parts]
    assert clefs == [*"GGGFF", "percussion"]
    assert all({"Unpitched", "PercussionChord"} & {*n.classes} for n in parts[5].flatten().notes)
    pitched = [p for p in read(tmp_path / "a.musicxml").parts if not p.is_drum]
    assert [part.notes[0].pitch for part in pitched] == [76, 67, 60, 48, 36]


@pytest.mark.parametrize(
    ("pitch", "key", "expected"),
    [
        (60, None, ("C", 0, 4)),
        (61, Key(0), ("C", 1, 4)),
        (70, Key(-1), ("B", -1, 4)),
        (68, Key(0, "minor"), ("G", 1, 4)),
        (63, Key(-2), ("E", -1, 4)),
        (59, Key(-7), ("C", -1, 4)),
        (60, Key(7), ("B", 1, 3)),
        (67, Key(5, "minor"), ("F", 2, 4)),
    ],
)
def test_pitches_are_spelled_as_the_key_would(pitch, key, expected):
    """Flats in flat keys, raised leading tones in minor, Cb and B# in the right octave."""
    assert spell(pitch, key) == expected


def test_what_a_format_cannot_hold_is_refused_and_leaves_no_file(tmp_path):
    """More lines than MIDI has channels; a score without steps."""
    wide = Score(np.full((4, 16), 60), np.eye(4, 1, dtype=bool).repeat(16, axis=1))
    with pytest.raises(InputError, match="16 pitched lines"):
        midi.write(wide, tmp_path / "a.mid")
    with pytest.raises(InputError, match="no score"):
        musicxml.write(Score(np.zeros((0, 4)), np.zeros((0, 4), bool)), tmp_path / "a.musicxml")
    assert list(tmp_path.iterdir()) == []


def test_a_roll_is_true_where_its_pitch_sounds():
    """Leading dimensions, such as windows, pass through; a rest is no pitch."""
    pitches = np.array([[[60, REST], [127, 0]]] * 3, np.int8)
    roll = to_roll(pitches)
    assert (roll.shape, roll.dtype) == ((3, 2, 128, 2), bool)
    assert np.argwhere(roll[0]).tolist() == [[0, 60, 0], [1, 0, 1], [1, 127, 0]]


def test_multitracks_made_elsewhere_are_understood():
    """Finer ones, with chords, become notes in exact time."""
    melody, chords = np.zeros((96, 128), np.uint8), np.zeros((96, 128), bool)
    melody[0:24, 60], melody[24:48, 60], melody[48:96, 62] = 90, 70, 90
    chords[0:96, [48, 52]] = True
    tracks = [StandardTrack(name="Lead", pianoroll=melody), BinaryTrack(pianoroll=chords)]
    parts = parse_multitrack(Multitrack(resolution=24, tracks=tracks)).parts
    assert [note[:3] for note in parts[0].notes] == [(0, 1, 60), (1, 2, 60), (2, 4, 62)]
    assert len(parts[1].notes) == 2


@pytest.mark.parametrize(("resolution", "fault"), [(4, "no notes"), (None, "without a resolution")])
def test_an_empty_multitrack_is_refused(resolution, fault):
    """No notes, or none that can be timed: no score."""
    empty = StandardTrack(pianoroll=np.zeros((8, 128), np.uint8))
    multitrack = Multitrack(resolution=4, tracks=[empty])
    multitrack.resolution = resolution
    with pytest.raises(InputError, match=fault):
        parse_multitrack(multitrack)
