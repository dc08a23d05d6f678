"""A saved corpus is the same corpus, and equal corpora are equal bytes."""

import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.data import corpus
from kantor.data.corpus import Piece
from kantor.errors import InputError
from kantor.music.score import REST, Key, Meter, Score, onset_floor


@st.composite
def pieces(draw):
    """Any piece: any number of voices and steps, repeated notes, irregular bars, odd names."""
    shape = draw(st.integers(0, 40)), draw(st.integers(1, 5))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    pitches = random.integers(REST, 128, shape).astype(np.int8)
    repeated = (random.random(shape) < 0.5) & (pitches != REST)
    meter = draw(st.sampled_from([Meter(), Meter(3, 4), Meter(6, 8), Meter(3, 2)]))
    score = Score(
        pitches,
        onset_floor(pitches) | repeated,
        meter,
        draw(st.integers(0, meter.bar_steps - 1)),
        draw(st.none() | st.builds(Key, st.integers(-7, 7), st.sampled_from(["major", "minor"]))),
        draw(st.floats(1, 400)),
        draw(st.text()),
        random.random(shape[0]) < 0.5,
        np.array(sorted(draw(st.sets(st.integers(0, 60), min_size=1))), np.int32),
    )
    id = draw(st.text(string.ascii_letters + "ü/-", min_size=1))
    split = draw(st.sampled_from(corpus.SPLITS))
    return Piece(id, split, "folder", draw(st.integers(-6, 6)), score)


def plain(value):
    """Every attribute of a piece, arrays with their types, for a comparison."""
    if isinstance(value, np.ndarray):
        return value.dtype, value.tolist()
    if isinstance(value, Piece | Score):
        return {name: plain(one) for name, one in vars(value).items()}
    return value


@settings(max_examples=40)
@given(st.lists(pieces(), max_size=4))
def test_saved_corpus_reads_back(tmp_path_factory, made):
    """Every field of every score survives, and saving twice gives the same bytes."""
    folder = tmp_path_factory.mktemp("corpus")
    corpus.save(made, folder / "one.npz")
    read = corpus.load(folder / "one.npz")
    assert [plain(piece) for piece in read] == [plain(piece) for piece in made]
    corpus.save(read, folder / "two.npz")
    assert (folder / "one.npz").read_bytes() == (folder / "two.npz").read_bytes()


def held(**changes):
    """A chord of 36 steps, after a pickup of four."""
    pitches = np.repeat(np.array([[67, 64, 60, 48]], np.int8), 36, axis=0)
    return Score(pitches, onset_floor(pitches), **{"pickup": 4, "title": "A, B", **changes})


def test_manifest_describes_each_piece():
    """One row a piece in the corpus's order, with the names and units that are promised."""
    scores = [held(key=Key(3, "minor")), held(meter=Meter(3, 4), tempo=72.0)]
    made = [Piece(f"p{i}", "train", "jsb", -2, score) for i, score in enumerate(scores)]
    table = corpus.manifest(made)
    assert list(table.id) == ["p0", "p1"]
    assert table.iloc[0].drop(["id", "content_hash"]).to_dict() == {
        "title": "A, B", "key": "F# minor", "meter": "4/4", "tempo": 80.0, "bars": 2, "pickup": 4,
        "steps": 36, "voices": 4, "transposition": -2, "split": "train", "source": "jsb",
    }  # fmt: skip
    assert table.iloc[1][["key", "meter", "tempo", "bars"]].tolist() == ["", "3/4", 72.0, 3]
    assert len(corpus.manifest([]).columns) == 13


def test_content_hash_is_of_the_notes():
    """Titles and tempo do not matter; pitch, repetition and length do."""
    score = held()
    repeated = score.onsets.copy()
    repeated[8, 0] = True
    assert corpus.content_hash(score) == corpus.content_hash(held(title="other", tempo=60.0))
    shorter = Score(score.pitches[:-1], score.onsets[:-1])
    others = [score, score.transposed(1), Score(score.pitches, repeated), shorter]
    assert len({corpus.content_hash(other) for other in others}) == 4


def test_damaged_corpus_is_one_line(tmp_path):
    """A missing or damaged file is named with the remedy; a short array is not read as silence."""
    path = tmp_path / "scores.npz"
    with pytest.raises(InputError, match=r"scores\.npz: not found; `dvc repro ingest` writes it"):
        corpus.load(path)
    corpus.save([Piece("a", "train", "jsb", 0, held())], path)
    with np.load(path) as stored:
        arrays = dict(stored)
    np.savez(path, **arrays | {"pitches": arrays["pitches"][:-1]})
    with pytest.raises(InputError, match="143 values where 144"):
        corpus.load(path)
    for content in (b"", b"garbage", b"PK\x03\x04cut short"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"scores\.npz: damaged .*dvc repro") as caught:
            corpus.load(path)
        assert "\n" not in str(caught.value)
