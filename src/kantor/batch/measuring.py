"""What is counted of each composition of a batch, and stands in its manifest."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from kantor.metrics import musical
from kantor.music.score import Score

METRICS = (
    "in_best_scale",
    "crossing",
    "parallel_fifths",
    "parallel_octaves",
    "semitone_clash",
    "triad_or_seventh",
    "complete_triads",
)
"""Those of `kantor.metrics.musical` that tell good from bad and cost next to nothing."""

Composed = dict[str, list[Score]]
"""By key, the takes of each melody."""


def measured(composed: Composed) -> dict[str, dict[str, float | None]]:
    """Each metric's mean over a melody's takes, None where there was nothing to count."""
    alike: dict[int, list[tuple[str, Score]]] = defaultdict(list)
    for key, scores in composed.items():
        for score in scores:
            alike[score.steps].append((key, score))
    found: dict[str, dict[str, list[float]]] = {key: defaultdict(list) for key in composed}
    for steps, rows in alike.items():
        passages = musical.Passages.joined(
            [musical.Passages.of(score, [0], steps) for _, score in rows]
        )
        for name in METRICS:
            for (key, _), value in zip(rows, musical.JOINT[name](passages), strict=True):
                found[key][name].append(float(value))
    return {key: {name: _mean(metrics[name]) for name in METRICS} for key, metrics in found.items()}


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return round(float(np.mean(known)), 6) if known else None
