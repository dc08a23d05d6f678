"""Train the discriminator: on the pieces of the training split, and on compositions for them.

Parallel fifths and octaves are too rare in either to be learned from them. So where lines are
voices, real pieces with parallels planted in them are composed ones too: only these tell the beats
from real ones.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kantor.data.corpus import Corpus
from kantor.metrics.chords import IN_CHORD
from kantor.model.generator import Generator
from kantor.music.conditioning import Conditioning, stack
from kantor.music.key import estimate, key_of
from kantor.music.score import REST, STEPS_PER_QUARTER, Score
from kantor.network.layout import Layout
from kantor.network.tokens import Vocabulary
from kantor.runtime.discriminator import beats
from kantor.runtime.tables import Whole

REAL, COMPOSED, PLANTED = range(3)
Examples = tuple[int, Whole, Whole]
"""Which of these beats are, and what `beats` says of them."""
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
_PLANTED = 0.03
"""What all beats with a planted parallel count together, of what all real beats do."""
_OFTEN, _LEAP = 0.25, 9
"""Share of the beats in which a parallel is looked for; most semitones that a line moves to it."""
_MOST_STEPS = 200
"""Of the optimizer, which needs fewer."""


def fit(generator: Generator, corpus: Corpus) -> tuple[NDArray[np.float32], dict[str, float | int]]:
    """The weights of a generator's discriminator, by logistic regression.

    The melody of each training piece is given, or of `_MOST_PIECES`. The compositions are chosen
    among particles by likelihood, as those that the discriminator will weigh; real and composed
    beats count alike, planted ones (`_PLANTED`) little.

    Returns
    -------
    weights : (Layout.beat.size,) float32
    figures : dict
        ``beats``: real ones; ``accuracy`` on those of the training.
    """
    from scipy.optimize import minimize

    scores = [piece.score for piece in corpus if piece.split == "train"]
    scores = scores[:: -(-len(scores) // _MOST_PIECES)]
    scores.sort(key=lambda score: score.steps)
    layout = Layout(generator.ensemble)
    examples = list[Examples]()
    for start in range(0, len(scores), _TOGETHER):
        pieces = scores[start : start + _TOGETHER]
        real = beats(layout, stack([_given(score, True) for score in pieces]))
        examples.append((REAL, *real))
        if generator.ensemble.writing == "voices":
            rng = np.random.default_rng(start)
            changed = stack([_given(planted(score, rng), True) for score in pieces])
            examples.append((PLANTED, *_differing(real, beats(layout, changed))))
        for take, shift in enumerate(SHIFTS):
            given = stack([_given(_moved(score, shift)) for score in pieces])
            seeds = np.arange(start, start + len(pieces)) + take * len(scores)
            made = _filled(
                given, *generator.compose(given, seeds, particles=_PARTICLES, movement=_MOVEMENT)
            )
            examples.append((COMPOSED, *beats(layout, made)))
    examples = [one for one in examples if len(one[1])]
    counts = [int(of.max()) + 1 for _, _, of in examples]
    features = np.concatenate([features for _, features, _ in examples])
    firsts = np.cumsum(counts) - counts
    of = np.concatenate([one[2] + first for one, first in zip(examples, firsts, strict=True)])
    kind = np.repeat([one[0] for one in examples], counts)
    is_real, each = kind == REAL, np.bincount(kind, minlength=3).clip(1)
    shares = (each[REAL] * np.array([1, 1, _PLANTED]) / each)[kind]

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = parameters[:-1]
        logits = np.bincount(of, weights[features], len(is_real)) + parameters[-1]
        wrong = shares * (1 / (1 + np.exp(-logits)) - is_real)
        total = (shares * (np.logaddexp(0, logits) - is_real * logits)).sum()
        slope = np.bincount(features, wrong[of], layout.beat.size) + _DECAY * weights
        return total + 0.5 * _DECAY * weights @ weights, np.append(slope, wrong.sum())

    start_at = np.zeros(layout.beat.size + 1)
    found = minimize(loss, start_at, jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS})
    logits = np.bincount(of, found.x[features], len(is_real)) + found.x[-1]
    accuracy = float((shares * ((logits > 0) == is_real)).sum() / shares.sum())
    figures = {"beats": int(is_real.sum()), "accuracy": round(accuracy, 4)}
    return found.x[:-1].astype(np.float32), figures


def planted(score: Score, rng: np.random.Generator) -> Score:
    """A piece with parallel fifths and octaves planted in it, three beats apart at least.

    Where two lines sound a fifth or an octave and the upper one moves, the lower one moves with it,
    if that stays in its range and makes a chord of the beat. The melody stays as it is.
    """
    ensemble = score.ensemble
    pitches, pairs = score.pitches.astype(np.int64), np.array(ensemble.pairs)
    spans = np.array([[line.low, line.high] for line in ensemble.lines])
    free = 0
    for step in range(STEPS_PER_QUARTER, score.steps, STEPS_PER_QUARTER):
        at = step + score.pickup % STEPS_PER_QUARTER
        if at >= score.steps or at < free or rng.random() > _OFTEN:
            continue
        upper, lower = pairs[pairs[:, 1] != ensemble.leads].T
        before, now = pitches[at - 1], pitches[at]
        target = now[upper] - before[upper] + before[lower]
        fits = (before[upper] != now[upper]) & np.isin((before[upper] - before[lower]) % 12, (0, 7))
        fits &= (np.minimum(before, now)[upper] > REST) & (np.minimum(before, now)[lower] > REST)
        fits &= score.onsets[at, lower] & (target != now[lower])
        fits &= np.abs(target - before[lower]) <= _LEAP
        fits &= (spans[lower, 0] <= target) & (target <= spans[lower, 1])
        for pair in rng.permutation(np.flatnonzero(fits)):
            line, chord = lower[pair], now.copy()
            chord[line] = target[pair]
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
    pitched = score.pitches[:, : score.ensemble.pitched]
    return Conditioning.from_score(score, mask, key_of(score), estimate(pitched).tonic)


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
