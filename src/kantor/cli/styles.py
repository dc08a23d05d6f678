"""``kantor styles``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kantor.cli import console

if TYPE_CHECKING:
    from kantor.registry.by_style import Row

_HEADS = ("style", "title", "model", "lines", "parameters", "pieces", "meters", "sample", "licence")


def styles_command() -> None:
    """List the styles: their models, what they learned from, and something to hear.

    The model is the champion that composes with --style; where it says not made, make style makes
    one. Sizes are the generator's, pieces and meters those that it learned from.
    """
    with console.in_one_line():
        from kantor.registry import find_root
        from kantor.registry.by_style import by_style

        console.table(_HEADS, [_cells(row) for row in by_style(find_root())])


def _cells(row: Row) -> list[str]:
    """A style as a row of the table; a dash for what is not known."""
    from kantor.compose.meters import known_meters

    sizes = row.info.get("parameters", {}).get("generator")
    shown = {
        "title": row.style.title,
        "model": f"version {row.version}" if row.version else "not made",
        "lines": ", ".join(row.lines),
        "parameters": f"{sizes:,} ({row.size / 1e6:.1f} MB)" if sizes else "",
        "pieces": f"{row.info['pieces']:,}" if "pieces" in row.info else "",
        "meters": ", ".join(known_meters(row.info.get("meters", {}))),
        "sample": os.path.relpath(row.sample) if row.sample else "",
        "licence": " ".join(row.style.licence.split()),
    }
    return [row.name, *(text or "-" for text in shown.values())]
