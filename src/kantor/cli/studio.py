"""``kantor studio``: the page alone, without Prefect and MLflow's server."""

from __future__ import annotations

from typing import Annotated

import typer

from kantor.cli import console


def studio_command(
    port: Annotated[
        int, typer.Option(min=1, max=65535, metavar="PORT", help="Where the page is served.")
    ] = 8400,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
    ] = True,
) -> None:
    """Open Studio: play a melody, hear it harmonised, keep it and share it.

    Only this machine can reach it. Ctrl-C ends it; pieces are kept in compositions/studio/.
    """
    with console.in_one_line():
        from kantor.registry import find_root
        from kantor.studio.serving import run

        raise typer.Exit(run(find_root(), port, browser))
