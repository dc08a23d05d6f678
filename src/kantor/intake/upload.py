"""A file on its way in: where it lies, what was read of it, or the reason why it was refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO, Protocol

from kantor.errors import InputError

_CHUNK = 1 << 18


class StillChanging(Exception):
    """The file is being written: it is not what it was when it was last looked at."""


class Unreachable(OSError):
    """A store does not answer, or refuses: its address is the `filename`, the reason `strerror`."""


class TooMuch(InputError):
    """More than allowed; `begun` holds what was read until then."""

    def __init__(self, reason: str, begun: bytes = b"") -> None:
        super().__init__(reason)
        self.begun = begun


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


@dataclass(frozen=True)
class Unusable:
    """Something that is no file to open, and why."""

    name: str
    reason: str


class Known(Protocol):
    """What a walk need not open again: files by their names, each with the mark that it had."""

    def has(self, name: str, mark: str) -> bool:
        """Whether the file with this mark was read to its end."""

    def note(self, name: str, mark: str) -> None:
        """Remember that all that is in the file was handed on."""


@dataclass(frozen=True)
class Refused:
    """A file that cannot be used.

    Attributes
    ----------
    name : str
        For people: one printable line.
    reason : str
        One line: the fault and the remedy.
    sha256 : str
        Of the bytes read: all of them, or the beginning where there are too many.
    data : bytes or None
        The file; None where it is too large to keep or could not be read, and `reason` says so.
    """

    name: str
    reason: str
    sha256: str
    data: bytes | None

    @classmethod
    def of(cls, name: str, reason: str, data: bytes | None = None, begun: bytes = b"") -> Refused:
        """A refusal with its hash; `begun` is what was read of a file that is not kept."""
        return cls(name, reason, sha256(begun if data is None else data).hexdigest(), data)


@dataclass(frozen=True)
class Upload:
    """A file of bearable size that may be anything.

    Attributes
    ----------
    name : str
        For people: one printable line such as ``tunes.zip/a/b.mid``, unlike that of any other
        upload of the same pass. Never a path to write to.
    sha256 : str
        Of `data`, in hexadecimal.
    data : bytes
    """

    name: str
    sha256: str
    data: bytes

    @classmethod
    def of(cls, name: str, data: bytes) -> Upload:
        """An upload with its hash."""
        return cls(name, sha256(data).hexdigest(), data)

    def refused(self, reason: str) -> Refused:
        """This upload as one that cannot be used."""
        return Refused(self.name, reason, self.sha256, self.data)


def read_bounded(file: BinaryIO, most: int, seconds: float, excess: str) -> bytes:
    """Read a whole file and count its bytes meanwhile, whatever its header says.

    Parameters
    ----------
    file
        Open, at its beginning.
    most
        Bytes.
    seconds
        How long it may take.
    excess
        What to say of a file that has more bytes.

    Raises
    ------
    TooMuch
        If it has more bytes or takes longer.
    """
    data = bytearray()
    end = time.monotonic() + seconds
    while chunk := file.read(min(_CHUNK, most + 1 - len(data))):
        data += chunk
        if len(data) > most:
            raise TooMuch(excess, bytes(data))
        if time.monotonic() > end:
            raise TooMuch(f"took more than {seconds:g} s to be read; send it again", bytes(data))
    return bytes(data)
