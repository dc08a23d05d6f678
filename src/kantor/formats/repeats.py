"""In which order the measures of a score with repeats are played."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

_MOST_PASSES = 9


@dataclass(frozen=True)
class Barline:
    """The bar lines of a measure.

    Attributes
    ----------
    forward : bool
        A repeated section begins with this measure.
    passes : int
        How often the section that ends with this measure is played; 1 = no repeat sign.
    endings : tuple of int
        Passes in which an ending beginning here is played.
    ending_stops : bool
        The ending that this measure belongs to stops with it.
    """

    forward: bool = False
    passes: int = 1
    endings: tuple[int, ...] = ()
    ending_stops: bool = False

    def joined(self, other: Barline) -> Barline:
        """Both bar lines of a measure, or those of two parts, as one."""
        return Barline(
            self.forward or other.forward,
            max(self.passes, other.passes),
            self.endings or other.endings,
            self.ending_stops or other.ending_stops,
        )


def barline_of(element: Element) -> Barline:
    """Read a ``<barline>`` of MusicXML."""
    repeat, ending = element.find("repeat"), element.find("ending")
    forward, passes = False, 1
    if repeat is not None:
        forward = repeat.get("direction") == "forward"
        times = repeat.get("times", "2")
        if not forward:
            passes = min(int(times), _MOST_PASSES) if re.fullmatch(r"\d{1,3}", times) else 2
    numbers: tuple[int, ...] = ()
    if ending is not None and ending.get("type") == "start":
        numbers = tuple(map(int, re.findall(r"\d", ending.get("number", "1")[:40])))
    stops = ending is not None and ending.get("type") in ("stop", "discontinue")
    return Barline(forward, passes, numbers, stops)


def played_order(barlines: Sequence[Barline]) -> list[int]:
    """Indices of the measures as they are played, each section at most nine times.

    A section goes from the last forward sign, the end of the section before, or the beginning,
    up to a backward sign. In the n-th pass only endings numbered n are played.
    """
    endings = _endings(barlines)
    order: list[int] = []
    index = section = 0
    current = 1
    while index < len(barlines):
        line = barlines[index]
        left_endings = index > 0 and endings[index - 1] and not endings[index]
        if (line.forward and index != section) or (left_endings and index > section):
            section, current = index, 1
        if not endings[index] or current in endings[index]:
            order.append(index)
            if line.passes > 1 and current < _passes(barlines, endings, index):
                current += 1
                index = section
                continue
            if line.passes > 1 and not endings[index]:
                section, current = index + 1, 1
        index += 1
    return order


def _endings(barlines: Sequence[Barline]) -> list[tuple[int, ...]]:
    """For each measure the passes of the ending it belongs to; empty outside of endings."""
    endings: list[tuple[int, ...]] = []
    inside: tuple[int, ...] = ()
    for line in barlines:
        inside = line.endings or inside
        endings.append(inside)
        if line.ending_stops or line.passes > 1:
            inside = ()
    return endings


def _passes(barlines: Sequence[Barline], endings: Sequence[tuple[int, ...]], index: int) -> int:
    """How often the section with a backward sign at `index` is played, by sign and endings."""
    passes = barlines[index].passes
    if not endings[index]:
        return passes
    while index < len(endings) and endings[index]:
        passes = max(passes, *endings[index])
        index += 1
    return passes
