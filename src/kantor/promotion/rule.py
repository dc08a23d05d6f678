"""The rule: when a challenger takes the champion's place, and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from kantor.promotion.rows import Row
from kantor.settings import Promote

Verdict = Literal["promote", "keep"]
Action = Literal["promote", "ask", "keep"]


def decide(rows: Sequence[Row], rule: Promote) -> tuple[Verdict, tuple[str, ...]]:
    """Judge a comparison.

    The challenger is to be promoted if the primary metric gains at least the margin, and gains
    at all in at least the share `confidence` of the resamples, and no guarded metric is worse by
    more than is tolerated.

    Returns
    -------
    verdict : str
        ``promote`` or ``keep``.
    reasons : tuple of str
        For ``keep`` all that speaks against, for ``promote`` what speaks for it.
    """
    against = [*_primary(rows, rule), *worse(rows)]
    if against:
        return "keep", tuple(against)
    return "promote", tuple(_for(rows))


def _primary(rows: Sequence[Row], rule: Promote) -> list[str]:
    against = []
    for row in (row for row in rows if row.role == "primary"):
        gain = row.gain
        if not gain.estimate >= row.bar:
            against.append(f"{row.label}: {gain.estimate:+.4f}, the margin is {row.bar:g}")
        elif not gain.above >= rule.confidence:
            against.append(
                f"{row.label}: {gain.estimate:+.4f} is not sure, better in {gain.above:.0%} of "
                f"the resamples, {rule.confidence:.0%} are needed"
            )
    return against


def worse(rows: Sequence[Row]) -> list[str]:
    """The guarded metrics that are worse by more than is tolerated, or cannot be counted."""
    return [
        f"worse in {row.label}: {row.challenger:.4f}, the champion {row.champion:.4f}, "
        f"Bach {row.real:.4f}, tolerated {row.bar:g} more"
        for row in rows
        if row.role == "guarded" and not row.passes
    ]


def _for(rows: Sequence[Row]) -> list[str]:
    found = [
        f"{row.label}: {row.gain.estimate:+.4f} ({row.gain.low:+.4f} to {row.gain.high:+.4f}), "
        f"better in {row.gain.above:.0%} of the resamples"
        for row in rows
        if row.role == "primary"
    ]
    return [*found, "no guarded metric is worse than is tolerated"]


def action(verdict: Verdict, rule: Promote) -> Action:
    """What a verdict leads to: promote at once, ask a person, or keep the champion."""
    if verdict == "keep" or rule.mode == "never":
        return "keep"
    return "promote" if rule.mode == "auto" else "ask"
