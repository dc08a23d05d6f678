"""An ensemble unlike SATB, for tests: five pitched lines and three drums."""

from __future__ import annotations

from kantor.ensemble import Ensemble, Line

BAND = Ensemble(
    "band",
    (
        Line("flute", 60, 96),
        Line("voice", 57, 77),
        Line("guitar", 45, 76),
        Line("piano", 40, 72),
        Line("bass", 28, 52),
        Line("hat", 42, 42, kind="drum"),
        Line("snare", 38, 38, kind="drum"),
        Line("kick", 36, 36, kind="drum"),
    ),
    leads=1,
    order=(1, 7, 4, 6, 0, 3, 5, 2),
    bass=4,
)
