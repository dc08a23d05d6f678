"""Files with safe names, written whole."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantor.compose import outputs
from kantor.compose.outputs import FORMATS, parse_formats, path_of, stems, write
from kantor.errors import InputError
from kantor.music.score import Key, Score, onset_floor

HEADS = {
    "npz": b"PK",
    "mid": b"MThd",
    "musicxml": b"<?xml",
    "wav": b"RIFF",
    "mp3": b"\xff\xfb",
    "ogg": b"OggS",
    "png": b"\x89PNG",
}


@pytest.fixture
def score():
    chords = [(72, 67, 64, 48), (71, 67, 62, 43), (72, 67, 64, 48)]
    pitches = np.repeat(np.array(chords, np.int8), 8, axis=0)
    return Score(pitches, onset_floor(pitches), key=Key(), title="three chords")


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_written(kind, score, tmp_path):
    """Each format has its own signature, and nothing else is left in the folder."""
    write(score, tmp_path / f"x.{kind}", kind)
    assert (tmp_path / f"x.{kind}").read_bytes().startswith(HEADS[kind])
    assert [path.name for path in tmp_path.iterdir()] == [f"x.{kind}"]


def test_a_picture_shows_what_was_given(score, tmp_path):
    """Another mask is another picture; without one nothing is marked; notes are the same."""
    masks = [None, np.ones(score.pitches.shape, bool), np.arange(4) == np.zeros((24, 1))]
    for kind, different in (("png", 3), ("mid", 1)):
        for index, mask in enumerate(masks):
            write(score, tmp_path / f"{index}", kind, mask)
        assert len({(tmp_path / f"{index}").read_bytes() for index in range(3)}) == different


def test_a_failure_leaves_what_was_there(score, tmp_path, monkeypatch):
    """If writing stops half-way the old file stays and no part of the new one is left; the disk's
    refusal is one line that names the file."""

    def broken(score, path):
        path.write_bytes(b"half")
        raise InputError("longer than can be written")

    with pytest.raises(InputError, match=r"gone/x\.mid: cannot be written \(No such file"):
        write(score, tmp_path / "gone" / "x.mid", "mid")
    monkeypatch.setattr(outputs, "writer", lambda *words: broken)
    (tmp_path / "x.wav").write_bytes(b"old")
    with pytest.raises(InputError, match=r"x\.wav: longer than"):
        write(score, tmp_path / "x.wav", "wav")
    assert (tmp_path / "x.wav").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.wav"]


def test_a_file_of_another_run_stays(score, tmp_path):
    """Names are chosen before composing; another run may have taken one meanwhile."""
    path = tmp_path / "tune-take1.mid"
    path.write_bytes(b"another's")
    with pytest.raises(InputError, match="another run has just written it"):
        outputs.write(score, path, "mid", overwrite=False)
    assert [(path, path.read_bytes())] == [(one, b"another's") for one in tmp_path.iterdir()]


def test_names_are_ours():
    """Odd characters go, equal names are told apart, and no name leads out of the folder."""
    expected = {
        "a/tune.mid": "tune",
        "b/Tune.xml": "Tune-2",
        "tune-2.mid": "tune-2-2",
        "..": "melody",
        "..mid": "melody-2",
        "-rf.mid": "rf",
        "a\nb\x1b[1m.mid": "a_b_1m",
        "Für Elise (1).mid": "Für_Elise_1",
        "con.mid": "_con",
    }
    assert stems([Path(source) for source in expected]) == list(expected.values())
    assert path_of(Path("out"), "tune", 2, "mid") == Path("out/tune-take2.mid")


@given(st.lists(st.text(max_size=300), max_size=8))
def test_any_name_is_safe(texts):
    """Whatever a file is called, its results have short, distinct names inside the folder."""
    names = stems([Path(text.replace("\0", "")) for text in texts], "-" + 69 * "x")
    assert len({name.casefold() for name in names}) == len(texts)
    for name in names:
        path = path_of(Path("out"), name, 100, "musicxml")
        assert path.parent == Path("out")
        assert len(path.name.encode()) <= 255
        assert name.isprintable()
        assert not name.startswith((".", "-"))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [("mid,png", ("mid", "png")), (" PNG , .mid,midi", ("mid", "png")), ("xml", ("musicxml",))]
    + [(text, None) for text in ("", ",", "jpg", "mid,exe")],
)
def test_formats_are_parsed(text, kinds):
    """Order, capitals, dots and repeats do not matter; an error lists the formats there are."""
    if kinds:
        assert parse_formats(text) == kinds
    else:
        with pytest.raises(InputError, match=",".join(FORMATS)):
            parse_formats(text)
