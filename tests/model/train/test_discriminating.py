"""The discriminator learns what composed beats have and real ones have not."""

from __future__ import annotations

from typing import Any

import numpy as np

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
        octave, *others = weights[beat.at[block]]
        assert octave < min(-0.3, *others)
    again, _ = discriminating.fit(Octaves(), corpus)  # type: ignore[arg-type]
    assert np.array_equal(weights, again)
