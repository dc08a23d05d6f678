"""Train the discriminator: on the pieces of the training split, and on compositions for them.

Parallel fifths and octaves, and voices above the melody, are too rare in either to be learned from
them. So where lines are voices, real pieces with such faults planted in them are composed ones too:
only these tell the beats from real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kantor.data.corpus import Corpus
from kantor.ensemble import Ensemble
from kantor.metrics.chords import IN_CHORD
from kantor.model.generator import Generator
from kantor.music.conditioning import Conditioning, stack
from kantor.music.key import estimate, key_of
from kantor.music.score import REST, STEPS_PER_QUARTER, Score
from kantor.network.layout import Layout
from kantor.network.tokens import Vocabulary
from kantor.runtime.discriminator import beats
from kantor.runtime.tables import Whole

REAL, COMPOSED = range(2)
Examples = tuple[int, Whole, Whole]
"""A number that says of what the beats are, beyond `COMPOSED` one for each of `FAULTS`; and what
`beats` says of them."""
SHIFTS = (0, 0, 0, 0, 0, 0, -6, 4)
"""Compositions for each piece, by how many semitones its melody is moved: voices that are composed
crowd a low melody and stay far below a high one, and real ones do not."""
_PARTICLES, _MOVEMENT = 8, 0.7
"""With which they are composed, so that they have as many notes as real music: with fewer of them,
more notes would pass for real."""
_MOST_PIECES = 250
"""That are composed; of more, every second one, every third, and so on."""
_TOGETHER = 64
"""Pieces that are composed side by side."""
_DECAY = 0.3
"""Of the weights, in the sum of all beats' losses: features that are seen only once or twice must
not be learned by heart."""
_OFTEN, _LEAP = 0.25, 9
"""Share of the places in which a fault is looked for; most semitones that a line moves to it."""
_MOST_STEPS = 200
"""Of the optimizer, which needs fewer."""


def fit(generator: Generator, corpus: Corpus) -> tuple[NDArray[np.float32], dict[str, float | int]]:
    """The weights of a generator's discriminator, by logistic regression.

    The melody of each training piece is given, or of `_MOST_PIECES`. The compositions are chosen
    among particles by likelihood, as those that the discriminator will weigh; real and composed
    beats count alike, planted ones little.

    Returns
    -------
    weights : (Layout.beat.size,) float32
    figures : dict
        ``beats``: real ones; ``accuracy`` on those of the training.
    """
    from scipy.optimize import minimize

    size = Layout(generator.ensemble).beat.size
    examples = [one for one in _examples(generator, corpus) if len(one[1])]
    counts = [int(of.max()) + 1 for _, _, of in examples]
    features = np.concatenate([features for _, features, _ in examples])
    firsts = np.cumsum(counts) - counts
    of = np.concatenate([one[2] + first for one, first in zip(examples, firsts, strict=True)])
    kind = np.repeat([one[0] for one in examples], counts)
    is_real, each = kind == REAL, np.bincount(kind, minlength=2 + len(FAULTS)).clip(1)
    shares = (each[REAL] * np.array([1, 1, *(fault.weight for fault in FAULTS)]) / each)[kind]

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = parameters[:-1]
        logits = np.bincount(of, weights[features], len(is_real)) + parameters[-1]
        wrong = shares * (1 / (1 + np.exp(-logits)) - is_real)
        total = (shares * (np.logaddexp(0, logits) - is_real * logits)).sum()
        slope = np.bincount(features, wrong[of], size) + _DECAY * weights
        return total + 0.5 * _DECAY * weights @ weights, np.append(slope, wrong.sum())

    start_at, options = np.zeros(size + 1), {"maxiter": _MOST_STEPS}
    found = minimize(loss, start_at, jac=True, method="L-BFGS-B", options=options)
    logits = np.bincount(of, found.x[features], len(is_real)) + found.x[-1]
    accuracy = float((shares * ((logits > 0) == is_real)).sum() / shares.sum())
    figures = {"beats": int(is_real.sum()), "accuracy": round(accuracy, 4)}
    return found.x[:-1].astype(np.float32), figures


def _examples(generator: Generator, corpus: Corpus) -> Iterator[Examples]:
    """Beats of training pieces, of these with faults planted in them, and of compositions."""
    layout = Layout(generator.ensemble)
    scores = [piece.score for piece in corpus if piece.split == "train"]
    scores = scores[:: -(-len(scores) // _MOST_PIECES)]
    scores.sort(key=lambda score: score.steps)
    for start in range(0, len(scores), _TOGETHER):
        pieces = scores[start : start + _TOGETHER]
        real = beats(layout, stack([_given(score, True) for score in pieces]))
        yield (REAL, *real)
        if generator.ensemble.writing == "voices":
            for kind, fault in enumerate(FAULTS, start=COMPOSED + 1):
                rng = np.random.default_rng(start)
                changed = stack([_given(planted(score, fault, rng), True) for score in pieces])
                yield (kind, *_differing(real, beats(layout, changed)))
        for take, shift in enumerate(SHIFTS):
            given = stack([_given(_moved(score, shift)) for score in pieces])
            seeds = np.arange(start, start + len(pieces)) + take * len(scores)
            made = _filled(
                given, *generator.compose(given, seeds, particles=_PARTICLES, movement=_MOVEMENT)
            )
            yield (COMPOSED, *beats(layout, made))


def parallel(ensemble: Ensemble, before: Whole, now: Whole) -> tuple[Whole, Whole]:
    """Lines, and the pitches by which they move in fifths or octaves with a higher line."""
    pairs = np.array(ensemble.pairs)
    upper, lower = pairs[pairs[:, 1] != ensemble.leads].T
    fits = (before[upper] != now[upper]) & np.isin((before[upper] - before[lower]) % 12, (0, 7))
    fits &= np.minimum(before, now)[upper] > REST
    return lower[fits], (now[upper] - before[upper] + before[lower])[fits]


def above(ensemble: Ensemble, before: Whole, now: Whole) -> tuple[Whole, Whole]:
    """Lines, and the chord's nearest pitch above the melody."""
    lines, melody = np.array(ensemble.others), now[ensemble.leads]
    if melody == REST:
        return lines[:0], lines[:0]
    distance = int(((now[now > REST] - melody - 1) % 12).min()) + 1
    return lines, np.full(len(lines), melody + distance)


class Fault(NamedTuple):
    """What is planted in real music."""

    wrong: Callable[[Ensemble, Whole, Whole], tuple[Whole, Whole]]
    every: int
    """Steps from one place where it may be to the next."""
    weight: float
    """What all beats with it count together, of what all real beats do."""


FAULTS = (Fault(parallel, STEPS_PER_QUARTER, 0.03), Fault(above, 1, 0.02))


def planted(score: Score, fault: Fault, rng: np.random.Generator) -> Score:
    """A piece with a fault planted in some places, at least three beats apart.

    A line that begins a note there gets another pitch, if that is in its range and near its
    last one and all lines make a chord with it. The melody stays as it is.
    """
    lines = score.ensemble.lines[: score.ensemble.pitched]
    low, high = np.array([(line.low, line.high) for line in lines]).T
    pitches = score.pitches.astype(np.int64)
    free = 0
    for step in range(fault.every, score.steps, fault.every):
        at = step + score.pickup % fault.every
        if at >= score.steps or at < free or rng.random() > _OFTEN:
            continue
        before, now = pitches[at - 1, : len(lines)], pitches[at, : len(lines)]
        own, wrong = fault.wrong(score.ensemble, before, now)
        fits = score.onsets[at, own] & (wrong != now[own])
        fits &= (before[own] > REST) & (np.abs(wrong - before[own]) <= _LEAP)
        fits &= (low[own] <= wrong) & (wrong <= high[own])
        for one in rng.permutation(np.flatnonzero(fits)):
            line, chord = own[one], now.copy()
            chord[line] = wrong[one]
            if IN_CHORD[np.bitwise_or.reduce(1 << chord[chord > REST] % 12)]:
                held = ~score.onsets[at + 1 :, line] & (score.pitches[at + 1 :, line] > REST)
                pitches[at : at + 1 + int(np.argmin(np.append(held, False))), line] = chord[line]
                free = at + 3 * STEPS_PER_QUARTER
                break
    return replace(score, pitches=pitches.astype(np.int8))


def _differing(real: tuple[Whole, Whole], changed: tuple[Whole, Whole]) -> tuple[Whole, Whole]:
    """The changed beats alone, numbered anew; both are of the same pieces."""
    pairs = [
        set(zip(of.tolist(), features.tolist(), strict=True)) for features, of in (real, changed)
    ]
    numbers = np.array(sorted({beat for beat, _ in pairs[0] ^ pairs[1]}), np.intp)
    features, of = changed
    kept = np.isin(of, numbers)
    return features[kept], np.searchsorted(numbers, of[kept])


def _given(score: Score, whole: bool = False) -> Conditioning:
    """A piece with its melody given or as a whole; its tonic is what all its notes say."""
    mask = np.full(score.pitches.shape, whole)
    mask[:, score.ensemble.leads] = True
    return Conditioning.from_score(score, mask, key_of(score), estimate(score.pitched).tonic)


def _moved(score: Score, shift: int) -> Score:
    """A piece moved by so many semitones, if the model then knows its melody's notes."""
    melody, known = score.pitches[:, score.ensemble.leads], Vocabulary(score.ensemble)
    moved = melody[melody != REST].astype(int) + shift
    fits = ((moved >= known.lowest) & (moved <= known.highest)).all()
    return score.transposed(shift) if fits else score


def _filled(
    given: Conditioning, pitches: NDArray[np.int8], onsets: NDArray[np.bool_]
) -> Conditioning:
    """Compositions as pieces of which all is given."""
    values = given.bars, given.fermatas, given.major_tonic, given.tonic
    return Conditioning(pitches, onsets, np.ones_like(given.mask), *values)
