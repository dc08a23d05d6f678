"""What of a file is given and what is to be composed, before the file is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kantor.compose.bar_ranges import Ranges, parse_bars
from kantor.compose.placing import Rests
from kantor.errors import InputError
from kantor.music.score import VOICES

ALL = frozenset(range(len(VOICES)))
MOST_BARS = 1_000


@dataclass(frozen=True)
class Plan:
    """Which cells of a file are given; everything else is composed.

    Attributes
    ----------
    given : frozenset of int
        Voices given throughout, 0 to 3.
    locked : pairs of int
        First and last of bars in which the other voices are given too.
    composed : pairs of int
        First and last of the only bars that are composed; none: all but the locked ones.
    fill : bool
        Compose nothing but the bars in which a voice rests throughout.
    more : int
        Bars that follow the file's end, composed in all voices.
    """

    given: frozenset[int] = frozenset({0})
    locked: Ranges = ()
    composed: Ranges = ()
    fill: bool = False
    more: int = 0

    def __post_init__(self) -> None:
        if not self.given <= ALL:
            raise InputError(f"voices {sorted(self.given)}: expected some of 0 to 3")
        if bool(self.locked) + bool(self.composed) + self.fill > 1:
            raise InputError("--lock-bars, --compose-bars and --fill exclude each other")
        if not 0 <= self.more <= MOST_BARS:
            raise InputError(f"{self.more} more bars: expected 0 to {MOST_BARS}")
        if self.given == ALL and not self.more:
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
    ) -> Plan:
        """A plan from the words of the command line.

        Parameters
        ----------
        given, voices
            Voices that are given, and voices that are composed, such as ``"soprano,bass"`` or
            ``"all"``; either says the other. Neither: the soprano is given, to `fill` none.
        locked, composed
            Bars, such as ``"1-4,9"``.

        Raises
        ------
        InputError
            One line that names the option, if one cannot be read or two contradict each other.
        """
        stays = _given_voices(given, voices)
        with _option("--lock-bars"):
            locked_bars = () if locked is None else parse_bars(locked)
        with _option("--compose-bars"):
            composed_bars = () if composed is None else parse_bars(composed)
        if stays is None:
            stays = frozenset() if fill else frozenset({0})
        return cls(stays, locked_bars, composed_bars, fill, more)

    @property
    def of_bars(self) -> bool:
        """Whether bars of the file are chosen."""
        return bool(self.locked or self.composed or self.fill)

    @property
    def one_voice(self) -> int | None:
        """The voice to read where the file need hold only one, else None."""
        if self.of_bars or len(self.given) > 1:
            return None
        return min(self.given, default=0)

    @property
    def rests(self) -> Rests:
        """What of the silence around the file's notes belongs to the piece."""
        if self.of_bars:
            return "keep"
        return "bar" if self.more else "cut"


def parse_voices(text: str) -> frozenset[int]:
    """Read ``"soprano,bass"`` or ``"all"``.

    Raises
    ------
    InputError
        If a name is none of the four voices', or there is none.
    """
    words = {word.strip().lower() for word in text.split(",") if word.strip()}
    if words == {"all"}:
        return ALL
    unknown = words - set(VOICES)
    if unknown or not words:
        fault = f"{min(unknown)!r} is no voice" if unknown else "no voice"
        raise InputError(f"{fault}; expected some of {','.join(VOICES)}, or all")
    return frozenset(VOICES.index(word) for word in words)


def _given_voices(given: str | None, voices: str | None) -> frozenset[int] | None:
    """The voices given throughout; None where neither option is there."""
    with _option("--given"):
        stays = None if given is None else parse_voices(given)
    with _option("--voices"):
        changes = None if voices is None else parse_voices(voices)
    if stays is None:
        return None if changes is None else ALL - changes
    if changes is not None and changes != ALL - stays:
        raise InputError(
            f"--given {given} and --voices {voices} contradict each other: a voice is either given "
            "or composed; one of the two options is enough"
        )
    return stays


@contextmanager
def _option(name: str) -> Iterator[None]:
    """Name the option in a fault of its words."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
