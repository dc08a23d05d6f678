"""Whether drift stays: a count of checks in a row, kept between them in a small file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from kantor.drift.log import newest
from kantor.files import save

STATE = "state.json"


@dataclass(frozen=True)
class Watch:
    """What earlier checks found.

    Attributes
    ----------
    seen : str
        The newest part of the log at the last check.
    over : int
        Checks in a row that found drift, each on melodies that were new.
    asked : bool
        Whether retraining was asked for since the melodies were last alike.
    """

    seen: str = ""
    over: int = 0
    asked: bool = False


def read(folder: Path) -> Watch:
    """What was kept in the log's folder; nothing where there is nothing that can be read."""
    try:
        values = json.loads((folder / STATE).read_text())
        return Watch(str(values["seen"]), int(values["over"]), bool(values["asked"]))
    except (OSError, ValueError, LookupError, TypeError):
        return Watch()


def watch(folder: Path, drifting: bool, in_a_row: int, ask: Callable[[str], object]) -> bool:
    """Count one more check; whether it asked for retraining.

    It asks once, when drift has been found `in_a_row` times, and then not again before melodies
    were found to be alike. A check that has seen no new melody counts for nothing.

    Parameters
    ----------
    ask
        Asks for retraining. It is given a key, which is the same whenever this check is repeated
        because `ask` failed or the process was killed: nothing is recorded until `ask` returns.
    """
    before, now = read(folder), newest(folder)
    if now == before.seen:
        return False
    over = before.over + 1 if drifting else 0
    asks = over >= in_a_row and not before.asked
    if asks:
        ask(f"drift after {before.seen or now}")
    after = Watch(now, over, drifting and (before.asked or asks))
    text = json.dumps(asdict(after)).encode()
    save(folder / STATE, lambda stream: stream.write(text))
    return asks
