"""Tables on standard output: columns as wide as they must be, wrapped only on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import typer

WIDE = 10_000  # for a file or a pipe, which need no wrapping


def show(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: bold heads on a terminal, one plain line a row everywhere else."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=False)
    terminal = console.is_terminal
    if not terminal:
        console = Console(width=WIDE, highlight=False)
    table = Table(
        box=box.SIMPLE_HEAD if terminal else None,
        padding=(0, 2, 0, 0),
        pad_edge=False,
        show_edge=False,
        header_style="bold" if terminal else "",
    )
    for name in head:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())
