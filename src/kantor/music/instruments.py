"""Instruments by name: which General MIDI program plays each line."""

from __future__ import annotations

from kantor.ensemble import Ensemble
from kantor.errors import InputError

PROGRAMS = {
    "choir": 52, "voice": 53, "piano": 0, "harpsichord": 6, "celesta": 8, "glockenspiel": 9,
    "vibraphone": 11, "marimba": 12, "xylophone": 13, "organ": 19, "harmonium": 20,
    "accordion": 21, "harmonica": 22, "guitar": 24, "bass": 32, "violin": 40, "viola": 41,
    "cello": 42, "contrabass": 43, "harp": 46, "strings": 48, "trumpet": 56, "trombone": 57,
    "tuba": 58, "horn": 60, "brass": 61, "sax": 65, "oboe": 68, "bassoon": 70, "clarinet": 71,
    "piccolo": 72, "flute": 73, "recorder": 74, "ocarina": 79, "whistle": 72,
}  # fmt: skip
"""The General MIDI program, counted from 0, of each name."""


def programs_of(text: str, ensemble: Ensemble) -> dict[int, int]:
    """The programs that ``"organ"`` or ``"soprano=flute,bass=cello"`` gives to lines.

    An instrument is one of `PROGRAMS`, a General MIDI name such as ``"Church Organ"``, or a
    General MIDI number from 1 to 128. Alone it holds for all pitched lines; one that is given to
    a line counts there.

    Returns
    -------
    dict of int to int
        Lines' places in the ensemble, and programs counted from 0.

    Raises
    ------
    InputError
        If an instrument or a line is not known, or a line is given two.
    """
    programs: dict[int, int] = {}
    of_lines: dict[int, int] = {}
    for entry in text.split(","):
        name, given, instrument = entry.rpartition("=")
        program = program_of(instrument)
        line = _pitched(name.strip().lower(), ensemble) if given else None
        if line in of_lines or (line is None and programs):
            what = "all voices" if line is None else ensemble.names[line]
            raise InputError(
                f"two instruments for {what}; one for each is named as in soprano=flute,bass=cello"
            )
        if line is None:
            programs = dict.fromkeys(range(ensemble.pitched), program)
        else:
            of_lines[line] = program
    return programs | of_lines


def program_of(instrument: str) -> int:
    """The General MIDI program, counted from 0, of a name or of a number from 1.

    Raises
    ------
    InputError
        If it is not known.
    """
    name = " ".join(instrument.lower().split())
    if name in PROGRAMS:
        return PROGRAMS[name]
    if name.isdecimal() and 1 <= int(name) <= 128:
        return int(name) - 1
    from pretty_midi.constants import INSTRUMENT_MAP

    of_midi = [known.lower() for known in INSTRUMENT_MAP]
    if name in of_midi:
        return of_midi.index(name)
    raise InputError(
        f"instrument {name!r}: expected a General MIDI number from 1 to 128, or one of "
        f"{', '.join(PROGRAMS)}"
    )


def _pitched(name: str, ensemble: Ensemble) -> int:
    index = ensemble.index(name)
    if index >= ensemble.pitched:
        raise InputError(f"line {name!r}: a drum has no other instrument")
    return index
