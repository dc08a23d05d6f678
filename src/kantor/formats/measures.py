"""What a measure of MusicXML holds, times in quarters from the measure's start."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple
from xml.etree.ElementTree import Element

from kantor.formats.mark_reader import Mark
from kantor.music.score import Key, Meter

_MOST_PASSES = 9
_START = Fraction(0)


class Event(NamedTuple):
    """A note, or a rest with a fermata (`pitch` None); times from the measure's start."""

    start: Fraction
    end: Fraction
    pitch: int | None
    voice: str
    staff: str
    tied_back: bool
    tied_on: bool
    fermata: bool
    unpitched: bool


@dataclass
class Measure:
    """A measure of one part, or of all parts together; fields that it does not name are None."""

    events: list[Event] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    length: Fraction = _START  # in quarters; a rest longer than the bar counts as a bar
    full: Fraction = _START  # with all of such a rest
    is_short: bool = False  # marked as no whole bar
    meter: Meter | None = None
    key: Key | None = None
    tempi: list[tuple[Fraction, float]] = field(default_factory=list)
    repeat_begins: bool = False  # a repeated section begins with it
    passes: int = 1  # how often the section that ends with it is played
    ending: tuple[int, ...] = ()  # passes in which the ending that begins with it is played
    ending_stops: bool = False  # the ending that it belongs to stops with it
    ending_is_open: bool = False  # and without a stroke down

    @property
    def sounds(self) -> bool:
        """Whether the measure has a note."""
        return any(event.pitch is not None for event in self.events)


def read_barline(item: Element, measure: Measure) -> None:
    """Read a bar line, left or right, with its repeat sign and its ending."""
    repeat, ending = item.find("repeat"), item.find("ending")
    if repeat is not None and repeat.get("direction") == "forward":
        measure.repeat_begins = True
    elif repeat is not None:
        times = repeat.get("times", "2")
        passes = min(int(times), _MOST_PASSES) if re.fullmatch(r"\d{1,3}", times) else 2
        measure.passes = max(measure.passes, passes)
    if ending is not None and ending.get("type") == "start":
        passes_named = re.findall(r"\d", ending.get("number", "1")[:40])
        measure.ending = measure.ending or tuple(map(int, passes_named))
    elif ending is not None and ending.get("type") in ("stop", "discontinue"):
        measure.ending_stops = True
        measure.ending_is_open = ending.get("type") == "discontinue"
