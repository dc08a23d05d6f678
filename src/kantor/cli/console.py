"""What the command line prints: one line a fault, a bar while work goes on, tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import typer

from kantor.errors import InputError, ModelError, SetupError, one_line

BROKEN, BAD_INPUT, REFUSED, STOPPED = 1, 2, 3, 130
WIDE = 10_000  # columns: a table in a file or a pipe needs no wrapping


def say(text: str) -> None:
    """Print one line on standard error, whatever characters the text holds."""
    typer.echo(f"kantor: {one_line(text, 2_000)}", err=True)


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn errors that a person can mend into one line and an exit code."""
    from kantor import settings

    settings.quiet()
    try:
        yield
    except KeyboardInterrupt:
        say("stopped")
        raise typer.Exit(STOPPED) from None
    except (InputError, ModelError, SetupError) as error:
        say(str(error))
        raise typer.Exit(BROKEN) from None


@contextmanager
def bad_option(hint: str | None = None) -> Iterator[None]:
    """Turn a fault in the words of an option into the usage's error."""
    try:
        yield
    except InputError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from None


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where that is a terminal; yields what moves it on."""
    from rich.console import Console
    from rich.progress import Progress

    # A descriptor of its own, so that the bar is seen while TensorFlow's lines are kept away.
    with os.fdopen(os.dup(2), "w", encoding="utf-8") as terminal:
        console = Console(file=terminal)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(what, total=total)
            yield lambda count: bar.advance(task, count)


@contextmanager
def counter(what: str) -> Iterator[Callable[[str], None]]:
    """A line on standard error that says how far it is, of work whose end is not known."""
    from rich.console import Console

    with os.fdopen(os.dup(2), "w", encoding="utf-8") as terminal:
        console = Console(file=terminal)
        if not console.is_terminal:
            yield lambda text: None
            return
        with console.status(what) as status:
            yield lambda text: status.update(f"{what}: {text}")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: bold heads on a terminal, one plain line a row everywhere else."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=False)
    terminal = console.is_terminal
    if not terminal:
        console = Console(width=WIDE, highlight=False)
    lines = Table(
        box=box.SIMPLE_HEAD if terminal else None,
        padding=(0, 2, 0, 0),
        pad_edge=False,
        show_edge=False,
        header_style="bold" if terminal else "",
    )
    for name in head:
        lines.add_column(Text(name), overflow="fold")
    for row in rows:
        lines.add_row(*(Text(cell) for cell in row))
    with console.capture() as captured:
        console.print(lines)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())
