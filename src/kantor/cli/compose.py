"""``kantor compose``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kantor.cli import console, options

if TYPE_CHECKING:
    from kantor.compose.form import Form
    from kantor.compose.plan import Plan
    from kantor.compose.request import Request
    from kantor.music.score import Score

MOST_FILES = 1_000
NAME = "composition"  # of what has no file to be named after

# Options that are for a piece from nothing alone, and those that are for files alone.
OF_NOTHING = ("bars", "meter", "key", "pickup", "phrase")
OF_FILE = {
    "given": "--given",
    "voices": "--voices",
    "lock_bars": "--lock-bars",
    "compose_bars": "--compose-bars",
    "fill": "--fill",
    "more": "--continue",
    "track": "--track",
}


def compose_command(
    context: typer.Context,
    melodies: options.Melodies = None,
    given: options.Given = None,
    voices: options.Voices = None,
    lock_bars: options.LockBars = None,
    compose_bars: options.ComposeBars = None,
    fill: options.Fill = False,
    more: options.Continue = 0,
    track: options.Track = None,
    bars: options.Bars = None,
    meter: options.Meter = None,
    key: options.Key = None,
    pickup: options.Pickup = None,
    phrase: options.Phrase = None,
    out: options.Out = Path("compositions"),
    formats: options.Format = "mid,png",
    title: options.Title = None,
    tempo: options.Tempo = None,
    model: options.Model = options.CHAMPION,
    seed: options.Seed = 0,
    takes: options.Takes = 1,
    candidates: options.Candidates = 1,
    temperature: options.Temperature = None,
    passes: options.Passes = None,
) -> None:
    """Compose what is not given: by default alto, tenor and bass to melodies.

    What is given comes back note for note, moved by whole octaves only where that suits its
    voice. What had to be done to a file is printed. A file that does not hold what is asked
    of it is named and left out, the others are composed, and the exit code is 2.
    """
    with console.in_one_line():
        form = _form(context.params)
        plan = _plan(given, voices, lock_bars, compose_bars, fill, more, track)
        kinds, names = _destinations(melodies or [Path(NAME)], out, takes, formats)
        asked = _from_nothing(form) if form else _read_all(melodies or [], plan, track)
        bad = len(asked) < len(names)
        if asked:
            requests = [_titled(request, title, tempo) for _, request in asked]
            said = {"temperature": temperature, "passes": passes}
            sampling = {name: value for name, value in said.items() if value is not None}
            composed = _compose_all(requests, model, seed, takes, candidates, sampling)
            for (index, request), scores in zip(asked, composed, strict=True):
                bad |= not _write_all(request, scores, out, names[index], kinds)
        if bad:
            raise typer.Exit(console.BAD_INPUT)


def _form(said: Mapping[str, Any]) -> Form | None:
    """The form of a piece from nothing, None where there are files; refuse what is for others.

    Parameters
    ----------
    said
        All options by name; what was not said is None, False or 0.
    """
    of_nothing = [name for name in OF_NOTHING if said[name] is not None]
    of_file = [option for name, option in OF_FILE.items() if said[name] not in (None, False, 0)]
    if said["melodies"]:
        if of_nothing:
            raise typer.BadParameter(
                f"--{of_nothing[0]} is for a piece from nothing; a file has its own "
                "(--continue composes more bars after it)"
            )
        return None
    if said["bars"] is None:
        raise typer.BadParameter(
            "name a file, or compose from nothing with --bars", param_hint="MELODY"
        )
    if of_file:
        raise typer.BadParameter(f"{of_file[0]} needs a file; from nothing all is composed")
    from kantor.compose.form import Form

    with console.bad_option():
        return Form.parse(**{name: said[name] for name in of_nothing})


def _plan(
    given: str | None,
    voices: str | None,
    lock_bars: str | None,
    compose_bars: str | None,
    fill: bool,
    more: int,
    track: str | None,
) -> Plan:
    """What of each file is given."""
    from kantor.compose.plan import Plan

    with console.bad_option():
        plan = Plan.parse(given, voices, lock_bars, compose_bars, fill, more)
    if track is not None and plan.one_line is None:
        raise typer.BadParameter(
            "chooses a melody; of several voices none can be chosen", param_hint="--track"
        )
    return plan


def _destinations(
    files: Sequence[Path], out: Path, takes: int, formats: str
) -> tuple[tuple[str, ...], list[str]]:
    """The formats and, for each file, the stem of its results; refuse what cannot work."""
    from kantor.compose import outputs

    with console.bad_option("--format"):
        kinds = outputs.parse_formats(formats)
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
    except FileExistsError:
        raise typer.BadParameter(f"{out}: a file, not a folder", param_hint="--out") from None
    except OSError as error:
        raise typer.BadParameter(
            f"{out}: cannot be made ({error.strerror}); choose another folder", param_hint="--out"
        ) from None
    return kinds, names


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from all others, whichever path leads to it; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _from_nothing(form: Form) -> list[tuple[int, Request]]:
    request = form.request()
    for message in request.messages:
        console.say(message)
    return [(0, request)]


def _read_all(files: Sequence[Path], plan: Plan, track: str | None) -> list[tuple[int, Request]]:
    """The requests with their places among `files`; those of bad files are left out."""
    from kantor.compose.from_file import read_request
    from kantor.errors import InputError

    asked = []
    for index, file in enumerate(files):
        try:
            request = read_request(file, plan, track)
        except InputError as error:
            console.say(str(error))
            continue
        for message in request.messages:
            console.say(f"{file}: {message}")
        asked.append((index, request))
    return asked


def _titled(request: Request, title: str | None, tempo: float | None) -> Request:
    """The request with the title and tempo that were asked for."""
    from kantor.errors import one_line

    score = request.score
    score = score if title is None else replace(score, title=one_line(title))
    score = score if tempo is None else replace(score, tempo=tempo)
    return replace(request, score=score)


def _compose_all(
    requests: Sequence[Request],
    uri: str,
    seed: int,
    takes: int,
    candidates: int,
    sampling: Mapping[str, float],
) -> list[list[Score]]:
    from kantor.compose.composer import compose
    from kantor.registry import load_model

    with console.progress("Loading the model", None):
        model = load_model(uri)
    with console.progress("Composing", candidates * takes * len(requests)) as made:
        return compose(requests, model, seed, takes, made, candidates=candidates, sampling=sampling)


def _write_all(
    request: Request, scores: Sequence[Score], out: Path, stem: str, kinds: Sequence[str]
) -> bool:
    """Write the takes of one request and print their paths; whether all could be written."""
    from kantor.compose import outputs
    from kantor.errors import InputError

    whole = True
    for take, score in enumerate(scores, start=1):
        for kind in kinds:
            path = outputs.path_of(out, stem, take, kind)
            try:
                outputs.write(score, path, kind, request.mask)
            except InputError as error:
                console.say(str(error))
                whole = False
            else:
                typer.echo(path)
    return whole
