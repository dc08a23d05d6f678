"""``kantor compose``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kantor.cli import console, options

if TYPE_CHECKING:
    from kantor.compose.composer import Request
    from kantor.compose.form import Form
    from kantor.compose.plan import Plan
    from kantor.music.score import Score

NAME = "composition"  # of what has no file to be named after


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
        from kantor.compose import outputs
        from kantor.compose.plan import Plan

        form = _form(context)
        with console.bad_option():
            plan = Plan.parse(given, voices, lock_bars, compose_bars, fill, more)
        if track is not None and plan.one_line is None:
            raise typer.BadParameter(
                "chooses a melody; of several voices none can be chosen", param_hint="--track"
            )
        with console.bad_option("--format"):
            kinds = outputs.parse_formats(formats)
        sources = _named(melodies or [Path(NAME)], out, takes, kinds)
        requests = {NAME: form.request()} if form else _read_all(sources, plan, track)
        for stem, request in requests.items():
            for message in request.messages:
                console.say(message if form else f"{sources[stem]}: {message}")
        whole = len(requests) == len(sources)
        if requests:
            asked = [_titled(request, title, tempo) for request in requests.values()]
            composed = _compose_all(asked, context.params)
            for stem, request, scores in zip(requests, asked, composed, strict=True):
                whole &= _write_all(request, scores, out, stem, kinds)
        if not whole:
            raise typer.Exit(console.BAD_INPUT)


def _form(context: typer.Context) -> Form | None:
    """The form of a piece from nothing, None where there are files; refuse what is for others."""
    from kantor.compose.form import Form

    said = {}
    for parameter in context.command.params:
        source = context.get_parameter_source(name := str(parameter.name))
        if source is not None and source.name == "COMMANDLINE":
            said[name] = parameter.opts[0]
    of_nothing = {name: option for name, option in said.items() if name in options.OF_NOTHING}
    of_file = [option for name, option in said.items() if name in options.OF_FILE]
    if "melodies" in said:
        for option in of_nothing.values():
            raise typer.BadParameter(
                f"{option} is for a piece from nothing; a file has its own "
                "(--continue composes more bars after it)"
            )
        return None
    if "bars" not in said:
        raise typer.BadParameter(
            "name a file, or compose from nothing with --bars", param_hint="MELODY"
        )
    if of_file:
        raise typer.BadParameter(f"{of_file[0]} needs a file; from nothing all is composed")
    with console.bad_option():
        return Form.parse(**{name: context.params[name] for name in of_nothing})


def _named(files: Sequence[Path], out: Path, takes: int, kinds: Sequence[str]) -> dict[str, Path]:
    """The files by the stems of their results; refuse what cannot be written, make the folder."""
    from kantor.compose import outputs

    names = outputs.stems(files)
    sources = {os.path.realpath(file) for file in files}
    results = (
        os.path.realpath(outputs.path_of(out, stem, take, kind))
        for stem in names
        for take in range(1, takes + 1)
        for kind in kinds
    )
    if not sources.isdisjoint(results):
        raise typer.BadParameter("would overwrite a melody", param_hint="--out")
    with console.bad_option("--out"):
        out.mkdir(parents=True, exist_ok=True)
    return dict(zip(names, files, strict=True))


def _read_all(files: Mapping[str, Path], plan: Plan, track: str | None) -> dict[str, Request]:
    """The requests by their stems; those of bad files are left out."""
    from kantor.compose.from_file import read_request
    from kantor.errors import InputError

    requests = {}
    for stem, file in files.items():
        try:
            requests[stem] = read_request(file, plan, track)
        except InputError as error:
            console.say(str(error))
    return requests


def _titled(request: Request, title: str | None, tempo: float | None) -> Request:
    """The request with the title and tempo that were asked for."""
    from kantor.errors import one_line

    said = {"title": None if title is None else one_line(title), "tempo": tempo}
    fields: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    return replace(request, score=replace(request.score, **fields))


def _compose_all(requests: Sequence[Request], said: Mapping[str, Any]) -> list[list[Score]]:
    """The takes of each request; `said` are the command's options."""
    from kantor.compose.composer import compose
    from kantor.registry import load_model

    sampling = {name: said[name] for name in ("temperature", "passes") if said[name] is not None}
    with console.progress("Loading the model"):
        model = load_model(said["model"])
    seed, takes, candidates = said["seed"], said["takes"], said["candidates"]
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
