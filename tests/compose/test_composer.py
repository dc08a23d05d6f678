"""Melodies given to a model and its answers taken back."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.compose import composer
from kantor.compose.composer import ModelError, compose, request, seed_of
from kantor.compose.melody import Melody
from kantor.music.score import Key, Meter, Note, Score, arrays_of


def melody(steps=40, seed=0, **fields):
    rng = np.random.default_rng(seed)
    notes, start = [], 0
    while start < steps:
        end = min(steps, start + int(rng.choice([2, 4, 8])))
        if rng.random() < 0.9 or end == steps:
            notes.append(Note(start, end, int(rng.integers(60, 80))))
        start = end
    pitches, onsets = arrays_of(notes, steps, voices=1)
    return Melody(Score(pitches, onsets, key=fields.pop("key", Key()), **fields))


def same(one, other):
    return (one.pitches == other.pitches).all() and (one.onsets == other.onsets).all()


@given(st.integers(1, 200), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_the_soprano_is_the_melody(steps, seed):
    """Of a melody of any length the result has that length and its soprano bit for bit."""

    def rests(batch, seeds):
        assert batch.steps % composer.PADDING == 0
        return batch.pitches, batch.onsets

    piece = melody(steps, seed, meter=Meter(3, 4), pickup=4, tempo=72.0, title="t")
    [[score]] = compose([piece], rests)
    assert same(score.voice(0), piece.score)
    assert score.pitches.shape == (steps, 4)
    assert (score.meter, score.pickup, score.tempo, score.title) == (Meter(3, 4), 4, 72.0, "t")
    assert (score.bar_lines == piece.score.bar_lines).all()


def test_a_composition_does_not_depend_on_its_company(model):
    """Alone, among others, with fewer takes: the same melody and seed give the same take."""
    pieces = [melody(steps, seed=steps) for steps in (5, 40, 33, 70, 40)]
    together = compose(pieces, model, seed=3, takes=4)
    for piece, takes in zip(pieces, together, strict=True):
        [alone] = compose([piece], model, seed=3, takes=2)
        assert all(same(a, b) for a, b in zip(alone, takes[:2], strict=True))


def test_seeds_differ():
    """Another seed, take, melody or key is another seed for the model; names play no part."""
    base = melody()
    one = request(base.score)
    others = [
        seed_of(one, 1, 0),
        seed_of(one, 0, 1),
        seed_of(request(melody(seed=1).score), 0, 0),
        seed_of(request(replace(base.score, key=Key(1))), 0, 0),
        seed_of(request(replace(base.score, meter=Meter(3, 4), bar_lines=np.zeros(0))), 0, 0),
    ]
    assert len({seed_of(one, 0, 0), *others}) == 6
    assert seed_of(request(replace(base.score, title="x", tempo=60.0)), 0, 0) == seed_of(one, 0, 0)
    assert all(0 <= seed < 2**63 for seed in others)


def test_memory_stays_bounded(model):
    """No run of the model is longer than the limit unless one melody alone is."""
    sizes = []

    def watched(batch, seeds):
        sizes.append(batch.pitches.shape[:2])
        return model(batch, seeds)

    long = melody(2 * composer.RUN_STEPS + 7)
    counts = []
    scores = compose([melody(100, i) for i in range(300)] + [long], watched, 0, 1, counts.append)
    assert all(pieces * steps <= composer.RUN_STEPS or pieces == 1 for pieces, steps in sizes)
    assert sum(pieces for pieces, _ in sizes) == sum(counts) == 301
    assert len(sizes) <= 5
    assert scores[-1][0].steps == long.score.steps


def test_nothing_to_compose(model):
    """No melodies, no run of the model."""
    assert compose([], model) == []


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda p, o: (p[:, :-1], o[:, :-1]), "of shape"),
        (lambda p, o: (p[0], o[0]), "of shape"),
        (lambda p, o: (np.where(p < 0, p, p + 1).astype(np.int8), o), "changed notes"),
        (lambda p, o: (p, np.zeros_like(o)), "changed notes"),
        (lambda p, o: (p, o | (np.arange(4) == 2)), "not a score: an onset stands on a rest"),
    ],
)
def test_a_broken_model_is_found_out(spoil, fault):
    """A model that changes what it was given, or answers with no score, is an error."""
    with pytest.raises(ModelError, match=fault):
        compose([melody(64)], lambda batch, seeds: spoil(batch.pitches, batch.onsets))
