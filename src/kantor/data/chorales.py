"""The JSB Chorales: the table of the set, and its files from the installed music21 package.

The files are copied byte for byte. They are not in git: most of them reserve non-commercial use
to their encoders.
"""

from __future__ import annotations

import csv
import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from kantor.errors import SetupError

_README = """\
# data: the raw scores

`jsb/` holds 371 four-part chorales by Johann Sebastian Bach, those of the published "JSB
Chorales" set that are found in the corpus of the Python package music21 (the set has 382). The
files are that package's own, byte for byte; `make data` copies them from the installed release
and compares them with the hash in `data.dvc`. `scores/` is for your own files.

Provenance and licence: music21 is under the BSD licence, but its corpus is included "with the
permission of the encoders", and most of the Bach files carry a notice by Margaret Greentree that
reserves commercial use. So these files are built when they are needed and never committed: keep
to non-commercial use, and do not redistribute them.
"""

_SCORES_README = """\
# Your own scores

Put MIDI (.mid) or MusicXML (.musicxml, .xml, .mxl) files here, in folders if you like. Then:

    dvc add data
    dvc repro

The first line moves the pin, the second one reads the files, checks them and trains again.
A file that cannot be read as four voices is listed with the reason in `build/refused.csv`.
"""


@dataclass(frozen=True)
class Chorale:
    """A row of the table of chorales.

    `split` (``train``, ``valid`` or ``test``) and `index`, from 0, are its place in the published
    set, which differs from the corpus by `transposition`, in semitones, and by whether it plays
    the `repeats`. `file` is its name in music21's corpus, in the folder ``bach``.
    """

    split: str
    index: int
    file: str
    transposition: int
    repeats: bool


def chorales() -> list[Chorale]:
    """The 371 chorales of the published set that music21's corpus has, in the set's order."""
    with Path(__file__).with_name("jsb.csv").open(newline="", encoding="utf-8") as lines:
        _, *rows = csv.reader(lines)
    return [
        Chorale(split, int(index), file, int(transposition), repeats == "1")
        for split, index, file, transposition, repeats in rows
    ]


def raw_scores() -> dict[str, bytes]:
    """The files of the folder ``data/`` by their paths in it: the chorales and two READMEs.

    Raises
    ------
    SetupError
        If music21 is not installed or its corpus lacks one of the chorales.
    """
    folder = corpus() / "bach"
    files = {"README.md": _README.encode(), "scores/README.md": _SCORES_README.encode()}
    for chorale in chorales():
        try:
            files[f"jsb/{chorale.file}"] = (folder / chorale.file).read_bytes()
        except FileNotFoundError:
            installed, required = releases()
            raise SetupError(
                f"bach/{chorale.file} is not in music21 {installed}; Kantor needs {required}"
            ) from None
    return files


def corpus() -> Path:
    """The folder of music21's corpus; raises `SetupError` if it is not installed."""
    spec = importlib.util.find_spec("music21")
    if spec is None or not spec.submodule_search_locations:
        raise SetupError("music21 is not installed: run `make` again, or `uv pip sync` by hand")
    return Path(spec.submodule_search_locations[0]) / "corpus"


def releases() -> tuple[str, str]:
    """The installed release of music21, and the one that this Kantor was made with."""
    requirements = importlib.metadata.requires("kantor") or ()
    required = next((line for line in requirements if line.startswith("music21")), "any music21")
    return importlib.metadata.version("music21"), required
