"""What the user says of a file, which overrules what the file says and what is estimated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, TypeVar

from kantor.errors import InputError
from kantor.formats.parsed import ParsedFile
from kantor.music.key import parse_key
from kantor.music.score import STEPS_PER_QUARTER, Key, Meter

_MOST_SEMITONES = 36
FIT: Literal["fit"] = "fit"
T = TypeVar("T")


@dataclass(frozen=True)
class Overrides:
    """How a file is to be read; None for what the file says or what its notes show."""

    track: str | int | None = None  # the part with the melody, by number (from 1) or name
    meter: Meter | None = None
    pickup: Fraction | None = None  # beats before the first whole bar: the meter's lower number
    key: Key | None = None
    tempo: float | None = None  # quarters a minute
    transpose: int | Literal["fit"] = 0  # semitones, or as many as suit the voices
    repeats: Literal["signs", "written-out"] = "signs"

    @classmethod
    def parse(
        cls,
        track: str | int | None = None,
        meter: str | None = None,
        pickup: float | None = None,
        key: str | None = None,
        tempo: float | None = None,
        transpose: str | None = None,
        repeats: str | None = None,
    ) -> Overrides:
        """From the words of the command line.

        Raises
        ------
        InputError
            One line that names the option, if one cannot be read.
        """
        return cls(
            track,
            read_option("--meter", Meter.parse, meter),
            None if pickup is None else Fraction(pickup).limit_denominator(1000),
            read_option("--key", parse_key, key),
            tempo,
            _semitones(transpose),
            _repeats(repeats),
        )

    def applied(self, file: ParsedFile) -> ParsedFile:
        """The file in the meter, key and tempo that the user names; bars then follow from these."""
        start = Fraction(0)
        if self.meter:
            file = replace(
                file,
                meters=((start, self.meter),),
                bar_lines=() if self.rebars(file) else file.bar_lines,
                names_meter=True,
            )
        if self.key:
            file = replace(file, keys=((start, self.key),))
        if self.tempo:
            file = replace(file, tempi=((start, self.tempo),))
        return file

    def rebars(self, file: ParsedFile) -> bool:
        """Whether the user gives the file other bars than it has."""
        other = self.meter is not None and any(meter != self.meter for _, meter in file.meters)
        return other or self.pickup is not None

    def pickup_steps(self, meter: Meter) -> int | None:
        """The pickup in steps; None where nothing is said of it.

        Raises
        ------
        InputError
            If it is no whole number of sixteenths, or not shorter than a bar.
        """
        if self.pickup is None:
            return None
        steps = self.pickup * 4 * STEPS_PER_QUARTER / meter.denominator
        if steps.denominator > 1:
            beats = float(self.pickup)
            raise InputError(f"--pickup {beats:g}: not a whole number of sixteenths in {meter}")
        if not 0 <= steps < meter.bar_steps:
            raise InputError(f"--pickup: must be shorter than a bar of {meter}")
        return int(steps)


NOTHING_SAID = Overrides()


def read_option(option: str, parse: Callable[[str], T], text: str | None) -> T | None:
    """Parse the text of an option; None if it is not given. An error names the option."""
    try:
        return None if text is None else parse(text)
    except InputError as error:
        raise InputError(f"{option}: {error}") from None


def _semitones(text: str | None) -> int | Literal["fit"]:
    if text is None or text.strip().lower() == FIT:
        return 0 if text is None else FIT
    try:
        semitones = int(text)
    except ValueError:
        semitones = _MOST_SEMITONES + 1
    if abs(semitones) > _MOST_SEMITONES:
        raise InputError(
            f"--transpose {text!r}: expected semitones, from -{_MOST_SEMITONES} to "
            f"{_MOST_SEMITONES}, or fit"
        )
    return semitones


def _repeats(text: str | None) -> Literal["signs", "written-out"]:
    if text is None or text == "signs":
        return "signs"
    if text == "written-out":
        return "written-out"
    raise InputError(f"--repeats {text!r}: expected signs or written-out")
