"""Beside the baselines: is the model nearer to real music than other real parts under the melody?

Conventions
-----------
The baselines are `kantor.metrics.baselines.shuffled` and `nearest`: both set the melody with real
parts that were written for another one. What these parts do by themselves is real and tells
nothing; only metrics of the melody and the others `TOGETHER` can tell. One *tells* real from
shuffled where the shuffled parts' figure is worse than the real one by more than two standard
errors, paired over the pieces. Where it does, the model is *better* if its figure is less bad
than both baselines'. More faults, such as clashes, than in the real parts are worse, fewer are not.
Any other figure is worse the further it lies from the real one, as in `kantor.promotion.rule`.

All ensembles are measured by all that makes sense for them, voices as an accompaniment too; the
metrics of Bach's own report are not changed by that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kantor.report.bodies import Bodies, compare
from kantor.report.comparing import BESIDE, Comparison

TOGETHER = {
    *("pitch_classes", "in_best_scale", "in_c_major", "four_pitches", "tonal_distance"),
    *("crossing", "parallel_fifths", "parallel_octaves", "chord_tones", "lead_clash"),
    *("semitone_clash", "triad_or_seventh", "complete_triads"),
}
"""Metrics of what the melody and the other lines sound together."""


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
    telling = {name for name, one in rows.items() if name in TOGETHER and one.tells}
    entries = {
        name: {
            "real": one.real,
            "generated": one.generated,
            **{other: one.baseline[other] for other in BESIDE},
            "tells": name in telling,
            "better": one.better if name in telling else None,
        }
        for name, one in rows.items()
    }
    better = sum(rows[name].better for name in telling)
    return {"tells": len(telling), "better": better, "metrics": entries}
