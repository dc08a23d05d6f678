"""Given voices that are composed against: what their own heads hold of their pitches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kantor import runtime
from kantor.music.conditioning import Conditioning
from kantor.music.score import VOICES
from kantor.runtime.chord import Chord
from kantor.runtime.heads import Head
from kantor.runtime.listening import NEVER, Listener, Listeners
from kantor.runtime.pitches import BASE
from kantor.runtime.tables import chord_of, chords
from kantor.runtime.tasks import Task

SOPRANO, ALTO, TENOR, BASS = range(len(VOICES))
SHIFT = np.array([0])
TASK = Task(voices=(SOPRANO, BASS), given=(ALTO, TENOR), foreign=(ALTO, TENOR))
BEFORE = np.array([[72], [67], [60], [48]]) - BASE + 1


def code(pitch: int) -> int:
    return pitch - BASE + 1


def said(listener: Listener, tenor: int, sopranos: list[int], asked: list[bool]) -> Any:
    """What the tenor holds of its pitch under each soprano over a known bass and alto."""
    now = np.array([[0], [code(64)], [code(tenor)], [code(48)]])
    chord = Chord.of(now, BEFORE, SHIFT)
    codes = np.array([[code(pitch) for pitch in sopranos]])
    hidden = np.random.default_rng(3).normal(0, 1, (1, 12)).astype(np.float32)
    context = listener.context(hidden, chord_of(BEFORE))
    return listener(SOPRANO, codes, np.array([asked]), context, chord)[0]


def test_a_pitch_is_as_likely_as_the_head_that_composes_it_says(weights: dict[str, Any]) -> None:
    """Over all pitches of the tenor's range and its rest the probabilities sum to one, and each is
    what the tenor's head says, which knows soprano and bass but not the alto that follows it."""
    listener = Listener(weights, TENOR, TASK)
    bounds = np.array([TASK.bounds(voice) for voice in range(4)]).T
    head = Head(weights, TENOR, (SOPRANO, BASS), *bounds)
    hidden = np.random.default_rng(3).normal(0, 1, (1, 12)).astype(np.float32)
    last = chords(head.intervals_before) + head.bias
    context = hidden @ head.context + last.take(chord_of(BEFORE), axis=0)
    for soprano in (67, 72):
        now = np.array([[code(soprano)], [0], [0], [code(48)]])
        chord = Chord.of(now, BEFORE, SHIFT)
        logits = (head(context, chord)[0] + head.leaning(chord))[0]
        expected = np.exp(logits) / np.exp(logits).sum()
        for place in range(1, head.window):
            found = said(listener, head.low - 1 + place, [soprano], [True])[0]
            assert np.exp(found) == pytest.approx(expected[place], abs=1e-5)


def test_what_is_not_asked_about_is_never_taken(weights: dict[str, Any]) -> None:
    """Of a row that listens, what is too unlikely anyway; a row that does not stays as it is."""
    listener = Listener(weights, TENOR, TASK)
    some = said(listener, 55, [67, 72, 74], [True, False, True])
    assert some[1] == NEVER
    assert (some[[0, 2]] > -100).all()
    assert not said(listener, 55, [67, 72, 74], [False, False, False]).any()


def test_only_later_voices_are_listened_to(weights: dict[str, Any]) -> None:
    """In the order soprano, bass, tenor, alto, and only where they are given a pitch."""
    listeners = Listeners(weights, TASK)
    given = np.array([[0, 0], [code(64), code(62)], [1, code(55)], [0, 0]])
    assert [one.voice for one in listeners.after(BASS, given)] == [TENOR, ALTO]
    assert [one.voice for one in listeners.after(BASS, given[:, :1])] == [ALTO]
    assert [one.voice for one in listeners.after(TENOR, given)] == [ALTO]
    assert not listeners.after(ALTO, given)


def of_voice(batch: Conditioning, voice: int) -> Conditioning:
    """The same tunes an octave lower, given as another voice."""
    mask = np.zeros_like(batch.mask)
    mask[..., voice] = True
    pitches = np.where(batch.pitches[..., :1] < 0, -1, batch.pitches[..., :1] - 12)
    onsets = batch.onsets[..., :1] & mask
    return replace(batch, pitches=np.where(mask, pitches, -1), onsets=onsets, mask=mask)


def test_an_alto_is_heard_and_a_soprano_changes_nothing(
    model: runtime.Generator, batch: Conditioning
) -> None:
    """Listening changes what stands against an alto, for each piece as if it were alone."""
    seeds = np.arange(5)
    sopranos = [model.compose(batch, seeds, listen=weight)[0] for weight in (0.0, 1.0)]
    assert np.array_equal(*sopranos)
    altos = of_voice(batch, ALTO)
    deaf, heard = (model.compose(altos, seeds, listen=weight)[0] for weight in (0.0, 1.0))
    assert not np.array_equal(deaf, heard)
    assert np.array_equal(heard[altos.mask], altos.pitches[altos.mask])
    alone = Conditioning(*(getattr(altos, name)[3:4] for name in altos.__dataclass_fields__))
    assert np.array_equal(model.compose(alone, [3])[0][0], heard[3])
