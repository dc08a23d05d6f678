"""The discriminator learns what composed beats have and real ones have not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kantor.data.corpus import Corpus
from kantor.ensemble import SATB
from kantor.model.train import discriminating
from kantor.music.conditioning import Conditioning
from kantor.music.score import REST, onset_floor
from kantor.network.layout import Layout


class Octaves:
    """Composes all lines in octaves below the melody."""

    ensemble = SATB

    def compose(
        self, given: Conditioning, seeds: Any, **sampling: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        assert given.mask[..., 0].all()
        assert len({*seeds.tolist()}) == len(seeds)
        melody = given.pitches[..., :1]
        pitches = np.where(melody == REST, REST, melody - [0, 12, 12, 24]).astype(np.int8)
        return pitches, np.stack([onset_floor(piece) for piece in pitches])


def test_parallel_octaves_are_composed(corpus: Corpus) -> None:
    """Beats in octaves weigh against, every other one is told from them, and none by luck."""
    weights, figures = discriminating.fit(Octaves(), corpus)  # type: ignore[arg-type]
    train = [piece.score for piece in corpus if piece.split == "train"]
    assert figures["beats"] == sum(score.steps // 4 for score in train)
    assert figures["accuracy"] > 0.97
    beat = Layout(SATB).beat
    for block in ("kept", "parallel"):  # octaves that follow one another
        octave, fifth, *others = weights[beat.at[block]][[0, 7, *range(1, 7), *range(8, 12)]]
        assert octave < min(-0.2, *others)
        assert fifth < 0  # planted, for none is composed
    assert weights[beat.at["above"]][0] < 0  # the alto, planted as well
    again, _ = discriminating.fit(Octaves(), corpus)  # type: ignore[arg-type]
    assert np.array_equal(weights, again)


@pytest.mark.parametrize("fault", discriminating.FAULTS, ids=lambda fault: fault.wrong.__name__)
def test_faults_are_planted_apart(corpus: Corpus, fault: discriminating.Fault) -> None:
    """Each moves one line into a chord; melody, onsets and all else stay."""
    rng, found = np.random.default_rng(0), 0
    for piece in [*corpus] * 5:
        score = piece.score
        changed = discriminating.planted(score, fault, rng)
        assert np.array_equal(changed.onsets, score.onsets)
        differs = changed.pitches != score.pitches
        assert not differs[:, 0].any()
        assert (differs.sum(axis=1) <= 1).all()
        for step, line in np.argwhere(differs & score.onsets):
            before, now = changed.pitches[step - 1 : step + 1].astype(int)
            if fault.wrong is discriminating.above:
                assert now[line] > now[0]
            else:
                kept = (now - now[line] == before - before[line]) & (now != before)
                perfect = np.isin(abs(before - before[line]) % 12, (0, 5, 7))
                assert (kept & perfect)[np.arange(4) != line].any()
            found += 1
    assert found > 10
