"""What a model composes: under whole melodies in batches, and in other tasks."""

from dataclasses import replace

import numpy as np
import pytest

from kantor.ensemble import SATB, Ensemble, Line
from kantor.metrics.musical import KEY_METRICS, LABELS
from kantor.music.score import Key, Meter, Score, onset_floor
from kantor.report import composing
from kantor.report.composing import PIECES, evaluate_tasks, gap, gap_mask, tasks

TASKS = tasks(SATB)


@pytest.fixture
def real(corpus):
    """Four bars each, every second one with a pickup."""
    return [piece.score for piece in corpus]


class Bach:
    """A model that knows the pieces by heart, their seed being their place; it keeps its input."""

    def __init__(self, pieces):
        self.pieces, self.masks, self.seeds = pieces, [], []

    def __call__(self, given, seeds):
        self.masks += [*given.mask]
        self.seeds += seeds.tolist()
        pitches, onsets = given.pitches.copy(), given.onsets.copy()
        for row, seed in enumerate(seeds):
            score = self.pieces[seed]
            pitches[row, : score.steps] = score.pitches
            onsets[row, : score.steps] = score.onsets
        return pitches, onsets


def test_every_piece_comes_back_in_its_place_and_length(real, model, monkeypatch):
    """Of pieces that share batches none is cut, padded or exchanged, its key known or not."""
    monkeypatch.setattr(composing, "BATCH", 2)
    short = Score(real[1].pitches[:40], real[1].onsets[:40], pickup=4, key=Key(), tempo=66)
    scores = [replace(real[0], key=None), short, *real[2:]]
    made = composing.compose(model, scores, [0] * len(scores))
    for take, score in zip(made, scores, strict=True):
        np.testing.assert_array_equal(take.pitches[:, 0], score.pitches[:, 0])
        np.testing.assert_array_equal(take.onsets[:, 0], score.onsets[:, 0])
        np.testing.assert_array_equal(take.pitches[:, 1], score.pitches[:, 0] - 4)
        assert (take.title, take.pickup, take.tempo) == (score.title, score.pickup, score.tempo)


@pytest.mark.parametrize(
    ("row", "steps", "meter", "expected"),
    [
        (0, 64, Meter(), (16, 48)),
        (1, 64, Meter(), (20, 52)),
        (0, 64, Meter(3, 4), (24, 48)),
        (0, 48, Meter(), (0, 32)),
        (0, 20, Meter(), (0, 20)),
        (1, 3, Meter(), (0, 3)),
    ],
)
def test_the_gap_is_two_whole_bars_in_the_middle(real, row, steps, meter, expected):
    """It begins and ends on bar lines, whatever the pickup and meter; short pieces are all gap."""
    whole = real[row]
    score = Score(whole.pitches[:steps], whole.onsets[:steps], meter, whole.pickup)
    assert gap(score) == expected
    assert gap_mask(score).sum() == 4 * (steps - expected[1] + expected[0])


def test_no_note_is_cut_by_the_end_of_the_gap(real):
    """Of a note held out of the gap everything is open, of one held into it the end."""
    pitches = real[0].pitches.copy()
    pitches[12:20, 3], pitches[44:56, 1], pitches[48:52, 2] = 40, 60, -1
    onsets = onset_floor(pitches)
    onsets[52, 1] = False
    mask = gap_mask(replace(real[0], pitches=pitches, onsets=onsets))
    assert (~mask).sum(axis=0).tolist() == [32, 40, 32, 32]
    assert not mask[48:56, 1].any()
    assert mask[15, 3]


def test_bach_himself_does_every_task_as_bach(real):
    """Each task's mask reaches the model; some pieces, evenly spread, each with its own seed."""
    many = [real[row % len(real)] for row in range(60)]
    model = Bach(many)
    figures = evaluate_tasks(model, many, many, range(60))
    used = sorted(set(model.seeds))
    assert len(used) == PIECES
    assert min(np.diff(used)) >= 2
    assert (used[0], used[-1]) == (1, 58)
    assert len(model.masks) == PIECES * len(TASKS)
    shares = {tuple(mask.mean(axis=0)) for mask in model.masks}
    assert shares == {(0, 1, 0, 0), (0, 0, 0, 1), (0, 0, 0, 0), (0.5, 0.5, 0.5, 0.5)}
    assert list(figures) == ["soprano", *TASKS]
    for part in figures.values():
        assert part["pieces"] == PIECES
        assert list(part["real"]) == [name for name in KEY_METRICS if name in LABELS]
        np.testing.assert_equal(part["generated"], part["real"])


@pytest.mark.parametrize(("at", "moves"), [(12, 1), (32, 2), (48, 1), (8, 0), (56, 0)])
def test_a_gap_is_measured_with_its_joins_and_nowhere_else(real, at, moves):
    """Octaves moved in parallel into the gap or out of it count; those in other bars do not."""
    pitches = np.tile(np.array([72, 67, 64, 48], np.int8), (64, 1))
    pitches[at : at + 4] = (74, 67, 65, 50)
    score = replace(real[0], pitches=pitches, onsets=onset_floor(pitches))
    figures = evaluate_tasks(Bach([score]), [score], [score], [0])["two_bars_open"]["real"]
    assert figures["parallel_octaves"] * 34 / 100 == pytest.approx(moves)


def test_the_tasks_follow_from_the_ensemble():
    """A line beside the melody and the bass are given once each; without a bass there is none."""
    duet = Ensemble("duet", (Line("upper", 60, 80), Line("lower", 40, 60)))
    assert list(TASKS) == ["alto", "bass", "nothing", "two_bars_open"]
    assert list(tasks(duet)) == ["lower", "nothing", "two_bars_open"]
    led = replace(duet, leads=1, bass=1)
    assert list(tasks(led)) == ["upper", "nothing", "two_bars_open"]
