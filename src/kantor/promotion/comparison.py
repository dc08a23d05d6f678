"""A contest: two versions measured on the same held-out pieces, and what the rule says of it.

The figures are those that the versions' own evaluations kept, window by window, as long as both
are of the same pieces. Where they are not, or a version kept none, it composes anew under the
pieces that are held out now.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kantor import settings
from kantor.data import corpus
from kantor.promotion.rows import Row, rows
from kantor.promotion.rule import Action, Verdict, action, decide, worse
from kantor.registry.evaluated import Evaluated, evaluated
from kantor.registry.loading import load_model
from kantor.registry.store import RegistryError, find_root
from kantor.registry.versions import NAME
from kantor.report import windows
from kantor.report.composing import compose

if TYPE_CHECKING:
    import pandas as pd

SCORES = Path("build/scores.npz")


@dataclass(frozen=True)
class Contest:
    """The outcome of a comparison.

    Attributes
    ----------
    name : str
        The model's.
    challenger, champion : int
        The versions.
    pieces : int
        How many both composed.
    anew : tuple of int
        The versions that had to compose anew.
    rows : tuple of Row
    rule : settings.Promote
    """

    name: str
    challenger: int
    champion: int
    pieces: int
    anew: tuple[int, ...]
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
    def action(self) -> Action:
        """What the rule's mode makes of the verdict: ``promote``, ``ask`` or ``keep``."""
        return action(self.verdict, self.rule)

    @property
    def worse(self) -> tuple[str, ...]:
        """The guarded metrics that are worse: for the ``measured`` of `kantor.registry.promote`."""
        return tuple(worse(self.rows))

    def figures(self) -> dict[str, float]:
        """The gain of each metric, for the history."""
        return {
            f"gain.{row.name}": round(row.gain.estimate, 6)
            for row in self.rows
            if np.isfinite(row.gain.estimate)
        }


def contest(
    challenger: int | str = "challenger",
    champion: int | str = "champion",
    root: Path | None = None,
    rule: settings.Promote | None = None,
    name: str = NAME,
) -> Contest:
    """Compare two versions by number or alias.

    Parameters
    ----------
    root : Path, optional
        The repository; by default found from the current folder.
    rule : settings.Promote, optional
        By default the block ``promote`` of ``params.yaml``.

    Raises
    ------
    RegistryError
        If a version is missing, both are the same, or they must compose anew and there are no
        held-out pieces or a version does not load.
    InputError
        If a version changes what it is given.
    """
    root = root or find_root()
    rule = rule or settings.load(settings.Promote, "promote", root / "params.yaml")
    own, other = (evaluated(version, name, root) for version in (challenger, champion))
    if own.version == other.version:
        raise RegistryError(f"{name} version {own.version}: is champion and challenger alike")
    real, tables, anew = _measured((own, other), name, root)
    return Contest(
        name,
        own.version,
        other.version,
        real.index.get_level_values("piece").nunique(),
        anew,
        tuple(rows(tables[0], tables[1], real, rule)),
        rule,
    )


def _measured(
    versions: tuple[Evaluated, Evaluated], name: str, root: Path
) -> tuple[pd.DataFrame, list[pd.DataFrame], tuple[int, ...]]:
    """Bach's table, both versions', and which of them had to be made anew."""
    kept = [windows.Windows.from_csv(v.windows) if v.windows else None for v in versions]
    one, other = kept
    if one and other and _alike(one.real, other.real):
        return one.real, [one.generated, other.generated], ()
    heldout = _heldout(root)
    ids, scores = list(heldout), [piece.score for piece in heldout.values()]
    real = windows.table(scores, ids)
    seed = settings.load(settings.Evaluate, "evaluate", root / "params.yaml").seed
    tables, anew = [], []
    for version, pair in zip(versions, kept, strict=True):
        if pair and _alike(pair.real, real):
            tables.append(pair.generated)
            continue
        anew.append(version.version)
        model = load_model(f"models:/{name}/{version.version}", root)
        made = compose(model, scores, [seed + row for row in range(len(scores))])
        tables.append(windows.table(made, ids))
    return real, tables, tuple(anew)


def _heldout(root: Path) -> dict[str, corpus.Piece]:
    """The pieces that are held out for evaluation now, by id."""
    if not (root / SCORES).is_file():
        raise RegistryError(
            f"{root / SCORES}: not found; the versions were not evaluated on the same pieces, and "
            "to measure them anew these are needed: run `dvc repro ingest`"
        )
    split = settings.load(settings.Evaluate, "evaluate", root / "params.yaml").split
    pieces = {piece.id: piece for piece in corpus.load(root / SCORES) if piece.split == split}
    if not pieces:
        raise RegistryError(f"{root / SCORES}: no piece of the split {split!r} to compare on")
    return pieces


def _alike(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two tables are of the same windows of the same music, measured alike."""
    return bool(
        one.index.equals(other.index)
        and list(one.columns) == list(other.columns)
        and np.allclose(one.to_numpy(), other.to_numpy(), equal_nan=True)
    )
