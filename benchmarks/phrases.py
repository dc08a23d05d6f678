"""Phrase ends in plain melodies: fits ``src/kantor/music/phrases.csv``, measures what is found.

``python benchmarks/phrases.py --fit`` makes the file anew from the fermatas of the train sopranos
in ``build`` and the phrases of the Essen songs, as much of each. One song in ten is left out.
It measures precision, recall and F1 of the notes that end phrases, the last one of a piece aside:
in the sopranos of the train and valid splits, and in the songs that were left out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import harness
import numpy as np
import tunes
from numpy.typing import NDArray

from kantor.data import corpus
from kantor.music import phrases
from kantor.music.notes import notes_of
from kantor.music.phrases import LONGEST, NOTE, PHRASE
from kantor.music.score import Score

Floats = NDArray[np.float64]
SONGS = 3_000
MOST = 200  # notes in a melody that is fitted
TOGETHER = 200  # melodies of like length
ROUNDS = 80
RIDGE = 1.0
SIZES = NOTE | PHRASE
OFFSETS = dict(zip(SIZES, np.cumsum([0, *SIZES.values()]).tolist(), strict=False))


class Answers(NamedTuple):
    """Melodies side by side: column of each answer's weight, what can be, what is right."""

    notes: NDArray[np.int64]  # (melody, note, question)
    phrases: NDArray[np.int64]  # (melody, last note, notes before, question)
    possible: NDArray[np.bool_]  # (melody, last note, notes before)
    right: NDArray[np.bool_]  # the same
    lengths: NDArray[np.int64]  # (melody,), in notes
    weight: float


def ends_of(score: Score) -> NDArray[np.bool_]:
    """Which notes end phrases by the score's fermatas, ``(note,)``."""
    ends = np.array([bool(score.fermatas[note.start]) for note in notes_of(score)])
    ends[-1] = True
    return ends


def answers(melodies: Sequence[Score], weight: float) -> Answers:
    """The answers of melodies."""
    shape = len(melodies), max(len(notes_of(one)) for one in melodies)
    zero = OFFSETS["quarters"] + sum(PHRASE.values())  # a weight that stays 0
    notes = np.full((*shape, len(NOTE)), zero)
    spans = np.full((*shape, LONGEST, len(PHRASE)), zero)
    possible, right = np.zeros((2, *shape, LONGEST), bool)
    lengths = np.zeros(len(melodies), int)
    for index, one in enumerate(melodies):
        own = notes_of(one)
        lengths[index] = count = len(own)
        for place, (name, found) in enumerate(phrases.note_answers(one, own).items()):
            notes[index, : count - 1, place] = OFFSETS[name] + found[:-1]
        possible[index, :count] = np.arange(LONGEST) <= np.arange(count)[:, None]
        for place, (name, found) in enumerate(phrases.phrase_answers(one, own).items()):
            spans[index, :count, :, place] = OFFSETS[name] + found
        ends = np.flatnonzero(ends_of(one))
        before = np.diff(ends, prepend=-1) - 1
        kept = before < LONGEST
        right[index, ends[kept], before[kept]] = True
    return Answers(notes, spans, possible, right, lengths, weight)


def gradient(weights: Floats, one: Answers) -> tuple[float, Floats]:
    """Negative log likelihood of the right cuts, and its gradient: forward and backward sums."""
    melodies, count = one.possible.shape[:2]
    scores = np.where(one.possible, 0, -np.inf)
    scores += weights[one.notes].sum(axis=-1)[:, :, None] + weights[one.phrases].sum(axis=-1)
    rows = np.arange(melodies)
    forward = np.full((melodies, LONGEST + count + 1), -np.inf)  # beginning with what is before
    forward[:, LONGEST] = 0
    for last in range(count):
        into = forward[:, last + 1 : last + LONGEST + 1][:, ::-1] + scores[:, last]
        forward[:, last + LONGEST + 1] = np.logaddexp.reduce(into, axis=1)
    backward = np.full((melodies, count + 1), -np.inf)
    backward[rows, one.lengths] = 0
    total = forward[rows, LONGEST + one.lengths]
    share = np.zeros(scores.shape)
    for last in reversed(range(count)):
        longest = min(last + 1, LONGEST)
        firsts = np.arange(last, last - longest, -1)
        out = scores[:, last, :longest] + backward[:, [last + 1]]
        share[:, last, :longest] = np.exp(forward[:, LONGEST + firsts] + out - total[:, None])
        backward[:, firsts] = np.logaddexp(backward[:, firsts], out)
    off = share - one.right
    slope = np.zeros(len(weights))
    for place in range(one.notes.shape[-1]):
        slope += np.bincount(one.notes[..., place].ravel(), off.sum(axis=2).ravel(), len(weights))
    for place in range(one.phrases.shape[-1]):
        slope += np.bincount(one.phrases[..., place].ravel(), off.ravel(), len(weights))
    missed = total.sum() - scores[one.right].sum()
    return one.weight * float(missed), one.weight * slope


def fit(sets: Iterable[Sequence[Score]]) -> Floats:
    """The weights that make the right cuts likeliest, each set counting as much."""
    from scipy.optimize import minimize

    sets = list(sets)
    ends = np.array([sum(int(ends_of(one).sum()) for one in each) for each in sets])
    parts = []
    for each, weight in zip(sets, np.exp(np.log(ends).mean()) / ends, strict=True):
        ordered = sorted((one for one in each if len(notes_of(one)) <= MOST), key=_notes)
        for first in range(0, len(ordered), TOGETHER):
            parts.append(answers(ordered[first : first + TOGETHER], float(weight)))

    def loss(weights: Floats) -> tuple[float, Floats]:
        weights = np.append(weights[:-1], 0)
        found = [gradient(weights, one) for one in parts]
        value = sum(value for value, _ in found) + RIDGE / 2 * weights @ weights
        slope = np.sum([slope for _, slope in found], axis=0) + RIDGE * weights
        return value, np.append(slope[:-1], 0)

    start = np.zeros(sum(SIZES.values()) + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS})
    return np.asarray(found.x[:-1])


def _notes(score: Score) -> int:
    return len(notes_of(score))


def write(weights: Floats) -> None:
    """Write the file."""
    with Path(phrases.__file__).with_name("phrases.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("question", "answer", "weight"))
        for name, size in SIZES.items():
            own = weights[OFFSETS[name] : OFFSETS[name] + size]
            writer.writerows((name, answer, f"{one:.3f}") for answer, one in enumerate(own))


def measured(melodies: Sequence[Score]) -> list[str]:
    """Precision, recall and F1 of the notes that end phrases, the last of each melody aside."""
    hits, found, real = 0, 0, 0
    for one in melodies:
        plain = replace(one, fermatas=np.zeros(one.steps, bool))
        ends = ends_of(replace(one, fermatas=phrases.infer_fermatas(plain)))[:-1]
        right = ends_of(one)[:-1]
        hits, found, real = hits + (ends & right).sum(), found + ends.sum(), real + right.sum()
    return [f"{share:.3f}" for share in (hits / found, hits / real, 2 * hits / (found + real))]


def main() -> int:
    """Fit, or print the table."""
    parser = harness.parser(__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"), help="what `ingest` wrote")
    parser.add_argument("--fit", action="store_true", help="make the file anew")
    asked = parser.parse_args()
    sets: dict[str, list[Score]] = {"train": [], "valid": [], "songs": []}
    for piece in corpus.load(asked.build / "scores.npz"):
        if piece.split in sets and piece.score.fermatas.any():
            sets[piece.split].append(piece.score.line(0))
    others: list[Score] = []
    for name, score in tunes.songs():
        if ends_of(score).sum() > 1:
            (sets["songs"] if tunes.is_held_out(name) else others).append(score)
    if asked.fit:
        write(fit((sets["train"], others[:: max(1, len(others) // SONGS)])))
    rows = [[name, str(len(own)), *measured(own)] for name, own in sets.items()]
    print(harness.table(["", "melodies", "precision", "recall", "F1"], rows))
    return 0


if __name__ == "__main__":
    harness.main(main, "phrases")
