"""Every file gives a score of the ensemble or a reason, never an error and never a silent loss."""

import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypianoroll
import pytest
from tests.data.conftest import chorale, only, pieces, read, reason

from kantor.data.chorales import chorales
from kantor.data.corpus import SPLITS, Piece, Refusal
from kantor.ensemble import SATB
from kantor.errors import InputError
from kantor.formats import midi, musicxml
from kantor.formats.pianoroll import to_multitrack
from kantor.music.score import REST, Meter, Score, onset_floor


def write_multitrack(score, path):
    """A file of pypianoroll, with a track of drums before the voices."""
    multitrack = to_multitrack(score)
    roll = np.full((score.steps, 128), 90, np.uint8)
    multitrack.tracks.insert(0, pypianoroll.StandardTrack("Drums", 0, True, roll))
    multitrack.save(path)


@pytest.mark.parametrize(
    ("kind", "write"),
    [("folder", midi.write), ("folder", musicxml.write), ("multitracks", write_multitrack)],
)
def test_written_scores_come_back(tmp_path, kind, write):
    """MIDI, MusicXML and multitracks come back note for note, repeated ones and bars too."""
    score = chorale()
    write(score, tmp_path / "some.npz")
    found = only(kind, tmp_path)
    np.testing.assert_array_equal(found.pitches, score.pitches)
    np.testing.assert_array_equal(found.onsets, score.onsets)
    np.testing.assert_array_equal(found.bar_lines, score.bar_lines)
    assert (found.meter, found.pickup) == (score.meter, 4)
    assert found.key == score.key or kind == "multitracks"
    assert (round(found.tempo, 2), found.title) == (90, "Test")


def test_bad_files_are_refused_with_a_reason(tmp_path):
    """Of one line each; the rest is read, and READMEs, notes and hidden files are passed over."""
    whole = midi.to_bytes(chorale())
    for name, content in (
        *((name, b"not music") for name in ("README.md", "notes.TXT", ".DS_Store", ".git/config")),
        ("sub/good.mid", whole),
        ("empty.mid", b""),
        ("garbage.mid", b"garbage" * 50),
        ("short.mid", whole[: len(whole) // 2]),
        ("melody.mid", midi.to_bytes(chorale().line(0))),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    items = read("folder", tmp_path)
    good = f"{tmp_path.name}/sub/good.mid"
    assert [item.id for item in items if isinstance(item, Piece)] == [good]
    refused = {Path(item.file).stem: item.reason for item in items if isinstance(item, Refusal)}
    assert set(refused) == {"empty", "garbage", "short", "melody"}
    assert "empty" in refused["empty"]
    assert "four notes" in refused["melody"]
    assert all(text and "\n" not in text and str(tmp_path) not in text for text in refused.values())


@pytest.mark.parametrize("kind", ["folder", "multitracks", "jsb", "published"])
def test_missing_folder_is_an_error(tmp_path, kind):
    """A source that is not there is the parameters' fault, not a file's."""
    with pytest.raises(InputError, match="nowhere"):
        read(kind, tmp_path / "nowhere")


def test_leading_silence_becomes_a_pickup(tmp_path):
    """Silent bars before the music go, the rest is the pickup; a missing key is estimated."""
    score = chorale()
    silence = np.full((12 + 32, 4), REST, np.int8)
    pitches = np.concatenate([silence, score.pitches])
    onsets = np.concatenate([silence != REST, score.onsets])
    midi.write(Score(pitches, onsets), tmp_path / "late.mid")
    found = only("folder", tmp_path)
    assert found.key is not None
    np.testing.assert_array_equal(found.pitches, score.pitches)
    assert found.pickup == 4
    assert found.bar_lines.tolist() == [4, 20]


def test_lakh_resolution_is_brought_to_sixteenths(tmp_path):
    """24 time steps a quarter, under the old name `beat_resolution`: the same music."""
    score = chorale()
    fine = to_multitrack(score)
    fine.resolution = 24
    fine.tempo, fine.downbeat = np.full(score.steps * 6, 90.0), None
    for track in fine.tracks:
        track.pianoroll = np.repeat(track.pianoroll, 6, axis=0)
    pypianoroll.save(tmp_path / "new.npz", fine)
    with (
        zipfile.ZipFile(tmp_path / "new.npz") as new,
        zipfile.ZipFile(tmp_path / "old.npz", "w") as old,
    ):
        for name in new.namelist():
            data = new.read(name)
            old.writestr(name, data.replace(b'"resolution"', b'"beat_resolution"'))
    (tmp_path / "new.npz").unlink()
    np.testing.assert_array_equal(only("multitracks", tmp_path).pitches, score.pitches)


def test_other_npz_files_are_refused(tmp_path):
    """Files that are no npz at all, an npz of something else, a roll that would fill the memory."""
    path = tmp_path / "other.npz"
    for content in (b"", b"garbage", b"PK\x03\x04cut"):
        path.write_bytes(content)
        assert "not a pypianoroll multitrack" in reason("multitracks", tmp_path)
    np.savez(path, a=np.zeros(3))
    assert "not a pypianoroll multitrack" in reason("multitracks", tmp_path)
    to_multitrack(chorale()).save(path)
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "info.json"}
        info = stored["info.json"]
    np.savez(path, **arrays | {"pianoroll_0_csc_shape": np.array([2**40, 128])})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("info.json", info)
    assert "more than 20,000 quarters" in reason("multitracks", tmp_path)


def test_chorales_are_whole(raw):
    """A chorale has four voices, key and title, and the published split; here of one in twenty."""
    found = pieces(read("jsb", raw / "jsb", every=20))
    assert [piece.split for piece in found] == [row.split for row in chorales()[::20]]
    for piece in found:
        assert piece.score.ensemble == SATB
        assert piece.score.key is not None
        assert piece.score.title.startswith("BWV ")
        assert piece.score.steps >= 90


@pytest.mark.long
def test_all_chorales_keep_what_the_published_file_loses(raw, published):
    """Of 371: pickups in 70%, 40 in three quarters, fermatas nearly everywhere, repeated notes.

    Step by step, at the best shift, nearly all agree with the published file by 90% or more. The
    editions differ (bass octaves, corrected notes, repeats written out in one of them).
    """
    scores = [piece.score for piece in pieces(read("jsb", raw / "jsb"))]
    assert len(scores) == 371
    assert min(score.steps for score in scores) >= 90
    assert 0.65 < np.mean([score.pickup > 0 for score in scores]) < 0.75
    assert sum(score.meter == Meter(3, 4) for score in scores) == 40
    assert np.mean([score.fermatas.any() for score in scores]) > 0.98
    repeated = [(score.onsets & ~onset_floor(score.pitches)).any() for score in scores]
    assert np.mean(repeated) > 0.98
    splits = {split: published(split) for split in SPLITS}
    agreement = [
        _agreement(splits[row.split][row.index].pitches, score.pitches)
        for row, score in zip(chorales(), scores, strict=True)
    ]
    assert np.median(agreement) > 0.98
    assert np.quantile(agreement, 31 / 371) > 0.9
    assert np.mean(agreement) > 0.95


def _agreement(published, ours):
    """Share of equal cells at the best of the shifts by up to two bars."""
    padded = np.pad(published, ((32, 32 + len(ours)), (0, 0)), constant_values=REST - 1)
    equal = [(padded[shift : shift + len(ours)] == ours).sum() for shift in range(65)]
    return max(equal) / (4 * min(len(published), len(ours)))


def test_published_pieces(tmp_path):
    """As JSON and as arrays with NaN for rests; a run of a pitch is a note, its key estimated."""
    lists, arrays = {}, {}
    for seed, split in enumerate(SPLITS):
        pitches = chorale(seed).pitches.copy()
        pitches[8:12, 1] = REST
        lists[split], arrays[split] = [pitches.tolist()], np.empty(1, object)
        arrays[split][0] = np.where(pitches == REST, np.nan, pitches)
    (tmp_path / "Jsb16thSeparated.json").write_text(json.dumps(lists))
    (tmp_path / "npz").mkdir()
    np.savez(tmp_path / "npz/Jsb16thSeparated", **arrays)
    for folder in (tmp_path, tmp_path / "npz"):
        found = pieces(read("published", folder))
        assert [(piece.id, piece.split) for piece in found] == [
            (f"published/{split}-000", split) for split in SPLITS
        ]
        assert [[piece.score.pitches.tolist()] for piece in found] == [*lists.values()]
        first = found[0].score
        np.testing.assert_array_equal(first.onsets, onset_floor(first.pitches))
        assert first.key is not None
        assert (first.meter, first.pickup) == (Meter(), 0)


@dataclass
class Hostile:
    """Unpickles into a call."""

    target: Path

    def __reduce__(self):
        return (Path.touch, (self.target,))


def test_pickles_run_no_code(tmp_path):
    """An npz that would call something when unpickled is refused, and nothing is called."""
    hostile = np.empty(1, object)
    hostile[0] = Hostile(tmp_path / "called")
    np.savez(tmp_path / "bad.npz", train=hostile, valid=hostile, test=hostile)
    assert "not an array" in reason("published", tmp_path / "bad.npz")
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"[1, 2]", b"{}", b'{"train": 1, "valid": 2, "test": 3}', b"PK\x03\x04", b"[" * 99999],
)
def test_broken_published_files(tmp_path, content):
    """A file of another form is refused whole, in one line."""
    (tmp_path / "bad.json").write_bytes(content)
    assert re.fullmatch(".+", reason("published", tmp_path))


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([[60, 55, 52]] * 16, "shape"),
        ([[60, 55, 52, 200]] * 16, "MIDI"),
        ([[60.5, 55, 52, 48]] * 16, "MIDI"),
        ([[60, 55, 52, 48], [60]], "unequal"),
        ([[-1, -1, -1, -1]] * 16, "no note"),
        ([], "shape"),
    ],
)
def test_broken_published_pieces(tmp_path, rows, word):
    """A piece of another form is refused by its place, the others are read."""
    good = chorale().pitches.tolist()
    splits = {"train": [rows, good], "valid": [good], "test": []}
    (tmp_path / "some.json").write_text(json.dumps(splits))
    bad, *others = read("published", tmp_path)
    assert [type(item) for item in others] == [Piece, Piece]
    assert isinstance(bad, Refusal)
    assert bad.file.endswith("some.json#train-000")
    assert word in bad.reason
