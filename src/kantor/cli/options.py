"""The arguments and options of ``kantor compose``, of which ``kantor batch`` shares some."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CHAMPION = "champion"
MOST_BARS = 1_000

OF_NOTHING = ("bars", "meter", "key", "pickup", "phrase")
"""Options of `kantor compose` that are for a piece from nothing alone."""
OF_FILE = ("given", "voices", "lock_bars", "compose_bars", "fill", "more", "track")
"""Those that are for files alone."""

SEED = typer.Option(min=0, help="Another seed is another composition.")
TAKES = typer.Option(min=1, max=100, help="Compositions of each piece.")
CANDIDATES = typer.Option(
    min=1, max=100, help="Each take is the one of so many that the model's critic likes best."
)

Melodies = Annotated[
    list[Path] | None,
    typer.Argument(metavar="MELODY", help="MIDI or MusicXML files, of one voice or of several."),
]
Given = Annotated[
    str | None,
    typer.Option(
        metavar="VOICES",
        help="The voices that a file gives, such as bass or soprano,bass, or all; soprano if "
        "not said. One given voice needs a melody, several need a file with these voices.",
    ),
]
Voices = Annotated[
    str | None,
    typer.Option(
        metavar="VOICES",
        help="The voices that are composed, such as tenor,alto; the file gives the others.",
    ),
]
LockBars = Annotated[
    str | None,
    typer.Option(
        metavar="BARS",
        help="Bars of a file with four voices in which all are given, such as 1-4,9. Counted as "
        "in print: a pickup is bar 0, the first whole bar is 1.",
    ),
]
ComposeBars = Annotated[
    str | None,
    typer.Option(metavar="BARS", help="The only bars to compose, of a file with four voices."),
]
Fill = Annotated[
    bool,
    typer.Option("--fill", help="Compose only the bars in which a voice rests throughout."),
]
Continue = Annotated[
    int,
    typer.Option(
        "--continue",
        metavar="N",
        min=0,
        max=MOST_BARS,
        help="Compose so many more bars after the file's end, all voices.",
    ),
]
Bars = Annotated[
    int | None,
    typer.Option(min=1, max=MOST_BARS, help="Without a melody: compose so many bars from nothing."),
]
Meter = Annotated[
    str | None, typer.Option(metavar="METER", help="From nothing: such as 3/4 or 6/8; else 4/4.")
]
Key = Annotated[
    str | None,
    typer.Option(metavar="KEY", help="From nothing: such as 'G major' or Bbm; else C major."),
]
Pickup = Annotated[
    float | None,
    typer.Option(
        metavar="BEATS",
        min=0,
        max=64,
        help="From nothing: length before the first whole bar, in the meter's lower number "
        "(quarters in 3/4, eighths in 6/8).",
    ),
]
Phrase = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, max=MOST_BARS, help="From nothing: bars in a phrase, else 4."),
]
Title = Annotated[str | None, typer.Option(metavar="TEXT", help="The title of the results.")]
Out = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder for the results; made if it is missing.")
]
Model = Annotated[
    str,
    typer.Option(
        metavar="URI",
        help="Which model: an alias such as challenger, a version's number, or a folder.",
    ),
]
Seed = Annotated[int, SEED]
Takes = Annotated[int, TAKES]
Candidates = Annotated[int, CANDIDATES]
Temperature = Annotated[
    float | None,
    typer.Option(
        min=0.01,
        max=10,
        help="Creative risk: below 1 the likelier notes, above 1 the rarer ones; "
        "the model's own if not said.",
    ),
]
Passes = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=100,
        help="How often what was composed is refined; the model's own number if not said.",
    ),
]
Tempo = Annotated[
    float | None,
    typer.Option(min=10, max=400, help="Quarters a minute; the file's own if not said."),
]
Format = Annotated[
    str, typer.Option("--format", help="What to write: any of mid, musicxml, npz, wav, png.")
]
Track = Annotated[
    str | None,
    typer.Option(
        metavar="TRACK",
        help="The melody's track, by number (from 1) or name; found if not said.",
    ),
]
