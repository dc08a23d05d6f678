"""Scores in Humdrum's ``**kern``, such as Palestrina's of music21's corpus.

Conventions
-----------
Read here rather than with music21, which takes two seconds a file: these files need a tenth of the
notation. Each spine is one voice: notes with durations, dots, ties and accidentals, rests, bar
lines, meters. What else kern can say, such as a spine that splits, is refused.

The beat of this music is the minim. It counts as a quarter: 4/2 is read as 4/4, so that a minim
takes four steps, as the beat of a modern melody does. Movements are cut into excerpts, of at most
`MOST` bars and about equally long, of their work: the mass that the record ``!!!OPR`` names.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from kantor.data.corpus import Piece
from kantor.data.grid import score_of
from kantor.ensemble import Ensemble
from kantor.errors import InputError
from kantor.formats.parsed import ParsedFile, Part
from kantor.music.excerpts import excerpt
from kantor.music.notes import TimedNote
from kantor.music.phrases import infer_fermatas
from kantor.music.score import Meter

MOST = 24  # bars
_TEMPO = 72.0  # minims a minute
_TOKEN = re.compile(r"(\[?)(\d+)(\.*)(?:r|([a-gA-G])\4*([#n-]*))([\]_]?)")
_STEPS = dict(zip("cdefgab", (0, 2, 4, 5, 7, 9, 11), strict=True))


def read_humdrum(path: Path, ensemble: Ensemble) -> list[Piece]:
    """The excerpts of a file that has as many voices as `ensemble`, ordered by their register.

    Raises
    ------
    InputError
        With the reason, if it cannot be used.
    """
    text = path.read_text(encoding="latin-1")
    records = dict(re.findall(r"^!!!(OPR|OTL):\s*(.*?)\s*$", text, re.MULTILINE))
    work, title = records.get("OPR") or path.stem, records.get("OTL") or path.stem
    if (voices := text.count("**kern")) != ensemble.pitched:
        raise InputError(f"{voices} voices, not {ensemble.pitched}")
    whole = score_of(parse(text), f"{work}: {title}", ensemble)
    whole = replace(whole, fermatas=infer_fermatas(whole.line(ensemble.leads)))
    count = -(-len(whole.bar_lines) // MOST)
    starts = [int(bars[0]) for bars in np.array_split(whole.bar_lines, count)]
    return [
        Piece(f"{work}#{path.stem}-{number}", "", "humdrum", 0, excerpt(whole, start, end))
        for number, (start, end) in enumerate(pairwise([*starts, whole.steps]), 1)
    ]


def parse(text: str) -> ParsedFile:
    """The voices of a file, one part a spine; a minim is a quarter.

    Raises
    ------
    InputError
        If it is not kern, or has what is not read here.
    """
    voices: list[_Voice] = []
    meters, bar_lines, now = {Fraction(0): Meter()}, set(), Fraction(0)
    for line in text.splitlines():
        fields = line.split("\t")
        if line.startswith("**"):
            voices = [_Voice() for _ in fields]
        elif line.startswith("!") or not line:
            continue
        elif len(fields) != len(voices) or set("".join(fields)) & set("*^") > {"*"}:
            raise InputError("no Humdrum of as many voices throughout")
        elif meter := re.match(r"\*M(\d+)/(\d+)", line):
            meters[now] = Meter(int(meter[1]), 2 * int(meter[2]))
        elif line.startswith("="):
            now = max(voice.end for voice in voices)
            bar_lines.add(now)
        elif not line.startswith("*"):
            for voice, field in zip(voices, fields, strict=True):
                voice.add(field)
    return ParsedFile(
        tuple(Part("", tuple(v.notes), source=n) for n, v in enumerate(voices) if v.notes),
        tuple(sorted(meters.items())),
        tempi=((Fraction(0), _TEMPO),),
        bar_lines=tuple(sorted(bar_lines - {voice.end for voice in voices})),
        length=max((voice.end for voice in voices), default=Fraction(0)),
    )


class _Voice:
    """The notes of one spine so far, and where they end."""

    def __init__(self) -> None:
        self.notes: list[TimedNote] = []
        self.end = Fraction(0)

    def add(self, field: str) -> None:
        """Add what stands in the spine: a note, a rest, or ``.`` where the one before goes on."""
        if field == ".":
            return
        token = _TOKEN.fullmatch(field)
        if token is None:
            raise InputError(f"{field!r}: not a note of the kind that is read here")
        _, number, dots, letter, accidentals, tie = token.groups()
        breves = len(number) if not int(number) else 0
        plain = Fraction(2 * 2**breves) if breves else Fraction(2, int(number))
        start, self.end = self.end, self.end + plain * (2 - Fraction(1, 2 ** len(dots)))
        if letter and tie and self.notes:
            self.notes[-1] = self.notes[-1]._replace(end=self.end)
        elif letter:
            self.notes.append(TimedNote(start, self.end, _pitch(letter, field, accidentals)))


def _pitch(letter: str, field: str, accidentals: str) -> int:
    """The MIDI number: c is middle C, cc lies an octave above it, C one below, CC two."""
    octaves = field.count(letter) - 1 if letter.islower() else -field.count(letter)
    sharps = accidentals.count("#") - accidentals.count("-")
    return 60 + _STEPS[letter.lower()] + 12 * octaves + sharps
