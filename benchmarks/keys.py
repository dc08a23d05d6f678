"""The key of a melody alone: counts ``src/kantor/music/degrees.csv``, fits weights, measures.

``python benchmarks/keys.py --count`` makes the file anew: half from the train sopranos in
``build``, in the key of their whole setting, half from nine in ten of the Essen songs, in their
editor's key. It prints the weights that suit the sopranos best, each tenth of them read by counts
of the others. Without the option it measures what is found: in the sopranos of the train and valid
splits, and in the other songs.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import harness
import numpy as np
import tunes
from numpy.typing import NDArray

from kantor.data import corpus
from kantor.music import degrees
from kantor.music.degrees import MODES
from kantor.music.key import estimate, likely
from kantor.music.score import REST, Key, Score

FOLDS = 10
RIDGE = 0.0015
COLUMNS = ("mode", "degree", "first", "last", *map(str, range(12)))

Shares = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


class Melody(NamedTuple):
    """A melody, its key by all voices or by the editor, and the one that its file names."""

    score: Score
    mode: int
    tonic: int
    written: Key | None


def sopranos(pieces: corpus.Corpus, split: str) -> list[Melody]:
    """The sopranos of a split, in the keys of their settings."""
    found = []
    for piece in pieces:
        if piece.split == split:
            key = estimate(piece.score.pitches)
            found.append(
                Melody(piece.score.line(0), MODES.index(key.mode), key.tonic, piece.score.key)
            )
    return found


def songs(held_out: bool) -> list[Melody]:
    """Essen songs on their editor's tonic, in the mode whose third sounds longer.

    The editors write every key as a major one.
    """
    found = []
    for name, score in tunes.songs():
        if tunes.is_held_out(name) == held_out:
            tonic = score.key.tonic if score.key else 0
            sounding = score.pitches[score.pitches != REST].astype(int)
            lengths = np.bincount((sounding - tonic) % 12, minlength=12)
            found.append(Melody(score, int(lengths[3] > lengths[4]), tonic, None))
    return found


def count(melodies: Sequence[Melody]) -> Shares:
    """Shares in each mode: of first degrees, of successions, of last degrees."""
    first, follows, last = np.zeros((2, 12)), np.zeros((2, 12, 12)), np.zeros((2, 12))
    for one in melodies:
        own = (degrees.classes(one.score.pitches[:, 0]) - one.tonic) % 12
        first[one.mode, own[0]] += 1
        np.add.at(follows[one.mode], (own[:-1], own[1:]), 1)
        last[one.mode, own[-1]] += 1
    ends = (each / each.sum(axis=1, keepdims=True) for each in (first, last))
    return next(ends), follows / follows.sum(axis=(1, 2), keepdims=True), next(ends)


def mean(one: Shares, other: Shares) -> Shares:
    """The mean of shares."""
    first, follows, last = ((a + b) / 2 for a, b in zip(one, other, strict=True))
    return first, follows, last


def write(first: NDArray[Any], follows: NDArray[Any], last: NDArray[Any]) -> None:
    """Write the file: of 1,000 melodies and 10,000 successions in each mode."""
    with Path(degrees.__file__).with_name("degrees.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for mode, degree in np.ndindex(2, 12):
            ends = 1000 * np.array([first[mode, degree], last[mode, degree]])
            row = np.round([*ends, *(10_000 * follows[mode, degree])], 1).tolist()
            writer.writerow([MODES[mode], degree, *row])


def weights(melodies: Sequence[Melody], others: Shares) -> tuple[NDArray[Any], NDArray[Any]]:
    """Of chain, last degree and written key: those that make the right keys likeliest.

    Returns
    -------
    weights : (3,)
        The written key's is fitted with the other two, theirs without it.
    right : (2,)
        Share of right keys without and with the written key.
    """
    from scipy.optimize import minimize

    features = np.zeros((len(melodies), 3, 24))
    fold = np.arange(len(melodies)) % FOLDS
    for number in range(FOLDS):
        rest = [one for one, own in zip(melodies, fold, strict=True) if own != number]
        logs = degrees.logs_of(*mean(count(rest), others))
        for index in np.flatnonzero(fold == number):
            one = melodies[index]
            parts = degrees.parts(one.score.pitches[:, 0], logs)
            named = degrees.named(one.written) if one.written else np.zeros((2, 12))
            features[index] = np.stack([*parts, named]).reshape(3, 24)
    right = np.array([12 * one.mode + one.tonic for one in melodies])
    prior = np.repeat(np.log([1 - degrees.SHARE_OF_MINOR, degrees.SHARE_OF_MINOR]), 12)

    def scores(weight: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.einsum("c,ncs->ns", weight, features[:, : len(weight)]) + prior

    def loss(weight: NDArray[np.float64]) -> float:
        logs = scores(weight)
        sums = np.log(np.exp(logs - logs.max(axis=1, keepdims=True)).sum(axis=1))
        own = logs[np.arange(len(right)), right] - logs.max(axis=1)
        return float((sums - own).mean() + RIDGE * weight @ weight)

    alone, beside = (minimize(loss, np.full(size, 0.5)).x for size in (2, 3))
    shares = [(scores(one).argmax(axis=1) == right).mean() for one in (alone, beside)]
    return np.append(alone, beside[2]), np.array(shares)


def measured(melodies: Sequence[Melody], written: bool) -> list[str]:
    """Right key, right tonic, right among the two likeliest, mean log probability of the right."""
    rows = []
    for one in melodies:
        found = likely(one.score.pitches, one.written if written else None)
        right = [(key.mode == MODES[one.mode], key.tonic == one.tonic) for key, _ in found]
        place = right.index((True, True))
        rows.append((place == 0, right[0][1], place < 2, np.log(found[place][1])))
    return [f"{share:.3f}" for share in np.mean(rows, axis=0)]


def main() -> int:
    """Count, or print the table."""
    parser = harness.parser(__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"), help="what `ingest` wrote")
    parser.add_argument("--count", action="store_true", help="make the file anew")
    asked = parser.parse_args()
    pieces = corpus.load(asked.build / "scores.npz")
    train = sopranos(pieces, "train")
    if asked.count:
        others = count(songs(held_out=False))
        write(*mean(count(train), others))
        print("weights of chain, last degree, written key; right without and with the last one:")
        for values in weights(train, others):
            print(values.round(3))
        return 0
    sets = {"train": train, "valid": sopranos(pieces, "valid"), "songs": songs(held_out=True)}
    rows = [[name, str(len(own)), *measured(own, False)] for name, own in sets.items()]
    for name in ("train", "valid"):
        rows.append([f"{name}, key written", str(len(sets[name])), *measured(sets[name], True)])
    print(harness.table(["", "melodies", "key", "tonic", "among two", "log"], rows))
    return 0


if __name__ == "__main__":
    harness.main(main, "keys")
