"""What a model is given for a piece: some cells, the bars, the fermatas and the key.

A *cell* is one line in one step. The mask is True where a cell is given; the model composes the
others. Harmonising a soprano is the mask whose first column is True.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import SATB
from kantor.errors import InputError
from kantor.music.phrases import leading_line, possible_ends
from kantor.music.score import REST, Flags, Key, Pitches, Score, onset_floor


@dataclass(frozen=True, eq=False)
class Conditioning:
    """The conditioning of one piece ``(time, …)`` or of a batch ``(batch, time, …)``."""

    pitches: Pitches
    """``(…, time, line) int8``: MIDI numbers, -1 for a rest. Read only where `mask` is True."""
    onsets: Flags
    """``(…, time, line) bool``: True where a note starts. Read only where `mask` is True."""
    mask: Flags
    """``(…, time, line) bool``: True = given, False = to be composed."""
    bars: NDArray[np.int16]
    """``(…, time, 2) int16``: place in the bar and its length, as `bar_features_to_compose`."""
    fermatas: NDArray[np.float32]
    """``(…, time) float32``: 1 while a fermata is held, less where a phrase may end, else 0."""
    major_tonic: NDArray[np.int8]
    """``(…) int8``: pitch class of the major tonic that shares the key signature, 0 to 11."""
    tonic: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    """``(…) int8``: pitch class of the tonic, 0 to 11; by default the major one."""

    def __post_init__(self) -> None:
        shape = np.shape(self.pitches)
        if not np.size(self.tonic):
            object.__setattr__(self, "tonic", self.major_tonic)
        if len(shape) not in (2, 3):
            raise InputError(f"given pitches of shape {shape}: expected (…, time, line)")
        expected = {
            "pitches": (np.int8, shape),
            "onsets": (np.bool_, shape),
            "mask": (np.bool_, shape),
            "bars": (np.int16, (*shape[:-1], 2)),
            "fermatas": (np.float32, shape[:-1]),
            "major_tonic": (np.int8, shape[:-2]),
            "tonic": (np.int8, shape[:-2]),
        }
        for name, (dtype, wanted) in expected.items():
            array: NDArray[np.generic] = np.asarray(getattr(self, name), dtype=dtype)
            if array.shape != wanted:
                raise InputError(f"given {name} of shape {array.shape}: expected {wanted}")
            object.__setattr__(self, name, array)

    @classmethod
    def from_score(
        cls, score: Score, mask: Flags, key: Key | None = None, tonic: int | None = None
    ) -> Conditioning:
        """The cells of `score` where ``mask (time, line)`` is True; the others are to be composed.

        `key` stands in for the score's, `tonic` for that of the key: in Dorian the signature is
        another mode's. Where a choir's fermatas were inferred, other notes may end a phrase too:
        see `kantor.music.phrases.possible_ends`.

        Raises
        ------
        InputError
            If the key is neither in the score nor named by `key`.
        """
        key = key or score.key
        if key is None:
            raise InputError(f"{score.title or 'score'}: the key is not known")
        mask = np.asarray(mask, bool)
        pitches = np.where(mask, score.pitches, REST)
        fermatas = score.fermatas.astype(np.float32)
        if score.notation.fermatas_inferred and score.ensemble.names == SATB.names:
            onsets = score.onsets & mask | onset_floor(pitches)
            given = leading_line(replace(score, pitches=pitches, onsets=onsets))
            fermatas = np.maximum(fermatas, possible_ends(given))
        return cls(
            pitches,
            score.onsets & mask,
            mask,
            bar_features_to_compose(score),
            fermatas,
            np.array(key.major_tonic, np.int8),
            np.array(key.tonic if tonic is None else tonic, np.int8),
        )

    @property
    def steps(self) -> int:
        """Length in sixteenths, padding included."""
        return int(self.pitches.shape[-2])

    def padded(self, steps: int) -> Conditioning:
        """One piece lengthened to `steps`: the added cells are given rests."""
        extra = steps - self.steps
        last = self.bars[-1] if self.steps else np.array([15, 16])
        since = (last[0] + 1 + np.arange(extra)) % last[1]
        bars = np.stack([since, np.full(extra, last[1])], axis=1)
        after = ((0, extra), (0, 0))
        return Conditioning(
            np.pad(self.pitches, after, constant_values=REST),
            np.pad(self.onsets, after),
            np.pad(self.mask, after, constant_values=True),
            np.concatenate([self.bars, bars.astype(np.int16)]),
            np.pad(self.fermatas, (0, extra)),
            self.major_tonic,
            self.tonic,
        )


def bar_features(score: Score) -> NDArray[np.int16]:
    """Where each step stands in its bar, in bars such as a model learned from.

    A model knows a meter only by each step's place and the bar's length, and it learned from bars
    of 4/4 and 3/4, and of 6 steps. So other meters are described in such bars: every beat of 6/8,
    9/8 and 12/8 as a bar of its own (else 6/8 would be 3/4), two bars of 2/4 as one of 4/4, one
    of 6/4 as two of 3/4, one of 4/2 as two of 4/4, and 3/2 as a 4/4 whose second half comes twice.
    ``(time, 2) int16``: steps since the bar line, and the bar's length.
    """
    since, bar = score.bar_positions.T
    beat = score.meter.beat_steps
    if beat % 3 == 0:
        part = np.where(bar % beat == 0, beat, bar)
    else:
        three_halves = (bar == 24) & (beat == 8)
        since = np.where(three_halves & (since >= 16), since - 8, since)
        bar = np.where(three_halves, 16, bar)
        number = np.searchsorted(score.bar_lines, np.arange(score.steps), side="right") - 1
        since = np.where((bar == 8) & (number % 2 == 1), since + 8, since)
        bar = np.where(bar == 8, 16, bar)
        # A long bar that is left is one of 6/4 or 4/2.
        part = np.where(bar == 24, 12, np.where(bar == 32, 16, bar))
    since = np.where(part < bar, since % part, since)
    return np.stack([since, part], axis=1).astype(np.int16)


def bar_features_to_compose(score: Score) -> NDArray[np.int16]:
    """The `bar_features` with which a model composes best.

    They differ in bars of three quarters: a model has learned from ten times as many of four. So
    such a bar is described as the first quarter of a bar of 4/4 and twice its last one; the given
    notes show the meter.
    ``(time, 2) int16``: steps since the bar line, and the bar's length.
    """
    since, bar = bar_features(score).T
    three = bar == 12
    since = np.where(three & (since >= 4), 12 + since % 4, since)
    return np.stack([since, np.where(three, 16, bar)], axis=1).astype(np.int16)


def stack(pieces: Sequence[Conditioning], steps: int | None = None) -> Conditioning:
    """Batch several pieces, each padded to `steps` (by default to the longest)."""
    steps = max(piece.steps for piece in pieces) if steps is None else steps
    padded = [piece.padded(steps) for piece in pieces]
    names = [one.name for one in fields(Conditioning)]
    return Conditioning(*(np.stack([getattr(piece, name) for piece in padded]) for name in names))
