"""The way back through the champions: where a rollback leads, from the history alone.

Conventions
-----------
A rollback leads to the version that was champion last before the one that is now and that is still
good. *Not good* is a version that was rolled back from, moved back from, or retired, until it is
champion again; and one that was deleted. So rollbacks in a row lead further and further back, and
to no version twice. *Moved back* is a champion that was put back without Kantor right after the
move that had replaced it: in MLflow's page, or as that move was killed before its switch.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kantor.promotion.history import Event


@dataclass(frozen=True)
class Back:
    """Where a rollback leads.

    Attributes
    ----------
    to : int or None
        The version; None where none is left.
    skipped : tuple of str
        The versions that it passes over, the last champion first, each with the reason.
    """

    to: int | None
    skipped: tuple[str, ...] = ()


def back(events: Sequence[Event], there: Collection[int]) -> Back:
    """Where the next rollback leads.

    Parameters
    ----------
    events
        The whole history, the oldest first; the last move made the champion that there is now.
    there
        The versions that exist.
    """
    line = _champions(events)
    faults = _faults(events)
    skipped: dict[int, str] = {}
    for version in reversed(line[:-1]):
        if version is None or version == line[-1] or version in skipped:
            continue
        fault = faults.get(version) if version in there else "deleted"
        if fault is None:
            return Back(version, _told(skipped))
        skipped[version] = fault
    return Back(None, _told(skipped))


def _champions(events: Sequence[Event]) -> list[int | None]:
    """The versions that were champion, one after the other; None where there was none."""
    moves = [event for event in events if event.what != "retire"]
    return [event.before for event in moves[:1]] + [event.after for event in moves]


def _faults(events: Sequence[Event]) -> dict[int, str]:
    """What is wrong with each version that is not good."""
    faults: dict[int, str] = {}
    words = {"rollback": "rolled back from on", "retire": "retired on"}
    last: Event | None = None  # a move that the next one may put back
    for event in events:
        returned = last is not None and _puts_back(event, last)
        word = "moved back from on" if returned else words.get(event.what)
        if word is not None and event.before is not None:
            faults[event.before] = f"{word} {event.at[:10] or 'an unknown day'}"
        if event.after is not None:
            faults.pop(event.after, None)
        if event.what != "retire":
            last = None if returned or event.what == "rollback" else event
    return faults


def _puts_back(event: Event, last: Event) -> bool:
    same = (event.before, event.after) == (last.after, last.before)
    return event.what == "elsewhere" and same


def _told(skipped: dict[int, str]) -> tuple[str, ...]:
    return tuple(f"{version} ({fault})" for version, fault in skipped.items())
