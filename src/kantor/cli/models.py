"""``kantor models``: the registered versions, and which of them is champion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kantor.cli import console, options

if TYPE_CHECKING:
    from kantor.promotion.champion_history import Event

models = typer.Typer(
    help="Look at the registered models, compare them, and move the champion.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Version = Annotated[
    str,
    typer.Argument(metavar="VERSION", help="A version's number, or an alias such as challenger."),
]
Why = Annotated[str, typer.Option(metavar="TEXT", help="The reason, which stays in the history.")]
By = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who moves it; user@host if not said.")
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Do it against the gate; what that had against it is recorded."),
]


@models.command("list")
def list_command(style: options.OfStyle = None) -> None:
    """List the versions in the registry, the newest first, with aliases and headline figures."""
    with console.in_one_line():
        from kantor.registry import versions

        rows = [
            [
                str(row["version"]),
                ", ".join(row["aliases"]) or "-",
                str(row["created"]),
                ", ".join(f"{name} {value:.3g}" for name, value in row["metrics"].items()) or "-",
            ]
            for row in versions(console.folder_of(style))
        ]
        console.table(["version", "aliases", "created", "figures"], rows)


@models.command("export")
def export_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write, such as bach.kantor.")
    ],
    model: options.Model = options.CHAMPION,
    style: options.OfStyle = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Write a model to one file, with which `kantor compose --model FILE` works anywhere.

    The file holds the weights, what they are of, and the model card. Its user needs no
    repository, no training and no MLflow.
    """
    with console.in_one_line():
        from kantor.registry import export

        with console.bad_option("FILE"):
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.exists() and not overwrite:
                raise typer.BadParameter(
                    f"{file} is there already; --overwrite replaces it", param_hint="FILE"
                )
        source = export(file, model, console.folder_of(style))
        console.say(f"{source}, {file.stat().st_size / 1e6:.1f} MB")
        typer.echo(file)


@models.command("show")
def show_command(version: Version, style: options.OfStyle = None) -> None:
    """Show a version: what made it, its figures, and the moves that it was part of.

    Of a file of `kantor models export` it shows the model card.
    """
    with console.in_one_line():
        if Path(version).is_file():
            from kantor.registry import card_of

            card = card_of(Path(version)) or f"{version}: carries no model card"
            for line in card.splitlines():
                typer.echo("".join(letter for letter in line if letter.isprintable()))
            return
        from kantor.promotion.champion_history import history
        from kantor.registry import describe

        root = console.folder_of(style)
        row = describe(version, root)
        facts = {
            "aliases": ", ".join(row["aliases"]) or "-",
            "created": row["created"],
            "run": row["run"],
        }
        tags = sorted(row["tags"].items())
        facts |= {tag: value for tag, value in tags if not tag.startswith(("history.", "mlflow."))}
        facts |= {name: f"{figure:.4g}" for name, figure in row["metrics"].items()}
        rows = [[name, str(value)] for name, value in facts.items()]
        console.table(["version", str(row["version"])], rows)
        moves = [event for event in history(root) if row["version"] in (event.before, event.after)]
        if moves:
            typer.echo()
            _show_history(moves)


@models.command("compare")
def compare_command(
    challenger: Annotated[
        str, typer.Argument(metavar="VERSION", help="The challenger: a number or an alias.")
    ] = "challenger",
    against: Annotated[
        str, typer.Option(metavar="VERSION", help="The version to compare it with.")
    ] = "champion",
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it as well: an SVG or PNG file.")
    ] = None,
    style: options.OfStyle = None,
) -> None:
    """Compare two versions on the same held-out pieces, and say what the rule makes of it.

    The figures come from the versions' own evaluations where these were of the same pieces;
    otherwise both compose anew, which takes a while.
    """
    with console.in_one_line():
        from kantor.promotion import rendering
        from kantor.promotion.comparison import compare

        if plot is not None and plot.suffix.lower() not in (".svg", ".png"):
            raise typer.BadParameter(f"{plot}: end it in .svg or .png", param_hint="--plot")
        with console.progress("Comparing"):
            outcome = compare(challenger, against, console.folder_of(style))
        typer.echo(rendering.title(outcome))
        for reason in outcome.reasons:
            typer.echo(f"- {reason}")
        typer.echo(f"{rendering.measured(outcome)}\n")
        heads, *rows = rendering.comparison_cells(outcome)
        console.table(heads, rows)
        if plot is not None:
            with console.bad_option("--plot"):
                rendering.draw(outcome, plot)


@models.command("promote")
def promote_command(
    version: Version,
    why: Why,
    by: By = None,
    force: Force = False,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare", help="Compare with the champion first, and record what it gains."
        ),
    ] = False,
    style: options.OfStyle = None,
) -> None:
    """Make a version the champion; the one before stays at hand as previous.

    The gate refuses it, with all reasons and exit code 3, if its evaluation is missing, its
    guarded metrics are worse than the champion's, its data are unknown, it does not load, or what
    it composes is broken.
    """
    with _a_move() as show:
        from kantor.promotion.promote import promote

        outcome, root = None, console.folder_of(style)
        if compare:
            from kantor.promotion.comparison import compare as measure

            with console.progress("Comparing"):
                outcome = measure(version, root=root)
        show(promote(version, why, by, force, comparison=outcome, root=root))


@models.command("rollback")
def rollback_command(
    why: Why, by: By = None, force: Force = False, style: options.OfStyle = None
) -> None:
    """Go back to the last good champion before this one.

    Another rollback goes further back. Versions that were rolled back from, retired or deleted
    are passed over, and named.
    """
    with _a_move() as show:
        from kantor.promotion.promote import rollback

        show(rollback(why, by, force, root=console.folder_of(style)))


@models.command("retire")
def retire_command(
    version: Version, why: Why, by: By = None, style: options.OfStyle = None
) -> None:
    """Take a version out of use: it loses its aliases and is not promoted again."""
    with _a_move() as show:
        from kantor.promotion.promote import retire

        show(retire(version, why, by, root=console.folder_of(style)))


@models.command("history")
def history_command(style: options.OfStyle = None) -> None:
    """List all moves of the champion: when, from, to, by whom, and why."""
    with console.in_one_line():
        from kantor.promotion.champion_history import history

        if moves := history(console.folder_of(style)):
            _show_history(moves)
        else:
            console.say("no moves yet: the champion is the first version that was registered")


@contextmanager
def _a_move() -> Iterator[Callable[[Event], None]]:
    """Yields what prints a move; a refusal of the gate has one line for each reason."""
    from kantor.promotion.gate import Refused

    def show(event: Event) -> None:
        typer.echo(event.line)
        for reason in event.overrode:
            console.say(f"overridden: {reason}")

    with console.in_one_line():
        try:
            yield show
        except Refused as error:
            console.say(f"{error.what} refused")
            for reason in error.reasons:
                console.say(f"- {reason}")
            raise typer.Exit(console.REFUSED) from None


def _show_history(moves: list[Event]) -> None:
    from kantor.promotion import rendering

    heads, *rows = rendering.history_cells(moves)
    console.table(heads, rows)
