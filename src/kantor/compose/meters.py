"""Meters that a model did not learn: composed all the same, and told."""

from __future__ import annotations

from collections.abc import Mapping

from kantor.music.score import Score

LEAST = 0.01
"""The share of the pieces that were learned from below which a meter counts as not known."""


def known_meters(meters: Mapping[str, float]) -> list[str]:
    """The meters that a model knows, the most frequent first."""
    known = [meter for meter, share in meters.items() if share >= LEAST]
    return sorted(known, key=lambda meter: -meters[meter])


def unlearned(score: Score, meters: Mapping[str, float]) -> list[str]:
    """A line for each meter of a score that is not among those that its model learned.

    `meters` has the share of the pieces that were learned from; where it is empty nothing is known.
    """
    known = known_meters(meters)
    asked = dict.fromkeys(str(meter) for meter in (score.meter, *(m for _, m in score.meters)))
    return [
        f"the style has no {meter}, only {', '.join(known)}: composed in {meter} all the same, "
        "by what it knows of those"
        for meter in asked
        if known and meter not in known
    ]
