"""The arguments and options of ``kantor compose``, of which ``kantor batch`` shares some."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

CHAMPION = "champion"
MOST_BARS = 1_000  # as `kantor.compose.plan` has it, which takes long to import

# Options that are for a piece from nothing alone, for files alone, and for both.
OF_NOTHING = ("bars", "phrase")
OF_FILE = (
    "given", "voices", "lock_bars", "compose_bars", "fill", "more", "track", "transpose", "repeats",
)  # fmt: skip
OF_BOTH = ("meter", "key", "pickup")
SAMPLING = ("temperature", "passes", "particles", "plainness")
"""Options that are the model's own where they are not said."""

GIVEN, READ, NOTHING = "What is given", "How a file is read", "From nothing"
COMPOSED, WRITTEN = "How it is composed", "What is written"
_given, _read, _nothing, _composed, _written = (
    partial(typer.Option, rich_help_panel=section)
    for section in (GIVEN, READ, NOTHING, COMPOSED, WRITTEN)
)

SEED = _composed(metavar="N", min=0, help="Another seed is another composition.")
TAKES = _composed(metavar="N", min=1, max=100, help="Compositions of each piece.")
CANDIDATES = _composed(
    metavar="N",
    min=1,
    max=100,
    help="Each take is the one of so many that the model's critic likes best.",
)

Melodies = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="MELODY", help="MIDI, MusicXML or ABC files, of one voice or of several."
    ),
]
Given = Annotated[
    str | None,
    _given(
        metavar="VOICES",
        help="The voices that a file gives, such as bass or soprano,bass, or all; if not said the "
        "one that leads, as soprano does. One given voice needs a melody, several need a file with "
        "these voices.",
    ),
]
Voices = Annotated[
    str | None,
    _given(
        metavar="VOICES",
        help="The voices that are composed, such as tenor,alto; the file gives the others.",
    ),
]
LockBars = Annotated[
    str | None,
    _given(
        metavar="BARS",
        help="Bars of a file with all voices in which all are given, such as 1-4,9. Counted as "
        "in print: a pickup is bar 0, the first whole bar is 1.",
    ),
]
ComposeBars = Annotated[
    str | None,
    _given(
        metavar="BARS",
        help="The only bars to compose, of a file with all voices.",
    ),
]
Fill = Annotated[
    bool,
    _given(
        "--fill",
        help="Compose only the bars in which a voice rests throughout.",
    ),
]
Continue = Annotated[
    int,
    _given(
        "--continue",
        metavar="N",
        min=0,
        max=MOST_BARS,
        help="Compose so many more bars after the file's end, all voices.",
    ),
]
Track = Annotated[
    str | None,
    _read(
        metavar="TRACK",
        help="The melody's track, by number (from 1) or name; found if not said.",
    ),
]
Meter = Annotated[
    str | None,
    _read(
        metavar="METER",
        help="The meter, such as 3/4 or 6/8; the file's own if not said.",
    ),
]
Pickup = Annotated[
    float | None,
    _read(
        metavar="BEATS",
        min=0,
        max=64,
        help="Length before the first whole bar, in the meter's lower number (quarters in 3/4, "
        "eighths in 6/8); 0 for none.",
    ),
]
Key = Annotated[
    str | None,
    _read(
        metavar="KEY",
        help="The key of the file's notes, such as 'G major' or Bbm; found if not said. It moves "
        "no note: --transpose does.",
    ),
]
Tempo = Annotated[
    float | None,
    _read(
        metavar="TEMPO",
        min=10,
        max=400,
        help="Quarters a minute; the file's own if not said.",
    ),
]
Transpose = Annotated[
    str,
    _read(
        metavar="SEMITONES",
        help="Move the whole piece, such as by 3 or -2 semitones; fit: to where the voices have "
        "room.",
    ),
]
Repeats = Annotated[
    str,
    _read(
        metavar="signs|written-out",
        help="What becomes of the repeats of MusicXML; they stay signs or are written out.",
    ),
]
Bars = Annotated[
    int | None,
    _nothing(
        metavar="N",
        min=1,
        max=MOST_BARS,
        help="Without a file: compose so many bars. --meter (4/4 if not said), --key (C major), "
        "--pickup and --tempo hold here too.",
    ),
]
Phrase = Annotated[
    int | None,
    _nothing(
        metavar="N",
        min=1,
        max=MOST_BARS,
        help="Bars in a phrase; 4 if not said.",
    ),
]
Model = Annotated[
    str,
    _composed(
        metavar="URI",
        help="Which model: an alias such as challenger, a version's number, a folder, or a file "
        "of `kantor models export`.",
    ),
]
Style = Annotated[
    str | None,
    _composed(
        metavar="NAME",
        help="In which style: with the champion of its model, or with what --model names of its "
        "versions. `kantor styles` lists the styles; Bach's if not said.",
    ),
]
Drums = Annotated[
    bool,
    _composed(
        "--drums",
        help="With drums by the model of another style, where --style names one that can have "
        "some, such as pop.",
    ),
]
OfStyle = Annotated[
    str | None,
    typer.Option("--style", metavar="NAME", help="Of which style; Bach's if not said."),
]
Seed = Annotated[int, SEED]
Takes = Annotated[int, TAKES]
Port = Annotated[
    int, typer.Option(min=1, max=65535, metavar="PORT", help="Where the page is served.")
]
Browser = Annotated[
    bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
]
Candidates = Annotated[int, CANDIDATES]
Temperature = Annotated[
    float | None,
    _composed(
        metavar="NUMBER",
        min=0.01,
        max=10,
        help="Creative risk: below 1 the likelier notes, above 1 the rarer ones; "
        "the model's own if not said.",
    ),
]
Passes = Annotated[
    int | None,
    _composed(
        metavar="N",
        min=0,
        max=100,
        help="How often what was composed is refined; the model's own number if not said.",
    ),
]
Particles = Annotated[
    int | None,
    _composed(
        metavar="N",
        min=1,
        max=64,
        help="So many versions of a take grow side by side, and after each beat the better ones go "
        "on; 1 is fastest. The model's own number if not said.",
    ),
]
Plainness = Annotated[
    float | None,
    _composed(
        metavar="NUMBER",
        min=0,
        max=1,
        help="0 to 1: fewer passing notes, and fewer foreign to the key; 1 is as plain as a hymn "
        "book. The model's own if not said.",
    ),
]
Out = Annotated[
    Path,
    _written(
        metavar="DIR",
        help="Folder for the results; made if it is missing.",
    ),
]
Format = Annotated[
    str | None,
    _written(
        "--format",
        metavar="FORMATS",
        help="Any of mid, musicxml, npz, wav, mp3, ogg, png. If not said, mid,png; of a file "
        "that is MusicXML or ABC musicxml too.",
    ),
]
Overwrite = Annotated[
    bool,
    _written(
        "--overwrite",
        help="Write over results of the same name; else the new ones get the next number. A "
        "melody is never written over.",
    ),
]
Layout = Annotated[
    Literal["open", "closed"],
    _written(
        metavar="open|closed",
        help="Staves of MusicXML: one for each voice, or two for all four as in hymnals.",
    ),
]
Instrument = Annotated[
    str | None,
    _written(
        metavar="NAMES",
        help="What plays, such as piano, organ, strings or choir; or for some voices, such as "
        "soprano=flute,bass=cello. Any name or number (1 to 128) of General MIDI. If not said, "
        "the given voice has the file's own, the others are a choir.",
    ),
]
Title = Annotated[
    str | None,
    _written(metavar="TEXT", help="The title of the results."),
]
