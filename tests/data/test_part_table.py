"""A table of parts makes excerpts of files: a lead, chords, a bass and drums."""

import os
from pathlib import Path

import mido
import numpy as np
import pytest

from kantor import settings
from kantor.data import part_table, sources
from kantor.data.corpus import Piece, Refusal
from kantor.errors import InputError
from kantor.music.score import REST
from kantor.styles import load_ensemble

ROOT = Path(__file__).parents[2]
ROCK = load_ensemble(ROOT / "styles" / "rock.yaml")
REFERENCE = os.environ.get("KANTOR_REFERENCE_DATA", ROOT.parent / "shared" / "data")
LINES = {name: line for line, name in enumerate(ROCK.names)}
DRUMS = 9


def bars(count, *pitches, first=0, length=4):
    """Chords of a quarter on every quarter of so many bars: ``(start, length, pitch)``."""
    return [
        (4 * bar + beat, length / 4, pitch)
        for bar in range(first, first + count)
        for beat in range(4)
        for pitch in pitches
    ]


def write(path, *tracks, meter=None):
    """A MIDI file, the last track on channel 10."""
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(mido.MidiTrack())
    for bar, (over, under) in (meter or {}).items():
        sign = mido.MetaMessage("time_signature", numerator=over, denominator=under)
        file.tracks[0].append(sign.copy(time=bar * 1920))
    for channel, notes in enumerate(tracks):
        channel = DRUMS if channel == len(tracks) - 1 else channel
        events = [
            (round((start + end) * 480), kind, pitch)
            for start, length, pitch in notes
            for end, kind in ((0, "note_on"), (length, "note_off"))
        ]
        track, now = mido.MidiTrack(), 0
        for tick, kind, pitch in sorted(events):
            track.append(mido.Message(kind, note=pitch, channel=channel, time=tick - now))
            now = tick
        file.tracks.append(track)
    file.save(path)


def read(folder, row="a.mid,1,2,3"):
    """What the source `table` finds in a folder whose table has one row."""
    (folder / part_table.TABLE).write_text(f"file,lead,guitar,bass\n{row}\n")
    tasks = sources.tasks(settings.Source(kind="table", path=folder), ROCK)
    return [item for task in tasks for item in sources.read(task)]


def pitches(score, name, steps=8):
    return score.pitches[:steps, LINES[name]].tolist()


def test_parts_become_lines(tmp_path):
    """The lead is the top note, the bass the lowest, chords are split from high to low; drums go
    to the line of their kind for one step; what lies outside a range moves by octaves."""
    tracks = [bars(8, 72, 64), bars(8, 45, 52, 40), bars(8, 20, 45), bars(8, 35, 57, length=8)]
    write(tmp_path / "a.mid", *tracks)
    (piece,) = read(tmp_path)
    assert isinstance(piece, Piece)
    assert (piece.id, piece.source) == ("a.mid#1", "table")
    score = piece.score
    assert score.steps == 128
    assert score.ensemble == ROCK
    assert pitches(score, "lead") == [72] * 8
    assert pitches(score, "guitar 1") == [52] * 8
    assert pitches(score, "guitar 2") == [45] * 8
    assert pitches(score, "bass") == [32] * 8
    assert pitches(score, "kick") == [36, REST, REST, REST] * 2
    assert pitches(score, "crash") == [49, REST, REST, REST] * 2
    assert (score.onsets == (np.arange(128) % 4 == 0)[:, None] & (score.pitches != REST)).all()
    assert score.fermatas.any()
    assert score.key


def test_each_bar_has_the_first_track_that_sounds(tmp_path):
    """A second track fills the bars in which the first one is silent, and no others."""
    solo, riff = bars(4, 70), bars(8, 60)
    write(tmp_path / "a.mid", solo, bars(8, 52), bars(8, 40), riff, bars(8, 36))
    (piece,) = read(tmp_path, "a.mid,1 4,2,3")
    lead = piece.score.pitches[:, LINES["lead"]]
    assert set(lead[:64].tolist()) == {70}
    assert set(lead[64:].tolist()) == {60}


def test_excerpts_follow_the_lead(tmp_path):
    """They begin and end with it, are no longer than they may be, and are told by their bar."""
    lead = bars(40, 72, first=2) + bars(4, 72, first=46)
    rest = [bars(50, 52, 45), bars(50, 40), bars(50, 36)]
    write(tmp_path / "a.mid", lead, *rest)
    found = {piece.id: piece.score.steps // 16 for piece in read(tmp_path)}
    assert found == {"a.mid#3": 32, "a.mid#35": 8, "a.mid#47": 4}


def test_excerpts_without_a_part_or_off_the_grid_are_refused(tmp_path):
    """By name and bar, with the reason."""
    swung = [(start + 0.167, length, pitch) for start, length, pitch in bars(8, 72, first=20)]
    write(
        tmp_path / "a.mid",
        bars(8, 72) + swung,
        bars(28, 52, 45),
        bars(8, 40, first=20),
        bars(28, 36),
    )
    first, second = read(tmp_path)
    assert first == Refusal("a.mid#1", "no bass in more than half of 8 bars")
    assert second == Refusal("a.mid#21", "20% of the notes are off the sixteenth grid")


@pytest.mark.parametrize(
    ("row", "meter", "reason"),
    [
        ("a.mid,9,2,3", {}, "no notes on track 9, which is to be the lead"),
        ("a.mid,1,2,", {}, "the table names no track for the bass"),
        ("a.mid,1,2,3", {0: (4, 4), 2: (7, 8)}, "its meter changes"),
    ],
)
def test_files_that_do_not_fit_their_row_are_refused(tmp_path, row, meter, reason):
    """In one line."""
    write(tmp_path / "a.mid", bars(8, 72), bars(8, 52), bars(8, 40), bars(8, 36), meter=meter)
    (refused,) = read(tmp_path, row)
    assert refused.reason == reason


def test_a_table_that_is_none(tmp_path):
    """Names the line; and no file of the table at all is an error."""
    with pytest.raises(InputError, match=r"parts.csv: line 2: expected file, lead, guitar, bass"):
        read(tmp_path, "a.mid,one,2,3")
    with pytest.raises(InputError, match="none of the 1 files of its table"):
        read(tmp_path)


def test_freedoom():
    """The table of freedoom's music fits its files; one bar as it was heard."""
    folder = Path(REFERENCE) / "styles" / "rock"
    if not folder.exists():
        pytest.skip("reference data is not here")
    rows = {row.file: row for row in part_table.table_of(folder)}
    assert len(rows) == 63
    assert all((folder / file).is_file() for file in rows)
    file = "musics/d_dm22.mid"
    score = part_table.read_row(folder / file, rows[file], file, ROCK)[0].score
    assert {26, 38} == set(pitches(score, "bass", 16))
    assert pitches(score, "guitar 1", 1) + pitches(score, "guitar 2", 1) == [66, 62]
    sounds = {name for name in ROCK.names[ROCK.pitched :] if pitches(score, name, 1) != [REST]}
    assert sounds == {"kick", "crash"}
    assert 42 in pitches(score, "closed hat", 16)
