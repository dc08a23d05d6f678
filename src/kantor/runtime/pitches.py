"""Pitches as the networks count them: from the major tonic of the key signature.

Conventions
-----------
*Classes* are 0 for a rest and 1 to 63 for the pitches of the key's frame; class c is the pitch
`BASE + c` in the frame of C major. *Codes* are classes plus one, with 0 for a cell that is not
known: what indexes a table.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import REST, VOICES

Whole = NDArray[np.intp]
Codes = NDArray[np.int8]
"""Codes as they are kept, of every step; a step's are made `Whole` when it is its turn."""

CLASSES = 64
BASE = 28
CODES = CLASSES + 1
LARGEST_MOTION = 12
MOTIONS = 2 * LARGEST_MOTION + 1
PAIRS = tuple(combinations(range(len(VOICES)), 2))
SPACINGS = (-1, 0, 4, 8, 12, 16, 24)
"""Upper bounds, in semitones, of the classes of distance between neighbouring voices."""
LARGEST_DISTANCE = 36
DISTANCES = 2 * LARGEST_DISTANCE + 1
METER = 28
CONDITION = METER + 12 + 2
"""What is known of a step besides notes: meter, fermata, inside the piece, key."""
CONTEXT = 16
"""Steps outside a piece, on either side, that the networks are shown."""
ORDER = (0, 3, 2, 1)
"""In which a step is composed, outer voices first: soprano, bass, tenor, alto."""

LOWEST, HIGHEST = BASE + 1 + 6, BASE + CLASSES - 1 - 6
"""The MIDI numbers that the frame of every key can hold: 35 to 85."""


def frame_shift(major_tonic: NDArray[np.integer]) -> Whole:
    """Semitones from C to the major tonic, taken the nearer way: -6 to 5."""
    return np.asarray((major_tonic.astype(np.intp) + 6) % 12 - 6, dtype=np.intp)


def to_codes(pitches: NDArray[np.integer], major_tonic: NDArray[np.integer]) -> Whole:
    """MIDI numbers ``(batch, time, voice)``, -1 for a rest, as codes 1 to 64."""
    classes = pitches.astype(np.intp) - frame_shift(major_tonic)[:, None, None] - BASE
    return np.where(pitches == REST, 1, 1 + np.clip(classes, 1, CLASSES - 1))


def from_codes(codes: NDArray[np.integer], major_tonic: NDArray[np.integer]) -> NDArray[np.int8]:
    """The inverse of `to_codes`."""
    pitches = codes - 1 + BASE + frame_shift(major_tonic)[:, None, None]
    return np.where(codes == 1, REST, pitches).astype(np.int8)
