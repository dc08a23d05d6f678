"""Who is champion after a pass through the pipeline: each challenger is decided on once.

That a challenger was decided on is noted in a small file, so that a pass which was killed after
it had registered a version, or while it waited for a person, is made up for by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from kantor import settings
from kantor.files import private_folder, save
from kantor.locks import STATE, held
from kantor.promotion import Contest
from kantor.registry import Refused, promote, versions

DECIDED = "decided"
_LOCK = "deciding.lock"


@dataclass(frozen=True)
class Approval:
    """A person's answer: whether to promote, who says so, and why."""

    promote: bool
    by: str
    why: str


# Asks a person; None where nobody answered in time.
Ask = Callable[[Contest], Approval | None]


def deciding(root: Path) -> AbstractContextManager[int]:
    """Be the one that decides; it may wait for a person for days, and what comes then is its too.

    Raises
    ------
    Busy
        If another process does.
    """
    return held(root / STATE / _LOCK, seconds=0)


def undecided(root: Path) -> str | None:
    """The challenger and the champion that were not compared yet, in words; None if there is none.

    Raises
    ------
    RegistryError
        If the registry cannot be read.
    """
    aliases = {
        alias: row["version"] for row in versions(_name(root), root) for alias in row["aliases"]
    }
    challenger, champion = aliases.get("challenger"), aliases.get("champion")
    if challenger is None or champion is None or challenger == champion:
        return None
    pair = f"version {challenger} against {champion}"
    note = root / STATE / DECIDED
    return None if note.is_file() and note.read_text() == pair else pair


def decided(root: Path, pair: str) -> None:
    """Note that this pair, as `undecided` named it, is not to be compared again."""
    private_folder(root / STATE)
    save(root / STATE / DECIDED, lambda stream: stream.write(pair.encode()))


def settle(root: Path, found: Contest, reason: str, ask: Ask, by: str = "retrain") -> str:
    """Do what the contest's rule says; what was done, in one line.

    Parameters
    ----------
    found
        Its rule's mode says whether a person is asked.
    reason
        Why the challenger was made, for the history.
    ask
        Called where the rule wants a person's word.
    by
        Who let the rule decide, for the history; a person that is asked takes their place.

    Raises
    ------
    RegistryError
        If the registry fails.
    """
    named = f"{found.name} version {found.challenger}"
    if found.action == "keep":
        kept = "not promoted: the rule never does" if found.verdict == "promote" else "not promoted"
        return f"{named} {kept}; champion is version {found.champion}"
    why = f"better by the rule; {reason}"
    if found.action == "ask":
        answer = ask(found)
        if answer is None:
            return f"{named} not promoted: nobody answered"
        by, why = answer.by, answer.why
        if not answer.promote:
            return f"{named} not promoted: {by} said no ({why})"
    try:
        promote(
            found.challenger,
            why,
            by,
            name=found.name,
            root=root,
            rule=found.rule,
            measured=found.worse,
            figures=found.figures(),
            instead_of=found.champion,
        )
    except Refused as error:
        return f"{named} not promoted: {' '.join(str(error).split())}"
    return f"{named} promoted by {by}; version {found.champion} is kept as previous"


def _name(root: Path) -> str:
    return settings.load(settings.Register, "register", root / "params.yaml").model
