"""Read bytes while counting them: no header is believed, no size asked for is granted unseen."""

from __future__ import annotations

import time
from typing import BinaryIO

from kantor.errors import InputError

CHUNK = 1 << 18


class TooMuch(InputError):
    """More than allowed; `begun` holds what was read until then."""

    def __init__(self, reason: str, begun: bytes) -> None:
        super().__init__(reason)
        self.begun = begun


def read(file: BinaryIO, most: int, seconds: float, excess: str) -> bytes:
    """The whole file.

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
    while chunk := file.read(min(CHUNK, most + 1 - len(data))):
        data += chunk
        if len(data) > most:
            raise TooMuch(excess, bytes(data))
        if time.monotonic() > end:
            raise TooMuch(f"took more than {seconds:g} s to be read; send it again", bytes(data))
    return bytes(data)


class Window:
    """A seekable file that grants no single read of more than `most` bytes.

    `zipfile` reads a zip file's whole directory at once, as many bytes as the file bids.
    """

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self._most = most
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes.

        Raises
        ------
        TooMuch
            If `size` is more than is granted.
        """
        if size > self._most:
            raise TooMuch("a zip file with a directory too large to read; pack fewer files", b"")
        return self._file.read(self._most if size < 0 else size)
