"""Other tasks for the same model, and what is measured of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kantor.ensemble import SATB, Ensemble, Line
from kantor.music.score import Meter, onset_floor
from kantor.report.tasks import METRICS, PIECES, evaluate_tasks, gap, gap_mask, tasks

TASKS = tasks(SATB)


def cut(score, steps):
    """The beginning of a score."""
    return replace(
        score,
        pitches=score.pitches[:steps],
        onsets=score.onsets[:steps],
        fermatas=score.fermatas[:steps],
        bar_lines=score.bar_lines[score.bar_lines < steps],
    )


@pytest.fixture
def real(corpus):
    """Four bars each, every second one with a pickup."""
    return [piece.score for piece in corpus]


def bach(real):
    """A model that knows the pieces by heart, their seed being their place."""

    def compose(given, seeds):
        pitches, onsets = given.pitches.copy(), given.onsets.copy()
        for row, seed in enumerate(seeds):
            score = real[seed]
            pitches[row, : score.steps] = score.pitches
            onsets[row, : score.steps] = score.onsets
        return pitches, onsets

    return compose


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
    short = cut(real[row], steps)
    score = replace(short, meter=meter, bar_lines=np.zeros(0, np.int32))
    assert gap(score) == expected
    mask = gap_mask(score)
    assert mask.sum() == 4 * (steps - expected[1] + expected[0])


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


def test_what_is_given_is_what_the_task_says(real):
    """Each task's mask, seen by the model for every piece."""
    seen = []

    def watching(given, seeds):
        seen.extend(given.mask)
        return bach(real)(given, seeds)

    evaluate_tasks(watching, real, real, range(len(real)))
    kinds = {tuple(mask.mean(axis=0)) for mask in seen}
    assert len(seen) == len(real) * len(TASKS)
    assert kinds == {(0, 1, 0, 0), (0, 0, 0, 1), (0, 0, 0, 0), (0.5, 0.5, 0.5, 0.5)}


def test_bach_himself_does_every_task_as_bach(real):
    """What is composed as it was is measured as it was, in every task."""
    figures = evaluate_tasks(bach(real), real, real, range(len(real)))
    assert list(figures) == ["soprano", *TASKS]
    for part in figures.values():
        assert part["pieces"] == len(real)
        assert list(part["real"]) == list(METRICS)
        np.testing.assert_equal(part["generated"], part["real"])


def test_a_gap_is_measured_with_its_joins_and_nowhere_else(real):
    """An octave moved in parallel out of the gap counts; one in the bars around it does not."""
    score = real[0]
    pitches = score.pitches.copy()
    pitches[44:52] = (72, 67, 64, 48)
    pitches[48:52] = (74, 67, 65, 50)
    joined = replace(score, pitches=pitches, onsets=score.onsets | onset_floor(pitches))
    still = np.tile(np.array([72, 67, 64, 48], np.int8), (64, 1))
    still[56:60] = (74, 67, 65, 50)
    around = replace(score, pitches=still, onsets=score.onsets | onset_floor(still))
    parts = [
        evaluate_tasks(bach([one]), [one], [one], [0])["two_bars_open"]["real"]
        for one in (joined, around)
    ]
    moves = parts[0]["parallel_octaves"] * 34 / 100
    before = replace(joined, pitches=np.where(np.arange(64)[:, None] < 48, pitches, pitches[47]))
    inside = evaluate_tasks(bach([before]), [before], [before], [0])["two_bars_open"]["real"]
    assert moves == pytest.approx(inside["parallel_octaves"] * 34 / 100 + 1)
    assert parts[1]["parallel_octaves"] == 0
    assert parts[1]["complete_triads"] == 1


def test_no_more_pieces_are_used_about_than_needed(real):
    """Of many pieces some are taken, evenly spread, each with its own seed."""
    many = [real[row % len(real)] for row in range(60)]
    used = []

    def watching(given, seeds):
        used.extend(int(seed) for seed in seeds)
        return bach(many)(given, seeds)

    figures = evaluate_tasks(watching, many, many, range(60))
    assert figures["nothing"]["pieces"] == PIECES == len(set(used))
    assert min(np.diff(sorted(set(used)))) >= 2
    assert (min(used), max(used)) == (1, 58)


def test_the_tasks_follow_from_the_ensemble():
    """A line beside the melody and the bass are given once each; without a bass there is none."""
    duet = Ensemble("duet", (Line("upper", 60, 80), Line("lower", 40, 60)))
    assert list(TASKS) == ["alto", "bass", "nothing", "two_bars_open"]
    assert list(tasks(duet)) == ["lower", "nothing", "two_bars_open"]
    led = replace(duet, leads=1, bass=1)
    assert list(tasks(led)) == ["upper", "nothing", "two_bars_open"]
