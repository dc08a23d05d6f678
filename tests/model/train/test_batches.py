"""Batches follow from seed and iteration, stay in the voices' ranges and ask for all kinds."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from tests.ensembles import BAND

from kantor import settings
from kantor.data import windows
from kantor.data.corpus import Corpus, Piece
from kantor.ensemble import SATB
from kantor.model.train import batches
from kantor.model.train.batches import CONTEXT, Pool, batch_at, dataset, masks, transpositions
from kantor.music.score import REST, Meter

SIZE = 24
SPAN = 2 * CONTEXT + 32
MAJOR = (0, 2, 4, 5, 7, 9, 11)


@pytest.fixture(scope="module")
def pool(corpus: Corpus, cut: windows.Windows) -> Pool:
    return batches.pool(corpus, cut, "train")


@pytest.fixture(scope="module")
def batch(pool: Pool) -> dict[str, np.ndarray]:
    batch = batch_at(pool, SIZE, 5, tf.constant(3))
    return {name: value.numpy() for name, value in batch.items()}


def same(first: dict, second: dict) -> bool:
    assert first.keys() == second.keys()
    return all(np.array_equal(first[name], second[name]) for name in first)


def test_pool_holds_the_music_around_each_window(
    pool: Pool, corpus: Corpus, cut: windows.Windows
) -> None:
    """Each window stands with what is before and after it; outside the piece all is silent.

    A pickup, which is in no window, is the end of one that begins before the piece.
    """
    row = early = 0
    for place, start in zip(cut.piece, cut.start, strict=True):
        score = corpus[place].score
        if corpus[place].split != "train":
            continue
        begins = [start, start - 16] if start == score.pickup > 0 else [start]
        early += len(begins) - 1
        for begin in begins:
            steps = np.arange(begin - CONTEXT, begin - CONTEXT + SPAN)
            inside = (steps >= 0) & (steps < score.steps)
            at = steps[inside]
            assert np.array_equal(pool.inside[row], inside)
            assert np.array_equal(pool.pitches[row, inside], score.pitches[at])
            assert np.array_equal(pool.onsets[row, inside], score.onsets[at])
            assert np.array_equal(pool.bars[row, inside], score.bar_positions[at])
            assert np.array_equal(pool.fermatas[row, inside], score.fermatas[at])
            assert (pool.pitches[row, ~inside] == REST).all()
            assert not pool.onsets[row, ~inside].any()
            assert not pool.fermatas[row, ~inside].any()
            row += 1
    assert early == 1
    assert (pool.pitches.dtype, pool.bars.dtype) == (np.int8, np.int16)  # small in memory
    assert np.array_equal(pool.bars[row:, CONTEXT + 16, 1], [6] * (len(pool) - row))
    assert len(pool) - row == pytest.approx(row / batches.SIX_EIGHT_EVERY, abs=2)


def test_piece_in_six_eight(corpus: Corpus) -> None:
    """Each quarter lasts six sixteenths, its first eighth four; no note is struck anew.

    Read quickly each bar lasts twelve, and of each two quarters the second is half as long.
    """
    score = next(piece.score for piece in corpus if batches.fits_six_eight(piece.score))
    slow, quick = batches.in_six_eight(score), batches.in_six_eight(score, quick=True)
    assert str(slow.meter) == str(quick.meter) == "6/8"
    assert slow.steps == score.steps // 4 * 6
    lines = score.bar_lines[score.bar_lines * 6 // 4 < slow.steps]
    assert np.isin(lines * 6 // 4, slow.bar_lines).all()
    places = np.array([0, 4, 5]), np.array([0, 2, 3])  # where a quarter's notes stand, and stood
    for quarter in range(score.steps // 4):
        now, then = 6 * quarter + places[0], 4 * quarter + places[1]
        assert np.array_equal(slow.pitches[now], score.pitches[then])
        assert np.array_equal(slow.onsets[now], score.onsets[then])
        assert not slow.onsets[[now[0] + 1, now[0] + 3]].any()
    whole = score.bar_lines[score.bar_lines + 16 <= score.steps]
    for line, then in zip(quick.bar_lines, whole, strict=False):
        now = [line, line + 4, line + 6, line + 10]
        assert np.array_equal(quick.pitches[now], score.pitches[then : then + 16 : 4])
        assert np.array_equal(quick.onsets[now], score.onsets[then : then + 16 : 4])
    assert not (quick.onsets & (quick.pitches == REST)).any()
    for read in (slow, quick):
        assert set(np.diff(read.bar_lines)) == {12}
        assert read.pickup == read.bar_lines[0]


@pytest.mark.parametrize("change", [{"meter": Meter(3, 4)}, {"bar_lines": np.arange(2, 64, 16)}])
def test_what_has_no_like_in_six_eight(corpus: Corpus, change: dict) -> None:
    """Other meters, and bar lines within a quarter."""
    assert not batches.fits_six_eight(replace(corpus[0].score, **change))


def test_stream_follows_from_seed_and_iteration(pool: Pool) -> None:
    """From iteration k on it is the tail of the whole stream, of which no two batches are alike;
    another seed gives another one."""
    whole = list(dataset(pool, 3, 5).take(4).as_numpy_iterator())
    tail = list(dataset(pool, 3, 5, start=2).take(2).as_numpy_iterator())
    assert all(same(*pair) for pair in zip(whole[2:], tail, strict=True))
    assert not same(whole[0], whole[1])
    assert not same(whole[0], next(dataset(pool, 3, 6).as_numpy_iterator()))


def test_batch_is_within_ranges_and_pieces(batch: dict) -> None:
    """Every transposed voice stays in its range; all outside a piece is silent and given."""
    for voice, (low, high) in enumerate(SATB.ranges):
        sounding = batch["pitches"][..., voice][batch["pitches"][..., voice] != REST]
        assert low <= sounding.min()
        assert sounding.max() <= high
    assert np.array_equal((batch["pitches"] == REST).all(-1), ~batch["inside"])
    assert batch["mask"][~batch["inside"]].all()
    assert not batch["mask"][batch["inside"]].all()


def test_key_moves_along(pool: Pool) -> None:
    """Diatonic pieces stay diatonic in the batch's key; there are more keys than were read."""
    batch = batch_at(pool, 4 * SIZE, 5, tf.constant(1))
    pitches, major_tonic = batch["pitches"].numpy(), batch["major_tonic"].numpy()
    degrees = (pitches - major_tonic[:, None, None]) % 12
    assert np.isin(degrees[pitches != REST], MAJOR).all()
    assert len(set(major_tonic.tolist())) > len(set(pool.major_tonic.tolist())) + 3


def test_another_ensemble() -> None:
    """Its melody is the line that leads; drums stay where they are when pitched lines move."""
    pitches = np.full((1, SPAN, 8), [72, 65, 60, 55, 40, 42, 38, 36], np.int8)
    flags, number = np.ones((1, SPAN), bool), np.zeros(1, np.int8)
    bars = np.ones((1, SPAN, 2), np.int16)
    pool = Pool(pitches, pitches > 0, bars, flags, flags, number, number - 5, number + 5, BAND)
    batch = batch_at(pool, 64, 1, tf.constant(0), "melody")
    moves = batch["pitches"].numpy() - pitches
    assert (moves[..., : BAND.pitched] == moves[:, :1, :1]).all()
    assert np.unique(moves[..., 0]).size > 3
    assert (moves[..., BAND.pitched :] == 0).all()
    assert (batch["mask"].numpy() == (np.arange(8) == BAND.leads)).all()
    assert transpositions(pitches[0], BAND) == (-6, 5)


def test_transpositions_by_hand() -> None:
    """The voice nearest to an end of its range decides; never more than a tritone."""
    for chord, ends in (
        ((70, 62, 56, 48), (-6, 5)),
        ((80, 62, 56, 48), (-6, 2)),
        ((70, 54, 56, 39), (-2, 5)),
        ((REST, 62, 68, 36), (-1, 2)),
        ((REST, REST, REST, REST), (-6, 5)),
        ((84, 62, 56, 48), (-6, 0)),  # too high already: not moved up, nor forced down
    ):
        assert transpositions(np.array([chord, (REST,) * 4], np.int8)) == ends


def test_share_of_each_kind_of_mask() -> None:
    """Nearly half are a soprano; other voices, gaps between given bars, nothing as documented."""
    drawn = masks(4000, 64, tf.constant([1, 2])).numpy()
    assert (drawn.shape, drawn.dtype) == ((4000, 64, 4), np.bool_)
    always, never = drawn.all(axis=1), ~drawn.any(axis=1)
    whole = (always | never).all(axis=1)

    def share(*voices: bool) -> float:
        return float((whole & (always == voices).all(axis=1)).mean())

    # Every set of voices is drawn by `subset` too, each in 0.09 / 16 of all.
    some = 0.09 / 16
    assert share(True, False, False, False) == pytest.approx(0.46 + some, abs=0.03)
    assert share(False, False, False, True) == pytest.approx(0.15 / 3 + some, abs=0.012)
    assert share(False, True, False, False) == pytest.approx(0.15 / 3 + some, abs=0.012)
    assert share(True, True, False, True) == pytest.approx(some, abs=0.006)
    assert share(False, False, False, False) == pytest.approx(0.05 + some, abs=0.02)
    lower = drawn[..., 1:]
    alike = (lower == lower[..., :1]).all(axis=(1, 2))
    edges = np.abs(np.diff(lower[..., 0].astype(int), axis=1)).sum(axis=1)
    gap = always[:, 0] & alike & ~whole & (edges <= 2)
    assert float(gap.mean()) == pytest.approx(0.07, abs=0.025)
    open_ = (drawn == drawn[..., :1]).all(axis=(1, 2)) & ~whole & (edges <= 2)
    assert float(open_.mean()) == pytest.approx(0.08, abs=0.025)


def test_drums_are_given_together() -> None:
    """All of them alone about as often as one other line, but for single beats of single drums."""
    drawn = masks(4000, 64, tf.constant([1, 2]), BAND).numpy()
    whole = (drawn.all(axis=1) | ~drawn.any(axis=1)).all(axis=1)
    drums, others = drawn[whole, 0, BAND.pitched :], drawn[whole, 0, : BAND.pitched]
    assert (drums.all(axis=1) | ~drums.any(axis=1)).mean() > 0.999
    alone = drums.all(axis=1) & ~others.any(axis=1)
    bass = ~drums.any(axis=1) & (others == (np.arange(BAND.pitched) == BAND.bass)).all(axis=1)
    assert 0.02 < alone.mean() < 0.06
    assert 0.02 < bass.mean() < 0.06


def test_masks_change_at_beats() -> None:
    """A beat of a voice is given whole or not at all."""
    drawn, again, other = (masks(200, 32, tf.constant([3, seed])).numpy() for seed in (4, 4, 5))
    beats = drawn.reshape(200, 8, 4, 4)
    assert (beats == beats[:, :, :1]).all()
    assert np.array_equal(drawn, again)
    assert not np.array_equal(drawn, other)


def test_piece_without_a_key(corpus: Corpus) -> None:
    """A piece whose key is not known is read in the frame of C."""
    score = replace(corpus[1].score, key=None)
    piece = Piece("made/keyless", "train", "made", 0, score)
    pool = batches.pool([piece], windows.cut([piece], settings.Windows()), "train")
    assert set(pool.major_tonic.tolist()) == {0}
