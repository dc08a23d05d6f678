"""``kantor compose``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kantor.cli import console, naming, options

if TYPE_CHECKING:
    from kantor.compose.composer import Request
    from kantor.compose.form import Form
    from kantor.compose.overrides import Overrides
    from kantor.compose.plan import Plan
    from kantor.drumming import Lender
    from kantor.ensemble import Ensemble
    from kantor.music.score import Score

NAME = "composition"  # of what has no file to be named after
EXAMPLES = """Examples:

\b
  kantor compose tune.mid                              alto, tenor and bass to it
  kantor compose tune.mid --takes 3 --seed 7           three others
  kantor compose take.mid --meter 3/4 --pickup 1       say what the file does not
  kantor compose low.mid --transpose fit               where the voices have room
  kantor compose tune.mid --style pop                  chords and bass of pop songs to it
  kantor compose tune.mid --style pop --drums          and drums
  kantor compose bass.mid --given bass                 the melody is the bass
  kantor compose hymn.musicxml --given soprano,bass    new inner voices
  kantor compose hymn.musicxml --compose-bars 5-8      only these bars are new
  kantor compose hymn.musicxml --given all --continue 8 eight more bars
  kantor compose --bars 16 --meter 3/4 --key 'G major' from nothing
"""


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
    meter: options.Meter = None,
    pickup: options.Pickup = None,
    key: options.Key = None,
    tempo: options.Tempo = None,
    transpose: options.Transpose = "0",
    repeats: options.Repeats = "signs",
    bars: options.Bars = None,
    phrase: options.Phrase = None,
    model: options.Model = options.CHAMPION,
    style: options.Style = None,
    drums: options.Drums = False,
    seed: options.Seed = 0,
    takes: options.Takes = 1,
    candidates: options.Candidates = 1,
    temperature: options.Temperature = None,
    passes: options.Passes = None,
    particles: options.Particles = None,
    plainness: options.Plainness = None,
    out: options.Out = Path("compositions"),
    formats: options.Format = None,
    overwrite: options.Overwrite = False,
    layout: options.Layout = "open",
    instrument: options.Instrument = None,
    title: options.Title = None,
) -> None:
    """Compose what is not given: by default what goes with melodies, as alto, tenor and bass.

    What is given comes back note for note, moved by whole octaves only where that suits its
    voice. What had to be done to a file is printed. A file that does not hold what is asked
    of it is named and left out, the others are composed, and the exit code is 2.

    Results are named after the file and the options that shape the music, such as
    tune-bass-given-up3-take1.mid. Where a name exists they get the next number:
    tune-2-take1.mid.
    """
    with console.in_one_line():
        from kantor.compose import outputs
        from kantor.compose.meters import unlearned
        from kantor.compose.overrides import Overrides
        from kantor.compose.plan import Plan
        from kantor.music.instruments import programs_of
        from kantor.registry import scope_of

        typed = _typed(context)
        _check(typed)
        with console.bad_option():
            said = Overrides.parse(track, meter, pickup, key, tempo, transpose, repeats)
        with console.bad_option("--format"):
            kinds = None if formats is None else outputs.parse_formats(formats)
        root = _root(model, style)
        lender = console.lender_of(root) if drums else None
        scope = scope_of(model, root)
        scope = lender.scope(scope) if lender else scope
        form = None if "melodies" in typed else _form(context.params, typed, scope.ensemble)
        with console.bad_option():
            plan = Plan.parse(
                given, voices, lock_bars, compose_bars, fill, more, ensemble=scope.ensemble
            )
        if track is not None and plan.one_line is None:
            raise typer.BadParameter(
                "chooses a melody; of several voices none can be chosen", param_hint="--track"
            )
        with console.bad_option("--instrument"):
            programs = programs_of(instrument, plan.ensemble) if instrument else {}
        with console.bad_option("--out"):
            out.mkdir(parents=True, exist_ok=True)
        read = [(Path(NAME), form.request())] if form else _read_all(melodies or [], plan, said)
        whole = len(read) == len(melodies or [NAME])
        for source, request in read:
            beats = lender.messages(request.score) if lender else []
            for message in (*request.messages, *unlearned(request.score, scope.meters), *beats):
                console.say(message if form else f"{source}: {message}")
        if read:
            asked = [
                _as_asked(request, title, tempo if form else None, programs) for _, request in read
            ]
            composed = _compose_all(asked, root, lender, context.params)
            written = [kinds or outputs.DEFAULTS[request.kind] for request in asked]
            if "layout" in typed and not any("musicxml" in each for each in written):
                console.say("--layout is for MusicXML; --format musicxml writes it")
            stems = _stems([source for source, _ in read], written, context.params, typed)
            for stem, request, scores, each in zip(stems, asked, composed, written, strict=True):
                whole &= _write_all(request, scores, stem, each, context.params)
        if not whole:
            raise typer.Exit(console.BAD_INPUT)


def _typed(context: typer.Context) -> dict[str, Any]:
    """What stands on the command line: its parameters, by their names."""
    typed = {}
    for parameter in context.command.params:
        source = context.get_parameter_source(name := str(parameter.name))
        if source is not None and source.name == "COMMANDLINE":
            typed[name] = parameter
    return typed


def _check(typed: Mapping[str, Any]) -> None:
    """Refuse what is for files where there is none, and what is for none where there is one."""
    of_nothing = [typed[name].opts[0] for name in options.OF_NOTHING if name in typed]
    of_file = [typed[name].opts[0] for name in options.OF_FILE if name in typed]
    if "melodies" in typed:
        if of_nothing:
            raise typer.BadParameter(
                f"{of_nothing[0]} is for a piece from nothing, and there is a file; "
                "--continue composes more bars after it"
            )
    elif "bars" not in typed:
        raise typer.BadParameter(
            "name a file, or compose from nothing with --bars", param_hint="MELODY"
        )
    elif of_file:
        raise typer.BadParameter(f"{of_file[0]} needs a file; from nothing all is composed")


def _form(values: Mapping[str, Any], typed: Mapping[str, Any], ensemble: Ensemble) -> Form:
    """The form of a piece from nothing."""
    from kantor.compose.form import Form

    names = {*options.OF_NOTHING, *options.OF_BOTH} & typed.keys()
    with console.bad_option():
        return Form.parse(**{name: values[name] for name in names}, ensemble=ensemble)


def _root(model: str, style: str | None) -> Path | None:
    """The folder of the style that is named; then the model must be one of its versions."""
    if style is not None and (Path(model).exists() or not re.fullmatch(r"@?[\w-]+", model)):
        raise typer.BadParameter(
            f"{model} is a model by itself; with --style name an alias or a version's number",
            param_hint="--model",
        )
    return console.folder_of(style)


def _read_all(files: Sequence[Path], plan: Plan, said: Overrides) -> list[tuple[Path, Request]]:
    """The files with their requests; bad ones are named and left out."""
    from kantor.compose.from_file import read_request
    from kantor.errors import InputError

    read = []
    for file in files:
        try:
            read.append((file, read_request(file, plan, said)))
        except InputError as error:
            console.say(str(error))
    return read


def _as_asked(
    request: Request, title: str | None, tempo: float | None, programs: Mapping[int, int]
) -> Request:
    """The request with the title, the tempo and the instruments that were asked for."""
    from kantor.errors import one_line

    fields: dict[str, Any] = {} if tempo is None else {"tempo": tempo}
    if title is not None:
        fields["title"] = one_line(title)
    if programs:
        fields["ensemble"] = request.score.ensemble.playing(programs)
    return replace(request, score=replace(request.score, **fields))


def _compose_all(
    requests: Sequence[Request], root: Path | None, lender: Lender | None, said: Mapping[str, Any]
) -> list[list[Score]]:
    """The takes of each request; `said` are the command's options, `root` a style's folder."""
    from kantor.compose.composer import compose
    from kantor.registry import load_model

    sampling = {name: said[name] for name in options.SAMPLING if said[name] is not None}
    with console.progress("Loading the model"):
        own = load_model(said["model"], root)
        model = lender.added_to(own) if lender else own
    if lender:
        console.say(f"{model.source}, which learned them from: {lender.data or 'not told'}")
    seed, takes, candidates = said["seed"], said["takes"], said["candidates"]
    with console.progress("Composing", candidates * takes * len(requests)) as made:
        return compose(requests, model, seed, takes, made, candidates=candidates, sampling=sampling)


def _stems(
    sources: Sequence[Path],
    kinds: Sequence[Sequence[str]],
    values: Mapping[str, Any],
    typed: Mapping[str, Any],
) -> list[str]:
    """The names of each file's results: they tell the options, and write over no melody.

    Nor, if that was not asked for, over any other file: they get the next number together.
    """
    from kantor.compose import outputs

    melodies = {os.path.realpath(source) for source in sources}
    takes, wanted = range(1, values["takes"] + 1), dict(zip(sources, kinds, strict=True))

    def is_free(source: Path, stem: str) -> bool:
        """Whether nothing is lost by writing the takes of a melody by this name."""
        paths = [
            outputs.path_of(values["out"], stem, take, kind)
            for take in takes
            for kind in wanted[source]
        ]
        if not melodies.isdisjoint(map(os.path.realpath, paths)):
            return False
        return values["overwrite"] or not any(map(os.path.lexists, paths))

    differing = {name: values[name] for name in typed if values[name] != typed[name].default}
    return outputs.stems(sources, naming.suffix(differing), is_free)


def _write_all(
    request: Request,
    scores: Sequence[Score],
    stem: str,
    kinds: Sequence[str],
    said: Mapping[str, Any],
) -> bool:
    """Write the takes of one request and print the paths; whether all could be written.

    `said` are the command's options.
    """
    from kantor.compose import outputs
    from kantor.errors import InputError

    whole = True
    for take, score in enumerate(scores, start=1):
        for kind in kinds:
            path = outputs.path_of(said["out"], stem, take, kind)
            try:
                outputs.write(score, path, kind, request.mask, said["layout"], said["overwrite"])
            except InputError as error:
                console.say(str(error))
                whole = False
            else:
                typer.echo(path)
    return whole
