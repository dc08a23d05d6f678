"""What the naive baselines promise, and that the metrics tell them from chorales."""

import numpy as np
import pytest
from tests.ensembles import tune

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
@pytest.mark.parametrize("piece", [chorale, tune])
def test_melody_and_frame_are_kept(piece, name: str) -> None:
    """All other lines are written, in their range; only what is borrowed has other drums. The
    same seed writes the same."""
    scores = [piece(seed) for seed in range(3)]
    written, again = (BASELINES[name](scores, np.random.default_rng(4)) for _ in range(2))
    for real, made, other in zip(scores, written, again, strict=True):
        ensemble = real.ensemble
        drums = range(ensemble.pitched, 0 if name == "shuffled" else len(ensemble))
        kept = [ensemble.leads, *drums]
        np.testing.assert_array_equal(made.pitches[:, kept], real.pitches[:, kept])
        np.testing.assert_array_equal(made.onsets[:, kept], real.onsets[:, kept])
        assert (made.meter, made.pickup, made.key) == (real.meter, real.pickup, real.key)
        others = list(ensemble.others)
        assert (made.pitches[:, others] != real.pitches[:, others]).any(axis=0).all()
        for line in others if name in ("triads", "random") else ():
            sounding = made.pitches[made.pitches[:, line] != REST, line]
            low, high = ensemble.ranges[line]
            assert low <= sounding.min() <= sounding.max() <= high
        np.testing.assert_array_equal(made.pitches, other.pitches)
        np.testing.assert_array_equal(made.onsets, other.onsets)


def test_block_moves_in_parallel() -> None:
    """Under G5 stand D5, B4 and G4, also where the key is estimated from the melody."""
    made = block([chorale(1)], np.random.default_rng(0))[0]
    on_g = made.pitches[made.pitches[:, 0] == 79]
    assert len(on_g)
    assert (on_g == [79, 74, 71, 67]).all()
    moves = np.count_nonzero(np.diff(made.pitches[12:, 0]))
    assert evaluate(made)["parallel_octaves"] >= 100 * moves / made.steps
    unknown = block([chorale(1, key=None)], np.random.default_rng(0))[0]
    np.testing.assert_array_equal(made.pitches, unknown.pitches)


def test_triads_are_triads() -> None:
    """Every beat lies in a triad of the scale."""
    figures = evaluate(triads([chorale()], np.random.default_rng(0))[0])
    assert figures["triad_or_seventh"] == 1
    assert figures["in_best_scale"] == 1


def test_random_changes_on_quarters_of_the_bar() -> None:
    """Notes begin on quarters."""
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
    """A shorter donor in another key is transposed and repeated; one chorale is its own donor."""
    here, donor = chorale(0), chorale(1, steps=40).transposed(2)
    made = shuffled([here, donor], np.random.default_rng(0))[0]
    np.testing.assert_array_equal(made.pitches[:40, 1:], donor.pitches[:, 1:] - 2)
    np.testing.assert_array_equal(made.pitches[40:76, 1:], donor.pitches[:36, 1:] - 2)
    (alone,) = shuffled([here], np.random.default_rng(0))
    np.testing.assert_array_equal(alone.pitches[:, 0], here.pitches[:, 0])
    moved = [int(bar) - here.pickup for bar in here.bar_lines[1:]]
    rolled = [np.roll(here.pitches[:, 1:], -steps, axis=0) for steps in moved]
    assert any(np.array_equal(alone.pitches[:, 1:], one) for one in rolled)


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
