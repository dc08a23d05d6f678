"""Lead sheets of OpenEWLD: the lead is people's, the parts under it are made by rule.

`kantor.data.comping` has the rule. Only sheets are read whose works were first performed or
published in `LAST_YEAR` or before, by the collection's own database, in 1900 or later: what is
older are hymns and arias, whose chords have half as many sevenths. Repeats are written out. Cut
time (2/2) is read as 4/4 with the same note values, which is how these sheets use it; other meters
than these and 3/4 are refused, as is a piece whose meter changes. Where phrases end is found in the
lead, as it is in the melodies that are given to a model.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from kantor.data.chord_tones import Chord, chord_of
from kantor.data.comping import accompany
from kantor.data.grid import score_of
from kantor.ensemble import Ensemble
from kantor.errors import InputError, one_line
from kantor.formats import reading
from kantor.formats.parsed import ParsedFile
from kantor.music.notes import Note, arrays_of, notes_of
from kantor.music.phrases import infer_fermatas
from kantor.music.quantise import quantise
from kantor.music.score import STEPS_PER_QUARTER, Meter, Score

DATABASE = "OpenEWLD.db"
FIRST_YEAR, LAST_YEAR = 1900, 1930
TEMPO = 120.0
"""Quarters a minute of the pieces: hardly a sheet names a tempo."""
_READ_AS = {Meter(2, 2): Meter(4, 4), Meter(4, 4): Meter(4, 4), Meter(3, 4): Meter(3, 4)}
_MOST_OFF_GRID = 0.25  # share of the lead's notes that begin between sixteenths


def kept(folder: Path) -> list[Path]:
    """The lead sheets in `folder` that are old enough, ordered by name.

    Raises
    ------
    InputError
        If the collection's database is missing or not what it should be.
    """
    path = folder / DATABASE
    if not path.is_file():
        raise InputError(f"{path}: not found; it says which lead sheets may be used")
    query = (
        "SELECT path_leadsheet FROM works GROUP BY path_leadsheet HAVING"
        " min(substr(first_performance_date, 1, 4) BETWEEN ? AND ?) = 1"
        " AND count(*) = count(first_performance_date)"
    )
    try:
        database = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
        try:
            rows = database.execute(query, (str(FIRST_YEAR), str(LAST_YEAR))).fetchall()
        finally:
            database.close()
    except sqlite3.Error as error:
        raise InputError(f"{path}: not OpenEWLD's database ({one_line(str(error))})") from None
    return sorted(folder / row[0] for row in rows)


def id_of(path: Path) -> str:
    """Of a sheet: its authors and title, wherever the collection lies."""
    return "/".join(("openewld", *path.parts[-3:-1]))


def read(path: Path, ensemble: Ensemble) -> Score:
    """A lead sheet as a score of an ensemble: lead, two or three chord voices, bass.

    Raises
    ------
    InputError
        With the reason, if the file or the ensemble will not do.
    """
    if ensemble.leads or ensemble.pitched not in (4, 5) or len(ensemble) > ensemble.pitched:
        raise InputError("lead sheets need an ensemble of lead, two or three chord voices, bass")
    parsed = reading.read(path, expand_repeats=True)
    meters = [meter for _, meter in parsed.meters]
    if len(meters) > 1 or meters[0] not in _READ_AS:
        raise InputError(f"in {', '.join(map(str, meters))}; only 4/4, 2/2 and 3/4 are read")
    if len(parsed.parts) > 1:
        raise InputError(f"{len(parsed.parts)} parts or voices, not a lead alone")
    notes = parsed.parts[0].notes
    if np.mean([bool(note.start * STEPS_PER_QUARTER % 1) for note in notes]) > _MOST_OFF_GRID:
        raise InputError("more than a quarter of the notes begin between sixteenths")
    parsed = replace(parsed, meters=((Fraction(0), _READ_AS[meters[0]]),))
    lead = replace(score_of(parsed, path.stem, ensemble.only(0)), tempo=TEMPO)
    if np.any(np.diff(lead.bar_lines) != lead.meter.bar_steps):
        raise InputError("bars of several lengths")
    chords = _chords(parsed, lead)
    if not chords:
        raise InputError("no chord symbols")
    return _accompanied(lead, chords, ensemble, id_of(path))


def _chords(parsed: ParsedFile, lead: Score) -> list[tuple[int, Chord]]:
    """The chords and the steps of `lead` at which they begin, ascending; the same once in a row."""
    cut = quantise(parsed.parts[0].notes)[0][0].start - int(np.flatnonzero(lead.onsets[:, 0])[0])
    tonic = lead.key.major_tonic if lead.key else 0
    chords: list[tuple[int, Chord]] = []
    for symbol in parsed.notation.chords:
        chord = chord_of(symbol, tonic)
        step = round(symbol.start * STEPS_PER_QUARTER) - cut
        if chord and step < lead.steps and (not chords or chords[-1][1] != chord):
            chords.append((step, chord))
    return chords


def _accompanied(
    lead: Score, chords: Sequence[tuple[int, Chord]], ensemble: Ensemble, name: str
) -> Score:
    notes: list[Note] = notes_of(lead) + accompany(lead, chords, ensemble.lines, name)
    pitches, onsets = arrays_of(notes, lead.steps, len(ensemble))
    # As for a melody that is to be accompanied: a model must know phrases by the same signs.
    fermatas = infer_fermatas(lead)
    return replace(lead, pitches=pitches, onsets=onsets, fermatas=fermatas, ensemble=ensemble)
