"""The history of a model: who moved which alias, when, from where, why, and at what figures.

An event is a tag of the version that it is about, ``history.`` and the time, and its value is
JSON. So the history lies where the versions are, is shown in MLflow's own page, and a copy of the
registry carries it along.
"""

from __future__ import annotations

import getpass
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Literal

from kantor.music.recording import one_line
from kantor.registry.store import RegistryError

TAG = "history."
LONGEST_REASON = 1_000

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
        ISO 8601, UTC; of ``elsewhere`` when it was noticed; empty if it was not yet.
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
    """

    what: What
    at: str
    by: str
    before: int | None
    after: int | None
    why: str
    overrode: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def forced(self) -> bool:
        """Whether the gate's refusal was overridden."""
        return bool(self.overrode)

    @property
    def tag(self) -> str:
        """The name of the tag that holds it; names sort by time."""
        return TAG + self.at

    def to_json(self) -> str:
        """As the tag's value."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Event:
        """Read a tag's value.

        Raises
        ------
        RegistryError
            If it is not an event.
        """
        try:
            values = json.loads(text)
            return cls(**{**values, "overrode": tuple(values["overrode"])})
        except (ValueError, TypeError, KeyError) as error:
            raise RegistryError(f"not an event of the history: {one_line(text, 80)}") from error


def somebody() -> str:
    """Who runs this process: ``user@host``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def make(
    what: What,
    before: int | None,
    after: int | None,
    why: str,
    by: str | None,
    overrode: Iterable[str] = (),
    figures: Mapping[str, float] | None = None,
) -> Event:
    """An event of this moment.

    Raises
    ------
    RegistryError
        If there is no reason given.
    """
    reason = one_line(why, LONGEST_REASON)
    if not reason:
        raise RegistryError(f"{what}: say why; the reason stays in the history")
    return Event(
        what,
        datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),  # a tag's name takes no +
        one_line(by or somebody()),
        before,
        after,
        reason,
        tuple(overrode),
        dict(figures or {}),
    )


def in_order(
    tags: Iterable[Mapping[str, str]], champion: int | None, first: int | None = None
) -> list[Event]:
    """The events in the tags of all versions, the oldest first, with what is missing between.

    Parameters
    ----------
    tags
        The tags of each version.
    champion
        The version that is champion now.
    first
        The version that was champion before the first move, if it is known.
    """
    found = {name: text for each in tags for name, text in each.items() if name.startswith(TAG)}
    events: list[Event] = []
    known = first
    for name in sorted(found):
        event = Event.from_json(found[name])
        if event.what != "retire":
            if event.what == "elsewhere" and event.after == known:
                continue  # two have noticed it
            events += _elsewhere(known, event.before)
            known = event.after
        events.append(event)
    return events + (_elsewhere(known, champion) if known is not None else [])


def _elsewhere(known: int | None, found: int | None) -> list[Event]:
    """What must have happened for another version to be champion than the known one."""
    if known is None or known == found:
        return []
    return [Event("elsewhere", "", "unknown", known, found, "moved without Kantor")]
