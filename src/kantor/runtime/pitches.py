"""Names of `kantor.network` for the ensemble SATB, as the engine has used them so far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import SATB
from kantor.network import layout, tokens
from kantor.network.layout import CONTEXT, DISTANCES, LARGEST_DISTANCE, LARGEST_MOTION, MOTIONS

__all__ = ["CONTEXT", "DISTANCES", "LARGEST_DISTANCE", "LARGEST_MOTION", "MOTIONS"]

Whole = NDArray[np.intp]
Codes = NDArray[np.int8]
_VOCABULARY = tokens.Vocabulary(SATB)
CLASSES, CODES = _VOCABULARY.choices, _VOCABULARY.tokens
BASE = _VOCABULARY.base + 1
LOWEST, HIGHEST = _VOCABULARY.lowest, _VOCABULARY.highest
PAIRS, ORDER, SPACINGS = SATB.pairs, SATB.order, layout.SPACING_BOUNDS
CONDITION = layout.CONDITIONS.size
METER = layout.CONDITIONS.at["fermata"].start


def frame_shift(major_tonic: NDArray[np.integer]) -> Whole:
    """Semitones from C to the major tonic, taken the nearer way: -6 to 5."""
    return np.asarray(tokens.frame_shift(major_tonic.astype(np.intp)), dtype=np.intp)


def to_codes(pitches: NDArray[np.integer], major_tonic: NDArray[np.integer]) -> Whole:
    """MIDI numbers ``(batch, time, voice)``, -1 for a rest, as tokens."""
    return _VOCABULARY.to_tokens(pitches, major_tonic)


def from_codes(codes: NDArray[np.integer], major_tonic: NDArray[np.integer]) -> NDArray[np.int8]:
    """The inverse of `to_codes`."""
    return _VOCABULARY.to_pitches(codes, major_tonic)
