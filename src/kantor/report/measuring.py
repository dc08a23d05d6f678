"""The figures of an evaluation: what ``metrics.json`` holds, as plain data.

Conventions
-----------
Figures are rounded to `DECIMALS`, so that a difference in `dvc metrics diff` is one. What could
not be counted is null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kantor.metrics.cadences import evaluate_phrase_ends
from kantor.metrics.musical import evaluate_windows
from kantor.metrics.report import HEADLINE, by_meter
from kantor.music.score import Score
from kantor.report.comparing import Comparison, compare, headline, overlaps, paired
from kantor.report.tunes import new_tunes
from kantor.settings import Evaluate

DECIMALS = 4


@dataclass(frozen=True, eq=False)
class Bodies:
    """Bodies of music on the same sopranos, in the same order, and what was trained on."""

    generated: list[Score]
    real: list[Score]
    baselines: dict[str, list[Score]]
    training: list[Score]


def measure(bodies: Bodies, settings: Evaluate, changed: float) -> dict[str, Any]:
    """The figures of a model, as ``metrics.json`` holds them.

    Returns
    -------
    dict
        ``headline``, the few figures to look at first; ``metrics`` and ``phrase_ends``, each
        figure beside the real one and the baselines'; ``overlap`` of the distributions; and the
        headline's metrics ``by_meter`` and for ``new_tunes``.
    """
    table = compare(bodies.generated, bodies.real, bodies.baselines, bodies.training)
    figures = {
        "split": settings.split,
        "pieces": len(bodies.real),
        "seed": settings.seed,
        "headline": headline(table) | {"changed_by_another_seed": changed},
        "metrics": {name: _entry(comparison) for name, comparison in table.items()},
        "overlap": overlaps(table),
        "phrase_ends": _phrase_ends(bodies),
        "by_meter": _by_meter(bodies),
        "new_tunes": _new_tunes(bodies),
    }
    plain: dict[str, Any] = rounded(figures)
    return plain


def _phrase_ends(bodies: Bodies) -> dict[str, Any]:
    """How many phrases end, and on what, see `kantor.metrics.cadences`."""
    made, real = evaluate_phrase_ends(bodies.generated), evaluate_phrase_ends(bodies.real)
    naive = {name: evaluate_phrase_ends(scores) for name, scores in bodies.baselines.items()}
    counts = {name: len(frame) for name, frame in naive.items()}
    table = paired(made, real, naive)
    return {
        "count": {"generated": len(made), "real": len(real), "baseline": counts},
        **{name: _entry(comparison) for name, comparison in table.items()},
    }


def _by_meter(bodies: Bodies) -> dict[str, Any]:
    """The headline's metrics in each meter."""
    made, real = (by_meter(scores).to_dict("index") for scores in (bodies.generated, bodies.real))
    return {
        str(meter): {
            "pieces": int(means["pieces"]),
            "generated": _headline_means(made[meter]),
            "real": _headline_means(means),
        }
        for meter, means in real.items()
    }


def _new_tunes(bodies: Bodies) -> dict[str, Any]:
    """The headline's metrics where the training data does not know the tune."""
    rows = new_tunes(bodies.real, bodies.training) if bodies.training else []
    sides = {"generated": bodies.generated, "real": bodies.real} if rows else {}
    return {"pieces": len(rows)} | {
        side: _headline_means(evaluate_windows([scores[row] for row in rows]).mean().to_dict())
        for side, scores in sides.items()
    }


def _headline_means(means: Mapping[Any, Any]) -> dict[str, float]:
    return {name: float(means[name]) for name in HEADLINE if name in means}


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
