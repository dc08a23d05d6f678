"""Takes that grow side by side, and what tells real beats from composed ones."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from kantor import runtime
from kantor.ensemble import SATB
from kantor.errors import InputError
from kantor.music.conditioning import Conditioning, stack
from kantor.music.score import Key, Score, onset_floor
from kantor.network.layout import CROSSED, FARTHEST, Layout
from kantor.runtime import decoder
from kantor.runtime import weights as stored
from kantor.runtime.discriminator import beats
from kantor.runtime.particles import seeds_of, worth
from kantor.runtime.sampling import SamplingParameters

LAYOUT, SEEDS = Layout(SATB), np.array([3, 1, 4, 1, 5])
INFO = {"preset": "chorale"}
SOPRANO, ALTO, TENOR, BASS = range(4)


def whole(quarters: list[list[int]], key: Key, fermata: int) -> Conditioning:
    """Chords in quarters, all given; a phrase ends on the quarter `fermata`."""
    pitches = np.repeat(np.array(quarters, np.int8), 4, axis=0)
    fermatas = np.arange(len(pitches)) // 4 == fermata
    score = Score(pitches, onset_floor(pitches), key=key, fermatas=fermatas)
    return stack([Conditioning.from_score(score, np.ones(pitches.shape, bool))])


def place(block: str, *at: int) -> int:
    """The number of a feature."""
    index = int(np.ravel_multi_index(at, LAYOUT.beat.shapes[block]))
    return LAYOUT.beat.at[block].start + index


def features(quarters: list[list[int]], mode: str = "major", fermata: int = 2) -> list[set[int]]:
    """Those of each quarter."""
    found, of = beats(LAYOUT, whole(quarters, Key(0, mode), fermata))
    return [set(found[of == beat].tolist()) for beat in range(len(quarters))]


def test_what_a_beat_holds() -> None:
    """By hand: octaves between soprano and bass, a kept fourth, moves, chords, a cadence."""
    first, second, third = features([[72, 67, 64, 48], [74, 69, 65, 50], [74, 67, 59, 55]])
    outer, upper = SATB.pairs.index((SOPRANO, BASS)), SATB.pairs.index((SOPRANO, ALTO))
    assert {place("succession", outer, 0, 0, 0), place("succession", upper, 0, 5, 5)} <= second
    assert {place("together", outer, 0, 0), place("together", upper, 0, 5)} <= second
    assert {place("move", SOPRANO, 0, 2), place("move", TENOR, 4, 5)} <= second
    assert place("length", BASS, 3, 0) in second
    assert {place("kept", 0), place("kept", 5), place("leap", 2 + FARTHEST)} <= second
    assert place("parallel", 0) in second
    assert place("chord", (1 << 7 | 1 << 4) >> 1) in first
    assert place("spacing", ALTO, 3 + CROSSED) in first
    assert place("bass", 0, 1, 1, 2) in second  # a quarter left of the last phrase, on D
    # The soprano stays, the alto falls: oblique; from a fourth to a fifth.
    assert place("succession", upper, 2, 5, 7) in third
    assert place("moves", BASS, 2 + FARTHEST, 5 + FARTHEST) in third
    assert {place("cadence", 0, 2, 7), place("degree", 0, TENOR, 11)} <= third
    assert not any(
        place("cadence", 0, a, b) in first | second for a in range(12) for b in range(12)
    )


def test_degrees_are_those_above_the_tonic() -> None:
    """In A minor the bass on A is on the first degree, and moves are counted from C."""
    only, _ = features([[69, 64, 60, 57], [68, 64, 59, 52]], "minor")
    assert {place("bass", 1, 2, 1, 0), place("degree", 1, ALTO, 7)} <= only
    moved = features([[69, 64, 60, 57], [71, 64, 60, 57]], "minor")[1]
    assert place("move", SOPRANO, 9, 11) in moved


def test_a_choice_is_worth_its_likelihood_and_its_motion() -> None:
    """By hand: of two equal choices each has ln 1/2, and .5 more where it moves; in eighths."""
    logits, chosen = np.zeros((2, 2), np.float32), np.array([0, 1])
    moves, margin = np.array([False, True]), np.full(2, 1e-4, np.float32)
    found, doubtful = worth(logits, chosen, moves, SamplingParameters(), margin)
    assert found.tolist() == [-0.75, -0.25]  # of -.693 and -.193
    assert not doubtful.any()
    found, _ = worth(logits, chosen, moves, SamplingParameters(plainness=1.0), margin)
    assert found.tolist() == [-1.375, -2.375]  # of -1.386 and -2.386
    # -ln(1 + e) + 1 = -.31326 is close to -.3125, between -.25 and -.375.
    close = worth(np.array([[1, 0]], np.float32), chosen[:1], moves[:1], SamplingParameters(), 5e-4)
    assert close[1].all()


def test_seeds() -> None:
    """A piece's first particle has its own seed; no two have the same."""
    seeds = np.concatenate([seeds_of(seed, 16) for seed in (0, 1, 2**63 - 1, -4)])
    assert seeds[::16].tolist() == [0, 1, 2**63 - 1, -4]
    assert len({*seeds.tolist()}) == 64


def with_discriminator(weights: Any, *of: int) -> runtime.Generator:
    """A generator whose discriminator takes some features for composed ones."""
    discriminator = np.zeros(LAYOUT.beat.size, np.float32)
    discriminator[list(of)] = -30
    return runtime.Generator({**weights, stored.DISCRIMINATOR: discriminator}, INFO, processes=1)


def test_the_discriminator_is_heeded(weights: Any, batch: Conditioning) -> None:
    """What it finds composed becomes rare; with one particle there is no choice."""
    others = [place("degree", mode, BASS, degree) for mode in (0, 1) for degree in range(1, 12)]
    strict = with_discriminator(weights, *others)
    sung = [strict.compose(batch, SEEDS, particles=count)[0][..., BASS] for count in (1, 16)]
    tonic = (np.array(sung)[:, :, ::4] - batch.tonic[:, None]) % 12 == 0
    share = [one[~batch.mask[:, ::4, BASS]].mean() for one in tonic]
    assert share[1] > 2 * share[0]
    plain = runtime.Generator(weights, INFO, processes=1)
    assert np.array_equal(plain.compose(batch, SEEDS, particles=1)[0][..., BASS], sung[0])


def test_a_take_does_not_depend_on_the_batch(weights: Any, batch: Conditioning) -> None:
    """Each piece alone is what it is among others."""
    model = with_discriminator(weights, place("chord", 1))
    pitches, onsets = model.compose(batch, SEEDS)
    for row, seed in enumerate(SEEDS):
        alone = Conditioning(*(getattr(batch, one.name)[[row]] for one in fields(batch)))
        own = model.compose(alone, [seed])
        assert np.array_equal(own[0][0], pitches[row])
        assert np.array_equal(own[1][0], onsets[row])


def test_doubtful_choices_are_made_alone(
    weights: Any, batch: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where rounding could change what a choice is worth, it is made without others: the same."""
    model = with_discriminator(weights, place("chord", 1))
    expected = model.compose(batch, SEEDS)
    monkeypatch.setattr(decoder, "MARGIN", 1e9)
    assert all(map(np.array_equal, model.compose(batch, SEEDS), expected))


@pytest.mark.parametrize(
    ("sampling", "fault"),
    [
        ({"particles": 0}, "0 particles: choose from 1 to 64"),
        ({"plainness": 1.5}, "a plainness of 1.5: choose one from 0 to 1"),
        ({"plainness": 0.5, "particles": 1}, "ask for more than 1"),
    ],
)
def test_refused(model: runtime.Generator, batch: Conditioning, sampling: Any, fault: str) -> None:
    """In one line."""
    with pytest.raises(InputError, match=fault):
        model.compose(batch, SEEDS, **sampling)


def test_plainer(model: runtime.Generator, batch: Conditioning) -> None:
    """Fewer notes move."""
    moved = [
        np.count_nonzero(np.diff(model.compose(batch, SEEDS, plainness=plainness)[0], axis=1))
        for plainness in (0.0, 1.0)
    ]
    assert moved[1] < moved[0]
