"""Who is champion after a pass through the pipeline: each challenger is decided on once.

That a challenger was decided on is noted in a small file, so that a pass which was killed after
it had registered a version, or while it waited for a person, is made up for by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from kantor.files import private_folder, save
from kantor.locks import STATE, held
from kantor.promotion.comparison import ModelComparison
from kantor.promotion.gate import Refused
from kantor.promotion.promote import promote
from kantor.registry.versions import CHALLENGER, CHAMPION, versions

_NOTE = "decided"
_LOCK = "deciding.lock"


@dataclass(frozen=True)
class Approval:
    """A person's answer: whether to promote, who says so, and why."""

    promote: bool
    by: str
    why: str


# Asks a person; None where nobody answered in time.
Ask = Callable[[ModelComparison], Approval | None]


def deciding(root: Path) -> AbstractContextManager[int]:
    """Be the one that decides; it may wait for a person for days, and what comes then is its too.

    Raises
    ------
    Busy
        If another process does.
    """
    return held(root / STATE / _LOCK, seconds=0)


def undecided(root: Path) -> str | None:
    """Challenger and champion that were not compared yet, in words; None if there is none."""
    aliases = {alias: row["version"] for row in versions(root=root) for alias in row["aliases"]}
    challenger, champion = aliases.get(CHALLENGER), aliases.get(CHAMPION)
    if challenger is None or champion is None or challenger == champion:
        return None
    pair = f"version {challenger} against {champion}"
    note = root / STATE / _NOTE
    return None if note.is_file() and note.read_text() == pair else pair


def decided(root: Path, pair: str) -> None:
    """Note that this pair, as `undecided` named it, is not to be compared again."""
    private_folder(root / STATE)
    save(root / STATE / _NOTE, lambda stream: stream.write(pair.encode()))


def settle(
    root: Path, comparison: ModelComparison, reason: str, ask: Ask, by: str = "retrain"
) -> str:
    """Do what the comparison's rule says; what was done, in one line.

    Parameters
    ----------
    comparison
        Its rule's mode says whether a person is asked.
    reason
        Why the challenger was made, for the history.
    ask
        Called where the rule wants a person's word.
    by
        Who let the rule decide, for the history; a person that is asked takes their place.
    """
    named = f"{comparison.name} version {comparison.challenger}"
    if comparison.action == "keep":
        never = ": the rule never does" if comparison.verdict == "promote" else ""
        return f"{named} not promoted{never}; champion is version {comparison.champion}"
    why = f"better by the rule; {reason}"
    if comparison.action == "ask":
        answer = ask(comparison)
        if answer is None:
            return f"{named} not promoted: nobody answered"
        by, why = answer.by, answer.why
        if not answer.promote:
            return f"{named} not promoted: {by} said no ({why})"
    try:
        promote(
            comparison.challenger,
            why,
            by,
            model=comparison.name,
            root=root,
            rule=comparison.rule,
            measured=comparison.worse,
            figures=comparison.figures,
            instead_of=comparison.champion,
        )
    except Refused as error:
        return f"{named} not promoted: {' '.join(str(error).split())}"
    return f"{named} promoted by {by}; version {comparison.champion} is kept as previous"
