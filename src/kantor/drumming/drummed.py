"""A generator with drums of another one: to `kantor.compose.composer` a model as any other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor.drumming.groove import held
from kantor.ensemble import Ensemble, Line
from kantor.music.conditioning import Conditioning
from kantor.music.score import REST, Flags, Pitches
from kantor.runtime.pieces import inside

_OCTAVE = 12


def drummed_ensemble(own: Ensemble, lender: Ensemble) -> Ensemble:
    """The ensemble `own` with the drums of another after its lines.

    Raises
    ------
    InputError
        If two lines have one name.
    """
    lent = lender.lines[lender.pitched :]
    order = (*own.order, *range(len(own), len(own) + len(lent)))
    return replace(own, lines=(*own.lines, *lent), order=order)


@dataclass(frozen=True)
class Drummed:
    """A model `own` whose pieces get drums of the model `lender`, in whose ensemble they are.

    Both are models as `kantor.compose.composer.compose` takes them, with an ensemble. Sampling
    parameters are for `own` alone. Raises as `drummed_ensemble`.
    """

    own: Any
    lender: Any
    ensemble: Ensemble = field(init=False)  # the lines of `own`, then the drums

    def __post_init__(self) -> None:
        made = drummed_ensemble(self.own.ensemble, self.lender.ensemble)
        object.__setattr__(self, "ensemble", made)

    @property
    def source(self) -> str:
        """What both are called."""
        return f"{self.own.source} with drums by {self.lender.source}"

    @property
    def meters(self) -> dict[str, float]:
        """The meters that `own` learned from."""
        return dict(self.own.meters)

    @property
    def drum_meters(self) -> dict[str, float]:
        """The meters that `lender` learned from."""
        return dict(self.lender.meters)

    @property
    def mixes_lengths(self) -> bool:
        """Whether both models take pieces of any lengths together."""
        return all(getattr(model, "mixes_lengths", False) for model in (self.own, self.lender))

    def __call__(
        self, given: Conditioning, seeds: NDArray[np.int64], **sampling: Any
    ) -> tuple[Pitches, Flags]:
        """Compose a batch of requests for `ensemble`, one seed each, as the model `own` does."""
        own, pitched = self._own(given), len(self.own.ensemble)
        pitches, onsets = own.pitches, own.onsets
        if not own.mask.all():
            pitches, onsets = self.own(own, seeds, **sampling)
        lent = self.lender.ensemble.pitched
        asked = self._asked(given, pitches, onsets)
        drums, hits = (array[..., lent:] for array in self.lender(asked, seeds))
        hits = _groove(given, hits & (drums != REST), given.mask[..., pitched:])
        numbers = [line.low for line in self.ensemble.lines[pitched:]]
        drums = np.where(hits, numbers, REST)
        kept = given.mask[..., pitched:]
        drums = np.where(kept, given.pitches[..., pitched:], drums)
        hits = np.where(kept, given.onsets[..., pitched:], hits)
        return (
            np.concatenate([pitches, drums.astype(np.int8)], axis=-1),
            np.concatenate([onsets, hits], axis=-1),
        )

    def judge(self, given: Conditioning, pitches: Pitches, onsets: Flags) -> NDArray[np.float32]:
        """What the model `own` says of its lines, ``(batch,)``; of the drums it knows nothing."""
        lines = len(self.own.ensemble)
        judged = self.own.judge(self._own(given), pitches[..., :lines], onsets[..., :lines])
        return np.asarray(judged, np.float32)

    def _own(self, given: Conditioning) -> Conditioning:
        lines = len(self.own.ensemble)
        cells = {name: getattr(given, name)[..., :lines] for name in ("pitches", "onsets", "mask")}
        return replace(given, **cells)

    def _asked(self, given: Conditioning, pitches: Pitches, onsets: Flags) -> Conditioning:
        """What the lender is asked: all but lead, bass, given drums, and rests where none play."""
        own, other = self.own.ensemble, self.lender.ensemble
        shape = (*pitches.shape[:-1], len(other))
        notes, starts = np.full(shape, REST, np.int8), np.zeros(shape, bool)
        mask = np.zeros(shape, bool)
        pairs = [(own.leads, other.leads)]
        if own.bass is not None and other.bass is not None:
            pairs.append((own.bass, other.bass))
        for source, line in pairs:
            for piece, row in zip(notes, pitches[..., source], strict=True):
                piece[:, line] = in_range(row, other.lines[line])
            starts[..., line] = onsets[..., source]
            mask[..., line] = True
        for asked, there in (
            (notes, given.pitches),
            (starts, given.onsets),
            (mask, given.mask),
        ):
            asked[..., other.pitched :] = there[..., len(own) :]
        mask |= ~(inside(given) & _in_bars(given))[..., None]
        return replace(given, pitches=notes, onsets=starts, mask=mask)


def in_range(pitches: Pitches, line: Line) -> Pitches:
    """A line's pitches, ``(time,)``, in the octave in which most suit another line.

    Single notes beyond its range are moved by octaves of their own.
    """
    sounding, moved = pitches != REST, pitches.astype(int)

    def outside(octaves: int) -> int:
        there = moved[sounding] + _OCTAVE * octaves
        return int(((there < line.low) | (there > line.high)).sum())

    moved[sounding] += _OCTAVE * min(sorted(range(-10, 11), key=abs), key=outside)
    for beyond, sign, end in ((moved < line.low, 1, line.low), (moved > line.high, -1, line.high)):
        octaves = -(-sign * (end - moved) // _OCTAVE)
        moved = np.where(beyond & sounding, moved + sign * _OCTAVE * octaves, moved)
    return moved.clip(REST, 127).astype(np.int8)


def _in_bars(given: Conditioning) -> Flags:
    """False in a pickup, in which drums rest: ``(batch, time) bool``."""
    return np.asarray(np.logical_or.accumulate(given.bars[..., 0] == 0, axis=1), dtype=bool)


def _groove(given: Conditioning, hits: Flags, kept: Flags) -> Flags:
    """The hits of a batch, ``(batch, time, drum)``, each piece with its groove held."""
    made, lengths = hits.copy(), inside(given).sum(axis=1)
    for row, length in enumerate(lengths.tolist()):
        piece = (row, slice(length))
        starts = np.flatnonzero(given.bars[piece][:, 0] == 0).tolist()
        made[piece] = held(hits[piece], ~kept[piece], starts, given.fermatas[piece] == 1)
    return made
