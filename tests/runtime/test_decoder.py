"""What choices heed besides the past: given lines that come later, and the step after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kantor import runtime
from kantor.ensemble import SATB
from kantor.music.conditioning import Conditioning
from kantor.network.layout import Layout
from kantor.runtime.decoder import Decoder
from kantor.runtime.heads import Head
from kantor.runtime.lookahead import Lookahead
from kantor.runtime.reweighting import NEVER, log_likelihood
from kantor.runtime.step import Step

SOPRANO, ALTO, TENOR, BASS = range(len(SATB))
LAYOUT = Layout(SATB)
SHIFT = np.array([0])
BEFORE = {SOPRANO: 72, ALTO: 67, TENOR: 60, BASS: 48}


def step(notes: dict[int, int]) -> np.ndarray:
    """Tokens ``(line, row)`` of one step of one piece in C, by line and MIDI number."""
    tokens = np.zeros((len(SATB), 1), np.intp)
    for line, pitch in notes.items():
        tokens[line] = pitch - LAYOUT.vocabulary.base
    return tokens


def tokens_of(pitches: Any) -> np.ndarray:
    return np.array([pitches]) - LAYOUT.vocabulary.base


def tenor_under(
    head: Head, context: Any, tenor: int, sopranos: list[int], asked: list[bool]
) -> Any:
    """What the tenor's head holds of its pitch under each soprano, bass and alto known."""
    now = step({ALTO: 64, TENOR: tenor, BASS: 48})
    nothing = np.zeros(1, np.float32)
    moment = Step(nothing, nothing, SHIFT, nothing, now, step(BEFORE), nothing, nothing, None)
    return log_likelihood(
        head, [ALTO], context, SOPRANO, tokens_of(sopranos), np.array([asked]), moment
    )[0]


def test_a_pitch_is_as_likely_as_the_head_that_composes_it_says(weights: dict[str, Any]) -> None:
    """Over all pitches of the tenor's range and its rest the probabilities sum to one, and each is
    what the tenor's head says, which knows soprano and bass but not the alto that follows it."""
    head = Head(weights, TENOR, LAYOUT)
    context = np.random.default_rng(3).normal(0, 1, (1, 8)).astype(np.float32)
    for soprano in (67, 72):
        now = step({SOPRANO: soprano, BASS: 48})
        logits = head(context, now, step(BEFORE), SHIFT)[0][0] + head.tessitura(SHIFT)[0]
        expected = np.exp(logits) / np.exp(logits).sum()
        for place in range(1, head.window):
            found = tenor_under(head, context, head.low - 1 + place, [soprano], [True])[0]
            assert np.exp(found) == pytest.approx(expected[place], abs=1e-5)


def test_what_is_not_asked_about_is_never_taken(weights: dict[str, Any]) -> None:
    """Of a row that is weighed, what is too unlikely anyway; another row stays as it is."""
    head, context = Head(weights, TENOR, LAYOUT), np.zeros((1, 8), np.float32)
    some = tenor_under(head, context, 55, [67, 72, 74], [True, False, True])
    assert some[1] == NEVER
    assert (some[[0, 2]] > -100).all()
    assert not tenor_under(head, context, 55, [67, 72, 74], [False, False, False]).any()


def test_only_later_lines_reweight(weights: dict[str, Any]) -> None:
    """In the order soprano, bass, tenor, alto, and only where they are given a pitch."""
    decoder = Decoder(weights, LAYOUT)
    given = np.array([[0, 0], [37, 35], [1, 28], [0, 0]])
    assert decoder._given_later(BASS, given) == [TENOR, ALTO]
    assert decoder._given_later(BASS, given[:, :1]) == [ALTO]
    assert decoder._given_later(TENOR, given) == [ALTO]
    assert not decoder._given_later(ALTO, given)


def test_an_alto_reweights_and_a_soprano_changes_nothing(
    model: runtime.Generator, batch: Conditioning
) -> None:
    """Reweighting changes what stands against an alto, for each piece as if it were alone."""
    seeds = np.arange(5)
    sopranos = [model.compose(batch, seeds, reweighting=weight)[0] for weight in (0.0, 1.0)]
    assert np.array_equal(*sopranos)
    mask = np.zeros_like(batch.mask)
    mask[..., ALTO] = True
    lower = np.where(batch.pitches[..., :1] < 0, -1, batch.pitches[..., :1] - 12)
    pitches, onsets = np.where(mask, lower, -1), batch.onsets[..., :1] & mask
    altos = replace(batch, pitches=pitches, onsets=onsets, mask=mask)
    plain, weighed = (model.compose(altos, seeds, reweighting=weight)[0] for weight in (0.0, 1.0))
    assert not np.array_equal(plain, weighed)
    assert np.array_equal(weighed[altos.mask], altos.pitches[altos.mask])
    alone = Conditioning(*(getattr(altos, name)[3:4] for name in altos.__dataclass_fields__))
    assert np.array_equal(model.compose(alone, [3])[0][0], weighed[3])


@pytest.mark.parametrize(("alto", "then"), [(62, (74, 64)), (60, (71, 59)), (62, (60, 65))])
def test_what_the_heads_would_say_next(weights: dict[str, Any], alto: int, then: tuple) -> None:
    """The soprano's gain is the sum of what both lines' heads say of the known next step."""
    kept = {
        name: array if "successors" in name or "dilations" in name else np.zeros_like(array)
        for name, array in weights.items()
    }
    pitches, after = np.arange(60, 80), step(dict(enumerate(then)))
    gains = Lookahead(kept, LAYOUT).gains(SOPRANO, tokens_of(pitches), step({ALTO: alto}), after)
    heads = [Head(kept, line, LAYOUT) for line in (SOPRANO, ALTO)]
    context = np.zeros((1, 8), np.float32)
    for pitch, gain in zip(pitches, np.zeros(20) if gains is None else gains[0], strict=True):
        before = step({SOPRANO: pitch, ALTO: alto})
        logits = [head(context, after, before, SHIFT)[0][0] for head in heads]
        said = sum(logits[line][then[line] - heads[line].low + 1] for line in (SOPRANO, ALTO))
        assert gain == pytest.approx(said if pitch != then[0] else 0, abs=1e-5)


def test_only_where_cells_meet_given_ones(model: runtime.Generator, batch: Conditioning) -> None:
    """A gap's last step heeds what comes after it; under a given soprano nothing changes."""
    sopranos = [model.compose(batch, np.arange(5), lookahead=weight) for weight in (0.0, 9.0)]
    assert all(map(np.array_equal, *sopranos))
    pitches, onsets = sopranos[0]
    mask = np.ones_like(batch.mask)
    mask[:, 4:8] = False
    gap = replace(batch, pitches=pitches, onsets=onsets, mask=mask)
    without, heeded = (model.compose(gap, np.arange(5), lookahead=w)[0] for w in (0.0, 9.0))
    assert np.array_equal(without[:, :7], heeded[:, :7])
    assert (without[:, 7] != heeded[:, 7]).any()
    alone = Conditioning(*(getattr(gap, name)[[3]] for name in Conditioning.__dataclass_fields__))
    assert np.array_equal(model.compose(alone, [3], lookahead=9.0)[0][0], heeded[3])
