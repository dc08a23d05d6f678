"""Train the discriminator: on the pieces of the training split, and on compositions for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kantor.data.corpus import Corpus
from kantor.model.generator import Generator
from kantor.music.conditioning import Conditioning, stack
from kantor.music.key import estimate, key_of
from kantor.music.score import REST, Score
from kantor.network.layout import Layout
from kantor.network.tokens import Vocabulary
from kantor.runtime.discriminator import beats
from kantor.runtime.tables import Whole

Examples = tuple[bool, Whole, Whole]
"""Whether beats are real, and what `beats` says of them."""
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
_MOST_STEPS = 200
"""Of the optimizer, which needs fewer."""


def fit(generator: Generator, corpus: Corpus) -> tuple[NDArray[np.float32], dict[str, float | int]]:
    """The weights of a generator's discriminator, by logistic regression.

    The melody of each training piece is given, or of `_MOST_PIECES`. The compositions are chosen
    among particles by likelihood, as those that the discriminator will weigh; real and composed
    beats count alike.

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
        examples.append((True, *beats(layout, stack([_given(score, True) for score in pieces]))))
        for take, shift in enumerate(SHIFTS):
            given = stack([_given(_moved(score, shift)) for score in pieces])
            seeds = np.arange(start, start + len(pieces)) + take * len(scores)
            made = _filled(
                given, *generator.compose(given, seeds, particles=_PARTICLES, movement=_MOVEMENT)
            )
            examples.append((False, *beats(layout, made)))
    counts = [int(of.max()) + 1 for _, _, of in examples]
    features = np.concatenate([features for _, features, _ in examples])
    firsts = np.cumsum(counts) - counts
    of = np.concatenate([one[2] + first for one, first in zip(examples, firsts, strict=True)])
    is_real = np.repeat([one[0] for one in examples], counts)
    shares = np.where(is_real, 1, is_real.sum() / (~is_real).sum())

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
