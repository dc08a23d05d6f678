"""How often the melody is found in files that hold more than it.

``python benchmarks/choosing.py`` asks `choose_part` for the melody of each file, with the names
of its parts and without them. The weights of `kantor.compose.melody_sound` were fitted to other
files: every second one of POP909 and of the lead sheets, and 300 other folk tunes.

Conventions
-----------
*Pop songs* are those of POP909, at ``styles/pop`` of the reference data: the right track is
MELODY, not BRIDGE or PIANO. *Pop, voice and piano* leaves BRIDGE out. *Lead sheets* are those at
``styles/jazz``, one melody each; *folk tunes* are from the corpus of music21. Both get each of the
`WAYS` to accompany by rule: the melody is real, what is beside it is not. *Songs with piano* are
the files of music21's corpus with one singer or wind player and a piano.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import harness
import tunes

from kantor.compose.choosing import choose_part
from kantor.compose.melody import top_line
from kantor.errors import InputError
from kantor.formats.parsed import Part
from kantor.formats.reading import read
from kantor.music.notes import TimedNote

Notes = list[TimedNote]
Case = tuple[tuple[Part, ...], int]  # parts, and the source of the one with the melody

SONGS = (
    "Lascia_chio_pianga.mxl", "Lindenbaum.xml", "dichterliebe_no2.xml", "opus48no2.mxl",
    "incorrect_time_signature_pv.mxl", "concertino_clarinet.mxl",
)  # fmt: skip
_HALF, _EIGHTH = 2, Fraction(1, 2)  # quarters; a chord lasts a half note


def chords(melody: Sequence[TimedNote]) -> Iterator[tuple[int, tuple[int, int, int]]]:
    """The quarter at which each chord begins, and its notes' distances from C.

    It is the triad that fits the most time of these two quarters, then of the piece.
    """
    triads = [(root, root + third, root + 7) for root in range(12) for third in (3, 4)]

    end = int(melody[-1].end) + 1
    piece = _sounding(melody, 0, end)
    for start in range(0, end, _HALF):
        here = _sounding(melody, start, start + _HALF)
        fits = {t: [sum(time[p % 12] for p in t) for time in (here, piece)] for t in triads}
        yield start, max(triads, key=fits.__getitem__)


def _sounding(melody: Sequence[TimedNote], start: int, end: int) -> list[Fraction]:
    """How long each of the twelve notes sounds in a stretch."""
    sounding = [Fraction(0)] * 12
    for note in melody:
        if note.start < end and note.end > start:
            sounding[note.pitch % 12] += min(note.end, end) - max(note.start, start)
    return sounding


def played(start: Fraction | int, length: Fraction | int, *pitches: int) -> Notes:
    """Notes that sound together."""
    return [TimedNote(Fraction(start), Fraction(start) + length, pitch) for pitch in pitches]


def block(melody: Notes, low: int = 48) -> list[Notes]:
    """Whole chords, here below middle C, as long as they hold."""
    return [[n for start, c in chords(melody) for n in played(start, _HALF, *(low + p for p in c))]]


def broken(melody: Notes, low: int, order: Sequence[int]) -> Notes:
    """The notes of the chords in eighths, one at a time."""
    return [
        note
        for start, chord in chords(melody)
        for place, index in enumerate(order)
        for note in played(start + place * _EIGHTH, _EIGHTH, low + chord[index])
    ]


def stride(melody: Notes) -> list[Notes]:
    """A bass note on the first quarter of each chord, the chord on the second; two tracks."""
    changes = list(chords(melody))
    bass = [n for start, c in changes for n in played(start, 1, 36 + c[0])]
    return [bass, [n for start, c in changes for n in played(start + 1, 1, *(60 + p for p in c))]]


def doubled(melody: Notes) -> list[Notes]:
    """A piano that plays the melody along with chords below it, and octaves in the bass."""
    left = [n for start, c in chords(melody) for n in played(start, _HALF, 36 + c[0], 48 + c[0])]
    return [sorted(melody + block(melody)[0]), left]


def duet(melody: Notes) -> list[Notes]:
    """A second voice a third below, and a broken-chord bass."""
    return [
        [note._replace(pitch=note.pitch - 4) for note in melody],
        broken(melody, 48, (0, 2, 1, 2)),
    ]


def descant(melody: Notes) -> list[Notes]:
    """A voice above the second half of the melody, two quarters a note, and chords."""
    half, top = melody[len(melody) // 2].start, max(note.pitch for note in melody)
    changes = [(start, top + 1 + (c[0] - top - 1) % 12) for start, c in chords(melody)]
    high = [n for start, pitch in changes if start >= half for n in played(start, _HALF, pitch)]
    return [high, *block(melody)]


WAYS: dict[str, Callable[[Notes], list[Notes]]] = {
    "chords below": block,
    "chords above": lambda melody: block(melody, 72),
    "arpeggios": lambda melody: [broken(melody, 60, (0, 1, 2, 1))],
    "broken-chord bass": lambda melody: [broken(melody, 48, (0, 2, 1, 2))],
    "bass and chords": stride,
    "piano with the tune": doubled,
    "second voice": lambda melody: [
        [n._replace(pitch=n.pitch - 4) for n in melody],
        *block(melody),
    ],
    "descant": descant,
}


def accompanied(paths: Iterable[Path], way: Callable[[Notes], list[Notes]]) -> Iterator[Case]:
    """The melody of each file, with an accompaniment; it stands behind in every second one."""
    for number, path in enumerate(paths):
        try:
            melody, _ = top_line([note for part in read(path).parts for note in part.notes])
        except InputError:
            continue
        if len(melody) >= 8:
            lines = [melody, *filter(None, way(melody))]
            parts = [Part("", tuple(own), source=at) for at, own in enumerate(lines)]
            yield tuple(parts[:: -1 if number % 2 else 1]), 0


def pop(paths: Iterable[Path], without: str = "") -> Iterator[Case]:
    """Songs of POP909; the few that lack a track are left out."""
    for path in paths:
        parts = read(path).parts
        sources = {part.name: part.source for part in parts}
        if len(sources) == 3:
            kept = tuple(part for part in parts if part.name != without)
            yield kept, sources["MELODY"]


def songs() -> Iterator[Case]:
    """Songs with piano."""
    from music21 import corpus

    for path in map(Path, corpus.getPaths()):
        if path.name in SONGS:
            yield read(path).parts, 0


def folk_tunes(folder: Path, count: int, seed: int) -> list[Path]:
    """Tunes drawn by a seed, as MIDI files."""
    folder.mkdir(parents=True, exist_ok=True)
    every = [tune for tune in tunes.texts(tunes.ALL) if tune[1].count("|") >= 4]
    drawn = random.Random(seed).sample(every, count)
    return [folder / f"{t[0]}.mid" for t in drawn if tunes.write(folder, "midi", t)]


def row(kind: str, cases: Iterable[Case]) -> list[str]:
    """A line of the table; names of the files where the wrong part is taken are printed."""
    total, right = 0, {True: 0, False: 0}
    for parts, source in cases:
        total += 1
        for named in right:
            asked = parts if named else tuple(replace(part, name="") for part in parts)
            right[named] += choose_part(asked, None)[0].source == source
    return [kind, f"{total}", *(f"{count / max(total, 1):.1%}" for count in right.values())]


def main() -> int:
    """Print the table."""
    parser = harness.parser(__doc__)
    parser.add_argument("--tunes", type=Path, default=harness.ROOT / "build/tunes-drawn")
    parser.add_argument("--count", type=harness.positive, default=200, help="folk tunes")
    parser.add_argument("--seed", type=int, default=2)
    asked = parser.parse_args()
    rows = [row("songs with piano", songs())]
    reference = Path(os.environ.get("KANTOR_REFERENCE_DATA", ""), "styles")
    if reference.is_dir():
        files = sorted(reference.glob("pop/POP909/*/[0-9]*.mid"))[1::2]
        rows += [row("pop songs", pop(files)), row("pop, voice and piano", pop(files, "BRIDGE"))]
    sheets = sorted(reference.glob("jazz/dataset/**/*.mxl"))[1::2]
    folk = folk_tunes(asked.tunes, asked.count, asked.seed)
    for kind, paths in (("lead sheet", sheets), ("folk tune", folk)):
        rows += [
            row(f"{kind}, {name}", accompanied(paths, way)) for name, way in WAYS.items() if paths
        ]
    print(harness.table(["what", "files", "right by names", "right without"], rows))
    return 0


if __name__ == "__main__":
    harness.main(main, "choosing")
