"""Names from outside, made fit to be shown, and what is wrong with some of them."""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256

LONGEST = 200
_JUNK = {"thumbs.db", "desktop.ini", "__macosx"}
# Endings that browsers and copying programs give to what they have not finished.
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".filepart", ".tmp", ".swp")


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
    """One printable line: control, direction and undecodable characters as escapes.

    A long name is cut and ends with a hash of the whole; a leading dash is kept from being read
    as an option.
    """
    text = "".join(_escaped(character) for character in name)
    if len(text) > LONGEST:
        digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        text = f"{text[: LONGEST - 10]}…{digest[:8]}"
    if not text.strip():
        return f"unnamed{len(text) or ''}"
    return f"./{text}" if text.startswith("-") else text


def _escaped(character: str) -> str:
    code = ord(character)
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def fault_of(name: str) -> str | None:
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


def is_unfinished(name: str) -> bool:
    """Whether a name says that its file is still being written."""
    return name.casefold().endswith(_UNFINISHED)
