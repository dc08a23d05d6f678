"""What the naive baselines promise, and that the metrics tell them from chorales."""

from __future__ import annotations

import numpy as np
import pytest

from kantor.ensemble import SATB, Ensemble, Line
from kantor.errors import InputError
from kantor.metrics.baselines import BASELINES, block, random, shuffled, triads
from kantor.metrics.musical import evaluate, evaluate_windows
from kantor.music.score import REST, Key, Meter, Score, onset_floor


def chorale(seed: int = 0, key: Key | None = Key(1), steps: int = 76) -> Score:  # noqa: B008
    """Four voices of G major in 3/4 with a pickup, a rest in the soprano."""
    rng = np.random.default_rng(seed)
    scale = np.array([67, 69, 71, 72, 74, 76, 78, 79])
    notes = np.stack([rng.choice(scale - shift, steps // 4) for shift in (0, 7, 12, 24)], axis=1)
    pitches = np.repeat(notes, 4, axis=0).astype(np.int8)
    pitches[8:12, 0] = REST
    onsets = onset_floor(pitches)
    onsets[::4] = pitches[::4] != REST
    return Score(pitches, onsets, Meter(3, 4), 4, key)


@pytest.mark.parametrize("name", BASELINES)
def test_soprano_and_frame_are_kept(name: str) -> None:
    """The soprano comes back cell for cell, with meter, pickup and key."""
    scores = [chorale(seed) for seed in range(3)]
    for real, made in zip(scores, BASELINES[name](scores, np.random.default_rng(0)), strict=True):
        np.testing.assert_array_equal(made.pitches[:, 0], real.pitches[:, 0])
        np.testing.assert_array_equal(made.onsets[:, 0], real.onsets[:, 0])
        assert (made.meter, made.pickup, made.key) == (real.meter, real.pickup, real.key)
        assert not np.array_equal(made.pitches, real.pitches)


@pytest.mark.parametrize("name", BASELINES)
def test_same_seed_same_music(name: str) -> None:
    """A table with baselines can be made again."""
    scores = [chorale(seed) for seed in range(3)]
    first, second = (BASELINES[name](scores, np.random.default_rng(4)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.pitches, other.pitches)
        np.testing.assert_array_equal(one.onsets, other.onsets)


def test_block_moves_in_parallel() -> None:
    """Under G5 in G major stand D5, B4 and G4, and every move makes a parallel octave."""
    made = block([chorale()], np.random.default_rng(0))[0]
    on_g = made.pitches[made.pitches[:, 0] == 79]
    assert len(on_g)
    assert (on_g == [79, 74, 71, 67]).all()
    moves = np.count_nonzero(np.diff(made.pitches[12:, 0]))
    assert evaluate(made)["parallel_octaves"] >= 100 * moves / made.steps


def test_triads_are_triads_without_crossing() -> None:
    """Every beat lies in a triad of the scale; voices stay in range."""
    made = triads([chorale()], np.random.default_rng(0))[0]
    figures = evaluate(made)
    assert figures["triad_or_seventh"] == 1
    assert figures["in_best_scale"] == 1
    for index, (low, high) in enumerate(SATB.ranges[1:], 1):
        sounding = made.pitches[made.pitches[:, index] != REST, index]
        assert sounding.min() >= low
        assert sounding.max() <= high


def test_random_changes_on_quarters_of_the_bar() -> None:
    """Notes begin on quarters, in the voices' ranges."""
    made = random([chorale()], np.random.default_rng(0))[0]
    starts = np.flatnonzero(made.onsets[:, 1])
    assert (made.bar_positions[starts, 0] % 4 == 0).all()
    assert len(set(made.pitches[:, 1].tolist())) > 8


def test_shuffled_takes_voices_of_the_same_key() -> None:
    """Of two donors the one in the same key lends its lower voices, bar line on bar line."""
    here, donor = chorale(0), chorale(1, steps=100)
    stranger = chorale(2).transposed(1)
    made = shuffled([here, donor, stranger], np.random.default_rng(0))[0]
    np.testing.assert_array_equal(made.pitches[:, 1:], donor.pitches[: here.steps, 1:])
    np.testing.assert_array_equal(made.onsets[:, 1:], donor.onsets[: here.steps, 1:])


def test_shuffled_moves_and_repeats_where_it_must() -> None:
    """With no donor in the key, a shorter one is transposed by a tritone at most and repeated."""
    here, donor = chorale(0), chorale(1, steps=40).transposed(2)
    made = shuffled([here, donor], np.random.default_rng(0))[0]
    np.testing.assert_array_equal(made.pitches[:40, 1:], donor.pitches[:, 1:] - 2)
    np.testing.assert_array_equal(made.pitches[40:76, 1:], donor.pitches[:36, 1:] - 2)


def test_shuffled_needs_two() -> None:
    """One chorale has nobody to borrow from."""
    with pytest.raises(InputError, match="two pieces"):
        shuffled([chorale()], np.random.default_rng(0))


@pytest.mark.parametrize("name", ["block", "triads", "random"])
def test_baselines_need_two_lines(name: str) -> None:
    """A melody alone is refused in one line."""
    with pytest.raises(InputError, match="two pitched lines"):
        BASELINES[name]([chorale().line(0)], np.random.default_rng(0))


@pytest.mark.parametrize("name", BASELINES)
def test_other_ensembles_keep_their_melody_and_their_drums(name: str) -> None:
    """Whatever line leads; every other pitched line is written, in its range where it has one."""
    lines = tuple(Line(one, *SATB.ranges[at]) for at, one in enumerate(("high", "lead", "low")))
    band = Ensemble("band", (*lines, Line("kick", 36, 36, "drum")), leads=1, bass=2)
    scores = []
    for seed in range(3):
        pitches = chorale(seed).pitches.copy()
        pitches[:, 3] = np.where(np.arange(len(pitches)) % 8 < 2, 36, REST)
        scores.append(Score(pitches, onset_floor(pitches), key=Key(1), ensemble=band))
    for real, made in zip(scores, BASELINES[name](scores, np.random.default_rng(0)), strict=True):
        np.testing.assert_array_equal(made.pitches[:, [1, 3]], real.pitches[:, [1, 3]])
        np.testing.assert_array_equal(made.onsets[:, [1, 3]], real.onsets[:, [1, 3]])
        assert (made.pitches[:, [0, 2]] != real.pitches[:, [0, 2]]).any(axis=0).all()
        if name in ("triads", "random"):
            sounding = made.pitches[made.pitches[:, 2] != REST, 2]
            assert lines[2].low <= sounding.min() <= sounding.max() <= lines[2].high


def test_key_is_found_where_it_is_not_known() -> None:
    """Without a key in the score the scale that fits best is taken."""
    known, unknown = chorale(), chorale(key=None)
    rng = np.random.default_rng
    np.testing.assert_array_equal(
        block([known], rng(0))[0].pitches, block([unknown], rng(0))[0].pitches
    )


def test_baselines_stand_where_the_reference_has_them(published) -> None:
    """On the published test sopranos the headline's figures are near the reference table's."""
    scores = published("test")
    means = {
        name: evaluate_windows(baseline(scores, np.random.default_rng(0))).mean()
        for name, baseline in BASELINES.items()
    }
    assert means["block"]["parallel_octaves"] == pytest.approx(16.7, abs=1)
    assert means["block"]["complete_triads"] == pytest.approx(0.967, abs=0.02)
    assert means["triads"]["complete_triads"] == pytest.approx(0.436, abs=0.02)
    assert means["triads"]["four_pitches"] == pytest.approx(0.672, abs=0.02)
    assert means["shuffled"]["semitone_clash"] == pytest.approx(0.213, abs=0.02)
    assert means["shuffled"]["triad_or_seventh"] == pytest.approx(0.682, abs=0.02)
    assert means["random"]["triad_or_seventh"] == pytest.approx(0.295, abs=0.02)
    assert means["random"]["crossing"] == pytest.approx(0.660, abs=0.03)
