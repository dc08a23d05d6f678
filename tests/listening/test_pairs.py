"""What is compared: whole phrases of held-out chorales with one soprano."""

from dataclasses import replace

import numpy as np
import pytest
from tests.listening.chorales import chorale, corpus, parallel

from kantor.errors import InputError
from kantor.listening.pairs import Excerpt, choose, compose_pairs, starts


def test_eight_bars_begin_and_end_with_phrases():
    """Six phrases of two bars, with a pickup: they begin at three places and in bars 0, 2, 4."""
    piece = chorale(1)
    assert starts(piece.score) == [0, 32, 64]
    excerpts = [Excerpt(piece, start, start + 128) for start in starts(piece.score)]
    assert [one.first_bar for one in excerpts] == [0, 2, 4]


def test_what_is_no_eight_bars_of_phrases():
    """A missing fermata takes places away; so does a bar of another length, or a short piece."""
    score = chorale(1).score
    fermatas = score.fermatas.copy()
    fermatas[60:64] = False
    assert starts(replace(score, fermatas=fermatas)) == [0, 32]  # no phrase begins at 64
    lines = score.bar_lines[score.bar_lines != 20]
    assert starts(replace(score, bar_lines=lines)) == [32, 64]  # bar 1 is too long
    assert starts(chorale(1, phrases=3).score) == []
    assert starts(replace(score, fermatas=np.zeros(score.steps, bool))) == []


def test_chosen_by_seed_of_held_out_chorales_with_new_tunes():
    """One of each piece, fewer the first of more; neither trained tunes nor other sources."""
    known = replace(chorale(1000), id="jsb/known", split="test")
    pieces = (*corpus(), known, chorale(50, source="folder"), chorale(51, "valid"))
    chosen = choose(pieces, 8, seed=3)
    assert sorted(one.piece.id for one in chosen) == [f"jsb/{number}" for number in range(8)]
    assert choose(pieces, 5, seed=3) == chosen[:5]
    assert choose(pieces, 8, seed=4) != chosen
    with pytest.raises(InputError, match=r"9 pairs: 8 held-out chorales .* ask for --pairs 8"):
        choose(pieces, 9, seed=3)
    assert len(choose([piece for piece in pieces if piece.split != "train"], 9, seed=3)) == 9


def test_both_settings_have_one_soprano_and_sound():
    """Nothing but the lower voices differs, and what plays them is what was asked for."""
    for pair in compose_pairs(
        choose(corpus(), 4, 0), parallel, 0, programs=dict.fromkeys(range(4), 19)
    ):
        bach, kantor = pair.bach, pair.kantor
        start, end = pair.excerpt.start, pair.excerpt.end
        own = pair.excerpt.piece.score.pitches[start:end]
        np.testing.assert_array_equal(bach.pitches, own)
        np.testing.assert_array_equal(kantor.pitches[:, 0], own[:, 0])
        np.testing.assert_array_equal(kantor.onsets[:, 0], bach.onsets[:, 0])
        assert (kantor.pitches[:, 1] < own[:, 0]).all()
        assert (bach.pickup, bach.bar_lines.tolist()) == (4, list(range(4, 128, 16)))
        assert bach.seconds == kantor.seconds == 8.0
        for score in (bach, kantor):
            assert [line.program for line in score.ensemble.lines] == [19] * 4
