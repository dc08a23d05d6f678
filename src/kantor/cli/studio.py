"""``kantor studio``: the page alone, without Prefect and MLflow's server."""

from __future__ import annotations

import typer

from kantor.cli import console, options


def studio_command(
    port: options.Port = 8400,
    browser: options.Browser = True,
) -> None:
    """Open Studio: play a melody, hear it harmonised, keep it and share it.

    Only this machine can reach it. Ctrl-C ends it; pieces are kept in compositions/studio/.
    """
    with console.in_one_line():
        from kantor.registry import find_root
        from kantor.studio.serving import run

        raise typer.Exit(run(find_root(), port, browser))
