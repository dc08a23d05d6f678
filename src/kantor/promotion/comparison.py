"""Challenger against champion: measured on the same held-out pieces, judged, and acted on.

The figures are those that the versions' own evaluations kept, window by window and piece by piece,
as long as both are of the same pieces. Where they are not, or a version kept none, both compose
anew under the pieces that are held out now.

Each challenger is decided on once. That it was is noted in a small file, so that a pass which was
killed after it had registered a version, or while it waited for a person, is made up for by the
next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from kantor import settings
from kantor.data import corpus
from kantor.errors import InputError, SetupError, one_line
from kantor.files import private_folder, save
from kantor.locks import STATE, held
from kantor.music.score import Score
from kantor.promotion.gate import Refused
from kantor.promotion.promote import promote
from kantor.promotion.rule import Row, Verdict, decide, rows, rule_of, worse
from kantor.registry import load_model, versions
from kantor.registry.store import find_root, model_name
from kantor.registry.versions import CHALLENGER, CHAMPION, TALLIES, WINDOWS, kept_tables
from kantor.report.composing import compose_takes, held_out
from kantor.report.tables import Tables, from_csv, tally_table, window_table

if TYPE_CHECKING:
    import pandas as pd

SCORES = Path("build/scores.npz")
_NOTE, _LOCK = "decided", "deciding.lock"


@dataclass(frozen=True)
class ModelComparison:
    """The outcome of a comparison of two versions of the registered model `name`.

    Attributes
    ----------
    pieces : int
        How many both composed.
    anew : bool
        Whether they had to compose anew.
    """

    name: str
    challenger: int
    champion: int
    pieces: int
    anew: bool
    rows: tuple[Row, ...]
    rule: settings.Promote

    @property
    def verdict(self) -> Verdict:
        """``promote`` or ``keep``."""
        return decide(self.rows, self.rule)[0]

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks for promoting, or all that speaks against it."""
        return decide(self.rows, self.rule)[1]

    @property
    def action(self) -> Literal["promote", "ask", "keep"]:
        """What the rule's mode makes of the verdict."""
        if self.verdict == "keep" or self.rule.mode == "never":
            return "keep"
        return "promote" if self.rule.mode == "auto" else "ask"

    @property
    def worse(self) -> tuple[str, ...]:
        """The guarded metrics that are worse by more than is tolerated, a line each."""
        return tuple(worse(self.rows))

    @property
    def figures(self) -> dict[str, float]:
        """The gain of each metric, for the history."""
        return {
            f"gain.{row.name}": round(row.gain.estimate, 6)
            for row in self.rows
            if np.isfinite(row.gain.estimate)
        }


def compare(
    challenger: int | str = CHALLENGER,
    champion: int | str = CHAMPION,
    root: Path | None = None,
    rule: settings.Promote | None = None,
) -> ModelComparison:
    """Compare two versions by number or alias, by `rule_of` the repository if none is given.

    `InputError` if both are the same one; `SetupError` if they must compose anew and there are no
    held-out pieces; `ModelError` if one does not load then, or changes what it is given.
    """
    root = root or find_root()
    model = model_name(root)
    rule = rule or rule_of(root)
    kept = dict(kept_tables(version, root) for version in (challenger, champion))
    own, *others = kept
    if not others:
        raise InputError(f"{model} version {own}: is champion and challenger alike")
    pairs = [_read(texts) for texts in kept.values() if len(texts) == 2]
    anew = len(pairs) < len(kept) or not _alike(*(real for _, real in pairs))
    if anew:
        pairs = _composed_anew(kept, model, root)
    (ours, real), (theirs, _) = pairs
    pieces = real.windows.index.get_level_values("piece").nunique()
    compared = tuple(rows(ours, theirs, real, rule))
    return ModelComparison(model, own, others[0], pieces, anew, compared, rule)


def _read(texts: dict[str, str]) -> tuple[Tables, Tables]:
    """What was counted in the settings of a version, and in the real ones."""
    (made, real), (made_tallies, real_tallies) = (
        from_csv(texts[name], name) for name in (WINDOWS, TALLIES)
    )
    return Tables(made, made_tallies), Tables(real, real_tallies)


def _composed_anew(numbers: Iterable[int], model: str, root: Path) -> list[tuple[Tables, Tables]]:
    """The same of what each version composes under the pieces that are held out now."""
    if not (root / SCORES).is_file():
        raise SetupError(
            f"{root / SCORES}: not found; the versions were not evaluated on the same pieces, and "
            "to measure them anew these are needed: run `dvc repro ingest`"
        )
    evaluate = settings.load(settings.Evaluate, "evaluate", settings.params_path(root))
    pieces = held_out(corpus.load(root / SCORES), evaluate)
    ids, scores = [piece.id for piece in pieces], [piece.score for piece in pieces]

    def counted(settings: list[Score]) -> Tables:
        takes = len(settings) // len(scores)
        own, names = scores * takes, ids * takes
        return Tables(window_table(settings, names), tally_table(settings, own, names))

    real = counted(scores)
    models = (load_model(f"models:/{model}/{number}", root) for number in numbers)
    return [(counted(compose_takes(one, scores, evaluate)), real) for one in models]


def _alike(one: Tables, other: Tables) -> bool:
    """Whether both are of the same pieces of music, measured alike."""
    return _equal(one.windows, other.windows) and _equal(one.tallies, other.tallies)


def _equal(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return bool(
        one.index.equals(other.index)
        and list(one.columns) == list(other.columns)
        and np.allclose(one.to_numpy(), other.to_numpy(), equal_nan=True)
    )


@dataclass(frozen=True)
class Approval:
    """A person's answer: whether to promote, who says so, and why."""

    promote: bool
    by: str
    why: str


def deciding(root: Path) -> AbstractContextManager[int]:
    """Be the one that decides; it may wait for a person for days, and what comes then is its too.

    `Busy` if another process does.
    """
    return held(root / STATE / _LOCK, seconds=0)


def undecided(root: Path) -> str | None:
    """Challenger and champion that were not compared yet, in words; None if there is none."""
    aliases = {alias: row["version"] for row in versions(root) for alias in row["aliases"]}
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
    root: Path,
    comparison: ModelComparison,
    reason: str,
    ask: Callable[[ModelComparison], Approval | None],
    by: str = "retrain",
) -> str:
    """Do what the comparison's rule says; what was done, in one line.

    Parameters
    ----------
    reason
        Why the challenger was made, for the history.
    ask
        Asks a person where the rule wants one's word; None where nobody answered in time.
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
        promote(comparison.challenger, why, by, comparison=comparison, root=root)
    except Refused as error:
        return f"{named} not promoted: {one_line(str(error), 10_000)}"
    return f"{named} promoted by {by}; version {comparison.champion} is kept as previous"
