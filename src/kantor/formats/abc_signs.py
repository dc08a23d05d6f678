"""The signs of ABC music, and what they make: bars of notes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from kantor.errors import InputError, one_line

ACCIDENTALS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
"""Semitones by which each raises a note."""
MOST = 1_000
"""The most units of one note, or bars of one rest."""
TOKEN = re.compile(
    r"""(?P<text>"[^"]*"?)
    |(?P<field>\[[A-Za-z]:[^\]]*\]?)
    |(?P<decoration>![^!|\[\]:\s]{1,20}!|\+[^+|\[\]:\s]{1,20}\+)
    |(?P<grace>\{[^}]*\}?)
    |(?P<tuplet>\((?P<p>[2-9])(?::(?P<q>\d?))?(?::(?P<r>\d{0,2}))?)
    |(?P<bar>\.?(?:\[\|[\]:]*|:*\|[|:]*\]?:*|::+))(?:\s*\[?(?P<ending>\d[\d,.-]*))?
    |\[(?P<another>\d[\d,.-]*)
    |(?P<note>(?P<sign>\^\^|\^|=|__|_)?/?(?P<letter>[A-Ga-g])(?P<octave>[,']*)(?P<length>\d*/*\d*))
    |(?P<rest>[zx])(?P<restlength>\d*/*\d*)
    |(?P<bars>[ZX])(?P<count>\d{0,3})
    |(?P<open>\[)(?=[^\]|]*\])|(?P<close>\])(?P<chordlength>\d*/*\d*)
    |(?P<broken>[<>]+)
    |(?P<tie>-)|(?P<slur>\()|(?P<slurend>\))
    |(?P<overlay>&+)
    |(?P<mark>[.~H-Wh-w])""",
    re.VERBOSE,
)
"""A sign with what belongs to it; characters that match no sign are passed over."""


@dataclass
class Sound:
    """A note, a chord, or a rest, which has no pitches; `length` in quarters."""

    pitches: list[tuple[str, int, int]]  # step, alteration, octave
    length: Fraction
    ties: list[bool] = field(default_factory=list)  # of each pitch, whether it goes on
    tied_back: list[bool] = field(default_factory=list)
    fermata: bool = False
    slurs: list[str] = field(default_factory=list)  # "start" or "stop"
    lyrics: list[Element] = field(default_factory=list)
    bar: int = 0


@dataclass
class Bar:
    """What stands between two bar lines."""

    items: list[Sound | Element] = field(default_factory=list)
    forward: bool = False
    passes: int = 1  # how often what ends with it is played
    ending: str = ""
    ending_stops: bool = False
    whole_rest: bool = False

    @property
    def sounds(self) -> bool:
        """Whether time passes in it."""
        return self.whole_rest or any(isinstance(item, Sound) for item in self.items)


def ratio_of(text: str) -> Fraction:
    """A length such as ``3/2``, ``/`` or ``//``, in units.

    Raises
    ------
    InputError
        If it is none that is meant.
    """
    top, _, bottom = text.partition("/")
    if len(text) > 12:
        raise InputError(f"damaged ABC ({one_line(text, 20)}: no length of a note)")
    below = int(bottom.strip("/") or 1 << text.count("/"))
    above = int(top or 1)
    if not (0 < above <= MOST and 0 < below <= 512):
        raise InputError(f"damaged ABC ({one_line(text, 20)}: no length of a note)")
    return Fraction(above, below)


def passes_of(text: str) -> str:
    """The passes of an ending such as ``1,3`` or ``1-3``, as MusicXML lists them: ``1, 3``."""
    numbers: list[str] = []
    for part in text[:40].split(","):
        first, _, last = part.strip(".").partition("-")
        if first.isdecimal():
            ends = int(first), int(last) if last.isdecimal() else int(first)
            numbers += [str(number) for number in range(ends[0], min(ends[1], 9) + 1)]
    return ", ".join(numbers[:9])
