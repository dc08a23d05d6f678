"""What comes in: names fit to be shown, files to open, and what became of each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO, Protocol

LONGEST = 200
"""Characters of a name that is shown."""
_JUNK = {"thumbs.db", "desktop.ini", "__macosx"}


class StillChanging(Exception):
    """The file is being written: it is not what it was when it was last looked at."""


class Unreachable(OSError):
    """A store does not answer, or refuses: its address is the `filename`, the reason `strerror`."""


@dataclass(frozen=True)
class Openable:
    """A file that can be opened while its source is walked, not after.

    `name` is the source's own, not fit to be shown. `open` raises `OSError` or `StillChanging`;
    `unchanged` says whether an open file is what it was when it was opened. With `is_remote` a
    failure is the source's rather than the file's. `mark` is what the source says of the content
    without its being opened, and differs for another content; None where that is not sure.
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

    `name` is one printable line, `reason` another: the fault and the remedy. `sha256` is of the
    bytes read: all of them, or the beginning where there are too many. `data` is None where the
    file is too large to keep or could not be read.
    """

    name: str
    reason: str
    sha256: str
    data: bytes | None


@dataclass(frozen=True)
class Upload:
    """A file of bearable size that may be anything.

    `name` is one printable line such as ``tunes.zip/a/b.mid``, unlike that of any other upload of
    the same pass, and never a path to write to. `sha256` is of `data`, in hexadecimal.
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


class Names:
    """Gives every upload of a pass a name that no other has, not even in other letter cases."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def unique(self, name: str) -> str:
        """`name` as one printable line, numbered where it was given before."""
        plain = fit = shown(name)
        count = 1
        while (key := unicodedata.normalize("NFKC", fit).casefold()) in self._given:
            count += 1
            fit = f"{plain} ({count})"
        self._given.add(key)
        return fit


def shown(name: str) -> str:
    """One printable line: control, direction and undecodable characters as Python's escapes.

    A long name is cut and ends with a hash of the whole; a leading dash is kept from being read
    as an option.
    """
    text = "".join(
        one if one.isprintable() and one != "\\" else one.encode("unicode_escape").decode()
        for one in name
    )
    if len(text) > LONGEST:
        digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        text = f"{text[: LONGEST - 10]}…{digest[:8]}"
    if not text.strip():
        return f"unnamed{len(text) or ''}"
    return f"./{text}" if text.startswith("-") else text


def name_fault(name: str) -> str | None:
    """Why a name within a zip file or a store is refused; None if nothing is wrong with it."""
    parts = re.split(r"[/\\]", name)
    if ".." in parts:
        return "its name leads out of its folder ('..'); pack it under a plain name"
    if not parts[0] or re.match(r"[A-Za-z]:", name):
        return "its name is an absolute path; pack it under a plain name"
    return None


def is_junk(name: str) -> bool:
    """Whether a file is what systems leave behind or hide: nobody's upload."""
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".", "..")]
    return any(part.startswith(".") or part.casefold() in _JUNK for part in parts)
