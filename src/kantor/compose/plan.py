"""What of a file is given and what is to be composed, before the file is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kantor.compose.bar_ranges import Ranges, parse_bars
from kantor.compose.placing import Rests
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError

MOST_BARS = 1_000


@dataclass(frozen=True)
class Plan:
    """Which cells of a file are given; everything else is composed.

    Attributes
    ----------
    given : frozenset of int
        Lines of the ensemble that are given throughout.
    locked : pairs of int
        First and last of bars in which the other lines are given too.
    composed : pairs of int
        First and last of the only bars that are composed; none: all but the locked ones.
    fill : bool
        Compose nothing but the bars in which a line rests throughout.
    more : int
        Bars that follow the file's end, composed in all lines.
    ensemble : Ensemble
        For which the file is read.
    """

    given: frozenset[int] = frozenset({SATB.leads})
    locked: Ranges = ()
    composed: Ranges = ()
    fill: bool = False
    more: int = 0
    ensemble: Ensemble = SATB

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
        lines = _given_lines(given, voices, ensemble)
        with _option("--lock-bars"):
            locked_bars = () if locked is None else parse_bars(locked)
        with _option("--compose-bars"):
            composed_bars = () if composed is None else parse_bars(composed)
        if lines is None:
            lines = frozenset() if fill else frozenset({ensemble.leads})
        return cls(lines, locked_bars, composed_bars, fill, more, ensemble)

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
        if self.of_bars:
            return "keep"
        return "bar" if self.more else "cut"


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


def _given_lines(
    given: str | None, voices: str | None, ensemble: Ensemble
) -> frozenset[int] | None:
    """The lines given throughout; None where neither option is there."""
    every = frozenset(range(len(ensemble)))
    with _option("--given"):
        kept = None if given is None else parse_lines(given, ensemble)
    with _option("--voices"):
        composed = None if voices is None else parse_lines(voices, ensemble)
    if kept is None:
        return None if composed is None else every - composed
    if composed is not None and composed != every - kept:
        raise InputError(
            f"--given {given} and --voices {voices} contradict each other: a voice is either given "
            "or composed; one of the two options is enough"
        )
    return kept


@contextmanager
def _option(name: str) -> Iterator[None]:
    """Name the option in a fault of its words."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
