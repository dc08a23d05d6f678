"""What a pass through the pipeline came to, in Markdown for a page."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kantor.promotion.comparison import ModelComparison
from kantor.promotion.page import PAGE
from kantor.promotion.rendering import comparison_markdown, figures_markdown, title
from kantor.registry.addresses import version_page

URL, MLFLOW_URL = "KANTOR_URL", "KANTOR_MLFLOW_URL"


@dataclass(frozen=True)
class Pass:
    """A pass through the pipeline: why it was started, and what had changed for which stage.

    `ran` names the stages that ran; `summary` is what the registry says at the end: the version,
    then its figures.
    """

    reason: str
    changed: Sequence[str]
    ran: Sequence[str]
    summary: Sequence[str]


def markdown(
    done: Pass, outcome: str, comparison: ModelComparison | None, environment: Mapping[str, str]
) -> str:
    """The outcome in one line, the comparison, what changed and ran, figures, links.

    `environment` holds the addresses of the front page and of MLflow, where they are served.
    """
    changes = [f"- {line}" for line in done.changed] or ["- nothing; every stage was forced"]
    front, mlflow = environment.get(URL, ""), environment.get(MLFLOW_URL, "")
    links = [f"[report]({front}/reports/report.html)"] if front else []
    if front and comparison:
        links.append(f"[listen to both]({front}/{PAGE.as_posix()})")
    if mlflow and done.summary:
        name, _, number, *_ = done.summary[0].split()
        links.append(f"[version {number} in MLflow]({version_page(mlflow, name, int(number))})")
    parts = [
        f"**{outcome}**",
        f"Asked for: {done.reason}. Ran: {', '.join(done.ran) or 'no stage'}.",
        comparison_markdown(comparison) if comparison else "",
        "Changed:",
        "\n".join(changes),
        "\n".join(["```", *done.summary, "```"]),
        " · ".join(links),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def form(comparison: ModelComparison, drawing: str, environment: Mapping[str, str]) -> str:
    """What a person is shown who must decide: verdict, reasons, where to listen, table, drawing.

    `drawing` is an address; `environment` as for `markdown`. Prefect's form is a third of a page
    wide: the table has the figures alone, the drawing the gains and their intervals.
    """
    page = f"{environment.get(URL, '')}/{PAGE.as_posix()}".lstrip("/")
    listen = f"[Listen to both, and see it all in large]({page})"
    if URL not in environment:
        listen = f"To listen to both, open `{page}`."
    parts = [
        f"## {title(comparison)}",
        "\n".join(f"- {reason}" for reason in comparison.reasons),
        f"**{listen}**",
        figures_markdown(comparison),
        f"![Gains]({drawing})",
        f"Shall version {comparison.challenger} be the champion?",
    ]
    return "\n\n".join(parts)


def inline(picture: Path) -> str:
    """A PNG file as an address that holds it: a page shows it without asking another server."""
    return "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode()
