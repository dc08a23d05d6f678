"""What was done to Kantor, how often, and how it came through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """A row of the table of faults.

    Attributes
    ----------
    what : str
        What was done.
    times : int
        How often.
    outcome : str
        What came of it, with figures; where it did not hold, what to look at.
    seconds : float
        Wall time of all of them.
    held : bool or None
        Whether the promise was kept every time; None where it could not be tried here.
    """

    what: str
    times: int
    outcome: str
    seconds: float
    held: bool | None


def table(trials: Iterable[Trial]) -> str:
    """A table in Markdown."""
    lines = ["| what was done | times | outcome | seconds | held |", "|---|---|---|---|---|"]
    words = {True: "yes", False: "**no**", None: "not tried"}
    for trial in trials:
        cells = (trial.what, f"{trial.times:,}", trial.outcome, f"{trial.seconds:,.0f}")
        row = " | ".join(cell.replace("|", "\\|") for cell in (*cells, words[trial.held]))
        lines.append(f"| {row} |")
    return "\n".join(lines) + "\n"
