"""A score as two arrays, with what is needed to read them: meter, pickup, key and tempo.

Conventions
-----------
Time runs in *steps*, one sixteenth each; four steps are a quarter. Lines stand in the order of
the score's ensemble. ``pitches`` holds MIDI note numbers (60 = middle C) and -1 for a rest.
``onsets`` is True where a note starts, so that a repeated note differs from a held one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kantor.ensemble import SATB, Ensemble, unnamed
from kantor.errors import InputError
from kantor.music.notation import AS_WRITTEN, Notation

REST = -1
STEPS_PER_QUARTER = 4

Pitches = NDArray[np.int8]
Flags = NDArray[np.bool_]

_SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_FLAT_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True)
class Meter:
    """A time signature.

    Raises
    ------
    InputError
        If a bar is not a whole number of sixteenths, or the signature is not a plausible one.
    """

    numerator: int = 4
    denominator: int = 4

    def __post_init__(self) -> None:
        if self.denominator not in (1, 2, 4, 8, 16, 32) or not 1 <= self.numerator <= 64:
            raise InputError(f"meter {self}: not a time signature such as 3/4 or 6/8")
        if (16 * self.numerator) % self.denominator:
            raise InputError(f"meter {self}: a bar is not a whole number of sixteenths")

    @classmethod
    def parse(cls, text: str) -> Meter:
        """Read ``"3/4"``."""
        try:
            numerator, denominator = (int(part) for part in text.split("/"))
        except ValueError:
            raise InputError(f"meter {text!r}: expected a fraction such as 3/4") from None
        return cls(numerator, denominator)

    @property
    def bar_steps(self) -> int:
        """Length of a bar, in steps."""
        return 16 * self.numerator // self.denominator

    @property
    def beat_steps(self) -> int:
        """Length of a beat, in steps: a dotted quarter in 6/8, 9/8 and 12/8."""
        compound = self.denominator >= 8 and self.numerator % 3 == 0 and self.numerator > 3
        return max(1, (3 if compound else 1) * 16 // self.denominator)

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


@dataclass(frozen=True)
class Key:
    """A key signature with its mode: ``fifths`` counts sharps (positive) or flats (negative)."""

    fifths: int = 0
    mode: str = "major"

    def __post_init__(self) -> None:
        if not -7 <= self.fifths <= 7 or self.mode not in ("major", "minor"):
            raise InputError(f"key of {self.fifths} fifths, {self.mode}: not a key")

    @property
    def major_tonic(self) -> int:
        """Pitch class of the major tonic that shares this signature, 0 to 11."""
        return self.fifths * 7 % 12

    @property
    def tonic(self) -> int:
        """Pitch class of the tonic, 0 to 11."""
        return (self.major_tonic + (9 if self.mode == "minor" else 0)) % 12

    @property
    def name(self) -> str:
        """Such as ``"F# minor"``."""
        fifths = self.fifths + (3 if self.mode == "minor" else 0)
        names = _FLAT_NAMES if fifths < 0 or self.fifths < 0 else _SHARP_NAMES
        return f"{names[self.tonic]} {self.mode}"

    def transposed(self, semitones: int) -> Key:
        """The key moved by `semitones`, in its simplest spelling (-5 to 6 fifths)."""
        if semitones == 0:
            return self
        fifths = (self.fifths + 7 * semitones) % 12
        return Key(fifths - 12 if fifths > 6 else fifths, self.mode)


@dataclass(frozen=True, eq=False)
class Score:
    """Notes of one or more lines on the sixteenth grid.

    Raises
    ------
    InputError
        If the arrays contradict each other or these conventions.
    """

    pitches: Pitches
    """``(time, line) int8``: MIDI note numbers, -1 for a rest."""
    onsets: Flags
    """``(time, line) bool``: never True on a rest, always True where the pitch changes."""
    meter: Meter = Meter()
    pickup: int = 0  # steps before the first whole bar
    key: Key | None = None  # None where it is not known
    tempo: float = 80.0  # quarters a minute, at the beginning
    title: str = ""
    fermatas: Flags = field(default_factory=lambda: np.zeros(0, bool))
    """``(time,) bool``: True while one is held in any line; all False where none are known."""
    bar_lines: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    """``(bar,) int32``: steps at which whole bars begin, the pickup not among them.

    Derived from meter and pickup unless given, as for a piece whose meter changes.
    """
    ensemble: Ensemble = SATB
    """One line a column; where none is given, `SATB` for four columns, else lines without names."""
    tempi: tuple[tuple[int, float], ...] = ()
    """Quarters a minute after the beginning, and the steps from which they hold, ascending."""
    meters: tuple[tuple[int, Meter], ...] = ()
    """Meters after the first one, and the steps from which they hold, ascending."""
    notation: Notation = AS_WRITTEN
    """What a file held beside the notes, times in steps."""

    def __post_init__(self) -> None:
        pitches, onsets = np.array(self.pitches), np.array(self.onsets, bool)
        fermatas, bar_lines = np.array(self.fermatas, bool), np.array(self.bar_lines, np.int32)
        if pitches.ndim != 2:
            raise InputError(f"pitches of shape {pitches.shape}: expected (time, line)")
        steps, lines = pitches.shape
        if self.ensemble is SATB and lines not in (0, len(SATB)):
            object.__setattr__(self, "ensemble", unnamed(lines))
        if lines not in (0, len(self.ensemble)):
            names = ", ".join(self.ensemble.names)
            raise InputError(f"{lines} lines for an ensemble of {len(self.ensemble)}: {names}")
        if not ((pitches >= REST) & (pitches <= 127)).all():
            raise InputError("pitches must be MIDI note numbers, or -1 for a rest")
        if onsets.shape != pitches.shape:
            raise InputError(f"onsets of shape {onsets.shape} for pitches of {pitches.shape}")
        if (onsets & (pitches == REST)).any():
            raise InputError("an onset stands on a rest")
        if (onset_floor(pitches) & ~onsets).any():
            raise InputError("the pitch changes where there is no onset")
        if fermatas.size == 0:
            fermatas = np.zeros(steps, bool)
        if fermatas.shape != (steps,):
            raise InputError(f"fermatas of shape {fermatas.shape} for {steps} steps")
        if not 0 <= self.pickup < self.meter.bar_steps:
            raise InputError(f"a pickup of {self.pickup} steps does not fit a {self.meter} bar")
        if not (np.isfinite(self.tempo) and self.tempo > 0):
            raise InputError(f"a tempo of {self.tempo} quarters a minute")
        changes = [0, *(start for start, _ in self.tempi)]
        if any(b <= a for a, b in pairwise(changes)) or any(t <= 0 for _, t in self.tempi):
            raise InputError("tempo changes must be at ascending steps, and above zero")
        changes = [0, *(start for start, _ in self.meters)]
        if any(b <= a for a, b in pairwise(changes)):
            raise InputError("meters must change at ascending steps")
        if bar_lines.size == 0:
            bar_lines = np.arange(self.pickup, steps, self.meter.bar_steps, dtype=np.int32)
        if bar_lines.ndim != 1 or (np.diff(bar_lines) <= 0).any() or (bar_lines < 0).any():
            raise InputError("bar lines must be ascending steps")
        arrays = {"pitches": pitches.astype(np.int8), "onsets": onsets}
        for name, array in (arrays | {"fermatas": fermatas, "bar_lines": bar_lines}).items():
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def steps(self) -> int:
        """Length in sixteenths."""
        return len(self.pitches)

    @property
    def pitched(self) -> Pitches:
        """Pitches of the lines that are no drums, ``(time, pitched line) int8``."""
        return self.pitches[:, : self.ensemble.pitched]

    @property
    def bar_positions(self) -> NDArray[np.int16]:
        """Where each step stands in its bar, ``(time, 2) int16``.

        Steps since the bar line, and the bar's length. A pickup is the end of a whole bar.
        """
        first = self.bar_lines[0] if len(self.bar_lines) else self.pickup
        lines = np.concatenate([[first - self.meter.bar_steps, first], self.bar_lines[1:]])
        lengths = np.diff(lines)
        # The last bar is as long as the one before it: the meter may have changed on the way.
        lengths = np.append(lengths, max(lengths[-1], self.steps - lines[-1]))
        steps = np.arange(self.steps)
        bar = np.searchsorted(lines, steps, side="right") - 1
        return np.stack([steps - lines[bar], lengths[bar]], axis=1).astype(np.int16)

    @property
    def seconds(self) -> float:
        """Duration at the score's tempi."""
        return float(self.seconds_at(self.steps))

    def seconds_at(self, steps: ArrayLike) -> NDArray[np.float64]:
        """The seconds from the beginning to `steps`, whole or not, none negative."""
        starts = np.array([0.0, *(start for start, _ in self.tempi)])
        lasting = 60 / STEPS_PER_QUARTER / np.array([self.tempo, *(t for _, t in self.tempi)])
        passed = np.concatenate([[0.0], np.cumsum(np.diff(starts) * lasting[:-1])])
        index = np.searchsorted(starts, steps, side="right") - 1
        return np.asarray(passed[index] + (np.asarray(steps) - starts[index]) * lasting[index])

    def line(self, index: int) -> Score:
        """One line as a score of its own, ``(time, 1)``."""
        pitches, onsets = self.pitches[:, [index]], self.onsets[:, [index]]
        return replace(self, pitches=pitches, onsets=onsets, ensemble=self.ensemble.only(index))

    def transposed(self, semitones: int) -> Score:
        """Every note moved by `semitones`, rests and drums left alone, the key moved along."""
        sounding = self.pitches != REST
        sounding[:, self.ensemble.pitched :] = False
        moved = np.where(sounding, self.pitches.astype(int) + semitones, self.pitches)
        if (sounding & ((moved < 0) | (moved > 127))).any():
            raise InputError(f"moving by {semitones} semitones leaves the range of MIDI notes")
        key = self.key.transposed(semitones) if self.key else None
        return replace(self, pitches=moved, key=key)


def onset_floor(pitches: ArrayLike) -> Flags:
    """The onsets that a change of pitch makes certain, ``(time, ...) bool``."""
    pitches = np.asarray(pitches)
    changed = np.ones(pitches.shape, bool)
    changed[1:] = pitches[1:] != pitches[:-1]
    return np.asarray(changed & (pitches != REST), dtype=bool)
