"""Two versions measured on the same held-out pieces, and what the rule says of it.

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
from kantor.errors import InputError, SetupError
from kantor.promotion.rule import Action, Row, Verdict, action, decide, rows, worse
from kantor.registry.loading import load_model
from kantor.registry.store import find_root, model_name
from kantor.registry.versions import CHALLENGER, CHAMPION, kept_windows
from kantor.report.comparing import Windows, window_table
from kantor.report.composing import compose

if TYPE_CHECKING:
    import pandas as pd

SCORES = Path("build/scores.npz")


@dataclass(frozen=True)
class ModelComparison:
    """The outcome of a comparison.

    Attributes
    ----------
    name : str
        The registered model's.
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
        """The guarded metrics that are worse: what `kantor.promotion.promote` calls measured."""
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
    model: str | None = None,
) -> ModelComparison:
    """Compare two versions by number or alias.

    Parameters
    ----------
    rule : settings.Promote, optional
        By default the block ``promote`` of ``params.yaml``.

    Raises
    ------
    InputError
        If both are the same version.
    SetupError
        If they must compose anew and there are no held-out pieces.
    ModelError
        If they must compose anew and one does not load, or changes what it is given.
    """
    root = root or find_root()
    model = model or model_name(root)
    rule = rule or settings.load(settings.Promote, "promote", root / "params.yaml")
    kept = dict(kept_windows(version, model, root) for version in (challenger, champion))
    if len(kept) == 1:
        raise InputError(f"{model} version {next(iter(kept))}: is champion and challenger alike")
    own, other = kept
    real, tables, anew = _measured(kept, model, root)
    return ModelComparison(
        model,
        own,
        other,
        real.index.get_level_values("piece").nunique(),
        anew,
        tuple(rows(tables[own], tables[other], real, rule)),
        rule,
    )


def _measured(
    kept: dict[int, str | None], model: str, root: Path
) -> tuple[pd.DataFrame, dict[int, pd.DataFrame], tuple[int, ...]]:
    """Bach's table, each version's, and which of them had to be made anew."""
    pairs = {number: Windows.from_csv(text) for number, text in kept.items() if text}
    reals = [pair.real for pair in pairs.values()]
    if len(reals) == len(kept) and _alike(*reals):
        return reals[0], {number: pair.generated for number, pair in pairs.items()}, ()
    heldout = _heldout(root)
    ids, scores = list(heldout), [piece.score for piece in heldout.values()]
    real = window_table(scores, ids)
    seed = settings.load(settings.Evaluate, "evaluate", root / "params.yaml").seed
    tables, anew = {}, []
    for number in kept:
        if number in pairs and _alike(pairs[number].real, real):
            tables[number] = pairs[number].generated
            continue
        anew.append(number)
        loaded = load_model(f"models:/{model}/{number}", root)
        made = compose(loaded, scores, [seed + row for row in range(len(scores))])
        tables[number] = window_table(made, ids)
    return real, tables, tuple(anew)


def _heldout(root: Path) -> dict[str, corpus.Piece]:
    """The pieces that are held out for evaluation now, by id."""
    if not (root / SCORES).is_file():
        raise SetupError(
            f"{root / SCORES}: not found; the versions were not evaluated on the same pieces, and "
            "to measure them anew these are needed: run `dvc repro ingest`"
        )
    split = settings.load(settings.Evaluate, "evaluate", root / "params.yaml").split
    pieces = {piece.id: piece for piece in corpus.load(root / SCORES) if piece.split == split}
    if not pieces:
        raise SetupError(f"{root / SCORES}: no piece of the split {split!r} to compare on")
    return pieces


def _alike(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two tables are of the same windows of the same music, measured alike."""
    return bool(
        one.index.equals(other.index)
        and list(one.columns) == list(other.columns)
        and np.allclose(one.to_numpy(), other.to_numpy(), equal_nan=True)
    )
