"""A film of frames: as long as its music, one picture after another, with sound."""

import numpy as np
import pytest

from kantor.errors import InputError
from kantor.formats.video import HEIGHT, OPENING, WIDTH, write_webm
from kantor.music.score import Score, onset_floor

av = pytest.importorskip("av")


def frame(pitch):
    pitches = np.full((32, 4), pitch, np.int8) - np.array([0, 5, 9, 16], np.int8)
    return Score(pitches, onset_floor(pitches), tempo=120.0)


def test_pictures_and_sound(tmp_path):
    """Two openings, then the whole last frame; VP9 and Opus; other frames are other pictures."""
    path = tmp_path / "film.webm"
    write_webm([frame(60), frame(67), frame(72)], path, ["iteration 0", "iteration 5", "end"])
    with av.open(str(path)) as film:
        assert {one.codec_context.name for one in film.streams} == {"vp9", "opus"}
        pictures = [one.to_ndarray(format="rgb24") for one in film.decode(video=0)]
    seconds = (2 * OPENING + 32) / 8
    assert len(pictures) == pytest.approx(10 * (seconds + 1.5), abs=1)
    assert pictures[0].shape == (HEIGHT, WIDTH, 3)
    first, second = (pictures[int(10 * at)].astype(int) for at in (0.5, 2.0))
    assert np.abs(first - second).max() > 100
    with av.open(str(path)) as film:
        sound = np.concatenate([one.to_ndarray() for one in film.decode(audio=0)], axis=-1)
    assert sound.shape[-1] / 48_000 == pytest.approx(seconds + 1.5, abs=0.1)
    assert np.abs(sound).max() > 0.1


def test_no_frame(tmp_path):
    """There is nothing to show, and no file."""
    with pytest.raises(InputError, match="none was measured"):
        write_webm([], tmp_path / "film.webm", [])
    assert list(tmp_path.iterdir()) == []
