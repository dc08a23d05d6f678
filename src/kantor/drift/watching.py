"""Whether drift stays: a count of checks in a row, kept between them in a small file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from kantor.drift.features import newest
from kantor.files import save

STATE = "state.json"


@dataclass(frozen=True)
class Watch:
    """What earlier checks found.

    Attributes
    ----------
    newest : str
        The newest part of the log at the last check.
    in_a_row : int
        Checks in a row that found drift, each on melodies that were new.
    requested : bool
        Whether retraining was requested since the melodies were last alike.
    """

    newest: str = ""
    in_a_row: int = 0
    requested: bool = False


def read(folder: Path) -> Watch:
    """What was kept in the log's folder; nothing where there is nothing that can be read."""
    try:
        values = json.loads((folder / STATE).read_text())
        return Watch(str(values["newest"]), int(values["in_a_row"]), bool(values["requested"]))
    except (OSError, ValueError, LookupError, TypeError):
        return Watch()


def watch(folder: Path, drifting: bool, in_a_row: int, retrain: Callable[[str], object]) -> bool:
    """Count one more check; whether it requested retraining.

    It does so once, when drift has been found `in_a_row` times, and then not again before melodies
    were found to be alike. A check that has seen no new melody counts for nothing.

    Parameters
    ----------
    retrain
        Requests retraining. It is given a key, which is the same whenever this check is repeated
        because `retrain` failed or the process was killed: nothing is recorded until it returns.
    """
    before, now = read(folder), newest(folder)
    if now == before.newest:
        return False
    count = before.in_a_row + 1 if drifting else 0
    due = count >= in_a_row and not before.requested
    if due:
        retrain(f"drift after {before.newest or now}")
    after = Watch(now, count, drifting and (before.requested or due))
    text = json.dumps(asdict(after)).encode()
    save(folder / STATE, lambda stream: stream.write(text))
    return due
