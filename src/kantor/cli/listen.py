"""``kantor listen``: a blind test of what the model composes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kantor.cli import console, options


def listen_command(
    pairs: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="How many pairs are compared.")
    ] = 20,
    seed: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Another seed is another test: other bars and takes."
        ),
    ] = 0,
    model: options.Model = options.CHAMPION,
    candidates: options.Candidates = 1,
    instrument: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="What plays both, such as organ; a choir if not said."),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The CSV file that answers are added to; "
            "compositions/listening/answers.csv if not said.",
        ),
    ] = None,
    port: options.Port = 8410,
    browser: options.Browser = True,
) -> None:
    """Hear eight bars by Bach and by Kantor, with one soprano: which one is Bach's?

    Only this machine can reach the page. Ctrl-C ends it. See docs/listening.md.
    """
    with console.in_one_line():
        from kantor.ensemble import SATB
        from kantor.listening import serving
        from kantor.listening.answers import read
        from kantor.music.instruments import programs_of
        from kantor.registry import find_root

        with console.bad_option("--instrument"):
            programs = programs_of(instrument, SATB) if instrument else {}
        root = find_root()
        path = answers or root / serving.ANSWERS
        with console.bad_option("--answers"):
            read(path)
        test = serving.prepare(root, model, pairs, seed, candidates, programs, path)
        raise typer.Exit(serving.run(test, port, browser))
