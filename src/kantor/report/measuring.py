"""The figures of an evaluation: what ``metrics.json`` holds, as plain data.

Conventions
-----------
Figures are rounded to `DECIMALS`, so that a difference in `dvc metrics diff` is one. What could
not be counted is null.

Composers set many tunes more than once, and the canonical split of the chorales does not keep
such settings together: a held-out melody may nearly be one that was trained on, in another
setting. Pieces whose tune is new are the stricter test. A tune is the sequence of its intervals
in semitones, repeated notes and rests left out, so that key and rhythm do not matter. It is
*known* if one training tune holds at least `KNOWN` of its different runs of `RUN` intervals. On
the published split this finds 22 of 76 valid and 27 of 77 test tunes; a comparison by alignment
found 21 and 24.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from kantor.ensemble import Ensemble
from kantor.metrics.cadences import evaluate_phrase_ends
from kantor.metrics.musical import headline
from kantor.music.score import REST, Score
from kantor.report import windows
from kantor.report.comparing import (
    ALIKE,
    IN_RANGE,
    Comparison,
    compare_pitches,
    compare_tables,
    overlaps,
)
from kantor.settings import Evaluate

if TYPE_CHECKING:
    import pandas as pd

DECIMALS = 4
METERS, OTHERS = ("4/4", "3/4"), "others"
RUN, KNOWN = 6, 0.6

Runs = set[tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Bodies:
    """Bodies of music on the same melodies, in the same order, and what was trained on."""

    generated: list[Score]
    real: list[Score]
    baselines: dict[str, list[Score]]
    training: list[Score]

    @property
    def ensemble(self) -> Ensemble:
        """That of all of them."""
        return self.real[0].ensemble

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The figures of their windows: ``generated``, ``real``, and each baseline's."""
        bodies = {"generated": self.generated, "real": self.real, **self.baselines}
        return {name: windows.table(scores) for name, scores in bodies.items()}


def measure(bodies: Bodies, settings: Evaluate, changed: float) -> dict[str, Any]:
    """The figures of a model, as ``metrics.json`` holds them.

    Parameters
    ----------
    bodies : Bodies
    settings : Evaluate
    changed : float
        Share of the composed cells that another seed changes.

    Returns
    -------
    dict
        ``headline``, the few figures to look at first; ``metrics`` and ``phrase_ends``, each
        figure beside the real one and the baselines'; ``overlap`` of the distributions; and the
        headline's metrics ``by_meter`` and for ``new_tunes``.
    """
    table = compare(bodies)
    figures = {
        "split": settings.split,
        "pieces": len(bodies.real),
        "seed": settings.seed,
        "headline": _headline(table, bodies.ensemble) | {"changed_by_another_seed": changed},
        "metrics": {name: _entry(comparison) for name, comparison in table.items()},
        "overlap": overlaps(table),
        "phrase_ends": _phrase_ends(bodies),
        "by_meter": _by_meter(bodies),
        "new_tunes": _part(
            bodies, new_tunes(bodies.real, bodies.training) if bodies.training else []
        ),
    }
    plain: dict[str, Any] = rounded(figures)
    return plain


def compare(bodies: Bodies) -> dict[str, Comparison]:
    """Every metric that says something about the composed lines.

    The distances of pitches are left out where there is no training data.
    """
    naive = {name: bodies.tables[name] for name in bodies.baselines}
    table = compare_tables(bodies.tables["generated"], bodies.tables["real"], naive)
    if bodies.training:
        table |= compare_pitches(bodies.generated, bodies.real, bodies.baselines, bodies.training)
    return table


def _headline(table: Mapping[str, Comparison], ensemble: Ensemble) -> dict[str, float]:
    """The few figures to look at first, of the generated music, and how many of all pass."""
    verdicts = [entry.verdict for entry in table.values()]
    return {
        **{name: table[name].generated for name in headline(ensemble) if name in table},
        "overlap": overlaps(table)["generated"],
        "metrics": len(verdicts),
        "metrics_in_range": sum(verdict in (ALIKE, IN_RANGE) for verdict in verdicts),
    }


def _phrase_ends(bodies: Bodies) -> dict[str, Any]:
    """How many phrases end, and on what, see `kantor.metrics.cadences`."""
    made, real = evaluate_phrase_ends(bodies.generated), evaluate_phrase_ends(bodies.real)
    naive = {name: evaluate_phrase_ends(scores) for name, scores in bodies.baselines.items()}
    counts = {name: len(frame) for name, frame in naive.items()}
    table = compare_tables(made, real, naive)
    return {
        "count": {"generated": len(made), "real": len(real), "baseline": counts},
        **{name: _entry(comparison) for name, comparison in table.items()},
    }


def _by_meter(bodies: Bodies) -> dict[str, Any]:
    """The headline's metrics in each meter that there is."""
    meters = [str(score.meter) for score in bodies.real]
    groups = [meter if meter in METERS else OTHERS for meter in meters]
    return {
        group: _part(bodies, [row for row, other in enumerate(groups) if other == group])
        for group in (*METERS, OTHERS)
        if group in groups
    }


def _part(bodies: Bodies, rows: Sequence[int]) -> dict[str, Any]:
    """How many pieces the part `rows` has, and the means of the headline's metrics in it."""
    part: dict[str, Any] = {"pieces": len(rows)}
    for side in ("generated", "real") if rows else ():
        table = bodies.tables[side]
        means = table[table.index.get_level_values("piece").isin(rows)].mean()
        part[side] = {
            name: float(means[name]) for name in headline(bodies.ensemble) if name in means
        }
    return part


def _entry(comparison: Comparison) -> dict[str, Any]:
    return {
        "generated": comparison.generated,
        "real": comparison.real,
        "real_spread": comparison.spread,
        "baseline": dict(comparison.baselines),
        "verdict": comparison.verdict,
    }


def rounded(value: Any) -> Any:
    """Plain data with rounded figures; what could not be counted (NaN) becomes null."""
    if isinstance(value, Mapping):
        return {str(name): rounded(part) for name, part in value.items()}
    if isinstance(value, float):
        return round(value, DECIMALS) + 0.0 if math.isfinite(value) else None
    return value


def interval_runs(score: Score) -> Runs:
    """All different runs of `RUN` intervals of the melody; none for a shorter tune."""
    pitches = score.pitches[:, score.ensemble.leads]
    sounding = pitches[pitches != REST].astype(np.int64)
    tune = sounding[np.flatnonzero(np.diff(sounding, prepend=-1))]
    intervals = np.diff(tune).tolist()
    return {tuple(intervals[at : at + RUN]) for at in range(len(intervals) - RUN + 1)}


def new_tunes(scores: Sequence[Score], training: Sequence[Score]) -> list[int]:
    """The places in `scores` of the pieces whose melody no training piece knows.

    None where there is no training data.
    """
    known = [interval_runs(score) for score in training]

    def greatest_share(runs: Runs) -> float:
        """How much of a tune's runs the training tune that is most like it holds."""
        return max((len(runs & other) / max(len(runs), 1) for other in known), default=0.0)

    rows = enumerate(scores) if training else ()
    return [row for row, score in rows if greatest_share(interval_runs(score)) < KNOWN]
