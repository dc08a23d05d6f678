"""The tones of a lead sheet's chord symbols that a jazz player picks; see `kantor.data.comping`."""

from __future__ import annotations

from typing import NamedTuple

from kantor.music.notation import ChordSymbol

# Third, fifth and seventh of each kind of chord in MusicXML, in semitones above the root.
_TONES = {
    "major": (4, 7, 9),
    "major-sixth": (4, 7, 9),
    "major-seventh": (4, 7, 11),
    "major-ninth": (4, 7, 11),
    "minor": (3, 7, 10),
    "minor-sixth": (3, 7, 9),
    "minor-seventh": (3, 7, 10),
    "minor-ninth": (3, 7, 10),
    "minor-11th": (3, 7, 10),
    "minor-13th": (3, 7, 10),
    "major-minor": (3, 7, 11),
    "dominant": (4, 7, 10),
    "dominant-ninth": (4, 7, 10),
    "dominant-11th": (5, 7, 10),
    "dominant-13th": (4, 7, 10),
    "augmented": (4, 8, 10),
    "augmented-seventh": (4, 8, 10),
    "diminished": (3, 6, 9),
    "diminished-seventh": (3, 6, 9),
    "half-diminished": (3, 6, 10),
    "suspended-second": (2, 7, 10),
    "suspended-fourth": (5, 7, 10),
}
_BY_TEXT = {"mMaj7": "major-minor", "9+": "augmented-seventh", "69": "major-sixth"}
_TENSIONS = {"ninth": 2, "9th": 2, "13th": 9}
MAJOR = (0, 2, 4, 5, 7, 9, 11)
_DEGREES = {9: 2, 11: 5, 13: 9}


class Chord(NamedTuple):
    """A chord as the rule needs it, in pitch classes; the best tones come first."""

    root: int
    third: int
    fifth: int
    sevenths: tuple[int, ...]
    colours: tuple[tuple[int, float], ...]
    """Tones of a third voice, each with the semitones of movement that it must save."""


def chord_of(symbol: ChordSymbol, major_tonic: int) -> Chord | None:
    """What to play for a chord symbol in a key; None for one that names no chord we know."""
    kind = _BY_TEXT.get(symbol.text, symbol.kind)
    if symbol.root is None or kind not in _TONES:
        return None
    third, fifth, seventh = _TONES[kind]
    named = [tension for word, tension in _TENSIONS.items() if word in kind]
    for degree, alter, _ in symbol.degrees:
        fifth = 7 + alter if degree == 5 else fifth
        seventh = 10 + alter if degree == 7 else seventh
        named += [_DEGREES[degree] + alter] if degree in _DEGREES else []
    root = symbol.root * 7 % 12
    ninth = (root + 2 - major_tonic) % 12 in MAJOR and fifth == 7
    colours = [(tension, 0.0) for tension in named]
    colours += [(fifth, 2.0 if named else 0.0)] + [(2, 1.0)] * (ninth and not named) + [(0, 4.0)]
    return Chord(
        (root if symbol.bass is None else symbol.bass * 7) % 12,
        (root + third) % 12,
        (root + fifth) % 12,
        tuple((root + tone) % 12 for tone in ((11, 9) if seventh == 11 else (seventh,))),
        tuple(((root + tone) % 12, cost) for tone, cost in colours),
    )
