"""How the parts of a service are, written down for whoever wants to know."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from kantor.files import save

What = Literal["starting", "running", "silent", "down"]
FILE = "service.json"  # in the state's folder


@dataclass(frozen=True)
class State:
    """How a part is.

    Attributes
    ----------
    name : str
    what : str
        ``starting``, ``running``, ``silent`` (an answer is missing) or ``down`` (it will be started
        again).
    since : float
        Since when, in seconds since 1970.
    restarts : int
        How often it was started again.
    fault : str
        Why it had to be, the last time; empty where it had not.
    fault_at : float
        When that was, in seconds since 1970.
    """

    name: str
    what: What
    since: float
    restarts: int = 0
    fault: str = ""
    fault_at: float = 0.0


def write(path: Path, states: Sequence[State]) -> None:
    """Write them down, whole or not at all.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    text = json.dumps([asdict(one) for one in states], indent=1).encode()
    save(path, lambda stream: stream.write(text))


def read(path: Path) -> list[State]:
    """What was written; nothing where there is nothing that can be read."""
    try:
        return [State(**one) for one in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError):
        return []
