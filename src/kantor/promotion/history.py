"""The history of a model: who moved which alias, when, from where, why, and at what figures.

An event is a tag of the registered model, and its value is JSON. So the history lies where the
versions are, is shown in MLflow's own page, outlives a version that is deleted, and a copy of the
registry carries it along.

Events are in the order of their numbers, not of their times: a clock may be set back. Releases
before the numbers kept an event as a tag of the version; those come first, in the order of time.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from kantor.errors import InputError, SetupError, one_line
from kantor.registry.store import Store, opened
from kantor.registry.versions import CHAMPION, aliases_of, all_versions

TAG = "history."
LONGEST_REASON = 1_000
LONGEST = 5_000  # characters: what PostgreSQL keeps of a registered model's tag
_FIRST = 1  # the version that was champion by being registered

What = Literal["promote", "rollback", "retire", "elsewhere"]


@dataclass(frozen=True)
class Event:
    """One move of a model's aliases.

    Attributes
    ----------
    what : str
        ``promote``, ``rollback`` or ``retire``; ``elsewhere`` where the champion was another than
        the last recorded move left: moved in MLflow's own page, by somebody unknown.
    at : str
        ISO 8601, UTC; of ``elsewhere`` when it was found; empty if it was not recorded yet.
    by : str
        ``user@host`` or the name that was given.
    before, after : int or None
        The version that was champion, and the one that is; of ``retire``, the retired version
        and None.
    why : str
        What the person or flow gave as reason.
    overrode : tuple of str
        What the gate had against it; not empty only where the move was forced.
    figures : dict of float
        The figures on which it was decided.
    skipped : tuple of str
        Versions that a rollback passed over, each with the reason.
    number : int
        Its place in the history, from 1; 0 where it was recorded before there were numbers.
    """

    what: What
    at: str
    by: str
    before: int | None
    after: int | None
    why: str
    overrode: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    number: int = 0

    @property
    def tag(self) -> str:
        """The name of the tag that holds it: two machines that take one number write two tags."""
        if not self.number:
            return TAG + self.at
        digest = hashlib.sha256(self.to_json().encode()).hexdigest()[:8]
        return f"{TAG}{self.number:06d}.{self.at}.{digest}"

    @property
    def line(self) -> str:
        """What was done, in one line."""
        if self.what == "retire":
            return f"version {self.before} is retired"
        before = "" if self.before is None else f"version {self.before}"
        if self.what != "rollback":
            return f"version {self.after} is champion" + (before and f", {before} is previous")
        text = f"version {self.after} is champion again"
        text += before and f"; rolled back from {before}"
        return text + (f"; skipped {', '.join(self.skipped)}" if self.skipped else "")

    def to_json(self) -> str:
        """As the tag's value."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Event:
        """Read a tag's value; `SetupError` if it is not an event."""
        try:
            values = json.loads(text)
            lists = {name: tuple(values.get(name, ())) for name in ("overrode", "skipped")}
            return cls(**{**values, **lists})
        except (ValueError, TypeError, AttributeError) as error:
            raise SetupError(f"not an event of the history: {one_line(text, 80)}") from error


def make(
    what: What,
    number: int,
    before: int | None,
    after: int | None,
    why: str,
    by: str | None,
    overrode: Iterable[str] = (),
    figures: Mapping[str, float] | None = None,
    skipped: Iterable[str] = (),
) -> Event:
    """An event of this moment; where it is too long for a tag, figures are left out first.

    Parameters
    ----------
    by
        By default ``user@host``.

    Raises
    ------
    InputError
        If there is no reason given.
    """
    reason = one_line(why, LONGEST_REASON)
    if not reason:
        raise InputError(f"{what}: say why; the reason stays in the history")
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # a tag's name takes no +
    event = Event(
        what,
        at,
        one_line(by or _user()),
        before,
        after,
        reason,
        tuple(overrode),
        dict(figures or {}),
        tuple(skipped),
        number,
    )
    while len(event.to_json()) > LONGEST and event.figures:
        event = replace(event, figures=dict([*event.figures.items()][:-1]))
    while len(event.to_json()) > LONGEST and event.skipped:
        event = replace(event, skipped=event.skipped[:-1])
    while len(event.to_json()) > LONGEST and event.overrode:
        event = replace(event, overrode=event.overrode[:-1])
    return event


def _user() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def history(model: str | None = None, root: Path | None = None) -> list[Event]:
    """All moves of a model, the oldest first."""
    with opened(root, model) as store:
        return recorded(store)


def recorded(store: Store) -> list[Event]:
    """All moves of the model, the oldest first, with what is missing between."""
    champion = aliases_of(store).get(CHAMPION)
    first = _FIRST if _FIRST in existing(store) else None
    return in_order((_of_versions(store) | _of_model(store)).values(), champion, first)


def in_order(texts: Iterable[str], champion: int | None, first: int | None = None) -> list[Event]:
    """The events that were recorded, the oldest first, with what is missing between.

    Parameters
    ----------
    texts
        Each event's JSON, in any order.
    champion
        The version that is champion now.
    first
        The version that was champion before the first move, if it is known.
    """
    events: list[Event] = []
    known = first
    stored = (Event.from_json(text) for text in texts)
    for event in sorted(stored, key=lambda event: (event.number, event.at, event.tag)):
        if event.what != "retire":
            if event.what == "elsewhere" and event.after == known:
                continue  # two processes have recorded it
            events += _elsewhere(known, event.before)
            known = event.after
        events.append(event)
    return events + (_elsewhere(known, champion) if known is not None else [])


def _elsewhere(known: int | None, actual: int | None) -> list[Event]:
    """What must have happened for another version to be champion than the known one."""
    if known is None or known == actual:
        return []
    return [Event("elsewhere", "", "unknown", known, actual, "moved without Kantor")]


def following(moves: Iterable[Event]) -> int:
    """The number of the next move."""
    return max((move.number for move in moves), default=0) + 1


def write(store: Store, event: Event) -> None:
    """Record a move."""
    store.client.set_registered_model_tag(store.model, event.tag, event.to_json())


def keep(store: Store) -> None:
    """Copy moves that are tags of versions to the model: there they outlive the version."""
    known = _of_model(store)
    for tag, text in _of_versions(store).items():
        if tag not in known:
            store.client.set_registered_model_tag(store.model, tag, text)


def existing(store: Store) -> set[int]:
    """The numbers of the versions that exist."""
    return {int(version.version) for version in all_versions(store)}


def _of_versions(store: Store) -> dict[str, str]:
    tags = (item for version in all_versions(store) for item in version.tags.items())
    return {tag: text for tag, text in tags if tag.startswith(TAG)}


def _of_model(store: Store) -> dict[str, str]:
    tags = store.client.get_registered_model(store.model).tags
    return {tag: text for tag, text in tags.items() if tag.startswith(TAG)}
