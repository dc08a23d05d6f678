"""``kantor batch``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kantor.cli import console, options

if TYPE_CHECKING:
    from kantor.batch import Batch, Summary


RUN = "How the batch is run"

Places = Annotated[
    list[str],
    typer.Argument(
        metavar="PLACE",
        help="Folders, zip files or single files of MIDI, MusicXML or ABC, or addresses such as "
        "s3://bucket/inbox.",
    ),
]


def batch_command(
    context: typer.Context,
    places: Places,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            rich_help_panel=options.WRITTEN,
            help="Folder for results and ledger; params.yaml's if not said.",
        ),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMATS",
            rich_help_panel=options.WRITTEN,
            help="Any of mid, musicxml, npz, wav, mp3, ogg, png; mid always is.",
        ),
    ] = None,
    seed: Annotated[int | None, options.SEED] = None,
    takes: Annotated[int | None, options.TAKES] = None,
    candidates: Annotated[int | None, options.CANDIDATES] = None,
    temperature: options.Temperature = None,
    passes: options.Passes = None,
    particles: options.Particles = None,
    plainness: options.Plainness = None,
    model: options.Model = options.CHAMPION,
    style: options.Style = None,
    drums: options.Drums = False,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=256, rich_help_panel=RUN, help="Processes that compose."
        ),
    ] = None,
    chunk: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=5_000,
            rich_help_panel=RUN,
            help="Melodies that a process takes at once.",
        ),
    ] = None,
    only_new: Annotated[
        bool,
        typer.Option(
            "--only-new",
            rich_help_panel=RUN,
            help="Leave out what an earlier batch finished under the same name.",
        ),
    ] = False,
) -> None:
    """Compose for all melodies in folders, zip files or object stores; each is composed once.

    What is not said is taken from the block batch of params.yaml. Stopped in any way, the same
    command goes on where it was, with the model that it began with. What cannot be used is kept
    in quarantine with its reason, the others are composed, and the exit code is 2.
    """
    from kantor import processes

    processes.begin(processes.BATCH)
    with console.in_one_line():
        try:
            folder = console.folder_of(style)
            if drums:
                console.lender_of(folder)
            summary = _run(places, _settings(context.params, folder), model, folder, only_new)
        except KeyboardInterrupt:
            console.say("stopped; what is composed is kept, the same command goes on")
            raise typer.Exit(console.STOPPED) from None
        if summary is None:
            console.say("nothing new")
            return
        console.say(summary.line)
        for name in ("index.html", "manifest.csv", "manifest.parquet"):
            typer.echo(summary.folder / name)
        if not summary.whole:
            raise typer.Exit(console.BAD_INPUT)


def _settings(parameters: dict[str, Any], folder: Path | None) -> Batch:
    """The block of `params.yaml`, if there is one around, with what was said in its place."""
    from pydantic import ValidationError

    from kantor import settings
    from kantor.batch import Batch
    from kantor.compose.outputs import parse_formats
    from kantor.errors import SetupError
    from kantor.registry import find_root

    given = {
        name: value
        for name, value in parameters.items()
        if value is not None and value is not False
    }
    said = {name: value for name, value in given.items() if name in Batch.model_fields}
    if "formats" in said:
        with console.bad_option("--format"):
            said["formats"] = parse_formats(said["formats"])
    try:
        Batch.model_validate(said)
    except ValidationError as error:
        fault = error.errors()[0]
        reason = fault["msg"].removeprefix("Value error, ")
        raise typer.BadParameter(reason, param_hint=f"--{fault['loc'][0]}") from None
    try:
        path = find_root() / "params.yaml"
    except SetupError:
        return Batch.model_validate(said)
    batch = settings.load(Batch, "batch", path)
    batch = batch.of_style(folder) if folder else batch
    return Batch.model_validate({**batch.model_dump(), "out": path.parent / batch.out, **said})


def _run(
    places: list[str], batch: Batch, uri: str, root: Path | None, only_new: bool
) -> Summary | None:
    from kantor import drumming
    from kantor.batch import Plan, counted, run
    from kantor.batch.dispatcher import processes
    from kantor.batch.models import patient
    from kantor.intake import read_limits
    from kantor.registry import may_pass

    with console.bad_option("--out"):
        batch.out.mkdir(parents=True, exist_ok=True)
    fetching, loader = drumming.supply(uri, root, batch.drums)
    with console.progress("Composing") as show, processes(batch.workers) as engine:
        plan = Plan(
            tuple(places),
            batch,
            patient(fetching, may_pass, batch.wait_minutes, console.say),
            loader,
            read_limits(),
            only_new,
            lambda counts: show(text=counted(counts)),
        )
        return run(plan, engine)
