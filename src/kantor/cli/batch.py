"""``kantor batch``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kantor.cli import console, options

if TYPE_CHECKING:
    from kantor.batch import Batch, Summary


Places = Annotated[
    list[str],
    typer.Argument(
        metavar="PLACE",
        help="Folders, zip files or single files of MIDI or MusicXML, or addresses such as "
        "s3://bucket/inbox.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder for results and ledger; params.yaml's if not said."),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format", help="What to write: any of mid, musicxml, npz, wav, png; mid always is."
    ),
]
Seed = Annotated[int | None, typer.Option(min=0, help="Another seed is another composition.")]
Takes = Annotated[
    int | None,
    typer.Option(min=1, max=options.MOST_TAKES, help="Compositions of each melody."),
]
Candidates = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=options.MOST_CANDIDATES,
        help="Each take is the one of so many that the model's critic likes best.",
    ),
]
Workers = Annotated[int | None, typer.Option(min=1, max=256, help="Processes that compose.")]
Chunk = Annotated[
    int | None, typer.Option(min=1, max=5_000, help="Melodies that a process takes at once.")
]
OnlyNew = Annotated[
    bool,
    typer.Option(
        "--only-new", help="Leave out what an earlier batch finished under the same name."
    ),
]


def batch_command(
    places: Places,
    out: Out = None,
    formats: Format = None,
    seed: Seed = None,
    takes: Takes = None,
    candidates: Candidates = None,
    temperature: options.Temperature = None,
    passes: options.Passes = None,
    model: options.Model = options.CHAMPION,
    workers: Workers = None,
    chunk: Chunk = None,
    only_new: OnlyNew = False,
) -> None:
    """Compose for all melodies in folders, zip files or object stores; each is composed once.

    What is not said is taken from the block batch of params.yaml. Stopped in any way, the same
    command goes on where it was, with the model that it began with. What cannot be used is kept
    in quarantine with its reason, the others are composed, and the exit code is 2.
    """
    from kantor import processes

    processes.begin(processes.BATCH)
    with console.in_one_line():
        said = {
            "out": out,
            "formats": _formats(formats),
            "seed": seed,
            "takes": takes,
            "candidates": candidates,
            "temperature": temperature,
            "passes": passes,
            "workers": workers,
            "chunk": chunk,
        }
        batch = _settings({name: value for name, value in said.items() if value is not None})
        try:
            summary = _run(places, batch, model, only_new)
        except KeyboardInterrupt:
            console.say("stopped; what is composed is kept, the same command goes on")
            raise typer.Exit(console.STOPPED) from None
        if summary is None:
            console.say("nothing new")
        else:
            _print(summary)
            if not summary.whole:
                raise typer.Exit(console.BAD_INPUT)


def _formats(text: str | None) -> tuple[str, ...] | None:
    from kantor.compose.outputs import parse_formats

    if text is None:
        return None
    with console.bad_option("--format"):
        return parse_formats(text)


def _settings(said: dict[str, Any]) -> Batch:
    """The block of `params.yaml`, if there is one around, with what was said in its place."""
    from pydantic import ValidationError

    from kantor import settings
    from kantor.batch import Batch
    from kantor.errors import SetupError
    from kantor.registry import find_root

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
    batch = batch.model_copy(update={"out": path.parent / batch.out})
    return Batch.model_validate(batch.model_dump() | said)


def _run(places: list[str], batch: Batch, uri: str, only_new: bool) -> Summary | None:
    from functools import partial

    from kantor.batch import Plan, counted, run
    from kantor.batch.dispatcher import processes
    from kantor.batch.models import patient
    from kantor.intake import read_limits
    from kantor.registry import fetch, load_alone, may_pass

    with console.counter("Composing") as show, processes(batch.workers) as engine:
        plan = Plan(
            tuple(places),
            batch,
            patient(partial(fetch, reference=uri), may_pass, batch.wait_minutes, console.say),
            load_alone,
            read_limits(),
            only_new,
            lambda counts: show(counted(counts)),
        )
        return run(plan, engine)


def _print(summary: Summary) -> None:
    console.say(summary.line)
    for name in ("manifest.csv", "manifest.parquet", "index.html"):
        typer.echo(summary.folder / name)
