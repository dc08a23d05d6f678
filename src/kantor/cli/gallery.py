"""``kantor gallery``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kantor.cli import console, options

if TYPE_CHECKING:
    from kantor.publishing.styles_page import Heard, Told
    from kantor.registry.by_style import Row

PAGE = Path("compositions/styles.html")


def gallery_command(
    melodies: options.Melodies = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The page, one file that needs no other.")
    ] = PAGE,
    seed: options.Seed = 0,
) -> None:
    """Compose the same melodies in every style that has a model: a page to hear side by side.

    Without melodies it takes those of docs/melodies: three folk songs, two hymns, Ode to Joy.
    """
    with console.in_one_line():
        from kantor.errors import SetupError
        from kantor.publishing import styles_page as page
        from kantor.registry import find_root
        from kantor.registry.by_style import by_style

        root = find_root()
        files = melodies or page.melodies(root)
        rows = [row for row in by_style(root) if row.version]
        if not rows:
            raise SetupError("no style has a model yet; `make repro` makes Bach's")
        pieces: dict[str, list[Heard]] = {}
        styles = []
        with console.progress("Composing", len(rows)) as show:
            for row in rows:
                show(text=row.name)
                styles.append(_composed(row, files, seed, pieces))
                show(advance=1)
        with console.progress("Recording"), console.bad_option("--out"):
            out.parent.mkdir(parents=True, exist_ok=True)
            page.write(out, styles, pieces)
        typer.echo(out)


def _composed(row: Row, files: list[Path], seed: int, pieces: dict[str, list[Heard]]) -> Told:
    """Compose in a style, add what came of it to the `pieces`, and say what composed."""
    from kantor.compose.composer import compose
    from kantor.compose.from_file import read_request
    from kantor.compose.meters import unlearned
    from kantor.compose.plan import Plan
    from kantor.publishing.styles_page import Heard, Told
    from kantor.registry import load_model

    model = load_model(str(row.version), row.folder)
    plan = Plan.parse(ensemble=model.ensemble)
    requests = [read_request(file, plan) for file in files]
    for request, (score,) in zip(requests, compose(requests, model, seed), strict=True):
        told = tuple(unlearned(request.score, model.meters))
        heard = Heard(row.name, replace(score, ensemble=model.ensemble), told)
        pieces.setdefault(score.title, []).append(heard)
    return Told(row.name, row.style, model.source)
