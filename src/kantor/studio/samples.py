"""Melodies to begin with: folk tunes, read from where the package music21 has them.

The tunes are in the public domain; the files stay where they are installed. One whose file is
missing is left out.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kantor.intake import Limits
from kantor.studio.document import Piece, Source, Strict
from kantor.studio.file_reading import FileOptions, Kept, file_piece
from kantor.studio.problems import Problem
from kantor.studio.starts import begun

_REPOSITORY = Path(__file__).parents[3]
_ESSEN, _ONEILL = "Essen folksong collection", "O'Neill's Music of Ireland, 1903"


class Sample(Strict):
    """A melody to begin with."""

    id: str
    title: str
    meter: str
    key: str
    bars: int
    origin: str


@dataclass(frozen=True, eq=False)
class _Tune:
    sample: Sample
    file: str  # below music21's corpus, or below the repository where it begins with docs/
    number: int  # of the tune within the file, its X:
    tempo: float  # quarters a minute


def _tune(
    about: tuple[str, str, str, str, int], origin: str, file: str, number: int, tempo: float
) -> _Tune:
    id, title, meter, key, bars = about
    sample = Sample(id=id, title=title, meter=meter, key=key, bars=bars, origin=origin)
    return _Tune(sample, file, number, tempo)


_TUNES = (
    _tune(
        ("ode-to-joy", "Ode to Joy", "4/4", "D major", 16),
        "Beethoven, Symphony No. 9",
        "docs/melodies/ode_to_joy.mid",
        0,
        100,
    ),
    _tune(
        ("water-of-tyne", "The Water of Tyne", "6/8", "D major", 8),
        "Northumbrian Minstrelsy, 1882",
        "miscFolk/northumbrianminstrelsyopus.abc",
        23,
        84,
    ),
    _tune(
        ("schlaf-kindlein", "Schlaf, Kindlein, schlaf", "2/4", "F major", 9),
        f"German lullaby, {_ESSEN}",
        "essenFolksong/kinder0.abc",
        1,
        72,
    ),
    _tune(
        ("letzte-rose", "The Last Rose of Summer", "3/4", "F major", 16),
        f"Irish tune with German words, {_ESSEN}",
        "essenFolksong/boehme20.abc",
        239,
        80,
    ),
    _tune(
        ("winter-vergangen", "Der Winter ist vergangen", "4/4", "G major", 16),
        f"German song, {_ESSEN}",
        "essenFolksong/erk10.abc",
        453,
        104,
    ),
    _tune(
        ("little-black-rose", "The Little Black Rose", "3/4", "C minor", 16),
        f"Irish air, {_ONEILL}",
        "oneills1850/0051-0100.abc",
        70,
        84,
    ),
    _tune(
        ("bobby-shaftoe", "Bobby Shaftoe", "2/4", "Bb major", 16),
        "Northumbrian Minstrelsy, 1882",
        "miscFolk/northumbrianminstrelsyopus.abc",
        39,
        96,
    ),
    _tune(
        ("muss-i-denn", "Muss i denn", "2/4", "F major", 16),
        f"Swabian song, {_ESSEN}",
        "essenFolksong/erk20.abc",
        207,
        88,
    ),
    _tune(
        ("londonderry", "Londonderry Love Song", "4/4", "E minor", 16),
        f"Irish air, {_ONEILL}",
        "oneills1850/0101-0200.abc",
        188,
        92,
    ),
    _tune(
        ("mai-gekommen", "Der Mai ist gekommen", "3/4", "F major", 16),
        f"German song, {_ESSEN}",
        "essenFolksong/boehme20.abc",
        26,
        112,
    ),
    _tune(
        ("garryowen", "Garryowen", "6/8", "G major", 16),
        f"Irish jig, {_ONEILL}",
        "oneills1850/0951-0981.abc",
        971,
        132,
    ),
    _tune(
        ("yankee-doodle", "Yankee Doodle", "2/4", "D major", 16),
        "American fife tune",
        "miscFolk/americanfifeopus.abc",
        30,
        100,
    ),
)


@cache
def samples() -> tuple[Sample, ...]:
    """The melodies whose files are there."""
    return tuple(tune.sample for tune in _TUNES if _path(tune).is_file())


def sample_piece(id: str, options: FileOptions) -> tuple[Piece, dict[str, bytes]]:
    """The piece of a sample, and the file to keep beside it.

    Raises
    ------
    Problem
        404 if there is no such sample.
    """
    tune = next((one for one in _TUNES if one.sample.id == id and _path(one).is_file()), None)
    if tune is None:
        raise Problem(404, f"no sample melody {id!r}; the list has those that there are")
    return _piece(tune, options), {f"source{Path(tune.file).suffix}": _bytes(tune)}


def _piece(tune: _Tune, options: FileOptions) -> Piece:
    said = options.model_copy(update={"tempo": options.tempo or tune.tempo})
    source = Source(kind="sample", name=f"{tune.sample.title} ({tune.sample.origin})")
    piece = file_piece(Kept(Path(tune.file).name, _bytes(tune)), said, Limits(), source)
    piece = piece.model_copy(update={"title": tune.sample.title})
    return begun(piece, f"sample melody: {tune.sample.title}")


@cache
def _bytes(tune: _Tune) -> bytes:
    """The tune alone, as a file."""
    data = _path(tune).read_bytes()
    if not tune.number:
        return data
    found = re.search(rb"(?m)^X:\s*0*%d\s*$.*?(?=^X:|\Z)" % tune.number, data, re.DOTALL)
    if found is None:
        raise Problem(404, f"{tune.sample.title} is not in the installed music21")
    return found[0]


def _path(tune: _Tune) -> Path:
    if tune.file.startswith("docs/"):
        return _REPOSITORY / tune.file
    return _corpus() / tune.file


@cache
def _corpus() -> Path:
    """Where music21 is installed; it is not imported, which would take seconds."""
    package = importlib.util.find_spec("music21")
    origin = package.origin if package else None
    return Path(origin).parent / "corpus" if origin else Path("nowhere")
