"""The rule: what a challenger gains over the champion, metric by metric, and when that suffices.

Conventions
-----------
A *guarded* metric must not be worse than the champion's by more than its tolerance. Of a fault
(`kantor.metrics.names.FAULTS`) more is worse; any other metric is worse the further it lies from
the real one on the same pieces, for a chorale with more triads than Bach's is no better one. How
bad figures are is their *shortfall*. A *gain* is positive where the challenger is better: of the
primary metric (the mean overlap of the metrics' distributions with the real ones) what it has more,
of any other by how much its shortfall is less. Units are the metric's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from kantor.metrics.distances import (
    Difference,
    Places,
    difference,
    draw,
    resampled_mean,
    resampled_overlap,
    resampled_share,
)
from kantor.metrics.musical import KEY_METRICS, labels
from kantor.metrics.names import is_fault, is_known, label
from kantor.metrics.part_writing import KEY_MARKS, marks
from kantor.metrics.passages import Figures
from kantor.report.tables import Tables, hits_and_chances
from kantor.settings import Promote, load, params_path
from kantor.styles import load_ensemble

Verdict = Literal["promote", "keep"]
Figure = TypeVar("Figure", float, Figures)  # one, or one for each of several draws

_SHOWN = (*KEY_METRICS, "leaps_bass", *KEY_MARKS)  # as far as there are such


@dataclass(frozen=True)
class Row:
    """One metric of both models and of the real pieces.

    Attributes
    ----------
    name, label : str
        Its name in ``metrics.json``, and what a person calls it.
    role : str
        ``shown`` is what the rule does not look at.
    bar : float
        The margin of the primary metric, the tolerance of a guarded one, else 0.
    real : float
        The real pieces' figure; 1 for an overlap.
    """

    name: str
    label: str
    role: Literal["primary", "guarded", "shown"]
    bar: float
    real: float
    champion: float
    challenger: float
    gain: Difference

    @property
    def passes(self) -> bool:
        """Whether the rule has nothing against it, sureness aside."""
        if self.role == "primary":
            return self.gain.estimate >= self.bar
        return self.role == "shown" or self.gain.estimate >= -self.bar


def rule_of(root: Path) -> Promote:
    """The rule of what is made in the folder `root`, without guarded metrics for other ensembles.

    `SetupError` if its file of parameters has none.
    """
    path = params_path(root)
    rule, ensemble = load(Promote, "promote", path), load_ensemble(path)
    own = {*labels(ensemble), *marks(ensemble)}
    kept = {name: bar for name, bar in rule.guarded.items() if name in own or not is_known(name)}
    return rule.model_copy(update={"guarded": kept})


def rows(challenger: Tables, champion: Tables, real: Tables, rule: Promote) -> list[Row]:
    """Compare what two models composed under the same melodies.

    The rows are the primary metric, the guarded ones, and what else is to be looked at first.
    """
    windows = real.windows
    ids = windows.index.unique("piece")
    weights = draw(len(ids), rule.resamples, rule.seed)
    # With each body which piece its windows are of; a piece may have several takes.
    bodies = [
        (body, ids.get_indexer(body.windows.index.get_level_values("piece")))
        for body in (challenger, champion, real)
    ]
    own, other = (
        np.nanmean(
            [
                resampled_overlap(
                    (body.windows[name].to_numpy(), windows[name].to_numpy()),
                    (piece, bodies[-1][1]),
                    weights,
                )
                for name in windows.columns
            ],
            axis=0,
        )
        for body, piece in bodies[:-1]
    )
    gain = difference(own - other, rule.confidence)
    compared = [
        Row(
            "overlap",
            "overlap with the real distributions",
            "primary",
            rule.margin,
            1.0,
            other[0],
            own[0],
            gain,
        )
    ]

    def resampled(name: str, body: Tables, piece: Places) -> Figures:
        """A mean over windows, or a share of the chances of all pieces."""
        if name in windows:
            return resampled_mean(body.windows[name].to_numpy(), piece, weights)
        hits, chances = (part.loc[ids, name] for part in hits_and_chances(body.tallies))
        return resampled_share(hits, chances, weights)

    shown = [name for name in _SHOWN if name not in rule.guarded]
    for name in (*rule.guarded, *shown):
        if name in windows or name in real.tallies:
            own, other, actual = (resampled(name, *body) for body in bodies)
            gain = difference(_gain(name, own, other, actual), rule.confidence)
            compared.append(row_of(name, own[0], other[0], actual[0], rule, gain))
    return compared


def row_of(
    name: str,
    challenger: float,
    champion: float,
    real: float,
    rule: Promote,
    gain: Difference | None = None,
) -> Row:
    """The row of a metric from one figure each; its gain has no interval if none is given."""
    if gain is None:
        gain = Difference(_gain(name, challenger, champion, real), *[math.nan] * 3)
    role: Literal["guarded", "shown"] = "guarded" if name in rule.guarded else "shown"
    bar = rule.guarded.get(name, 0.0)
    return Row(name, label(name), role, bar, real, champion, challenger, gain)


def _gain(name: str, challenger: Figure, champion: Figure, real: Figure) -> Figure:
    """By how much the challenger's shortfall is less."""
    if is_fault(name):
        return champion - challenger
    return abs(champion - real) - abs(challenger - real)


def decide(rows: Sequence[Row], rule: Promote) -> tuple[Verdict, tuple[str, ...]]:
    """Judge a comparison: the verdict, and what speaks for it, or all that speaks against.

    The challenger is to be promoted if the primary metric gains at least the margin, and gains
    at all in at least the share `confidence` of the resamples, and no guarded metric is worse by
    more than is tolerated.
    """
    against = worse(rows)
    reasons = ["no guarded metric is worse than is tolerated"]
    for row in (row for row in rows if row.role == "primary"):
        gain, named = row.gain, f"{row.label}: {row.gain.estimate:+.4f}"
        better = f"better in {gain.above:.0%} of the resamples"
        if not gain.estimate >= row.bar:
            against.insert(0, f"{named}, the margin is {row.bar:g}")
        elif not gain.above >= rule.confidence:
            against.insert(0, f"{named} is not sure, {better}, {rule.confidence:.0%} are needed")
        reasons.insert(0, f"{named} ({gain.low:+.4f} to {gain.high:+.4f}), {better}")
    return ("keep", tuple(against)) if against else ("promote", tuple(reasons))


def worse(rows: Sequence[Row]) -> list[str]:
    """The guarded metrics that are worse by more than is tolerated, or cannot be counted."""
    return [
        f"worse in {row.label}: {row.challenger:.4f}, the champion {row.champion:.4f}, "
        f"real {row.real:.4f}, tolerated {row.bar:g} more"
        for row in rows
        if row.role == "guarded" and not row.passes
    ]
