"""Beside the baselines: is the model nearer to real music than other real parts under the melody?

Conventions
-----------
The baselines are `kantor.metrics.baselines.shuffled` and `nearest`: both set the melody with real
parts that were written for another one. A metric *tells* real from shuffled where the shuffled
parts' figure differs from the real one by more than `TELLING_ERRORS` standard errors, paired over
the pieces; with so many metrics, two errors would find differences that are chance. What a line
does by itself tells nothing, since all of it is real: distances of its histograms never do. Where a
metric tells, the model is *better* if its figure lies nearer to the real one than both baselines'.

All ensembles are measured by all that makes sense for them, voices as an accompaniment too; the
metrics of Bach's own report are not changed by that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kantor.report.bodies import Bodies, compare
from kantor.report.comparing import BESIDE, Comparison


def beside(bodies: Bodies, compared: Mapping[str, Comparison]) -> dict[str, Any]:
    """The table as ``metrics.json`` holds it.

    Parameters
    ----------
    bodies : Bodies
        Without both baselines the table is empty.
    compared
        What `kantor.report.bodies.compare` found in them.

    Returns
    -------
    dict
        ``tells`` and ``better``, how many metrics do and in how many of these the model is better
        than both; ``metrics``, by name ``real``, ``generated``, ``shuffled``, ``nearest``,
        ``tells`` and ``better``, the last one null where the metric does not tell.
    """
    if not set(BESIDE) <= set(bodies.baselines):
        return {"tells": 0, "better": 0, "metrics": {}}
    rows = dict(compared)
    if bodies.ensemble.writing == "voices":
        rows = {**compare(bodies.as_accompaniment()), **rows}
    entries = {
        name: {
            "real": one.real,
            "generated": one.generated,
            **{other: one.baseline[other] for other in BESIDE},
            "tells": one.tells,
            "better": one.better if one.tells else None,
        }
        for name, one in rows.items()
    }
    telling = [entry["better"] for entry in entries.values() if entry["tells"]]
    return {"tells": len(telling), "better": sum(telling), "metrics": entries}
