"""What of a file is given and what is to be composed: lines, and bars by their numbers.

Bars are numbered as in print: a pickup is bar 0, the first whole bar is bar 1.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from kantor.compose.overrides import read_option
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError
from kantor.music.notes import notes_of
from kantor.music.score import REST, Flags, Score

MOST_BARS = 1_000
Ranges = tuple[tuple[int, int], ...]  # first and last bars
Rests = Literal["cut", "bar", "keep"]

_RANGE = re.compile(r"(\d{1,6})(?:\s*-\s*(\d{1,6}))?")


@dataclass(frozen=True)
class Plan:
    """Which cells of a file are given; everything else is composed."""

    given: frozenset[int] = frozenset({SATB.leads})  # lines given throughout
    locked: Ranges = ()  # bars in which the other lines are given too
    composed: Ranges = ()  # the only bars that are composed; none: all but the locked ones
    fill: bool = False  # compose nothing but the bars in which a line rests throughout
    more: int = 0  # bars that follow the file's end, composed in all lines
    ensemble: Ensemble = SATB  # for which the file is read

    def __post_init__(self) -> None:
        if not self.given <= self.all:
            raise InputError(f"lines {sorted(self.given)}: expected some of 0 to {max(self.all)}")
        if bool(self.locked) + bool(self.composed) + self.fill > 1:
            raise InputError("--lock-bars, --compose-bars and --fill exclude each other")
        if not 0 <= self.more <= MOST_BARS:
            raise InputError(f"{self.more} more bars: expected 0 to {MOST_BARS}")
        if self.given == self.all and not self.more:
            raise InputError("all voices are given: nothing is left to compose")

    @classmethod
    def parse(
        cls,
        given: str | None = None,
        voices: str | None = None,
        locked: str | None = None,
        composed: str | None = None,
        fill: bool = False,
        more: int = 0,
        ensemble: Ensemble = SATB,
    ) -> Plan:
        """A plan from the words of the command line.

        Parameters
        ----------
        given, voices
            Lines that are given, and lines that are composed, such as ``"soprano,bass"`` or
            ``"all"``; either follows from the other. Without both the line that leads is given,
            and with `fill` none.
        locked, composed
            Bars, such as ``"1-4,9"``.

        Raises
        ------
        InputError
            One line that names the option, if one cannot be read or two contradict each other.
        """
        every, lines_of = frozenset(range(len(ensemble))), partial(parse_lines, ensemble=ensemble)
        kept, anew = (
            read_option("--given", lines_of, given),
            read_option("--voices", lines_of, voices),
        )
        if kept is not None and anew is not None and anew != every - kept:
            raise InputError(
                f"--given {given} and --voices {voices} contradict each other: a voice is either "
                "given or composed; one of the two options is enough"
            )
        if kept is None:
            default = frozenset() if fill else frozenset({ensemble.leads})
            kept = default if anew is None else every - anew
        locked_bars = read_option("--lock-bars", parse_bars, locked) or ()
        composed_bars = read_option("--compose-bars", parse_bars, composed) or ()
        return cls(kept, locked_bars, composed_bars, fill, more, ensemble)

    @property
    def all(self) -> frozenset[int]:
        """Every line of the ensemble."""
        return frozenset(range(len(self.ensemble)))

    @property
    def of_bars(self) -> bool:
        """Whether bars of the file are chosen."""
        return bool(self.locked or self.composed or self.fill)

    @property
    def one_line(self) -> int | None:
        """The line to read where the file need hold only one, else None."""
        if self.of_bars or len(self.given) > 1:
            return None
        return min(self.given, default=self.ensemble.leads)

    @property
    def rests(self) -> Rests:
        """What of the silence around the file's notes belongs to the piece."""
        return "keep" if self.of_bars else "bar" if self.more else "cut"

    def mask(self, score: Score) -> tuple[Flags, list[str]]:
        """Which cells of the file's score are given, ``(time, line) bool``, and messages on them.

        Raises
        ------
        InputError
            If a bar is not there, or there is nothing to fill.
        """
        composed, messages = np.ones(score.pitches.shape, bool), []
        if self.fill:
            for start, end in bar_spans(score).values():
                composed[start:end] = (score.pitches[start:end] == REST).all(axis=0)
        elif self.composed:
            composed[~in_bars(score, self.composed)] = False
        else:
            composed[in_bars(score, self.locked)] = False
        composed[:, sorted(self.given)] = False
        if self.fill and composed.any():
            messages.append(_filled(score, composed))
        elif self.fill and not self.more:
            raise InputError("no voice rests for a whole bar; there is nothing to fill")
        mask, count = with_held(score, ~composed)
        if count:
            notes = "1 note that is" if count == 1 else f"{count} notes that are"
            messages.append(f"kept {notes} held into given bars from the beginning")
        return mask, messages


def parse_lines(text: str, ensemble: Ensemble = SATB) -> frozenset[int]:
    """Read ``"soprano,bass"`` or ``"all"``.

    Raises
    ------
    InputError
        If a name is not that of a line, or there is none.
    """
    words = {word.strip().lower() for word in text.split(",") if word.strip()}
    if words == {"all"}:
        return frozenset(range(len(ensemble)))
    unknown = words - set(ensemble.names)
    if unknown or not words:
        fault = f"{min(unknown)!r} is no voice" if unknown else "no voice"
        raise InputError(f"{fault}; expected some of {','.join(ensemble.names)}, or all")
    return frozenset(ensemble.index(word) for word in words)


def parse_bars(text: str) -> Ranges:
    """Read ``"1-4,9"`` as first and last bar of each range.

    Raises
    ------
    InputError
        If it is not a list of bars, or a range runs backwards.
    """
    ranges = []
    for part in text.split(","):
        numbers = _RANGE.fullmatch(part.strip())
        if not numbers:
            raise InputError(f"bars {text!r}: expected numbers and ranges such as 1-4,9")
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        if last < first:
            raise InputError(f"bars {text!r}: {first}-{last} runs backwards")
        ranges.append((first, last))
    return tuple(ranges)


def bar_spans(score: Score) -> dict[int, tuple[int, int]]:
    """The steps of each bar by its number: the first and the one after the last."""
    lines = [int(line) for line in score.bar_lines if line < score.steps]
    has_pickup = not lines or lines[0] > 0
    edges = [*([0] if has_pickup else []), *lines, score.steps]
    return dict(enumerate(itertools.pairwise(edges), 0 if has_pickup else 1))


def in_bars(score: Score, ranges: Ranges) -> Flags:
    """The steps in bars, ``(time,) bool``.

    Raises
    ------
    InputError
        If a bar is not there.
    """
    spans = bar_spans(score)
    first, last = min(spans), max(spans)
    inside = np.zeros(score.steps, bool)
    for low, high in ranges:
        if low < first or high > last:
            missing = low if low < first or low > last else high
            raise InputError(f"there is no bar {missing}; the piece has bars {first} to {last}")
        inside[spans[low][0] : spans[high][1]] = True
    return inside


def with_held(score: Score, mask: Flags) -> tuple[Flags, int]:
    """The mask ``(time, line)``, where a note that is held into a given cell is given whole.

    Else a given cell could continue a note that nobody sings. And how many notes this concerns.
    """
    mask, notes = mask.copy(), 0
    for note in notes_of(score):
        inside = mask[note.start : note.end, note.line]
        given = np.flatnonzero(inside)
        if given.size and not inside[: given[-1]].all():
            inside[: given[-1]] = True
            notes += 1
    return mask, notes


def _filled(score: Score, composed: Flags) -> str:
    """A message that names the bars of each line that are composed: ``tenor 1-4, 9``."""
    lines = []
    for line, name in enumerate(score.ensemble.names):
        bars = [number for number, (start, _) in bar_spans(score).items() if composed[start, line]]
        # Numbers that follow each other differ from their places by the same.
        runs = itertools.groupby(enumerate(bars), key=lambda pair: pair[1] - pair[0])
        ends = [[bar for _, bar in run] for _, run in runs]
        parts = [f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in ends]
        if parts:
            lines.append(f"{name} {', '.join(parts)}")
    return f"fills the bars of {'; '.join(lines)}"
