"""The command line: compose for melodies, bring the data, look at the registry.

Results go to standard output, everything else to standard error. Exit codes: 0 done; 1 something
of Kantor's own is missing or broken (no model, no data); 2 bad input; 130 stopped with Ctrl-C.
What a command needs is imported when it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from kantor.compose.melody import Melody
    from kantor.music.score import Score

CHAMPION = "models:/kantor-bach@champion"
BROKEN, BAD_INPUT, STOPPED = 1, 2, 130
MOST_TAKES = 100
MOST_FILES = 1_000

app = typer.Typer(
    name="kantor",
    help="Give it a melody: a model trained on Bach's chorales adds the other voices.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
models = typer.Typer(
    help="Look at the registered models.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(models, name="models")


def _say(text: str) -> None:
    """One line for the person, whatever characters the text brings."""
    from kantor.music.recording import one_line

    typer.echo(f"kantor: {one_line(text, 2_000)}", err=True)


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """Turn the errors that a person can do something about into one line and an exit code."""
    from kantor import settings

    settings.quiet()
    from kantor.compose.composer import ModelError
    from kantor.music.score import ScoreError
    from kantor.registry import RegistryError

    try:
        yield
    except KeyboardInterrupt:
        _say("stopped")
        raise typer.Exit(STOPPED) from None
    except (ModelError, RegistryError, ScoreError, settings.SettingsError) as error:
        _say(str(error))
        raise typer.Exit(BROKEN) from None


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"kantor {version('kantor')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


@app.command("compose")
def compose_command(
    melodies: Annotated[
        list[Path],
        typer.Argument(metavar="MELODY", help="MIDI or MusicXML files, each with a melody."),
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the results; made if it is missing.")
    ] = Path("compositions"),
    model: Annotated[
        str,
        typer.Option(
            metavar="URI",
            help="Which model: an alias such as challenger, models:/kantor-bach/3, or a folder.",
        ),
    ] = CHAMPION,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another composition.")] = 0,
    takes: Annotated[
        int, typer.Option(min=1, max=MOST_TAKES, help="Compositions for each melody.")
    ] = 1,
    tempo: Annotated[
        float | None,
        typer.Option(
            min=10, max=400, help="Quarters a minute of the results; the file's own by default."
        ),
    ] = None,
    formats: Annotated[
        str,
        typer.Option("--format", help="What to write: any of mid, musicxml, wav, png."),
    ] = "mid,png",
    track: Annotated[
        str | None,
        typer.Option(
            metavar="TRACK",
            help="The melody's track, by number (from 1) or name; found if not said.",
        ),
    ] = None,
) -> None:
    """Add alto, tenor and bass to melodies.

    The soprano of each result is the melody, note for note, moved by whole octaves only if it
    lies outside that voice. What else had to be done to a file is told. A file that holds no
    melody is named and left out, the others are composed, and the exit code is 2.
    """
    with _told_in_one_line():
        kinds, names = _plan(melodies, out, takes, formats)
        read, bad = _read_all(melodies, track, tempo)
        if read:
            composed = _compose_all([melody for _, melody in read], model, seed, takes)
            for (index, _), scores in zip(read, composed, strict=True):
                bad |= not _write_all(scores, out, names[index], kinds)
        if bad:
            raise typer.Exit(BAD_INPUT)


def _plan(
    files: Sequence[Path], out: Path, takes: int, formats: str
) -> tuple[tuple[str, ...], list[str]]:
    """The formats and, for each file, the stem of its results; refuse what cannot work."""
    from kantor.compose import outputs
    from kantor.music.score import ScoreError

    try:
        kinds = outputs.parse_formats(formats)
    except ScoreError as error:
        raise typer.BadParameter(str(error), param_hint="--format") from None
    if len(files) > MOST_FILES:
        raise typer.BadParameter(f"more than {MOST_FILES} files", param_hint="MELODY")
    names = outputs.stems(files)
    sources = {_identity(file) for file in files} - {None}
    for stem in names:
        for take in range(1, takes + 1):
            if any(_identity(outputs.path_of(out, stem, take, kind)) in sources for kind in kinds):
                raise typer.BadParameter("would overwrite a melody", param_hint="--out")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"{out}: {error.strerror}", param_hint="--out") from None
    return kinds, names


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from all others, whichever path leads to it; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _read_all(
    files: Sequence[Path], track: str | None, tempo: float | None
) -> tuple[list[tuple[int, Melody]], bool]:
    """The melodies with their places among `files`, and whether a file was bad."""
    from dataclasses import replace

    from kantor.compose.melody import read_melody
    from kantor.music.score import ScoreError

    read = []
    for index, file in enumerate(files):
        try:
            melody = read_melody(file, track)
        except ScoreError as error:
            _say(str(error))
            continue
        for message in melody.messages:
            _say(f"{file}: {message}")
        if tempo is not None:
            melody = replace(melody, score=replace(melody.score, tempo=tempo))
        read.append((index, melody))
    return read, len(read) < len(files)


def _compose_all(melodies: Sequence[Melody], uri: str, seed: int, takes: int) -> list[list[Score]]:
    from kantor.compose.composer import compose
    from kantor.registry import load_model

    with _progress("Loading the model", None):
        model = load_model(uri)
    with _progress("Composing", takes * len(melodies)) as made:
        return compose(melodies, model, seed, takes, made)


@contextmanager
def _progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where that is a terminal; yields what moves it on."""
    from rich.console import Console
    from rich.progress import Progress

    # A descriptor of its own, so that the bar is seen while TensorFlow's lines are kept away.
    with os.fdopen(os.dup(2), "w", encoding="utf-8") as terminal:
        console = Console(file=terminal)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(what, total=total)
            yield lambda count: bar.advance(task, count)


def _write_all(scores: Sequence[Score], out: Path, stem: str, kinds: Sequence[str]) -> bool:
    """Write the takes of one melody and print their paths; whether all could be written."""
    from kantor.compose import outputs
    from kantor.music.score import ScoreError

    whole = True
    for take, score in enumerate(scores, start=1):
        for kind in kinds:
            path = outputs.path_of(out, stem, take, kind)
            try:
                outputs.write(score, path, kind)
            except ScoreError as error:
                _say(str(error))
                whole = False
            else:
                typer.echo(path)
    return whole


@app.command("data")
def data_command() -> None:
    """Bring the folder data/ of the repository to what data.dvc pins."""
    with _told_in_one_line():
        from kantor.data.pin import materialise
        from kantor.registry import find_root

        materialise(find_root())


@models.command("list")
def list_command() -> None:
    """List the versions in the registry, the newest first, with aliases and headline figures."""
    with _told_in_one_line():
        from kantor.registry import versions

        for line in _table(versions()):
            typer.echo(line)


def _table(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Rows of the registry in columns as wide as they must be."""
    head = ("version", "aliases", "created", "figures")
    cells = [
        (
            str(row["version"]),
            ", ".join(row["aliases"]) or "-",
            str(row["created"]),
            ", ".join(f"{name} {value:.3g}" for name, value in row["metrics"].items()) or "-",
        )
        for row in rows
    ]
    widths = [max(len(cell[column]) for cell in (head, *cells)) for column in range(3)]
    for cell in (head, *cells):
        yield "  ".join([*map(str.ljust, cell[:3], widths), cell[3]])


@app.command("reference", hidden=True)
def reference_command() -> None:
    """Print this command line's reference in Markdown: docs/cli.md."""
    typer.echo(reference(), nl=False)


def reference() -> str:
    """The help of every command, as Markdown."""
    sections = [
        "# The command line\n\n"
        "Made by `kantor reference > docs/cli.md` from the commands' own help; "
        "a test checks that it is current.\n"
    ]
    for name, text in help_texts():
        sections.append(f"## {name}\n\n```text\n{text}\n```\n")
    return "\n".join(sections)


def help_texts() -> Iterator[tuple[str, str]]:
    """Name and help of each command that is shown, groups before what they hold."""
    waiting: list[tuple[Any, typer.Context | None, str]] = [
        (typer.main.get_command(app), None, "kantor")
    ]
    while waiting:
        command, parent, name = waiting.pop(0)
        context = typer.Context(command, parent=parent, info_name=name, terminal_width=90)
        yield context.command_path, command.get_help(context).rstrip()
        inner = getattr(command, "commands", {})
        waiting = [(c, context, n) for n, c in inner.items() if not c.hidden] + waiting


if __name__ == "__main__":
    sys.exit(app())
