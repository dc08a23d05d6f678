"""Ensembles: which lines a piece of music has, and what each of them is.

A score's arrays have one column a line, in the ensemble's order, from the highest pitched line to
the lowest, then the drums. Whatever depends on how many lines there are, on their ranges, names,
programs or colours takes it from here. `SATB` is the ensemble of Bach's chorales.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Any, ClassVar, Literal

from kantor.errors import InputError

MOST_PITCHED, MOST_DRUMS = 6, 8
"""Lines that an ensemble of a model may have at most."""
_CHOIR = 52  # General MIDI "Choir Aahs", counted from 0
COLOURS = ("#D55E00", "#E69F00", "#009E73", "#0072B2", "#CC79A7", "#56B4E9", "#6B717A", "#8C564B")


@dataclass(frozen=True)
class Line:
    """One part of an ensemble.

    Attributes
    ----------
    name : str
        Lower case, such as ``"soprano"``.
    low, high : int
        The range, as MIDI numbers, both included. A drum line has one number: low equals high.
    kind : {"pitched", "drum"}
        A pitched line sounds one note at a time and may hold it; a drum line sounds one drum.
    aliases : tuple of str
        Words, lower case, by which a file's part may be named.
    program : int
        General MIDI program, counted from 0.
    colour : str
        Of its notes in pictures, such as ``"#D55E00"``.
    pan, level : float
        Its place in the stereo picture, -1 (left) to 1 (right), and its loudness; 1 as it comes.
    """

    name: str
    low: int
    high: int
    kind: Literal["pitched", "drum"] = "pitched"
    aliases: tuple[str, ...] = ()
    program: int = _CHOIR
    colour: str = COLOURS[0]
    pan: float = 0.0
    level: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in ("pitched", "drum"):
            raise InputError(f"line {self.name}: kind {self.kind!r}; expected pitched or drum")
        if not 0 <= self.low <= self.high <= 127:
            raise InputError(f"line {self.name}: {self.low} to {self.high} is not a range")
        if self.kind == "drum" and self.low != self.high:
            raise InputError(f"line {self.name}: a drum has one MIDI number, not a range")


@dataclass(frozen=True)
class Sound:
    """How the music of a style is played; what is written stays even and plain.

    `tempo` is in quarters a minute, where nobody names another. `swing` is the share of an eighth
    pair's time that its first eighth has: .5 is even, .667 a triplet's. `humanise` is how far
    velocities lie apart, 0 to 1, and `seed` decides which they are.
    """

    tempo: float = 100.0
    swing: float = 0.5
    humanise: float = 0.0
    seed: int = 0

    __pydantic_config__: ClassVar = {"extra": "forbid"}  # where a file of parameters holds it

    def __post_init__(self) -> None:
        for name, low, high in (("tempo", 5, 1000), ("swing", 0.5, 0.79), ("humanise", 0, 1)):
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} {getattr(self, name)}; expected {low} to {high}")


@dataclass(frozen=True)
class Ensemble:
    """An ordered list of lines, and what a model must know of them.

    Attributes
    ----------
    name : str
    lines : tuple of Line
        Pitched lines from the highest to the lowest, then drums.
    leads : int
        The line that has the melody.
    order : tuple of int
        In which the generator writes the lines of a step, each once; empty for as they stand.
    bass : int or None
        The line on which chords stand; None where there is none.
    writing : {"voices", "accompaniment"}
        Whether the lines are equal voices, to which the rules of part-writing apply, or a melody
        and what accompanies it.
    sound : Sound, optional
        How its music is played, where not as it is written.

    Raises
    ------
    InputError
        If two lines have one name, drums stand before pitched lines, or an index names no line.
    """

    name: str
    lines: tuple[Line, ...]
    leads: int = 0
    order: tuple[int, ...] = ()
    bass: int | None = None
    writing: Literal["voices", "accompaniment"] = "voices"
    sound: Sound | None = None

    def __post_init__(self) -> None:
        if not self.order:
            object.__setattr__(self, "order", tuple(range(len(self.lines))))
        if len(set(self.names)) != len(self.lines) or not self.lines:
            raise InputError(f"ensemble {self.name}: its lines need different names")
        if sorted(self.order) != list(range(len(self.lines))):
            raise InputError(f"ensemble {self.name}: its order must hold each line once")
        if any(line.kind == "pitched" for line in self.lines[self.pitched :]):
            raise InputError(f"ensemble {self.name}: drums come after the pitched lines")
        for index in (self.leads, self.bass or 0):
            if not 0 <= index < len(self.lines):
                raise InputError(f"ensemble {self.name}: it has no line {index}")

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The lines' names, in their order."""
        return tuple(line.name for line in self.lines)

    @cached_property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The lines' ranges, in their order."""
        return tuple((line.low, line.high) for line in self.lines)

    @cached_property
    def pitched(self) -> int:
        """How many lines are pitched; they stand first."""
        return sum(line.kind == "pitched" for line in self.lines)

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Every two pitched lines, the upper one first."""
        return tuple(combinations(range(self.pitched), 2))

    @property
    def others(self) -> tuple[int, ...]:
        """The pitched lines besides the one that leads."""
        return tuple(line for line in range(self.pitched) if line != self.leads)

    def index(self, name: str) -> int:
        """Where the line of that name stands; raises `InputError` if there is none."""
        if name not in self.names:
            raise InputError(f"no line {name!r}; the lines are {', '.join(self.names)}")
        return self.names.index(name)

    def only(self, *lines: int) -> Ensemble:
        """Some of the lines, as an ensemble in which the first of them leads."""
        kept = tuple(self.lines[line] for line in lines)
        bass = lines.index(self.bass) if self.bass in lines else None
        name = self.name if len(kept) == len(self.lines) else ""
        return Ensemble(name, kept, bass=bass, writing=self.writing, sound=self.sound)

    def with_ranges(self, ranges: Mapping[str, Sequence[int]]) -> Ensemble:
        """The ensemble with other ranges for some lines, by their names."""
        bounds = {self.index(name): bounds for name, bounds in ranges.items()}
        lines = tuple(
            replace(line, low=bounds[index][0], high=bounds[index][1]) if index in bounds else line
            for index, line in enumerate(self.lines)
        )
        return replace(self, lines=lines)

    def playing(self, programs: Mapping[int, int]) -> Ensemble:
        """The ensemble with other programs for some lines, by their places."""
        lines = tuple(
            replace(line, program=programs.get(index, line.program))
            for index, line in enumerate(self.lines)
        )
        return replace(self, lines=lines)

    def to_dict(self) -> dict[str, Any]:
        """The ensemble as plain data, for `from_dict`; without a sound where it has none."""
        return {name: v for name, v in asdict(self).items() if name != "sound" or v}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Ensemble:
        """The inverse of `to_dict`, also after JSON made lists of tuples.

        Raises
        ------
        InputError
            If a key is missing or unknown, or a value makes no ensemble.
        """
        try:
            lines = tuple(
                Line(**{**line, "aliases": tuple(line.get("aliases", ()))})
                for line in values["lines"]
            )
            sound = Sound(**values["sound"]) if values.get("sound") else None
            made = {"lines": lines, "order": tuple(values.get("order", ())), "sound": sound}
            return cls(**{**values, **made})
        except (AttributeError, KeyError, TypeError) as error:
            raise InputError(f"not an ensemble: {error}") from None


def unnamed(count: int) -> Ensemble:
    """An ensemble for a score of which nothing is known but how many lines it has."""
    names = ["melody"] if count == 1 else [f"voice {number}" for number in range(1, count + 1)]
    return Ensemble("", tuple(Line(name, 0, 127) for name in names))


def _voice(name: str, low: int, high: int, index: int, pan: float, aliases: str) -> Line:
    words = tuple(aliases.split())
    return Line(name, low, high, aliases=words, colour=COLOURS[index], pan=pan)


_SOPRANO = (
    "soprano sopran soprani sop s cantus canto discant diskant descant dessus superius treble"
)
_ALTO = "alto alt alti altus contralto haute hautecontre a"
# The ranges are what Bach's chorales use, a semitone or two wider.
SATB = Ensemble(
    "satb",
    (
        _voice("soprano", 59, 82, 0, -0.3, _SOPRANO),
        _voice("alto", 52, 76, 1, -0.1, _ALTO),
        _voice("tenor", 45, 70, 2, 0.1, "tenor tenore tenors taille ténor t"),
        _voice("bass", 35, 67, 3, 0.3, "bass basso bassi bassus basse baß bajo bas b"),
    ),
    order=(0, 3, 2, 1),
    bass=3,
)
"""Soprano, alto, tenor and bass; written outer lines first."""
