"""Training batches: windows with their surroundings, transposed and masked at random.

A window is cut out of its piece together with `CONTEXT` steps before and after it. What stands
before is its past, what stands after is known only where the mask gives it. A batch follows from
the seed and the iteration alone: an interrupted training goes on with the batches that were next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kantor.data.corpus import Corpus
from kantor.data.windows import Windows
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError
from kantor.hyperparameters import Kinds
from kantor.model import Batch, Tensor
from kantor.music.conditioning import bar_features
from kantor.music.score import REST, Meter, Score, onset_floor
from kantor.network.layout import CONTEXT

LARGEST_TRANSPOSITION = 6
SIX_EIGHT_EVERY = 4
"""Of so many windows one is added in 6/8 too, see `in_six_eight`."""
TRANSPOSED = 0.25
"""Share of the windows that are transposed: enough to know all keys. In more of them the lines
would be spread wider over their ranges than a choir's are."""


@dataclass(frozen=True, eq=False)
class Pool:
    """All windows of a split with their surroundings, ``span = CONTEXT + steps + CONTEXT``.

    Attributes
    ----------
    pitches : (window, span, line) int8
    onsets : (window, span, line) bool
    bars : (window, span, 2) int16
        As `kantor.music.conditioning.bar_features`.
    fermatas, inside : (window, span) bool
        `inside` is False before the piece's start and after its end.
    major_tonic : (window,) int8
    lowest, highest : (window,) int8
        Transpositions that keep every pitched line in its range.
    ensemble : Ensemble
    """

    pitches: NDArray[np.int8]
    onsets: NDArray[np.bool_]
    bars: NDArray[np.int16]
    fermatas: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    major_tonic: NDArray[np.int8]
    lowest: NDArray[np.int8]
    highest: NDArray[np.int8]
    ensemble: Ensemble = SATB

    def __len__(self) -> int:
        return len(self.pitches)


def transpositions(pitches: NDArray[np.int8], ensemble: Ensemble = SATB) -> tuple[int, int]:
    """The lowest and highest transposition that keep each pitched line in its range, 0 included."""
    low, high = -LARGEST_TRANSPOSITION, LARGEST_TRANSPOSITION - 1
    for line, (bottom, top) in enumerate(ensemble.ranges[: ensemble.pitched]):
        sounding = pitches[:, line][pitches[:, line] != REST]
        if sounding.size:
            low = max(low, bottom - int(sounding.min()))
            high = min(high, top - int(sounding.max()))
    return min(low, 0), max(high, 0)


def pool(corpus: Corpus, windows: Windows, split: str, ensemble: Ensemble = SATB) -> Pool:
    """Gather the windows of one split from the pieces that they were cut from.

    Those of the training split are followed by some in 6/8, see `in_six_eight`: of voices, since
    a groove in 4/4 is none in 6/8.

    Raises
    ------
    InputError
        If the split has no window.
    """
    steps = windows.rolls.shape[1]
    rows: list[dict[str, Any]] = []
    more: list[dict[str, Any]] = []
    for row, start in zip(windows.piece.tolist(), windows.start.tolist(), strict=True):
        score = corpus[row].score
        if corpus[row].split != split:
            continue
        starts = [start]
        if 0 < start == score.bar_lines[0]:
            # The pickup is the end of a bar of which the piece has no more.
            starts.append(start - score.meter.bar_steps)
        rows += [_surroundings(score, begin, steps, ensemble) for begin in starts]
        due = len(rows) % SIX_EIGHT_EVERY < len(starts)
        if split == "train" and ensemble.writing == "voices" and due and fits_six_eight(score):
            quick = len(more) % 2 == 1
            begin = int(np.searchsorted(_source_steps(score, quick), start))
            more.append(_surroundings(in_six_eight(score, quick), begin, steps, ensemble))
    if not rows:
        raise InputError(f"no window of the split {split!r} to train on; check `dvc repro ingest`")
    arrays = {name: np.array([row[name] for row in rows + more]) for name in rows[0]}
    return Pool(**arrays, ensemble=ensemble)


def _surroundings(score: Score, start: int, steps: int, ensemble: Ensemble) -> dict[str, Any]:
    """One row of a pool: the window at `start`, which may lie before the piece's first step."""
    at = np.arange(start - CONTEXT, start + steps + CONTEXT)
    inside = (at >= 0) & (at < score.steps)
    at = np.clip(at, 0, score.steps - 1)
    pitches = np.where(inside[:, None], score.pitches[at], REST).astype(np.int8)
    low, high = transpositions(pitches, ensemble)
    return {
        "pitches": pitches,
        "onsets": score.onsets[at] & inside[:, None],
        "bars": bar_features(score)[at],
        "fermatas": score.fermatas[at] & inside,
        "inside": inside,
        "major_tonic": np.int8(score.key.major_tonic if score.key else 0),
        "lowest": np.int8(low),
        "highest": np.int8(high),
    }


def fits_six_eight(score: Score) -> bool:
    """Whether `in_six_eight` can read it: in 4/4 throughout, no bar line within a quarter."""
    lines = score.bar_lines
    plain = str(score.meter) == "4/4" and bool((np.diff(lines) == score.meter.bar_steps).all())
    return plain and len(lines) > 0 and lines[0] % 4 == 0


def in_six_eight(score: Score, quick: bool = False) -> Score:
    """A piece in 4/4 as one in 6/8: of each quarter's eighths the first is twice as long.

    The corpus has nothing in 6/8; so the networks know that its beats are dotted quarters. If
    `quick`, of each two quarters the first is twice as long: folk songs have as many notes a beat.
    """
    index = _source_steps(score, quick)
    pitches = score.pitches[index]
    first = np.diff(index, prepend=-1) > 0
    pitches[~first, score.ensemble.pitched :] = REST  # a drum sounds for one step
    bar_line = int(np.searchsorted(index, score.bar_lines[0])) % 12
    return replace(
        score,
        pitches=pitches,
        # The floor is for a note whose first step was left out.
        onsets=score.onsets[index] & first[:, None] | onset_floor(pitches),
        fermatas=score.fermatas[index],
        bar_lines=np.arange(bar_line, len(index), 12, dtype=np.int32),
        pickup=bar_line,
        meter=Meter(6, 8),
    )


def _source_steps(score: Score, quick: bool) -> NDArray[np.int64]:
    """Which step of a piece each step of `in_six_eight` is."""
    if not quick:
        return np.arange(score.steps // 4 * 4).reshape(-1, 4)[:, [0, 0, 1, 1, 2, 3]].ravel()
    steps = np.arange(score.steps)
    return steps[np.isin((steps - score.bar_lines[0]) % 8, [0, 1, 2, 3, 4, 6])]


def masks(pieces: Tensor, span: int, seed: Tensor, ensemble: Ensemble = SATB) -> Tensor:
    """Random masks of every kind that a person may ask for: ``(pieces, span, line) bool``.

    True = given. Nearly half are a given melody; the others one given other line, any set of
    lines, single beats of single lines, a span to be filled between given bars with and without a
    melody, or nothing at all. Drums are given together, but for the single beats.
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 6))
    lines, beats = len(ensemble), span // 4
    group_of = [min(line, ensemble.pitched) for line in range(lines)]  # all drums are one
    groups = group_of[-1] + 1
    others = tf.constant([group for group in range(groups) if group != ensemble.leads])

    def uniform(index: int, *shape: Any) -> Tensor:
        return tf.random.stateless_uniform([pieces, *shape], seeds[index])

    kind = uniform(0, 1, 1)
    melody = tf.one_hot(tf.fill([pieces, 1], ensemble.leads), lines) > 0
    other = tf.gather(others, tf.cast(uniform(1, 1) * (groups - 1), tf.int32))
    ends = tf.sort(uniform(5, 2) * (beats + 1), axis=-1)
    at = tf.range(beats, dtype=tf.float32)[None]
    outside = ((at < ends[:, :1]) | (at >= ends[:, 1:]))[..., None]
    kinds = [
        (0.46, melody),
        (0.61, tf.gather(tf.one_hot(other, groups) > 0, group_of, axis=-1)),
        (0.70, tf.gather(uniform(2, 1, groups) < 0.5, group_of, axis=-1)),
        (0.80, uniform(3, beats, lines) < uniform(4, 1, 1)),
        (0.87, outside | melody),
        (0.95, outside),
    ]
    mask = tf.zeros([pieces, beats, lines], tf.bool)
    for bound, candidate in reversed(kinds):
        mask = tf.where(kind < bound, candidate, mask)
    return tf.repeat(mask, 4, axis=1)


def batch_at(pool: Pool, size: int, seed: int, iteration: Tensor, kinds: Kinds = "any") -> Batch:
    """The batch of an iteration: arrays as in `Pool`, transposed, and a ``mask``."""
    root = tf.stack([tf.cast(seed, tf.int64), tf.cast(iteration, tf.int64)])
    seeds = tf.unstack(tf.random.experimental.stateless_split(root, 3))
    index = tf.random.stateless_uniform([size], seeds[0], 0, len(pool), tf.int32)
    batch = {
        name: tf.gather(getattr(pool, name), index)
        for name in ("pitches", "onsets", "bars", "fermatas", "inside")
    }
    low, high, major_tonic = (
        tf.cast(tf.gather(getattr(pool, name), index), tf.int32)
        for name in ("lowest", "highest", "major_tonic")
    )
    moves, chance = tf.unstack(tf.random.stateless_uniform([2, size], seeds[1]))
    shift = low + tf.cast(chance * tf.cast(high - low + 1, tf.float32), tf.int32)
    shift = tf.where(moves < TRANSPOSED, shift, 0)
    ensemble, pitches = pool.ensemble, tf.cast(batch["pitches"], tf.int32)
    pitched = tf.constant([int(line < ensemble.pitched) for line in range(len(ensemble))])
    batch["pitches"] = tf.where(pitches < 0, REST, pitches + shift[:, None, None] * pitched)
    batch["major_tonic"] = (major_tonic + shift) % 12
    if kinds == "any":
        given = masks(size, pool.pitches.shape[1], seeds[2], ensemble)
    else:
        given = tf.one_hot([[ensemble.leads]], len(ensemble)) > 0
    batch["mask"] = given | ~batch["inside"][..., None]
    return batch


def dataset(
    pool: Pool, size: int, seed: int, start: int = 0, kinds: Kinds = "any"
) -> tf.data.Dataset:
    """An endless stream of batches, from the batch of iteration `start` on."""
    return (
        tf.data.Dataset.counter(start)
        .map(lambda iteration: batch_at(pool, size, seed, iteration, kinds), num_parallel_calls=1)
        .prefetch(2)
    )
