"""What a person calls each figure, by its name in the tables, whatever the ensemble's lines.

A figure of a line is named by its kind and the line, such as ``leaps_alto``.
"""

from __future__ import annotations

from kantor.metrics import cadences, musical, part_writing
from kantor.metrics.accompaniment import RECURS

BY_LINE: dict[str, str] = {
    **{kind: metric.label for kind, metric in (musical.BY_LINE | musical.BY_DRUM).items()},
    **{kind: mark.label for kind, mark in part_writing.BY_LINE.items()},
    "pitch_histogram": "pitch distance in semitones",
    "onset_histogram": "distance of the rhythm within the bar",
}
"""Labels of the kinds of figures that each line has."""
JOINT: dict[str, str] = {
    **{name: metric.label for name, metric in musical.JOINT.items()},
    **{name: mark.label for name, mark in part_writing.JOINT.items()},
    **cadences.LABELS,
    **RECURS,
    "kit_histogram": "distance of the drums within the bar",
}
"""Labels of the figures of all lines together."""
FAULTS = {"parallel_fifths", "parallel_octaves", "semitone_clash", "crossing", "lead_clash"} | {
    kind for kind, mark in (part_writing.BY_LINE | part_writing.JOINT).items() if mark.fault
}
"""Those of which more is worse in any case."""


def kind_of(name: str) -> str:
    """The kind of a figure: its name without the line's."""
    if name in JOINT:
        return name
    return next((kind for kind in BY_LINE if name.startswith(f"{kind}_")), name)


def is_known(name: str) -> bool:
    """Whether some ensemble has a figure of that name, with lines of whatever names."""
    return kind_of(name) in JOINT | BY_LINE


def label(name: str) -> str:
    """What a person calls a figure; the name itself, in words, where it is not known."""
    kind = kind_of(name)
    line = name[len(kind) + 1 :]
    known = (JOINT | BY_LINE).get(kind, name.replace("_", " "))
    return f"{known}, {line}" if line else known


def is_fault(name: str) -> bool:
    """Whether more of a figure is worse in any case."""
    return kind_of(name) in FAULTS
