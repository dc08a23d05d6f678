"""What the command line prints: one line a fault, a bar while work goes on, tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kantor.errors import InputError, ModelError, SetupError, one_line

if TYPE_CHECKING:
    from kantor.drumming import Lender

BROKEN, BAD_INPUT, REFUSED, STOPPED = 1, 2, 3, 130
FULL = "in Kantor's repository run `make repro`, or `pip install '.[full]'`"
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
    except ModuleNotFoundError as error:
        if (error.name or "kantor").startswith("kantor"):
            raise
        say(f"{error.name} is missing: this needs the full installation; {FULL}")
        raise typer.Exit(BROKEN) from None


@contextmanager
def bad_option(hint: str | None = None) -> Iterator[None]:
    """Turn a fault in the words of an option, or of its file, into the usage's error."""
    try:
        yield
    except InputError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from None
    except (FileExistsError, NotADirectoryError) as error:
        reason = f"{error.filename}: a file is in the way; name a folder"
        raise typer.BadParameter(reason, param_hint=hint) from None
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}"
        raise typer.BadParameter(reason, param_hint=hint) from None


def folder_of(style: str | None) -> Path | None:
    """The folder of a style of the repository that is found from here; None where none is named."""
    if style is None:
        return None
    from kantor import styles
    from kantor.registry import find_root

    with bad_option("--style"):
        return styles.folder_of(find_root(), style)


def lender_of(folder: Path | None) -> Lender:
    """Who plays drums to pieces of the style of a folder."""
    from kantor import drumming

    with bad_option("--drums"):
        return drumming.lender_of(folder)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """A bar on standard error where that is a terminal.

    Yields what moves it on: ``show(advance=0, text="")``, the text being put after `what`.
    """
    from rich.console import Console
    from rich.progress import Progress

    # A descriptor of its own, so that the bar is seen while TensorFlow's lines are kept away.
    with os.fdopen(os.dup(2), "w", encoding="utf-8") as terminal:
        # Where colours are asked for, as in a notebook, rich takes anything for a terminal.
        console = Console(file=terminal)
        with Progress(console=console, transient=True, disable=not terminal.isatty()) as bar:
            task = bar.add_task(what, total=total)

            def show(advance: int = 0, text: str = "") -> None:
                bar.update(task, advance=advance, description=f"{what} {text}".strip())

            yield show


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: bold heads on a terminal, one plain line a row everywhere else."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    lines = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for name in head:
        lines.add_column(Text(name), overflow="fold")
    for row in rows:
        lines.add_row(*(Text(cell) for cell in row))
    with console.capture() as captured:
        console.print(lines)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())
