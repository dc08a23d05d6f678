"""A file where it lies, not opened yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol


class StillChanging(Exception):
    """The file is being written: it is not what it was when it was last looked at."""


class Unreachable(OSError):
    """A store does not answer, or refuses: its address is the `filename`, the reason `strerror`."""


@dataclass(frozen=True)
class Entry:
    """A file that can be opened while its source is walked, not after.

    Attributes
    ----------
    name : str
        As the source says, relative to it; not fit to be shown.
    open : callable
        Raises `OSError`, or `StillChanging`.
    unchanged : callable
        Whether the open file is what it was when it was opened.
    is_remote : bool
        A failure is then the source's rather than the file's.
    mark : str or None
        What its source says of its content without its being opened: another content has another
        mark. None where nothing said is as sure as that.
    """

    name: str
    open: Callable[[], BinaryIO]
    unchanged: Callable[[BinaryIO], bool]
    is_remote: bool = False
    mark: str | None = None


class Known(Protocol):
    """What a walk need not open again: files by their names, each with the mark that it had."""

    def has(self, name: str, mark: str) -> bool:
        """Whether the file with this mark was dealt with."""

    def note(self, name: str, mark: str) -> None:
        """All that is in the file was handed on."""


@dataclass(frozen=True)
class Unusable:
    """Something that is no file to open, and why."""

    name: str
    reason: str
