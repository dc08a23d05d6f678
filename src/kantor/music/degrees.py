"""How melodies move through the degrees of their key: what was counted, as evidence for a key.

A melody is read as a Markov chain of degrees: where it begins, which one follows which, where it
ends. The shares are in ``degrees.csv``; ``benchmarks/keys.py`` makes them anew. Half of each is
from the sopranos of the JSB Chorales' training split, in the key of their whole setting, half from
the Essen folk songs of music21's corpus, in the key that their editors name.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kantor.music.rhythms import smoothed
from kantor.music.score import REST, Key, Pitches

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MODES = ("major", "minor")
# What weighs as much as a degree's own: of 3,000 successions and of 1,000 melodies in a mode.
_SMOOTH, _RARE = 10.0, 3.0
# Fitted to the probability of the right key in the training split, by `benchmarks/keys.py`. The
# successions of a melody are not independent, as its phrases recur: so the root of their number.
_CHAIN, _LAST = 1.79, 0.75
SHARE_OF_MINOR = 0.4
"""Of melodies: half of the chorales, an eighth of the songs."""
WRITTEN = 0.68
"""What the log of `named` weighs beside `evidence`."""
# Keys that the files of that split name. Rows: major, minor by all notes of the setting. Columns:
# the signature has a sharp less (a flat more), is that of the key, has a sharp more, another. Last
# axis: the file says major, minor. A minor key with a sharp more is often Dorian.
_NAMED = (
    ((2, 1), (107, 3), (0, 0), (0, 0)),
    ((0, 2), (7, 76), (2, 21), (1, 1)),
)


def evidence(melody: Pitches) -> Floats:
    """How much a melody speaks for each key, in nats but for a constant, ``(mode, tonic)``.

    Parameters
    ----------
    melody : (time,) int8
        MIDI note numbers, -1 for a rest; some note must sound. A repeated note counts once.
    """
    chain, last = parts(melody, _logs())
    prior = np.log([[1 - SHARE_OF_MINOR], [SHARE_OF_MINOR]])
    return np.asarray(_CHAIN * chain + _LAST * last + prior)


def parts(melody: Pitches, logs: tuple[Floats, Floats, Floats]) -> tuple[Floats, Floats]:
    """What the chain and what the last note says for each key, each ``(mode, tonic)``."""
    own = classes(melody)
    pairs = np.zeros((12, 12))
    np.add.at(pairs, (own[:-1], own[1:]), 1)
    degree = (np.arange(12) - np.arange(12)[:, None]) % 12  # (tonic, pitch class)
    first, follows, last = logs
    chain = np.einsum("ab,mtab->mt", pairs, follows[:, degree[:, :, None], degree[:, None, :]])
    return (chain + first[:, degree[:, own[0]]]) / len(own) ** 0.5, last[:, degree[:, own[-1]]]


def classes(melody: Pitches) -> Ints:
    """The pitch classes of a melody as they change, ``(change,)``."""
    sounding = melody[melody != REST].astype(np.int64)
    return np.asarray(sounding[np.append(True, sounding[1:] != sounding[:-1])] % 12)


def named(written: Key) -> Floats:
    """How likely a file names this key where each key is right: logs, ``(mode, tonic)``."""
    counts = np.array(_NAMED, float) + 0.2
    logs = np.log(counts / counts.sum(axis=(1, 2), keepdims=True))[:, :, MODES.index(written.mode)]
    own = np.array([[0], [3]]) + np.arange(12)  # the major tonic of each key's signature
    sharps = (written.major_tonic - own) * 7 % 12
    column = np.select([sharps == 11, sharps == 0, sharps == 1], [0, 1, 2], 3)
    return np.asarray(np.take_along_axis(logs, column, axis=1))


@cache
def _logs() -> tuple[Floats, Floats, Floats]:
    """The logs of the shares in the file."""
    with Path(__file__).with_name("degrees.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    first, last = np.array([[float(row[end]) for row in rows] for end in ("first", "last")])
    follows = np.array([[float(row[str(degree)]) for degree in range(12)] for row in rows])
    return logs_of(first.reshape(2, 12), follows.reshape(2, 12, 12), last.reshape(2, 12))


def logs_of(first: Floats, follows: Floats, last: Floats) -> tuple[Floats, Floats, Floats]:
    """Log probabilities of shares, smoothed.

    `first` and `last` are ``(mode, degree)``, `follows` is ``(mode, degree, next)``.
    """
    ends = np.stack([first, last])
    ends = 1000 * ends / ends.sum(axis=2, keepdims=True) + _RARE
    begins, closes = np.log(ends / ends.sum(axis=2, keepdims=True))
    follows = 3000 * follows / follows.sum(axis=(1, 2), keepdims=True)
    return begins, np.log(smoothed(follows, _SMOOTH)), closes
