"""A comparison in Markdown, for a page of the one who runs Kantor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kantor.drift.comparing import Drifting


def markdown(found: Drifting) -> str:
    """The verdict, the distances, and what great_expectations found."""
    parts = [f"**{found.line}**"]
    if found.distances:
        rows = [
            (name, f"{value:.3f}", f"{found.thresholds[name]:g}", "yes" if beyond else "")
            for name, value in found.distances.items()
            for beyond in (name in found.beyond,)
        ]
        parts += ["Distances from the training's sopranos (0 alike, 1 nothing in common):"]
        parts += [table(("feature", "distance", "threshold", "beyond"), rows)]
    if found.outcomes:
        checks = [
            (one.sentence, one.expected, one.found, "holds" if one.success else "**fails**")
            for one in found.outcomes
        ]
        parts += ["Expectations (great_expectations):"]
        parts += [table(("what", "expected", "found", ""), checks)]
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; what would end a cell is written so that it does not."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(one) for one in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
