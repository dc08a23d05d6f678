"""The previous champion: where a rollback leads, from the history alone.

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

from kantor.promotion.history import Event, existing
from kantor.registry.store import Store
from kantor.registry.versions import aliases_of

PREVIOUS = "previous"
"""The alias of the version to which the next rollback leads."""


def back(moves: Sequence[Event], there: Collection[int]) -> tuple[int | None, tuple[str, ...]]:
    """Where the next rollback leads.

    Parameters
    ----------
    moves
        The whole history, the oldest first; the last move made the champion that there is now.
    there
        The versions that exist.

    Returns
    -------
    to : int or None
        The version; None where none is left.
    skipped : tuple of str
        The versions that it passes over, the last champion first, each with the reason.
    """
    champions = _champions(moves)
    faults = _faults(moves)
    skipped: dict[int, str] = {}
    to = None
    for version in reversed(champions[:-1]):
        if version is None or version == champions[-1] or version in skipped:
            continue
        fault = faults.get(version) if version in there else "deleted"
        if fault is None:
            to = version
            break
        skipped[version] = fault
    return to, tuple(f"{version} ({fault})" for version, fault in skipped.items())


def point_previous(store: Store, moves: Sequence[Event]) -> None:
    """Set the alias ``previous`` on where the next rollback leads; none where that is nowhere."""
    to, _ = back(moves, existing(store))
    if to is not None:
        store.client.set_registered_model_alias(store.model, PREVIOUS, str(to))
    elif PREVIOUS in aliases_of(store):
        store.client.delete_registered_model_alias(store.model, PREVIOUS)


def _champions(moves: Sequence[Event]) -> list[int | None]:
    """The versions that were champion, one after the other; None where there was none."""
    switches = [move for move in moves if move.what != "retire"]
    return [move.before for move in switches[:1]] + [move.after for move in switches]


def _faults(moves: Sequence[Event]) -> dict[int, str]:
    """What is wrong with each version that is not good."""
    faults: dict[int, str] = {}
    words = {"rollback": "rolled back from on", "retire": "retired on"}
    last: Event | None = None  # a move that the next one may put back
    for move in moves:
        returned = (
            last is not None
            and move.what == "elsewhere"
            and (move.before, move.after) == (last.after, last.before)
        )
        word = "moved back from on" if returned else words.get(move.what)
        if word is not None and move.before is not None:
            faults[move.before] = f"{word} {move.at[:10] or 'an unknown day'}"
        if move.after is not None:
            faults.pop(move.after, None)
        if move.what != "retire":
            last = None if returned or move.what == "rollback" else move
    return faults
