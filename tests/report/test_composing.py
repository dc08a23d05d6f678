"""Composing under whole sopranos in batches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kantor.report import composing


def test_every_piece_comes_back_in_its_place_and_length(corpus, model, monkeypatch):
    """Pieces of different lengths share batches, and none is cut, padded or exchanged."""
    monkeypatch.setattr(composing, "BATCH", 2)
    scores = [piece.score for piece in corpus]
    half = scores[1]
    scores[1] = replace(
        half,
        pitches=half.pitches[:40],
        onsets=half.onsets[:40],
        fermatas=half.fermatas[:40],
        bar_lines=half.bar_lines[half.bar_lines < 40],
    )
    made = composing.compose(model, scores, [0] * len(scores))
    for take, score in zip(made, scores, strict=True):
        np.testing.assert_array_equal(take.pitches[:, 0], score.pitches[:, 0])
        np.testing.assert_array_equal(take.onsets[:, 0], score.onsets[:, 0])
        np.testing.assert_array_equal(take.pitches[:, 1], score.pitches[:, 0] - 4)
        assert (take.title, take.pickup, take.tempo) == (score.title, score.pickup, score.tempo)


def test_a_key_that_is_not_known_is_estimated(corpus):
    """A score whose key is not known is composed all the same."""
    score = replace(corpus[0].score, key=None)
    given = composing.conditioning(score, composing.melody_mask(score))
    assert given.major_tonic in (0, 7)  # C or G major: the tune of piece 0 has no F
    assert given.mask[:, 0].all()
    assert not given.mask[:, 1:].any()


def test_share_changed_counts_composed_cells_only(corpus, model):
    """Two takes that differ in the bass alone differ in a third of the composed cells."""
    scores = [corpus[0].score]
    one, other = (composing.compose(model, scores, [seed]) for seed in (0, 1))
    assert composing.share_changed(one, other) == pytest.approx(1 / 3)
    assert composing.share_changed(one, one) == 0
