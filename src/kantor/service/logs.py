"""Logs of a service: each line gets the time, and a long log makes room and stays as one old file.

``python logs.py FILE`` copies lines from its input until nobody can write there. It is a process of
its own: so a supervisor that is stopped or killed neither blocks the part that writes nor loses
what it says last. As a script it imports the standard library alone, to start at once.
"""

from __future__ import annotations

import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

LONGEST = 20_000_000  # bytes; then the log becomes the old one, and a new one is begun
_STAMP = "%Y-%m-%dT%H:%M:%S%z "
_STAMPED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} ")
_LONGEST_LINE = 65_536
_LAST = 8_000  # bytes of a log in which its last words are looked for
# What a traceback or an error of pydantic ends with after it has said what is wrong.
_POINTLESS = re.compile(r"^\W*(For further information visit .*)?$")


def copy(lines: BinaryIO, log: Path, longest: int = LONGEST) -> None:
    """Add each line to the end of `log` with the time at which it came, until there are no more.

    A line that the disk refuses is dropped: the part that wrote it goes on.
    """
    while line := lines.readline(_LONGEST_LINE):
        with suppress(OSError):
            if log.exists() and log.stat().st_size > longest:
                log.replace(log.with_name(f"{log.name}.1"))
            with log.open("ab") as stream:
                stream.write(time.strftime(_STAMP).encode() + line.rstrip(b"\n") + b"\n")


def last_words(log: Path, begin: int = 0) -> str:
    """The last line of a log that says anything, without its time; "nothing" where there is none.

    Only what comes after the first `begin` bytes counts.
    """
    data = log.read_bytes() if log.exists() else b""
    data = data[begin:] if begin <= len(data) else data  # else the log was begun anew
    lines = data[-_LAST:].decode(errors="replace").split("\n")
    bare = [_STAMPED.sub("", line, count=1).strip() for line in lines]
    meant = [line for line in bare if not _POINTLESS.match(line)]
    return meant[-1][:300] if meant else "nothing"


if __name__ == "__main__":
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.SIG_IGN)  # the last words of the part are still to come
    copy(sys.stdin.buffer, Path(sys.argv[1]))
