"""A take becomes a piece: the notes on the grid, and beside them what was played."""

import json

import numpy as np
import pytest

from kantor.errors import InputError
from kantor.formats.parsed import Limits
from kantor.formats.reading import parse
from kantor.studio.document import KeySignature
from kantor.studio.file_reading import FileOptions
from kantor.studio.recordings import Recording, recording_files, recording_piece

TUNE = (60, 62, 64, 65, 67, 69, 67, 65, 64, 62, 64, 60, 67, 65, 64, 62, 64, 65, 62, 60)


def played(pitches, starts, lengths, velocity=80):
    """MIDI messages for notes at `starts`, seconds."""
    events = []
    for pitch, start, length in zip(pitches, starts, lengths, strict=True):
        events.append((start, 0x90, pitch, velocity))
        events.append((start + length, 0x80, pitch, 0))
    return sorted(events)


def quarters(tempo, count=20, off=0.0):
    return np.arange(count) * 60 / tempo + off


def piece_of(events, options=None, **take):
    return recording_piece(Recording(events=events, **take), options or FileOptions())


def starts_of(piece):
    return [note[0] for note in piece.lines[0].notes]


def differences(piece):
    """How much later than on the grid each note was played, in steps."""
    pairs = zip(piece.played.notes, piece.lines[0].notes, strict=True)
    return [own[0] - note[0] for own, note in pairs]


@pytest.mark.parametrize("tempo", [60, 90, 137])
def test_with_a_click_notes_go_to_its_grid(tempo):
    """However badly they were played: up to 40% of a sixteenth early or late."""
    rng = np.random.default_rng(1)
    off = rng.uniform(-0.4, 0.4, len(TUNE)) * 15 / tempo
    piece = piece_of(played(TUNE, quarters(tempo) + off, [0.3] * len(TUNE)), tempo=tempo)
    assert starts_of(piece) == list(range(0, 4 * len(TUNE), 4))
    assert [note[2] for note in piece.lines[0].notes] == list(TUNE)
    assert (piece.tempo, piece.meter, piece.steps % 16) == (tempo, "4/4", 0)


def test_latency_is_taken_off():
    """Notes that come 200 ms late are where they were meant."""
    events = played(TUNE, quarters(120, off=0.2), [0.4] * len(TUNE))
    piece = piece_of(events, tempo=120, latency=0.2)
    assert starts_of(piece) == list(range(0, 80, 4))
    assert [round(note[0], 2) for note in piece.played.notes[:3]] == [0, 4, 8]


def test_early_notes():
    """Those up to half a beat before the first beat begin the piece; earlier ones are left out."""
    starts = np.concatenate([[-1.5, -0.2], quarters(100)[1:]])
    piece = piece_of(played([72, *TUNE], [*starts], [0.15] * 21), tempo=100)
    assert starts_of(piece)[:3] == [0, 4, 8]
    assert piece.lines[0].notes[0][2] == TUNE[0]
    assert any("count-in" in line for line in piece.source.messages)
    assert piece.played.notes[0][0] == pytest.approx(-0.2 * 100 / 15, abs=0.01)


def test_a_late_downbeat():
    """The grid begins at the first beat, wherever that is in the recording."""
    events = played(TUNE, quarters(90, off=5.0), [0.4] * len(TUNE))
    assert starts_of(piece_of(events, tempo=90, downbeat=5.0)) == list(range(0, 80, 4))


def test_what_was_played_stays_beside_the_grid():
    """A note for each note, in order, with its velocity; the strength moves none on the grid."""
    off = np.tile([0.05, -0.05], len(TUNE) // 2)
    events = played(TUNE, quarters(90) + off, [0.5] * len(TUNE), velocity=55)
    piece = piece_of(events, tempo=90, strength=0.5)
    assert piece.played.strength == 0.5
    assert len(piece.played.notes) == len(piece.lines[0].notes)
    assert differences(piece) == pytest.approx(off * 6, abs=0.01)
    assert {note[3] for note in piece.played.notes} == {55}


def test_without_a_click_the_beat_is_found():
    """Tempo and meter follow from the notes, and that is said."""
    rng = np.random.default_rng(3)
    drift = np.cumsum(rng.normal(0, 0.012, 40))
    pitches = (TUNE * 2)[:40]
    events = played(pitches, quarters(104, 40) + drift, [0.4] * 40)
    piece = piece_of(events, click=False, tempo=75)
    assert 96 <= piece.tempo <= 112
    assert any("no click" in line for line in piece.source.messages)
    assert "--" not in " ".join(piece.source.messages)
    assert len(piece.played.notes) == len(piece.lines[0].notes)
    assert np.abs(differences(piece)).max() < 1


def test_few_notes_without_a_click():
    """They are counted from the first one at the tempo that was set."""
    piece = piece_of(played((60, 62, 64), quarters(90, 3, off=7.3), [0.5] * 3), click=False)
    assert starts_of(piece) == [0, 4, 8]


def test_the_pedal_lengthens():
    """Until it is lifted."""
    events = [(0, 0xB0, 64, 127), *played((60,), (0,), (0.2,)), (2, 0xB0, 64, 0)]
    piece = piece_of(events, tempo=60)
    assert piece.played.notes[0][1] == pytest.approx(8)


def test_a_note_that_is_held_at_the_end():
    """It is closed."""
    piece = piece_of([(0, 0x90, 60, 80), (1, 0x90, 64, 80), (2, 0xE0, 0, 64)], tempo=60)
    assert [note[2] for note in piece.lines[0].notes] == [60, 64]


def test_chords_give_their_top_line():
    """And that is said."""
    events = played(TUNE, quarters(90), [0.5] * 20) + played([48] * 20, quarters(90), [0.5] * 20)
    piece = piece_of(events, tempo=90)
    assert [note[2] for note in piece.lines[0].notes] == list(TUNE)
    assert any("chords" in line for line in piece.source.messages)


@pytest.mark.parametrize("events", [[], [(0.0, 0xB0, 64, 127)], [(0.0, 0x90, 60, 0)]])
def test_without_notes(events):
    """There is nothing to make a piece of."""
    with pytest.raises(InputError, match="no notes were played"):
        piece_of(events)


def test_the_key():
    """The one that was set, else the one that the notes are in."""
    events = played([pitch + 2 for pitch in TUNE], quarters(90), [0.5] * 20)
    assert piece_of(events).key == KeySignature(fifths=2, mode="major")
    set_one = KeySignature(fifths=-1, mode="minor")
    assert piece_of(events, key=set_one).key == set_one


def test_for_another_voice():
    """Its notes are moved by octaves into that voice's range."""
    events = played(TUNE, quarters(90), [0.5] * 20)
    piece = piece_of(events, FileOptions(given="bass"))
    assert [note[2] % 12 for note in piece.lines[3].notes] == [pitch % 12 for pitch in TUNE]
    assert piece.played.line == 3


def test_the_take_is_kept_as_midi():
    """With the times and velocities that it had."""
    take = Recording(events=played(TUNE, quarters(97, off=0.013), [0.31] * 20, 77), tempo=97)
    (part,) = parse(recording_files(take)["recording.mid"], Limits()).parts
    assert [note.pitch for note in part.notes] == list(TUNE)
    assert float(part.notes[1].start) == pytest.approx(1 + 0.013 * 97 / 60, abs=0.003)
    assert part.notes[0].velocity == 77


def test_over_http(client, root):
    """The take stays beside the piece, and can be read again without its click."""
    body = {"events": played(TUNE, quarters(90).tolist(), [0.5] * 20), "tempo": 90, "meter": "3/4"}
    piece = client.post("/api/pieces", json={"recording": body}).raise_for_status().json()
    folder = root / "compositions/studio" / piece["id"]
    raw = (folder / "recording.json").read_bytes()
    assert len(json.loads(raw)["events"]) == 40
    assert piece["meter"] == "3/4"
    match = {"if-match": '"0"'}
    path = f"/api/pieces/{piece['id']}/source"
    again = client.post(path, json={"options": {"meter": "4/4"}}, headers=match).json()
    assert (again["meter"], again["revision"]) == ("4/4", 1)
    assert (folder / "recording.json").read_bytes() == raw
    empty = client.post("/api/pieces", json={"recording": {"events": []}})
    assert (empty.status_code, empty.json()["detail"]) == (422, "no notes were played")


def test_the_raw_take_can_be_had(client):
    """As it came, of a piece that was recorded; others have none."""
    sent = {"events": [[0, 0x90, 60, 80], [0.5, 0x80, 60, 0]], "tempo": 90, "latency": 0.1}
    piece = client.post("/api/pieces", json={"recording": sent}).json()
    take = client.get(f"/api/pieces/{piece['id']}/recording").json()
    assert {name: take[name] for name in sent} == sent
    form = {"bars": 1, "meter": "4/4", "key": {"fifths": 0, "mode": "major"}, "tempo": 90}
    other = client.post("/api/pieces", json={"form": form}).json()
    assert client.get(f"/api/pieces/{other['id']}/recording").status_code == 404
