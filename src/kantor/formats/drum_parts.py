"""The drum lines of an ensemble in a file."""

from __future__ import annotations

from collections.abc import Sequence

from kantor.ensemble import Ensemble
from kantor.formats.parsed import Part
from kantor.music.drums import drum_lines


def drum_parts(parts: Sequence[Part], ensemble: Ensemble) -> dict[int, Part]:
    """A part for each drum line, with the hits on drum tracks that it plays; it may have none."""
    hits = sorted(note for part in parts if part.is_drum for note in part.notes)
    played, found = drum_lines(ensemble), dict[int, Part]()
    for line in range(ensemble.pitched, len(ensemble)):
        own = tuple(hit for hit in hits if played.get(hit.pitch) == line)
        found[line] = Part(ensemble.names[line].capitalize(), own, True)
    return found
