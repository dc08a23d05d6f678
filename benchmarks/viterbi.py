"""A baseline by counting: the likeliest chords under a soprano, then their likeliest voicing.

A hidden Markov model, after Allan and Williams (2005), "Harmonising Chorales by Probabilistic
Inference": each beat has a hidden chord, with which the soprano's degree is heard. All is counted
in real settings: which chord follows which, the gaps between lines, their moves, and how much
likelier than otherwise two lines go from one interval to another. No rule of harmony is written.

A *degree* is in semitones above the tonic. A *chord* is a whole triad or seventh chord, as one
number: 4,096 times the bass's degree, plus a bit for each degree in it. A beat's chord is the first
one in it under which all four lines sound, -1 where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from kantor.metrics.baselines import with_others
from kantor.metrics.chords import SEVENTHS, TRIADS
from kantor.music.key import key_of
from kantor.music.score import REST, Score

Places = NDArray[np.int64]
Logs = NDArray[np.float64]

_KINDS = [sum(1 << each for each in kind) for kind in (TRIADS | SEVENTHS).values()]
WHOLE = [(kind << root | kind >> 12 - root) % 4096 for kind in _KINDS for root in range(12)]
DOWNBEAT, WEAK, FERMATA = range(3)
SILENT = 12  # the soprano's degree where it rests
INTERVALS = 256  # semitones up, from the end down
LINES = np.arange(3)
UPPER, LOWER = np.triu_indices(4, k=1)


def logs(counts: Logs, prior: Logs | float) -> Logs:
    """Log-shares along the last axis; the prior weighs by the kinds seen (Witten and Bell 1991)."""
    kinds = np.maximum(np.count_nonzero(counts, axis=-1, keepdims=True), 1)
    return np.log((counts + kinds * prior) / (counts.sum(axis=-1, keepdims=True) + kinds))


def likeliest(totals: Sequence[Logs] | Logs, joins: Sequence[Logs] | Logs) -> list[int]:
    """The path of the greatest sum (Viterbi): of each place's own figures and of each join's."""
    best, back = totals[0], []
    for own, join in zip(totals[1:], joins, strict=True):
        paths = best[:, None] + join
        back.append(paths.argmax(axis=0))
        best = paths.max(axis=0) + own
    path = [int(best.argmax())]
    for each in reversed(back):
        path.append(int(each[path[-1]]))
    return path[::-1]


def beats_of(score: Score) -> tuple[Places, Places, Places]:
    """The first step of each beat, its kind, and the soprano's degree there, ``(beat,)`` each."""
    place, soprano = score.bar_positions[:, 0], score.pitches[:, 0].astype(int)
    starts = np.union1d(0, np.flatnonzero(place % score.meter.beat_steps == 0))
    kinds = np.where(score.fermatas, FERMATA, np.where(place == 0, DOWNBEAT, WEAK))
    degrees = np.where(soprano == REST, SILENT, (soprano - key_of(score).tonic) % 12)
    return starts, kinds[starts], degrees[starts]


def chords_of(score: Score) -> tuple[Places, Places]:
    """The chord of each beat, ``(beat,)``, and the notes that make it, ``(beat, 4)``."""
    starts, pitches = beats_of(score)[0], score.pitches.astype(int)
    degrees, row = (pitches - key_of(score).tonic) % 12, np.arange(score.steps)
    sets = np.bitwise_or.reduce(1 << degrees, axis=1)
    whole = np.isin(sets, WHOLE) & (pitches != REST).all(axis=1)
    codes = np.where(whole, 4096 * degrees[row, pitches.argmin(axis=1)] + sets, -1)
    first = [a + whole[a:b].argmax() for a, b in pairwise([*starts, score.steps])]
    return codes[first], pitches[first]


def leading(before: Places, now: Places) -> tuple[Places, ...]:
    """Where each two lines are counted: interval before, both in one direction or not, after."""
    moves = now - before
    old, new = ((notes[..., UPPER] - notes[..., LOWER]) % 12 for notes in (before, now))
    return np.arange(6), old, (moves[..., UPPER] * moves[..., LOWER] > 0).astype(int), new


class Style:
    """What was counted in settings of one mode, as logarithms of probabilities."""

    def __init__(self, scores: Sequence[Score]) -> None:
        found = [chords_of(score) for score in scores]
        self.chords = np.unique(np.concatenate([chords[chords >= 0] for chords, _ in found]))
        edge = len(self.chords)  # before the first chord, and after the last one
        follows, heard = np.zeros((3, edge + 1, edge + 1)), np.zeros((edge, SILENT + 1))
        gaps, moves, pairs = (np.zeros(n) for n in ((3, INTERVALS), (3, INTERVALS), (6, 12, 2, 12)))
        for score, (chords, notes) in zip(scores, found, strict=True):
            _, kinds, degrees = beats_of(score)
            path = np.array([edge, *np.searchsorted(self.chords, chords), edge])
            known = np.pad(chords >= 0, 1, constant_values=True)
            both, inner = known[:-1] & known[1:], known[1:-1]
            np.add.at(follows, (np.append(kinds, WEAK)[both], path[:-1][both], path[1:][both]), 1)
            np.add.at(heard, (path[1:-1][inner], degrees[inner]), 1)
            np.add.at(gaps, (LINES, -np.diff(notes[inner])), 1)
            np.add.at(moves, (LINES, np.diff(notes, axis=0)[both[1:-1], 1:]), 1)
            sounding = score.pitches[(score.pitches != REST).all(axis=1)].astype(int)
            changed = sounding[np.append(True, np.diff(sounding, axis=0).any(axis=1))]
            np.add.at(pairs, leading(changed[:-1], changed[1:]), 1)
        anywhere = follows.sum(axis=0)
        often = np.exp(logs(anywhere, np.exp(logs(anywhere.sum(axis=0), 1 / (edge + 1)))))
        self.follows = logs(follows, often)
        self.heard = logs(heard, np.exp(logs(heard.sum(axis=0), 1 / (SILENT + 1))))
        self.gaps, self.moves = (logs(each, 1 / INTERVALS) for each in (gaps, moves))
        after = logs(pairs.reshape(6, 12, 24), 1 / 24).reshape(pairs.shape)
        self.pairs = after - logs(pairs.sum(axis=(1, 2)), 1 / 12)[:, None, None]

    def harmonise(self, score: Score) -> Score:
        """The likeliest block chords under the soprano: a chord a beat."""
        starts, kinds, degrees = beats_of(score)
        totals = self.heard[:, degrees].T.copy()
        totals[0] += self.follows[kinds[0], -1, :-1]
        totals[-1] += self.follows[WEAK, :-1, -1]
        labels = likeliest(totals, self.follows[kinds[1:], :-1, :-1])
        ways = [self._voicings(*each, score) for each in zip(labels, starts, strict=True)]
        joins = [
            self.moves[LINES, (b - a)[..., 1:]].sum(-1) + self.pairs[leading(a, b)].sum(-1)
            for a, b in ((before[:, None], now) for before, now in pairwise(ways))
        ]
        chosen = likeliest([self.gaps[LINES, -np.diff(each)].sum(-1) for each in ways], joins)
        notes = np.stack([way[at] for way, at in zip(ways, chosen, strict=True)])
        on_beat = np.isin(np.arange(score.steps), starts)
        return with_others(score, notes[on_beat.cumsum() - 1, 1:], score.onsets[:, 0] & on_beat)

    def _voicings(self, label: int, step: int, score: Score) -> Places:
        """Those of a chord under the soprano, ``(voicing, 4)``: the fullest within range."""
        bass, degrees = divmod(int(self.chords[label]), 4096)
        tonic, ranges, top = key_of(score).tonic, score.ensemble.ranges, score.pitches[step, 0]
        lines = [
            [pitch for pitch in range(low, high + 1) if allowed >> (pitch - tonic) % 12 & 1]
            for allowed, (low, high) in zip((degrees, degrees, 1 << bass), ranges[1:], strict=True)
        ]
        found = np.array(list(product([ranges[0][0] if top == REST else int(top)], *lines)))
        found = found[(np.diff(found) <= 0).all(axis=1)]
        held = np.bitwise_or.reduce(1 << (found - tonic) % 12, axis=1)
        full = np.bitwise_count(degrees & held)
        return found[full == full.max()]


def harmonise(scores: Sequence[Score], training: Sequence[Score]) -> list[Score]:
    """Set each soprano by what was counted in the training settings of the same mode."""
    modes = {key_of(score).mode for score in scores}
    styles = {mode: Style([one for one in training if key_of(one).mode == mode]) for mode in modes}
    return [styles[key_of(score).mode].harmonise(score) for score in scores]
