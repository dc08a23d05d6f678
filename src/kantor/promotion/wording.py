"""A contest and a history in words and figures: Markdown for a page, cells for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kantor.promotion.history import Event
from kantor.promotion.rows import Row

if TYPE_CHECKING:
    from kantor.promotion.comparison import Contest

HEADINGS = {"promote": "takes the champion's place", "keep": "does not take the champion's place"}


def columns(contest: Contest) -> list[str]:
    """The heads of the table."""
    return [
        "metric",
        "Bach",
        f"champion {contest.champion}",
        f"challenger {contest.challenger}",
        f"gain ({contest.rule.confidence:.0%} interval)",
        "better in",
        "asked for",
        "",
    ]


def cells(row: Row) -> list[str]:
    """A metric as the table's cells."""
    gain = row.gain
    asked = {"primary": f"{row.bar:+g}", "guarded": f"{-row.bar:+g}", "shown": "-"}[row.role]
    mark = "" if row.role == "shown" else "ok" if row.passes else "no"
    return [
        row.label,
        f"{row.real:.4f}",
        f"{row.champion:.4f}",
        f"{row.challenger:.4f}",
        f"{gain.estimate:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})",
        f"{gain.above:.0%}",
        asked,
        mark,
    ]


def measured(contest: Contest) -> str:
    """On what, in one sentence."""
    anew = " and ".join(f"version {number}" for number in contest.anew)
    return (
        f"{contest.pieces} held-out pieces, {contest.rule.resamples} resamples of them"
        + (f"; {anew} composed anew" if anew else "")
        + "."
    )


def title(contest: Contest) -> str:
    """The verdict, in one line."""
    return f"{contest.name} version {contest.challenger} {HEADINGS[contest.verdict]}"


def contest_markdown(contest: Contest) -> str:
    """Verdict, reasons, table."""
    body = [cells(row) for row in contest.rows]
    return "\n".join(
        [
            f"## {title(contest)}",
            "",
            *(f"- {reason}" for reason in contest.reasons),
            "",
            measured(contest),
            "",
            _line(columns(contest)),
            _line(["---", *["---:"] * 6, "---"]),
            *(_line(row) for row in body),
            "",
        ]
    )


HISTORY = ["when (UTC)", "what", "from", "to", "by", "overlap", "why"]


def move(event: Event) -> list[str]:
    """A move of the champion as cells under `HISTORY`."""
    return [
        event.at[:19].replace("T", " ") or "-",
        event.what + (" by force" if event.forced else ""),
        "-" if event.before is None else str(event.before),
        "-" if event.after is None else str(event.after),
        event.by,
        f"{event.figures['overlap']:.4f}" if "overlap" in event.figures else "-",
        "; ".join(
            [
                event.why,
                *(f"skipped {version}" for version in event.skipped),
                *(f"overridden: {reason}" for reason in event.overrode),
            ]
        ),
    ]


def history_markdown(events: Sequence[Event]) -> str:
    """All moves as a table, the newest first."""
    rows = [HISTORY, ["---"] * len(HISTORY), *(move(event) for event in reversed(events))]
    return "## Champions\n\n" + "\n".join(_line(row) for row in rows) + "\n"


def _line(row: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
