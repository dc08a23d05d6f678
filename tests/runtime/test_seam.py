"""Composed cells that meet given ones: what a pitch gains by the step after it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kantor import runtime
from kantor.music.conditioning import Conditioning
from kantor.runtime.chord import Chord
from kantor.runtime.heads import Head
from kantor.runtime.pitches import BASE
from kantor.runtime.seam import Seam

LOW, HIGH = np.full(4, 35), np.full(4, 85)
SHIFT = np.array([0])


def code(pitch: int) -> int:
    return pitch - BASE + 1


def chord(now: dict[int, int], before: dict[int, int]) -> Chord:
    """One step of one piece in C, by voice and MIDI number."""
    cells = [np.zeros((4, 1), np.intp) for _ in range(2)]
    for array, notes in zip(cells, (now, before), strict=True):
        for voice, pitch in notes.items():
            array[voice] = code(pitch)
    return Chord.of(*cells, SHIFT)


@pytest.mark.parametrize(("alto", "then"), [(62, (74, 64)), (60, (71, 59)), (62, (60, 65))])
def test_what_the_heads_would_say_next(weights: dict[str, Any], alto: int, then: tuple) -> None:
    """The soprano's gain is the sum of what both voices' heads say of the known next step."""
    kept = {
        name: array if "successors" in name or "dilations" in name else np.zeros_like(array)
        for name, array in weights.items()
    }
    pitches = np.arange(60, 80)
    now = chord({1: alto}, {})
    ahead = np.zeros((4, 1), np.intp)
    ahead[:2, 0] = [code(pitch) for pitch in then]
    found = Seam(kept)(0, np.array([[code(pitch) for pitch in pitches]]), now, ahead)[0]
    heads = [Head(kept, voice, (1 - voice,), LOW, HIGH) for voice in (0, 1)]
    for pitch, gain in zip(pitches, found, strict=True):
        after = chord(dict(enumerate(then)), {0: pitch, 1: alto})
        context = np.zeros((1, len(heads[0].bias)), np.float32)
        said = [head(context, after)[0][0] for head in heads]
        expected = sum(said[voice][then[voice] - heads[voice].low + 1] for voice in (0, 1))
        assert gain == pytest.approx(expected if pitch != then[0] else 0, abs=1e-5)


def test_only_where_cells_meet_given_ones(model: runtime.Generator, batch: Conditioning) -> None:
    """A gap's last step heeds what comes after it; under a given soprano nothing changes."""
    sopranos = [model.compose(batch, np.arange(5), ahead=weight) for weight in (0.0, 9.0)]
    assert all(map(np.array_equal, *sopranos))
    pitches, onsets = sopranos[0]
    mask = np.ones_like(batch.mask)
    mask[:, 4:8] = False
    gap = replace(batch, pitches=pitches, onsets=onsets, mask=mask)
    without, heeded = (model.compose(gap, np.arange(5), ahead=w)[0] for w in (0.0, 9.0))
    assert np.array_equal(without[:, :7], heeded[:, :7])
    assert (without[:, 7] != heeded[:, 7]).any()
    alone = Conditioning(*(getattr(gap, name)[[3]] for name in Conditioning.__dataclass_fields__))
    assert np.array_equal(model.compose(alone, [3], ahead=9.0)[0][0], heeded[3])
